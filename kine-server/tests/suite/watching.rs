//! Watches: each event of a range once, in order, for many watchers of many kinds.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use futures_util::future::try_join_all;
use kine_client::{Client, Revision};
use kine_proto::etcdserverpb::{WatchCreateRequest, WatchResponse};
use kine_proto::mvccpb::Event;
use kine_proto::mvccpb::event::EventType;
use kine_server::Server;
use libtest_mimic::Trial;
use testbed::trial;

use crate::content::same;
use crate::scene::{Tested, in_runtime, of_file, serve_built, until};
use crate::wire::{WireWatch, connect};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("every_watcher_sees_each_event_of_its_range_once_and_in_order (memory)", &[], || {
            in_runtime(each_event_once(false))
        }),
        trial("every_watcher_sees_each_event_of_its_range_once_and_in_order (SQLite)", &[], || {
            in_runtime(each_event_once(true))
        }),
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
