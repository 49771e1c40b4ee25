//! An ordered map of histories that counts.
//!
//! A list of sorted chunks: finding a key is two binary searches, inserting moves at most one chunk's entries, and
//! counting a range adds up one number for each chunk between its ends. With chunks of at most 256 entries a million
//! keys make some six thousand numbers, which is a few microseconds; a list walks memory in order.

use super::history::{History, Version};
use crate::key::{Key, KeyRange};

const CHUNK: usize = 256;

#[derive(Debug, Default)]
pub(crate) struct SortedHistories {
    /// Never empty ones.
    chunks: Vec<Chunk>,
    keys: usize,
}

#[derive(Debug)]
struct Chunk {
    entries: Vec<History>,
    /// How many of the entries are live now.
    live: usize,
}

impl Chunk {
    fn first(&self) -> &[u8] {
        self.entries[0].key.as_bytes()
    }
}

/// A place in the order: the first entry that is not below some key.
#[derive(Clone, Copy)]
struct Place {
    chunk: usize,
    entry: usize,
}

impl SortedHistories {
    /// Keys held, deleted ones among them.
    pub(crate) fn len(&self) -> usize {
        self.keys
    }

    pub(crate) fn get(&self, key: &[u8]) -> Option<&History> {
        let place = self.place(key);
        let history = self.chunks.get(place.chunk)?.entries.get(place.entry)?;
        (history.key.as_bytes() == key).then_some(history)
    }

    /// Appends the version that `next` makes of the newest one to a key's history, which begins with it where there is
    /// none. Returns the key, the version, and the one before it.
    pub(crate) fn push(
        &mut self,
        name: &str,
        next: impl FnOnce(Option<&Version>) -> Version,
    ) -> (Key, Version, Option<Version>) {
        let Place { chunk, entry } = self.place(name.as_bytes());
        if let Some(found) = self.chunks.get_mut(chunk)
            && let Some(history) = found.entries.get_mut(entry)
            && history.key.as_str() == name
        {
            let previous = *history.newest();
            let version = next(Some(&previous));
            found.live -= usize::from(previous.is_live());
            found.live += usize::from(version.is_live());
            history.push(version);
            return (history.key.clone(), version, Some(previous));
        }
        let (key, version) = (Key::stored(name), next(None));
        self.insert(Place { chunk, entry }, History::new(key.clone(), version));
        (key, version, None)
    }

    /// Lets `change` work on a key's history; the key goes when it answers true.
    pub(crate) fn retain_unless(&mut self, key: &[u8], change: impl FnOnce(&mut History) -> bool) {
        let Place { chunk, entry } = self.place(key);
        let Some(found) = self.chunks.get_mut(chunk) else { return };
        let Some(history) = found.entries.get_mut(entry) else { return };
        if history.key.as_bytes() == key && change(history) {
            let gone = found.entries.remove(entry);
            found.live -= usize::from(gone.newest().is_live());
            self.keys -= 1;
            if found.entries.is_empty() {
                self.chunks.remove(chunk);
            }
        }
    }

    /// Histories in the order of their keys, from the start of the range to its end.
    pub(crate) fn range<'a>(&'a self, range: &'a KeyRange) -> impl Iterator<Item = &'a History> {
        let Place { chunk, entry } = self.place(&range.start);
        let head = self.chunks.get(chunk).map(|found| &found.entries[entry..]).unwrap_or_default();
        let rest = self.chunks.get(chunk + 1..).unwrap_or_default().iter().flat_map(|found| &found.entries);
        head.iter().chain(rest).take_while(|history| range.is_before_end(history.key.as_bytes()))
    }

    /// Keys of the range that are live now.
    pub(crate) fn count(&self, range: &KeyRange) -> usize {
        if range.is_empty() {
            return 0;
        }
        let from = self.place(&range.start);
        let to = match &range.end {
            Some(end) => self.place(end),
            None => Place { chunk: self.chunks.len(), entry: 0 },
        };
        self.live_before(to, from.chunk) - self.live_before(from, from.chunk)
    }

    /// Live keys below `place`, counted from the beginning of chunk `from`.
    fn live_before(&self, place: Place, from: usize) -> usize {
        let whole: usize = self.chunks[from..place.chunk].iter().map(|chunk| chunk.live).sum();
        let part =
            self.chunks.get(place.chunk).map(|chunk| &chunk.entries[..place.entry]).unwrap_or_default();
        whole + part.iter().filter(|history| history.newest().is_live()).count()
    }

    /// The first entry that is not below `key`; one past the last entry of a chunk where all of it is below.
    fn place(&self, key: &[u8]) -> Place {
        let chunk = self.chunks.partition_point(|chunk| chunk.first() <= key).saturating_sub(1);
        let entry = self
            .chunks
            .get(chunk)
            .map_or(0, |found| found.entries.partition_point(|history| history.key.as_bytes() < key));
        Place { chunk, entry }
    }

    fn insert(&mut self, Place { chunk, entry }: Place, history: History) {
        self.keys += 1;
        let live = usize::from(history.newest().is_live());
        let Some(found) = self.chunks.get_mut(chunk) else {
            self.chunks.push(Chunk { entries: vec![history], live });
            return;
        };
        found.entries.insert(entry, history);
        found.live += live;
        if found.entries.len() > CHUNK {
            // Keys that come in order fill the last chunk; splitting it in the middle would leave half of each empty.
            let at = if entry + 1 == found.entries.len() { CHUNK } else { CHUNK / 2 };
            let entries = found.entries.split_off(at);
            let live = entries.iter().filter(|history| history.newest().is_live()).count();
            found.live -= live;
            self.chunks.insert(chunk + 1, Chunk { entries, live });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::super::history::State;
    use super::*;
    use crate::revision::Revision;

    fn version(revision: i64, live: bool) -> Version {
        Version {
            mod_revision: Revision(revision),
            create_revision: Revision(1),
            version: 1,
            version_is_exact: true,
            lease: 0,
            state: if live { State::Live } else { State::Deleted },
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_tree_map(
            steps in prop::collection::vec((0u16..3000, 0u8..8), 1..4000),
            bounds in prop::collection::vec((0u16..3200, 0u16..3200), 20),
        ) {
            let mut ours = SortedHistories::default();
            let mut model = BTreeMap::new();
            for (step, (number, action)) in steps.into_iter().enumerate() {
                let key = Key::stored(&format!("/k/{number:05}"));
                let revision = step as i64 + 1;
                if action == 0 {
                    ours.retain_unless(key.as_bytes(), |_| true);
                    model.remove(&key);
                } else {
                    let before = model.get(&key).map(|(revision, _)| *revision);
                    let (named, _, previous) = ours.push(key.as_str(), |_| version(revision, action > 2));
                    prop_assert_eq!(&named, &key);
                    prop_assert_eq!(previous.map(|previous| previous.mod_revision.0), before);
                    model.insert(key, (revision, action > 2));
                }
            }
            prop_assert_eq!(ours.len(), model.len());
            for (start, end) in bounds {
                let range = KeyRange::from_wire(format!("/k/{start:05}").as_bytes(), format!("/k/{end:05}").as_bytes());
                let expected: Vec<_> = model.iter().filter(|(key, _)| range.contains(key.as_bytes())).collect();
                let found: Vec<_> = ours.range(&range).collect();
                prop_assert_eq!(found.len(), expected.len());
                for (history, (key, (revision, live))) in found.iter().zip(&expected) {
                    prop_assert_eq!(&history.key, *key);
                    prop_assert_eq!(history.newest().mod_revision.0, *revision);
                    prop_assert_eq!(history.newest().is_live(), *live);
                    prop_assert!(ours.get(key.as_bytes()).is_some());
                }
                prop_assert_eq!(ours.count(&range), expected.iter().filter(|(_, (_, live))| *live).count());
            }
            prop_assert_eq!(ours.count(&KeyRange::everything()), model.values().filter(|(_, live)| *live).count());
        }
    }
}
