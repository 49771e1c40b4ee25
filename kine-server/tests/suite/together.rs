//! kine and kine-server on one file at one time.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::try_join_all;
use kine_client::{Client, ErrorKind, Outcome, Revision};
use kine_server::ServerHandle;
use libtest_mimic::Trial;
use rusqlite::Connection;
use testbed::{Kine, KineVersion, Need, trial};

use crate::content::{changes, contents, next_change, same};
use crate::interop::kine;
use crate::scene::{Tested, in_runtime, serve};

const KINE: KineVersion = KineVersion::V0_16_4;

pub(crate) fn trials() -> Vec<Trial> {
    let needs = &[Need::Kine(KINE)][..];
    vec![
        trial("a_write_that_kine_answered_is_seen_by_the_next_read_and_compare", needs, || {
            in_runtime(seen_at_once())
        }),
        trial("a_watcher_of_an_idle_server_gets_what_kine_writes", needs, || in_runtime(idle_watcher())),
        trial("writers_on_both_make_one_log_that_both_show", needs, || in_runtime(one_log())),
        trial("following_goes_on_while_kine_compacts", needs, || in_runtime(compacted_by_kine())),
        trial("kine_starts_beside_a_busy_server_and_nothing_fails", needs, || in_runtime(started_beside())),
        trial(
            "a_log_that_was_compacted_past_this_server_is_read_again",
            &[],
            || in_runtime(compacted_past()),
        ),
        trial("a_write_to_another_row_by_a_plain_client_of_the_file_is_followed", &[], || {
            in_runtime(plain_insert())
        }),
    ]
}

struct Both {
    kine: Kine,
    there: Client,
    handle: ServerHandle,
    here: Client,
    folder: tempfile::TempDir,
}

impl Both {
    async fn start() -> Tested<Self> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("state.db");
        let kine = kine(KINE, &path)?;
        let there = Client::connect([kine.endpoint()]).await?;
        let (handle, here) = serve(&path).await?;
        Ok(Self { kine, there, handle, here, folder })
    }

    async fn stop(mut self) -> Tested {
        self.handle.stop().await?;
        self.kine.stop()?;
        drop(self.folder);
        Ok(())
    }
}

async fn seen_at_once() -> Tested {
    let both = Both::start().await?;
    let (here, there) = (&both.here, &both.there);
    let mut watch = here.watch("/t/").await?;
    let mut written = Vec::new();
    for round in 0..100 {
        let key = format!("/t/{}", round % 7);
        let created = there.create(&key, format!("{round} a")).await?.committed()?;
        let found = here.get(&key).await?.ok_or("a create by kine is not seen")?;
        assert_eq!((found.mod_revision, &found.value[..]), (created, format!("{round} a").as_bytes()));

        let updated = there.update(&key, format!("{round} b"), created).await?.committed()?;
        // A compare with what was there before must fail, and say what is there.
        let Outcome::Conflict { current: Some(current) } = here.update(&key, "lost", created).await? else {
            return Err("a compare passed on a revision that kine had replaced".into());
        };
        assert_eq!(current.mod_revision, updated);
        let mine = here.update(&key, format!("{round} c"), updated).await?.committed()?;

        let deleted = there.delete(&key, mine).await?.committed()?;
        assert_eq!(here.count("/t/").await?, 0, "a delete by kine is not seen");
        let again = here.create(&key, format!("{round} d")).await?.committed()?;
        assert_eq!(again, deleted.next());
        let gone = here.delete(&key, again).await?.committed()?;
        written.extend([created, updated, mine, deleted, again, gone].map(Revision::get));
    }
    let mut seen = Vec::new();
    while seen.len() < written.len() {
        seen.push(next_change(&mut watch).await?.revision);
    }
    same("the events", &seen, &written)?;
    both.stop().await
}

async fn idle_watcher() -> Tested {
    let both = Both::start().await?;
    let mut watch = both.here.watch("/t/").await?;
    for round in 0..3 {
        // Nobody reads from kine-server between the write and the event.
        let written = both.there.put("/t/a", format!("{round}")).await?.committed()?;
        assert_eq!(next_change(&mut watch).await?.revision, written.get());
    }
    both.stop().await
}

/// Reads and writes a few keys that everybody wants. Answers the writes that were committed.
async fn contend(client: Client, writer: usize) -> Tested<Vec<(i64, String)>> {
    let mut random = fastrand::Rng::with_seed(writer as u64);
    let mut written = Vec::new();
    for round in 0..60 {
        let key = format!("/t/{}", random.usize(..5));
        let value = format!("{writer} {round}");
        let outcome = match client.get(&key).await? {
            None => client.create(&key, value.clone()).await?,
            Some(kv) if random.u8(..4) == 0 => {
                let _ = client.delete(&key, kv.mod_revision).await?;
                continue;
            }
            Some(kv) => client.update(&key, value.clone(), kv.mod_revision).await?,
        };
        if let Outcome::Committed { revision } = outcome {
            written.push((revision.get(), value));
        }
    }
    Ok(written)
}

async fn one_log() -> Tested {
    let both = Both::start().await?;
    let first = both.here.revision().await?.next();
    let mut watch = both.here.watch("/t/").from(first).prev_kv(true).await?;
    let writers = (0..8).map(|writer| {
        let client = if writer % 2 == 0 { &both.here } else { &both.there };
        tokio::spawn(contend(client.clone(), writer))
    });
    let mut written = Vec::new();
    for writer in try_join_all(writers).await? {
        written.extend(writer?);
    }
    let end = both.here.put("/t/end", "").await?.committed()?;
    let mut live = Vec::new();
    while live.last().is_none_or(|last: &crate::content::Change| last.revision < end.get()) {
        live.push(next_change(&mut watch).await?);
    }
    let log = changes(&both.here, "/t/", first, end).await?;
    same("what a watcher saw and the log", &live, &log)?;
    same("the log here and in kine", &log, &changes(&both.there, "/t/", first, end).await?)?;
    same("the keys", &contents(&both.here, "/t/", None).await?, &contents(&both.there, "/t/", None).await?)?;
    assert!(written.len() > 100, "hardly anything was written");
    for (revision, value) in written {
        let place = log.binary_search_by_key(&revision, |change| change.revision);
        let change =
            place.map_err(|_| format!("the write at {revision} was answered and is not in the log"))?;
        let put = log[change].put.as_ref().ok_or("a put became a delete")?;
        assert_eq!(put.value, value.as_bytes());
    }
    both.stop().await
}

/// kine empties the WAL and rewrites the whole file when it starts (`VACUUM`).
async fn started_beside() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    let (handle, client) = serve(&path).await?;
    for number in 0..300 {
        client.create(format!("/t/old/{number}"), vec![7; 5000]).await?.committed()?;
    }
    let stop = Arc::new(AtomicBool::new(false));
    let writers = (0..4).map(|writer| {
        let (client, stop) = (client.clone(), stop.clone());
        tokio::spawn(async move {
            let mut written = 0;
            while !stop.load(Ordering::Relaxed) {
                let key = format!("/t/{writer}/{written}");
                let revision = client.create(&key, "1").await?.committed()?;
                let found = client.get(&key).await?.map(|kv| kv.mod_revision);
                assert_eq!(found, Some(revision));
                written += 1;
            }
            Ok::<_, kine_client::Error>(written)
        })
    });
    let writers: Vec<_> = writers.collect();
    for _ in 0..3 {
        let mut kine = kine(KINE, &path)?;
        let there = Client::connect([kine.endpoint()]).await?;
        assert!(there.count("/t/").await? >= 300);
        kine.stop()?;
    }
    stop.store(true, Ordering::Relaxed);
    let mut written = 300;
    for writer in try_join_all(writers).await? {
        written += writer?;
    }
    assert_eq!(client.count("/t/").await?, written);
    handle.stop().await?;
    let (handle, client) = serve(&path).await?;
    assert_eq!(client.count("/t/").await?, written);
    handle.stop().await?;
    Ok(())
}

async fn compacted_by_kine() -> Tested {
    let both = Both::start().await?;
    let mut position = both.here.revision().await?.next();
    let mut watch = both.here.watch("/t/").from(position).await?;
    for round in 0..20 {
        for key in 0..10 {
            let key = format!("/t/{key}");
            match both.there.get(&key).await? {
                Some(kv) if (round + key.len()).is_multiple_of(3) => {
                    both.there.delete(&key, kv.mod_revision).await?.committed()?;
                }
                _ => drop(both.there.put(&key, format!("{round}")).await?.committed()?),
            }
        }
        let newest = both.there.put("/t/last", format!("{round}")).await?.committed()?;
        both.there.compact(newest).await?;
        // Through to the newest, or told that it is too late and from where on there is something.
        while position <= newest {
            match crate::scene::in_time("an event comes", watch.next()).await?.ok_or("the watch ended")? {
                Ok(event) => {
                    assert!(event.revision() >= position, "an event came twice");
                    position = event.revision().next();
                }
                Err(error) => {
                    let ErrorKind::Compacted { .. } = error.kind() else { return Err(error.into()) };
                    position = newest.next();
                    watch = both.here.watch("/t/").from(position).await?;
                }
            }
        }
        same(
            "the keys",
            &contents(&both.here, "/t/", None).await?,
            &contents(&both.there, "/t/", None).await?,
        )?;
        let below = both.here.get_at("/t/last", Revision::new(newest.get() - 1).ok_or("no revision")?).await;
        let kind = below.err().map(|error| error.kind());
        assert!(matches!(kind, Some(ErrorKind::Compacted { .. })), "{kind:?}");
    }
    both.stop().await
}

/// One transaction of another process on the file.
fn foreign(path: &Path, statements: &str) -> Tested {
    let connection = Connection::open(path)?;
    connection.busy_timeout(crate::scene::PATIENCE)?;
    connection.execute_batch(&format!("BEGIN IMMEDIATE; {statements} COMMIT"))?;
    Ok(())
}

const INSERT: &str = "INSERT INTO kine(name, created, deleted, create_revision, prev_revision, lease, value)";

async fn plain_insert() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    let (handle, client) = serve(&path).await?;
    let created = client.create("/t/a", "1").await?.committed()?;
    let mut watch = client.watch("/t/").await?;
    foreign(&path, &format!("{INSERT} VALUES ('/t/a', 0, 0, {created}, {created}, 0, x'32');"))?;
    assert_eq!(client.get("/t/a").await?.ok_or("it is gone")?.value_str(), "2");
    assert_eq!(next_change(&mut watch).await?.revision, created.next().get());
    handle.stop().await?;
    Ok(())
}

/// Rows come and are compacted in one step: this server can have seen none of it.
async fn compacted_past() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    let (handle, client) = serve(&path).await?;
    let kept = client.create("/t/kept", "1").await?.committed()?;
    let gone = client.create("/t/gone", "1").await?.committed()?;
    let mut watch = client.watch("/t/").await?;
    let (first, last) = (gone.get() + 1, gone.get() + 3);
    foreign(
        &path,
        &format!(
            "{INSERT} VALUES ('/t/gone', 0, 1, 0, {gone}, 0, NULL), ('/t/kept', 0, 0, {kept}, {kept}, 0, x'32'),
                ('/t/new', 1, 0, 0, 0, 0, x'33');
             DELETE FROM kine WHERE id IN ({kept}, {gone}, {first});
             UPDATE kine SET prev_revision = {last} WHERE name = 'compact_rev_key';"
        ),
    )?;
    let held = contents(&client, "/t/", None).await?;
    let shown: Vec<_> = held.iter().map(|held| (&held.key[..], &held.value[..], held.modified)).collect();
    assert_eq!(shown, [(&b"/t/kept"[..], &b"2"[..], last - 1), (&b"/t/new"[..], &b"3"[..], last)]);
    let error =
        crate::scene::in_time("the watch ends", watch.next()).await?.ok_or("it ended without a word")?;
    let error = error.err().ok_or("an event came from what was compacted")?;
    let oldest = Revision::new(last).ok_or("no revision")?;
    assert!(
        matches!(error.kind(), ErrorKind::Compacted { revision: Some(seen) } if seen == oldest),
        "{:?}: {error}",
        error.kind()
    );
    // The key that was deleted unseen is absent for compares too.
    assert_eq!(client.create("/t/gone", "2").await?.committed()?.get(), last + 1);
    handle.stop().await?;
    Ok(())
}
