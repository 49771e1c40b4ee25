//! Every key with its revisions since the last compaction, in memory: the one read path for lists, counts, compares and
//! watch backlogs. Values are elsewhere, found by revision.
//!
//! Read [`history`] (one key), then [`sorted`] (all keys in order, counted), then this file: the index proper, which adds
//! the log of changes and the two revisions that bound what can be read.
//!
//! The index is built by [`Index::apply`] from the rows of the table in the order of their ids, at start, after every
//! commit, and when somebody else has written: one way in, whoever wrote the row.

mod history;
mod sorted;

use std::collections::VecDeque;

pub(crate) use history::{History, State, Version};
use sorted::SortedHistories;

use super::Fault;
use crate::backend::{COMPACT_KEY, Row};
use crate::key::{Key, KeyRange};
use crate::revision::Revision;

/// The key that kine writes for itself when it starts.
const HEALTH_KEY: &str = "/registry/health";

#[derive(Debug, Default)]
pub(crate) struct Index {
    keys: SortedHistories,
    /// Rows after the last compaction, in order.
    changes: VecDeque<Change>,
    revision: Revision,
    compacted: Revision,
}

/// What one row did to its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Applied {
    pub(crate) key: Key,
    pub(crate) version: Version,
    /// The live version that it replaced or deleted.
    pub(crate) before: Option<Version>,
}

#[derive(Debug)]
struct Change {
    revision: Revision,
    /// None for a row that fills a gap in the ids.
    key: Option<Key>,
    /// What it did to the number of live keys: 1, 0 or -1.
    live: i8,
}

impl Index {
    /// Revision of the newest row applied.
    pub(crate) fn revision(&self) -> Revision {
        self.revision
    }

    /// Reads below this revision are refused.
    pub(crate) fn compacted(&self) -> Revision {
        self.compacted
    }

    /// Keys held, deleted ones that are not compacted yet among them.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Takes in the next row of the table. Rows come in the order of their ids, each once. Tells what a client may see
    /// of it; rows that kine keeps for itself are not for clients.
    pub(crate) fn apply(&mut self, row: &Row) -> Option<Applied> {
        debug_assert!(row.revision > self.revision, "row {} after {}", row.revision, self.revision);
        self.revision = row.revision;
        if row.name == COMPACT_KEY {
            return None;
        }
        if is_gap(row) {
            self.changes.push_back(Change { revision: row.revision, key: None, live: 0 });
            return None;
        }
        let (key, version, previous) = self.keys.push(&row.name, |previous| version_of(row, previous));
        let before = previous.filter(Version::is_live);
        let live = i8::from(version.is_live()) - i8::from(before.is_some());
        self.changes.push_back(Change { revision: row.revision, key: Some(key.clone()), live });
        (version.state != State::Internal).then_some(Applied { key, version, before })
    }

    /// There is no row after the newest one applied up to `revision`.
    pub(crate) fn advance(&mut self, revision: Revision) {
        self.revision = self.revision.max(revision);
    }

    /// The revision a read at `asked` (0 or less for the newest) happens at.
    pub(crate) fn readable(&self, asked: i64) -> Result<Revision, Fault> {
        match Revision(asked) {
            revision if !revision.is_some() => Ok(self.revision),
            revision if revision > self.revision => Err(Fault::FutureRevision),
            revision if revision < self.compacted => Err(Fault::Compacted(self.compacted)),
            revision => Ok(revision),
        }
    }

    /// The newest row of a key, deleted or not.
    pub(crate) fn newest(&self, key: &[u8]) -> Option<&Version> {
        self.keys.get(key).map(History::newest)
    }

    /// The key with its version as of `revision`, unless it was not there.
    pub(crate) fn get(&self, key: &[u8], revision: Revision) -> Option<(Key, Version)> {
        let history = self.keys.get(key)?;
        let version = history.at(revision).filter(|version| version.is_live())?;
        Some((history.key.clone(), *version))
    }

    /// What the row at `revision` did to its key. None once it is compacted, and for kine's own rows.
    pub(crate) fn change(&self, key: &Key, revision: Revision) -> Option<Applied> {
        let history = self.keys.get(key.as_bytes())?;
        let version = history.at(revision).filter(|version| version.mod_revision == revision)?;
        if version.state == State::Internal {
            return None;
        }
        let before = history.before(revision).filter(|before| before.is_live());
        Some(Applied { key: history.key.clone(), version: *version, before: before.copied() })
    }

    /// Up to `limit` keys of the range as of `revision`, in order; the second part tells where to go on when `steps`
    /// entries were looked at before the limit or the end was reached.
    pub(crate) fn list(
        &self,
        range: &KeyRange,
        revision: Revision,
        limit: usize,
        steps: usize,
    ) -> (Vec<(Key, Version)>, Option<Key>) {
        let mut found = Vec::new();
        if limit == 0 {
            return (found, None);
        }
        for (step, history) in self.keys.range(range).enumerate() {
            if step == steps {
                return (found, Some(history.key.clone()));
            }
            if let Some(version) = history.at(revision).filter(|version| version.is_live()) {
                found.push((history.key.clone(), *version));
                if found.len() == limit {
                    break;
                }
            }
        }
        (found, None)
    }

    /// Live keys of the range as of `revision`: those of now, less what came since, plus what went.
    pub(crate) fn count(&self, range: &KeyRange, revision: Revision) -> usize {
        let now = self.keys.count(range) as i64;
        let since: i64 = self
            .changes_after(revision)
            .filter(|change| change.live != 0)
            .filter(|change| change.key.as_ref().is_some_and(|key| range.contains(key.as_bytes())))
            .map(|change| i64::from(change.live))
            .sum();
        (now - since).max(0) as usize
    }

    /// Up to `limit` rows of the range in `(after, through]`, in order, and the revision up to which this has looked:
    /// short of `through` when the limit or `steps` rows were reached.
    pub(crate) fn changes(
        &self,
        range: &KeyRange,
        after: Revision,
        through: Revision,
        limit: usize,
        steps: usize,
    ) -> (Vec<(Revision, Key)>, Revision) {
        let mut found = Vec::new();
        let mut looked = after;
        for change in self.changes_after(after).take(steps) {
            if change.revision > through {
                return (found, through);
            }
            looked = change.revision;
            if let Some(key) = change.key.as_ref().filter(|key| range.contains(key.as_bytes())) {
                found.push((change.revision, key.clone()));
                if found.len() == limit {
                    return (found, looked);
                }
            }
        }
        let exhausted = self.changes.back().is_none_or(|last| last.revision <= looked);
        (found, if exhausted { through } else { looked })
    }

    /// Refuses reads below `revision` from now on. What they would have seen is still to be [pruned](Self::prune).
    pub(crate) fn compact(&mut self, revision: Revision) {
        self.compacted = self.compacted.max(revision);
    }

    /// Forgets what no read can see any more, of up to `steps` rows, and tells the ids of the rows that hold it, oldest
    /// first for each key. None when nothing was left to forget.
    pub(crate) fn prune(&mut self, steps: usize) -> Option<Vec<Revision>> {
        let target = self.compacted;
        let due = self.changes.partition_point(|change| change.revision <= target).min(steps);
        if due == 0 {
            return None;
        }
        let mut forgotten = Vec::new();
        for change in self.changes.drain(..due) {
            match change.key {
                None => forgotten.push(change.revision),
                Some(key) => {
                    self.keys
                        .retain_unless(key.as_bytes(), |history| history.compact(target, &mut forgotten));
                }
            }
        }
        Some(forgotten)
    }

    /// Live keys with a lease, for the timers.
    pub(crate) fn leased(&self) -> Vec<(Key, Version)> {
        let everything = KeyRange::everything();
        let leased = self.keys.range(&everything).filter(|history| {
            let newest = history.newest();
            newest.is_live() && newest.lease > 0
        });
        leased.map(|history| (history.key.clone(), *history.newest())).collect()
    }

    fn changes_after(&self, revision: Revision) -> impl Iterator<Item = &Change> {
        let first = self.changes.partition_point(|change| change.revision <= revision);
        self.changes.range(first..)
    }
}

/// Whether kine wrote the row to fill a hole in the ids: a tombstone of nothing, named after its id.
fn is_gap(row: &Row) -> bool {
    row.deleted
        && !row.created
        && !row.prev_revision.is_some()
        && row.name.strip_prefix("gap-").is_some_and(|id| id.parse() == Ok(row.revision.0))
}

/// Whether kine wrote the row for itself when it started: its health key, created over nothing, without a version of
/// ours. A client of kine can only update that key, because kine creates it before it listens.
fn is_kine_health(row: &Row) -> bool {
    row.name == HEALTH_KEY && row.created && !row.prev_revision.is_some() && row.version.is_none()
}

fn version_of(row: &Row, previous: Option<&Version>) -> Version {
    let previous = previous.filter(|previous| previous.mod_revision == row.prev_revision);
    let (version, version_is_exact) = match (row.version, previous) {
        (Some(version), _) => (version, true),
        (None, _) if row.created => (1, true),
        (None, Some(previous)) if previous.is_live() => (previous.version + 1, previous.version_is_exact),
        (None, _) => (1, false),
    };
    let state = match row {
        row if row.deleted => State::Deleted,
        row if is_kine_health(row) => State::Internal,
        _ => State::Live,
    };
    Version {
        mod_revision: row.revision,
        create_revision: if row.created { row.revision } else { row.create_revision },
        version: if row.deleted { 0 } else { version },
        version_is_exact: version_is_exact || row.deleted,
        lease: row.lease,
        state,
    }
}

#[cfg(test)]
mod tests;
