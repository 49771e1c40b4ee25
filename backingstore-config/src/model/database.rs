//! `controlPlane.backingStore.database`: a SQL database behind kine.

use secrecy::SecretString;

use super::TlsFiles;
use crate::section::{Findings, Section};

/// `controlPlane.backingStore.database`.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Database {
    /// `embedded`: SQLite, unless its data source says otherwise.
    pub embedded: DatabaseKine,
    /// `external`: a database that is there already, or that the platform makes.
    pub external: ExternalDatabaseKine,
}

/// What kine is started with.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct DatabaseKine {
    /// `enabled`. Absent means false.
    pub enabled: bool,
    /// `dataSource`, as written; [`DataSource::parse`](crate::DataSource::parse) reads it.
    pub data_source: Option<SecretString>,
    /// `identityProvider`: who gives kine its temporary passwords; vCluster knows `aws`.
    pub identity_provider: Option<String>,
    /// `caFile`, `certFile` and `keyFile`: paths inside the control plane's container.
    pub tls: TlsFiles,
    /// `extraArgs`: flags for kine, in the place of built-in ones of the same name. One can hold a data
    /// source.
    pub extra_args: Vec<SecretString>,
}

/// `controlPlane.backingStore.database.external`.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ExternalDatabaseKine {
    /// What the embedded database has too.
    pub kine: DatabaseKine,
    /// `connector`: the name of a Secret beside the platform, which makes a database and a user with it.
    pub connector: Option<String>,
}

const KINE_KEYS: [&str; 7] =
    ["enabled", "dataSource", "identityProvider", "keyFile", "certFile", "caFile", "extraArgs"];

impl Database {
    pub(super) fn read(section: &Section<'_>, findings: &mut Findings) -> Self {
        section.allow_only(&["embedded", "external"], findings);
        let embedded = section.section("embedded", findings);
        embedded.allow_only(&KINE_KEYS, findings);
        let external = section.section("external", findings);
        let external_keys: Vec<_> = KINE_KEYS.into_iter().chain(["connector"]).collect();
        external.allow_only(&external_keys, findings);
        Self {
            embedded: DatabaseKine::read(&embedded, findings),
            external: ExternalDatabaseKine {
                kine: DatabaseKine::read(&external, findings),
                connector: external.text("connector", findings),
            },
        }
    }
}

impl DatabaseKine {
    fn read(section: &Section<'_>, findings: &mut Findings) -> Self {
        Self {
            enabled: section.flag("enabled", findings),
            data_source: section.secret("dataSource", findings),
            identity_provider: section.text("identityProvider", findings),
            tls: TlsFiles::read(section, findings),
            extra_args: section.secrets("extraArgs", findings),
        }
    }
}
