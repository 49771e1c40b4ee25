use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn row(revision: i64, name: &str) -> Row {
    Row {
        revision: Revision(revision),
        name: name.to_owned(),
        created: true,
        deleted: false,
        create_revision: Revision::ZERO,
        prev_revision: Revision::ZERO,
        lease: 0,
        version: Some(1),
    }
}

fn keys(index: &Index, revision: i64) -> Vec<(String, i64)> {
    let everything = KeyRange::everything();
    let (found, stopped) = index.list(&everything, Revision(revision), usize::MAX, usize::MAX);
    assert_eq!(stopped, None);
    assert_eq!(index.count(&everything, Revision(revision)), found.len());
    found.into_iter().map(|(key, version)| (key.as_str().to_owned(), version.mod_revision.0)).collect()
}

#[test]
fn rows_that_kine_keeps_for_itself_are_not_shown() {
    let mut index = Index::default();
    assert_eq!(index.apply(&Row { version: None, ..row(1, COMPACT_KEY) }), None);
    assert_eq!(index.apply(&Row { version: None, ..row(2, HEALTH_KEY) }), None);
    let gap = Row { created: false, deleted: true, version: None, ..row(3, "gap-3") };
    assert_eq!(index.apply(&gap), None);
    assert!(index.apply(&row(4, "gap-3")).is_some(), "a client may use the name");
    assert_eq!(keys(&index, 4), [("gap-3".to_owned(), 4)]);
    let (changes, through) = index.changes(&KeyRange::everything(), Revision(0), Revision(4), 100, 100);
    assert_eq!(through, Revision(4));
    let shown = changes.iter().filter_map(|(revision, key)| index.change(key, *revision));
    assert_eq!(shown.map(|applied| applied.version.mod_revision.0).collect::<Vec<_>>(), [4]);
    // Its own row stays in the file, and the chain of the key's rows goes on from it.
    assert_eq!(index.newest(HEALTH_KEY.as_bytes()).unwrap().mod_revision, Revision(2));
    index.compact(Revision(4));
    assert_eq!(index.prune(1), Some(vec![]));
    assert_eq!(index.prune(usize::MAX), Some(vec![Revision(3)]));
    assert_eq!(index.prune(usize::MAX), None);
    let clients = index.apply(&Row { prev_revision: Revision(2), ..row(5, HEALTH_KEY) }).unwrap();
    assert_eq!(clients.before, None);
}

#[test]
fn the_version_of_kines_rows_is_counted_and_known_to_be_exact_or_not() {
    let mut index = Index::default();
    let kines = |revision, name, created, prev| Row {
        version: None,
        created,
        create_revision: Revision(if created { 0 } else { 10 }),
        prev_revision: Revision(prev),
        ..row(revision, name)
    };
    index.apply(&kines(10, "/whole", true, 0));
    index.apply(&kines(11, "/whole", false, 10));
    index.apply(&kines(12, "/cut", false, 7));
    index.apply(&kines(13, "/cut", false, 12));
    let version = |key: &str| index.newest(key.as_bytes()).map(|v| (v.version, v.version_is_exact)).unwrap();
    assert_eq!(version("/whole"), (2, true));
    assert_eq!(version("/cut"), (2, false));
}

#[test]
fn what_is_compacted_or_not_written_yet_cannot_be_read() {
    let mut index = Index::default();
    (1..=9).for_each(|revision| drop(index.apply(&row(revision, &format!("/{revision}")))));
    index.compact(Revision(5));
    assert!(matches!(index.readable(4), Err(Fault::Compacted(Revision(5)))));
    assert_eq!(index.readable(5).unwrap(), Revision(5));
    assert_eq!(index.readable(0).unwrap(), Revision(9));
    assert!(matches!(index.readable(10), Err(Fault::FutureRevision)));
}

/// The store as a list of all there ever was.
#[derive(Default)]
struct Model {
    rows: Vec<(i64, String, bool)>,
}

impl Model {
    fn at(&self, revision: i64) -> Vec<(String, i64)> {
        let mut keys = BTreeMap::new();
        for (id, name, live) in self.rows.iter().filter(|(id, ..)| *id <= revision) {
            if *live {
                keys.insert(name.clone(), *id);
            } else {
                keys.remove(name);
            }
        }
        keys.into_iter().collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_revision_since_the_compaction_reads_as_it_was(
        steps in prop::collection::vec((0u8..20, any::<bool>()), 1..200),
        compactions in prop::collection::vec(0usize..200, 0..4),
    ) {
        let mut index = Index::default();
        let mut model = Model::default();
        let mut stored = std::collections::BTreeSet::new();
        for (step, (number, live)) in steps.iter().enumerate() {
            let revision = step as i64 + 1;
            let name = format!("/{number:02}");
            let previous = index.newest(name.as_bytes()).copied();
            let live = *live || !previous.is_some_and(|previous| previous.is_live());
            let created = live && !previous.is_some_and(|previous| previous.is_live());
            let applied = index.apply(&Row {
                created,
                deleted: !live,
                create_revision: if created || !live { Revision::ZERO } else { previous.unwrap().create_revision },
                prev_revision: previous.map_or(Revision::ZERO, |previous| previous.mod_revision),
                ..row(revision, &name)
            });
            let before = previous.filter(Version::is_live);
            prop_assert_eq!(applied.unwrap().before, before);
            model.rows.push((revision, name, live));
            stored.insert(Revision(revision));
            if compactions.contains(&step) {
                let target = (revision / 2).max(1);
                index.compact(Revision(target));
                // In steps, of which some are left for later.
                for gone in index.prune(7).into_iter().chain(index.prune(5)).flatten() {
                    prop_assert!(stored.remove(&gone), "{} was deleted twice", gone);
                }
            }
        }
        let newest = index.revision().0;
        for revision in index.compacted().0.max(1)..=newest {
            prop_assert_eq!(keys(&index, revision), model.at(revision), "at {}", revision);
            let range = KeyRange::from_wire(b"/05", b"/15");
            let inside = model.at(revision).iter().filter(|(name, _)| range.contains(name.as_bytes())).count();
            prop_assert_eq!(index.count(&range, Revision(revision)), inside);
        }
        // Nothing that a read may ask for was deleted.
        for revision in index.compacted().0.max(1)..=newest {
            for (_, id) in model.at(revision) {
                prop_assert!(stored.contains(&Revision(id)));
            }
        }
        let (changes, _) = index.changes(&KeyRange::everything(), index.compacted(), Revision(newest), usize::MAX, usize::MAX);
        let expected: Vec<_> = (index.compacted().0 + 1..=newest).map(Revision).collect();
        prop_assert_eq!(changes.into_iter().map(|(revision, _)| revision).collect::<Vec<_>>(), expected);
    }
}
