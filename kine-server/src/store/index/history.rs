//! The life of one key since the last compaction.

use crate::key::Key;
use crate::revision::Revision;

/// What a row of the table says of its key, without the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    /// The row's id.
    pub(crate) mod_revision: Revision,
    pub(crate) create_revision: Revision,
    /// Writes since the create.
    pub(crate) version: i64,
    /// Whether `version` is that number, or only counts from the oldest row that compaction left.
    pub(crate) version_is_exact: bool,
    /// kine's meaning: seconds to live, 0 for ever.
    pub(crate) lease: i64,
    pub(crate) state: State,
}

/// Whether a row leaves its key there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Live,
    Deleted,
    /// A row that kine wrote for itself: no client sees it, but it stands in the chain of its key's rows.
    Internal,
}

impl Version {
    pub(crate) fn is_live(&self) -> bool {
        self.state == State::Live
    }
}

/// A key and its versions, oldest first; never empty.
#[derive(Debug)]
pub(crate) struct History {
    pub(crate) key: Key,
    /// Apart from the newest, which nearly every key has alone.
    older: Vec<Version>,
    newest: Version,
}

impl History {
    pub(crate) fn new(key: Key, first: Version) -> Self {
        Self { key, older: Vec::new(), newest: first }
    }

    pub(crate) fn newest(&self) -> &Version {
        &self.newest
    }

    /// Appends a version. Its revision is above all others.
    pub(crate) fn push(&mut self, version: Version) {
        debug_assert!(version.mod_revision > self.newest.mod_revision);
        self.older.push(std::mem::replace(&mut self.newest, version));
    }

    /// The version that was newest at `revision`, deleted or not.
    pub(crate) fn at(&self, revision: Revision) -> Option<&Version> {
        if self.newest.mod_revision <= revision {
            return Some(&self.newest);
        }
        let later = self.older.partition_point(|version| version.mod_revision <= revision);
        later.checked_sub(1).map(|index| &self.older[index])
    }

    /// The version written just before the one at `revision`.
    pub(crate) fn before(&self, revision: Revision) -> Option<&Version> {
        self.at(revision.previous())
    }

    /// Forgets what no read at or after `revision` can see, and tells the forgotten rows' ids. Returns whether the
    /// whole key can go: it is deleted, and its tombstone is forgotten too.
    pub(crate) fn compact(&mut self, revision: Revision, forgotten: &mut Vec<Revision>) -> bool {
        let newest_is_old = self.newest.mod_revision <= revision;
        let visible = if newest_is_old {
            self.older.len()
        } else {
            let later = self.older.partition_point(|version| version.mod_revision <= revision);
            // A tombstone tells a reader nothing that its absence does not.
            match later.checked_sub(1) {
                Some(last) if self.older[last].state == State::Deleted => later,
                Some(last) => last,
                None => 0,
            }
        };
        forgotten.extend(self.older.drain(..visible).map(|version| version.mod_revision));
        self.older.shrink_to_fit();
        let gone = newest_is_old && self.newest.state == State::Deleted;
        if gone {
            forgotten.push(self.newest.mod_revision);
        }
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(revision: i64, state: State) -> Version {
        Version {
            mod_revision: Revision(revision),
            create_revision: Revision(1),
            version: 1,
            version_is_exact: true,
            lease: 0,
            state,
        }
    }

    fn history(rows: &[(i64, State)]) -> History {
        let mut rows = rows.iter().map(|(revision, state)| version(*revision, *state));
        let mut history = History::new(Key::stored("k"), rows.next().unwrap());
        rows.for_each(|version| history.push(version));
        history
    }

    #[test]
    fn a_past_revision_sees_the_version_of_its_time() {
        let history = history(&[(3, State::Live), (5, State::Deleted), (9, State::Live)]);
        let at = |revision| history.at(Revision(revision)).map(|version| version.mod_revision.0);
        assert_eq!(
            [at(2), at(3), at(4), at(5), at(8), at(9), at(99)],
            [None, Some(3), Some(3), Some(5), Some(5), Some(9), Some(9)]
        );
        assert_eq!(history.before(Revision(9)).unwrap().mod_revision.0, 5);
        assert!(history.before(Revision(3)).is_none());
    }

    #[test]
    fn compaction_keeps_what_a_read_at_its_revision_sees() {
        let rows = [(3, State::Live), (5, State::Live), (7, State::Deleted), (9, State::Live)];
        for (target, expected, left) in [
            (2, vec![], Some(3)),
            (4, vec![], Some(3)),
            (5, vec![3], Some(5)),
            (6, vec![3], Some(5)),
            (7, vec![3, 5, 7], None),
            (9, vec![3, 5, 7], Some(9)),
        ] {
            let mut history = history(&rows);
            let mut forgotten = Vec::new();
            assert!(!history.compact(Revision(target), &mut forgotten));
            assert_eq!(forgotten, expected.into_iter().map(Revision).collect::<Vec<_>>(), "to {target}");
            if target >= 3 {
                assert_eq!(
                    history.at(Revision(target)).map(|version| version.mod_revision.0),
                    left,
                    "to {target}"
                );
            }
            assert_eq!(history.newest().mod_revision.0, 9);
        }
    }

    #[test]
    fn a_deleted_key_goes_with_its_tombstone() {
        let mut history = history(&[(3, State::Live), (5, State::Deleted)]);
        let mut forgotten = Vec::new();
        assert!(!history.compact(Revision(4), &mut forgotten));
        assert!(forgotten.is_empty());
        assert!(history.compact(Revision(5), &mut forgotten));
        assert_eq!(forgotten, [Revision(3), Revision(5)]);
    }
}
