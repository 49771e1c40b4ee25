//! What this crate makes of a server: the same everywhere, differences of the server notwithstanding.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::timeout;

use super::target::{Failure, Target, same};
use crate::{Error, ErrorKind, KeyRange, KeyValue, Outcome, Revision, Watch, WatchEvent};

/// How long an event may take.
const PATIENCE: Duration = Duration::from_secs(20);

behaviours! { "client";
    /// A create commits, and a second one conflicts with the value that is there.
    create_commits_once;
    /// An update commits at the key's revision, and conflicts with the value that is there at any other.
    update_commits_at_the_expected_revision_alone;
    /// An update of a key that is gone conflicts with nothing.
    update_of_a_deleted_key_conflicts;
    /// A delete commits at the key's revision, and conflicts with the value that is there at any other.
    delete_commits_at_the_expected_revision_alone;
    /// A delete conflicts with nothing if the key was deleted before, or never existed.
    delete_of_what_is_not_there_conflicts;
    /// A put creates, overwrites, and is not lost when other keys were written in between.
    put_always_writes;
    /// Puts of one key from several tasks at once all commit.
    puts_at_once_all_commit;
    /// Of many creates of one key at once, and of many updates at one revision, one commits and the others conflict.
    one_of_many_writes_at_once_commits;
    /// Writes of many keys at once come through a watch once each, in the order of their revisions.
    writes_at_once_come_once_and_in_order;
    /// A key that is put with a TTL goes away.
    key_with_a_ttl_goes_away;
    /// A list in pages of any size gives each key once, at one revision, whatever is written meanwhile.
    list_gives_each_key_once_at_one_revision;
    /// A list in pages loses no key that goes on from another with a small character.
    pages_lose_no_key_that_goes_on_from_another;
    /// A list at an older revision, of keys only, and the counts agree with what was written.
    list_and_count_see_the_past;
    /// A read, a list and a count of a single key as a range work.
    single_key_is_a_range_too;
    /// The range of all keys holds the keys of the store.
    range_of_all_keys_holds_the_keys;
    /// A read at a revision that is not written yet says so.
    read_of_a_future_revision_says_so;
    /// A watch that starts now gives what is written next, and nothing from before.
    watch_from_now_begins_now;
    /// A watch from an older revision gives all events since, with previous values only if asked for.
    watch_from_a_revision_gives_all_since;
    /// A value over the limit is refused before it is sent.
    value_over_the_limit_is_not_sent;
    /// The status tells a version and a size.
    status_is_told;
}

impl Checks {
    async fn create_commits_once(target: &Target) -> Result<(), Failure> {
        let (client, key) = (target.client(), target.key("a"));
        let created = client.create(&key, "1").await?.committed()?;
        same("the key's revision", read(target, &key).await?.mod_revision, created)?;
        let current = conflict(client.create(&key, "2").await?)?;
        let current = current.ok_or_else(|| Failure::new("the conflict does not tell what is there"))?;
        same("the value in the conflict", current.value_str(), "1")?;
        same("the revision in the conflict", current.mod_revision, created)
    }

    async fn update_commits_at_the_expected_revision_alone(target: &Target) -> Result<(), Failure> {
        let (client, key) = (target.client(), target.key("a"));
        let created = client.create(&key, "1").await?.committed()?;
        let updated = client.update(&key, "2", created).await?.committed()?;
        ensure!(updated > created, "the update at {updated} does not come after the create at {created}");
        let current = conflict(client.update(&key, "3", created).await?)?;
        same("the value in the conflict", current.as_ref().map(|kv| &kv.value[..]), Some(&b"2"[..]))?;
        same("the revision in the conflict", current.map(|kv| kv.mod_revision), Some(updated))
    }

    async fn update_of_a_deleted_key_conflicts(target: &Target) -> Result<(), Failure> {
        let (client, key) = (target.client(), target.key("a"));
        let created = client.create(&key, "1").await?.committed()?;
        client.delete(&key, created).await?.committed()?;
        same("what is there", conflict(client.update(&key, "2", created).await?)?, None)
    }

    async fn delete_commits_at_the_expected_revision_alone(target: &Target) -> Result<(), Failure> {
        let (client, key) = (target.client(), target.key("a"));
        let created = client.create(&key, "1").await?.committed()?;
        let updated = client.update(&key, "2", created).await?.committed()?;
        let current = conflict(client.delete(&key, created).await?)?;
        same("the revision in the conflict", current.map(|kv| kv.mod_revision), Some(updated))?;
        let deleted = client.delete(&key, updated).await?.committed()?;
        ensure!(deleted > updated, "the delete at {deleted} does not come after the update at {updated}");
        same("the key", client.get(&key).await?, None)
    }

    async fn delete_of_what_is_not_there_conflicts(target: &Target) -> Result<(), Failure> {
        let (client, key) = (target.client(), target.key("a"));
        let revision = client.create(target.key("b"), "1").await?.committed()?;
        same("what is there", conflict(client.delete(&key, revision).await?)?, None)?;
        let created = client.create(&key, "1").await?.committed()?;
        client.delete(&key, created).await?.committed()?;
        same("what is there", conflict(client.delete(&key, created).await?)?, None)
    }

    async fn put_always_writes(target: &Target) -> Result<(), Failure> {
        let (client, key) = (target.client(), target.key("a"));
        let first = client.put(&key, "1").await?.committed()?;
        client.create(target.key("b"), "1").await?.committed()?;
        let second = client.put(&key, "2").await?.committed()?;
        let kv = read(target, &key).await?;
        same("the value", kv.value_str(), "2")?;
        same("the create revision", kv.create_revision, first)?;
        same("the mod revision", kv.mod_revision, second)
    }

    async fn puts_at_once_all_commit(target: &Target) -> Result<(), Failure> {
        let (client, key) = (target.client(), target.key("a"));
        let puts = (0..8).map(|n| client.put(&key, n.to_string()).into_future());
        let mut revisions = Vec::new();
        for outcome in join_all(puts).await {
            revisions.push(outcome?.committed()?);
        }
        revisions.sort_unstable();
        revisions.dedup();
        same("the number of different revisions", revisions.len(), 8)?;
        same("the last revision", Some(&read(target, &key).await?.mod_revision), revisions.last())
    }

    async fn one_of_many_writes_at_once_commits(target: &Target) -> Result<(), Failure> {
        let (client, key) = (target.client(), target.key("a"));
        let creates = (0..16).map(|n| client.create(&key, n.to_string()).into_future());
        let created = only_commit(join_all(creates).await)?;
        same("the key's revision", read(target, &key).await?.mod_revision, created)?;
        let updates = (0..16).map(|n| client.update(&key, n.to_string(), created).into_future());
        let updated = only_commit(join_all(updates).await)?;
        let deletes = (0..16).map(|_| client.delete(&key, updated));
        only_commit(join_all(deletes).await)?;
        same("the key", client.get(&key).await?, None)
    }

    async fn writes_at_once_come_once_and_in_order(target: &Target) -> Result<(), Failure> {
        let client = target.client();
        let mut watch = client.watch(target.key("")).await?;
        let creates = (0..64).map(|n| client.create(target.key(&n.to_string()), "1").into_future());
        let mut written = Vec::new();
        for outcome in join_all(creates).await {
            written.push(outcome?.committed()?);
        }
        written.sort_unstable();
        for revision in written {
            same("the event's revision", next(&mut watch).await?.revision(), revision)?;
        }
        Ok(())
    }

    async fn key_with_a_ttl_goes_away(target: &Target) -> Result<(), Failure> {
        let (client, key) = (target.client(), target.key("a"));
        let put = client.put(&key, "1").with_ttl(Duration::from_secs(2)).await?.committed()?;
        ensure!(read(target, &key).await?.lease > 0, "the key has no lease");
        let mut watch = client.watch(KeyRange::key(&key)).from(put.next()).await?;
        match next(&mut watch).await? {
            WatchEvent::Delete { revision, .. } if revision > put => Ok(()),
            other => Err(Failure::new(format!("the event is not the expiry: {other:?}"))),
        }
    }

    async fn list_gives_each_key_once_at_one_revision(target: &Target) -> Result<(), Failure> {
        let client = target.client();
        let expected = fill(target, (0..10).map(|n| n.to_string())).await?;
        let revision = client.revision().await?;
        for page_size in [1, 2, 3, 10, 11] {
            let mut pages = client.list(target.key("")).at(revision).page_size(page_size).pages();
            let mut seen = Vec::new();
            while let Some(page) = pages.next().await {
                let page = page?;
                same("the page's revision", page.revision, revision)?;
                ensure!(page.items.len() <= page_size, "a page of {page_size} has {} keys", page.items.len());
                seen.extend(page.items.iter().map(|kv| kv.key_str().into_owned()));
                client.put(target.key("4-and-a-half"), "1").await?.committed()?;
            }
            same(&format!("the keys in pages of {page_size}"), &seen, &expected)?;
        }
        Ok(())
    }

    async fn pages_lose_no_key_that_goes_on_from_another(target: &Target) -> Result<(), Failure> {
        let expected = fill(target, ["a", "a!", "a\"", "a-", "b"].map(String::from)).await?;
        for page_size in [1, 2] {
            let mut items = target.client().list(target.key("")).page_size(page_size).items();
            let mut seen = Vec::new();
            while let Some(kv) = items.next().await {
                seen.push(kv?.key_str().into_owned());
            }
            same(&format!("the keys in pages of {page_size}"), &seen, &expected)?;
        }
        Ok(())
    }

    async fn list_and_count_see_the_past(target: &Target) -> Result<(), Failure> {
        let (client, folder) = (target.client(), target.key(""));
        let expected = fill(target, ["a", "b"].map(String::from)).await?;
        let then = client.revision().await?;
        let b = read(target, &target.key("b")).await?;
        client.delete(target.key("b"), b.mod_revision).await?.committed()?;
        same("the count now", client.count(&folder).await?, 1)?;
        same("the count then", client.count_at(&folder, then).await?, 2)?;
        let list = client.list(&folder).at(then).keys_only().collect().await?;
        same("the list's revision", list.revision, then)?;
        let keys: Vec<_> = list.items.iter().map(|kv| kv.key_str().into_owned()).collect();
        same("the keys then", keys, expected)?;
        ensure!(list.items.iter().all(|kv| kv.value.is_empty()), "a list of keys has values: {list:?}");
        same("b then", client.get_at(target.key("b"), then).await?, Some(b))
    }

    async fn single_key_is_a_range_too(target: &Target) -> Result<(), Failure> {
        let client = target.client();
        fill(target, ["a", "a/b"].map(String::from)).await?;
        let range = KeyRange::key(target.key("a"));
        same("the count", client.count(&range).await?, 1)?;
        let list = client.list(&range).collect().await?;
        same("the number of keys", list.items.len(), 1)?;
        same("the key", &list.items[0], &read(target, &target.key("a")).await?)?;
        same("the count of nothing", client.count(KeyRange::key(target.key("x"))).await?, 0)
    }

    async fn range_of_all_keys_holds_the_keys(target: &Target) -> Result<(), Failure> {
        let client = target.client();
        let before = client.count(KeyRange::all()).await?;
        fill(target, ["a", "~"].map(String::from)).await?;
        same("the count", client.count(KeyRange::all()).await?, before + 2)
    }

    async fn read_of_a_future_revision_says_so(target: &Target) -> Result<(), Failure> {
        let client = target.client();
        let future = client.revision().await?.get() + 1000;
        let future = Revision::from_wire(future);
        match client.get_at(target.key("a"), future).await {
            Err(error) => same("the kind", error.kind(), ErrorKind::FutureRevision),
            Ok(kv) => Err(Failure::new(format!("it was answered with {kv:?}"))),
        }
    }

    async fn watch_from_now_begins_now(target: &Target) -> Result<(), Failure> {
        let client = target.client();
        client.create(target.key("before"), "1").await?.committed()?;
        let mut watch = client.watch(target.key("")).await?;
        let after = client.create(target.key("after"), "1").await?.committed()?;
        let event = next(&mut watch).await?;
        same("the event's key", event.key(), target.key("after").as_bytes())?;
        same("the event's revision", event.revision(), after)?;
        ensure!(event.is_create(), "the event is no create: {event:?}");
        ensure!(watch.start_revision() <= after, "the watch starts after its first event");
        Ok(())
    }

    async fn watch_from_a_revision_gives_all_since(target: &Target) -> Result<(), Failure> {
        let (client, key) = (target.client(), target.key("a"));
        let created = client.create(&key, "1").await?.committed()?;
        let updated = client.update(&key, "2", created).await?.committed()?;
        let deleted = client.delete(&key, updated).await?.committed()?;
        for wanted in [false, true] {
            let mut watch = client.watch(&key).from(created).prev_kv(wanted).await?;
            for (revision, before) in [(created, None), (updated, Some("1")), (deleted, Some("2"))] {
                let event = next(&mut watch).await?;
                same("the event's revision", event.revision(), revision)?;
                let prev = event.prev().map(|kv| kv.value_str().into_owned());
                same("the previous value", prev.as_deref(), before.filter(|_| wanted))?;
            }
        }
        Ok(())
    }

    async fn value_over_the_limit_is_not_sent(target: &Target) -> Result<(), Failure> {
        let (client, key) = (target.client(), target.key("a"));
        match client.create(&key, vec![0; 2 * 1024 * 1024]).await {
            Err(error) => same("the kind", error.kind(), ErrorKind::TooLarge)?,
            Ok(outcome) => return Err(Failure::new(format!("it was sent: {outcome:?}"))),
        }
        same("the key", client.get(&key).await?, None)
    }

    async fn status_is_told(target: &Target) -> Result<(), Failure> {
        let status = target.client().status().await?;
        ensure!(status.version.starts_with("3."), "the version is {:?}", status.version);
        ensure!(status.db_size > 0, "the size is 0");
        Ok(())
    }
}

/// Creates keys of these names, and gives them in the order that a list should.
async fn fill(target: &Target, names: impl IntoIterator<Item = String>) -> Result<Vec<String>, Failure> {
    let mut keys = Vec::new();
    for name in names {
        let key = target.key(&name);
        target.client().create(&key, name).await?.committed()?;
        keys.push(key);
    }
    keys.sort();
    Ok(keys)
}

async fn read(target: &Target, key: &str) -> Result<KeyValue, Failure> {
    target.client().get(key).await?.ok_or_else(|| Failure::new(format!("{key} does not exist")))
}

async fn next(watch: &mut Watch) -> Result<WatchEvent, Failure> {
    match timeout(PATIENCE, watch.next()).await {
        Ok(Some(event)) => Ok(event?),
        Ok(None) => Err(Failure::new("the watch ended")),
        Err(_elapsed) => Err(Failure::new(format!("no event came within {PATIENCE:?}"))),
    }
}

/// The revision of the one write that committed; all others must have conflicted.
fn only_commit(outcomes: Vec<Result<Outcome, Error>>) -> Result<Revision, Failure> {
    let mut committed = Vec::new();
    for outcome in outcomes {
        match outcome? {
            Outcome::Committed { revision } => committed.push(revision),
            Outcome::Conflict { .. } => {}
            Outcome::Unknown(error) => return Err(error.into()),
        }
    }
    match committed[..] {
        [revision] => Ok(revision),
        _ => Err(Failure::new(format!("{} writes committed: {committed:?}", committed.len()))),
    }
}

fn conflict(outcome: Outcome) -> Result<Option<KeyValue>, Failure> {
    match outcome {
        Outcome::Conflict { current } => Ok(current),
        other => Err(Failure::new(format!("the outcome is not a conflict: {other:?}"))),
    }
}
