//! Keeps the WAL short without making commits wait.
//!
//! SQLite's own checkpoints run inside the commit that crosses a limit. Here a second connection copies pages home while
//! the writer goes on; after two passes little is left, which the writer copies itself so that the WAL can begin anew.
//!
//! One is made when enough was written since the last, in rows or in bytes, and when what was written since is older than
//! a second in which nothing came: a store that nobody writes to has all in its file, and a WAL of no length.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

use super::open::Location;
use super::writer::{SharedWriter, Writer, checkpoint};
use crate::backend::NewRow;
use crate::error::{Error, ErrorKind};

/// Rows between two checkpoints. At 1 KiB a row this is some 100 MB of WAL.
const ROWS: usize = 8000;

/// Bytes of keys and values between two checkpoints.
const BYTES: usize = 64 << 20;

/// How long nothing is written before the rest is checkpointed.
const QUIET: Duration = Duration::from_secs(1);

/// What was written to the log.
#[derive(Clone, Copy, Debug)]
pub(super) struct Work {
    /// Inserted, changed or deleted.
    pub(super) rows: usize,
    pub(super) bytes: usize,
}

impl Work {
    /// What inserting these rows writes. Each carries the value before it as well, which is taken to be as long.
    pub(super) fn of_rows(rows: &[NewRow]) -> Self {
        let bytes =
            |row: &NewRow| row.key.as_bytes().len() + 2 * row.value.as_ref().map_or(0, |value| value.len());
        Self { rows: rows.len(), bytes: rows.iter().map(bytes).sum() }
    }
}

/// What was written since the last checkpoint began.
#[derive(Default)]
struct Pending {
    rows: AtomicUsize,
    bytes: AtomicUsize,
}

impl Pending {
    fn is_due(&self) -> bool {
        self.rows.load(Ordering::Relaxed) >= ROWS || self.bytes.load(Ordering::Relaxed) >= BYTES
    }

    fn clear(&self) {
        self.bytes.store(0, Ordering::Relaxed);
        self.rows.store(0, Ordering::Relaxed);
    }
}

/// The thread that checkpoints; it ends when this is dropped.
pub(super) struct Checkpointer {
    pending: Arc<Pending>,
    wake: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    pub(super) fn start(location: &Arc<Location>, writer: &SharedWriter) -> Result<Self, Error> {
        let connection = location.connect()?;
        let (wake, woken) = sync_channel(1);
        let pending = Arc::<Pending>::default();
        let worker = Worker { connection, writer: writer.clone(), pending: pending.clone() };
        let work = move || worker.run(&woken);
        let thread = std::thread::Builder::new().name("kine-sqlite-checkpoint".to_owned()).spawn(work);
        let thread = thread
            .map_err(|error| Error::new(ErrorKind::Storage, "no thread can be started").with_source(error))?;
        let this = Self { pending, wake: Some(wake), thread: Some(thread) };
        // The tables may just have been made, and a process that was killed may have left a long WAL.
        this.wrote(Work { rows: 1, bytes: 0 });
        Ok(this)
    }

    /// So much more was committed.
    pub(super) fn wrote(&self, work: Work) {
        let was_due = self.pending.is_due();
        self.pending.bytes.fetch_add(work.bytes, Ordering::Relaxed);
        let rows = self.pending.rows.fetch_add(work.rows, Ordering::Relaxed);
        let is_first = rows == 0 && work.rows > 0;
        if (is_first || (!was_due && self.pending.is_due()))
            && let Some(wake) = &self.wake
        {
            // Full means that it has not looked yet since it was last told.
            let _ = wake.try_send(());
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.wake.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What runs on the thread.
struct Worker {
    connection: Connection,
    writer: SharedWriter,
    pending: Arc<Pending>,
}

impl Worker {
    fn run(&self, woken: &Receiver<()>) {
        let mut left = false;
        while (left || woken.recv().is_ok()) && self.until_due_or_quiet(woken) {
            let is_quiet = !self.pending.is_due();
            self.pending.clear();
            let shorten = |left: bool| match is_quiet && !left {
                true => self.writer.blocking("Checkpoint", Writer::shorten).map(|()| left),
                false => Ok(left),
            };
            left = self.checkpoint().and_then(shorten).unwrap_or_else(|error| {
                tracing::warn!(%error, "a checkpoint failed; the next one tries again");
                false
            });
        }
    }

    /// False when the store is closed in the meantime.
    fn until_due_or_quiet(&self, woken: &Receiver<()>) -> bool {
        let written = || self.pending.rows.load(Ordering::Relaxed);
        let mut seen = written();
        while !self.pending.is_due() {
            match woken.recv_timeout(QUIET) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout) if written() == seen => return true,
                Err(RecvTimeoutError::Timeout) => seen = written(),
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
        true
    }

    /// Whether pages were left, because somebody still reads the state before them.
    fn checkpoint(&self) -> Result<bool, Error> {
        let connection = &self.connection;
        let beside = checkpoint(connection).and_then(|left| match left {
            0 => Ok(0),
            _ => checkpoint(connection),
        });
        if let Err(error) = beside {
            tracing::warn!(%error, "a checkpoint beside the writer failed; the writer makes it");
        }
        Ok(self.writer.blocking("Checkpoint", Writer::checkpoint)? > 0)
    }
}
