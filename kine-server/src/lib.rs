//! A kine-compatible etcd endpoint inside your process, on kine's own schema.
//!
//! ```
//! use backingstore_config::DataSource;
//! use kine_server::{ListenAddress, Server};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("state.db");
//! let source: DataSource = format!("sqlite://{}", path.display()).parse()?;
//! let server = Server::builder(source).open().await?;
//! let handle = server.serve(ListenAddress::loopback()).await?;
//! println!("etcd clients and the Kubernetes API server connect to {}", handle.endpoint());
//! handle.stop().await?;
//! # Ok(())
//! # }
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

mod backend;
mod builder;
mod error;
mod grpc;
mod listen;
mod server;
mod store;

pub use backingstore_config::Synchronous;

pub use crate::builder::{DangerousOptions, ServerBuilder};
pub use crate::error::{Error, ErrorKind};
pub use crate::listen::{ListenAddress, ServerTls};
pub use crate::server::{Server, ServerHandle};
