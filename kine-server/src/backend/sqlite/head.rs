//! Where the log stands, asked before every linearizable read.
//!
//! `PRAGMA data_version` costs about a microsecond and changes when another connection has committed; only then is the
//! table asked. It touches no disk, so it is asked right where the read runs.

use parking_lot::Mutex;
use rusqlite::Connection;

use super::failure;
use super::open::Location;
use crate::backend::COMPACT_KEY;
use crate::backend::Head;
use crate::error::{Error, ErrorKind};
use crate::revision::Revision;

pub(super) struct HeadProbe {
    path: std::path::PathBuf,
    /// None once closed.
    probe: Mutex<Option<Probe>>,
}

struct Probe {
    connection: Connection,
    data_version: i64,
    head: Head,
}

impl HeadProbe {
    pub(super) fn new(location: &Location) -> Result<Self, Error> {
        let connection = location.connect_to_read()?;
        let failed = |error| failure::of_statement(&location.path, error);
        connection.busy_timeout(std::time::Duration::ZERO).map_err(failed)?;
        // The version first: what is committed in between is then seen as a change.
        let data_version = data_version(&connection).map_err(failed)?;
        let head = query(&connection).map_err(failed)?;
        let probe = Probe { connection, data_version, head };
        Ok(Self { path: location.path.clone(), probe: Mutex::new(Some(probe)) })
    }

    /// The head now, or none where that would wait.
    pub(super) fn now(&self) -> Option<Result<Head, Error>> {
        let mut probe = self.probe.lock();
        let Some(probe) = probe.as_mut() else {
            return Some(Err(Error::new(ErrorKind::Stopped, "the database is closed")));
        };
        match probe.now() {
            Ok(head) => Some(Ok(head)),
            Err(error) if failure::is_busy(&error) => None,
            Err(error) => Some(Err(failure::of_statement(&self.path, error))),
        }
    }

    pub(super) fn close(&self) {
        self.probe.lock().take();
    }
}

impl Probe {
    fn now(&mut self) -> rusqlite::Result<Head> {
        let data_version = data_version(&self.connection)?;
        if data_version != self.data_version {
            self.head = query(&self.connection)?;
            self.data_version = data_version;
        }
        Ok(self.head)
    }
}

/// The newest row may be gone: kine's compaction deletes a tombstone even there. SQLite remembers how far ids have gone
/// (`sqlite_sequence`), and does not give one out twice.
const QUERY: &str = "SELECT max(coalesce((SELECT max(id) FROM kine), 0),
        coalesce((SELECT max(seq) FROM sqlite_sequence WHERE name = 'kine'), 0)),
    (SELECT max(prev_revision) FROM kine WHERE name = ?)";

pub(super) fn query(connection: &Connection) -> rusqlite::Result<Head> {
    let mut statement = connection.prepare_cached(QUERY)?;
    statement.query_row([COMPACT_KEY], |row| {
        let number =
            |column| Ok::<_, rusqlite::Error>(Revision(row.get::<_, Option<i64>>(column)?.unwrap_or(0)));
        Ok(Head { revision: number(0)?, compacted: number(1)? })
    })
}

/// SQLite's count of the commits that other connections have made.
pub(super) fn data_version(connection: &Connection) -> rusqlite::Result<i64> {
    let mut statement = connection.prepare_cached("PRAGMA data_version")?;
    statement.query_row([], |row| row.get(0))
}
