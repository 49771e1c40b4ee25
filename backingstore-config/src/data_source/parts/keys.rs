//! The keys of a Secret by their meaning.

use secrecy::{ExposeSecret, SecretString};

use super::super::Engine;
use super::super::host::{parse_port, split_host_port};
use super::{HOST_HELP, at_key, subject};
use crate::data_source::fault::Fault;
use crate::error::{ConfigError, ConfigErrorKind};

/// Names of one meaning, the one that counts first.
const WHOLE: &[&str] = &["dataSource", "uri", "url", "dsn"];
const HOST: &[&str] = &["host", "hostname", "endpoint"];
const PORT: &[&str] = &["port"];
const USER: &[&str] = &["user", "username"];
const PASSWORD: &[&str] = &["password"];
const DATABASE: &[&str] = &["dbname", "database"];
const TYPE: &[&str] = &["type"];
/// Keys that tell the engine and nothing else that is wanted here.
const JDBC: &[&str] = &["jdbc-uri", "fqdn-jdbc-uri"];
const POSTGRES_ONLY: &[&str] = &["pgpass", "verifier"];

/// Where a server is, with the port if one is named.
pub(super) struct Address<'a> {
    pub(super) host: &'a str,
    pub(super) port: Option<u16>,
}

/// The known keys of a Secret, each value without the newline at its end. Empty ones are left out.
pub(super) struct Keys(Vec<(&'static str, SecretString)>);

impl Keys {
    pub(super) fn read<K: AsRef<str>>(
        keys: impl IntoIterator<Item = (K, SecretString)>,
    ) -> Result<Self, ConfigError> {
        let known = [WHOLE, HOST, PORT, USER, PASSWORD, DATABASE, TYPE, JDBC, POSTGRES_ONLY].concat();
        let mut found = Vec::new();
        for (key, value) in keys {
            let Some(name) = known.iter().find(|name| **name == key.as_ref()) else { continue };
            let text = without_newline(value.expose_secret());
            if text.contains('\0') {
                return Err(at_key(name)(Fault::invalid("a NUL character in it", "remove it")));
            }
            if !text.is_empty() {
                found.push((*name, SecretString::from(text)));
            }
        }
        let keys = Self(found);
        for names in [HOST, PORT, USER, PASSWORD, DATABASE, TYPE] {
            keys.check_agreement(names)?;
        }
        Ok(keys)
    }

    /// Refuses two keys of one meaning that differ.
    fn check_agreement(&self, names: &'static [&'static str]) -> Result<(), ConfigError> {
        let mut values = self.0.iter().filter(|(name, _)| names.contains(name));
        let Some((_, first)) = values.next() else { return Ok(()) };
        match values.find(|(_, value)| value.expose_secret() != first.expose_secret()) {
            None => Ok(()),
            Some((name, _)) => Err(ConfigError::new(
                ConfigErrorKind::InvalidDataSource,
                subject(name),
                "another value than a second key of the same meaning",
                format!("keep one of `{}`", names.join("`, `")),
            )),
        }
    }

    fn find(&self, names: &[&str]) -> Option<(&'static str, &SecretString)> {
        let of = |name: &&str| self.0.iter().find(|(key, _)| key == name);
        names.iter().find_map(of).map(|(name, value)| (*name, value))
    }

    fn text(&self, names: &[&str]) -> Option<&str> {
        self.find(names).map(|(_, value)| value.expose_secret())
    }

    /// The whole data source and the key that has it.
    pub(super) fn whole(&self) -> Option<(&'static str, &str)> {
        self.find(WHOLE).map(|(name, value)| (name, value.expose_secret()))
    }

    pub(super) fn host(&self) -> Option<&str> {
        self.text(HOST)
    }

    pub(super) fn user(&self) -> Option<&str> {
        self.text(USER)
    }

    pub(super) fn password(&self) -> Option<&SecretString> {
        self.find(PASSWORD).map(|(_, value)| value)
    }

    pub(super) fn database(&self) -> Option<&str> {
        self.text(DATABASE)
    }

    /// The port of `port`, or of `host` where it has one.
    fn port(&self) -> Result<Option<u16>, ConfigError> {
        self.text(PORT).map(parse_port).transpose().map_err(at_key("port"))
    }

    /// One host, and its port. Folders of sockets are left whole.
    pub(super) fn address(&self) -> Result<Address<'_>, ConfigError> {
        let port = self.port()?;
        let text = self.host().unwrap_or_default();
        if text.starts_with('/') || text.parse::<std::net::Ipv6Addr>().is_ok() {
            return Ok(Address { host: text, port });
        }
        let (host, own_port) = split_host_port(text).map_err(at_key("host"))?;
        if host.is_empty() {
            return Err(at_key("host")(Fault::invalid("no name before its port", HOST_HELP)));
        }
        match (own_port, port) {
            (Some(own), Some(port)) if own != port => Err(at_key("port")(Fault::invalid(
                "another port than the one in `host`",
                "make both the same, or remove one",
            ))),
            _ => Ok(Address { host, port: port.or(own_port) }),
        }
    }

    /// The engine that the keys tell, the plainest sign first.
    pub(super) fn engine(&self) -> Option<Engine> {
        let of_type = match self.text(TYPE).map(str::to_ascii_lowercase).as_deref() {
            Some("postgres" | "postgresql") => Some(Engine::Postgres),
            Some("mysql" | "mariadb") => Some(Engine::Mysql),
            _ => None,
        };
        let of_jdbc = || {
            let text = self.text(JDBC)?;
            match text.split_once("://")?.0 {
                "jdbc:postgresql" => Some(Engine::Postgres),
                "jdbc:mysql" | "jdbc:mariadb" => Some(Engine::Mysql),
                _ => None,
            }
        };
        let of_port = || match self.address().ok()?.port? {
            5432 => Some(Engine::Postgres),
            3306 => Some(Engine::Mysql),
            _ => None,
        };
        let of_others = || self.find(POSTGRES_ONLY).map(|_| Engine::Postgres);
        of_type.or_else(of_jdbc).or_else(of_port).or_else(of_others)
    }
}

/// A file or a Secret that was made with a text editor or `echo` ends in one.
pub(in super::super) fn without_newline(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}
