//! Watches while the way to the server is broken: each event once, in order, or an error that says what is lost.

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use kine_client::{Client, ErrorKind, Revision};
use libtest_mimic::Trial;
use testbed::{Direction, Etcd, Kine, KineBackend, Need, Postgres, trial, wait_until};

use crate::scene::{KINE, PATIENCE, Tested, in_runtime, kine, next_revision, proxy};

pub(crate) fn trials() -> Vec<Trial> {
    let kine = &[Need::Kine(KINE)][..];
    let etcd = &[Need::Etcd][..];
    let postgres = &[Need::Kine(KINE), Need::Postgres][..];
    vec![
        trial("a_watch_survives_cut_connections", kine, || in_runtime(cuts())),
        trial("a_watch_survives_restarts_of_kine", kine, || in_runtime(kine_restarts())),
        trial("a_watch_survives_restarts_of_etcd", etcd, || in_runtime(etcd_restarts())),
        trial("a_watch_survives_a_half_closed_connection", kine, || in_runtime(half_close())),
        trial("a_silent_stream_is_replaced", kine, || in_runtime(silence())),
        trial("a_watch_goes_on_at_another_kine_of_the_same_database", postgres, || {
            in_runtime(other_process())
        }),
        trial("a_watcher_that_kine_drops_for_being_slow_loses_nothing", kine, || in_runtime(slow_watcher())),
        trial("a_watch_that_missed_a_compaction_ends_with_the_compact_revision", kine, || {
            in_runtime(missed_compaction())
        }),
        trial("watches_that_nobody_reads_hold_up_no_call", kine, || in_runtime(unread_watches())),
        trial("a_dropped_watch_ends_on_the_server", etcd, || in_runtime(dropped_watch())),
    ]
}

/// Writes one key so often, with `fault` in between, and expects each revision once from a watch beside it.
async fn each_once(
    writer: &Client,
    watcher: &Client,
    writes: usize,
    mut fault: impl FnMut(usize) -> Result<(), testbed::Error>,
) -> Tested {
    let mut watch = watcher.watch("/").await?;
    let mut revision = writer.create("/a", "0").await?.committed()?;
    assert_eq!(next_revision(&mut watch).await?, revision);
    for n in 1..=writes {
        fault(n)?;
        revision = writer.update("/a", n.to_string(), revision).await?.committed()?;
        assert_eq!(next_revision(&mut watch).await?, revision, "write {n}");
    }
    Ok(())
}

async fn cuts() -> Tested {
    let kine = kine()?;
    let proxy = proxy(kine.endpoint())?;
    let (writer, watcher) =
        (Client::connect([kine.endpoint()]).await?, Client::connect([proxy.endpoint()]).await?);
    each_once(&writer, &watcher, 30, |n| {
        if n % 3 == 0 {
            proxy.cut();
        }
        Ok(())
    })
    .await?;
    assert!(proxy.accepted() > 5, "the connection was hardly ever cut: {}", proxy.accepted());
    Ok(())
}

async fn kine_restarts() -> Tested {
    let mut kine = kine()?;
    let client = Client::connect([kine.endpoint()]).await?;
    let mut watch = client.watch("/").await?;
    for n in 0..3 {
        // The first call after a restart is a read: a write might meet the old connection and end unknown.
        client.revision().await?;
        let read = client.create(format!("/{n}/read"), "1").await?.committed()?;
        let unread = client.create(format!("/{n}/unread"), "1").await?.committed()?;
        assert_eq!(next_revision(&mut watch).await?, read);
        kine.restart()?;
        assert_eq!(next_revision(&mut watch).await?, unread);
    }
    Ok(())
}

async fn etcd_restarts() -> Tested {
    let mut etcd = Etcd::start()?;
    let client = Client::connect([etcd.endpoint()]).await?;
    let mut watch = client.watch("/").await?;
    for n in 0..2 {
        client.revision().await?;
        let written = client.create(format!("/{n}"), "1").await?.committed()?;
        assert_eq!(next_revision(&mut watch).await?, written);
        etcd.restart()?;
    }
    Ok(())
}

async fn half_close() -> Tested {
    let kine = kine()?;
    let proxy = proxy(kine.endpoint())?;
    let (writer, watcher) =
        (Client::connect([kine.endpoint()]).await?, Client::connect([proxy.endpoint()]).await?);
    each_once(&writer, &watcher, 4, |n| {
        proxy.half_close(if n % 2 == 0 { Direction::ToClient } else { Direction::ToServer });
        Ok(())
    })
    .await
}

async fn silence() -> Tested {
    let kine = kine()?;
    let (first, second) = (proxy(kine.endpoint())?, proxy(kine.endpoint())?);
    let writer = Client::connect([kine.endpoint()]).await?;
    // The request timeout would end the wait too; with this one it would be too late.
    let watcher =
        Client::connect([first.endpoint(), second.endpoint()]).await?.with_request_timeout(PATIENCE * 2);
    let mut watch = watcher.watch("/").liveness(Duration::from_secs(1)).await?;
    first.pause(Direction::ToClient);
    let written = writer.create("/a", "1").await?.committed()?;
    assert_eq!(next_revision(&mut watch).await?, written);
    assert_eq!(watcher.endpoint(), second.endpoint());
    Ok(())
}

async fn other_process() -> Tested {
    let postgres = Postgres::start()?;
    let source = postgres.data_source(&postgres.create_database()?);
    let mut one = Kine::start(KINE, KineBackend::DataSource(&source))?;
    let other = Kine::start(KINE, KineBackend::DataSource(&source))?;
    let client = Client::connect([one.endpoint(), other.endpoint()]).await?;
    let mut watch = client.watch("/").await?;
    let first = client.create("/a", "1").await?.committed()?;
    assert_eq!(next_revision(&mut watch).await?, first);
    one.kill();
    client.revision().await?;
    let second = client.create("/b", "1").await?.committed()?;
    assert_eq!(next_revision(&mut watch).await?, second);
    assert_eq!(client.endpoint(), other.endpoint());
    Ok(())
}

/// Together they have more to receive than the window that HTTP/2 libraries give a connection (hyper: 5 MiB).
async fn unread_watches() -> Tested {
    let kine = kine()?;
    let writer = Client::connect([kine.endpoint()]).await?;
    let client = Client::connect([kine.endpoint()]).await?;
    let mut watches = Vec::new();
    for _ in 0..12 {
        watches.push(client.watch("/").await?);
    }
    let mut written = Vec::new();
    for n in 0..20 {
        written.push(writer.create(format!("/{n}"), vec![0; 100_000]).await?.committed()?);
    }
    // The last watch is read to the end, so that everything was sent to the others by about then.
    let mut last = watches.pop().ok_or("there is no watch")?;
    for revision in &written {
        assert_eq!(next_revision(&mut last).await?, *revision);
    }
    for n in 0..20 {
        assert_eq!(client.get(format!("/{n}")).await?.map(|kv| kv.value.len()), Some(100_000));
    }
    for mut watch in watches {
        for revision in &written {
            assert_eq!(next_revision(&mut watch).await?, *revision);
        }
    }
    Ok(())
}

/// kine drops a watcher whose channel of 100 batches is full, without a reason (`pkg/broadcaster`). A watcher that does
/// not read fills its flow-control window first, so there has to be more than that.
async fn slow_watcher() -> Tested {
    const WRITES: usize = 1500;
    const VALUE: usize = 32 * 1024;
    let kine = kine()?;
    let client = Client::connect([kine.endpoint()]).await?;
    let mut watch = client.watch("/").await?;
    let written: Vec<Revision> = stream::iter(0..WRITES)
        .map(|n| {
            let client = client.clone();
            async move { client.create(format!("/{n}"), vec![0; VALUE]).await?.committed() }
        })
        .buffer_unordered(16)
        .try_collect()
        .await?;
    let mut expected = written;
    expected.sort_unstable();
    for revision in expected {
        assert_eq!(next_revision(&mut watch).await?, revision);
    }
    Ok(())
}

async fn missed_compaction() -> Tested {
    let kine = kine()?;
    let proxy = proxy(kine.endpoint())?;
    let (writer, watcher) =
        (Client::connect([kine.endpoint()]).await?, Client::connect([proxy.endpoint()]).await?);
    let mut watch = watcher.watch("/").await?;
    let mut revision = writer.create("/a", "1").await?.committed()?;
    assert_eq!(next_revision(&mut watch).await?, revision);

    proxy.refuse(true);
    proxy.cut();
    for n in 0..3 {
        revision = writer.update("/a", n.to_string(), revision).await?.committed()?;
    }
    writer.compact(revision).await?;
    proxy.refuse(false);

    let item = tokio::time::timeout(PATIENCE, watch.next()).await?;
    let Some(Err(error)) = item else { return Err(format!("the watch gave {item:?}").into()) };
    assert_eq!(error.kind(), ErrorKind::Compacted { revision: Some(revision) });
    assert!(watch.next().await.is_none());
    Ok(())
}

async fn dropped_watch() -> Tested {
    let etcd = Etcd::start()?;
    let client = Client::connect([etcd.endpoint()]).await?;
    let watch = client.watch("/").await?;
    let watchers = || gauge(&etcd.address(), "etcd_debugging_mvcc_watcher_total").ok();
    wait_until("etcd counts one watcher", PATIENCE, || watchers() == Some(1.0))?;
    drop(watch);
    wait_until("etcd counts no watcher", PATIENCE, || watchers() == Some(0.0))?;
    Ok(())
}

/// One number of etcd's metrics page.
fn gauge(address: &str, name: &str) -> Result<f64, Box<dyn Error>> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(b"GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
    let mut page = String::new();
    stream.read_to_string(&mut page)?;
    let line = page.lines().find_map(|line| line.strip_prefix(name)).ok_or("the metric is not there")?;
    Ok(line.trim().parse()?)
}
