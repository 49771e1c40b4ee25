//! One watch: every event of a range from a revision on, once, in order.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use super::events::{Event, Subscription};
use super::index::Applied;
use super::{Fault, Store};
use crate::key::KeyRange;
use crate::revision::Revision;

/// Events in one answer at the most, and about how many bytes of values. A thousand clients that do not keep up hold a few
/// answers each.
const EVENTS: usize = 128;
const BYTES: usize = 1 << 20;
/// What a value that is still to be loaded is taken for.
const UNKNOWN: usize = 16 << 10;
/// Log entries looked at under one lock.
const STEPS: usize = 16_384;

/// Follows a range. Where the queue of live events does not reach back far enough, it reads the index; it joins the
/// queue first and then closes the gap behind it, so nothing falls in between.
#[derive(Debug)]
pub(crate) struct Watcher {
    store: Store,
    range: KeyRange,
    want_previous: bool,
    /// All events up to here were taken from the queue or the index.
    position: Revision,
    /// Taken but not returned yet.
    pending: VecDeque<Arc<Event>>,
    live: Option<Subscription>,
}

/// An event with the values it is shown with.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) applied: Applied,
    pub(crate) value: Bytes,
    /// Of what was there before, if it was asked for.
    pub(crate) previous: Option<Bytes>,
}

impl Watcher {
    /// Watches from `start` on.
    pub(crate) fn new(store: Store, range: KeyRange, start: Revision, want_previous: bool) -> Self {
        let position = start.previous();
        Self { store, range, want_previous, position, pending: VecDeque::new(), live: None }
    }

    /// The next events: at least one. Fails when compaction has passed the position, and when the server stops.
    /// Cancel safe.
    pub(crate) async fn next(&mut self) -> Result<Vec<Seen>, Fault> {
        while self.pending.is_empty() {
            if self.catch_up()? {
                // A long backlog takes many steps; others want to run too.
                tokio::task::consume_budget().await;
            } else {
                self.wait_for_one().await;
            }
        }
        self.take_pending().await
    }

    /// Events that are there already; when there are none, the revision up to which there is nothing more to show.
    pub(crate) async fn poll(&mut self) -> Result<Result<Vec<Seen>, Revision>, Fault> {
        // Read before the queue is: what was published by then is in the queue.
        let published = *self.store.events().published().borrow();
        while self.pending.is_empty() {
            if !self.catch_up()? && !self.take_one() {
                self.position = self.position.max(published);
                return Ok(Err(published));
            }
        }
        Ok(Ok(self.take_pending().await?))
    }

    /// Makes sure that the queue is joined and that nothing before it is missing. True when it has found events or
    /// may find more.
    fn catch_up(&mut self) -> Result<bool, Fault> {
        if self.live.is_none() {
            self.live = Some(self.store.events().subscribe(&self.range).ok_or(Fault::Stopped)?);
        }
        if self.has_caught_up() {
            return Ok(false);
        }
        let since = self.live.as_ref().map_or(Revision::ZERO, |live| live.since);
        let index = self.store.index().read();
        if self.position < index.compacted() {
            return Err(Fault::Compacted(index.compacted()));
        }
        let (changes, looked) = index.changes(&self.range, self.position, since, EVENTS, STEPS);
        let applied = changes.into_iter().filter_map(|(revision, key)| index.change(&key, revision));
        self.pending.extend(applied.map(|applied| Arc::new(Event { applied, value: None })));
        self.position = looked;
        Ok(true)
    }

    /// Whether what comes next is in the queue: nothing may be taken from it before.
    fn has_caught_up(&self) -> bool {
        self.live.as_ref().is_some_and(|live| self.position >= live.since)
    }

    async fn wait_for_one(&mut self) {
        if let Some(live) = &mut self.live {
            let next = live.next().await;
            self.take(next);
        }
    }

    /// Whether the queue had anything to say.
    fn take_one(&mut self) -> bool {
        let next = self.live.as_mut().and_then(Subscription::try_next);
        next.map(|next| self.take(next)).is_some()
    }

    fn take(&mut self, next: Result<Arc<Event>, Revision>) {
        match next {
            // Events before the position were found in the index.
            Ok(event) if event.revision() > self.position => {
                self.position = event.revision();
                self.pending.push_back(event);
            }
            Ok(_) => {}
            Err(complete) => {
                self.position = self.position.max(complete);
                self.live = None;
            }
        }
    }

    /// Fills the pending events up with what else is there, loads their values, and returns them.
    async fn take_pending(&mut self) -> Result<Vec<Seen>, Fault> {
        while self.pending.len() < EVENTS && self.has_caught_up() && self.take_one() {}
        let mut bytes = 0;
        let known = |event: &Arc<Event>| event.value.as_ref().map_or(UNKNOWN, Bytes::len);
        let count = self
            .pending
            .iter()
            .take(EVENTS)
            .take_while(|event| {
                let first = bytes == 0;
                bytes += known(event).max(1);
                first || bytes <= BYTES
            })
            .count();
        let events: Vec<_> = self.pending.iter().take(count).cloned().collect();
        let mut wanted = Vec::new();
        for event in &events {
            if event.value.is_none() {
                wanted.push(event.revision());
            }
            if let Some(before) = event.applied.before.filter(|_| self.want_previous) {
                wanted.push(before.mod_revision);
            }
        }
        let mut values = self.store.values_of(&wanted).await?.into_iter();
        let mut value = || values.next().flatten().ok_or_else(|| self.store.compacted());
        let mut seen = Vec::with_capacity(events.len());
        for event in &events {
            let applied = event.applied.clone();
            let known = match &event.value {
                Some(known) => known.clone(),
                None => value()?,
            };
            let before = applied.before.filter(|_| self.want_previous);
            let previous = before.map(|_| value()).transpose()?;
            seen.push(Seen { applied, value: known, previous });
        }
        self.pending.drain(..count);
        Ok(seen)
    }
}
