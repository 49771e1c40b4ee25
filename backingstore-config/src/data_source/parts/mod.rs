//! A data source from the keys of a Kubernetes Secret, as database operators write them: no password need stand in a
//! values file.
//!
//! [`keys`] reads the keys and finds the engine, [`postgres`] and [`mysql`] write the data source, with the same calls in
//! both.

mod keys;
mod mysql;
mod postgres;

use secrecy::{ExposeSecret, SecretString};

use super::fault::Fault;
use super::{DataSource, Engine};
use crate::error::{ConfigError, ConfigErrorKind};
use keys::Keys;
pub(super) use keys::without_newline;

const HOST_HELP: &str = "write one host name or address, such as `db.example.com`";

impl DataSource {
    /// Reads the keys of a Kubernetes Secret, decoded from base64.
    ///
    /// | key | meaning |
    /// |---|---|
    /// | `dataSource`, `uri`, `url`, `dsn` | the whole data source; the first of them that is there |
    /// | `host`, `hostname`, `endpoint` | the server, with or without its port |
    /// | `port` | its port |
    /// | `user`, `username` | the user |
    /// | `password` | the password |
    /// | `dbname`, `database` | the database |
    /// | `type` | `postgres`, `postgresql`, `mysql` or `mariadb` |
    ///
    /// These are the keys of CloudNativePG (`pkg/specs/secrets.go`), Crunchy's PGO
    /// (`internal/controller/postgrescluster/postgres.go`), the Percona operator for MySQL ("Connection secrets"),
    /// mariadb-operator (`docs/connections.md`) and the Service Binding specification ("Well-known Secret Entries").
    /// Others are not read: PGO's `pgbouncer-uri` leads to a pooler of transactions, which kine's prepared statements do
    /// not go through.
    ///
    /// The whole data source counts for the address: CloudNativePG's `uri` has the namespace in its host, which `host` has
    /// not. User, password and database are taken from their keys where the whole names none. One newline at the end of a
    /// value is taken off, and an empty value is none.
    ///
    /// The engine is the given one, else that of the whole data source, else that of `type`, of the port (5432 or 3306), or
    /// of the other keys that an operator writes (`pgpass`, `verifier`, `jdbc-uri`).
    ///
    /// ```
    /// use backingstore_config::DataSource;
    /// use secrecy::SecretString;
    ///
    /// let secret = [("host", "cluster-rw"), ("port", "5432"), ("user", "app"), ("password", "p@ss"), ("dbname", "app")];
    /// let keys = secret.map(|(key, value)| (key, SecretString::from(value)));
    /// let source = DataSource::from_secret_keys(keys, None)?;
    /// assert_eq!(source.to_string(), "postgres://app:***@cluster-rw:5432/app");
    /// # Ok::<(), backingstore_config::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// No error holds any text of a value; the subject names the key.
    ///
    /// - [`MissingSetting`](ConfigErrorKind::MissingSetting): neither a whole data source nor a host, a password without a
    ///   user, or nothing that tells the engine.
    /// - [`InvalidDataSource`](ConfigErrorKind::InvalidDataSource): a value that its engine cannot read, or that a MySQL
    ///   DSN cannot carry; two keys of one meaning with different values; a user, a password or a database that is not
    ///   the one in the whole data source; another engine than the given one.
    /// - [`UnknownScheme`](ConfigErrorKind::UnknownScheme) and [`UnsupportedScheme`](ConfigErrorKind::UnsupportedScheme): as
    ///   [`parse`](Self::parse).
    pub fn from_secret_keys<K: AsRef<str>>(
        keys: impl IntoIterator<Item = (K, SecretString)>,
        engine: Option<Engine>,
    ) -> Result<Self, ConfigError> {
        let keys = Keys::read(keys)?;
        let source = match keys.whole() {
            Some((name, text)) => from_whole(name, text, &keys)?,
            None => from_parts(&keys, engine)?,
        };
        match engine {
            Some(engine) if engine != source.engine() => Err(ConfigError::new(
                ConfigErrorKind::InvalidDataSource,
                "Secret",
                format!("the keys are of {}, and {engine} is expected", source.engine()),
                "name the Secret of the right database",
            )),
            _ => Ok(source),
        }
    }
}

fn subject(key: &str) -> String {
    format!("Secret key `{key}`")
}

/// From `uri` and the like. What it lacks is filled in from the other keys.
fn from_whole(name: &str, text: &str, keys: &Keys) -> Result<DataSource, ConfigError> {
    let parsed = match DataSource::parse(text) {
        // The driver's own form, as mariadb-operator writes it.
        Err(error) if error.kind() == ConfigErrorKind::UnknownScheme && mysql::is_dsn(text) => {
            DataSource::parse(&format!("mysql://{text}")).map_err(|_| error)
        }
        // A plain URL that the driver's grammar leaves open. Percona's operator encodes the password in it, and
        // mariadb-operator's example does not. One with parameters is left refused: they would be lost.
        Err(error) if mysql::is_plain_url(text) => match keys.host() {
            Some(_) => return from_parts(keys, Some(Engine::Mysql)),
            None => mysql::from_url(text).ok_or(error),
        },
        parsed => parsed,
    };
    match parsed.map_err(|error| error.about(subject(name)))? {
        DataSource::Postgres(source) => postgres::filled(source, keys).map(DataSource::Postgres),
        DataSource::Mysql(source) => mysql::filled(source, keys).map(DataSource::Mysql),
        other => Ok(other),
    }
}

fn from_parts(keys: &Keys, engine: Option<Engine>) -> Result<DataSource, ConfigError> {
    if keys.host().is_none() {
        return Err(ConfigError::new(
            ConfigErrorKind::MissingSetting,
            "Secret",
            "neither a key `uri` nor a key `host`",
            "name a Secret with `uri`, or with `host`, `port`, `user`, `password` and `dbname`",
        ));
    }
    if keys.password().is_some() && keys.user().is_none() {
        return Err(password_alone());
    }
    // Its own fault comes before that of a port which nothing could be told from.
    keys.address()?;
    match engine.or_else(|| keys.engine()) {
        Some(Engine::Postgres) => postgres::from_parts(keys).map(DataSource::Postgres),
        Some(Engine::Mysql) => mysql::from_parts(keys).map(DataSource::Mysql),
        Some(Engine::Sqlite | Engine::Etcd) => Err(ConfigError::new(
            ConfigErrorKind::InvalidDataSource,
            "Secret",
            "a host and a user, which neither SQLite nor etcd has",
            "put the whole data source into a key `dataSource`",
        )),
        None => Err(ConfigError::new(
            ConfigErrorKind::MissingSetting,
            "Secret",
            "nothing that tells whether it is PostgreSQL or MySQL",
            "add a key `type` with `postgres` or `mysql`, or a key `uri`",
        )),
    }
}

fn password_alone() -> ConfigError {
    ConfigError::new(
        ConfigErrorKind::MissingSetting,
        "Secret",
        "a key `password` without a user",
        "add a key `user` or `username`",
    )
}

/// The parts of a data source that keys can have too.
struct Written<'a> {
    user: Option<&'a str>,
    password: Option<&'a SecretString>,
    database: Option<&'a str>,
}

/// The data source with what the keys have and it has not, after a look that it contradicts no key. `with_parts` writes
/// a user, a password and a database into it.
fn fill_in<S>(
    source: S,
    keys: &Keys,
    written: fn(&S) -> Written<'_>,
    with_parts: impl FnOnce(S, Option<&str>, Option<&str>, Option<&str>) -> Result<S, Fault>,
) -> Result<S, ConfigError> {
    let Written { user, password, database } = written(&source);
    let old_password = password.map(ExposeSecret::expose_secret).filter(|text| !text.is_empty());
    let given_password = keys.password().map(ExposeSecret::expose_secret);
    let new_password = fill("password", old_password, given_password)?;
    let old_user = user.filter(|user| !user.is_empty());
    if new_password.is_some() && old_user.is_none() && keys.user().is_none() {
        return Err(password_alone());
    }
    let new_user = fill("user", old_user, keys.user())?;
    let new_database = fill("dbname", database, keys.database())?;
    if new_user.is_none() && new_password.is_none() && new_database.is_none() {
        return Ok(source);
    }
    let filled = with_parts(source, new_user, new_password, new_database)?;
    keys_are_carried(keys, &written(&filled))?;
    Ok(filled)
}

/// The key's value where nothing is written.
fn fill<'a>(
    key: &str,
    written: Option<&str>,
    value: Option<&'a str>,
) -> Result<Option<&'a str>, ConfigError> {
    match (written, value) {
        (Some(written), Some(value)) if written != value => Err(ConfigError::new(
            ConfigErrorKind::InvalidDataSource,
            subject(key),
            "another value than the whole data source has",
            "make both the same, or remove one",
        )),
        (None, value) => Ok(value),
        _ => Ok(None),
    }
}

/// Refuses what the data source gives back as something else than the keys have.
fn keys_are_carried(keys: &Keys, read: &Written<'_>) -> Result<(), ConfigError> {
    if keys.user().is_some() {
        check_carried("user", keys.user(), read.user)?;
    }
    if keys.password().is_some() {
        let given = keys.password().map(ExposeSecret::expose_secret);
        check_carried("password", given, read.password.map(ExposeSecret::expose_secret))?;
    }
    if keys.database().is_some() {
        check_carried("dbname", keys.database(), read.database)?;
    }
    Ok(())
}

/// Refuses a value that is read back as another.
fn check_carried(key: &'static str, given: Option<&str>, read: Option<&str>) -> Result<(), ConfigError> {
    if given.unwrap_or_default() == read.unwrap_or_default() {
        return Ok(());
    }
    Err(ConfigError::new(
        ConfigErrorKind::InvalidDataSource,
        subject(key),
        "a value that this engine's data source cannot carry",
        "use one without control characters; in a user of MySQL also without `:`, `/`, `?` and brackets",
    ))
}

fn at_key(key: &'static str) -> impl Fn(Fault) -> ConfigError {
    move |fault| ConfigError::from(fault).about(subject(key))
}

#[cfg(test)]
mod tests;
