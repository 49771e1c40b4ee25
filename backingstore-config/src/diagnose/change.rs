//! What a change from the config before does to the data, as diagnostics.

use super::inspect::{Inspection, PlatformInspection};
use super::rules::Found;
use crate::data_source::DataSource;
use crate::error::ConfigError;
use crate::model::TlsFiles;
use crate::platform::{PLATFORM_DATABASE, PlatformConfig};
use crate::transition::{TransitionOutcome, transition};
use crate::values::VirtualClusterConfig;

const STORE: &str = "controlPlane.backingStore";

/// Whether a control plane may come up on a store without the data of the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EmptyStore {
    /// It may not: a change that discards the data is an error.
    #[default]
    Refused,
    /// It may: a change that discards the data is a warning. What vCluster refuses stays an error.
    Accepted,
}

impl Inspection {
    /// Adds what the change from the config before does to the data: `store-change-discards-state`,
    /// `store-change-accepted` or `store-change-refused`, or `store-change-unknown` where the store before cannot be told.
    /// [`transition`](Self::transition) has it too.
    ///
    /// Nothing is added where the store of this config cannot be told: what keeps it from that is there already.
    ///
    /// ```
    /// use backingstore_config::VirtualClusterConfig;
    /// use backingstore_config::diagnose::EmptyStore;
    ///
    /// let before = VirtualClusterConfig::from_yaml("")?;
    /// let text = "controlPlane: {backingStore: {etcd: {embedded: {enabled: true}}}}";
    /// let inspection = VirtualClusterConfig::inspect(text).after(&before, EmptyStore::Refused);
    /// assert_eq!(inspection.diagnostics()[0].code(), "store-change-discards-state");
    /// # Ok::<(), backingstore_config::ConfigError>(())
    /// ```
    #[must_use]
    pub fn after(mut self, before: &VirtualClusterConfig, empty: EmptyStore) -> Self {
        let Some(config) = self.config().filter(|_| self.store().is_some()) else { return self };
        let change = match transition(before, config) {
            Ok(change) => change,
            Err(fault) => {
                self.add(unknown(&fault, STORE));
                return self;
            }
        };
        let (code, help) = match (change.outcome(), empty) {
            (TransitionOutcome::DiscardsState, EmptyStore::Refused) => (
                "store-change-discards-state",
                "keep the store of before, or say that an empty one is accepted (`--accept-empty-store`)",
            ),
            (TransitionOutcome::DiscardsState, EmptyStore::Accepted) => {
                ("store-change-accepted", "make a snapshot first if anything of it is needed later")
            }
            (TransitionOutcome::Refused, _) => (
                "store-change-refused",
                "keep the store of before, and make a new virtual cluster for the other one",
            ),
            _ => ("", ""),
        };
        if !code.is_empty() {
            let mut found = Found::default();
            let message = format!("from {} to {}: {}", change.from(), change.to(), change.reason());
            found.add(code, STORE, message, help.to_owned());
            self.add(found);
        }
        self.set_transition(change);
        self
    }
}

impl PlatformInspection {
    /// Adds `platform-conversion` where an existing installation would get another database than it has: the platform
    /// takes an external one at its first installation alone, and copies nothing.
    #[must_use]
    pub fn after(mut self, before: &PlatformConfig) -> Self {
        let Some(Ok(new)) = self.config().map(PlatformConfig::data_source) else { return self };
        let old = match before.data_source() {
            Ok(old) => old,
            Err(fault) => {
                self.add(unknown(&fault, PLATFORM_DATABASE));
                return self;
            }
        };
        let message = match (&old, &new) {
            (None, Some(_)) => {
                "an existing installation would get an external database, and start empty on it"
            }
            (Some(_), None) => "an existing installation would lose its external database, and start empty",
            (Some(old), Some(new)) if !is_same(old, new) => {
                "an existing installation would get another database, and start on what is in that"
            }
            _ => return self,
        };
        let mut found = Found::default();
        let help = format!("leave `{PLATFORM_DATABASE}` as it was, or install the platform anew");
        found.add("platform-conversion", PLATFORM_DATABASE, message.to_owned(), help);
        self.add(found);
        self
    }
}

/// A store before that cannot be told. The fault is in the other file, so its place is not of this one.
fn unknown(fault: &ConfigError, path: &str) -> Found {
    let mut found = Found::default();
    let message = format!("the store before cannot be told: {}: {}", fault.subject(), fault.problem());
    let help = "mend the config before, so that it says what is in use now";
    found.add("store-change-unknown", path, message, help.to_owned());
    found
}

fn is_same(old: &DataSource, new: &DataSource) -> bool {
    let view = |source: &DataSource| source.as_kine_reads(&TlsFiles::default());
    view(old).is_same_place(&view(new))
}
