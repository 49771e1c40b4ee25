//! `controlPlane`, as far as it bears on the store.

use super::{Database, Etcd};
use crate::section::{Findings, Section};

/// `controlPlane`.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ControlPlane {
    /// `backingStore`: where the data is.
    pub backing_store: BackingStore,
    /// `statefulSet`: the control plane's own workload.
    pub stateful_set: StatefulSet,
}

/// `controlPlane.backingStore`.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct BackingStore {
    /// `database`: a SQL database behind kine.
    pub database: Database,
    /// `etcd`: an etcd.
    pub etcd: Etcd,
}

/// `controlPlane.statefulSet`.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct StatefulSet {
    /// `highAvailability`.
    pub high_availability: HighAvailability,
}

/// `controlPlane.statefulSet.highAvailability`.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct HighAvailability {
    /// `replicas`: how many control planes run. The chart's default is 1; an embedded database allows no
    /// more.
    pub replicas: Option<u32>,
}

impl ControlPlane {
    pub(super) fn read(section: &Section<'_>, findings: &mut Findings) -> Self {
        let backing_store = section.section("backingStore", findings);
        backing_store.allow_only(&["database", "etcd"], findings);
        let high_availability =
            section.section("statefulSet", findings).section("highAvailability", findings);
        Self {
            backing_store: BackingStore {
                database: Database::read(&backing_store.section("database", findings), findings),
                etcd: Etcd::read(&backing_store.section("etcd", findings), findings),
            },
            stateful_set: StatefulSet {
                high_availability: HighAvailability {
                    replicas: high_availability.count("replicas", findings),
                },
            },
        }
    }
}
