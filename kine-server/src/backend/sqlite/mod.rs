//! kine's table in a SQLite file, in WAL mode.
//!
//! [`open`] takes the lock and connects, [`schema`] makes or checks the tables, [`writer`] is the one connection that
//! writes, [`readers`] those that read values, [`head`] the one that notices what others write, [`checkpoint`] keeps the
//! WAL short. [`failure`] turns SQLite's errors into ours.
//!
//! A read never waits for a write here: in WAL mode each connection reads the last committed state.

mod checkpoint;
mod failure;
mod head;
mod open;
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

use self::checkpoint::Checkpointer;
use self::head::HeadProbe;
use self::open::Location;
use self::readers::Readers;
use self::writer::SharedWriter;
use super::{Append, Backend, Head, NewRow, Row, Size, SlowSql};
use crate::backend::COMPACT_KEY;
use crate::error::{Error, ErrorKind};
use crate::revision::Revision;

const INSERT: &str = "INSERT INTO kine(id, name, created, deleted, create_revision, prev_revision, lease, version, \
     value, old_value) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, (SELECT value FROM kine WHERE id = ?6))";
/// No two rows of a key may have the same previous revision.
const FORGET: &str = "DELETE FROM kine WHERE name = ? AND prev_revision = ?";
const INSERT_DEADLINE: &str = "INSERT INTO kine_deadline(revision, deadline) VALUES (?, ?)";
const ROWS_AFTER: &str = "SELECT id, CAST(name AS TEXT), created, deleted, create_revision, prev_revision, lease, \
     version FROM kine WHERE id > ? ORDER BY id LIMIT ?";

/// An open file. Its lock is held until it is closed or dropped.
pub(crate) struct Sqlite {
    writer: SharedWriter,
    readers: Readers,
    head: HeadProbe,
    /// None once closed.
    checkpointer: Mutex<Option<Checkpointer>>,
    /// Last, because its lock has to outlive the connections.
    location: Arc<Location>,
}

impl Sqlite {
    /// Opens the file, made if it is not there, and brings its tables to what kine and this server need.
    pub(crate) async fn open(
        source: &SqliteSource,
        synchronous: Option<Synchronous>,
        slow: SlowSql,
    ) -> Result<Self, Error> {
        let source = source.clone();
        let opening = tokio::task::spawn_blocking(move || {
            let location = Arc::new(Location::lock(&source, synchronous, slow)?);
            schema::check(&location)?;
            let mut connection = location.connect()?;
            schema::prepare(&location, &mut connection)?;
            let head = HeadProbe::new(&location)?;
            let writer = SharedWriter::new(location.clone(), connection)?;
            let checkpointer = Checkpointer::start(&location, &writer)?;
            let readers = Readers::new(location.clone());
            Ok(Self { writer, readers, head, checkpointer: Mutex::new(Some(checkpointer)), location })
        });
        opening
            .await
            .map_err(|panic| Error::new(ErrorKind::Storage, "opening the database").with_source(panic))?
    }
}

#[async_trait]
impl Backend for Sqlite {
    async fn append(&self, after: Revision, rows: Arc<[NewRow]>) -> Result<Append, Error> {
        let count = rows.len();
        let appended = self.writer.blocking("Insert", |writer| writer.append(after, &rows))?;
        if appended == Append::Committed
            && let Some(checkpointer) = &*self.checkpointer.lock()
        {
            checkpointer.wrote(count);
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
        self.writer.call("UpdateCompact", move |writer| writer.with(set)).await
    }

    async fn delete_rows(&self, revisions: Vec<Revision>) -> Result<(), Error> {
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
        self.writer.call("Compact", move |writer| writer.with(delete)).await
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
