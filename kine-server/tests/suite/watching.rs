//! Watches: each event once, in order, whoever else is slow.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::try_join_all;
use kine_client::{Client, Outcome, Revision};
use kine_proto::etcdserverpb::{CompactionRequest, WatchCreateRequest, WatchResponse};
use kine_proto::mvccpb::Event;
use kine_proto::mvccpb::event::EventType;
use kine_server::Server;
use libtest_mimic::Trial;
use testbed::trial;

use crate::content::same;
use crate::scene::{Tested, in_runtime, of_file, serve_built, until};
use crate::wire::{WireWatch, connect, kv, put};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("every_watcher_sees_each_event_of_its_range_once_and_in_order (memory)", &[], || {
            in_runtime(each_event_once(false))
        }),
        trial("every_watcher_sees_each_event_of_its_range_once_and_in_order (SQLite)", &[], || {
            in_runtime(each_event_once(true))
        }),
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

/// An event, and what was there before if that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    revision: i64,
    key: String,
    value: Option<String>,
    before: Option<(String, i64)>,
}

impl Seen {
    fn of(event: Event) -> Tested<Self> {
        let deleted = event.r#type() == EventType::Delete;
        let kv = event.kv.ok_or("an event of no key")?;
        Ok(Self {
            revision: kv.mod_revision,
            key: text(&kv.key),
            value: (!deleted).then(|| text(&kv.value)),
            before: event.prev_kv.map(|before| (text(&before.value), before.mod_revision)),
        })
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A range to watch: a key, a prefix, or all of them, with or without what was there before.
#[derive(Clone, Debug)]
struct Asked {
    key: String,
    is_prefix: bool,
    prev_kv: bool,
}

impl Asked {
    fn request(&self, start: i64) -> WatchCreateRequest {
        let end = kine_client::KeyRange::prefix(&self.key).end().unwrap_or_default().to_vec();
        WatchCreateRequest {
            key: self.key.clone().into(),
            range_end: if self.is_prefix { end.into() } else { Default::default() },
            start_revision: start,
            prev_kv: self.prev_kv,
            ..WatchCreateRequest::default()
        }
    }

    fn expected(&self, log: &[Seen]) -> Vec<Seen> {
        let covers = |seen: &&Seen| match self.is_prefix {
            true => seen.key.starts_with(&self.key),
            false => seen.key == self.key,
        };
        let shown =
            |seen: &Seen| Seen { before: seen.before.clone().filter(|_| self.prev_kv), ..seen.clone() };
        log.iter().filter(covers).map(shown).collect()
    }
}

/// Several watches on one stream.
struct Stream {
    wire: WireWatch,
    asked: HashMap<i64, Asked>,
    seen: HashMap<i64, Vec<Seen>>,
}

impl Stream {
    async fn open(endpoint: &str, asked: Vec<Asked>, start: i64) -> Tested<Self> {
        let channel = connect(endpoint).await?;
        let mut stream =
            Self { wire: WireWatch::open(&channel).await?, asked: HashMap::new(), seen: HashMap::new() };
        for asked in asked {
            stream.wire.create(asked.request(start)).await?;
            let created = loop {
                let message = stream.wire.next().await?;
                if message.created {
                    break message;
                }
                stream.take(message)?;
            };
            if stream.asked.insert(created.watch_id, asked).is_some() {
                return Err(format!("watch id {} was given twice", created.watch_id).into());
            }
        }
        Ok(stream)
    }

    fn take(&mut self, message: WatchResponse) -> Tested {
        if message.canceled {
            return Err(format!("cancelled: {message:?}").into());
        }
        let events = message.events.into_iter().map(Seen::of).collect::<Tested<Vec<_>>>()?;
        self.seen.entry(message.watch_id).or_default().extend(events);
        Ok(())
    }

    /// Reads until all is there that happened up to a revision, and compares it with the log.
    async fn finish(mut self, through: i64, log: Arc<Vec<Seen>>) -> Tested {
        // Progress says that nothing up to there is still to come.
        self.wire.ask_for_progress().await?;
        loop {
            let message = self.wire.next().await?;
            if message.watch_id == -1 && message.header.is_some_and(|header| header.revision >= through) {
                break;
            }
            self.take(message)?;
        }
        for (id, asked) in &self.asked {
            let seen = self.seen.remove(id).unwrap_or_default();
            same(&format!("what {asked:?} saw and the log"), &seen, &asked.expected(&log))?;
        }
        if let Some((id, seen)) = self.seen.into_iter().next() {
            return Err(format!("events came for the unknown watch {id}: {seen:?}").into());
        }
        Ok(())
    }
}

/// Creates, updates and deletes a few keys of one's own. Answers what was done, by revision.
async fn work(client: Client, writer: usize) -> Tested<Vec<Seen>> {
    let mut random = fastrand::Rng::with_seed(writer as u64);
    let mut held: BTreeMap<String, (String, i64)> = BTreeMap::new();
    let mut done = Vec::new();
    for number in 0..120 {
        let key = format!("/w/{writer:02}/{}", random.usize(..8));
        let before = held.remove(&key);
        let at = before.as_ref().map(|before| Revision::new(before.1).unwrap_or_default());
        let value = format!("{writer} {number} {}", "x".repeat(random.usize(..200)));
        let (value, outcome) = match at {
            Some(at) if random.u8(..4) == 0 => (None, client.delete(&key, at).await?),
            Some(at) => (Some(value.clone()), client.update(&key, value, at).await?),
            None => (Some(value.clone()), client.create(&key, value).await?),
        };
        let revision = outcome.committed()?.get();
        held.extend(value.clone().map(|value| (key.clone(), (value, revision))));
        done.push(Seen { revision, key, value, before });
    }
    Ok(done)
}

async fn each_event_once(on_disk: bool) -> Tested {
    let folder = tempfile::tempdir()?;
    let builder = if on_disk { of_file(&folder.path().join("state.db")) } else { Server::in_memory() };
    let (handle, client) = serve_built(builder).await?;
    let start = client.create("/w/first", "").await?.committed()?.get() + 1;
    let everything = |prev_kv| Asked { key: "/w/".into(), is_prefix: true, prev_kv };
    let some = |number: usize| Asked {
        key: match number % 3 {
            0 => format!("/w/{:02}/", number % WRITERS),
            1 => format!("/w/{:02}/{}", number % WRITERS, number % 8),
            _ => format!("/w/{}", number % 2),
        },
        is_prefix: number % 3 != 1,
        prev_kv: number.is_multiple_of(2),
    };
    // A thousand watches on one stream, and as many streams as a control plane has, half of them from before the writes.
    // Each has a connection of its own: one that is not read yet would fill the window of a common one.
    let mut streams = vec![Stream::open(handle.endpoint(), (0..1000).map(some).collect(), start).await?];
    for number in 0..40 {
        let asked = vec![everything(number % 2 == 0), some(number)];
        streams.push(Stream::open(handle.endpoint(), asked, if number < 20 { start } else { 0 }).await?);
    }
    let writers = (0..WRITERS).map(|writer| tokio::spawn(work(client.clone(), writer)));
    let writers: Vec<_> = writers.collect();
    // And some that come while it happens, from the beginning.
    for number in 0..10 {
        until("a tenth more is written", || async {
            Ok(client.revision().await?.get() >= start + number * 150)
        })
        .await?;
        streams.push(
            Stream::open(handle.endpoint(), vec![everything(true), some(number as usize)], start).await?,
        );
    }
    let mut log = Vec::new();
    for writer in try_join_all(writers).await? {
        log.extend(writer?);
    }
    log.sort_by_key(|seen| seen.revision);
    assert!(
        log.iter().zip(start..).all(|(seen, revision)| seen.revision == revision),
        "revisions are missing"
    );
    let (through, log) = (start - 1 + log.len() as i64, Arc::new(log));
    let finishing = streams.into_iter().map(|stream| stream.finish(through, log.clone()));
    try_join_all(finishing).await?;
    handle.stop().await?;
    Ok(())
}

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
    Asked { key: "/w/".into(), is_prefix: true, prev_kv: false }.request(start)
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
        let (key, is_prefix) =
            if number == 0 { ("/w/".into(), true) } else { (format!("/w/{number}"), false) };
        let create = Asked { key, is_prefix, prev_kv: false }.request(1);
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
