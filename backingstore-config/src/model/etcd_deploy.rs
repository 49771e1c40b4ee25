//! `controlPlane.backingStore.etcd.deploy`: an etcd that the chart deploys.
//!
//! Defaults named here are the chart's; [`with_defaults`](crate::VirtualClusterConfig::with_defaults) fills them
//! in.

use std::collections::BTreeMap;

use secrecy::SecretString;

use super::kubernetes::{EnvVar, Image, Untyped, Volume, VolumeMount};
use crate::reading::section;

section! {
    /// `controlPlane.backingStore.etcd.deploy`.
    pub strict EtcdDeploy {
        /// `enabled`. Absent means false.
        "enabled" enabled: bool,
        /// `statefulSet`: the etcd's own workload.
        "statefulSet" stateful_set: EtcdStatefulSet,
        /// `service`: the Service in front of it.
        "service" service: EtcdService,
        /// `headlessService`: the Service through which its members find each other.
        "headlessService" headless_service: EtcdHeadlessService,
    }
}

section! {
    /// `etcd.deploy.service`.
    pub strict EtcdService {
        /// `enabled`. The default is true; without it clients use the headless Service.
        "enabled" enabled: Option<bool>,
        /// `annotations` of the Service.
        "annotations" annotations: BTreeMap<String, String>,
    }
}

section! {
    /// `etcd.deploy.headlessService`.
    pub strict EtcdHeadlessService {
        /// `annotations` of the Service.
        "annotations" annotations: BTreeMap<String, String>,
    }
}

section! {
    /// `etcd.deploy.statefulSet`.
    pub strict EtcdStatefulSet {
        /// `enabled`. The default is true.
        "enabled" enabled: Option<bool>,
        /// `enableServiceLinks` of the pods. The default is true.
        "enableServiceLinks" enable_service_links: Option<bool>,
        /// `annotations` of the StatefulSet.
        "annotations" annotations: BTreeMap<String, String>,
        /// `labels` of the StatefulSet.
        "labels" labels: BTreeMap<String, String>,
        /// `image` of etcd.
        "image" image: Image,
        /// `imagePullPolicy` of the pods.
        "imagePullPolicy" image_pull_policy: Option<String>,
        /// `env` of the container.
        "env" env: Vec<EnvVar>,
        /// `extraArgs`: flags for etcd.
        "extraArgs" extra_args: Vec<SecretString>,
        /// `resources` of the container.
        "resources" resources: Resources,
        /// `pods`: what the pods alone have.
        "pods" pods: PodMetadata,
        /// `highAvailability`.
        "highAvailability" high_availability: EtcdHighAvailability,
        /// `scheduling` of the pods.
        "scheduling" scheduling: Scheduling,
        /// `security`: the contexts of pod and container.
        "security" security: Security,
        /// `persistence`: where etcd keeps its data.
        "persistence" persistence: EtcdPersistence,
    }
}

section! {
    /// `resources` of a container.
    pub strict Resources {
        /// `limits`, as quantities of Kubernetes.
        "limits" limits: BTreeMap<String, Untyped>,
        /// `requests`, as quantities of Kubernetes.
        "requests" requests: BTreeMap<String, Untyped>,
    }
}

section! {
    /// `pods`: what the pods alone have.
    pub strict PodMetadata {
        /// `annotations` of the pods.
        "annotations" annotations: BTreeMap<String, String>,
        /// `labels` of the pods.
        "labels" labels: BTreeMap<String, String>,
    }
}

section! {
    /// `etcd.deploy.statefulSet.highAvailability`.
    pub strict EtcdHighAvailability {
        /// `replicas`: how many members. The default is 1; an odd number is right.
        "replicas" replicas: Option<u32>,
    }
}

section! {
    /// `scheduling` of the etcd's pods.
    pub strict Scheduling {
        /// `podManagementPolicy`. The default is `Parallel`.
        "podManagementPolicy" pod_management_policy: Option<String>,
        /// `nodeSelector`.
        "nodeSelector" node_selector: BTreeMap<String, String>,
        /// `affinity`, as Kubernetes has it. Empty means the chart's own soft anti-affinity.
        "affinity" affinity: Untyped,
        /// `tolerations`, as Kubernetes has them.
        "tolerations" tolerations: Vec<Untyped>,
        /// `topologySpreadConstraints`, as Kubernetes has them.
        "topologySpreadConstraints" topology_spread_constraints: Vec<Untyped>,
        /// `priorityClassName`.
        "priorityClassName" priority_class_name: Option<String>,
    }
}

section! {
    /// `security`: the contexts of pod and container.
    pub strict Security {
        /// `podSecurityContext`, as Kubernetes has it.
        "podSecurityContext" pod_security_context: Untyped,
        /// `containerSecurityContext`, as Kubernetes has it.
        "containerSecurityContext" container_security_context: Untyped,
    }
}

section! {
    /// `etcd.deploy.statefulSet.persistence`.
    pub strict EtcdPersistence {
        /// `volumeClaim`: the claim of each member.
        "volumeClaim" volume_claim: EtcdVolumeClaim,
        /// `volumeClaimTemplates`, as Kubernetes has them, in the place of `volumeClaim`.
        "volumeClaimTemplates" volume_claim_templates: Vec<Untyped>,
        /// `addVolumes`: further volumes.
        "addVolumes" add_volumes: Vec<Volume>,
        /// `addVolumeMounts`: where the container sees them.
        "addVolumeMounts" add_volume_mounts: Vec<VolumeMount>,
    }
}

section! {
    /// `etcd.deploy.statefulSet.persistence.volumeClaim`.
    pub strict EtcdVolumeClaim {
        /// `enabled`. The default is true.
        "enabled" enabled: Option<bool>,
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
