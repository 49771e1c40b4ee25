//! `controlPlane`, as far as it bears on the store.

use super::kubernetes::{ClaimSwitch, EnvVar, Image, Untyped, Volume, VolumeMount};
use super::{Database, Etcd};
use crate::reading::section;

section! {
    /// `controlPlane`.
    pub tolerant ControlPlane {
        /// `backingStore`: where the data is.
        "backingStore" backing_store: BackingStore,
        /// `distro`: the Kubernetes that runs.
        "distro" distro: Distro,
        /// `standalone`: a control plane without a host cluster.
        "standalone" standalone: Standalone,
        /// `statefulSet`: the control plane's own workload.
        "statefulSet" stateful_set: StatefulSet,
    }
}

section! {
    /// `controlPlane.backingStore`.
    pub strict BackingStore {
        /// `database`: a SQL database behind kine.
        "database" database: Database,
        /// `etcd`: an etcd.
        "etcd" etcd: Etcd,
    }
}

section! {
    /// `controlPlane.standalone`.
    pub tolerant Standalone {
        /// `enabled`: whether it runs as a service of a machine, not in a pod. Absent means false.
        "enabled" enabled: bool,
    }
}

section! {
    /// `controlPlane.distro`.
    pub tolerant Distro {
        /// `k8s`: the one distribution since 0.33.
        "k8s" k8s: K8s,
    }
}

section! {
    /// `controlPlane.distro.k8s`. Its image holds the kine that the control plane runs.
    pub tolerant K8s {
        /// `version`, in the place of the image's tag.
        "version" version: Option<String>,
        /// `image` of Kubernetes.
        "image" image: Image,
        /// `env` of the control plane's container, after that of `statefulSet`.
        "env" env: Vec<EnvVar>,
    }
}

section! {
    /// `controlPlane.statefulSet`.
    pub tolerant StatefulSet {
        /// `highAvailability`.
        "highAvailability" high_availability: HighAvailability,
        /// `env` of the control plane's container, which kine inherits.
        "env" env: Vec<EnvVar>,
        /// `persistence`: volumes and mounts.
        "persistence" persistence: Persistence,
    }
}

section! {
    /// `controlPlane.statefulSet.highAvailability`.
    pub tolerant HighAvailability {
        /// `replicas`: how many control planes run. The chart's default is 1; an embedded database allows no
        /// more.
        "replicas" replicas: Option<u32>,
        /// `leaseDuration`, in seconds. The default is 60.
        "leaseDuration" lease_duration: Option<u32>,
        /// `renewDeadline`, in seconds. The default is 40.
        "renewDeadline" renew_deadline: Option<u32>,
        /// `retryPeriod`, in seconds. The default is 15.
        "retryPeriod" retry_period: Option<u32>,
    }
}

section! {
    /// `controlPlane.statefulSet.persistence`.
    pub tolerant Persistence {
        /// `volumeClaim`: the claim for `/data`.
        "volumeClaim" volume_claim: VolumeClaim,
        /// `volumeClaimTemplates`, as Kubernetes has them, in the place of `volumeClaim`.
        "volumeClaimTemplates" volume_claim_templates: Vec<Untyped>,
        /// `dataVolume`: what `/data` is where there is no claim, as Kubernetes has volumes.
        "dataVolume" data_volume: Vec<Untyped>,
        /// `addVolumes`: further volumes.
        "addVolumes" add_volumes: Vec<Volume>,
        /// `addVolumeMounts`: where the container sees them.
        "addVolumeMounts" add_volume_mounts: Vec<VolumeMount>,
    }
}

section! {
    /// `controlPlane.statefulSet.persistence.volumeClaim`.
    pub tolerant VolumeClaim {
        /// `enabled`. The default is `auto`.
        "enabled" enabled: Option<ClaimSwitch>,
        /// `retentionPolicy` when the StatefulSet goes: `Retain` (the default) or `Delete`.
        "retentionPolicy" retention_policy: Option<String>,
        /// `size`, a quantity of Kubernetes. The default is `5Gi`.
        "size" size: Option<String>,
        /// `storageClass`. Absent means the cluster's default.
        "storageClass" storage_class: Option<String>,
        /// `accessModes`. The default is `ReadWriteOnce`.
        "accessModes" access_modes: Vec<String>,
    }
}
