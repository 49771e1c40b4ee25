//! Events.

use kine_proto::etcdserverpb::WatchCreateRequest;
use kine_proto::mvccpb::Event;
use kine_proto::mvccpb::event::EventType;

use super::target::{Failure, Target, same};
use super::wire::{bytes, header_revision};

behaviours! { "watch";
    /// A watch is confirmed first, with an id and without events.
    watch_is_confirmed_first;
    /// The confirmation tells the store's revision, so that a watch from now knows where it began.
    confirmation_tells_the_revision;
    /// A create, an update and a delete come as two puts and a delete, in order, with their revisions.
    writes_come_as_events_in_order;
    /// A watch without a start revision gives what is written after it, and nothing from before.
    watch_without_a_start_revision_begins_now;
    /// A watch from an older revision gives every event since, that revision included, and then goes on.
    watch_from_an_older_revision_gives_all_since;
    /// A watch from a revision that is not written yet gives what comes at that revision and after it.
    watch_from_a_future_revision_waits_for_it;
    /// A watch of one key gives that key's events alone.
    watch_of_one_key_gives_that_key_alone;
    /// A watch of a range gives the range's events alone.
    watch_of_a_range_gives_the_range_alone;
    /// An event's header carries at least the event's revision.
    header_is_not_behind_the_events;
    /// A delete comes with its key and revision, and without a value.
    delete_comes_without_a_value;
    /// What a key held before does not come unless it is asked for.
    previous_value_does_not_come_unless_asked;
    /// What a key held before comes with updates and deletes when it is asked for, and not with creates.
    previous_value_comes_when_asked;
    /// The previous value of a delete carries the create revision that the key had.
    previous_value_of_a_delete_is_whole;
    /// Several watches on one stream have ids of their own, and each gives its own events.
    many_watches_share_a_stream;
    /// A cancelled watch is confirmed as cancelled and gives nothing more, and the others on the stream go on.
    cancelled_watch_ends_alone;
    /// A hundred writes come as a hundred events, each once and in order.
    no_event_is_lost_or_doubled;
}

impl Checks {
    async fn watch_is_confirmed_first(target: &Target) -> Result<(), Failure> {
        let wire = target.wire();
        wire.create(&target.key("a"), "1").await?;
        let (_watch, created) = wire.watch(from(target, wire.revision().await?)).await?;
        ensure!(created.watch_id >= 0, "the watch has the id {}", created.watch_id);
        ensure!(!created.canceled, "the watch was cancelled at once: {created:?}");
        same("the number of events in the confirmation", created.events.len(), 0)
    }

    async fn confirmation_tells_the_revision(target: &Target) -> Result<(), Failure> {
        let wire = target.wire();
        let revision = wire.create(&target.key("a"), "1").await?;
        let (_watch, created) = wire.watch(from(target, revision + 1)).await?;
        same("the header's revision", header_revision(created.header.as_ref()), revision)
    }

    async fn writes_come_as_events_in_order(target: &Target) -> Result<(), Failure> {
        let (wire, key) = (target.wire(), target.key("a"));
        let start = wire.revision().await? + 1;
        let (mut watch, _) = wire.watch(from(target, start)).await?;
        let created = wire.create(&key, "1").await?;
        let updated = wire.update(&key, "2", created).await?;
        let deleted = wire.delete(&key, updated).await?;
        let events = watch.events(3).await?;
        same("the number of events", events.len(), 3)?;
        put(&events[0], &key, "1", created, created)?;
        put(&events[1], &key, "2", created, updated)?;
        same("the third event's type", events[2].r#type(), EventType::Delete)?;
        same("the revision of the delete", revision(&events[2]), deleted)
    }

    async fn watch_without_a_start_revision_begins_now(target: &Target) -> Result<(), Failure> {
        let wire = target.wire();
        wire.create(&target.key("before"), "1").await?;
        let (mut watch, _) = wire.watch(from(target, 0)).await?;
        let after = wire.create(&target.key("after"), "1").await?;
        let events = watch.events(1).await?;
        put(&events[0], &target.key("after"), "1", after, after)
    }

    async fn watch_from_an_older_revision_gives_all_since(target: &Target) -> Result<(), Failure> {
        let wire = target.wire();
        wire.create(&target.key("a"), "1").await?;
        let b = wire.create(&target.key("b"), "1").await?;
        let c = wire.create(&target.key("c"), "1").await?;
        let (mut watch, _) = wire.watch(from(target, b)).await?;
        same("the old revisions", revisions(&watch.events(2).await?), [b, c])?;
        let d = wire.create(&target.key("d"), "1").await?;
        same("the new revision", revisions(&watch.events(1).await?), [d])
    }

    async fn watch_from_a_future_revision_waits_for_it(target: &Target) -> Result<(), Failure> {
        let wire = target.wire();
        let now = wire.revision().await?;
        let (mut watch, created) = wire.watch(from(target, now + 3)).await?;
        ensure!(!created.canceled, "the watch was refused: {created:?}");
        for name in ["a", "b", "c", "d"] {
            wire.create(&target.key(name), "1").await?;
        }
        same("the revisions", revisions(&watch.events(2).await?), [now + 3, now + 4])
    }

    async fn watch_of_one_key_gives_that_key_alone(target: &Target) -> Result<(), Failure> {
        let (wire, key) = (target.wire(), target.key("b"));
        let start_revision = wire.revision().await? + 1;
        let request =
            WatchCreateRequest { key: bytes(&key), start_revision, ..WatchCreateRequest::default() };
        let (mut watch, _) = wire.watch(request).await?;
        wire.create(&target.key("a"), "1").await?;
        let first = wire.create(&key, "1").await?;
        wire.create(&target.key("bb"), "1").await?;
        let second = wire.update(&key, "2", first).await?;
        same("the revisions", revisions(&watch.events(2).await?), [first, second])
    }

    async fn watch_of_a_range_gives_the_range_alone(target: &Target) -> Result<(), Failure> {
        let wire = target.wire();
        let request = WatchCreateRequest {
            key: bytes(&target.key("b")),
            range_end: bytes(&target.key("d")),
            start_revision: wire.revision().await? + 1,
            ..WatchCreateRequest::default()
        };
        let (mut watch, _) = wire.watch(request).await?;
        let mut inside = Vec::new();
        for name in ["a", "b", "bz", "c", "cz", "d", "e", "ba"] {
            let revision = wire.create(&target.key(name), "1").await?;
            if ("b".."d").contains(&name) {
                inside.push(revision);
            }
        }
        same("the revisions", revisions(&watch.events(inside.len()).await?), inside)
    }

    async fn header_is_not_behind_the_events(target: &Target) -> Result<(), Failure> {
        let wire = target.wire();
        let start = wire.revision().await? + 1;
        let (mut watch, _) = wire.watch(from(target, start)).await?;
        let last = wire.create(&target.key("a"), "1").await?;
        loop {
            let response = watch.next().await?;
            let header = header_revision(response.header.as_ref());
            for event in &response.events {
                ensure!(header >= revision(event), "the header is at {header}, before its event {event:?}");
            }
            if revisions(&response.events).contains(&last) {
                return Ok(());
            }
        }
    }

    async fn delete_comes_without_a_value(target: &Target) -> Result<(), Failure> {
        let (event, deleted) = watched_delete(target, false).await?;
        let kv = event.kv.ok_or_else(|| Failure::new("the event has no key"))?;
        same("the key", kv.key, bytes(&target.key("a")))?;
        same("the mod revision", kv.mod_revision, deleted)?;
        same("the length of the value", kv.value.len(), 0)
    }

    async fn previous_value_does_not_come_unless_asked(target: &Target) -> Result<(), Failure> {
        let (event, _) = watched_delete(target, false).await?;
        same("the previous value", event.prev_kv, None)
    }

    async fn previous_value_comes_when_asked(target: &Target) -> Result<(), Failure> {
        let (wire, key) = (target.wire(), target.key("a"));
        let start = wire.revision().await? + 1;
        let request = WatchCreateRequest { prev_kv: true, ..from(target, start) };
        let (mut watch, _) = wire.watch(request).await?;
        let created = wire.create(&key, "1").await?;
        let updated = wire.update(&key, "2", created).await?;
        wire.delete(&key, updated).await?;
        let events = watch.events(3).await?;
        same("the value before the create", events[0].prev_kv.as_ref(), None)?;
        for (event, value, at) in [(&events[1], "1", created), (&events[2], "2", updated)] {
            let prev = event
                .prev_kv
                .as_ref()
                .ok_or_else(|| Failure::new(format!("no previous value: {event:?}")))?;
            same("the previous key", &prev.key, &bytes(&key))?;
            same("the previous value", &prev.value, &bytes(value))?;
            same("the previous mod revision", prev.mod_revision, at)?;
        }
        Ok(())
    }

    async fn previous_value_of_a_delete_is_whole(target: &Target) -> Result<(), Failure> {
        let (event, deleted) = watched_delete(target, true).await?;
        let prev = event.prev_kv.ok_or_else(|| Failure::new("the event has no previous value"))?;
        same("the create revision", prev.create_revision, deleted - 1)
    }

    async fn many_watches_share_a_stream(target: &Target) -> Result<(), Failure> {
        let wire = target.wire();
        let start = wire.revision().await? + 1;
        let (mut watch, first) = wire.watch(one_key(target, "0", start)).await?;
        let mut ids = vec![first.watch_id];
        for n in 1..20 {
            watch.create(one_key(target, &n.to_string(), start)).await?;
            let created = watch.next().await?;
            ensure!(created.created && !created.canceled, "watch {n} was not confirmed: {created:?}");
            ensure!(!ids.contains(&created.watch_id), "the id {} was given twice", created.watch_id);
            ids.push(created.watch_id);
        }
        for n in (0..20).rev() {
            wire.create(&target.key(&n.to_string()), "1").await?;
        }
        let mut seen = 0;
        while seen < 20 {
            let response = watch.next().await?;
            for event in &response.events {
                let n = ids.iter().position(|id| *id == response.watch_id);
                let expected = n.map(|n| bytes(&target.key(&n.to_string())));
                same("the key on its watch", event.kv.as_ref().map(|kv| kv.key.clone()), expected)?;
                seen += 1;
            }
        }
        Ok(())
    }

    async fn cancelled_watch_ends_alone(target: &Target) -> Result<(), Failure> {
        let wire = target.wire();
        let start = wire.revision().await? + 1;
        let (mut watch, a) = wire.watch(one_key(target, "a", start)).await?;
        watch.create(one_key(target, "b", start)).await?;
        let b = watch.next().await?.watch_id;
        watch.cancel(a.watch_id).await?;
        let cancelled = watch.next().await?;
        ensure!(cancelled.canceled, "the cancellation was not confirmed: {cancelled:?}");
        same("the id of the cancelled watch", cancelled.watch_id, a.watch_id)?;
        same("the compact revision of the cancellation", cancelled.compact_revision, 0)?;
        wire.create(&target.key("a"), "1").await?;
        wire.create(&target.key("b"), "1").await?;
        let response = watch.next().await?;
        same("the watch that goes on", response.watch_id, b)?;
        same(
            "its key",
            response.events[0].kv.as_ref().map(|kv| kv.key.clone()),
            Some(bytes(&target.key("b"))),
        )
    }

    async fn no_event_is_lost_or_doubled(target: &Target) -> Result<(), Failure> {
        let (wire, key) = (target.wire(), target.key("a"));
        let start = wire.revision().await? + 1;
        let (mut watch, _) = wire.watch(from(target, start)).await?;
        let mut written = vec![wire.create(&key, "0").await?];
        for n in 1..100_usize {
            written.push(wire.update(&key, &n.to_string(), written[n - 1]).await?);
        }
        same("the revisions", revisions(&watch.events(100).await?), written)
    }
}

/// A watch of all keys of the target.
fn from(target: &Target, start_revision: i64) -> WatchCreateRequest {
    let (key, range_end) = target.bounds();
    WatchCreateRequest { key, range_end, start_revision, ..WatchCreateRequest::default() }
}

fn one_key(target: &Target, name: &str, start_revision: i64) -> WatchCreateRequest {
    WatchCreateRequest { key: bytes(&target.key(name)), start_revision, ..WatchCreateRequest::default() }
}

/// The event of a delete right after a create, and its revision.
async fn watched_delete(target: &Target, prev_kv: bool) -> Result<(Event, i64), Failure> {
    let (wire, key) = (target.wire(), target.key("a"));
    let start = wire.revision().await? + 1;
    let (mut watch, _) = wire.watch(WatchCreateRequest { prev_kv, ..from(target, start) }).await?;
    let created = wire.create(&key, "1").await?;
    let deleted = wire.delete(&key, created).await?;
    let event = watch.events(2).await?.remove(1);
    same("the second event's type", event.r#type(), EventType::Delete)?;
    Ok((event, deleted))
}

fn put(event: &Event, key: &str, value: &str, created: i64, modified: i64) -> Result<(), Failure> {
    same("the event's type", event.r#type(), EventType::Put)?;
    let kv = event.kv.as_ref().ok_or_else(|| Failure::new("the event has no key"))?;
    same("the event's key", &kv.key, &bytes(key))?;
    same("the event's value", &kv.value, &bytes(value))?;
    same("the event's create revision", kv.create_revision, created)?;
    same("the event's mod revision", kv.mod_revision, modified)
}

fn revision(event: &Event) -> i64 {
    event.kv.as_ref().map_or(0, |kv| kv.mod_revision)
}

fn revisions(events: &[Event]) -> Vec<i64> {
    events.iter().map(revision).collect()
}
