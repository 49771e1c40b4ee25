//! The values of recent and often read rows, in memory up to a bound.

use std::collections::VecDeque;

use bytes::Bytes;
use parking_lot::Mutex;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::revision::Revision;

/// Values by the revision that wrote them. A row never changes its value, so nothing here is ever stale.
#[derive(Debug)]
pub(crate) struct Values {
    cache: Cache<Revision, Bytes, Weight>,
    /// Rows that were overwritten lately. Watchers that show what was before read them now, and hardly anybody later.
    superseded: Mutex<VecDeque<Revision>>,
}

/// How many overwritten rows keep their values for those watchers.
const SUPERSEDED: usize = 4096;

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
        let cache = Cache::with_weighter((bytes / TYPICAL) as usize, bytes, Weight);
        Self { cache, superseded: Mutex::default() }
    }

    pub(crate) fn get(&self, revision: Revision) -> Option<Bytes> {
        self.cache.get(&revision)
    }

    /// Keeps a copy: a value that came in a request is a slice of the request's buffer, which would stay as long.
    pub(crate) fn insert(&self, revision: Revision, value: &Bytes) -> Bytes {
        let value = Bytes::copy_from_slice(value);
        self.cache.insert(revision, value.clone());
        value
    }

    /// Makes room for current values: another row stands in the place of this one.
    pub(crate) fn supersede(&self, revisions: impl Iterator<Item = Revision>) {
        let mut superseded = self.superseded.lock();
        superseded.extend(revisions);
        let over = superseded.len().saturating_sub(SUPERSEDED);
        superseded.drain(..over).for_each(|revision| self.forget(revision));
    }

    pub(crate) fn forget(&self, revision: Revision) {
        self.cache.remove(&revision);
    }
}
