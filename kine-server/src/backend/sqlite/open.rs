//! Which file, how it is locked, and how each connection to it is set up.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use backingstore_config::{SqliteSource, Synchronous};
use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags};

use super::{failure, parameters};
use crate::backend::SlowSql;
use crate::error::{Error, ErrorKind};

fn pragma(synchronous: Synchronous) -> &'static str {
    match synchronous {
        Synchronous::Off => "OFF",
        Synchronous::Normal => "NORMAL",
        Synchronous::Extra => "EXTRA",
        _ => "FULL",
    }
}

/// A database file that this process has locked for itself.
pub(super) struct Location {
    pub(super) path: PathBuf,
    synchronous: Synchronous,
    pub(super) busy_timeout: Duration,
    slow: SlowSql,
    lock: Mutex<Option<File>>,
    /// Device and inode, by which a file that was put in its place is told from it.
    identity: (u64, u64),
    /// Whether the file was not there before.
    was_made: bool,
}

impl Location {
    /// Takes the lock of the file, which may still have to be made.
    ///
    /// The lock is on a file beside it: closing any descriptor of the database file itself would drop the locks that
    /// SQLite holds on it (SQLite, "How To Corrupt An SQLite Database File", section 2.2).
    pub(super) fn lock(
        source: &SqliteSource,
        synchronous: Option<Synchronous>,
        slow: SlowSql,
    ) -> Result<Self, Error> {
        parameters::check(source)?;
        let path = absolute(source.path())?;
        let mut name = path.as_os_str().to_owned();
        name.push(".lock");
        let name = PathBuf::from(name);
        let options =
            File::options().read(true).write(true).create(true).truncate(false).mode(0o600).open(&name);
        let file = options.map_err(|error| cannot_write(&path, error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::new(
                    ErrorKind::InUse,
                    format!(
                        "another server has the database {} open (it holds the lock {}): stop it, or name another file",
                        path.display(),
                        name.display()
                    ),
                ));
            }
            Err(TryLockError::Error(error)) => return Err(cannot_write(&name, error)),
        }
        let was_made = match File::options().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(_) => true,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => false,
            Err(error) => return Err(cannot_write(&path, error)),
        };
        let identity = identity(&path).map_err(|error| cannot_write(&path, error))?;
        let synchronous = effective(source, synchronous);
        let busy_timeout = source.busy_timeout().unwrap_or(Duration::from_secs(30));
        Ok(Self { path, synchronous, busy_timeout, slow, lock: Mutex::new(Some(file)), identity, was_made })
    }

    /// Whether the path leads to another file by now, or to none. SQLite in WAL mode goes on writing to a file that was
    /// removed, and all of that is gone when it is closed.
    pub(super) fn has_moved(&self) -> bool {
        match identity(&self.path) {
            Ok(identity) => identity != self.identity,
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        }
    }

    /// Removes the file if it was made here and nothing has come into it. For when opening fails, after every connection
    /// is closed and before the lock is given back.
    pub(super) fn remove_if_made_in_vain(&self) {
        let is_empty = || fs::metadata(&self.path).is_ok_and(|found| found.len() == 0);
        if self.was_made && !self.has_moved() && is_empty() {
            // Where it cannot be removed, an empty file is left, which opens like none.
            let _ = fs::remove_file(&self.path);
        }
    }

    /// Lets another process have the file. In so many words: closing the descriptor would not do while a process that was
    /// forked just now still has a copy of it.
    pub(super) fn unlock(&self) {
        if let Some(lock) = self.lock.lock().take() {
            let _ = lock.unlock();
        }
    }

    /// Runs a statement, counts it under kine's own metric names, and logs it when it was slow.
    pub(super) fn observe<T>(
        &self,
        name: &'static str,
        work: impl FnOnce() -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        let begun = Instant::now();
        let result = work();
        let took = begun.elapsed();
        let code = result.as_ref().err().map(failure::code).unwrap_or_default();
        metrics::counter!("kine_sql_total", "name" => name, "error_code" => code.clone()).increment(1);
        metrics::histogram!("kine_sql_time_seconds", "name" => name, "error_code" => code).record(took);
        let reaches = |threshold: Duration| !threshold.is_zero() && took >= threshold;
        if reaches(self.slow.warn) {
            tracing::warn!(name, ?took, "Slow SQL");
        } else if reaches(self.slow.info) {
            tracing::info!(name, ?took, "Slow SQL");
        }
        result.map_err(|error| failure::of_statement(&self.path, error))
    }

    /// A connection that has changed nothing yet: what else a connection needs would put the file into WAL mode.
    pub(super) fn look(&self) -> Result<Connection, Error> {
        let look = || {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(&self.path, flags)?;
            connection.busy_timeout(self.busy_timeout)?;
            Ok(connection)
        };
        look().map_err(|error| failure::of_statement(&self.path, error))
    }

    /// A connection that may write.
    pub(super) fn connect(&self) -> Result<Connection, Error> {
        let connection = self.look()?;
        let connect = || {
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
            connection.pragma_update(None, "synchronous", pragma(self.synchronous))?;
            // Checkpoints are made beside the writer, not inside its commits.
            connection.pragma_update(None, "wal_autocheckpoint", 0)?;
            connection.set_prepared_statement_cache_capacity(32);
            Ok(())
        };
        connect().map_err(|error| failure::of_statement(&self.path, error))?;
        Ok(connection)
    }

    /// A connection that cannot write.
    pub(super) fn connect_to_read(&self) -> Result<Connection, Error> {
        let connection = self.connect()?;
        let query_only = connection.pragma_update(None, "query_only", true);
        query_only.map_err(|error| failure::of_statement(&self.path, error))?;
        Ok(connection)
    }
}

impl Drop for Location {
    fn drop(&mut self) {
        self.unlock();
    }
}

/// What holds where this was asked for beside the data source.
fn effective(source: &SqliteSource, asked: Option<Synchronous>) -> Synchronous {
    // kine's default data source says NORMAL, which its user never wrote.
    let written = source.synchronous().filter(|_| !source.is_kine_default());
    asked.or(written).unwrap_or(Synchronous::Full)
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    // Asked by name: a descriptor of our own must not be closed (see `Location::lock`).
    let found = fs::metadata(path)?;
    Ok((found.dev(), found.ino()))
}

fn absolute(path: &Path) -> Result<PathBuf, Error> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // kine makes the directory of its default path, and no other.
    if parent == Path::new("./db") {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(parent);
        made.map_err(|error| cannot_write(path, error))?;
    }
    // A link to the file leads to the same lock as its own name.
    if let Ok(path) = path.canonicalize() {
        return Ok(path);
    }
    let Some(name) = path.file_name() else {
        return Err(Error::new(
            ErrorKind::Config,
            format!("the database path {} names no file", path.display()),
        ));
    };
    match parent.canonicalize() {
        Ok(directory) => Ok(directory.join(name)),
        Err(error) => {
            let message = format!(
                "the directory {} of the database {} cannot be used: make it, or name another path",
                parent.display(),
                path.display()
            );
            Err(Error::new(ErrorKind::Storage, message).with_source(error))
        }
    }
}

fn cannot_write(path: &Path, error: io::Error) -> Error {
    let message = format!(
        "{} cannot be written: give this process write access to its directory, or name another path",
        path.display()
    );
    Error::new(ErrorKind::Storage, message).with_source(error)
}

#[cfg(test)]
mod tests {
    use backingstore_config::DataSource;

    use super::*;

    fn source(written: &str) -> SqliteSource {
        match written.parse().unwrap() {
            DataSource::Sqlite(source) => source,
            other => panic!("{other:?}"),
        }
    }

    /// What SQLite says of a connection to `folder/state.db` that may write.
    fn used(source: &SqliteSource, asked: Option<Synchronous>, folder: &Path) -> i64 {
        let file = folder.join("state.db");
        File::create(&file).unwrap();
        let synchronous = effective(source, asked);
        let location = Location {
            identity: identity(&file).unwrap(),
            path: file,
            synchronous,
            busy_timeout: Duration::ZERO,
            slow: SlowSql { info: Duration::ZERO, warn: Duration::ZERO },
            lock: Mutex::new(None),
            was_made: false,
        };
        let connection = location.connect().unwrap();
        connection.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap()
    }

    #[test]
    fn a_commit_waits_for_the_disk_unless_less_was_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let used = |written, asked| used(&source(written), asked, folder.path());
        assert_eq!(used("", None), 2, "the empty data source");
        assert_eq!(used("sqlite://", None), 2, "kine's default");
        assert_eq!(used("sqlite:///data/a.db", None), 2);
        assert_eq!(used("sqlite:///data/a.db?_synchronous=NORMAL", None), 1);
        assert_eq!(used("sqlite://", Some(Synchronous::Normal)), 1);
        assert_eq!(used("sqlite:///data/a.db?_synchronous=NORMAL", Some(Synchronous::Full)), 2);
    }
}
