//! Where the endpoint is: [`address`] says it, [`tls`] secures it, [`accept`] takes connections from it.

pub(crate) mod accept;
mod address;
mod tls;

pub use address::ListenAddress;
pub use tls::ServerTls;
