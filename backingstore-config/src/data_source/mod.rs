//! Data-source strings: one form for each engine, parsed without loss, shown redacted, written back as they
//! were.
//!
//! Read [`sqlite`] first, it is the shortest; [`mysql`] and [`postgres`] have the same file plan. [`params`]
//! is what stands after the `?` in all of them, [`login`] what stands before the `@`, [`scheme`] what stands before the `://`. [`kerberos`] is a view of a
//! PostgreSQL data source, [`kine_view`] what kine makes of any. [`parts`] makes one of a Secret's keys, and [`input`] says
//! where a program is to find one.

mod etcd;
mod fault;
pub(crate) mod host;
mod input;
mod kerberos;
mod kine_view;
mod known_params;
mod login;
mod misplaced;
mod mysql;
mod params;
mod parts;
mod percent;
mod postgres;
#[cfg(test)]
mod properties;
mod scheme;
mod secrets;
mod sqlite;

use std::fmt;
use std::str::FromStr;

use secrecy::{ExposeSecret, SecretString};

use crate::error::ConfigError;
use crate::redaction::Secrets;
use fault::Fault;
use scheme::Scheme;
use secrets::SecretParts;

pub use etcd::{EtcdEndpoint, EtcdEndpoints, EtcdScheme};
pub use input::DataSourceInput;
pub use kerberos::{KerberosCredentials, KerberosLogin};
pub use kine_view::{KineAddress, KineTls, KineView};
pub(crate) use known_params::nearest_param;
pub use mysql::{MysqlAddress, MysqlSettings, MysqlSource, MysqlTlsMode};
pub use params::{Param, Params};
pub use postgres::{PostgresHost, PostgresSource, SslMode};
pub use sqlite::{JournalMode, SqliteSource, Synchronous, TransactionLock};

/// The engine behind a data source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Engine {
    /// A SQLite file, or a SQLite database in memory.
    Sqlite,
    /// PostgreSQL, or what speaks its protocol.
    Postgres,
    /// MySQL or MariaDB.
    Mysql,
    /// An etcd that is there already.
    Etcd,
}

impl Engine {
    /// The engine's name in lower case: `sqlite`, `postgres`, `mysql` or `etcd`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
            Self::Etcd => "etcd",
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Linux starts no program with a longer argument or variable (`MAX_ARG_STRLEN`), and kine is given its data source in
/// one.
const MAX_BYTES: usize = 128 * 1024;

const TOO_LONG: Fault = Fault::invalid(
    "it is longer than 128 KiB, which no program can be given",
    "remove what is not part of it, such as parameters that stand there again and again",
);

/// The `|` and the `>` of YAML keep it.
const LINE_BREAK_AT_END: Fault = Fault::invalid("a line break at its end", fault::ON_ONE_LINE);

/// Where the data is: what kine takes as `--endpoint`, and vCluster as `dataSource`.
///
/// Parsing keeps every character, so that [`expose`](Self::expose) gives back the text that was parsed.
/// `Display` and `Debug` show it with `***` in the place of passwords and of parameters that this crate does
/// not know.
///
/// The empty string is a data source too: kine's default, a SQLite file `./db/state.db`.
///
/// ```
/// use backingstore_config::{DataSource, Engine};
/// use secrecy::ExposeSecret;
///
/// let source: DataSource = "mysql://kine:s3cret@tcp(db.example.com:3306)/kine".parse()?;
/// assert_eq!(source.engine(), Engine::Mysql);
/// assert_eq!(source.to_string(), "mysql://kine:***@tcp(db.example.com:3306)/kine");
/// assert_eq!(source.expose().expose_secret(), "mysql://kine:s3cret@tcp(db.example.com:3306)/kine");
/// # Ok::<(), backingstore_config::ConfigError>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub enum DataSource {
    /// `sqlite://PATH?PARAMETERS`.
    Sqlite(SqliteSource),
    /// `postgres://` or `postgresql://`, a URL.
    Postgres(PostgresSource),
    /// `mysql://` and a DSN of go-sql-driver, or a plain URL.
    Mysql(MysqlSource),
    /// `http://`, `https://` or `unix://`, several with commas between them.
    Etcd(EtcdEndpoints),
}

impl DataSource {
    /// Parses a data source as kine would.
    ///
    /// # Errors
    ///
    /// [`UnknownScheme`](crate::ConfigErrorKind::UnknownScheme) and
    /// [`UnsupportedScheme`](crate::ConfigErrorKind::UnsupportedScheme) for what stands before the `://`,
    /// [`InvalidDataSource`](crate::ConfigErrorKind::InvalidDataSource) for the rest, also for more than 128 KiB. No
    /// error holds any text of the input.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        // kine's factory: an empty endpoint is the default driver, without a look for a scheme.
        if text.is_empty() {
            return Ok(Self::Sqlite(SqliteSource::kine_default("")));
        }
        if text.len() > MAX_BYTES {
            return Err(TOO_LONG.into());
        }
        if text.ends_with(['\n', '\r']) {
            return Err(LINE_BREAK_AT_END.into());
        }
        let (scheme, rest) = scheme::split(text)?;
        Ok(match scheme {
            Scheme::Sqlite => Self::Sqlite(SqliteSource::parse(rest)?),
            Scheme::Postgres(spelling) => Self::Postgres(PostgresSource::parse(spelling, rest)?),
            Scheme::Mysql => Self::Mysql(MysqlSource::parse(rest)?),
            Scheme::Etcd => Self::Etcd(EtcdEndpoints::parse(text)?),
        })
    }

    /// The engine behind it.
    pub fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
            Self::Mysql(_) => Engine::Mysql,
            Self::Etcd(_) => Engine::Etcd,
        }
    }

    /// The whole text with its secrets, exactly as it was parsed. kine is given
    /// [`expose_for_kine`](Self::expose_for_kine).
    pub fn expose(&self) -> SecretString {
        SecretString::from(self.write(Secrets::Exposed))
    }

    /// The whole text with its secrets as kine can read it: the driver's form of a MySQL data source that is written as a
    /// plain URL, and for all others what [`expose`](Self::expose) gives.
    ///
    /// ```
    /// use backingstore_config::DataSource;
    /// use secrecy::ExposeSecret;
    ///
    /// let source: DataSource = "mysql://kine:s3cret@db.example.com/kine".parse()?;
    /// let for_kine = source.expose_for_kine();
    /// assert_eq!(for_kine.expose_secret(), "mysql://kine:s3cret@tcp(db.example.com:3306)/kine");
    /// # Ok::<(), backingstore_config::ConfigError>(())
    /// ```
    pub fn expose_for_kine(&self) -> SecretString {
        SecretString::from(self.write_for_kine(Secrets::Exposed))
    }

    /// What kine can read of it; redacted, it is what may be shown of that.
    pub(crate) fn write_for_kine(&self, secrets: Secrets) -> String {
        match self {
            Self::Mysql(source) => source.write_driver_form(secrets),
            _ => self.write(secrets),
        }
    }

    /// What `Display` hides of it, so that it can be taken out of what others write, such as a driver's message: the
    /// password and each parameter that is not known to be harmless, as written, decoded, and encoded again as Go does.
    /// Longest first, none empty. The whole of [`expose`](Self::expose) is not among them.
    pub fn secrets(&self) -> Vec<SecretString> {
        let mut parts = SecretParts::default();
        match self {
            Self::Sqlite(source) => source.params().collect_secrets(&mut parts),
            Self::Postgres(source) => source.collect_secrets(&mut parts),
            Self::Mysql(source) => source.collect_secrets(&mut parts),
            // A user or a password in an endpoint is refused.
            Self::Etcd(_) => {}
        }
        parts.into_vec()
    }

    fn write(&self, secrets: Secrets) -> String {
        match self {
            Self::Sqlite(source) => source.write(secrets),
            Self::Postgres(source) => source.write(secrets),
            Self::Mysql(source) => source.write(secrets),
            Self::Etcd(source) => source.to_string(),
        }
    }
}

impl FromStr for DataSource {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// Redacted. What kine takes for an empty data source is shown in full.
impl fmt::Display for DataSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.write(Secrets::Masked))
    }
}

/// Redacted.
impl fmt::Debug for DataSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataSource({self})")
    }
}

/// Two data sources are equal if their texts are, secrets included.
impl PartialEq for DataSource {
    fn eq(&self, other: &Self) -> bool {
        self.expose().expose_secret() == other.expose().expose_secret()
    }
}

impl Eq for DataSource {}
