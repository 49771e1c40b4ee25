use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use tokio::time::timeout;

use super::*;
use crate::key::Key;
use crate::store::index::{State as KeyState, Version};

fn event(revision: i64, key: &str, bytes: usize) -> Arc<Event> {
    let version = Version {
        mod_revision: Revision(revision),
        create_revision: Revision(revision),
        version: 1,
        version_is_exact: true,
        lease: 0,
        state: KeyState::Live,
    };
    let applied = Applied { key: Key::stored(key), version, before: None };
    Arc::new(Event { applied, value: Some(vec![7; bytes].into()) })
}

/// The events of revisions `(after, through]`, each of another key.
fn batch(after: i64, through: i64, bytes: usize) -> Batch {
    let events =
        (after + 1..=through).map(|revision| event(revision, &format!("/{revision}"), bytes)).collect();
    Batch { after: Revision(after), through: Revision(through), events }
}

fn revisions(subscription: &mut Subscription) -> (Vec<i64>, Option<i64>) {
    let mut seen = Vec::new();
    loop {
        match subscription.try_next() {
            Some(Ok(event)) => seen.push(event.revision().0),
            Some(Err(complete)) => return (seen, Some(complete.0)),
            None => return (seen, None),
        }
    }
}

fn subscribe(events: &Arc<Events>) -> Subscription {
    events.subscribe(&KeyRange::everything()).expect("the server runs")
}

#[derive(Clone, Debug)]
enum Step {
    Subscribe(KeyRange),
    /// The subscriber at this place, counted round.
    Leave(usize),
    Event(String),
}

fn step() -> impl Strategy<Value = Step> {
    // Few letters, so that bounds and keys meet.
    let bound = prop::collection::vec(prop::sample::select(vec![0, b'a', b'b', 255]), 0..3);
    let range = (bound.clone(), prop::option::of(bound)).prop_map(|(start, end)| KeyRange { start, end });
    prop_oneof![
        3 => range.prop_map(Step::Subscribe),
        2 => any::<usize>().prop_map(Step::Leave),
        4 => "[ab\u{7f}]{1,3}".prop_map(Step::Event),
    ]
}

proptest! {
    #[test]
    fn an_event_goes_to_those_whose_range_holds_its_key(steps in prop::collection::vec(step(), 1..80)) {
        let (events, _task) = Events::new(Revision(0));
        let mut subscribed: Vec<(KeyRange, Subscription, Vec<i64>)> = Vec::new();
        for (revision, step) in (1..).zip(steps) {
            match step {
                Step::Subscribe(range) => {
                    let subscription = events.subscribe(&range).expect("the server runs");
                    prop_assert_eq!(subscription.since, Revision(revision - 1));
                    subscribed.push((range, subscription, Vec::new()));
                }
                Step::Leave(_) if subscribed.is_empty() => {}
                Step::Leave(place) => {
                    let place = place % subscribed.len();
                    let (range, mut subscription, expected) = subscribed.swap_remove(place);
                    prop_assert_eq!(revisions(&mut subscription), (expected, None), "{:?}", range);
                }
                Step::Event(key) => {
                    for (range, _, expected) in &mut subscribed {
                        if range.contains(key.as_bytes()) {
                            expected.push(revision);
                        }
                    }
                    let events_of = vec![event(revision, &key, 1)];
                    events.give_out(Batch {
                        after: Revision(revision - 1),
                        through: Revision(revision),
                        events: events_of,
                    });
                    continue;
                }
            }
            // Every revision is given out, whether somebody wants it or not.
            events.give_out(Batch { after: Revision(revision - 1), through: Revision(revision), events: Vec::new() });
        }
        for (range, mut subscription, expected) in subscribed {
            prop_assert_eq!(revisions(&mut subscription), (expected, None), "{:?}", range);
        }
        // Nothing is left of those who went.
        let registry = events.registry.lock();
        prop_assert!(registry.subscribers.is_empty());
        prop_assert_eq!(&registry.segments, &BTreeMap::new());
    }
}

#[test]
fn a_full_queue_ends_the_subscription_behind_what_is_in_it() {
    for (count, bytes, room) in [(QUEUE as i64 + 5, 10, QUEUE as i64), (40, 1 << 20, 17)] {
        let (events, _task) = Events::new(Revision(0));
        let (mut slow, mut later) = (subscribe(&events), subscribe(&events));
        events.give_out(batch(0, 5, bytes));
        // The other one reads, and is not touched.
        assert_eq!(revisions(&mut later), ((1..=5).collect(), None));
        for revision in 5..count {
            events.give_out(batch(revision, revision + 1, bytes));
            assert_eq!(revisions(&mut later), (vec![revision + 1], None));
        }
        assert_eq!(revisions(&mut slow), ((1..=room).collect(), Some(room)));
        // What it takes makes room for what is to come.
        let mut again = subscribe(&events);
        assert_eq!(again.since, Revision(count));
        events.give_out(batch(count, count + 3, bytes));
        assert_eq!(revisions(&mut again), ((count + 1..=count + 3).collect(), None));
    }
}

#[test]
fn a_gap_in_the_batches_ends_all_subscriptions_before_it() {
    let (events, _task) = Events::new(Revision(0));
    let mut subscription = subscribe(&events);
    events.give_out(batch(0, 3, 1));
    events.give_out(batch(5, 7, 1));
    assert_eq!(revisions(&mut subscription), (vec![1, 2, 3], Some(3)));
    assert_eq!(subscribe(&events).since, Revision(7));
    assert_eq!(*events.published().borrow(), Revision(7));
}

#[tokio::test]
async fn batches_that_found_no_place_are_known_of_when_nothing_comes_after_them() {
    let (events, task) = Events::new(Revision(0));
    let mut subscription = subscribe(&events);
    let last = BATCHES as i64 + 20;
    for revision in 0..last {
        events.publish(batch(revision, revision + 1, 1));
    }
    let mut published = events.published();
    let reached = async { published.wait_for(|published| published.0 == last).await.map(|_| ()) };
    tokio::select! {
        () = task => panic!("the task ended"),
        reached = timeout(Duration::from_secs(60), reached) => reached.expect("it is published").expect("a sender"),
    }
    let (seen, complete) = revisions(&mut subscription);
    let complete = complete.expect("the subscription misses events and goes on");
    assert_eq!(seen, (1..=complete).collect::<Vec<_>>());
    assert_eq!(subscribe(&events).since, Revision(last));
}

#[test]
fn nobody_subscribes_to_a_server_that_stops() {
    let (events, _task) = Events::new(Revision(4));
    let mut subscription = subscribe(&events);
    events.stop();
    assert_eq!(revisions(&mut subscription), (Vec::new(), Some(4)));
    assert!(events.subscribe(&KeyRange::everything()).is_none());
}
