//! Says which backing store a Kubernetes control plane's config means, whether it can work, and what goes with it:
//! data-source strings, the kine command line, and the pieces of Kubernetes, SQL and Kerberos around a store.
//!
//! ```
//! use backingstore_config::{KineCommand, VirtualClusterConfig};
//!
//! let inspection = VirtualClusterConfig::inspect(
//!     "
//! controlPlane:
//!   backingStore:
//!     database:
//!       external:
//!         enabled: true
//!         dataSource: postgres://kine:s3cret@db.example.com:5432/Tenant1?sslmode=disable
//! ",
//! );
//! for diagnostic in inspection.diagnostics() {
//!     println!("{}", diagnostic.in_file("vcluster.yaml")); // reads as the Rust compiler's do
//! }
//! assert!(!inspection.has_errors(), "these three are warnings");
//! let codes: Vec<_> = inspection.diagnostics().iter().map(|diagnostic| diagnostic.code()).collect();
//! assert_eq!(codes, ["data-source-in-values", "database-in-clear-text", "database-name-lowered"]);
//!
//! let store = inspection.store().expect("there is no error");
//! assert_eq!(store.kind().as_str(), "external-database");
//! let source = store.data_source().expect("it is a database, and no connector is used");
//! assert_eq!(source.to_string(), "postgres://kine:***@db.example.com:5432/Tenant1?sslmode=disable");
//! let kine = KineCommand::for_store(store)?.listen_address("unix:///run/tenant1/kine.sock");
//! assert!(kine.arguments().iter().all(|argument| !argument.contains("s3cret")));
//! # Ok::<(), backingstore_config::ConfigError>(())
//! ```
//!
//! # What is where
//!
//! - [`VirtualClusterConfig`] reads a vcluster.yaml, [`PlatformConfig`] the platform's values; [`model`] holds what was
//!   written, key by key.
//! - [`Store`] is the one store that it means; [`VirtualClusterConfig::store`] finds it.
//! - [`diagnose`] says everything that is wrong, at once: [`VirtualClusterConfig::inspect`] and [`DataSource::inspect`].
//! - [`DataSource`] is the string that names a database: SQLite, PostgreSQL, MySQL or etcd endpoints. It is read from
//!   text, from [a Secret's keys](DataSource::from_secret_keys), or from where a program is told to find it
//!   ([`DataSourceInput`]). [`KineView`] is what kine makes of it.
//! - [`KineCommand`] is the arguments and the environment that start kine on a data source.
//! - [`transition()`] says what becomes of the data when a config changes.
//! - [`surroundings`] is what a store needs around it: network policies, Secrets, SQL, Kerberos, IAM.
//! - [`ConfigError`] says what is wrong, where, and what to write instead.
//!
//! # The model
//!
//! A control plane has one of five stores, each with its own section below `controlPlane.backingStore` and its own
//! `enabled`. Where none is enabled it is the embedded database.
//!
//! | section | store | where the data is | replicas |
//! |---|---|---|---|
//! | `database.embedded` | `embedded-database` | SQLite on the control plane's volume, behind kine | 1 |
//! | `database.external` | `external-database` | a PostgreSQL or MySQL server, behind kine; named by `dataSource`, or made by a `connector` | any |
//! | `etcd.embedded` | `embedded-etcd` | an etcd member in each control plane | an odd number |
//! | `etcd.deploy` | `deployed-etcd` | an etcd that the chart deploys beside it | any |
//! | `etcd.external` | `external-etcd` | an etcd that is there already, over TLS with a client certificate | any |
//!
//! What the user wrote and what it becomes are two things here. [`VirtualClusterConfig::from_yaml`] gives the first: what is
//! absent in the file is absent in the model. [`with_defaults`](VirtualClusterConfig::with_defaults) gives the second, with
//! the defaults of the chart's release laid under it as Helm does.
//!
//! Below `controlPlane.backingStore` and `policies.networkPolicy` every key must be known, as the chart's own schema demands;
//! elsewhere what is not modelled passes through, and
//! [`to_yaml_exposing_secrets`](VirtualClusterConfig::to_yaml_exposing_secrets) writes it again.
//!
//! # Diagnostics
//!
//! An error is what cannot start or silently loses data; the rest is a warning, and so is all that the products' own
//! documentation shows as a working config. A code does not change once it is released.
//!
#![doc = include_str!("../docs/diagnostics.md")]
//!
//! # What it refuses
//!
//! - **To connect, to read files, to look at the environment.** It does no I/O and has no async runtime: the
//!   same text gives the same answer everywhere.
//! - **To guess between stores.** Two enabled ones are an error, and so is an external one that is described
//!   but not enabled. vCluster takes one silently, and a cluster that starts on an empty SQLite file looks as
//!   if its data were gone.
//! - **To skip a key that it does not know** in the strict sections: most are misspelt.
//! - **To show a secret.** Passwords, and parameters that it does not know, are `***` in `Display` and
//!   `Debug`; errors hold no text of a value, and the line of a file that a diagnostic shows is made of what is known to be
//!   harmless. What gives a secret out has `expose` in its name, and nothing that can hold one implements `Serialize`.

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
