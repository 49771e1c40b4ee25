//! What goes wrong beside a request must not go wrong for the store.

use std::time::Duration;

use kine_proto::etcdserverpb::WatchCreateRequest;
use kine_server::{ErrorKind, Server};
use libtest_mimic::Trial;
use rusqlite::Connection;
use testbed::trial;
use tonic::Code;

use crate::scene::{PATIENCE, Tested, in_runtime, in_time, serve, serve_built, until};
use crate::wire::{WireWatch, connect, kv, put, range, refused};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("a_compaction_whose_client_has_gone_deletes_its_rows_all_the_same", &[], || {
            in_runtime(abandoned_compaction())
        }),
        trial("a_read_does_not_wait_for_a_write_that_does", &[], || in_runtime(read_beside_a_write())),
        trial("a_row_that_cannot_be_read_ends_the_server_with_the_reason", &[], || {
            in_runtime(unreadable_row())
        }),
        trial("a_progress_interval_of_zero_is_never", &[], || in_runtime(no_progress())),
        trial("the_name_of_the_api_servers_key_in_the_table_is_not_for_clients", &[], || {
            in_runtime(stored_name())
        }),
        trial("a_refused_key_is_not_echoed_whole", &[], || in_runtime(long_refused_key())),
    ]
}

async fn abandoned_compaction() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    let (handle, client) = serve(&path).await?;
    let mut newest = client.create("/a", "0").await?.committed()?;
    for number in 1..50 {
        newest = client.update("/a", number.to_string(), newest).await?.committed()?;
    }
    let holder = Connection::open(&path)?;
    holder.busy_timeout(PATIENCE)?;
    holder.execute_batch("BEGIN IMMEDIATE")?;
    let hasty = client.with_request_timeout(Duration::from_millis(300));
    assert!(hasty.compact(newest).await.is_err(), "it was compacted while the file was held");
    drop(holder);
    let rows = Connection::open(&path)?;
    until("the compacted rows are deleted", || async {
        let left: i64 =
            rows.query_row("SELECT count(*) FROM kine WHERE name = '/a'", [], |row| row.get(0))?;
        Ok(left == 1)
    })
    .await?;
    Ok(handle.stop().await?)
}

async fn read_beside_a_write() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    let (handle, client) = serve(&path).await?;
    client.create("/a", "1").await?.committed()?;
    let holder = Connection::open(&path)?;
    holder.busy_timeout(PATIENCE)?;
    holder.execute_batch("BEGIN IMMEDIATE")?;
    let writer = client.clone();
    let writing = tokio::spawn(async move { writer.create("/b", "2").await });
    for _ in 0..100 {
        let found = in_time("a key is read", client.get("/a")).await??.ok_or("it is gone")?;
        assert_eq!(found.value_str(), "1");
        assert_eq!(in_time("keys are counted", client.count("/")).await??, 1);
    }
    assert!(!writing.is_finished(), "the write did not wait, and this test shows nothing");
    drop(holder);
    in_time("the write is answered", writing).await???.committed()?;
    Ok(handle.stop().await?)
}

async fn unreadable_row() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    let (handle, client) = serve(&path).await?;
    client.create("/a", "1").await?.committed()?;
    let foreign = Connection::open(&path)?;
    foreign.busy_timeout(PATIENCE)?;
    foreign.execute(
        "INSERT INTO kine(name, created, deleted, create_revision, prev_revision, lease) \
         VALUES (CAST(x'2fff' AS TEXT), 1, 0, 0, 0, 0)",
        [],
    )?;
    let error = in_time("the server says that it cannot go on", handle.failed()).await?;
    assert_eq!(error.kind(), ErrorKind::NotKine, "{error}");
    assert!(error.to_string().contains("state.db"), "{error}");
    Ok(())
}

async fn no_progress() -> Tested {
    let (handle, client) = serve_built(Server::in_memory().watch_progress_interval(Duration::ZERO)).await?;
    let mut watch = WireWatch::open(&connect(handle.endpoint()).await?).await?;
    let everything = WatchCreateRequest { progress_notify: true, ..WatchCreateRequest::default() };
    watch.create(everything).await?;
    assert!(watch.next().await?.created);
    // What comes between two answers that were asked for would be progress that was not.
    for _ in 0..20 {
        watch.ask_for_progress().await?;
        let answer = watch.next().await?;
        assert_eq!(answer.watch_id, -1, "{answer:?}");
    }
    client.create("/a", "1").await?.committed()?;
    assert_eq!(watch.next().await?.events.len(), 1);
    Ok(handle.stop().await?)
}

async fn stored_name() -> Tested {
    let (handle, _) = serve_built(Server::in_memory()).await?;
    let mut kv = kv(&connect(handle.endpoint()).await?);
    let name = "compact_rev_key_apiserver";
    refused("a put", kv.put(put(name, "x")).await, Code::InvalidArgument, "compact_rev_key")?;
    refused("a read", kv.range(range(name, "")).await, Code::Unimplemented, "compact_rev_key")?;
    let with_lease = kine_proto::etcdserverpb::PutRequest { lease: 5, ..put("compact_rev_key", "x") };
    refused("a put with a lease", kv.put(with_lease).await, Code::Unimplemented, "compact_rev_key")?;
    kv.put(put("compact_rev_key", "x")).await?;
    let found = kv.range(range("compact_rev_key", "")).await?.into_inner().kvs;
    assert_eq!((&found[0].key[..], &found[0].value[..]), (&b"compact_rev_key"[..], &b"x"[..]));
    Ok(handle.stop().await?)
}

async fn long_refused_key() -> Tested {
    let (handle, _) = serve_built(Server::in_memory()).await?;
    let mut kv = kv(&connect(handle.endpoint()).await?);
    let key = [b"/long/".repeat(100_000), vec![0xff]].concat();
    let status = kv.put(put(key, "x")).await.err().ok_or("it was taken")?;
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.message().len() < 1000, "{} bytes", status.message().len());
    Ok(handle.stop().await?)
}
