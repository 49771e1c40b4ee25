//! An etcd client that is right on kine: typed revisions, honest write outcomes, watches that resume.
//!
//! ```no_run
//! use kine_client::{Client, Error};
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), Error> {
//!     let client = Client::connect(["http://127.0.0.1:2379"]).await?;
//!     let mut watch = client.watch("/pets/").await?;
//!
//!     let created = client.create("/pets/rex", "dog").await?.committed()?;
//!     let updated = client.update("/pets/rex", "old dog", created).await?.committed()?;
//!     println!("created at {created}, updated at {updated}");
//!
//!     for _ in 0..2 {
//!         let Some(event) = watch.next().await else { break };
//!         println!("saw {:?}", event?);
//!     }
//!     Ok(())
//! }
//! ```
//!
//! # Map
//!
//! | to | see |
//! |---|---|
//! | connect, with several endpoints, TLS or a Unix socket | [`Client::connect`], [`ConnectOptions`], [`TlsOptions`] |
//! | read a key, many keys, a count | [`Client::get`], [`Client::list`], [`KeyRange`], [`KeyValue`] |
//! | write against what you expect to be there | [`Client::create`], [`Client::update`], [`Client::put`], [`Client::delete`], [`Outcome`] |
//! | follow changes | [`Client::watch`], [`Watch`], [`WatchEvent`] |
//! | drop history, ask a server how it is | [`Client::compact`], [`Client::status`] |
//! | know what went wrong | [`Error`], [`ErrorKind`] |
//! | check a server against what all this relies on | the module `conformance`, behind the feature of that name |
//!
//! # What it is right on
//!
//! etcd, kine v0.16 and v0.17, and `kine-server`. It is written for the worst of them: each call is made of the few
//! requests that all of them answer rightly, and what an answer leaves open is looked into or said. The findings behind
//! that are in [`kine`].
//!
//! # What it refuses to do
//!
//! - **Report a lost answer as a failure.** A write whose answer got lost may be in the store. It ends as
//!   [`Outcome::Unknown`], never as an error that invites to repeat it, and is never sent twice.
//! - **Send etcd's Put, or a transaction over several keys.** kine loses the first and mixes up the second. `put` here is
//!   made of a read and a guarded write.
//! - **Pass over a gap in a watch.** A watch resumes by itself or ends with
//!   [`Compacted`](ErrorKind::Compacted); it never goes on past events that it did not see.
//! - **Put a type of its transport into its API.** Nothing of tonic, prost or HTTP shows, so their releases are not
//!   yours.
//!
//! # Features
//!
//! `conformance` (off by default): the suite of behaviours as public functions, to run against any server.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

mod client;
#[cfg(feature = "conformance")]
#[cfg_attr(docsrs, doc(cfg(feature = "conformance")))]
pub mod conformance;
mod error;
pub mod kine;
mod kv;
mod maintenance;
mod read;
mod revision;
mod transport;
mod watch;
mod write;

pub use client::Client;
pub use error::{Error, ErrorKind};
pub use kv::KeyValue;
pub use maintenance::ServerStatus;
pub use read::{KeyRange, List, ListItems, ListPages, Listing, Page};
pub use revision::Revision;
pub use transport::{ConnectOptions, TlsOptions};
pub use watch::{Watch, WatchEvent, WatchRequest};
pub use write::{Outcome, Write};
