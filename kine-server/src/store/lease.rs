//! Keys that go by themselves: kine's leases, which are a number of seconds counted from the write.
//!
//! Deadlines are kept beside the rows, so a restart does not begin them again; in kine it does. A row that kine wrote has
//! no deadline and gets its whole time from when it was first seen here.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::events::Event;
use super::index::Version;
use super::txn::{Compare, Delete, Op, Relation, Target, Txn};
use super::{Fault, Store};
use crate::key::Key;
use crate::revision::Revision;

/// Deletes sent at a time.
const BATCH: usize = 256;
const RETRY: Duration = Duration::from_millis(250);

/// When which row runs out.
#[derive(Debug, Default)]
pub(crate) struct Leases {
    timers: Mutex<Timers>,
    /// The earliest deadline may have changed.
    changed: Notify,
}

#[derive(Debug, Default)]
struct Timers {
    due: BTreeMap<(Instant, Revision), Key>,
    /// When each row runs out, to find its timer by.
    at: HashMap<Revision, Instant>,
}

impl Timers {
    fn set(&mut self, at: Instant, revision: Revision, key: Key) {
        self.unset(revision);
        self.at.insert(revision, at);
        self.due.insert((at, revision), key);
    }

    fn unset(&mut self, revision: Revision) {
        if let Some(at) = self.at.remove(&revision) {
            self.due.remove(&(at, revision));
        }
    }

    fn take_first_until(&mut self, now: Instant) -> Option<(Key, Revision)> {
        let first = self.due.first_entry().filter(|first| first.key().0 <= now)?;
        let ((_, revision), key) = first.remove_entry();
        self.at.remove(&revision);
        Some((key, revision))
    }
}

impl Leases {
    /// Sets the timers of a store that has just been read.
    pub(crate) fn start(&self, leased: Vec<(Key, Version)>, deadlines: Vec<(Revision, i64)>) {
        let deadlines: HashMap<_, _> = deadlines.into_iter().collect();
        let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
        let now = Instant::now();
        let mut timers = self.timers.lock();
        for (key, version) in leased {
            let whole = seconds(version.lease);
            let left = match deadlines.get(&version.mod_revision) {
                // A clock that was set back must not make a lease longer than it was granted for.
                Some(deadline) => {
                    whole.min(Duration::from_millis(deadline.saturating_sub(clock).max(0) as u64))
                }
                None => whole,
            };
            timers.set(now + left, version.mod_revision, key);
        }
        drop(timers);
        self.changed.notify_one();
    }

    /// Sets the timers of rows that were just written, and takes those of the rows before them away.
    pub(crate) fn note(&self, events: &[Arc<Event>]) {
        let is_leased = |version: &Version| version.is_live() && version.lease > 0;
        let concerns = |event: &&Arc<Event>| {
            is_leased(&event.applied.version) || event.applied.before.as_ref().is_some_and(is_leased)
        };
        let mut events = events.iter().filter(concerns).peekable();
        if events.peek().is_none() {
            return;
        }
        let now = Instant::now();
        let mut timers = self.timers.lock();
        for event in events {
            let version = &event.applied.version;
            if let Some(before) = &event.applied.before {
                timers.unset(before.mod_revision);
            }
            if is_leased(version) {
                timers.set(now + seconds(version.lease), version.mod_revision, event.applied.key.clone());
            }
        }
        drop(timers);
        self.changed.notify_one();
    }

    #[cfg(test)]
    fn timers(&self) -> usize {
        let timers = self.timers.lock();
        assert_eq!(timers.due.len(), timers.at.len());
        timers.due.len()
    }

    /// Rows that have run out by now, or when the next one will.
    fn take_due(&self) -> Result<Vec<(Key, Revision)>, Option<Instant>> {
        let mut timers = self.timers.lock();
        let now = Instant::now();
        let mut taken = Vec::new();
        while taken.len() < BATCH
            && let Some(due) = timers.take_first_until(now)
        {
            taken.push(due);
        }
        if taken.is_empty() { Err(timers.due.keys().next().map(|(at, _)| *at)) } else { Ok(taken) }
    }

    fn put_back(&self, key: Key, revision: Revision) {
        self.timers.lock().set(Instant::now() + RETRY, revision, key);
    }
}

/// Seconds of a lease; more than a century is as good as for ever, and does not overflow an `Instant`.
fn seconds(lease: i64) -> Duration {
    const CENTURY: u64 = 100 * 365 * 24 * 3600;
    Duration::from_secs(u64::try_from(lease).unwrap_or(0).min(CENTURY))
}

/// Deletes rows as they run out, until the store stops.
pub(crate) async fn run(store: Store) {
    loop {
        let leases = store.leases();
        match leases.take_due() {
            Ok(due) => {
                let deletions = due.into_iter().map(|(key, revision)| expire(&store, key, revision));
                if futures_util::future::join_all(deletions).await.into_iter().any(|stopped| stopped) {
                    return;
                }
            }
            Err(Some(at)) => {
                tokio::select! {
                    () = tokio::time::sleep_until(at) => {}
                    () = leases.changed.notified() => {}
                }
            }
            Err(None) => leases.changed.notified().await,
        }
    }
}

/// Deletes the key if it is still as it was when its time began to run. True once the store has stopped.
async fn expire(store: &Store, key: Key, revision: Revision) -> bool {
    let unchanged = Compare {
        key: key.clone(),
        target: Target::ModRevision,
        relation: Relation::Equal,
        number: revision.0,
    };
    let delete = Op::Delete(Delete { key: key.clone(), want_previous: false });
    let txn = Txn { compares: vec![unchanged], success: vec![delete], failure: Vec::new() };
    match store.write(txn).await {
        Ok(_) => false,
        Err(Fault::Stopped) => true,
        Err(fault) => {
            tracing::warn!(?fault, %revision, "a key could not be deleted at the end of its lease; trying again");
            store.leases().put_back(key, revision);
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::index::{Applied, State};
    use super::*;

    #[test]
    fn a_key_has_one_timer_however_often_it_is_rewritten() {
        let leases = Leases::default();
        let version = |revision, lease| Version {
            mod_revision: Revision(revision),
            create_revision: Revision(1),
            version: revision,
            version_is_exact: true,
            lease,
            state: State::Live,
        };
        let rewrite = |revision, lease| {
            let before = (revision > 1).then(|| version(revision - 1, 3600));
            let applied = Applied { key: Key::stored("/a"), version: version(revision, lease), before };
            leases.note(&[Arc::new(Event { applied, value: None })]);
        };
        (1..=1000).for_each(|revision| rewrite(revision, 3600));
        assert_eq!(leases.timers(), 1);
        rewrite(1001, 0);
        assert_eq!(leases.timers(), 0);
    }
}
