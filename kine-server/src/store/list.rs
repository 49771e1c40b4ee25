//! Many keys at one revision: at once, or in parts.

use bytes::Bytes;

use super::index::Version;
use super::txn::Found;
use super::{Fault, Store};
use crate::key::{Key, KeyRange};
use crate::revision::Revision;

/// Index entries looked at under one lock: a long list lets the writer in between.
const STEPS: usize = 4096;

impl Store {
    /// Up to `limit` keys of a range as of `asked`, in order.
    pub(crate) async fn list(
        &self,
        range: &KeyRange,
        asked: i64,
        limit: usize,
        keys_only: bool,
    ) -> Result<Listing, Fault> {
        loop {
            let mut pages = self.pages(range.clone(), asked, limit, keys_only)?;
            let mut found = Vec::new();
            let complete = loop {
                match pages.next(usize::MAX).await {
                    Ok(Some(page)) if found.is_empty() => found = page,
                    Ok(Some(page)) => found.extend(page),
                    Ok(None) => break true,
                    // Compaction has passed the revision that was the newest when this began: begin again.
                    Err(Fault::Compacted(_)) if asked <= 0 => break false,
                    Err(fault) => return Err(fault),
                }
            };
            if complete {
                return Ok(Listing { revision: pages.now, more: pages.more(), count: pages.count, found });
            }
        }
    }

    /// The same in parts, all as of one revision.
    pub(crate) fn pages(
        &self,
        range: KeyRange,
        asked: i64,
        limit: usize,
        keys_only: bool,
    ) -> Result<Pages, Fault> {
        let index = self.inner.index.read();
        let revision = index.readable(asked)?;
        let count = index.count(&range, revision);
        Ok(Pages {
            store: self.clone(),
            now: index.revision(),
            revision,
            count,
            left: limit.min(count),
            limit,
            next: (count > 0).then_some(range),
            keys_only,
        })
    }
}

/// What a list found.
#[derive(Debug)]
pub(crate) struct Listing {
    /// The store's revision.
    pub(crate) revision: Revision,
    pub(crate) found: Vec<Found>,
    pub(crate) more: bool,
    /// Keys in the whole range.
    pub(crate) count: usize,
}

/// A list in parts.
pub(crate) struct Pages {
    store: Store,
    /// The store's revision when it began.
    pub(crate) now: Revision,
    /// What is read.
    revision: Revision,
    pub(crate) count: usize,
    left: usize,
    limit: usize,
    next: Option<KeyRange>,
    keys_only: bool,
}

impl Pages {
    /// Whether the limit leaves something out.
    pub(crate) fn more(&self) -> bool {
        self.count > self.limit
    }

    /// The next part, of at most `size` keys. None when all was said.
    pub(crate) async fn next(&mut self, size: usize) -> Result<Option<Vec<Found>>, Fault> {
        while let Some(range) = self.next.take().filter(|_| self.left > 0) {
            let listed = {
                let index = self.store.inner.index.read();
                if self.revision < index.compacted() {
                    return Err(Fault::Compacted(index.compacted()));
                }
                let (listed, stopped) = index.list(&range, self.revision, size.min(self.left), STEPS);
                // A page that is full goes on behind its last key, one that looked far enough where it stopped.
                let from = match stopped {
                    Some(key) => Some(key.as_bytes().to_vec()),
                    None if listed.len() == size => {
                        listed.last().map(|(key, _)| [key.as_bytes(), &[0]].concat())
                    }
                    None => None,
                };
                self.next = from.map(|start| KeyRange { start, end: range.end });
                listed
            };
            if listed.is_empty() {
                continue;
            }
            self.left -= listed.len();
            return self.with_values(listed).await.map(Some);
        }
        Ok(None)
    }

    async fn with_values(&self, listed: Vec<(Key, Version)>) -> Result<Vec<Found>, Fault> {
        let found = |((key, version), value)| Found { key, version, value };
        if self.keys_only {
            return Ok(listed.into_iter().zip(std::iter::repeat(Bytes::new())).map(found).collect());
        }
        let revisions: Vec<_> = listed.iter().map(|(_, version)| version.mod_revision).collect();
        let values: Option<Vec<_>> = self.store.values_of(&revisions).await?.into_iter().collect();
        let values = values.ok_or_else(|| self.store.compacted())?;
        Ok(listed.into_iter().zip(values).map(found).collect())
    }
}
