//! A kine-compatible etcd endpoint inside your process, on kine's own schema.
//!
//! ```
//! use kine_server::{ListenAddress, Server};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("state.db");
//! let source = format!("sqlite://{}", path.display()).parse()?;
//! let server = Server::builder(source).open().await?;
//! let handle = server.serve(ListenAddress::loopback()).await?;
//! println!("etcd clients and the Kubernetes API server connect to {}", handle.endpoint());
//! tokio::select! {
//!     error = handle.failed() => return Err(error.into()),
//!     _ = until_told_to_stop() => handle.stop().await?,
//! }
//! # Ok(())
//! # }
//! # async fn until_told_to_stop() {}
//! ```
//!
//! # What is where
//!
//! - [`Server::builder`] and [`Server::in_memory`] begin a server; [`ServerBuilder`] holds the options.
//! - [`Server::serve`] and [`Server::serve_tls`] put it on a [`ListenAddress`]: TCP, or a Unix socket of mode 0600.
//! - [`ServerHandle`] is a server that serves: its endpoint, the error if it dies, the stop.
//! - [`Error`] says what could not be opened or listened on, and what to do next.
#![doc = include_str!("../docs/contract.md")]
#![doc = include_str!("../docs/differences.md")]
//!
//! # What it refuses to do
//!
//! - **To listen where other hosts can reach it** without asking them for certificates. Whoever connects can read every
//!   Secret of the cluster. A [dangerous](ServerBuilder::dangerous) option says otherwise.
//! - **To share a SQLite file with another of its kind.** A lock beside the file (`state.db.lock`) keeps a second server
//!   out. kine takes no such lock: what it writes to a file that is being served is noticed and taken in, but kine itself
//!   is not made for company on SQLite.
//! - **To write several keys at one revision.** A row of kine's table is one key at one revision, so such a transaction is
//!   refused rather than torn apart.
//! - **To blur a failure.** A write that may have happened is `Unavailable`, one that certainly did not is
//!   `ResourceExhausted`, and a lost race is `succeeded: false` and nothing else.
//!
//! # Features
//!
//! `sqlite` (on by default): the table in a SQLite file; SQLite is compiled in. Without it there is the server in memory.
//!
//! # Seeing inside
//!
//! Logs go through `tracing`, counters through `metrics`, under kine's names: `kine_sql_total` and `kine_sql_time_seconds`
//! (labels `name`, `error_code`), `kine_compact_total` (label `result`); `kine_compact_rows_total` is ours.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod backend;
mod builder;
mod error;
mod grpc;
mod key;
mod listen;
mod revision;
mod server;
mod store;

pub use backingstore_config::Synchronous;

pub use crate::builder::{DangerousOptions, ServerBuilder};
pub use crate::error::{Error, ErrorKind};
pub use crate::listen::{ListenAddress, ServerTls};
pub use crate::server::{Server, ServerHandle};
