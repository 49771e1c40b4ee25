//! The one connection that writes, on a thread of its own: commits wait for the disk, and async threads must not.

use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;

use parking_lot::Mutex;
use rusqlite::{Connection, TransactionBehavior, params};
use tokio::sync::oneshot;

use super::open::Location;
use super::{FORGET, INSERT, INSERT_DEADLINE, failure, head};
use crate::backend::{Append, NewRow};
use crate::error::{Error, ErrorKind};
use crate::store::Revision;

const WRITER_CACHE_KIB: i64 = 32 << 10;

type Job = Box<dyn FnOnce(&mut Writer) + Send>;

/// Hands jobs to the thread, which does them in turn.
pub(super) struct WriterThread {
    location: Arc<Location>,
    /// None once closed.
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl WriterThread {
    pub(super) fn start(location: Arc<Location>, connection: Connection) -> Result<Self, Error> {
        let failed = |error| failure::of_statement(&location.path, error);
        // Inserting touches six indexes at random places; what it touches again should not come from the file.
        connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB).map_err(failed)?;
        let data_version = data_version(&connection).map_err(failed)?;
        let newest = head::query(&connection).map_err(failed)?.revision;
        let mut writer = Writer { connection, data_version, newest, location: location.clone() };
        let (jobs, waiting) = mpsc::channel::<Job>();
        let held = location.clone();
        let work = move || {
            for job in waiting {
                job(&mut writer);
            }
            // The location goes last: its lock outlives the connection.
            drop(writer);
            drop(held);
        };
        let thread = std::thread::Builder::new().name("kine-sqlite-writer".to_owned()).spawn(work);
        let thread = thread
            .map_err(|error| Error::new(ErrorKind::Storage, "no thread can be started").with_source(error))?;
        Ok(Self { location, jobs: Mutex::new(Some(jobs)), thread: Mutex::new(Some(thread)) })
    }

    /// Does `work` on the thread and waits for it. When the wait is dropped, the work is done all the same.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        name: &'static str,
        work: impl FnOnce(&mut Writer) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        let location = self.location.clone();
        let job: Job = Box::new(move |writer| {
            let _ = answer.send(location.observe(name, || work(writer)));
        });
        let sent = self.jobs.lock().as_ref().is_some_and(|jobs| jobs.send(job).is_ok());
        let stopped = || Error::new(ErrorKind::Stopped, "the database is closed");
        if !sent {
            return Err(stopped());
        }
        answered.await.map_err(|_| stopped())?
    }

    /// Does `work` on the thread without waiting for it, unless it is closed.
    pub(super) fn sender(&self) -> Option<mpsc::Sender<Job>> {
        self.jobs.lock().clone()
    }

    /// Finishes what was handed over and closes the connection.
    pub(super) async fn close(&self) -> Result<(), Error> {
        self.jobs.lock().take();
        let Some(thread) = self.thread.lock().take() else { return Ok(()) };
        let joined = tokio::task::spawn_blocking(move || thread.join()).await;
        match joined {
            Ok(Ok(())) => Ok(()),
            _ => Err(Error::new(ErrorKind::Storage, "the thread that writes the database ended badly")),
        }
    }
}

/// What the thread owns.
pub(super) struct Writer {
    connection: Connection,
    /// SQLite's count of commits by other connections.
    data_version: i64,
    newest: Revision,
    location: Arc<Location>,
}

impl Writer {
    pub(super) fn with<T>(
        &mut self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        work(&mut self.connection)
    }

    /// Appends the rows if `after` is still the newest id.
    pub(super) fn append(&mut self, after: Revision, rows: &[NewRow]) -> rusqlite::Result<Append> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let data_version = data_version(&transaction)?;
        if data_version != self.data_version {
            // Another connection has written: a foreign process.
            self.newest = head::query(&transaction)?.revision;
            self.data_version = data_version;
        }
        if self.newest != after {
            return Ok(Append::Moved);
        }
        let mut revision = after;
        {
            let mut insert = transaction.prepare_cached(INSERT)?;
            let mut insert_deadline = transaction.prepare_cached(INSERT_DEADLINE)?;
            for row in rows {
                revision = revision.next();
                let mut insert = || {
                    insert.execute(params![
                        revision.0,
                        row.key.as_str(),
                        row.created,
                        row.deleted,
                        row.create_revision.0,
                        row.prev_revision.0,
                        row.lease,
                        row.version,
                        row.value.as_deref(),
                    ])
                };
                match insert() {
                    // The head is where the caller thought, so the row in the way is one that he knows nothing of any
                    // more: it is compacted, and only waits for its turn to be deleted.
                    Err(error) if failure::is_taken(&error) => {
                        transaction.execute(FORGET, params![row.key.as_str(), row.prev_revision.0])?;
                        insert()?;
                    }
                    inserted => drop(inserted?),
                }
                if let Some(deadline) = row.deadline {
                    insert_deadline.execute(params![revision.0, deadline])?;
                }
            }
        }
        // What is written to a file that is gone would be answered and lost.
        if self.location.has_moved() {
            return Err(failure::moved());
        }
        if let Err(error) = transaction.commit() {
            // Whether the rows are there is not known; the next append looks.
            self.data_version = i64::MIN;
            return Err(error);
        }
        self.newest = revision;
        Ok(Append::Committed)
    }

    /// Copies what it can from the WAL into the file. Returns how many pages were not copied.
    pub(super) fn checkpoint(&mut self) -> rusqlite::Result<i64> {
        checkpoint(&self.connection)
    }
}

/// A passive checkpoint waits for nobody. Returns how many pages are left in the WAL.
pub(super) fn checkpoint(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
        Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?)
    })
}

pub(super) fn data_version(connection: &Connection) -> rusqlite::Result<i64> {
    let mut statement = connection.prepare_cached("PRAGMA data_version")?;
    statement.query_row([], |row| row.get(0))
}
