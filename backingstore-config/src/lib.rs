//! Says which backing store a Kubernetes control plane's config means, and reads and writes the data-source
//! strings and the kine command line that go with it.
//!
//! ```
//! use backingstore_config::{KineCommand, Store, VirtualClusterConfig};
//!
//! let config = VirtualClusterConfig::from_yaml(
//!     "
//! controlPlane:
//!   backingStore:
//!     database:
//!       external:
//!         enabled: true
//!         dataSource: postgres://kine:s3cret@db.example.com:5432/tenant1
//! ",
//! )?;
//! let store = config.store()?;
//! assert_eq!(store.kind().as_str(), "external-database");
//! if let Store::ExternalDatabase(database) = &store {
//!     let source = database.data_source.as_ref().expect("no connector is used here");
//!     assert_eq!(source.to_string(), "postgres://kine:***@db.example.com:5432/tenant1");
//! }
//! let kine = KineCommand::for_store(&store)?.listen_address("unix:///run/tenant1/kine.sock");
//! assert!(kine.arguments().iter().all(|argument| !argument.contains("s3cret")));
//! # Ok::<(), backingstore_config::ConfigError>(())
//! ```
//!
//! # What is where
//!
//! - [`VirtualClusterConfig`] reads a vcluster.yaml; [`model`] holds what was written, key by key.
//! - [`Store`] is the one store that it means; [`VirtualClusterConfig::store`] finds it.
//! - [`DataSource`] is the string that names a database: SQLite, PostgreSQL, MySQL or etcd endpoints.
//! - [`KineCommand`] is the arguments and the environment that start kine on a data source.
//! - [`transition()`] says what becomes of the data when a config changes.
//! - [`surroundings`] is what a store needs around it: network policies, Secrets, SQL, Kerberos, IAM.
//! - [`ConfigError`] says what is wrong, where, and what to write instead.
//!
//! # What it refuses
//!
//! - **To connect, to read files, to look at the environment.** It does no I/O and has no async runtime: the
//!   same text gives the same answer everywhere.
//! - **To guess between stores.** Two enabled ones are an error, and so is an external one that is described
//!   but not enabled. vCluster takes one silently, and a cluster that starts on an empty SQLite file looks as
//!   if its data were gone.
//! - **To skip a key that it does not know** below `backingStore`: most are misspelt. Elsewhere it looks at
//!   nothing that it does not model.
//! - **To show a secret.** Passwords, and parameters that it does not know, are `***` in `Display` and
//!   `Debug`; errors hold no text of a value. What gives a secret out has `expose` in its name, and nothing
//!   here implements `Serialize`.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod data_source;
pub mod diagnose;
mod error;
mod kine_command;
mod kine_flags;
pub mod model;
mod platform;
mod reading;
mod redaction;
mod store;
pub mod surroundings;
mod transition;
mod values;
mod yaml;

pub use data_source::{
    DataSource, DataSourceInput, Engine, EtcdEndpoint, EtcdEndpoints, EtcdScheme, JournalMode,
    KerberosCredentials, KerberosLogin, KineAddress, KineTls, KineView, MysqlAddress, MysqlSettings,
    MysqlSource, MysqlTlsMode, Param, Params, PostgresHost, PostgresSource, SqliteSource, SslMode,
    Synchronous, TransactionLock,
};
pub use diagnose::{Diagnostic, Inspection, PlatformInspection, Severity, SourceInspection};
pub use error::{ConfigError, ConfigErrorKind, Place};
pub use kine_command::KineCommand;
pub use model::ChartRelease;
pub use platform::PlatformConfig;
pub use store::{
    DEFAULT_EMBEDDED_DATA_SOURCE, DeployedEtcd, EmbeddedDatabase, EmbeddedEtcd, ExternalDatabase,
    ExternalEtcd, Store, StoreKind,
};
pub use transition::{CopiedBy, Transition, TransitionOutcome, transition};
pub use values::VirtualClusterConfig;
