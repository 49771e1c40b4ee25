//! Watch streams of clients that are slow or change their minds, and what a stream is told besides events.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::try_join_all;
use kine_client::{Client, Outcome};
use kine_proto::etcdserverpb::{CompactionRequest, WatchCreateRequest};
use kine_proto::mvccpb::Event;
use kine_server::Server;
use libtest_mimic::Trial;
use testbed::trial;

use crate::content::same;
use crate::scene::{Tested, in_runtime, serve_built};
use crate::wire::{WireWatch, connect, kv, put};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("a_watcher_that_does_not_read_slows_nobody_and_misses_nothing (many events)", &[], || {
            in_runtime(slow(5000, 100))
        }),
        trial("a_watcher_that_does_not_read_slows_nobody_and_misses_nothing (many bytes)", &[], || {
            in_runtime(slow(900, 40_000))
        }),
        trial("a_watcher_that_compaction_passes_is_told_from_where_to_go_on", &[], || in_runtime(passed())),
        trial("progress_is_never_ahead_of_events", &[], || in_runtime(progress())),
        trial("a_cancelled_watch_says_so_last_and_others_go_on", &[], || in_runtime(cancelled())),
    ]
}

const WRITERS: usize = 16;

/// Puts so many values of so many bytes from several connections. Each put has an answer.
async fn fill(endpoint: &str, count: usize, bytes: usize) -> Tested {
    let mut writers = Vec::new();
    for writer in 0..WRITERS {
        let mut kv = kv(&connect(endpoint).await?);
        writers.push(tokio::spawn(async move {
            for number in (writer..count).step_by(WRITERS) {
                kv.put(put(format!("/w/{}", number % 50), vec![7; bytes])).await?;
            }
            Ok::<_, tonic::Status>(())
        }));
    }
    for writer in try_join_all(writers).await? {
        writer?;
    }
    Ok(())
}

fn all_from(start: i64) -> WatchCreateRequest {
    WatchCreateRequest {
        key: "/w/".into(),
        range_end: "/w0".into(),
        start_revision: start,
        ..WatchCreateRequest::default()
    }
}

async fn opened(endpoint: &str, create: WatchCreateRequest) -> Tested<WireWatch> {
    let mut watch = WireWatch::open(&connect(endpoint).await?).await?;
    watch.create(create).await?;
    match watch.next().await? {
        message if message.created => Ok(watch),
        message => Err(format!("not created: {message:?}").into()),
    }
}

async fn slow(count: usize, bytes: usize) -> Tested {
    let (handle, client) = serve_built(Server::in_memory()).await?;
    let start = client.revision().await?.get() + 1;
    let expected: Vec<i64> = (start..start + count as i64).collect();
    let mut idle = opened(handle.endpoint(), all_from(0)).await?;
    let mut quick = opened(handle.endpoint(), all_from(0)).await?;
    let reading = tokio::spawn(async move { quick.events(count).await });
    // The writes are all answered, and the quick one has all events, while the idle one has read nothing.
    fill(handle.endpoint(), count, bytes).await?;
    let revisions = |events: Vec<Event>| {
        events.iter().filter_map(|event| Some(event.kv.as_ref()?.mod_revision)).collect()
    };
    let seen: Vec<i64> = revisions(reading.await??);
    same("what the quick one saw", &seen, &expected)?;
    let mut events = Vec::new();
    while events.len() < count {
        let message = idle.next().await?;
        assert!(!message.canceled, "{message:?}");
        events.extend(message.events);
    }
    assert!(events.iter().all(|event| event.kv.as_ref().is_some_and(|kv| kv.value.len() == bytes)));
    same("what the idle one saw", &revisions(events), &expected)?;
    // And it goes on.
    let next = client.put("/w/next", "1").await?.committed()?;
    same("what follows", &revisions(idle.events(1).await?), &[next.get()])?;
    handle.stop().await?;
    Ok(())
}

async fn passed() -> Tested {
    const COUNT: usize = 5000;
    let (handle, client) = serve_built(Server::in_memory()).await?;
    let mut idle = opened(handle.endpoint(), all_from(0)).await?;
    let mut quick = opened(handle.endpoint(), all_from(0)).await?;
    let reading = tokio::spawn(async move { quick.events(COUNT).await.map(|_| quick) });
    fill(handle.endpoint(), COUNT, 1000).await?;
    let mut quick = reading.await??;
    let newest = client.revision().await?.get();
    let request = CompactionRequest { revision: newest, physical: true };
    kv(&connect(handle.endpoint()).await?).compact(request).await?;
    // What had been sent before comes in order; then it is told that the rest is gone.
    let mut last = 0;
    let cancelled = loop {
        let message = idle.next().await?;
        if message.canceled {
            break message;
        }
        for revision in message.events.iter().filter_map(|event| Some(event.kv.as_ref()?.mod_revision)) {
            assert!(last == 0 || revision == last + 1, "{revision} came after {last}");
            last = revision;
        }
    };
    assert!(last < newest, "the idle watch was not behind, and this shows nothing");
    assert_eq!(cancelled.compact_revision, newest);
    assert!(cancelled.cancel_reason.contains("required revision has been compacted"), "{cancelled:?}");
    // The one that was up to date is not touched by it.
    let next = client.put("/w/next", "1").await?.committed()?;
    let event = quick.events(1).await?.remove(0);
    assert_eq!(event.kv.map(|kv| kv.mod_revision), Some(next.get()));
    handle.stop().await?;
    Ok(())
}

/// Writes until told to stop.
async fn keep_writing(client: Client, stop: Arc<AtomicBool>) -> Tested {
    let mut random = fastrand::Rng::with_seed(1);
    while !stop.load(Ordering::Relaxed) {
        let outcome = client.put(format!("/w/{}", random.usize(..6)), "v").await?;
        if let Outcome::Unknown(error) = outcome {
            return Err(error.into());
        }
    }
    Ok(())
}

async fn progress() -> Tested {
    let builder = Server::in_memory().watch_progress_interval(Duration::from_millis(1));
    let (handle, client) = serve_built(builder).await?;
    let mut wire = WireWatch::open(&connect(handle.endpoint()).await?).await?;
    const WATCHES: i64 = 6;
    for number in 0..WATCHES {
        let create = match number {
            0 => all_from(1),
            _ => WatchCreateRequest {
                key: format!("/w/{number}").into(),
                start_revision: 1,
                ..Default::default()
            },
        };
        wire.create(WatchCreateRequest { progress_notify: true, ..create }).await?;
    }
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..4).map(|_| tokio::spawn(keep_writing(client.clone(), stop.clone()))).collect();
    // How far each watch was told that there is nothing more to come.
    let mut told: HashMap<i64, i64> = HashMap::new();
    let (mut manual, mut periodic, mut created) = (0, 0, 0);
    wire.ask_for_progress().await?;
    while manual < 200 || periodic < 200 {
        let message = wire.next().await?;
        let revision = message.header.map_or(0, |header| header.revision);
        if message.created {
            created += 1;
            continue;
        }
        assert!(!message.canceled, "{message:?}");
        for event in &message.events {
            let at = event.kv.as_ref().map_or(0, |kv| kv.mod_revision);
            let floor = told.get(&message.watch_id).copied().unwrap_or(0);
            assert!(at > floor, "watch {} was told of {floor} and then got {at}", message.watch_id);
        }
        let last = message.events.last().and_then(|event| event.kv.as_ref()).map(|kv| kv.mod_revision);
        match (message.watch_id, last) {
            (-1, _) => {
                manual += 1;
                // It counts for every watch that was there when it was asked for.
                if created == WATCHES {
                    for id in 1..=WATCHES {
                        let floor = told.entry(id).or_default();
                        *floor = revision.max(*floor);
                    }
                }
                wire.ask_for_progress().await?;
            }
            (id, None) => {
                periodic += 1;
                let before = told.insert(id, revision).unwrap_or(0);
                assert!(revision >= before, "the progress of {id} went back from {before} to {revision}");
            }
            (id, Some(last)) => drop(told.insert(id, last)),
        }
        // Idle watches, whose progress is told by the interval alone, are there when nothing is written.
        if manual >= 200 {
            stop.store(true, Ordering::Relaxed);
        }
    }
    for writer in try_join_all(writers).await? {
        writer?;
    }
    handle.stop().await?;
    Ok(())
}

async fn cancelled() -> Tested {
    let (handle, client) = serve_built(Server::in_memory()).await?;
    let mut wire = WireWatch::open(&connect(handle.endpoint()).await?).await?;
    wire.create(WatchCreateRequest { watch_id: 7, ..all_from(1) }).await?;
    assert!(wire.next().await?.created);
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..4).map(|_| tokio::spawn(keep_writing(client.clone(), stop.clone()))).collect();
    let mut last = 0;
    for round in 0..200 {
        // The same id each time: an event that comes late would be taken for one of the next watch.
        wire.create(WatchCreateRequest { watch_id: 5, ..all_from(0) }).await?;
        let (mut is_open, mut is_asked) = (false, false);
        loop {
            let message = wire.next().await?;
            if message.watch_id == 7 {
                for event in message.events {
                    let revision = event.kv.map_or(0, |kv| kv.mod_revision);
                    assert!(last == 0 || revision == last + 1, "the other watch got {revision} after {last}");
                    last = revision;
                }
                continue;
            }
            assert_eq!(message.watch_id, 5, "{message:?}");
            match (message.created, message.canceled) {
                (true, false) => is_open = true,
                (false, true) => break,
                _ => assert!(is_open, "round {round}: an event came before the watch was there: {message:?}"),
            }
            if is_open && !is_asked {
                wire.cancel(5).await?;
                is_asked = true;
            }
        }
        assert!(is_asked, "round {round}: the watch was cancelled by itself");
        if round % 50 == 0 {
            // One that is not there is nobody's: no answer, and no harm.
            wire.cancel(5).await?;
            wire.cancel(99).await?;
        }
    }
    stop.store(true, Ordering::Relaxed);
    for writer in try_join_all(writers).await? {
        writer?;
    }
    let next = client.put("/w/end", "1").await?.committed()?.get();
    while last < next {
        for event in wire.events(1).await? {
            last = event.kv.map_or(0, |kv| kv.mod_revision);
        }
    }
    handle.stop().await?;
    Ok(())
}
