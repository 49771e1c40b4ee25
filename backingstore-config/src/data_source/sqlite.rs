//! `sqlite://PATH?PARAMETERS`, with the parameters of go-sqlite3.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use secrecy::ExposeSecret;

use super::fault::Fault;
use super::known_params::SQLITE;
use super::misplaced::refuse_in_name;
use super::params::Params;
use super::percent::{Plus, decode, encode};
use crate::error::ConfigError;
use crate::redaction::Secrets;

/// What kine v0.16.4 uses for an empty SQLite data source (`pkg/drivers/sqlite`, `DefaultDSN`).
const KINE_DEFAULT: &str = "./db/state.db?_journal_mode=WAL&_busy_timeout=30000&_synchronous=NORMAL&_txlock=immediate&_stmt_cache_size=20&cache=shared";

const WRITE_PARAMETERS: &str = "write `?` before the first parameter and `&` between them; write a path with a `&`, a `;` or a `=` of its own as a `file:` URI: `%26`, `%3B`, `%3D`";

/// A SQLite database: a file or memory, and how to open it.
///
/// kine adds its own defaults to an empty data source only. Where one is given, what it does not say is
/// go-sqlite3's default.
#[derive(Clone)]
pub struct SqliteSource {
    /// Some: what was written instead of the path and parameters below, which are kine's default for it.
    stands_for_default: Option<&'static str>,
    written_path: String,
    /// The path without `file:` and its encoding.
    path: String,
    params: Params,
    synchronous: Option<Synchronous>,
    journal_mode: Option<JournalMode>,
    transaction_lock: Option<TransactionLock>,
    busy_timeout: Option<Duration>,
}

/// How hard SQLite tries to have written what it acknowledged (`PRAGMA synchronous`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Synchronous {
    /// Never waits for the disk.
    Off,
    /// Waits at checkpoints: in WAL mode the last commits can be lost with the power.
    Normal,
    /// Waits at each commit.
    Full,
    /// As full, and waits for the folder too when a rollback journal is deleted.
    Extra,
}

/// SQLite's journal (`PRAGMA journal_mode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JournalMode {
    /// A rollback journal, deleted at each commit.
    Delete,
    /// A rollback journal, cut to nothing at each commit.
    Truncate,
    /// A rollback journal whose header is overwritten at each commit.
    Persist,
    /// A rollback journal in memory.
    Memory,
    /// A write-ahead log.
    Wal,
    /// No journal.
    Off,
}

/// When a transaction takes its lock (`_txlock`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransactionLock {
    /// At the first statement.
    Deferred,
    /// The write lock, at once.
    Immediate,
    /// The exclusive lock, at once.
    Exclusive,
}

impl SqliteSource {
    /// The data source that kine uses where nothing is written, or `sqlite://` alone.
    pub(super) fn kine_default(written: &'static str) -> Self {
        let source = Self::parse_dsn(KINE_DEFAULT).expect("kine's own default is well formed");
        Self { stands_for_default: Some(written), ..source }
    }

    /// Parses what follows `sqlite://`.
    pub(super) fn parse(dsn: &str) -> Result<Self, Fault> {
        if dsn.is_empty() {
            return Ok(Self::kine_default("sqlite://"));
        }
        Self::parse_dsn(dsn)
    }

    /// The file at `path`, whatever characters the path holds, with parameters as they stand after the `?` of a data
    /// source (`_journal=WAL&_busy_timeout=30000`; empty for none).
    ///
    /// A path that a data source would not read back, such as one with a `?` in it, is written as a `file:` URI.
    /// `:memory:` alone means no file here too.
    ///
    /// # Errors
    ///
    /// [`InvalidDataSource`](crate::ConfigErrorKind::InvalidDataSource) for a path that is empty, not UTF-8 or has a NUL
    /// character in it, and for parameters that parsing refuses. No error holds any text of the path.
    pub fn from_path(path: impl AsRef<Path>, parameters: &str) -> Result<Self, ConfigError> {
        let Some(path) = path.as_ref().to_str() else {
            let help = "name a file whose path is UTF-8";
            return Err(Fault::invalid("a path that is not UTF-8", help).into());
        };
        let is_read_as_it_is =
            !path.contains('?') && !path.ends_with(['\n', '\r']) && refuse_in_name(path).is_ok();
        let mut dsn = if !is_read_as_it_is || path.starts_with("file:") {
            // With an authority, which is empty, an absolute path may begin with two slashes.
            let authority = if path.starts_with('/') { "//" } else { "" };
            // A `%` first.
            let encoded = ["%", "?", "#", ":", "&", ";", "=", "\n", "\r"]
                .into_iter()
                .fold(path.to_owned(), |path, sign| path.replace(sign, &encode(sign)));
            format!("file:{authority}{encoded}")
        } else {
            path.to_owned()
        };
        if !parameters.is_empty() {
            dsn = format!("{dsn}?{parameters}");
        }
        if path.is_empty() {
            return Err(Fault::invalid("an empty path", "name the file").into());
        }
        Ok(Self::parse_dsn(&dsn)?)
    }

    fn parse_dsn(dsn: &str) -> Result<Self, Fault> {
        let (written_path, query) = match dsn.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (dsn, None),
        };
        if written_path.is_empty() {
            // go-sqlite3 takes a leading `?` for part of the file's name.
            return Err(Fault::invalid(
                "no path before its `?`",
                "write `sqlite://PATH?PARAMETERS`; an absolute path makes three slashes",
            ));
        }
        if dsn.contains('\0') {
            return Err(Fault::invalid("a NUL character in it", "write the path of a file"));
        }
        refuse_in_name(written_path).map_err(|fault| Fault { help: WRITE_PARAMETERS, ..fault })?;
        let params = Params::parse_query(query, &SQLITE)?;
        let path = match written_path.strip_prefix("file:") {
            Some(uri) => uri_path(uri)?,
            None => written_path.to_owned(),
        };
        Ok(Self {
            stands_for_default: None,
            written_path: written_path.to_owned(),
            path,
            synchronous: read(&params, "_synchronous", "_sync", synchronous)?,
            journal_mode: read(&params, "_journal_mode", "_journal", journal_mode)?,
            transaction_lock: read(&params, "_txlock", "_txlock", transaction_lock)?,
            busy_timeout: read(&params, "_busy_timeout", "_timeout", busy_timeout)?,
            params,
        })
    }

    /// The file, relative to the working directory of the process that opens it. `:memory:` means no file;
    /// see [`is_in_memory`](Self::is_in_memory).
    ///
    /// Of a `file:` URI it is the decoded path. SQLite's parameters for such names are among
    /// [`params`](Self::params).
    pub fn path(&self) -> &Path {
        Path::new(&self.path)
    }

    /// Whether the database ends with its last connection: `:memory:`, `file::memory:`, and `mode=memory` of
    /// a `file:` URI.
    pub fn is_in_memory(&self) -> bool {
        self.path == ":memory:" || (self.is_uri() && self.params.get("mode") == Some("memory"))
    }

    /// Whether the path was written as a `file:` URI, which alone has SQLite read `mode`, `cache`,
    /// `immutable` and `vfs`.
    pub fn is_uri(&self) -> bool {
        self.written_path.starts_with("file:")
    }

    /// Whether this is kine's default for an empty data source. For it alone kine creates the folder of the
    /// file.
    pub fn is_kine_default(&self) -> bool {
        self.stands_for_default.is_some()
    }

    /// `_synchronous` or `_sync`, of which the second wins. None if neither is given; go-sqlite3 takes
    /// `NORMAL` then, SQLite by itself `FULL`.
    pub fn synchronous(&self) -> Option<Synchronous> {
        self.synchronous
    }

    /// `_journal_mode` or `_journal`, of which the second wins. None leaves the file in the mode it has.
    pub fn journal_mode(&self) -> Option<JournalMode> {
        self.journal_mode
    }

    /// `_txlock`. None means deferred.
    pub fn transaction_lock(&self) -> Option<TransactionLock> {
        self.transaction_lock
    }

    /// `_busy_timeout` or `_timeout`, of which the second wins: how long to wait for a lock. Zero, and what
    /// is below, does not wait. None if neither is given; go-sqlite3 takes 5 s then.
    pub fn busy_timeout(&self) -> Option<Duration> {
        self.busy_timeout
    }

    /// All parameters as written.
    pub fn params(&self) -> &Params {
        &self.params
    }

    pub(super) fn write(&self, secrets: Secrets) -> String {
        match (secrets, self.stands_for_default) {
            (Secrets::Exposed, Some(written)) => written.to_owned(),
            _ => {
                let mut out = format!("sqlite://{}", self.written_path);
                self.params.write(&mut out, secrets);
                out
            }
        }
    }
}

/// Redacted.
impl fmt::Debug for SqliteSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SqliteSource({})", self.write(Secrets::Masked))
    }
}

/// The path of a `file:` URI, by sqlite.org/uri.html: an authority is empty or `localhost`, the path is
/// decoded.
fn uri_path(uri: &str) -> Result<String, Fault> {
    let path = match uri.strip_prefix("//") {
        Some(rest) => match rest.strip_prefix("localhost").unwrap_or(rest) {
            path if path.starts_with('/') => path,
            _ => {
                return Err(Fault::invalid(
                    "a `file:` URI with a host in it",
                    "write `file:PATH` or `file:///PATH`",
                ));
            }
        },
        None => uri,
    };
    // A fragment is ignored by SQLite, and so is whatever a user meant by it.
    if path.contains('#') {
        return Err(Fault::invalid(
            "a `#` in a `file:` URI",
            "write a `#` that belongs to the path as `%23`",
        ));
    }
    decode(path, Plus::Literal)
}

/// Reads a parameter that has two names, as go-sqlite3 does: where the second is there it hides the first,
/// even if it is empty, and an empty value is none.
fn read<T>(
    params: &Params,
    first: &str,
    second: &str,
    parse: fn(&str) -> Result<T, Fault>,
) -> Result<Option<T>, Fault> {
    let name = if params.contains(second) { second } else { first };
    match params.expose(name).map(ExposeSecret::expose_secret) {
        None | Some("") => Ok(None),
        Some(value) => parse(value).map(Some),
    }
}

fn synchronous(value: &str) -> Result<Synchronous, Fault> {
    match value.to_ascii_uppercase().as_str() {
        "0" | "OFF" => Ok(Synchronous::Off),
        "1" | "NORMAL" => Ok(Synchronous::Normal),
        "2" | "FULL" => Ok(Synchronous::Full),
        "3" | "EXTRA" => Ok(Synchronous::Extra),
        _ => Err(Fault::invalid(
            "an unknown value of `_synchronous`",
            "write `OFF`, `NORMAL`, `FULL` or `EXTRA`",
        )),
    }
}

fn journal_mode(value: &str) -> Result<JournalMode, Fault> {
    match value.to_ascii_uppercase().as_str() {
        "DELETE" => Ok(JournalMode::Delete),
        "TRUNCATE" => Ok(JournalMode::Truncate),
        "PERSIST" => Ok(JournalMode::Persist),
        "MEMORY" => Ok(JournalMode::Memory),
        "WAL" => Ok(JournalMode::Wal),
        "OFF" => Ok(JournalMode::Off),
        _ => Err(Fault::invalid(
            "an unknown value of `_journal_mode`",
            "write `WAL`, `DELETE`, `TRUNCATE`, `PERSIST`, `MEMORY` or `OFF`",
        )),
    }
}

fn transaction_lock(value: &str) -> Result<TransactionLock, Fault> {
    match value.to_ascii_lowercase().as_str() {
        "deferred" => Ok(TransactionLock::Deferred),
        "immediate" => Ok(TransactionLock::Immediate),
        "exclusive" => Ok(TransactionLock::Exclusive),
        _ => Err(Fault::invalid(
            "an unknown value of `_txlock`",
            "write `immediate`, `deferred` or `exclusive`",
        )),
    }
}

fn busy_timeout(value: &str) -> Result<Duration, Fault> {
    match value.parse::<i64>() {
        Ok(milliseconds) => Ok(Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0))),
        Err(_) => Err(Fault::invalid(
            "a `_busy_timeout` that is not a whole number",
            "write milliseconds, such as `_busy_timeout=30000`",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(dsn: &str) -> SqliteSource {
        SqliteSource::parse(dsn).unwrap()
    }

    #[test]
    fn a_path_is_kept_whatever_characters_it_holds() {
        for path in [
            "/data/state.db",
            "/srv/a?b/c#d%3Fe.db",
            "/srv/#%41.db",
            "//x?y",
            "file:x.db",
            "a b?:c.db",
            "?",
            "\u{e9}?",
            "/srv/a&b;c.db",
            "/srv/key=5/x.db",
            "x.db\n",
        ] {
            let source = SqliteSource::from_path(path, "_journal=WAL&cache=shared").unwrap();
            assert_eq!(source.path(), Path::new(path));
            assert_eq!(source.journal_mode(), Some(JournalMode::Wal));
            let again = source.write(Secrets::Exposed);
            assert_eq!(parse(again.strip_prefix("sqlite://").unwrap()).path(), Path::new(path), "{again}");
        }
        assert_eq!(SqliteSource::from_path("x.db", "").unwrap().write(Secrets::Exposed), "sqlite://x.db");
    }

    #[cfg(unix)]
    #[test]
    fn a_path_that_is_no_text_is_refused() {
        use std::os::unix::ffi::OsStrExt;

        for bytes in [&b"/srv/\xff.db"[..], b"", b"a\0b"] {
            let path = Path::new(std::ffi::OsStr::from_bytes(bytes));
            let error = SqliteSource::from_path(path, "").unwrap_err();
            assert_eq!(error.kind(), crate::ConfigErrorKind::InvalidDataSource, "{bytes:?}");
        }
    }

    #[test]
    fn vclusters_default_is_read() {
        let source = parse("/data/state.db?_journal=WAL&cache=shared&_busy_timeout=30000&_txlock=immediate");
        assert_eq!(source.path(), Path::new("/data/state.db"));
        assert_eq!(source.journal_mode(), Some(JournalMode::Wal));
        assert_eq!(source.busy_timeout(), Some(Duration::from_secs(30)));
        assert_eq!(source.transaction_lock(), Some(TransactionLock::Immediate));
        assert_eq!(source.synchronous(), None);
        assert!(!source.is_in_memory());
        assert!(!source.is_kine_default());
    }

    #[test]
    fn nothing_is_kines_default_and_is_written_back_as_nothing() {
        let source = parse("");
        assert!(source.is_kine_default());
        assert_eq!(source.path(), Path::new("./db/state.db"));
        assert_eq!(source.synchronous(), Some(Synchronous::Normal));
        assert_eq!(source.write(Secrets::Exposed), "sqlite://");
        assert_eq!(source.write(Secrets::Masked), format!("sqlite://{KINE_DEFAULT}"));
    }

    #[test]
    fn memory_is_recognised_in_each_form_and_only_where_sqlite_reads_it() {
        assert!(parse(":memory:").is_in_memory());
        assert!(parse("file::memory:?cache=shared").is_in_memory());
        assert!(parse("file:x?mode=memory").is_in_memory());
        assert!(!parse("x?mode=memory").is_in_memory());
        assert!(!parse("file:x?mode=rwc").is_in_memory());
    }

    #[test]
    fn a_file_uri_gives_its_decoded_path() {
        assert_eq!(parse("file:a%20b.db").path(), Path::new("a b.db"));
        assert_eq!(parse("file:///data/a.db").path(), Path::new("/data/a.db"));
        assert_eq!(parse("file://localhost/a.db").path(), Path::new("/a.db"));
        assert_eq!(parse("a%20b.db").path(), Path::new("a%20b.db"));
        assert!(SqliteSource::parse("file://elsewhere/a.db").is_err());
        assert!(SqliteSource::parse("file:a#b").is_err());
    }

    #[test]
    fn of_two_names_the_second_wins_as_in_go_sqlite3() {
        assert_eq!(parse("x?_sync=FULL&_synchronous=OFF").synchronous(), Some(Synchronous::Full));
        assert_eq!(parse("x?_timeout=1&_busy_timeout=2").busy_timeout(), Some(Duration::from_millis(1)));
        assert_eq!(parse("x?_journal=delete&_journal_mode=wal").journal_mode(), Some(JournalMode::Delete));
        assert_eq!(parse("x?_sync=&_synchronous=OFF").synchronous(), None);
    }

    #[test]
    fn each_value_of_synchronous_is_known_by_name_and_number() {
        for (value, expected) in [
            ("0", Synchronous::Off),
            ("off", Synchronous::Off),
            ("1", Synchronous::Normal),
            ("Normal", Synchronous::Normal),
            ("2", Synchronous::Full),
            ("FULL", Synchronous::Full),
            ("3", Synchronous::Extra),
            ("extra", Synchronous::Extra),
        ] {
            assert_eq!(parse(&format!("x?_sync={value}")).synchronous(), Some(expected));
        }
    }

    #[test]
    fn a_negative_busy_timeout_does_not_wait() {
        assert_eq!(parse("x?_busy_timeout=-1").busy_timeout(), Some(Duration::ZERO));
    }

    #[test]
    fn what_go_sqlite3_refuses_is_refused() {
        for dsn in [
            "x?_sync=4",
            "x?_journal=wall",
            "x?_txlock=now",
            "x?_busy_timeout=5s",
            "x?a=%zz",
            "?_journal=WAL",
        ] {
            assert!(SqliteSource::parse(dsn).is_err(), "{dsn}");
        }
    }

    #[test]
    fn the_password_of_an_encrypted_file_is_masked() {
        let source = parse("x?_auth&_auth_user=u&_auth_pass=CANARY&_key=CANARY");
        assert!(!format!("{source:?}").contains("CANARY"));
        assert!(source.write(Secrets::Exposed).contains("_auth_pass=CANARY"));
    }
}
