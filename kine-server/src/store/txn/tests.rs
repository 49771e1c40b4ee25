use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::backend::Row;

/// A key as a plain map holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plain {
    create: i64,
    modified: i64,
    version: i64,
    /// Whether `version` is known from the create on.
    is_exact: bool,
    lease: i64,
}

/// What the store should do: one map, one counter.
#[derive(Clone, Debug, Default)]
struct Model {
    keys: BTreeMap<&'static str, Plain>,
    revision: i64,
}

/// A transaction's answer: whether it succeeded, the revision, and what each operation found or did.
type Answer = Result<(bool, i64, Vec<Option<Plain>>), ()>;

impl Model {
    fn run(&mut self, txn: &Txn) -> Answer {
        let mut succeeded = true;
        for compare in &txn.compares {
            let key = self.keys.get(compare.key.as_str());
            let is_absence = compare.relation == Relation::Equal && compare.number == 0;
            if compare.target == Target::Version && key.is_some_and(|key| !key.is_exact) && !is_absence {
                return Err(());
            }
            let number = key.map_or(0, |key| match compare.target {
                Target::ModRevision => key.modified,
                Target::CreateRevision => key.create,
                Target::Version => key.version,
                Target::Lease => key.lease,
            });
            succeeded &= match compare.relation {
                Relation::Equal => number == compare.number,
                Relation::NotEqual => number != compare.number,
                Relation::Greater => number > compare.number,
                Relation::Less => number < compare.number,
            };
        }
        let mut shown = Vec::new();
        for op in if succeeded { &txn.success } else { &txn.failure } {
            shown.push(match op {
                Op::Get(key) => self.keys.get(key.as_str()).copied(),
                Op::Put(put) => self.put(name(&put.key), put.lease),
                Op::Delete(delete) => {
                    let before = self.keys.remove(delete.key.as_str());
                    self.revision += i64::from(before.is_some());
                    before
                }
            });
        }
        Ok((succeeded, self.revision, shown))
    }

    fn put(&mut self, key: &'static str, lease: i64) -> Option<Plain> {
        self.revision += 1;
        let modified = self.revision;
        let before = self.keys.get(key).copied();
        let now = match before {
            Some(before) => Plain { modified, version: before.version + 1, lease, ..before },
            None => Plain { create: modified, modified, version: 1, is_exact: true, lease },
        };
        self.keys.insert(key, now);
        before
    }
}

const KEYS: [&str; 3] = ["/a", "/b", "/c"];

fn name(key: &Key) -> &'static str {
    KEYS.into_iter().find(|name| *name == key.as_str()).expect("a key of this test")
}

fn plain(version: &Version) -> Plain {
    Plain {
        create: version.create_revision.0,
        modified: version.mod_revision.0,
        version: version.version,
        is_exact: version.version_is_exact,
        lease: version.lease,
    }
}

fn answer(outcome: Result<Outcome, Fault>) -> Answer {
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(Fault::InexactVersion(_)) => return Err(()),
        Err(fault) => panic!("{fault:?}"),
    };
    let shown = outcome.results.into_iter().map(|mut result| {
        if let OpResult::Deleted { deleted, previous } = &result {
            assert_eq!(*deleted, previous.is_some());
        }
        result.found_mut().map(|found| plain(&found.version))
    });
    Ok((outcome.succeeded, outcome.revision.0, shown.collect()))
}

fn key() -> impl Strategy<Value = Key> {
    prop::sample::select(KEYS.to_vec()).prop_map(Key::stored)
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        key().prop_map(Op::Get),
        (key(), 0..3i64).prop_map(|(key, lease)| Op::Put(Put {
            key,
            value: Bytes::new(),
            lease,
            want_previous: true
        })),
        key().prop_map(|key| Op::Delete(Delete { key, want_previous: true })),
    ]
}

fn txn() -> impl Strategy<Value = Txn> {
    let targets = vec![Target::ModRevision, Target::CreateRevision, Target::Version, Target::Lease];
    let relations = vec![Relation::Equal, Relation::NotEqual, Relation::Greater, Relation::Less];
    let compare = (key(), prop::sample::select(targets), prop::sample::select(relations), 0..12i64)
        .prop_map(|(key, target, relation, number)| Compare { key, target, relation, number });
    let ops = || prop::collection::vec(op(), 0..4);
    (prop::collection::vec(compare, 0..3), ops(), ops()).prop_map(|(compares, success, failure)| Txn {
        compares,
        success,
        failure,
    })
}

/// A store in which kine has updated one key of which only the last row is left.
fn begin() -> (Index, Model) {
    let row = Row {
        revision: Revision(5),
        name: "/c".to_owned(),
        created: false,
        deleted: false,
        create_revision: Revision(2),
        prev_revision: Revision(4),
        lease: 0,
        version: None,
    };
    let mut index = Index::default();
    index.apply(&row).expect("a client's row");
    let cut = Plain { create: 2, modified: 5, version: 1, is_exact: false, lease: 0 };
    (index, Model { keys: BTreeMap::from([("/c", cut)]), revision: 5 })
}

proptest! {
    #[test]
    fn batches_do_what_a_plain_map_does(batches in prop::collection::vec(prop::collection::vec(txn(), 1..5), 1..6)) {
        let (mut index, mut model) = begin();
        for txns in batches {
            let mut batch = Batch::new(&index, 1_000_000);
            for txn in &txns {
                prop_assert_eq!(answer(batch.run(txn)), model.run(txn), "{:?}", txn);
            }
            // The rows, read back, say the same as the batch did.
            let rows = batch.into_rows();
            let mut revision = index.revision();
            for new in rows {
                revision = revision.next();
                let previous = index.newest(new.key.as_bytes()).map_or(Revision::ZERO, |newest| newest.mod_revision);
                prop_assert_eq!(new.prev_revision, previous, "the chain of {:?}", new.key);
                let deadline = (new.lease > 0).then(|| 1_000_000 + new.lease * 1000);
                prop_assert_eq!(new.deadline, deadline);
                index.apply(&new.as_row(revision)).expect("a client's row");
            }
            prop_assert_eq!(revision.0, model.revision);
            for key in KEYS {
                let held = index.get(key.as_bytes(), revision).map(|(_, version)| plain(&version));
                prop_assert_eq!(held, model.keys.get(key).copied(), "{}", key);
            }
        }
    }
}

#[test]
fn a_transaction_that_cannot_be_decided_does_nothing() {
    let (index, _) = begin();
    let mut batch = Batch::new(&index, 0);
    let compare =
        |relation, number| Compare { key: Key::stored("/c"), target: Target::Version, relation, number };
    let put = Op::Put(Put { key: Key::stored("/a"), value: Bytes::new(), lease: 0, want_previous: false });
    let txn =
        |compare| Txn { compares: vec![compare], success: vec![put.clone()], failure: vec![put.clone()] };
    for refused in
        [compare(Relation::Equal, 1), compare(Relation::Greater, 0), compare(Relation::NotEqual, 0)]
    {
        let fault = batch.run(&txn(refused)).expect_err("a compare of a number that is not known");
        assert!(matches!(fault, Fault::InexactVersion(key) if key == "/c"));
    }
    // That it is there at all is known.
    let outcome = batch.run(&txn(compare(Relation::Equal, 0))).expect("an answer");
    assert!(!outcome.succeeded);
    assert_eq!(batch.into_rows().len(), 1);
}
