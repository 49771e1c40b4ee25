//! The rows of kine's table, and nothing else: what a database must be able to do for the store above it.
//!
//! [`sqlite`] keeps them in a file, [`memory`] in this process. A backend does not know keys from values, decides no
//! compare and answers no client; the store does not know SQL.

pub(crate) mod memory;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::error::Error;
use crate::key::Key;
use crate::revision::Revision;

/// The name of the row whose `prev_revision` is the compact revision. No client sees it.
pub(crate) const COMPACT_KEY: &str = "compact_rev_key";

/// A row as it is read: all but the values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// Column `id`.
    pub(crate) revision: Revision,
    pub(crate) name: String,
    pub(crate) created: bool,
    pub(crate) deleted: bool,
    /// 0 in rows that create or delete.
    pub(crate) create_revision: Revision,
    /// The key's row before this one, a tombstone too; 0 for none.
    pub(crate) prev_revision: Revision,
    pub(crate) lease: i64,
    /// Our column; absent in rows that kine wrote, and where the number of writes is not known exactly.
    pub(crate) version: Option<i64>,
}

/// A row to write. Its id is its place in the batch.
#[derive(Clone, Debug)]
pub(crate) struct NewRow {
    pub(crate) key: Key,
    pub(crate) created: bool,
    pub(crate) deleted: bool,
    pub(crate) create_revision: Revision,
    pub(crate) prev_revision: Revision,
    pub(crate) lease: i64,
    pub(crate) version: Option<i64>,
    pub(crate) value: Option<Bytes>,
    /// When the lease ends, in milliseconds since 1970.
    #[cfg_attr(not(feature = "sqlite"), expect(dead_code, reason = "for what outlives the process"))]
    pub(crate) deadline: Option<i64>,
}

impl NewRow {
    /// The row as it will be read back once it has its id.
    pub(crate) fn as_row(&self, revision: Revision) -> Row {
        Row {
            revision,
            name: self.key.as_str().to_owned(),
            created: self.created,
            deleted: self.deleted,
            create_revision: self.create_revision,
            prev_revision: self.prev_revision,
            lease: self.lease,
            version: self.version,
        }
    }
}

/// Where the log stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) revision: Revision,
    pub(crate) compacted: Revision,
}

/// How an append ended when nothing failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Append {
    /// Every row is committed, the first with the id after the expected head.
    Committed,
    /// Nothing was written: the head is not where the caller thought, because somebody else has written.
    Moved,
}

/// Bytes on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) allocated: i64,
    pub(crate) in_use: i64,
}

/// From which duration on a statement is logged; zero for never.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "sqlite"), expect(dead_code, reason = "of a database"))]
pub(crate) struct SlowSql {
    pub(crate) info: Duration,
    pub(crate) warn: Duration,
}

/// The log of rows, with a table of lease deadlines beside it.
///
/// [`append`](Backend::append) is called from a thread that does nothing else, and may block it; the others must not block.
/// A call that is dropped may still happen. A failed [`append`](Backend::append) has either committed all of its rows
/// or none; who wants to know reads the head.
#[async_trait]
pub(crate) trait Backend: Send + Sync + 'static {
    /// Whether a row of this key would be read back with the very same key. One that would not is refused before it is
    /// written; [`append`](Backend::append) fails on it.
    fn can_hold(&self, _key: &Key) -> bool {
        true
    }

    /// Appends `rows` in one transaction, with consecutive ids from `after + 1`, if `after` is still the newest. An
    /// empty batch only checks that.
    async fn append(&self, after: Revision, rows: Arc<[NewRow]>) -> Result<Append, Error>;

    /// Where the log stands now, whoever wrote to it last. Cheap: asked before every linearizable read.
    async fn head(&self) -> Result<Head, Error>;

    /// Up to `limit` rows with ids above `after`, in order.
    async fn rows_after(&self, after: Revision, limit: usize) -> Result<Vec<Row>, Error>;

    /// The values of the rows with these ids; none for a row that is not there.
    async fn values(&self, revisions: Vec<Revision>) -> Result<Vec<Option<Bytes>>, Error>;

    /// Deadlines of leased rows, in milliseconds since 1970.
    async fn deadlines(&self) -> Result<Vec<(Revision, i64)>, Error>;

    /// Records `revision` as the compact revision.
    async fn set_compacted(&self, revision: Revision) -> Result<(), Error>;

    /// Deletes these rows in one transaction. Rows that are gone already are no error.
    async fn delete_rows(&self, revisions: Vec<Revision>) -> Result<(), Error>;

    /// Fails when the database is not where it was opened any more.
    async fn is_in_place(&self) -> Result<(), Error> {
        Ok(())
    }

    /// How large the database is.
    async fn size(&self) -> Result<Size, Error>;

    /// Finishes what was accepted and lets go of the database.
    async fn close(&self) -> Result<(), Error>;
}
