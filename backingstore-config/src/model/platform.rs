//! The platform's values, as far as they bear on its own store.

use std::collections::BTreeMap;

use secrecy::SecretString;

use super::DatabaseKine;
use super::kubernetes::{Volume, VolumeMount};
use crate::reading::section;

section! {
    /// The values of the platform's chart.
    pub tolerant PlatformValues {
        /// `replicaCount`: how many platforms run.
        "replicaCount" replica_count: Option<u32>,
        /// `config`: the platform's own config.
        "config" config: PlatformSettings,
        /// `env` of the platform's container: a mapping, unlike a control plane's.
        "env" env: BTreeMap<String, SecretString>,
        /// `volumes`: further volumes.
        "volumes" volumes: Vec<Volume>,
        /// `volumeMounts`: where the container sees them.
        "volumeMounts" volume_mounts: Vec<VolumeMount>,
        /// `multiRegion`: one platform in several regions, on one database.
        "multiRegion" multi_region: MultiRegion,
    }
}

section! {
    /// `config`.
    pub tolerant PlatformSettings {
        /// `database`: where the platform keeps its state. Not enabled means its own embedded one.
        "database" database: DatabaseKine,
        /// `costControl`.
        "costControl" cost_control: CostControl,
    }
}

section! {
    /// `config.costControl`.
    pub tolerant CostControl {
        /// `enabled`. Absent means the platform's default.
        "enabled" enabled: Option<bool>,
    }
}

section! {
    /// `multiRegion`.
    pub tolerant MultiRegion {
        /// `enabled`. Absent means false.
        "enabled" enabled: bool,
        /// `host`: the name under which this region is reached.
        "host" host: Option<String>,
        /// `region`: the name of this region.
        "region" region: Option<String>,
    }
}
