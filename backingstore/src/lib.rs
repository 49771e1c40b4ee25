//! The backing store of a Kubernetes control plane: from a config to a running etcd endpoint and a client in one call.
//!
//! ```
//! use backingstore::OpenOptions;
//! use backingstore::config::VirtualClusterConfig;
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! let config = VirtualClusterConfig::from_yaml(
//!     "controlPlane: {backingStore: {database: {embedded: {enabled: true}}}}",
//! )?;
//! let store = OpenOptions::new().data_dir(directory.path()).open(&config.store()?).await?;
//! let revision = store.client().create("/registry/pods/a", "a pod").await?.committed()?;
//! println!("a pod at revision {revision} of {}", store.endpoint());
//! store.stop().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What is where
//!
//! - [`open`] and [`OpenOptions`] take the [`Store`](config::Store) that a config means and bring it up.
//! - [`BackingStore`] is the store that is up: its endpoint, a client, its end.
//! - [`Error`] says what could not be brought up, and what to do next.
//! - [`config`], [`client`] and [`server`] are the crates below, to be used by themselves too.
//!
//! # Which store becomes what
//!
//! | the config means | what runs |
//! |---|---|
//! | an embedded database on SQLite (also when nothing is configured) | [`kine_server`] in this process, on a Unix socket of its own |
//! | a database on PostgreSQL or MySQL | the user's own `kine`, as a child process that is started again when it ends |
//! | a connector alone | an error: somebody has to make the database first |
//! | any etcd | an error: connect a [`client`] to it |
//!
//! # What it refuses to do
//!
//! - **To put a password on a command line.** kine is given its data source in the environment, which other users of
//!   the machine cannot read.
//! - **To listen where other hosts can connect**, since nobody would be asked for a certificate there. A
//!   [dangerous](OpenOptions::dangerous) option says otherwise.
//! - **To fetch a program.** Without a `kine` the error says how to get one.
//!
//! # Features
//!
//! `sqlite` (on by default): the embedded database.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod error;
mod in_process;
mod kine_process;
mod masking;
mod open;
mod running;
mod socket_folder;

pub use backingstore_config as config;
pub use kine_client as client;
pub use kine_server as server;

pub use crate::error::{Error, ErrorKind};
pub use crate::open::{DangerousOptions, OpenOptions, open};
pub use crate::running::BackingStore;
