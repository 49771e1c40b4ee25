//! Requests that cannot be served, and requests that nobody waits for any more.

use kine_proto::etcdserverpb::compare::{CompareTarget, TargetUnion};
use kine_proto::etcdserverpb::{Compare, TxnRequest};
use libtest_mimic::Trial;
use rusqlite::Connection;
use testbed::trial;
use tokio::task::JoinSet;
use tonic::Code;

use crate::scene::{PATIENCE, Tested, in_runtime, in_time, of_file, serve, serve_built};
use crate::wire::{connect, kv, put, put_op, range, refused};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("a_request_over_two_mebibytes_is_refused_and_one_just_under_is_stored", &[], || {
            in_runtime(too_large())
        }),
        trial("a_key_that_is_no_text_is_an_invalid_argument", &[], || in_runtime(bad_keys())),
        trial("bounds_of_a_range_may_be_any_bytes", &[], || in_runtime(any_bounds())),
        trial("a_full_queue_refuses_and_nothing_of_that_is_written", &[], || in_runtime(full_queue())),
        trial("a_client_that_goes_away_leaves_a_whole_write_or_none", &[], || in_runtime(gone_away())),
    ]
}

async fn too_large() -> Tested {
    let folder = tempfile::tempdir()?;
    let (handle, client) = serve(&folder.path().join("state.db")).await?;
    let channel = connect(handle.endpoint()).await?;
    let (small, large) = (vec![7; (2 << 20) - 64], vec![7; 2 << 20]);
    let answer = kv(&channel).put(put("/large", large.clone())).await;
    refused("a large put", answer, Code::ResourceExhausted, "etcdserver: request is too large")?;
    let txn = TxnRequest { success: vec![put_op(put("/large", large))], ..TxnRequest::default() };
    refused("a large transaction", kv(&channel).txn(txn).await, Code::ResourceExhausted, "too large")?;
    assert!(client.get("/large").await?.is_none());
    kv(&channel).put(put("/small", small.clone())).await?;
    assert!(client.get("/small").await?.ok_or("it is gone")?.value == small);
    handle.stop().await?;
    Ok(())
}

async fn bad_keys() -> Tested {
    let folder = tempfile::tempdir()?;
    let (handle, client) = serve(&folder.path().join("state.db")).await?;
    let channel = connect(handle.endpoint()).await?;
    let before = client.revision().await?;
    for (key, words) in [
        (&b""[..], "etcdserver: key is not provided"),
        (b"/a\0b", "is not UTF-8 without NUL"),
        (b"/a\0", "is not UTF-8 without NUL"),
        (b"/a\xff", "is not UTF-8 without NUL"),
        (b"\xc3\x28", "is not UTF-8 without NUL"),
    ] {
        let key = bytes::Bytes::from_static(key);
        let check =
            |what: &str, status| refused(&format!("{what} of {key:?}"), status, Code::InvalidArgument, words);
        check("a put", kv(&channel).put(put(key.clone(), "v")).await.map(drop))?;
        check("a range", kv(&channel).range(range(key.clone(), "")).await.map(drop))?;
        let compare = Compare {
            target: CompareTarget::Mod.into(),
            target_union: Some(TargetUnion::ModRevision(0)),
            key: key.clone(),
            ..Compare::default()
        };
        let compared = TxnRequest {
            compare: vec![compare],
            success: vec![put_op(put("/fine", "v"))],
            failure: Vec::new(),
        };
        check("a compare", kv(&channel).txn(compared).await.map(drop))?;
        let written = TxnRequest { success: vec![put_op(put(key.clone(), "v"))], ..TxnRequest::default() };
        check("a put in a transaction", kv(&channel).txn(written).await.map(drop))?;
    }
    assert_eq!(client.revision().await?, before, "something was written");
    handle.stop().await?;
    Ok(())
}

async fn any_bounds() -> Tested {
    let folder = tempfile::tempdir()?;
    let (handle, client) = serve(&folder.path().join("state.db")).await?;
    for key in ["/a", "/b", "/ü"] {
        client.create(key, "v").await?.committed()?;
    }
    let channel = connect(handle.endpoint()).await?;
    for (start, end, expected) in [
        (&b"\0"[..], &b"\0"[..], 3),
        (b"", b"\xff\xff", 3),
        (b"/a\0", b"/b\0", 1),
        (b"/\xc3", b"/\xc4", 1),
        (b"\xff", b"\0", 0),
        (b"/b", b"/a", 0),
    ] {
        let (start, end) = (bytes::Bytes::from_static(start), bytes::Bytes::from_static(end));
        let answer = kv(&channel).range(range(start.clone(), end.clone())).await?.into_inner();
        assert_eq!(
            (answer.kvs.len(), answer.count),
            (expected, expected as i64),
            "from {start:?} to {end:?}"
        );
    }
    handle.stop().await?;
    Ok(())
}

/// Keeps every other connection from writing until it is dropped.
fn hold(path: &std::path::Path) -> Tested<Connection> {
    let holder = Connection::open(path)?;
    holder.busy_timeout(PATIENCE)?;
    holder.execute_batch("BEGIN IMMEDIATE")?;
    Ok(holder)
}

async fn full_queue() -> Tested {
    const WRITES: usize = 6;
    // Room for one that waits, by number and by size.
    for (writes, bytes) in [(1, 64 << 20), (100, 10_000)] {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("state.db");
        let (handle, client) = serve_built(of_file(&path).write_queue(writes, bytes)).await?;
        let channel = connect(handle.endpoint()).await?;
        let holder = hold(&path)?;
        let mut calls = JoinSet::new();
        for number in 0..WRITES {
            let mut kv = kv(&channel);
            calls.spawn(async move { (number, kv.put(put(format!("/{number}"), vec![7; 6000])).await) });
        }
        // One is with the writer and one waits, or both wait one after the other for the first.
        let mut refusals = Vec::new();
        while refusals.len() < WRITES - 2 {
            let (number, answer) =
                in_time("a write is refused", calls.join_next()).await?.ok_or("none left")??;
            refused("a write", answer, Code::ResourceExhausted, "etcdserver: too many requests")?;
            refusals.push(number);
        }
        drop(holder);
        while let Some(ended) = in_time("the rest is answered", calls.join_next()).await? {
            let (number, answer) = ended?;
            match answer {
                Ok(_) => assert!(client.get(format!("/{number}")).await?.is_some(), "{number} was answered"),
                Err(_) => {
                    refused("a write", answer, Code::ResourceExhausted, "etcdserver: too many requests")?;
                    refusals.push(number);
                }
            }
        }
        assert!(refusals.len() < WRITES, "nothing was written at all");
        for number in refusals {
            assert!(client.get(format!("/{number}")).await?.is_none(), "{number} was refused and written");
        }
        // What was refused left no trace in the queue's account.
        client.create("/later", vec![7; 6000]).await?.committed()?;
        handle.stop().await?;
    }
    Ok(())
}

async fn gone_away() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    let (handle, client) = serve(&path).await?;
    let before = client.revision().await?.get();
    let holder = hold(&path)?;
    let mut calls = JoinSet::new();
    for number in 0..50 {
        let channel = connect(handle.endpoint()).await?;
        calls.spawn(async move { kv(&channel).put(put(format!("/gone/{number}"), vec![7; 50_000])).await });
    }
    // One is with the writer, some wait, some are on their way. Reads are answered; then the clients go, connections and all.
    assert_eq!(client.count("/gone/").await?, 0);
    calls.shutdown().await;
    drop(holder);
    let last = client.create("/gone/x", "1").await?.committed()?;
    let held = client.list("/gone/").collect().await?.items;
    assert!(held.iter().all(|kv| kv.key == "/gone/x" || kv.value.len() == 50_000), "half a write is there");
    assert_eq!(last.get() - before, held.len() as i64, "each write that was done took one revision");
    handle.stop().await?;
    Ok(())
}
