//! Keys that go by themselves.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kine_client::{Client, Revision};
use libtest_mimic::Trial;
use rusqlite::{Connection, params};
use testbed::{KineVersion, Need, trial};

use crate::content::{Change, next_change};
use crate::interop::kine;
use crate::scene::{PATIENCE, Tested, in_runtime, serve, until};

pub(crate) fn trials() -> Vec<Trial> {
    let kine = &[Need::Kine(KineVersion::V0_16_4)][..];
    vec![
        trial("the_end_of_a_ttl_is_a_delete_event", &[], || in_runtime(delete_event())),
        trial("many_ttls_that_end_at_once_delete_each_key_once", &[], || in_runtime(many())),
        trial("a_write_without_a_ttl_takes_it_away_and_one_with_a_ttl_begins_it_anew", &[], || {
            in_runtime(overwritten())
        }),
        trial("a_deadline_survives_a_restart_unchanged", &[], || in_runtime(deadline_kept())),
        trial(
            "a_ttl_that_ended_while_nobody_served_ends_at_the_start",
            &[],
            || in_runtime(ended_meanwhile()),
        ),
        trial("a_clock_that_was_set_back_makes_no_ttl_longer", &[], || in_runtime(clock_set_back())),
        trial("a_row_with_a_ttl_that_another_process_wrote_ends_too", &[], || in_runtime(foreign_row())),
        trial("a_ttl_that_kine_wrote_counts_from_when_it_is_first_seen", kine, || in_runtime(from_kine())),
    ]
}

const SHORT: Duration = Duration::from_secs(1);
const LONG: Duration = Duration::from_secs(7200);

fn now() -> Tested<i64> {
    Ok(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?)
}

fn deadline(path: &Path, revision: Revision) -> Tested<i64> {
    let select = "SELECT deadline FROM kine_deadline WHERE revision = ?";
    Ok(Connection::open(path)?.query_row(select, [revision.get()], |row| row.get(0))?)
}

fn set_deadline(path: &Path, revision: Revision, deadline: i64) -> Tested {
    let update = "UPDATE kine_deadline SET deadline = ? WHERE revision = ?";
    assert_eq!(Connection::open(path)?.execute(update, params![deadline, revision.get()])?, 1);
    Ok(())
}

async fn is_gone(client: &Client, key: &str) -> Tested {
    until(&format!("{key} is gone"), || async { Ok(client.get(key).await?.is_none()) }).await
}

async fn delete_event() -> Tested {
    let folder = tempfile::tempdir()?;
    let (handle, client) = serve(&folder.path().join("state.db")).await?;
    let mut watch = client.watch("/t/").prev_kv(true).await?;
    let written = client.create("/t/a", "v").with_ttl(SHORT).await?.committed()?;
    let put = next_change(&mut watch).await?;
    assert_eq!(put.put.map(|held| held.lease), Some(1));
    let deleted = next_change(&mut watch).await?;
    let expected = Change {
        revision: written.next().get(),
        key: "/t/a".into(),
        put: None,
        before: Some(("v".into(), written.get())),
    };
    assert_eq!(deleted, expected);
    assert!(client.get("/t/a").await?.is_none());
    assert_eq!(client.revision().await?, written.next());
    handle.stop().await?;
    Ok(())
}

async fn many() -> Tested {
    const KEYS: i64 = 1000;
    let folder = tempfile::tempdir()?;
    let (handle, client) = serve(&folder.path().join("state.db")).await?;
    let mut watch = client.watch("/t/").await?;
    let writers = (0..KEYS).map(|number| {
        let client = client.clone();
        tokio::spawn(async move { client.create(format!("/t/{number}"), "").with_ttl(SHORT).await })
    });
    let mut newest = Revision::ZERO;
    for writer in futures_util::future::join_all(writers).await {
        newest = newest.max(writer??.committed()?);
    }
    let (mut puts, mut deletes) = (0, 0);
    while deletes < KEYS {
        match next_change(&mut watch).await?.put {
            Some(_) => puts += 1,
            None => deletes += 1,
        }
    }
    assert_eq!(puts, KEYS);
    assert_eq!(client.count("/t/").await?, 0);
    // Each took one revision, and nobody tried twice.
    let next = client.create("/after", "").await?.committed()?;
    assert_eq!(next.get(), 1 + 2 * KEYS + 1);
    handle.stop().await?;
    Ok(())
}

async fn overwritten() -> Tested {
    let folder = tempfile::tempdir()?;
    let (handle, client) = serve(&folder.path().join("state.db")).await?;
    let kept = client.create("/t/kept", "1").with_ttl(SHORT).await?.committed()?;
    let longer = client.create("/t/longer", "1").with_ttl(SHORT).await?.committed()?;
    client.update("/t/kept", "2", kept).await?.committed()?;
    client.update("/t/longer", "2", longer).with_ttl(LONG).await?.committed()?;
    // One that was written later and ends later than those would have.
    client.create("/t/last", "1").with_ttl(2 * SHORT).await?.committed()?;
    is_gone(&client, "/t/last").await?;
    let lease = |kv: Option<kine_client::KeyValue>| kv.map(|kv| (kv.value_str().into_owned(), kv.lease));
    assert_eq!(lease(client.get("/t/kept").await?), Some(("2".to_owned(), 0)));
    assert_eq!(lease(client.get("/t/longer").await?), Some(("2".to_owned(), 7200)));
    handle.stop().await?;
    Ok(())
}

async fn deadline_kept() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    let (handle, client) = serve(&path).await?;
    let before = now()?;
    let written = client.create("/t/a", "1").with_ttl(LONG).await?.committed()?;
    let after = now()?;
    handle.stop().await?;
    let first = deadline(&path, written)?;
    let ttl = 7_200_000;
    assert!((before + ttl..=after + ttl).contains(&first), "{first} is not {ttl} after {before}..{after}");
    for _ in 0..2 {
        let (handle, client) = serve(&path).await?;
        assert!(client.get("/t/a").await?.is_some());
        handle.stop().await?;
        assert_eq!(deadline(&path, written)?, first);
    }
    // It is what counts: moved to a moment from now, the key goes long before its whole TTL.
    set_deadline(&path, written, now()? + 500)?;
    let (handle, client) = serve(&path).await?;
    is_gone(&client, "/t/a").await?;
    handle.stop().await?;
    Ok(())
}

async fn ended_meanwhile() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    let (handle, client) = serve(&path).await?;
    let written = client.create("/t/a", "1").with_ttl(LONG).await?.committed()?;
    handle.stop().await?;
    set_deadline(&path, written, now()? - 1000)?;
    let (handle, client) = serve(&path).await?;
    let mut watch = client.watch("/t/").from(written.next()).await?;
    let deleted = next_change(&mut watch).await?;
    assert_eq!((deleted.revision, deleted.put), (written.next().get(), None));
    handle.stop().await?;
    Ok(())
}

async fn clock_set_back() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    let (handle, client) = serve(&path).await?;
    let written = client.create("/t/a", "1").with_ttl(2 * SHORT).await?.committed()?;
    handle.stop().await?;
    set_deadline(&path, written, now()? + 365 * 24 * 3_600_000)?;
    let (handle, client) = serve(&path).await?;
    is_gone(&client, "/t/a").await?;
    handle.stop().await?;
    Ok(())
}

async fn foreign_row() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    let (handle, client) = serve(&path).await?;
    let mut watch = client.watch("/t/").await?;
    let foreign = Connection::open(&path)?;
    foreign.busy_timeout(PATIENCE)?;
    foreign.execute_batch(
        "INSERT INTO kine(name, created, deleted, create_revision, prev_revision, lease, value)
             VALUES ('/t/short', 1, 0, 0, 0, 1, x'31'), ('/t/long', 1, 0, 0, 0, 7200, x'31')",
    )?;
    let (first, second) = (next_change(&mut watch).await?, next_change(&mut watch).await?);
    assert_eq!([first.put, second.put].map(|put| put.map(|held| held.lease)), [Some(1), Some(7200)]);
    let deleted = next_change(&mut watch).await?;
    assert_eq!((&deleted.key[..], deleted.put), (&b"/t/short"[..], None));
    assert!(client.get("/t/long").await?.is_some());
    handle.stop().await?;
    Ok(())
}

async fn from_kine() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    let mut kine = kine(KineVersion::V0_16_4, &path)?;
    let client = Client::connect([kine.endpoint()]).await?;
    client.create("/t/long", "1").with_ttl(LONG).await?.committed()?;
    client.create("/t/short", "1").with_ttl(2 * SHORT).await?.committed()?;
    // Killed, so that its own timer cannot come first.
    kine.kill();
    let (handle, client) = serve(&path).await?;
    let held = client.get("/t/short").await?.ok_or("the time has not begun, and is over")?;
    assert_eq!(held.lease, 2);
    is_gone(&client, "/t/short").await?;
    assert!(client.get("/t/long").await?.is_some());
    handle.stop().await?;
    Ok(())
}
