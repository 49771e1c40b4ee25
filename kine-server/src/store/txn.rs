//! Transactions as the store runs them: compares on single keys, reads of single keys, at most one written key.
//!
//! etcd puts all writes of a transaction at one revision. A row of kine's table is one key at one revision, so a
//! transaction that writes several keys cannot be kept and is refused before it gets here.

use std::collections::HashMap;

use bytes::Bytes;

use super::Fault;
use super::index::{Index, State, Version};
use crate::backend::NewRow;
use crate::key::Key;
use crate::revision::Revision;

/// If all compares hold, do `success`, else `failure`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Txn {
    pub(crate) compares: Vec<Compare>,
    pub(crate) success: Vec<Op>,
    pub(crate) failure: Vec<Op>,
}

/// One condition. A key that is not there has 0 for each number.
#[derive(Clone, Debug)]
pub(crate) struct Compare {
    pub(crate) key: Key,
    pub(crate) target: Target,
    pub(crate) relation: Relation,
    pub(crate) number: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    ModRevision,
    CreateRevision,
    Version,
    Lease,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    Equal,
    NotEqual,
    Greater,
    Less,
}

impl Relation {
    fn holds(self, left: i64, right: i64) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Greater => left > right,
            Self::Less => left < right,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Op {
    Get(Key),
    Put(Put),
    Delete(Delete),
}

#[derive(Clone, Debug)]
pub(crate) struct Put {
    pub(crate) key: Key,
    pub(crate) value: Bytes,
    /// Seconds to live, 0 for ever.
    pub(crate) lease: i64,
    /// Whether the answer shows what was there before.
    pub(crate) want_previous: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Delete {
    pub(crate) key: Key,
    pub(crate) want_previous: bool,
}

/// What came of a transaction.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The store's revision after it.
    pub(crate) revision: Revision,
    pub(crate) succeeded: bool,
    /// One for each operation of the branch that was taken.
    pub(crate) results: Vec<OpResult>,
}

#[derive(Debug)]
pub(crate) enum OpResult {
    Got(Option<Found>),
    Put { previous: Option<Found> },
    Deleted { deleted: bool, previous: Option<Found> },
}

impl OpResult {
    /// The key-value pair in it, whose value is still to be filled in.
    pub(crate) fn found_mut(&mut self) -> Option<&mut Found> {
        match self {
            Self::Got(found) => found.as_mut(),
            Self::Put { previous } | Self::Deleted { previous, .. } => previous.as_mut(),
        }
    }
}

/// A key with its version and, once loaded, its value.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) key: Key,
    pub(crate) version: Version,
    pub(crate) value: Bytes,
}

/// Transactions that are committed together, run one after the other on the index and on each other's effects.
pub(crate) struct Batch<'a> {
    index: &'a Index,
    /// Milliseconds since 1970.
    now: i64,
    rows: Vec<NewRow>,
    /// The newest version, if any, of each key that was looked at: a transaction mostly looks at one key twice.
    newest: HashMap<Key, Option<Version>>,
}

impl<'a> Batch<'a> {
    pub(crate) fn new(index: &'a Index, now: i64) -> Self {
        Self { index, now, rows: Vec::new(), newest: HashMap::new() }
    }

    /// The rows to append, in order.
    pub(crate) fn into_rows(self) -> Vec<NewRow> {
        self.rows
    }

    /// Decides a transaction. Nothing of it happens when this fails.
    pub(crate) fn run(&mut self, txn: &Txn) -> Result<Outcome, Fault> {
        let mut succeeded = true;
        for compare in &txn.compares {
            succeeded &= self.holds(compare)?;
        }
        let ops = if succeeded { &txn.success } else { &txn.failure };
        let results = ops.iter().map(|op| self.perform(op)).collect();
        Ok(Outcome { revision: self.revision(), succeeded, results })
    }

    fn revision(&self) -> Revision {
        Revision(self.index.revision().0 + self.rows.len() as i64)
    }

    fn holds(&mut self, compare: &Compare) -> Result<bool, Fault> {
        let live = self.live(&compare.key);
        let number = match (compare.target, &live) {
            (_, None) => 0,
            (Target::ModRevision, Some(version)) => version.mod_revision.0,
            (Target::CreateRevision, Some(version)) => version.create_revision.0,
            (Target::Lease, Some(version)) => version.lease,
            (Target::Version, Some(version)) => {
                let asks_for_absence = compare.relation == Relation::Equal && compare.number == 0;
                if !version.version_is_exact && !asks_for_absence {
                    return Err(Fault::InexactVersion(compare.key.as_str().to_owned()));
                }
                version.version
            }
        };
        Ok(compare.relation.holds(number, compare.number))
    }

    fn perform(&mut self, op: &Op) -> OpResult {
        match op {
            Op::Get(key) => OpResult::Got(self.found(key)),
            Op::Put(put) => {
                let previous = put.want_previous.then(|| self.found(&put.key)).flatten();
                self.put(put);
                OpResult::Put { previous }
            }
            Op::Delete(delete) => {
                let Some(live) = self.live(&delete.key) else {
                    return OpResult::Deleted { deleted: false, previous: None };
                };
                let previous = delete.want_previous.then(|| self.found(&delete.key)).flatten();
                self.delete(&delete.key, live);
                OpResult::Deleted { deleted: true, previous }
            }
        }
    }

    fn put(&mut self, put: &Put) {
        let newest = self.newest(&put.key);
        let live = newest.filter(Version::is_live);
        let count = live.map_or(1, |live| live.version + 1);
        let is_exact = live.is_none_or(|live| live.version_is_exact);
        self.append(
            count,
            NewRow {
                created: live.is_none(),
                deleted: false,
                create_revision: live.map_or(Revision::ZERO, |live| live.create_revision),
                prev_revision: newest.map_or(Revision::ZERO, |newest| newest.mod_revision),
                lease: put.lease,
                version: is_exact.then_some(count),
                value: Some(put.value.clone()),
                deadline: (put.lease > 0).then(|| self.now.saturating_add(put.lease.saturating_mul(1000))),
                key: put.key.clone(),
            },
        );
    }

    fn delete(&mut self, key: &Key, live: Version) {
        self.append(
            0,
            NewRow {
                key: key.clone(),
                created: false,
                deleted: true,
                create_revision: Revision::ZERO,
                prev_revision: live.mod_revision,
                lease: 0,
                version: None,
                value: None,
                deadline: None,
            },
        );
    }

    /// `count` is the key's writes since its create, as far as they are known.
    fn append(&mut self, count: i64, row: NewRow) {
        let revision = self.revision().next();
        let create_revision = if row.created { revision } else { row.create_revision };
        self.newest.insert(
            row.key.clone(),
            Some(Version {
                mod_revision: revision,
                create_revision,
                version: count,
                version_is_exact: row.version.is_some() || row.deleted,
                lease: row.lease,
                state: if row.deleted { State::Deleted } else { State::Live },
            }),
        );
        self.rows.push(row);
    }

    fn newest(&mut self, key: &Key) -> Option<Version> {
        if let Some(newest) = self.newest.get(key) {
            return *newest;
        }
        let newest = self.index.newest(key.as_bytes()).copied();
        self.newest.insert(key.clone(), newest);
        newest
    }

    fn live(&mut self, key: &Key) -> Option<Version> {
        self.newest(key).filter(Version::is_live)
    }

    fn found(&mut self, key: &Key) -> Option<Found> {
        let version = self.live(key)?;
        Some(Found { key: key.clone(), version, value: Bytes::new() })
    }
}

impl Op {
    pub(crate) fn as_put(&self) -> Option<&Put> {
        match self {
            Self::Put(put) => Some(put),
            _ => None,
        }
    }

    /// About how many bytes it takes in the queue.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Get(key) => key.as_bytes().len(),
            Self::Put(put) => put.key.as_bytes().len() + put.value.len(),
            Self::Delete(delete) => delete.key.as_bytes().len(),
        }
    }
}

#[cfg(test)]
mod tests;
