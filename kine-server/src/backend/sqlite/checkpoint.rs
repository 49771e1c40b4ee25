//! Keeps the WAL short without making commits wait.
//!
//! SQLite's own checkpoints run inside the commit that crosses a limit. Here a second connection copies pages home while
//! the writer goes on; after two passes little is left, which the writer copies itself so that the WAL can begin anew.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use rusqlite::Connection;

use super::open::Location;
use super::writer::{SharedWriter, Writer, checkpoint};
use crate::error::{Error, ErrorKind};

/// Rows between two checkpoints. At 1 KiB a row this is some 100 MB of WAL.
const ROWS: usize = 8000;

/// The thread that checkpoints; it ends when this is dropped.
pub(super) struct Checkpointer {
    rows: AtomicUsize,
    wake: Option<mpsc::SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    pub(super) fn start(location: &Arc<Location>, writer: &SharedWriter) -> Result<Self, Error> {
        let connection = location.connect()?;
        let (wake, woken) = mpsc::sync_channel(1);
        let writer = writer.clone();
        let work = move || {
            for () in woken {
                if let Err(error) = pass(&connection) {
                    tracing::warn!(%error, "a checkpoint failed; the next one tries again");
                }
                if let Err(error) = writer.blocking("Checkpoint", Writer::checkpoint) {
                    tracing::warn!(%error, "a checkpoint failed; the next one tries again");
                }
            }
        };
        let thread = std::thread::Builder::new().name("kine-sqlite-checkpoint".to_owned()).spawn(work);
        let thread = thread
            .map_err(|error| Error::new(ErrorKind::Storage, "no thread can be started").with_source(error))?;
        Ok(Self { rows: AtomicUsize::new(0), wake: Some(wake), thread: Some(thread) })
    }

    /// So many rows more were committed.
    pub(super) fn wrote(&self, rows: usize) {
        if self.rows.fetch_add(rows, Ordering::Relaxed) + rows < ROWS {
            return;
        }
        self.rows.store(0, Ordering::Relaxed);
        if let Some(wake) = &self.wake {
            // Full means that one is due already.
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

fn pass(connection: &Connection) -> rusqlite::Result<()> {
    if checkpoint(connection)? > 0 {
        checkpoint(connection)?;
    }
    Ok(())
}
