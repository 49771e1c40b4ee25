//! `controlPlane.backingStore.database`: a SQL database behind kine.

use secrecy::SecretString;

use super::TlsFiles;
use crate::reading::section;

section! {
    /// `controlPlane.backingStore.database`.
    pub strict Database {
        /// `embedded`: SQLite, unless its data source says otherwise.
        "embedded" embedded: DatabaseKine,
        /// `external`: a database that is there already, or that the platform makes.
        "external" external: ExternalDatabaseKine,
    }
}

section! {
    /// What kine is started with.
    pub strict DatabaseKine {
        [/// `caFile`, `certFile` and `keyFile`: paths inside the control plane's container.
        tls: TlsFiles],
        /// `enabled`. Absent means false.
        "enabled" enabled: bool,
        /// `dataSource`, as written: a data source as kine reads it.
        "dataSource" data_source: Option<SecretString>,
        /// `identityProvider`: who gives kine its temporary passwords; vCluster knows `aws`, since 0.30.
        "identityProvider" identity_provider: Option<String>,
        /// `extraArgs`: flags for kine, in the place of built-in ones of the same name. One can hold a data
        /// source.
        "extraArgs" extra_args: Vec<SecretString>,
    }
}

section! {
    /// `controlPlane.backingStore.database.external`.
    pub strict ExternalDatabaseKine {
        [/// What the embedded database has too.
        kine: DatabaseKine],
        /// `connector`: the name of a Secret beside the platform, which makes a database and a user with it.
        "connector" connector: Option<String>,
    }
}
