//! The one store that a config means.

mod resolve;

use std::fmt;

use secrecy::SecretString;

use crate::data_source::{DataSource, EtcdEndpoints};
use crate::model::{EtcdDeploy, TlsFiles};

pub(crate) use resolve::{
    DEPLOYED_ETCD, EMBEDDED_DATABASE, EMBEDDED_ETCD, EXTERNAL_DATABASE, EXTERNAL_ETCD, Resolution,
    embedded_database, resolve,
};

/// The data source of an embedded database that names none: what vCluster has started kine with since 0.25.
pub const DEFAULT_EMBEDDED_DATA_SOURCE: &str =
    "sqlite:///data/state.db?_journal=WAL&cache=shared&_busy_timeout=30000&_txlock=immediate";

/// Where a control plane keeps its data.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Store {
    /// SQLite, or what the embedded database's data source names.
    EmbeddedDatabase(EmbeddedDatabase),
    /// A database server.
    ExternalDatabase(ExternalDatabase),
    /// An etcd member in each control plane.
    EmbeddedEtcd(EmbeddedEtcd),
    /// An etcd that the chart deploys.
    DeployedEtcd(DeployedEtcd),
    /// An etcd that is there already.
    ExternalEtcd(ExternalEtcd),
}

/// Which of the five stores it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreKind {
    /// [`Store::EmbeddedDatabase`].
    EmbeddedDatabase,
    /// [`Store::ExternalDatabase`].
    ExternalDatabase,
    /// [`Store::EmbeddedEtcd`].
    EmbeddedEtcd,
    /// [`Store::DeployedEtcd`].
    DeployedEtcd,
    /// [`Store::ExternalEtcd`].
    ExternalEtcd,
}

/// The embedded database.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct EmbeddedDatabase {
    /// SQLite by default. vCluster hands a data source of another engine to kine just so, and it is kept
    /// here.
    pub data_source: DataSource,
    /// The files of the connection to the database.
    pub tls: TlsFiles,
    /// Further flags for kine.
    pub extra_args: Vec<SecretString>,
}

/// An external database. At least one of `data_source` and `connector` is there.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ExternalDatabase {
    /// Where the database is. None until the platform has resolved the connector.
    pub data_source: Option<DataSource>,
    /// The name of the platform's Secret that a database is made with.
    pub connector: Option<String>,
    /// Who gives temporary passwords, such as `aws`.
    pub identity_provider: Option<String>,
    /// The files of the connection to the database.
    pub tls: TlsFiles,
    /// Further flags for kine.
    pub extra_args: Vec<SecretString>,
}

/// An etcd member in each control plane.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct EmbeddedEtcd {
    /// Whether a deployed etcd's data is copied at the first start.
    pub migrate_from_deployed_etcd: bool,
    /// etcd's `--snapshot-count`, if it is set.
    pub snapshot_count: Option<u32>,
    /// Further flags for etcd.
    pub extra_args: Vec<SecretString>,
}

/// An etcd that the chart deploys.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DeployedEtcd {
    /// How it does, as it was written.
    pub deploy: Box<EtcdDeploy>,
}

/// An etcd that is there already.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ExternalEtcd {
    /// The endpoint, with the `https://` that vCluster adds.
    pub endpoints: EtcdEndpoints,
    /// The files of the connection to it. vCluster needs all three.
    pub tls: TlsFiles,
}

impl Store {
    /// Which store it is.
    pub fn kind(&self) -> StoreKind {
        match self {
            Self::EmbeddedDatabase(_) => StoreKind::EmbeddedDatabase,
            Self::ExternalDatabase(_) => StoreKind::ExternalDatabase,
            Self::EmbeddedEtcd(_) => StoreKind::EmbeddedEtcd,
            Self::DeployedEtcd(_) => StoreKind::DeployedEtcd,
            Self::ExternalEtcd(_) => StoreKind::ExternalEtcd,
        }
    }

    /// The database's data source. None for every etcd, and for a connector that is not resolved.
    pub fn data_source(&self) -> Option<&DataSource> {
        match self {
            Self::EmbeddedDatabase(database) => Some(&database.data_source),
            Self::ExternalDatabase(database) => database.data_source.as_ref(),
            _ => None,
        }
    }
}

impl StoreKind {
    /// vCluster's word for it, such as `embedded-database`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EmbeddedDatabase => "embedded-database",
            Self::ExternalDatabase => "external-database",
            Self::EmbeddedEtcd => "embedded-etcd",
            Self::DeployedEtcd => "deployed-etcd",
            Self::ExternalEtcd => "external-etcd",
        }
    }
}

impl fmt::Display for StoreKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
