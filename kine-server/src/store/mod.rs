//! The revision log and everything that follows from it: what a key holds, what happened when, who is told.
//!
//! In the order to read them: [`index`], every key with its revisions in memory; [`values`], what the rows hold; [`txn`],
//! what a write may ask; [`writer`] with [`company`], the one task that decides and commits; [`events`] and [`watcher`],
//! from commits to those who watch; [`lease`] and [`compact`], what goes by itself; [`lookout`], what others do to the
//! database; [`open`], how all of it begins and ends. This file has the calls, [`list`] the one for many keys.
//!
//! A read makes sure that the index is as new as the database ([`Backend::head`]), looks up revisions in the index, and
//! gets the values from memory or the database. A write goes through the writer's queue. Nothing here knows SQL or gRPC.

pub(crate) mod compact;
mod company;
pub(crate) mod events;
mod fault;
pub(crate) mod index;
pub(crate) mod lease;
mod list;
mod lookout;
mod open;
pub(crate) mod txn;
mod values;
pub(crate) mod watcher;
mod writer;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use parking_lot::RwLock;
use tokio::sync::{mpsc, oneshot, watch};

pub(crate) use fault::Fault;
pub(crate) use list::Pages;
pub(crate) use open::{Settings, Tasks};

use crate::backend::{Backend, Size};
use crate::error::{Error, ErrorKind};
use crate::key::{KeyRange, NoKey};
use crate::revision::Revision;
use compact::Sweep;
use events::Events;
use index::Index;
use lease::Leases;
use txn::{Found, Outcome, Txn};
use values::Values;
use watcher::Watcher;
use writer::{Command, Refresh, Write};

/// A handle to the store. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Store {
    inner: Arc<Inner>,
    /// Not in what the writer holds too: it ends when all of these are gone.
    commands: mpsc::Sender<Command>,
    refreshes: mpsc::UnboundedSender<Refresh>,
}

pub(crate) struct Inner {
    backend: Arc<dyn Backend>,
    index: RwLock<Index>,
    values: Values,
    events: Arc<Events>,
    leases: Leases,
    queue: Queue,
    sweeps: mpsc::UnboundedSender<Sweep>,
    /// Why there is nothing to serve any more.
    died: watch::Sender<Option<(ErrorKind, String)>>,
}

/// How much waits for the writer.
struct Queue {
    bytes: AtomicUsize,
    limit: usize,
}

impl Queue {
    /// Whether there was room for so much more.
    fn enter(&self, bytes: usize) -> bool {
        let before = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        // One is always let in, however large.
        let fits = before == 0 || before + bytes <= self.limit;
        if !fits {
            self.left(bytes);
        }
        fits
    }

    fn left(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Store {
    /// Resolves when the store cannot serve any more, with the reason.
    pub(crate) async fn died(&self) -> Error {
        let mut died = self.inner.died.subscribe();
        // Waiting cannot fail: the sender lives as long as the store.
        let _ = died.wait_for(Option::is_some).await.map(drop);
        let (kind, message) = died.borrow().clone().unwrap_or((ErrorKind::Stopped, String::new()));
        Error::new(kind, message)
    }

    /// Runs a transaction. When this is dropped before the writer has taken it up, nothing is written; later, it may be.
    pub(crate) async fn write(&self, txn: Txn) -> Result<Outcome, Fault> {
        for put in txn.success.iter().chain(&txn.failure).filter_map(txn::Op::as_put) {
            if !self.inner.backend.can_hold(&put.key) {
                return Err(NoKey::NotHere(put.key.as_str().to_owned()).into());
            }
        }
        let bytes = txn.success.iter().chain(&txn.failure).map(txn::Op::size).sum();
        if !self.inner.queue.enter(bytes) {
            return Err(Fault::TooManyRequests);
        }
        let (answer, answered) = oneshot::channel();
        match self.commands.try_send(Command::Write(Write { txn, bytes, answer })) {
            // Without an answer the writer has ended badly, perhaps after its commit.
            Ok(()) => answered.await.unwrap_or_else(|_| Err(Fault::in_doubt())),
            Err(refused) => {
                self.inner.queue.left(bytes);
                Err(match refused {
                    mpsc::error::TrySendError::Full(_) => Fault::TooManyRequests,
                    mpsc::error::TrySendError::Closed(_) => Fault::Stopped,
                })
            }
        }
    }

    /// Forgets what is below `revision`, and waits until the rows are deleted if `physical`. Returns the store's revision.
    pub(crate) async fn compact(&self, revision: Revision, physical: bool) -> Result<Revision, Fault> {
        let (answer, answered) = oneshot::channel();
        self.commands.send(Command::Compact { revision, answer }).await.map_err(|_| Fault::Stopped)?;
        let compacted = answered.await.unwrap_or_else(|_| Err(Fault::in_doubt()));
        match &compacted {
            // Asked for what cannot be.
            Err(Fault::Compacted(_) | Fault::FutureRevision | Fault::Stopped) => {}
            Err(_) => metrics::counter!("kine_compact_total", "result" => "error").increment(1),
            Ok(()) => metrics::counter!("kine_compact_total", "result" => "success").increment(1),
        }
        compacted?;
        if physical {
            let (done, gone) = oneshot::channel();
            let _ = self.inner.sweeps.send(Sweep::Barrier(done));
            let _ = gone.await;
        }
        Ok(self.inner.index.read().revision())
    }

    /// Makes sure that a read sees every write that was answered before, whoever made it.
    pub(crate) async fn refresh(&self) -> Result<(), Fault> {
        let head = self.inner.backend.head().await?;
        let is_fresh = {
            let index = self.inner.index.read();
            index.revision() >= head.revision && index.compacted() >= head.compacted
        };
        if is_fresh {
            return Ok(());
        }
        let (refreshed, fresh) = oneshot::channel();
        self.refreshes.send(refreshed).map_err(|_| Fault::Stopped)?;
        fresh.await.unwrap_or(Err(Fault::Stopped))
    }

    /// The store's revision now.
    pub(crate) fn revision(&self) -> Revision {
        self.inner.index.read().revision()
    }

    /// One key as of `asked` (0 or less for now), and the store's revision.
    pub(crate) async fn get(
        &self,
        key: &[u8],
        asked: i64,
        keys_only: bool,
    ) -> Result<(Revision, Option<Found>), Fault> {
        loop {
            let (now, found) = {
                let index = self.inner.index.read();
                let revision = index.readable(asked)?;
                (index.revision(), index.get(key, revision))
            };
            let Some((key, version)) = found else { return Ok((now, None)) };
            let value = match keys_only {
                true => Some(Bytes::new()),
                false => self.values_of(&[version.mod_revision]).await?.remove(0),
            };
            if let Some(value) = value {
                return Ok((now, Some(Found { key, version, value })));
            }
            // It was overwritten and compacted in between: look again.
            self.refresh().await?;
        }
    }

    /// How many keys of the range there are as of `asked`, and the store's revision.
    pub(crate) fn count(&self, range: &KeyRange, asked: i64) -> Result<(Revision, usize), Fault> {
        let index = self.inner.index.read();
        let revision = index.readable(asked)?;
        Ok((index.revision(), index.count(range, revision)))
    }

    /// Watches a range from `start` on.
    pub(crate) fn watch(&self, range: KeyRange, start: Revision, want_previous: bool) -> Watcher {
        Watcher::new(self.clone(), range, start, want_previous)
    }

    pub(crate) async fn size(&self) -> Result<Size, Fault> {
        Ok(self.inner.backend.size().await?)
    }

    pub(crate) fn events(&self) -> &Arc<Events> {
        &self.inner.events
    }

    pub(crate) fn index(&self) -> &RwLock<Index> {
        &self.inner.index
    }

    fn leases(&self) -> &Leases {
        &self.inner.leases
    }

    fn backend(&self) -> &dyn Backend {
        &*self.inner.backend
    }

    fn forget_value(&self, revision: Revision) {
        self.inner.values.forget(revision);
    }

    /// What to say when a row is not there that should be.
    pub(crate) fn compacted(&self) -> Fault {
        Fault::Compacted(self.inner.index.read().compacted())
    }

    /// Values by row; none for a row that is compacted.
    pub(crate) async fn values_of(&self, revisions: &[Revision]) -> Result<Vec<Option<Bytes>>, Fault> {
        Ok(self.inner.load(revisions).await?)
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("revision", &self.revision()).finish_non_exhaustive()
    }
}

impl Inner {
    async fn load(&self, revisions: &[Revision]) -> Result<Vec<Option<Bytes>>, Error> {
        let mut values: Vec<_> = revisions.iter().map(|revision| self.values.get(*revision)).collect();
        let missing = values.iter().zip(revisions).filter(|(value, _)| value.is_none());
        let missing: Vec<_> = missing.map(|(_, revision)| *revision).collect();
        if missing.is_empty() {
            return Ok(values);
        }
        let mut loaded = self.backend.values(missing).await?.into_iter();
        for (value, revision) in values.iter_mut().zip(revisions).filter(|(value, _)| value.is_none()) {
            *value = loaded.next().flatten().map(|value| self.values.insert(*revision, &value));
        }
        Ok(values)
    }

    /// Has rows deleted that nobody can read any more.
    fn sweep(&self, rows: Vec<Revision>) {
        if !rows.is_empty() {
            let _ = self.sweeps.send(Sweep::Rows(rows));
        }
    }
}
