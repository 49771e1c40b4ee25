//! SQLite's errors, told as ours.

use std::path::Path;

use rusqlite::ffi;

use crate::error::{Error, ErrorKind};

/// What a failed statement means for the server.
pub(super) fn of_statement(path: &Path, error: rusqlite::Error) -> Error {
    let path = path.display();
    let code = error.sqlite_error().map(|error| error.extended_code);
    let (kind, message) = match code.map(|code| (code & 0xff, code)) {
        Some((ffi::SQLITE_FULL, _)) => (
            ErrorKind::NoSpace,
            format!("no space is left for the database {path}: free some on its file system"),
        ),
        Some((ffi::SQLITE_NOTADB, _)) => (
            ErrorKind::NotKine,
            format!(
                "{path} is not a SQLite database (or is encrypted): name another file, or move this one away"
            ),
        ),
        Some((ffi::SQLITE_CORRUPT, _)) => {
            (ErrorKind::NotKine, format!("the database {path} is damaged: restore it from a backup"))
        }
        Some((_, ffi::SQLITE_READONLY_DBMOVED)) => {
            (ErrorKind::Gone, format!("the database {path} was removed or replaced while it was served"))
        }
        Some((ffi::SQLITE_READONLY | ffi::SQLITE_PERM | ffi::SQLITE_CANTOPEN, _)) => (
            ErrorKind::Storage,
            format!(
                "the database {path} cannot be written: give this process write access to the file and its directory"
            ),
        ),
        Some((ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED, _)) => {
            (ErrorKind::Storage, format!("another process kept the database {path} locked for too long"))
        }
        None if matches!(error, rusqlite::Error::FromSqlConversionFailure(..)) => (
            ErrorKind::NotKine,
            format!("the table kine in {path} holds what cannot be served: mend it, or name another file"),
        ),
        _ => (ErrorKind::Storage, format!("the database {path} failed")),
    };
    Error::new(kind, message).with_source(error)
}

/// What SQLite itself says of a file that is not where it was.
pub(super) fn moved() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_READONLY_DBMOVED), None)
}

/// The error code for the metrics: SQLite's extended one, or a word for what did not come from SQLite.
pub(super) fn code(error: &rusqlite::Error) -> String {
    error.sqlite_error().map_or_else(|| "client".to_owned(), |error| error.extended_code.to_string())
}

/// Whether the file is held by somebody for the moment.
pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    error
        .sqlite_error()
        .is_some_and(|error| matches!(error.extended_code & 0xff, ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED))
}

/// Whether another row has this key and previous revision.
pub(super) fn is_taken(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| error.extended_code == ffi::SQLITE_CONSTRAINT_UNIQUE)
}
