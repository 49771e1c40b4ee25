//! Forgetting old revisions: how far, when, and what is left in the file.

use std::path::Path;
use std::time::Duration;

use kine_client::{Client, Error, ErrorKind, Revision};
use kine_proto::etcdserverpb::CompactionRequest;
use libtest_mimic::Trial;
use rusqlite::Connection;
use testbed::{KineVersion, Need, trial};

use crate::content::contents;
use crate::interop::kine;
use crate::scene::{Tested, in_runtime, of_file, serve, serve_built, until};
use crate::wire::{connect, kv};

pub(crate) fn trials() -> Vec<Trial> {
    let kine = &[Need::Kine(KineVersion::V0_16_4)][..];
    vec![
        trial("a_request_compacts_exactly_to_its_revision", &[], || in_runtime(exactly())),
        trial("the_timer_leaves_the_newest_revisions", &[], || in_runtime(timer())),
        trial("a_physical_compaction_has_deleted_the_rows_when_it_is_answered", &[], || {
            in_runtime(physical())
        }),
        trial("compacted_rows_are_deleted_after_the_answer_too", &[], || in_runtime(afterwards())),
        trial("a_compacted_tombstone_at_the_head_keeps_the_revision_over_a_restart", &[], || {
            in_runtime(tombstone_at_the_head())
        }),
        trial("a_key_can_be_created_again_before_its_compacted_rows_are_deleted", &[], || {
            in_runtime(created_again())
        }),
        trial("rows_that_a_crash_left_behind_are_deleted_at_the_next_start", &[], || {
            in_runtime(after_a_crash())
        }),
        trial("deadlines_of_rows_that_kine_compacted_are_deleted_at_the_next_start", kine, || {
            in_runtime(deadlines_after_kine())
        }),
    ]
}

fn revision(number: i64) -> Revision {
    Revision::new(number).unwrap_or_default()
}

/// Rows of clients' keys below `prefix`, by id.
fn rows(path: &Path, prefix: &str) -> Tested<Vec<i64>> {
    let connection = Connection::open(path)?;
    let mut select = connection.prepare("SELECT id FROM kine WHERE name LIKE ? || '%' ORDER BY id")?;
    let ids = select.query_map([prefix], |row| row.get(0))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

fn is_compacted<T>(result: Result<T, Error>) -> bool {
    result.is_err_and(|error| matches!(error.kind(), ErrorKind::Compacted { .. }))
}

/// Overwrites one key so many times. Answers the revision of the last.
async fn overwrite(client: &Client, times: usize) -> Tested<Revision> {
    let mut newest = Revision::ZERO;
    for number in 0..times {
        newest = client.put("/t/a", number.to_string()).await?.committed()?;
    }
    Ok(newest)
}

async fn exactly() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    let (handle, client) = serve(&path).await?;
    let newest = overwrite(&client, 20).await?;
    let target = revision(newest.get() - 5);
    client.compact(target).await?;
    let read = |at: i64| client.get_at("/t/a", revision(at));
    assert_eq!(read(target.get()).await?.ok_or("it is gone")?.value_str(), "14");
    assert!(is_compacted(read(target.get() - 1).await), "a compacted revision was read");
    assert!(is_compacted(client.compact(target).await), "compacted twice");
    let future = client.compact(newest.next()).await.err().ok_or("the future was compacted")?;
    assert_eq!(future.kind(), ErrorKind::FutureRevision);
    // Down to the very newest, of which a server with a retention would keep some.
    client.compact(newest).await?;
    assert_eq!(read(newest.get()).await?.ok_or("it is gone")?.value_str(), "19");
    assert!(is_compacted(read(newest.get() - 1).await));
    handle.stop().await?;
    let (handle, client) = serve(&path).await?;
    assert!(is_compacted(client.get_at("/t/a", revision(newest.get() - 1)).await), "after a restart");
    assert_eq!(client.get("/t/a").await?.ok_or("it is gone")?.value_str(), "19");
    handle.stop().await?;
    Ok(())
}

async fn timer() -> Tested {
    const RETAINED: u32 = 10;
    let folder = tempfile::tempdir()?;
    let builder = of_file(&folder.path().join("state.db"))
        .compact_interval(Duration::from_millis(50))
        .compact_interval_jitter(10)
        .compact_min_retain(RETAINED);
    let (handle, client) = serve_built(builder).await?;
    let newest = overwrite(&client, 100).await?.get();
    let oldest = newest - i64::from(RETAINED);
    until("the timer has compacted", || async {
        // What it retains can be read before and after.
        client.get_at("/t/a", revision(oldest)).await?;
        Ok(is_compacted(client.get_at("/t/a", revision(oldest - 1)).await))
    })
    .await?;
    // A request is not bound by that.
    client.compact(revision(newest)).await?;
    assert!(is_compacted(client.get_at("/t/a", revision(newest - 1)).await));
    handle.stop().await?;
    Ok(())
}

async fn compact_physically(endpoint: &str, to: Revision) -> Tested {
    let request = CompactionRequest { revision: to.get(), physical: true };
    kv(&connect(endpoint).await?).compact(request).await?;
    Ok(())
}

async fn physical() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    let (handle, client) = serve_built(of_file(&path).compact_batch_size(3)).await?;
    let newest = overwrite(&client, 50).await?;
    let gone = client.create("/t/gone", "1").with_ttl(Duration::from_secs(7200)).await?.committed()?;
    let deleted = client.delete("/t/gone", gone).await?.committed()?;
    let last = client.create("/t/last", "1").await?.committed()?;
    assert_eq!(rows(&path, "/t/")?.len(), 53);
    compact_physically(handle.endpoint(), newest).await?;
    assert_eq!(rows(&path, "/t/")?, [newest, gone, deleted, last].map(Revision::get));
    compact_physically(handle.endpoint(), last).await?;
    assert_eq!(rows(&path, "/t/")?, [newest, last].map(Revision::get));
    let deadlines: i64 =
        Connection::open(&path)?.query_row("SELECT count(*) FROM kine_deadline", [], |row| row.get(0))?;
    assert_eq!(deadlines, 0);
    handle.stop().await?;
    Ok(())
}

async fn afterwards() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    let (handle, client) = serve(&path).await?;
    let newest = overwrite(&client, 50).await?;
    client.compact(newest).await?;
    until("the rows are deleted", || async { Ok(rows(&path, "/t/")? == [newest.get()]) }).await?;
    handle.stop().await?;
    Ok(())
}

async fn tombstone_at_the_head() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    let (handle, client) = serve(&path).await?;
    let created = client.create("/t/a", "1").await?.committed()?;
    let deleted = client.delete("/t/a", created).await?.committed()?;
    compact_physically(handle.endpoint(), deleted).await?;
    assert_eq!(client.revision().await?, deleted);
    handle.stop().await?;
    let (handle, client) = serve(&path).await?;
    assert_eq!(client.revision().await?, deleted, "the revision went back");
    let next = client.create("/t/a", "2").await?.committed()?;
    assert_eq!(next, deleted.next());
    compact_physically(handle.endpoint(), next).await?;
    assert_eq!(rows(&path, "/t/")?, [next.get()], "the tombstone was not needed any more");
    handle.stop().await?;
    Ok(())
}

async fn created_again() -> Tested {
    const KEYS: usize = 300;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    // One row at a time: most are still there when the keys come again.
    let (handle, client) = serve_built(of_file(&path).compact_batch_size(1)).await?;
    let mut newest = Revision::ZERO;
    for number in 0..KEYS {
        let created = client.create(format!("/t/{number}"), "1").await?.committed()?;
        newest = client.delete(format!("/t/{number}"), created).await?.committed()?;
    }
    client.compact(newest).await?;
    for number in (0..KEYS).rev() {
        let again = client.create(format!("/t/{number}"), "2").await?.committed()?;
        assert_eq!(again, newest.next());
        newest = again;
    }
    let before = contents(&client, "/t/", None).await?;
    assert_eq!(before.len(), KEYS);
    compact_physically(handle.endpoint(), newest).await?;
    assert_eq!(rows(&path, "/t/")?.len(), KEYS);
    handle.stop().await?;
    let (handle, client) = serve(&path).await?;
    crate::content::same("the keys", &contents(&client, "/t/", None).await?, &before)?;
    handle.stop().await?;
    Ok(())
}

async fn after_a_crash() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    let (handle, client) = serve(&path).await?;
    let gone = client.create("/t/gone", "1").await?.committed()?;
    client.delete("/t/gone", gone).await?.committed()?;
    let newest = overwrite(&client, 20).await?;
    handle.stop().await?;
    // The compaction is recorded, and that was all.
    let update = format!("UPDATE kine SET prev_revision = {newest} WHERE name = 'compact_rev_key'");
    Connection::open(&path)?.execute(&update, [])?;
    assert_eq!(rows(&path, "/t/")?.len(), 22);
    let (handle, client) = serve(&path).await?;
    assert!(is_compacted(client.get_at("/t/a", revision(newest.get() - 1)).await));
    until("the rows are deleted", || async { Ok(rows(&path, "/t/")? == [newest.get()]) }).await?;
    assert_eq!(client.get("/t/a").await?.ok_or("it is gone")?.value_str(), "19");
    handle.stop().await?;
    Ok(())
}

async fn deadlines_after_kine() -> Tested {
    let deadlines = |path: &Path| -> Tested<i64> {
        Ok(Connection::open(path)?.query_row("SELECT count(*) FROM kine_deadline", [], |row| row.get(0))?)
    };
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    let (handle, client) = serve(&path).await?;
    let long = Duration::from_secs(7200);
    client.create("/t/kept", "1").with_ttl(long).await?.committed()?;
    let gone = client.create("/t/gone", "1").with_ttl(long).await?.committed()?;
    handle.stop().await?;
    assert_eq!(deadlines(&path)?, 2);
    let mut kine = kine(KineVersion::V0_16_4, &path)?;
    let client = Client::connect([kine.endpoint()]).await?;
    client.delete("/t/gone", gone).await?.committed()?;
    let newest = client.create("/t/last", "1").await?.committed()?;
    client.compact(newest).await?;
    kine.stop()?;
    let (handle, _) = serve(&path).await?;
    handle.stop().await?;
    assert_eq!(deadlines(&path)?, 1);
    Ok(())
}
