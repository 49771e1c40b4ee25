//! The one connection that writes.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::{Connection, TransactionBehavior, params};

use super::head::{self, data_version};
use super::open::Location;
use super::{FORGET, INSERT, INSERT_DEADLINE, failure};
use crate::backend::{Append, COMPACT_KEY, NewRow};
use crate::error::{Error, ErrorKind};
use crate::revision::Revision;

const WRITER_CACHE_KIB: i64 = 32 << 10;

/// What the WAL's file is cut to when it begins anew under load, in bytes. SQLite alone would leave it at its longest. Not
/// much less than what lies between two checkpoints: a file that grows again at each commit is slower to sync.
const WAL_LIMIT: i64 = 256 << 20;

/// The connection, for one job at a time.
#[derive(Clone)]
pub(super) struct SharedWriter {
    location: Arc<Location>,
    /// None once closed.
    writer: Arc<Mutex<Option<Writer>>>,
}

impl SharedWriter {
    pub(super) fn new(location: Arc<Location>, connection: Connection) -> Result<Self, Error> {
        let failed = |error| failure::of_statement(&location.path, error);
        // Inserting touches six indexes at random places; what it touches again should not come from the file.
        connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB).map_err(failed)?;
        connection
            .pragma_update_and_check(None, "journal_size_limit", WAL_LIMIT, |_| Ok(()))
            .map_err(failed)?;
        let data_version = data_version(&connection).map_err(failed)?;
        let newest = head::query(&connection).map_err(failed)?.revision;
        let writer = Writer { connection, data_version, newest, location: location.clone() };
        Ok(Self { location, writer: Arc::new(Mutex::new(Some(writer))) })
    }

    /// Does `work` here and now, which waits for the disk.
    pub(super) fn blocking<T>(
        &self,
        name: &'static str,
        work: impl FnOnce(&mut Writer) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        match &mut *self.writer.lock() {
            Some(writer) => self.location.observe(name, || work(writer)),
            None => Err(Error::new(ErrorKind::Stopped, "the database is closed")),
        }
    }

    /// Does `work` on one of tokio's threads for blocking work. When the wait is dropped, it is done all the same.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        name: &'static str,
        work: impl FnOnce(&mut Writer) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let this = self.clone();
        let done = tokio::task::spawn_blocking(move || this.blocking(name, work)).await;
        done.unwrap_or_else(|_| Err(Error::new(ErrorKind::Stopped, "the runtime has ended")))
    }

    /// Closes the connection once the job that it is at is done.
    pub(super) async fn close(&self) -> Result<(), Error> {
        let this = self.clone();
        let closed = tokio::task::spawn_blocking(move || {
            let Some(writer) = this.writer.lock().take() else { return Ok(()) };
            writer.connection.close().map_err(|(_, error)| failure::of_statement(&this.location.path, error))
        });
        closed.await.unwrap_or_else(|_| Err(Error::new(ErrorKind::Stopped, "the runtime has ended")))
    }
}

/// The connection with what it knows of the log.
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
                    // more: it is compacted, and only waits for its turn to be deleted. Any other stays, and the
                    // second try fails too.
                    Err(error) if failure::is_taken(&error) => {
                        let stale = params![row.key.as_str(), row.prev_revision.0, COMPACT_KEY];
                        transaction.execute(FORGET, stale)?;
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

    /// Cuts the WAL's file to nothing, if that needs no waiting for a reader.
    pub(super) fn shorten(&mut self) -> rusqlite::Result<()> {
        self.connection.busy_timeout(Duration::ZERO)?;
        let cut = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        self.connection.busy_timeout(self.location.busy_timeout)?;
        cut
    }
}

/// A passive checkpoint waits for nobody. Returns how many pages are left in the WAL.
pub(super) fn checkpoint(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
        Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?)
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use backingstore_config::DataSource;

    use crate::backend::sqlite::Sqlite;
    use crate::backend::{Append, Backend, NewRow, SlowSql};
    use crate::key::Key;
    use crate::revision::Revision;

    fn creation(key: &str) -> NewRow {
        NewRow {
            key: Key::stored(key),
            created: true,
            deleted: false,
            create_revision: Revision(0),
            prev_revision: Revision(0),
            lease: 0,
            version: Some(1),
            value: None,
            deadline: None,
        }
    }

    #[tokio::test]
    async fn only_a_compacted_row_makes_room_for_another() {
        let folder = tempfile::tempdir().unwrap();
        let source = format!("sqlite://{}", folder.path().join("state.db").display());
        let DataSource::Sqlite(source) = source.parse().unwrap() else { panic!("{source}") };
        let slow = SlowSql { info: Duration::ZERO, warn: Duration::ZERO };
        let backend = Sqlite::open(&source, None, slow).await.unwrap();
        let first = backend.head().await.unwrap().revision;
        let key = || [creation("/a")].into();
        assert_eq!(backend.append(first, key()).await.unwrap(), Append::Committed);
        let live = first.next();
        backend.append(live, key()).await.expect_err("a live row was overwritten");
        let rows = backend.rows_after(first, 10).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.revision).collect::<Vec<_>>(), [live]);

        backend.set_compacted(live).await.unwrap();
        assert_eq!(backend.append(live, key()).await.unwrap(), Append::Committed);
        let rows = backend.rows_after(first, 10).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.revision).collect::<Vec<_>>(), [live.next()]);
        backend.close().await.unwrap();
    }
}
