//! `controlPlane.backingStore.etcd`: an etcd inside the control plane, beside it, or elsewhere.

use secrecy::SecretString;

use super::TlsFiles;
use crate::section::{Findings, Section};

/// `controlPlane.backingStore.etcd`.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Etcd {
    /// `embedded`: an etcd member in each control plane.
    pub embedded: EtcdEmbedded,
    /// `deploy`: an etcd that the chart deploys beside the control plane.
    pub deploy: EtcdDeploy,
    /// `external`: an etcd that is there already.
    pub external: EtcdExternal,
}

/// `controlPlane.backingStore.etcd.embedded`.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct EtcdEmbedded {
    /// `enabled`. Absent means false.
    pub enabled: bool,
    /// `migrateFromDeployedEtcd`: copy a deployed etcd's data at the first start.
    pub migrate_from_deployed_etcd: bool,
    /// `snapshotCount`: etcd's `--snapshot-count`, in committed transactions. vCluster takes 10000 where it
    /// is absent or 0.
    pub snapshot_count: Option<u32>,
    /// `extraArgs`: flags for etcd.
    pub extra_args: Vec<SecretString>,
}

/// `controlPlane.backingStore.etcd.deploy`. How it is deployed is not modelled yet.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct EtcdDeploy {
    /// `enabled`. Absent means false.
    pub enabled: bool,
}

/// `controlPlane.backingStore.etcd.external`.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct EtcdExternal {
    /// `enabled`. Absent means false.
    pub enabled: bool,
    /// `endpoint`: `HOST:PORT`. vCluster puts `https://` before it.
    pub endpoint: Option<String>,
    /// `tls`: paths inside the control plane's container.
    pub tls: TlsFiles,
}

impl Etcd {
    pub(super) fn read(section: &Section<'_>, findings: &mut Findings) -> Self {
        section.allow_only(&["embedded", "deploy", "external"], findings);
        Self {
            embedded: EtcdEmbedded::read(&section.section("embedded", findings), findings),
            deploy: EtcdDeploy::read(&section.section("deploy", findings), findings),
            external: EtcdExternal::read(&section.section("external", findings), findings),
        }
    }
}

impl EtcdEmbedded {
    fn read(section: &Section<'_>, findings: &mut Findings) -> Self {
        section.allow_only(&["enabled", "migrateFromDeployedEtcd", "snapshotCount", "extraArgs"], findings);
        Self {
            enabled: section.flag("enabled", findings),
            migrate_from_deployed_etcd: section.flag("migrateFromDeployedEtcd", findings),
            snapshot_count: section.count("snapshotCount", findings),
            extra_args: section.secrets("extraArgs", findings),
        }
    }
}

impl EtcdDeploy {
    fn read(section: &Section<'_>, findings: &mut Findings) -> Self {
        section.allow_only(&["enabled", "statefulSet", "service", "headlessService"], findings);
        Self { enabled: section.flag("enabled", findings) }
    }
}

impl EtcdExternal {
    fn read(section: &Section<'_>, findings: &mut Findings) -> Self {
        section.allow_only(&["enabled", "endpoint", "tls"], findings);
        let tls = section.section("tls", findings);
        tls.allow_only(&["caFile", "certFile", "keyFile"], findings);
        Self {
            enabled: section.flag("enabled", findings),
            endpoint: section.text("endpoint", findings),
            tls: TlsFiles::read(&tls, findings),
        }
    }
}
