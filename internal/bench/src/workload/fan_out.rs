//! W7: many watch what is written at a steady rate.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use kine_proto::etcdserverpb::watch_request::RequestUnion;
use kine_proto::etcdserverpb::{WatchCreateRequest, WatchRequest, WatchResponse};
use serde::Serialize;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tonic::Streaming;

use super::Settings;
use crate::Result;
use crate::client::{Client, create, prefix_end};
use crate::drive::{Measured, open_loop};
use crate::keys::{Values, key, scattered};
use crate::samples::Samples;

/// What a watcher still misses when nothing has come for this long, after the last write was answered, is lost.
const SILENCE: Duration = Duration::from_secs(30);

/// What arrived at the watchers, all together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// Acknowledged writes times watchers.
    pub expected: u64,
    /// Events of acknowledged writes that a watcher never got. Has to be 0.
    pub lost: u64,
    /// Events that a watcher got more than once. Has to be 0.
    pub doubled: u64,
    /// Events that came after one with a higher revision. Has to be 0.
    pub misordered: u64,
    /// Writes that failed.
    pub failed_writes: u64,
}

impl Delivery {
    /// Adds another run's.
    pub fn add(&mut self, other: Self) {
        self.expected += other.expected;
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.misordered += other.misordered;
        self.failed_writes += other.failed_writes;
    }
}

/// Opens all watches, creates `rate` keys a second for the run's time, and waits until all watchers have all events, or
/// have heard nothing for 30 seconds. A latency is the time from when a write was due until a watcher had its event.
///
/// # Errors
///
/// A watch cannot be opened, or ends.
pub async fn run(
    client: &Client,
    settings: &Settings,
    run: usize,
    watchers: usize,
    rate: u32,
) -> Result<(Measured, Delivery)> {
    let prefix: Arc<str> = format!("/registry/watched-{run}-{watchers}-{rate}/").into();
    // The acknowledged writes, once all are answered; the watchers end when they have these.
    let (announce, acknowledged) = watch::channel(None);
    let start = Instant::now();
    let mut watching = JoinSet::new();
    for n in 0..watchers {
        let stream = open(client, n, &prefix).await?;
        watching.spawn(Watcher::new(start).follow(stream, acknowledged.clone()));
    }

    let written = Arc::new(Mutex::new(Vec::new()));
    let began = Instant::now();
    let writes = open_loop(rate, settings.time, {
        let (client, values, written) =
            (client.clone(), Values::new(settings.value_size), Arc::clone(&written));
        move |n, due| {
            let (mut kv, key) = (client.kv(n as usize), key(&prefix, scattered(n)));
            let value = stamp(n, due - start, &values.get(n));
            let written = Arc::clone(&written);
            async move {
                create(&mut kv, key, value).await?;
                written.lock().unwrap_or_else(PoisonError::into_inner).push(n);
                Ok(())
            }
        }
    })
    .await;
    let written: Arc<[u64]> =
        std::mem::take(&mut *written.lock().unwrap_or_else(PoisonError::into_inner)).into();
    announce.send_replace(Some(Arc::clone(&written)));

    let mut delivery = Delivery {
        expected: (written.len() * watchers) as u64,
        failed_writes: writes.errors,
        ..Delivery::default()
    };
    let mut measured =
        Measured { errors: writes.errors, first_error: writes.first_error, ..Measured::default() };
    let mut last = began;
    while let Some(watcher) = watching.join_next().await {
        let watcher = watcher??;
        delivery.lost += written.iter().filter(|n| !watcher.has(**n)).count() as u64;
        delivery.doubled += watcher.doubled;
        delivery.misordered += watcher.misordered;
        last = last.max(watcher.last);
        measured.samples.merge(watcher.samples);
    }
    measured.calls = measured.samples.len() as u64;
    measured.elapsed = last - began;
    Ok((measured, delivery))
}

/// Opens one watch on a stream of its own, as each watch of a Kubernetes API server has, and waits until it stands.
async fn open(client: &Client, n: usize, prefix: &str) -> Result<Streaming<WatchResponse>> {
    let create = WatchCreateRequest {
        key: Bytes::copy_from_slice(prefix.as_bytes()),
        range_end: prefix_end(prefix),
        ..Default::default()
    };
    let request = WatchRequest { request_union: Some(RequestUnion::CreateRequest(create)) };
    // The request side stays open: a server ends the watch with it.
    let requests = futures_util::StreamExt::chain(tokio_stream::once(request), tokio_stream::pending());
    let mut stream = client.watch(n).watch(requests).await?.into_inner();
    match stream.message().await? {
        Some(answer) if answer.created && !answer.canceled => Ok(stream),
        other => Err(format!("a watch could not be opened: {other:?}").into()),
    }
}

/// A value that begins with the number of its write and when it was due.
fn stamp(n: u64, due: Duration, value: &Bytes) -> Bytes {
    let mut stamped = BytesMut::with_capacity(value.len().max(16));
    stamped.put_u64(n);
    // 584 years fit.
    stamped.put_u64(due.as_nanos() as u64);
    stamped.put_slice(value.get(16..).unwrap_or_default());
    stamped.freeze()
}

/// The number and the due time of a stamped value.
fn read_stamp(value: &[u8]) -> Option<(u64, Duration)> {
    let number = u64::from_be_bytes(value.get(..8)?.try_into().ok()?);
    let due = u64::from_be_bytes(value.get(8..16)?.try_into().ok()?);
    Some((number, Duration::from_nanos(due)))
}

struct Watcher {
    start: Instant,
    seen: Vec<bool>,
    distinct: usize,
    doubled: u64,
    misordered: u64,
    revision: i64,
    last: Instant,
    samples: Samples,
}

impl Watcher {
    fn new(start: Instant) -> Self {
        Self {
            start,
            seen: Vec::new(),
            distinct: 0,
            doubled: 0,
            misordered: 0,
            revision: 0,
            last: start,
            samples: Samples::default(),
        }
    }

    fn has(&self, n: u64) -> bool {
        self.seen.get(n as usize).copied().unwrap_or(false)
    }

    /// Reads events until all that were acknowledged are there.
    async fn follow(
        mut self,
        mut stream: Streaming<WatchResponse>,
        mut acknowledged: watch::Receiver<Option<Arc<[u64]>>>,
    ) -> Result<Self> {
        let mut wanted: Option<Arc<[u64]>> = None;
        loop {
            if let Some(all) = &wanted
                // More than the acknowledged ones can be there, so the count is only the cheap half of the question.
                && self.distinct >= all.len()
                && all.iter().all(|n| self.has(*n))
            {
                return Ok(self);
            }
            tokio::select! {
                message = stream.message() => match message? {
                    Some(answer) if !answer.canceled => self.take(answer),
                    Some(answer) => return Err(format!("a watch was cancelled: {}", answer.cancel_reason).into()),
                    None => return Err("the server ended a watch".into()),
                },
                _ = acknowledged.changed(), if wanted.is_none() => {
                    wanted = acknowledged.borrow().clone();
                }
                // Before the writes end nothing is missing yet.
                () = tokio::time::sleep(SILENCE), if wanted.is_some() => return Ok(self),
            }
        }
    }

    fn take(&mut self, answer: WatchResponse) {
        let now = Instant::now();
        for kv in answer.events.into_iter().filter_map(|event| event.kv) {
            let Some((n, due)) = read_stamp(&kv.value) else { continue };
            let at = n as usize;
            if self.seen.len() <= at {
                self.seen.resize(at + 1, false);
            }
            if std::mem::replace(&mut self.seen[at], true) {
                self.doubled += 1;
                continue;
            }
            self.distinct += 1;
            if kv.mod_revision < self.revision {
                self.misordered += 1;
            }
            self.revision = self.revision.max(kv.mod_revision);
            self.last = now;
            self.samples.push(now.saturating_duration_since(self.start + due));
        }
    }
}

#[cfg(test)]
mod tests {
    use kine_proto::mvccpb::{Event, KeyValue};

    use super::*;

    fn event(n: u64, revision: i64) -> Event {
        let value = stamp(n, Duration::ZERO, &Bytes::new());
        Event {
            kv: Some(KeyValue { value, mod_revision: revision, ..Default::default() }),
            ..Default::default()
        }
    }

    #[test]
    fn a_stamp_is_read_back_and_keeps_the_values_size() {
        let value = stamp(7, Duration::from_millis(5), &Bytes::from(vec![1; 1024]));
        assert_eq!(value.len(), 1024);
        assert_eq!(read_stamp(&value), Some((7, Duration::from_millis(5))));
        assert_eq!(read_stamp(b"short"), None);
    }

    #[tokio::test]
    async fn a_watcher_notices_what_is_doubled_misordered_or_absent() {
        let mut watcher = Watcher::new(Instant::now());
        watcher.take(WatchResponse { events: vec![event(0, 2), event(2, 4)], ..Default::default() });
        watcher.take(WatchResponse { events: vec![event(2, 4), event(1, 3)], ..Default::default() });
        assert_eq!((watcher.doubled, watcher.misordered, watcher.distinct), (1, 1, 3));
        assert!(watcher.has(1) && !watcher.has(3));
        assert_eq!(watcher.samples.len(), 3);
    }
}
