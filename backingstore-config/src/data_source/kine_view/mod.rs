//! What kine makes of a data source, so that a provisioner and a server agree with it.
//!
//! The rules are those of kine v0.16.4, `pkg/drivers/pgsql` ([`postgres`]) and `pkg/drivers/mysql` ([`mysql`]). An
//! empty SQLite data source gets kine's default, and nothing else of SQLite or of etcd is changed.

mod mysql;
mod postgres;

use std::fmt;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

use super::fault::Fault;
use super::host::is_this_machine;
use super::params::Param;
use super::{DataSource, Engine, EtcdEndpoint, EtcdEndpoints, EtcdScheme, SqliteSource};
use crate::error::ConfigError;
use crate::model::TlsFiles;
use crate::redaction::Secrets;

/// The database that kine takes where a data source names none.
const DEFAULT_DATABASE: &str = "kubernetes";
/// Where vCluster starts kine (`pkg/k8s`).
const WORKING_DIRECTORY: &str = "/data";

/// What kine makes of a data source and of its flags for TLS files: defaults filled in, names as it spells them.
///
/// `Display` is the data source in one canonical form, redacted: two that mean the same to kine are shown alike.
///
/// ```
/// use backingstore_config::{DataSource, KineTls, model::TlsFiles};
///
/// let source: DataSource = "postgres://kine:s3cret@db.example.com/Tenant1?sslmode=require&sslmode=disable".parse()?;
/// let view = source.as_kine_reads(&TlsFiles::default());
/// assert_eq!(view.database(), Some("tenant1"));
/// assert_eq!(view.tls(), KineTls::Unverified);
/// assert_eq!(view.to_string(), "postgres://kine:***@db.example.com:5432/tenant1?sslmode=require");
/// # Ok::<(), backingstore_config::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct KineView {
    engine: Engine,
    user: Option<String>,
    password: Option<SecretString>,
    addresses: Vec<KineAddress>,
    database: Option<String>,
    file: Option<PathBuf>,
    params: Vec<Param>,
    tls: KineTls,
    tls_config: Option<&'static str>,
    ignores_tls_files: bool,
    refusal: Option<Fault>,
    /// The canonical form, with its secrets and without.
    text: SecretString,
    shown: String,
}

/// Where kine connects to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KineAddress {
    /// A host and a port.
    Tcp {
        /// A name or an address, IPv6 without brackets. Empty means this machine.
        host: String,
        /// The port: 5432 for PostgreSQL and 3306 for MySQL where none is written.
        port: u16,
    },
    /// A Unix socket.
    Unix {
        /// The path of the socket itself; for PostgreSQL it is in the folder that is written.
        path: String,
    },
}

/// How kine's connections are encrypted, and what is known of the server then. Weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum KineTls {
    /// Not at all, or nothing leaves the machine.
    Disabled,
    /// Where both sides like it: who is between them can have it left out.
    Preferred,
    /// Always, to whoever answers.
    Unverified,
    /// Always, to a server whose certificate leads to a known one, whatever host it names.
    VerifiedAuthority,
    /// Always, to a server whose certificate leads to a known one and names the host.
    Verified,
}

impl DataSource {
    /// What kine makes of it when it is started with these TLS files (`--ca-file`, `--cert-file`, `--key-file`).
    ///
    /// The environment (`PGHOST`, `PGUSER`, `PGSSLMODE` and the like, `KRB5_KTNAME`), password files and service files
    /// can change it further. They are not looked at.
    pub fn as_kine_reads(&self, tls: &TlsFiles) -> KineView {
        match self {
            Self::Sqlite(source) => KineView::of_sqlite(source, tls),
            Self::Postgres(source) => postgres::view(source, tls),
            Self::Mysql(source) => mysql::view(source, tls),
            Self::Etcd(source) => KineView::of_etcd(source, tls),
        }
    }
}

impl KineView {
    fn of_sqlite(source: &SqliteSource, tls: &TlsFiles) -> Self {
        // kine's default has no secret, and is shown in full where nothing is written.
        let shown = source.write(Secrets::Masked);
        let text = if source.is_kine_default() { shown.clone() } else { source.write(Secrets::Exposed) };
        Self {
            file: Some(source.path().to_owned()).filter(|_| !source.is_in_memory()),
            params: source.params().iter().cloned().collect(),
            ignores_tls_files: !tls.is_empty(),
            text: SecretString::from(text),
            shown,
            ..Self::empty(Engine::Sqlite)
        }
    }

    /// kine hands the endpoints on as they are.
    fn of_etcd(source: &EtcdEndpoints, tls: &TlsFiles) -> Self {
        let text = source.to_string();
        let verified = source.iter().all(|endpoint| endpoint.scheme() == EtcdScheme::Https);
        Self {
            addresses: source.iter().map(KineAddress::of_endpoint).collect(),
            tls: if verified { KineTls::Verified } else { KineTls::Disabled },
            refusal: half_a_certificate(tls.cert_file.as_deref(), tls.key_file.as_deref()),
            text: SecretString::from(text.as_str()),
            shown: text,
            ..Self::empty(Engine::Etcd)
        }
    }

    fn empty(engine: Engine) -> Self {
        Self {
            engine,
            user: None,
            password: None,
            addresses: Vec::new(),
            database: None,
            file: None,
            params: Vec::new(),
            tls: KineTls::Disabled,
            tls_config: None,
            ignores_tls_files: false,
            refusal: None,
            text: SecretString::from(""),
            shown: String::new(),
        }
    }

    /// The engine behind it.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// The user that the server is asked for. Of a Kerberos principal it is what stands before the `@`. None where none
    /// is written: PostgreSQL's driver takes the operating system's user, MySQL's an empty name.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// The password, decoded.
    pub fn expose_password(&self) -> Option<&SecretString> {
        self.password.as_ref()
    }

    /// Whether there is a password that is not empty.
    pub fn has_password(&self) -> bool {
        self.password.as_ref().is_some_and(|password| !password.expose_secret().is_empty())
    }

    /// Where kine connects to, in the order in which it tries. None for SQLite, and for a PostgreSQL data source
    /// without a host: the driver then looks for a local socket, and takes `localhost` if there is none.
    pub fn addresses(&self) -> &[KineAddress] {
        &self.addresses
    }

    /// The hosts and ports among the [`addresses`](Self::addresses).
    pub fn hosts(&self) -> impl Iterator<Item = (&str, u16)> {
        self.addresses.iter().filter_map(|address| match address {
            KineAddress::Tcp { host, port } => Some((host.as_str(), *port)),
            KineAddress::Unix { .. } => None,
        })
    }

    /// Those of the [`hosts`](Self::hosts) that are reached over a network: what a network policy has to let traffic out to.
    /// This machine is not among them.
    pub fn far_ends(&self) -> impl Iterator<Item = (&str, u16)> {
        self.hosts().filter(|(host, _)| !is_this_machine(host))
    }

    /// The path of the first Unix socket among the [`addresses`](Self::addresses).
    pub fn socket(&self) -> Option<&str> {
        self.addresses.iter().find_map(|address| match address {
            KineAddress::Unix { path } => Some(path.as_str()),
            KineAddress::Tcp { .. } => None,
        })
    }

    /// The database that kine creates and uses: `kubernetes` where none is written, and for PostgreSQL the path in lower
    /// case. None for SQLite and etcd, and where a PostgreSQL data source says that it is empty: the server takes
    /// the user's name then.
    pub fn database(&self) -> Option<&str> {
        self.database.as_deref()
    }

    /// SQLite's file. None for a database in memory, and for the other engines.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The parameters that count. For PostgreSQL and MySQL they are sorted by name and each is there once; those that
    /// are a part of the address (`host`, `user` and the like) and those of Kerberos that kine takes out are not
    /// among them, and those that TLS files add are.
    pub fn params(&self) -> &[Param] {
        &self.params
    }

    /// The decoded value of a parameter. None if it is not there, and none if its value may be a secret.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|param| param.expose_name() == name)?.value()
    }

    /// How its connections are encrypted.
    pub fn tls(&self) -> KineTls {
        self.tls
    }

    /// The name of the TLS settings that MySQL's driver is given: `kine` where any TLS file is set. None for the other
    /// engines, and where no TLS is asked for.
    pub fn tls_config_name(&self) -> Option<&str> {
        self.tls_config
    }

    /// Whether a TLS file is set that kine does not use, because the data source says otherwise or the engine has no
    /// TLS.
    ///
    /// A MySQL data source with `tls=skip-verify` verifies nothing although a CA file is set, and one with `tls=true`
    /// verifies by the machine's roots: go-sql-driver has made its settings of that word before kine sets its own, and
    /// keeps them (v1.10 `normalize`).
    pub fn ignores_tls_files(&self) -> bool {
        self.ignores_tls_files
    }

    /// What keeps kine from starting although the data source by itself is right: a certificate without its key.
    pub fn refusal(&self) -> Option<ConfigError> {
        self.refusal.map(ConfigError::from)
    }

    /// The canonical form with its secrets. It parses, and means the same to kine. Files that MySQL's TLS settings are
    /// made of have no place in it.
    pub fn expose(&self) -> &SecretString {
        &self.text
    }

    /// Whether both lead kine to the same data: one engine, one database, and a host or socket in common, whatever the user,
    /// the password and the parameters are. The hosts of one list are one database, so one in common is enough. Hosts are
    /// compared by their names, without case; nothing is looked up.
    ///
    /// SQLite's files are compared by their paths, part by part. A relative one is below `/data`, where vCluster starts kine.
    pub fn is_same_place(&self, other: &Self) -> bool {
        let file = |view: &Self| view.file().map(|file| Path::new(WORKING_DIRECTORY).join(file));
        let meets = |one: &KineAddress| other.addresses.iter().any(|two| one.is_same(two));
        let neither_has_any = self.addresses.is_empty() && other.addresses.is_empty();
        self.engine == other.engine
            && self.database == other.database
            && file(self) == file(other)
            && (neither_has_any || self.addresses.iter().any(meets))
    }
}

impl KineAddress {
    fn of_endpoint(endpoint: &EtcdEndpoint) -> Self {
        match (endpoint.socket(), endpoint.host()) {
            (Some(path), _) => Self::Unix { path: path.to_owned() },
            (None, host) => Self::Tcp {
                host: host.unwrap_or_default().to_owned(),
                // Parsing has refused an endpoint without one.
                port: endpoint.port().unwrap_or_default(),
            },
        }
    }

    /// Whether both are one address, in whatever spelling.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Tcp { host, port }, Self::Tcp { host: other, port: other_port }) => {
                port == other_port && same_host(host, other)
            }
            _ => self == other,
        }
    }
}

/// Whether two hosts are spelt alike but for case, a dot at the end, and the forms of an address.
fn same_host(one: &str, two: &str) -> bool {
    use std::net::IpAddr;
    match (one.parse::<IpAddr>(), two.parse::<IpAddr>()) {
        (Ok(one), Ok(two)) => one.to_canonical() == two.to_canonical(),
        _ => {
            let bare = |host: &str| host.strip_suffix('.').unwrap_or(host).to_lowercase();
            bare(one) == bare(two)
        }
    }
}

/// etcd's `TLSInfo.baseConfig`, which kine uses for MySQL and for etcd: both or none.
fn half_a_certificate(cert: Option<&str>, key: Option<&str>) -> Option<Fault> {
    let is_set = |file: Option<&str>| file.is_some_and(|file| !file.is_empty());
    (is_set(cert) != is_set(key)).then_some(Fault::invalid(
        "a client certificate without its key, or a key without its certificate",
        "set both files, or none",
    ))
}

/// The canonical form, redacted.
impl fmt::Display for KineView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// Redacted.
impl fmt::Debug for KineView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KineView({self}, tls: {:?})", self.tls)
    }
}

/// Two are equal if kine does the same with both, secrets included.
impl PartialEq for KineView {
    fn eq(&self, other: &Self) -> bool {
        self.text.expose_secret() == other.text.expose_secret()
            && self.tls == other.tls
            && self.tls_config == other.tls_config
            && self.refusal == other.refusal
    }
}

impl Eq for KineView {}

#[cfg(test)]
mod tests;
