//! From committed rows to those who watch them.
//!
//! One task takes batches of events in the order of their revisions and puts each event into the queue of every
//! subscriber whose range holds its key. It never waits: a subscriber whose queue is full is dropped and goes on from
//! the index ([`Watcher`](super::watcher::Watcher)), and when the task itself cannot keep up, batches are skipped and all
//! subscribers do that. So a slow watcher costs the others nothing, and memory stays bounded.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc, watch};

use super::index::Applied;
use crate::key::KeyRange;
use crate::revision::Revision;

/// Batches between the writer and the task; when it is full, batches are skipped.
const BATCHES: usize = 1024;
/// Events, and bytes of their values, that wait for one subscriber.
const QUEUE: usize = 1000;
const QUEUE_BYTES: usize = 16 << 20;

/// One change to one key.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) applied: Applied,
    /// At hand when this process wrote it.
    pub(crate) value: Option<Bytes>,
}

impl Event {
    pub(crate) fn revision(&self) -> Revision {
        self.applied.version.mod_revision
    }
}

/// All events of the revisions in `(after, through]`.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) after: Revision,
    pub(crate) through: Revision,
    pub(crate) events: Vec<Arc<Event>>,
}

/// Who subscribes to what, and how far events are given out.
#[derive(Debug)]
pub(crate) struct Events {
    registry: Mutex<Registry>,
    published: watch::Sender<Revision>,
    stopped: watch::Sender<bool>,
    feed: mpsc::Sender<Batch>,
    /// Up to where batches were skipped, of which the task is told.
    skipped: AtomicI64,
    skips: Notify,
}

impl Events {
    /// Events after `revision`, and the task that gives them out until the feed ends.
    pub(crate) fn new(revision: Revision) -> (Arc<Self>, impl Future<Output = ()>) {
        let (feed, mut batches) = mpsc::channel(BATCHES);
        let events = Arc::new(Self {
            registry: Mutex::new(Registry { published: revision, ..Registry::default() }),
            published: watch::Sender::new(revision),
            stopped: watch::Sender::new(false),
            feed,
            skipped: AtomicI64::new(0),
            skips: Notify::new(),
        });
        let this = events.clone();
        let task = async move {
            loop {
                tokio::select! {
                    biased;
                    // Nothing may come after the last batch that was skipped, so this does not wait for the next one.
                    () = this.skips.notified() => {
                        let through = Revision(this.skipped.load(Ordering::Acquire));
                        this.give_out(Batch { after: through, through, events: Vec::new() });
                    }
                    batch = batches.recv() => match batch {
                        Some(batch) => this.give_out(batch),
                        None => return,
                    },
                }
            }
        };
        (events, task)
    }

    /// Hands over a batch. Never waits; a batch that finds no place is skipped.
    pub(crate) fn publish(&self, batch: Batch) {
        if let Err(mpsc::error::TrySendError::Full(batch)) = self.feed.try_send(batch) {
            tracing::debug!(through = %batch.through, "watchers fall back to the index: too many events at once");
            self.skipped.store(batch.through.0, Ordering::Release);
            self.skips.notify_one();
        }
    }

    /// Up to where every event has been put into the queues.
    pub(crate) fn published(&self) -> watch::Receiver<Revision> {
        self.published.subscribe()
    }

    /// Subscribes to a range. None once the server stops.
    pub(crate) fn subscribe(self: &Arc<Self>, range: &KeyRange) -> Option<Subscription> {
        let (sender, queue) = mpsc::channel(QUEUE);
        let state = Arc::new(State::default());
        let mut registry = self.registry.lock();
        if *self.stopped.borrow() {
            return None;
        }
        let id = registry.add(range.clone(), Subscriber { queue: sender, state: state.clone() });
        let since = registry.published;
        Some(Subscription { id, since, queue, state, events: self.clone() })
    }

    /// Ends all subscriptions and refuses new ones.
    pub(crate) fn stop(&self) {
        // First, so that nobody joins again.
        self.stopped.send_replace(true);
        self.registry.lock().drop_all();
    }

    /// Resolves when there will be no more events.
    pub(crate) async fn stopped(&self) {
        let _ = self.stopped.subscribe().wait_for(|stopped| *stopped).await;
    }

    fn give_out(&self, batch: Batch) {
        {
            let mut registry = self.registry.lock();
            // One that waited while what came after it was skipped.
            if batch.through <= registry.published {
                return;
            }
            if batch.after != registry.published {
                registry.drop_all();
            }
            for event in &batch.events {
                registry.give_out(event);
            }
            registry.published = batch.through;
        }
        self.published.send_replace(batch.through);
    }
}

/// A queue of events of a range. Ends when the subscriber was too slow or the server stops.
#[derive(Debug)]
pub(crate) struct Subscription {
    id: u64,
    /// Events after this revision come through the queue.
    pub(crate) since: Revision,
    queue: mpsc::Receiver<Arc<Event>>,
    state: Arc<State>,
    events: Arc<Events>,
}

impl Subscription {
    /// The next event. When there will be no more, the revision up to which none is missing. Cancel safe.
    pub(crate) async fn next(&mut self) -> Result<Arc<Event>, Revision> {
        let event = self.queue.recv().await;
        self.taken(event)
    }

    /// As [`next`](Self::next); none where that would wait.
    pub(crate) fn try_next(&mut self) -> Option<Result<Arc<Event>, Revision>> {
        match self.queue.try_recv() {
            Ok(event) => Some(self.taken(Some(event))),
            Err(mpsc::error::TryRecvError::Disconnected) => Some(self.taken(None)),
            Err(mpsc::error::TryRecvError::Empty) => None,
        }
    }

    fn taken(&self, event: Option<Arc<Event>>) -> Result<Arc<Event>, Revision> {
        let Some(event) = event else {
            return Err(Revision(self.state.complete.load(Ordering::Acquire)));
        };
        self.state.bytes.fetch_sub(event.value.as_ref().map_or(0, Bytes::len), Ordering::Relaxed);
        Ok(event)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.events.registry.lock().remove(self.id);
    }
}

#[derive(Debug, Default)]
struct State {
    /// Bytes of values in the queue.
    bytes: AtomicUsize,
    /// Set when the subscriber is dropped: no event up to here is missing from the queue.
    complete: AtomicI64,
}

#[derive(Debug)]
struct Subscriber {
    queue: mpsc::Sender<Arc<Event>>,
    state: Arc<State>,
}

impl Subscriber {
    /// Whether there was room.
    fn offer(&self, event: &Arc<Event>) -> bool {
        let bytes = event.value.as_ref().map_or(0, Bytes::len);
        if self.state.bytes.load(Ordering::Relaxed) > QUEUE_BYTES {
            return false;
        }
        self.state.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.queue.try_send(event.clone()).is_ok()
    }
}

/// Subscribers by segments of the key space: between two neighbouring bounds of any of their ranges the same ones are
/// interested in every key, so finding them is one look-up, however many there are.
#[derive(Debug, Default)]
struct Registry {
    published: Revision,
    last_id: u64,
    subscribers: HashMap<u64, (KeyRange, Subscriber)>,
    /// A segment's lower bound, and who covers it up to the next one.
    segments: BTreeMap<Vec<u8>, Vec<u64>>,
}

impl Registry {
    fn add(&mut self, range: KeyRange, subscriber: Subscriber) -> u64 {
        self.last_id += 1;
        if !range.is_empty() {
            self.split_at(&range.start);
            if let Some(end) = &range.end {
                self.split_at(end);
            }
            for covering in covered(&mut self.segments, &range) {
                covering.push(self.last_id);
            }
        }
        self.subscribers.insert(self.last_id, (range, subscriber));
        self.last_id
    }

    fn remove(&mut self, id: u64) -> Option<Subscriber> {
        let (range, subscriber) = self.subscribers.remove(&id)?;
        for covering in covered(&mut self.segments, &range) {
            covering.retain(|other| *other != id);
        }
        self.join_at(&range.start);
        if let Some(end) = &range.end {
            self.join_at(end);
        }
        Some(subscriber)
    }

    /// Ends the subscription of one who misses the event at `missing` and what follows.
    fn drop_slow(&mut self, id: u64, missing: Revision) {
        if let Some(subscriber) = self.remove(id) {
            subscriber.state.complete.store(missing.previous().0, Ordering::Release);
        }
    }

    fn drop_all(&mut self) {
        self.segments.clear();
        for (_, (_, subscriber)) in self.subscribers.drain() {
            subscriber.state.complete.store(self.published.0, Ordering::Release);
        }
    }

    fn give_out(&mut self, event: &Arc<Event>) {
        let key = event.applied.key.as_bytes();
        let Some(covering) = self.last_segment(Bound::Included(key)) else { return };
        let slow: Vec<u64> =
            covering.iter().copied().filter(|id| !self.subscribers[id].1.offer(event)).collect();
        for id in slow {
            self.drop_slow(id, event.revision());
        }
    }

    /// Who covers the last segment that begins within `bound`.
    fn last_segment(&self, bound: Bound<&[u8]>) -> Option<&Vec<u64>> {
        self.segments.range::<[u8], _>((Bound::Unbounded, bound)).next_back().map(|(_, covering)| covering)
    }

    /// Makes `bound` the beginning of a segment.
    fn split_at(&mut self, bound: &[u8]) {
        if !self.segments.contains_key(bound) {
            let covering = self.last_segment(Bound::Excluded(bound)).cloned().unwrap_or_default();
            self.segments.insert(bound.to_vec(), covering);
        }
    }

    /// Takes the bound away where it divides nothing any more.
    fn join_at(&mut self, bound: &[u8]) {
        let divides_nothing = match (self.last_segment(Bound::Excluded(bound)), self.segments.get(bound)) {
            (_, None) => false,
            (Some(below), Some(here)) => below == here,
            (None, Some(here)) => here.is_empty(),
        };
        if divides_nothing {
            self.segments.remove(bound);
        }
    }
}

/// The segments that lie in a range whose bounds are bounds of segments.
fn covered<'a>(
    segments: &'a mut BTreeMap<Vec<u8>, Vec<u64>>,
    range: &'a KeyRange,
) -> impl Iterator<Item = &'a mut Vec<u64>> {
    let from = segments.range_mut::<[u8], _>((Bound::Included(range.start.as_slice()), Bound::Unbounded));
    from.take_while(|(bound, _)| range.is_before_end(bound)).map(|(_, covering)| covering)
}

#[cfg(test)]
mod tests;
