//! Where the endpoint is: [`address`] says it, [`tls`] secures it, [`accept`] takes [`connection`]s from
//! it.

pub(crate) mod accept;
mod address;
pub(crate) mod connection;
mod tls;

pub use address::ListenAddress;
pub use tls::ServerTls;
