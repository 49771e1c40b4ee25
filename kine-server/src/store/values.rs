//! The values of recent and often read rows, in memory up to a bound.

use bytes::Bytes;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::revision::Revision;

/// Values by the revision that wrote them. A row never changes its value, so nothing here is ever stale.
#[derive(Debug)]
pub(crate) struct Values(Cache<Revision, Bytes, Weight>);

#[derive(Clone, Copy, Debug)]
struct Weight;

impl Weighter<Revision, Bytes> for Weight {
    fn weight(&self, _: &Revision, value: &Bytes) -> u64 {
        /// What an entry costs beside its bytes, about.
        const ENTRY: u64 = 96;
        value.len() as u64 + ENTRY
    }
}

impl Values {
    pub(crate) fn new(bytes: u64) -> Self {
        /// Kubernetes' objects are mostly of one to four KiB.
        const TYPICAL: u64 = 1024;
        Self(Cache::with_weighter((bytes / TYPICAL) as usize, bytes, Weight))
    }

    pub(crate) fn get(&self, revision: Revision) -> Option<Bytes> {
        self.0.get(&revision)
    }

    /// Keeps a copy: a value that came in a request is a slice of the request's buffer, which would stay as long.
    pub(crate) fn insert(&self, revision: Revision, value: &Bytes) -> Bytes {
        let value = Bytes::copy_from_slice(value);
        self.0.insert(revision, value.clone());
        value
    }

    pub(crate) fn forget(&self, revision: Revision) {
        self.0.remove(&revision);
    }
}
