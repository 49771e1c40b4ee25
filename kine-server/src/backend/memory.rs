//! The rows in this process alone, for users' tests: gone with the server.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;

use super::{Append, Backend, Head, NewRow, Row, Size};
use crate::backend::COMPACT_KEY;
use crate::error::Error;
use crate::revision::Revision;

/// Rows in a map by id. Row 1 is kine's compact row, as in a file.
pub(crate) struct Memory(Mutex<Log>);

struct Log {
    rows: BTreeMap<Revision, (Row, Option<Bytes>)>,
    head: Head,
    bytes: i64,
}

impl Memory {
    pub(crate) fn new() -> Self {
        let first = Row {
            revision: Revision(1),
            name: COMPACT_KEY.to_owned(),
            created: true,
            deleted: false,
            create_revision: Revision::ZERO,
            prev_revision: Revision::ZERO,
            lease: 0,
            version: None,
        };
        let head = Head { revision: first.revision, compacted: Revision::ZERO };
        Self(Mutex::new(Log { rows: BTreeMap::from([(first.revision, (first, None))]), head, bytes: 0 }))
    }
}

fn bytes_of(row: &Row, value: Option<&Bytes>) -> i64 {
    (row.name.len() + value.map_or(0, Bytes::len) + size_of::<Row>()) as i64
}

#[async_trait]
impl Backend for Memory {
    async fn append(&self, after: Revision, rows: Arc<[NewRow]>) -> Result<Append, Error> {
        let mut log = self.0.lock();
        if log.head.revision != after {
            return Ok(Append::Moved);
        }
        for new in rows.iter() {
            let revision = log.head.revision.next();
            let row = new.as_row(revision);
            log.bytes += bytes_of(&row, new.value.as_ref());
            log.rows.insert(revision, (row, new.value.clone()));
            log.head.revision = revision;
        }
        Ok(Append::Committed)
    }

    async fn head(&self) -> Result<Head, Error> {
        Ok(self.0.lock().head)
    }

    async fn rows_after(&self, after: Revision, limit: usize) -> Result<Vec<Row>, Error> {
        let log = self.0.lock();
        Ok(log.rows.range(after.next()..).take(limit).map(|(_, (row, _))| row.clone()).collect())
    }

    async fn values(&self, revisions: Vec<Revision>) -> Result<Vec<Option<Bytes>>, Error> {
        let log = self.0.lock();
        let value = |revision| log.rows.get(&revision).map(|(_, value)| value.clone().unwrap_or_default());
        Ok(revisions.into_iter().map(value).collect())
    }

    async fn deadlines(&self) -> Result<Vec<(Revision, i64)>, Error> {
        Ok(Vec::new())
    }

    async fn set_compacted(&self, revision: Revision) -> Result<(), Error> {
        self.0.lock().head.compacted = revision;
        Ok(())
    }

    async fn delete_rows(&self, revisions: Vec<Revision>) -> Result<(), Error> {
        let mut log = self.0.lock();
        for revision in revisions {
            if let Some((row, value)) = log.rows.remove(&revision) {
                log.bytes -= bytes_of(&row, value.as_ref());
            }
        }
        Ok(())
    }

    async fn size(&self) -> Result<Size, Error> {
        let bytes = self.0.lock().bytes;
        Ok(Size { allocated: bytes, in_use: bytes })
    }

    async fn close(&self) -> Result<(), Error> {
        Ok(())
    }
}
