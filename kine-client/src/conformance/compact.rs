//! History that goes away.

use kine_proto::etcdserverpb::{CompactionRequest, CompactionResponse, RangeRequest, WatchCreateRequest};
use tonic::{Code, Status};

use super::target::{Failure, Target, refused, same};
use super::wire::{bytes, header_revision};
use crate::{ErrorKind, Revision};

const COMPACTED: &str = "required revision has been compacted";

behaviours! { "compact";
    /// Reads at revisions before the compaction's are refused, those at its revision and after it are answered.
    compaction_goes_exactly_to_its_revision, compacts;
    /// A compaction keeps what the keys hold, their revisions, and the count.
    compaction_keeps_what_is_there, compacts;
    /// A compaction to the newest revision, if that is a delete, leaves the store at that revision.
    compaction_to_a_delete_does_not_turn_the_revision_back, compacts;
    /// A compaction to a revision that is compacted already is refused as such.
    compaction_to_a_compacted_revision_is_refused, compacts;
    /// A compaction to a revision that is not written yet is refused as such.
    compaction_to_a_future_revision_is_refused, compacts;
    /// A watch from a compacted revision is cancelled with the compact revision.
    watch_from_a_compacted_revision_is_cancelled, compacts;
    /// A watch from the revision right after the compaction's gives all events.
    watch_after_a_compaction_gives_all_events, compacts;
    /// A watch that is up to date goes on over a compaction.
    watch_goes_on_over_a_compaction, compacts;
    /// The typed client says of a compacted read that it is compacted.
    client_read_of_a_compacted_revision_says_so, compacts;
    /// The typed client's watch from a compacted revision ends with the compact revision.
    client_watch_from_a_compacted_revision_says_so, compacts;
}

impl Checks {
    async fn compaction_goes_exactly_to_its_revision(target: &Target) -> Result<(), Failure> {
        let (wire, key) = (target.wire(), target.key("a"));
        let history = history(target, &key).await?;
        let answer = compact(target, history[2]).await?;
        same("the header's revision", header_revision(answer.header.as_ref()), history[4])?;
        let request = RangeRequest { key: bytes(&key), revision: history[1], ..RangeRequest::default() };
        refused(wire.range(request).await, Code::OutOfRange, COMPACTED)?;
        for (n, revision) in history.iter().enumerate().skip(2) {
            let request = RangeRequest { key: bytes(&key), revision: *revision, ..RangeRequest::default() };
            let value = wire.range(request).await?.kvs.first().map(|kv| kv.value.clone());
            same(&format!("the value at {revision}"), value, Some(bytes(&n.to_string())))?;
        }
        Ok(())
    }

    async fn compaction_keeps_what_is_there(target: &Target) -> Result<(), Failure> {
        let (wire, key) = (target.wire(), target.key("a"));
        let history = history(target, &key).await?;
        let gone = wire.create(&target.key("gone"), "1").await?;
        wire.delete(&target.key("gone"), gone).await?;
        let last = wire.create(&target.key("last"), "1").await?;
        compact(target, last).await?;
        let (start, range_end) = target.bounds();
        let list = wire.range(RangeRequest { key: start, range_end, ..RangeRequest::default() }).await?;
        same("the count", list.count, 2)?;
        let kv = &list.kvs[0];
        same("the value", &kv.value, &bytes("4"))?;
        same("the create revision", kv.create_revision, history[0])?;
        same("the mod revision", kv.mod_revision, history[4])?;
        same("the header's revision", header_revision(list.header.as_ref()), last)?;
        let next = wire.update(&key, "5", history[4]).await?;
        same("the revision of the next write", next, last + 1)
    }

    async fn compaction_to_a_delete_does_not_turn_the_revision_back(target: &Target) -> Result<(), Failure> {
        let (wire, key) = (target.wire(), target.key("a"));
        let created = wire.create(&key, "1").await?;
        let deleted = wire.delete(&key, created).await?;
        compact(target, deleted).await?;
        let (start, range_end) = target.bounds();
        let count = RangeRequest { key: start, range_end, count_only: true, ..RangeRequest::default() };
        let answer = wire.range(count).await?;
        same("the header's revision", header_revision(answer.header.as_ref()), deleted)?;
        same("the count", answer.count, 0)
    }

    async fn compaction_to_a_compacted_revision_is_refused(target: &Target) -> Result<(), Failure> {
        let history = history(target, &target.key("a")).await?;
        compact(target, history[3]).await?;
        refused(compact(target, history[3]).await, Code::OutOfRange, COMPACTED)?;
        refused(compact(target, history[1]).await, Code::OutOfRange, COMPACTED)
    }

    async fn compaction_to_a_future_revision_is_refused(target: &Target) -> Result<(), Failure> {
        let revision = target.wire().revision().await? + 1000;
        refused(compact(target, revision).await, Code::OutOfRange, "required revision is a future revision")
    }

    async fn watch_from_a_compacted_revision_is_cancelled(target: &Target) -> Result<(), Failure> {
        let wire = target.wire();
        let history = history(target, &target.key("a")).await?;
        compact(target, history[3]).await?;
        let (mut watch, created) = wire.watch(from(target, history[0])).await?;
        let cancelled = if created.canceled { created } else { watch.next().await? };
        ensure!(cancelled.canceled, "the watch was not cancelled: {cancelled:?}");
        same("the number of events", cancelled.events.len(), 0)?;
        same("the compact revision", cancelled.compact_revision, history[3])
    }

    async fn watch_after_a_compaction_gives_all_events(target: &Target) -> Result<(), Failure> {
        let wire = target.wire();
        let history = history(target, &target.key("a")).await?;
        compact(target, history[2]).await?;
        let (mut watch, _) = wire.watch(from(target, history[3])).await?;
        let events = watch.events(2).await?;
        let seen: Vec<i64> =
            events.iter().filter_map(|event| Some(event.kv.as_ref()?.mod_revision)).collect();
        same("the revisions", &seen[..], &history[3..])
    }

    async fn watch_goes_on_over_a_compaction(target: &Target) -> Result<(), Failure> {
        let (wire, key) = (target.wire(), target.key("a"));
        let history = history(target, &key).await?;
        let (mut watch, _) = wire.watch(from(target, history[4] + 1)).await?;
        compact(target, history[4]).await?;
        let next = wire.update(&key, "5", history[4]).await?;
        let event = watch.events(1).await?.remove(0);
        same("the revision", event.kv.map(|kv| kv.mod_revision), Some(next))
    }

    async fn client_read_of_a_compacted_revision_says_so(target: &Target) -> Result<(), Failure> {
        let key = target.key("a");
        let history = revisions(target, &key).await?;
        target.client().compact(history[3]).await?;
        match target.client().get_at(&key, history[0]).await {
            Err(error) => same("the kind", error.kind(), ErrorKind::Compacted { revision: None })?,
            Ok(kv) => return Err(Failure::new(format!("it was answered with {kv:?}"))),
        }
        match target.client().list(&key).at(history[0]).collect().await {
            Err(error) => same("the kind", error.kind(), ErrorKind::Compacted { revision: None }),
            Ok(list) => Err(Failure::new(format!("it was answered with {list:?}"))),
        }
    }

    async fn client_watch_from_a_compacted_revision_says_so(target: &Target) -> Result<(), Failure> {
        let key = target.key("a");
        let history = revisions(target, &key).await?;
        target.client().compact(history[3]).await?;
        let mut watch = target.client().watch(&key).from(history[0]).await?;
        match watch.next().await {
            Some(Err(error)) => {
                same("the kind", error.kind(), ErrorKind::Compacted { revision: Some(history[3]) })?;
            }
            other => return Err(Failure::new(format!("the watch gave {other:?}"))),
        }
        ensure!(watch.next().await.is_none(), "the watch goes on after its error");
        Ok(())
    }
}

/// The revisions of a key's create and its four updates. Its value is the place in this list.
async fn history(target: &Target, key: &str) -> Result<Vec<i64>, Failure> {
    let wire = target.wire();
    let mut history = vec![wire.create(key, "0").await?];
    for n in 1..5_usize {
        history.push(wire.update(key, &n.to_string(), history[n - 1]).await?);
    }
    Ok(history)
}

async fn revisions(target: &Target, key: &str) -> Result<Vec<Revision>, Failure> {
    Ok(history(target, key).await?.into_iter().map(Revision::from_wire).collect())
}

async fn compact(target: &Target, revision: i64) -> Result<CompactionResponse, Status> {
    let request = CompactionRequest { revision, physical: false };
    target.wire().kv().compact(request).await.map(tonic::Response::into_inner)
}

fn from(target: &Target, start_revision: i64) -> WatchCreateRequest {
    let (key, range_end) = target.bounds();
    WatchCreateRequest { key, range_end, start_revision, ..WatchCreateRequest::default() }
}
