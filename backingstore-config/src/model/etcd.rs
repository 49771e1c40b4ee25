//! `controlPlane.backingStore.etcd`: an etcd inside the control plane, beside it, or elsewhere.

use secrecy::SecretString;

use super::{EtcdDeploy, TlsFiles};
use crate::reading::section;

section! {
    /// `controlPlane.backingStore.etcd`.
    pub strict Etcd {
        /// `embedded`: an etcd member in each control plane.
        "embedded" embedded: EtcdEmbedded,
        /// `deploy`: an etcd that the chart deploys beside the control plane.
        "deploy" deploy: EtcdDeploy,
        /// `external`: an etcd that is there already.
        "external" external: EtcdExternal,
    }
}

section! {
    /// `controlPlane.backingStore.etcd.embedded`.
    pub strict EtcdEmbedded {
        /// `enabled`. Absent means false.
        "enabled" enabled: bool,
        /// `migrateFromDeployedEtcd`: copy a deployed etcd's data at the first start.
        "migrateFromDeployedEtcd" migrate_from_deployed_etcd: bool,
        /// `snapshotCount`: etcd's `--snapshot-count`, in committed transactions. vCluster takes 10000 where it
        /// is absent or 0.
        "snapshotCount" snapshot_count: Option<u32>,
        /// `extraArgs`: flags for etcd.
        "extraArgs" extra_args: Vec<SecretString>,
    }
}

section! {
    /// `controlPlane.backingStore.etcd.external`.
    pub strict EtcdExternal {
        /// `enabled`. Absent means false.
        "enabled" enabled: bool,
        /// `endpoint`: `HOST:PORT`. vCluster puts `https://` before it. It may not hold a user and a password, but what a
        /// user wrote can.
        "endpoint" endpoint: Option<SecretString>,
        /// `tls`: paths inside the control plane's container.
        "tls" tls: TlsFiles,
    }
}
