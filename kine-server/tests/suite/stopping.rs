//! How a server stops: what it has accepted is answered, and everything is let go of.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use futures_util::future::try_join_all;
use kine_client::{Client, KeyRange};
use kine_proto::etcdserverpb::WatchCreateRequest;
use kine_server::{ErrorKind, ListenAddress, Server};
use libtest_mimic::Trial;
use rusqlite::Connection;
use testbed::trial;
use tokio::task::JoinSet;
use tonic::Code;
use tonic::transport::Channel;

use crate::scene::{Tested, in_runtime, in_time, of_file, serve, serve_built, until};
use crate::wire::{WireWatch, connect, kv, put, range, refused};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("a_stop_does_not_wait_for_a_client_that_takes_nothing", &[], || {
            in_runtime(stop_without_reader())
        }),
        trial("a_stop_under_load_answers_what_it_accepted_and_keeps_it", &[], || {
            in_runtime(stop_under_load())
        }),
        trial("a_stop_answers_a_write_that_waits_for_the_disk", &[], || in_runtime(stop_in_flight())),
        trial("a_stop_ends_watches_as_unavailable_and_lets_go_of_file_and_socket", &[], || {
            in_runtime(stop_watches())
        }),
        trial("dropping_the_handle_stops_in_the_background", &[], || in_runtime(dropped())),
    ]
}

/// Writes until the server is gone. Answers the keys that were committed.
async fn load(channel: Channel, writer: usize) -> Vec<String> {
    let mut committed = Vec::new();
    loop {
        let key = format!("/{writer}/{}", committed.len());
        match kv(&channel).put(put(key.clone(), "1")).await {
            Ok(_) => committed.push(key),
            Err(_) => return committed,
        }
    }
}

async fn stop_under_load() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    let mut committed = BTreeSet::new();
    for round in 0..5 {
        let (handle, client) = serve(&path).await?;
        let mut writers = Vec::new();
        for writer in 0..16 {
            let channel = connect(handle.endpoint()).await?;
            writers.push(tokio::spawn(load(channel, round * 100 + writer)));
        }
        let enough = committed.len() as u64 + 200;
        until("there is some load", || async { Ok(client.count(KeyRange::all()).await? >= enough) }).await?;
        handle.stop().await?;
        for keys in try_join_all(writers).await? {
            committed.extend(keys);
        }
        // A write without an answer has met a connection that was closing, and must not be there: accepted is answered.
        let rows = Connection::open(&path)?;
        let mut select = rows.prepare("SELECT name FROM kine WHERE name LIKE '/%'")?;
        let stored = select.query_map([], |row| row.get(0))?;
        let stored: BTreeSet<String> = stored.collect::<Result<_, _>>()?;
        let difference: Vec<_> = stored.symmetric_difference(&committed).collect();
        assert!(difference.is_empty(), "in round {round} stored and answered differ in {difference:?}");
    }
    Ok(())
}

async fn stop_in_flight() -> Tested {
    const WRITES: usize = 6;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    let (handle, _) = serve_built(of_file(&path).write_queue(1, 64 << 20)).await?;
    let channel = connect(handle.endpoint()).await?;
    let holder = Connection::open(&path)?;
    holder.execute_batch("BEGIN IMMEDIATE")?;
    let mut writing = JoinSet::new();
    for number in 0..WRITES {
        let mut kv = kv(&channel);
        writing.spawn(async move { kv.put(put(format!("/{number}"), "1")).await });
    }
    // When all but two are refused, the queue is full and the writer is waiting too.
    for _ in 0..WRITES - 2 {
        let answer = in_time("a write is refused", writing.join_next()).await?.ok_or("none left")??;
        refused("a write", answer, Code::ResourceExhausted, "too many requests")?;
    }
    let endpoint = handle.endpoint().to_owned();
    let stopping = tokio::spawn(handle.stop());
    until("the server takes no more", || async { Ok(connect(&endpoint).await.is_err()) }).await?;
    drop(holder);
    let mut committed = 0;
    while let Some(answer) = in_time("the rest is answered", writing.join_next()).await? {
        match answer? {
            Ok(_) => committed += 1,
            // It had come before the writer took up the first one.
            answer => refused("a write", answer, Code::ResourceExhausted, "too many requests")?,
        }
    }
    assert!(committed > 0, "nothing that was accepted was answered");
    in_time("the server stops", stopping).await???;
    let rows = Connection::open(&path)?;
    let stored: i64 =
        rows.query_row("SELECT count(*) FROM kine WHERE name LIKE '/%'", [], |row| row.get(0))?;
    assert_eq!(stored, committed);
    Ok(())
}

async fn stop_without_reader() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    let (handle, client) = serve_built(of_file(&path).stop_timeout(Duration::from_millis(100))).await?;
    for number in 0..20 {
        client.create(format!("/{number}"), vec![7; 1 << 20]).await?.committed()?;
    }
    let address = handle.local_address().ok_or("no address")?;
    let mut wire = kv(&connect(handle.endpoint()).await?);
    let mut unread = wire.range_stream(range("/", "0")).await?.into_inner();
    in_time("the server stops", handle.stop()).await??;
    assert!(is_free(&path).await?, "the file is still held");
    // Half an answer must not look like a whole one.
    let mut taken = 0;
    loop {
        match in_time("the answer ends", unread.message()).await? {
            Ok(Some(part)) => taken += part.range_response.map_or(0, |part| part.kvs.len()),
            Ok(None) if taken == 20 => break,
            Ok(None) => return Err(format!("it ended well after {taken} of 20 keys").into()),
            Err(_) => break,
        }
    }
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "the address is still listened on");
    Ok(())
}

/// The file can be opened, and the socket is gone.
async fn is_let_go_of(path: &Path, socket: &Path) -> Tested {
    assert!(!socket.exists(), "the socket is left behind");
    let wal = path.with_extension("db-wal");
    assert!(!wal.exists(), "the WAL was not brought home");
    serve(path).await?.0.stop().await?;
    Ok(())
}

/// Whether nobody holds the file.
async fn is_free(path: &Path) -> Tested<bool> {
    match of_file(path).open().await {
        Ok(server) => {
            server.serve(ListenAddress::loopback()).await?.stop().await?;
            Ok(true)
        }
        Err(error) if error.kind() == ErrorKind::InUse => Ok(false),
        Err(error) => Err(error.into()),
    }
}

async fn stop_watches() -> Tested {
    let folder = tempfile::tempdir()?;
    let (path, socket) = (folder.path().join("state.db"), folder.path().join("kine.sock"));
    let handle = of_file(&path).open().await?.serve(ListenAddress::unix(&socket)).await?;
    let client = Client::connect([handle.endpoint()]).await?;
    client.put("/a", "1").await?.committed()?;
    handle.stop().await?;
    is_let_go_of(&path, &socket).await?;

    let memory = Server::in_memory().open().await?.serve(ListenAddress::loopback()).await?;
    let mut watch = WireWatch::open(&connect(memory.endpoint()).await?).await?;
    watch.create(WatchCreateRequest { key: "/".into(), range_end: "0".into(), ..Default::default() }).await?;
    assert!(watch.next().await?.created);
    memory.stop().await?;
    let end = watch.end().await?.ok_or("the watch ended as if it had been asked to")?;
    assert_eq!((end.code(), end.message()), (Code::Unavailable, "etcdserver: server stopped"));
    Ok(())
}

async fn dropped() -> Tested {
    let folder = tempfile::tempdir()?;
    let (path, socket) = (folder.path().join("state.db"), folder.path().join("kine.sock"));
    // Served, only open, and while it is being opened.
    for _ in 0..5 {
        let handle = of_file(&path).open().await?.serve(ListenAddress::unix(&socket)).await?;
        let client = Client::connect([handle.endpoint()]).await?;
        client.put("/a", "1").await?.committed()?;
        drop(client);
        drop(handle);
        until("the server has let go", || is_free(&path)).await?;
        assert!(!socket.exists(), "the socket is left behind");
        drop(of_file(&path).open().await?);
        until("a server that was only open has let go", || is_free(&path)).await?;
        drop(tokio::time::timeout(Duration::from_micros(300), of_file(&path).open()).await);
        until("one that was being opened has let go", || is_free(&path)).await?;
    }
    Ok(())
}
