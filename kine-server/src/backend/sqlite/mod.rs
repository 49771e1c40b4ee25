//! kine's table in a SQLite file, in WAL mode.
//!
//! [`open`] takes the lock and connects, [`schema`] makes or checks the tables, [`writer`] is the one connection that
//! writes, [`readers`] those that read values, [`head`] the one that notices what others write, [`checkpoint`] keeps the
//! WAL short. [`affinity`] knows the keys that an old file would change, [`parameters`] refuses what a data source asks for
//! in vain. [`failure`] turns SQLite's errors into ours.
//!
//! A read never waits for a write here: in WAL mode each connection reads the last committed state.

mod affinity;
mod checkpoint;
mod failure;
mod head;
mod open;
mod parameters;
mod readers;
mod schema;
mod writer;

use std::sync::Arc;

use async_trait::async_trait;
use backingstore_config::{SqliteSource, Synchronous};
use bytes::Bytes;
use parking_lot::Mutex;
use rusqlite::types::Type;
use rusqlite::{Connection, params};

use self::affinity::Affinity;
use self::checkpoint::{Checkpointer, Work};
use self::head::HeadProbe;
use self::open::Location;
use self::readers::Readers;
use self::writer::SharedWriter;
use super::{Append, Backend, Head, NewRow, Row, Size, SlowSql};
use crate::backend::COMPACT_KEY;
use crate::error::{Error, ErrorKind};
use crate::key::Key;
use crate::revision::Revision;

const INSERT: &str = "INSERT INTO kine(id, name, created, deleted, create_revision, prev_revision, lease, version, \
     value, old_value) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, (SELECT value FROM kine WHERE id = ?6))";
/// No two rows of a key may have the same previous revision. Only what nobody can read may make room for another: a row
/// at or below the compact revision, and the tombstone of nothing that kine fills a hole in the ids with (`gap-ID`).
const FORGET: &str = "DELETE FROM kine WHERE name = ?1 AND prev_revision = ?2 \
     AND (id <= (SELECT max(prev_revision) FROM kine WHERE name = ?3) \
          OR (deleted <> 0 AND created = 0 AND prev_revision = 0 AND name = 'gap-' || id))";
const INSERT_DEADLINE: &str = "INSERT INTO kine_deadline(revision, deadline) VALUES (?, ?)";
const ROWS_AFTER: &str = "SELECT id, CAST(name AS TEXT), created, deleted, create_revision, prev_revision, lease, \
     version FROM kine WHERE id > ? ORDER BY id LIMIT ?";

/// An open file. Its lock is held until it is closed or dropped.
pub(crate) struct Sqlite {
    writer: SharedWriter,
    readers: Readers,
    head: HeadProbe,
    affinity: Affinity,
    /// None once closed.
    checkpointer: Mutex<Option<Checkpointer>>,
    /// Last, because its lock has to outlive the connections.
    location: Arc<Location>,
}

impl Sqlite {
    /// Opens the file, made if it is not there, and brings its tables to what kine and this server need. A file that was
    /// made in vain is removed again.
    pub(crate) async fn open(
        source: &SqliteSource,
        synchronous: Option<Synchronous>,
        slow: SlowSql,
    ) -> Result<Self, Error> {
        let source = source.clone();
        let opening = tokio::task::spawn_blocking(move || {
            let location = Arc::new(Location::lock(&source, synchronous, slow)?);
            let opened = Self::open_locked(&location);
            if opened.is_err() {
                location.remove_if_made_in_vain();
            }
            opened
        });
        opening
            .await
            .map_err(|panic| Error::new(ErrorKind::Storage, "opening the database").with_source(panic))?
    }

    fn open_locked(location: &Arc<Location>) -> Result<Self, Error> {
        schema::check(location)?;
        let mut connection = location.connect()?;
        schema::prepare(location, &mut connection)?;
        let affinity =
            Affinity::of_names(&connection).map_err(|error| failure::of_statement(&location.path, error))?;
        let head = HeadProbe::new(location)?;
        let writer = SharedWriter::new(location.clone(), connection)?;
        let checkpointer = Mutex::new(Some(Checkpointer::start(location, &writer)?));
        let readers = Readers::new(location.clone());
        Ok(Self { writer, readers, head, affinity, checkpointer, location: location.clone() })
    }

    fn wrote(&self, work: Work) {
        if let Some(checkpointer) = &*self.checkpointer.lock() {
            checkpointer.wrote(work);
        }
    }
}

#[async_trait]
impl Backend for Sqlite {
    fn can_hold(&self, key: &Key) -> bool {
        self.affinity.keeps(key.as_str())
    }

    async fn append(&self, after: Revision, rows: Arc<[NewRow]>) -> Result<Append, Error> {
        if let Some(row) = rows.iter().find(|row| !self.can_hold(&row.key)) {
            let message = format!(
                "the table kine in {} would store the key {:?} as a number: write another key, or rebuild the table \
                 with the column name declared TEXT",
                self.location.path.display(),
                row.key
            );
            return Err(Error::new(ErrorKind::Storage, message));
        }
        let appended = self.writer.blocking("Insert", |writer| writer.append(after, &rows))?;
        if appended == Append::Committed {
            self.wrote(Work::of_rows(&rows));
        }
        Ok(appended)
    }

    async fn head(&self) -> Result<Head, Error> {
        match self.head.now() {
            Some(head) => head,
            // Somebody holds the file for himself, as a VACUUM does: wait where waiting stops nobody else.
            None => self.readers.run("CurrentRev", head::query).await,
        }
    }

    async fn rows_after(&self, after: Revision, limit: usize) -> Result<Vec<Row>, Error> {
        let read = move |connection: &Connection| {
            let mut statement = connection.prepare_cached(ROWS_AFTER)?;
            let rows = statement.query_map(params![after.0, limit as i64], row)?;
            rows.collect()
        };
        self.readers.run("After", read).await
    }

    async fn values(&self, revisions: Vec<Revision>) -> Result<Vec<Option<Bytes>>, Error> {
        let read = move |connection: &Connection| {
            let mut statement = connection.prepare_cached("SELECT value FROM kine WHERE id = ?")?;
            let mut value = |revision: Revision| {
                let mut rows = statement.query([revision.0])?;
                let Some(row) = rows.next()? else { return Ok(None) };
                Ok(Some(row.get_ref(0)?.as_blob_or_null()?.map(Bytes::copy_from_slice).unwrap_or_default()))
            };
            revisions.into_iter().map(&mut value).collect()
        };
        self.readers.run("Values", read).await
    }

    async fn deadlines(&self) -> Result<Vec<(Revision, i64)>, Error> {
        let read = |connection: &Connection| {
            let mut statement = connection.prepare("SELECT revision, deadline FROM kine_deadline")?;
            let rows = statement.query_map([], |row| Ok((Revision(row.get(0)?), row.get(1)?)))?;
            rows.collect()
        };
        self.readers.run("Deadlines", read).await
    }

    async fn set_compacted(&self, revision: Revision) -> Result<(), Error> {
        let update = "UPDATE kine SET prev_revision = ? WHERE name = ?";
        let set = move |connection: &mut Connection| {
            let mut statement = connection.prepare_cached(update)?;
            statement.execute(params![revision.0, COMPACT_KEY]).map(|_| ())
        };
        self.writer.call("UpdateCompact", move |writer| writer.with(set)).await?;
        self.wrote(Work { rows: 1, bytes: 0 });
        Ok(())
    }

    async fn delete_rows(&self, revisions: Vec<Revision>) -> Result<(), Error> {
        let deleted = Work { rows: revisions.len(), bytes: 0 };
        let delete = move |connection: &mut Connection| {
            let transaction = connection.transaction()?;
            {
                let mut rows = transaction.prepare_cached("DELETE FROM kine WHERE id = ?")?;
                let mut deadlines =
                    transaction.prepare_cached("DELETE FROM kine_deadline WHERE revision = ?")?;
                for revision in &revisions {
                    rows.execute([revision.0])?;
                    deadlines.execute([revision.0])?;
                }
            }
            transaction.commit()
        };
        self.writer.call("Compact", move |writer| writer.with(delete)).await?;
        self.wrote(deleted);
        Ok(())
    }

    async fn is_in_place(&self) -> Result<(), Error> {
        let location = self.location.clone();
        let looking = tokio::task::spawn_blocking(move || match location.has_moved() {
            true => Err(failure::of_statement(&location.path, failure::moved())),
            false => Ok(()),
        });
        looking.await.unwrap_or(Ok(()))
    }

    async fn size(&self) -> Result<Size, Error> {
        let read = |connection: &Connection| {
            let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
            let (page, pages, free) =
                (pragma("page_size")?, pragma("page_count")?, pragma("freelist_count")?);
            Ok(Size { allocated: page * pages, in_use: page * (pages - free) })
        };
        self.readers.run("GetSize", read).await
    }

    async fn close(&self) -> Result<(), Error> {
        let checkpointer = self.checkpointer.lock().take();
        let stopping = tokio::task::spawn_blocking(move || drop(checkpointer));
        let _ = stopping.await;
        self.readers.close();
        self.head.close();
        // The last connection of all: closing it brings the WAL home and removes it.
        self.writer.close().await?;
        self.location.unlock();
        Ok(())
    }
}

/// A key that is no text, which kine on SQLite takes.
#[derive(Debug)]
struct NoText(Revision);

impl std::fmt::Display for NoText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the key of row {} is not UTF-8", self.0)
    }
}

impl std::error::Error for NoText {}

fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let revision = Revision(row.get(0)?);
    let name = row.get::<_, Option<String>>(1).map_err(|error| match error {
        rusqlite::Error::Utf8Error(column, _) => {
            rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(NoText(revision)))
        }
        error => error,
    })?;
    // Every column of kine's table but the id may be NULL.
    let number = |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.unwrap_or_default());
    Ok(Row {
        revision,
        name: name.unwrap_or_default(),
        created: number(2)? != 0,
        deleted: number(3)? != 0,
        create_revision: Revision(number(4)?),
        prev_revision: Revision(number(5)?),
        lease: number(6)?,
        version: row.get(7)?,
    })
}
