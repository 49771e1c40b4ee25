//! How a store begins and ends.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use parking_lot::RwLock;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use super::compact::Timer;
use super::events::Events;
use super::index::Index;
use super::lease::Leases;
use super::values::Values;
use super::writer::{Command, Writer};
use super::{Inner, Queue, Store, compact, lease, lookout};
use crate::backend::Backend;
use crate::error::Error;
use crate::revision::Revision;

/// How a store is run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) value_cache_bytes: u64,
    /// Writes that may wait, in number and bytes.
    pub(crate) queue: usize,
    pub(crate) queue_bytes: usize,
    /// Rows read at a time from the log.
    pub(crate) follow: usize,
    /// Rows deleted in one transaction.
    pub(crate) sweep: usize,
    pub(crate) compaction: Timer,
}

/// The tasks of a store. When this is dropped, they are stopped in the background.
pub(crate) struct Tasks {
    store: Store,
    /// Taken when they are stopped.
    running: Option<(oneshot::Receiver<()>, JoinSet<()>)>,
}

impl Tasks {
    /// Finishes what was accepted, refuses the rest, and lets go of the database.
    pub(crate) async fn stop(mut self) -> Result<(), Error> {
        match self.running.take() {
            Some((writer, others)) => stop(self.store.clone(), writer, others).await,
            None => Ok(()),
        }
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        if let Some((writer, others)) = self.running.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(stop(self.store.clone(), writer, others));
        }
    }
}

async fn stop(store: Store, writer: oneshot::Receiver<()>, mut others: JoinSet<()>) -> Result<(), Error> {
    store.inner.events.stop();
    let _ = store.commands.send(Command::Stop).await;
    if writer.await.is_err() {
        tracing::error!("the writer ended badly");
    }
    others.shutdown().await;
    store.inner.backend.close().await
}

impl Store {
    /// Reads the log, oldest row first, and starts the tasks that serve it.
    pub(crate) async fn open(backend: Arc<dyn Backend>, settings: Settings) -> Result<(Self, Tasks), Error> {
        let (index, leftover) = load(&*backend, settings.follow).await?;
        let deadlines = backend.deadlines().await?;
        tracing::debug!(revision = %index.revision(), keys = index.len(), "the log is read");
        let (events, give_out) = Events::new(index.revision());
        let (commands, inbox) = mpsc::channel(settings.queue);
        let (sweeps, swept) = mpsc::unbounded_channel();
        let inner = Arc::new(Inner {
            backend,
            values: Values::new(settings.value_cache_bytes),
            events,
            leases: Leases::default(),
            queue: Queue { bytes: AtomicUsize::new(0), limit: settings.queue_bytes },
            sweeps,
            died: watch::Sender::new(None),
            index: RwLock::new(index),
        });
        let (refreshes, waiting) = mpsc::unbounded_channel();
        let store = Self { inner, commands, refreshes };
        let leased = store.inner.index.read().leased();
        store.inner.leases.start(leased, deadlines);
        store.inner.sweep(leftover);
        let mut others = JoinSet::new();
        others.spawn(give_out);
        others.spawn(lease::run(store.clone()));
        others.spawn(compact::sweep(store.clone(), swept, settings.sweep));
        others.spawn(compact::run(store.clone(), settings.compaction));
        others.spawn(lookout::run(store.clone()));
        let writer = Writer::new(store.inner.clone(), inbox, waiting, settings.follow).start()?;
        Ok((store.clone(), Tasks { store, running: Some((writer, others)) }))
    }
}

/// Builds the index from the whole log. The second part are rows that a compaction has left behind.
pub(super) async fn load(backend: &dyn Backend, batch: usize) -> Result<(Index, Vec<Revision>), Error> {
    loop {
        let mut index = Index::default();
        let head = backend.head().await?;
        loop {
            let rows = backend.rows_after(index.revision(), batch).await?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                index.apply(row);
            }
        }
        // Another process may have compacted in the meantime: then a tombstone is missing whose key was read before.
        if backend.head().await?.compacted == head.compacted {
            index.advance(head.revision);
            index.compact(head.compacted);
            let leftover = index.prune(usize::MAX).unwrap_or_default();
            return Ok((index, leftover));
        }
    }
}
