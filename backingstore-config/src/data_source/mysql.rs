//! `mysql://` and a DSN of go-sql-driver: `USER:PASSWORD@NET(ADDRESS)/DATABASE?PARAMETERS`.
//!
//! It is not a URL. Nothing before the last `/` is percent-encoded, so a password may hold `@`, `:` and `/`
//! as they are.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use super::fault::Fault;
use super::host::{parse_port, split_host_port};
use super::known_params::MYSQL;
use super::params::Params;
use super::percent::{Plus, decode};
use super::secrets::SecretParts;
use crate::redaction::{MASK, Secrets};

/// What kine uses for `mysql://` alone, as long as no TLS file is set (`pkg/drivers/mysql`).
const KINE_DEFAULT: &str = "root@unix(/var/run/mysqld/mysqld.sock)/";
/// go-sql-driver's default address of the net `unix`.
const DEFAULT_SOCKET: &str = "/tmp/mysql.sock";
const DEFAULT_PORT: u16 = 3306;

/// A database of a MySQL or MariaDB server.
#[derive(Clone)]
pub struct MysqlSource {
    /// Nothing was written after `mysql://`, and the rest is kine's default.
    is_kine_default: bool,
    login: Option<Login>,
    /// `tcp(HOST:PORT)` as written; what it means is `address`.
    written_address: String,
    address: MysqlAddress,
    written_database: String,
    database: String,
    params: Params,
}

#[derive(Clone)]
struct Login {
    user: String,
    password: Option<SecretString>,
}

/// Where a MySQL server listens.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MysqlAddress {
    /// A host and a port.
    Tcp {
        /// A name or an address, IPv6 without brackets. Empty means this machine.
        host: String,
        /// The port; 3306 where none is written.
        port: u16,
    },
    /// A Unix socket.
    Unix {
        /// The socket's path.
        path: String,
    },
}

impl MysqlSource {
    /// Parses what follows `mysql://`.
    pub(super) fn parse(dsn: &str) -> Result<Self, Fault> {
        if dsn.is_empty() {
            return Ok(Self { is_kine_default: true, ..Self::parse(KINE_DEFAULT)? });
        }
        if dsn.contains('\0') {
            return Err(Fault::invalid("a NUL character in it", "remove it"));
        }
        let Some((left, right)) = dsn.rsplit_once('/') else {
            return Err(Fault::invalid(
                "no `/` before the database's name",
                "write `mysql://USER:PASSWORD@tcp(HOST:3306)/DATABASE`",
            ));
        };
        let (login, written_address) = match left.rsplit_once('@') {
            Some((login, address)) => (Some(Login::parse(login)?), address),
            None => (None, left),
        };
        let address = parse_address(written_address)?;
        let (written_database, query) = match right.split_once('?') {
            Some((database, query)) => (database, Some(query)),
            None => (right, None),
        };
        if written_database.contains(['@', '(', ')']) {
            return Err(Fault::invalid(
                "an `@` or a bracket in the database's name",
                "end the DSN with `/DATABASE`, also after a password that holds a `/`; percent-encode a bracket or an `@` of a database's name",
            ));
        }
        Ok(Self {
            is_kine_default: false,
            login,
            written_address: written_address.to_owned(),
            address,
            database: decode(written_database, Plus::Literal)?,
            written_database: written_database.to_owned(),
            params: Params::parse_mysql(query, &MYSQL)?,
        })
    }

    /// The user. None where none is written; the driver sends an empty name then.
    pub fn user(&self) -> Option<&str> {
        self.login.as_ref().map(|login| login.user.as_str())
    }

    /// The password, which is as it is written: a DSN has no encoding for it. None where there is no `:`
    /// after the user.
    pub fn password(&self) -> Option<&SecretString> {
        self.login.as_ref()?.password.as_ref()
    }

    /// Where the server listens, the driver's defaults filled in.
    pub fn address(&self) -> &MysqlAddress {
        &self.address
    }

    /// The database as written, decoded. None where none is; kine takes `kubernetes` then.
    pub fn database(&self) -> Option<&str> {
        Some(self.database.as_str()).filter(|name| !name.is_empty())
    }

    /// Whether nothing follows `mysql://`. kine then takes root on a local socket, or on `127.0.0.1` if it is
    /// started with a TLS file.
    pub fn is_kine_default(&self) -> bool {
        self.is_kine_default
    }

    /// All parameters as written.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// What [`write`](Self::write) masks.
    pub(super) fn collect_secrets(&self, parts: &mut SecretParts) {
        if let Some(password) = self.password() {
            parts.add(password.expose_secret());
        }
        self.params.collect_secrets(parts);
    }

    pub(super) fn write(&self, secrets: Secrets) -> String {
        let mut out = String::from("mysql://");
        if self.is_kine_default && secrets == Secrets::Exposed {
            return out;
        }
        if let Some(login) = &self.login {
            out.push_str(&login.user);
            if let Some(password) = &login.password {
                out.push(':');
                out.push_str(match secrets {
                    Secrets::Exposed => password.expose_secret(),
                    Secrets::Masked => MASK,
                });
            }
            out.push('@');
        }
        out.push_str(&self.written_address);
        out.push('/');
        out.push_str(&self.written_database);
        self.params.write(&mut out, secrets);
        out
    }
}

/// Redacted.
impl fmt::Debug for MysqlSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MysqlSource({})", self.write(Secrets::Masked))
    }
}

impl Login {
    fn parse(text: &str) -> Result<Self, Fault> {
        let (user, password) = match text.split_once(':') {
            Some((user, password)) => (user, Some(SecretString::from(password))),
            None => (text, None),
        };
        // Such a user is a DSN whose parameters hold an `@` and a `/`: `tcp(h)/d?password=p@/w`.
        if user.contains(['/', '?', '(', ')']) {
            return Err(Fault::invalid(
                "a `/`, a `?` or a bracket in its user",
                "write `USER:PASSWORD@tcp(HOST:3306)/DATABASE`, and percent-encode `@` and `/` in the values of parameters: `%40`, `%2F`",
            ));
        }
        Ok(Self { user: user.to_owned(), password })
    }
}

/// Reads `NET`, `NET(ADDRESS)` or nothing.
fn parse_address(text: &str) -> Result<MysqlAddress, Fault> {
    let (net, address) = match text.split_once('(') {
        Some((net, rest)) => match rest.strip_suffix(')') {
            Some(address) => (net, Some(address)),
            None if rest.contains(')') => {
                return Err(Fault::invalid(
                    "text between the `)` of its address and the last `/`",
                    "write a `/` of a parameter's value as `%2F`: the last `/` is the one before the database's name",
                ));
            }
            None => {
                return Err(Fault::invalid("a `(` without its `)` before the `/`", "write `tcp(HOST:3306)`"));
            }
        },
        None => (text, None),
    };
    let address = address.filter(|address| !address.is_empty());
    match net {
        "" | "tcp" => tcp_address(address.unwrap_or("127.0.0.1")),
        // The driver adds a port to `tcp` alone.
        "tcp4" | "tcp6" => match address.map(tcp_address) {
            Some(Ok(parsed)) if has_port(address) => Ok(parsed),
            Some(Err(fault)) => Err(fault),
            _ => Err(Fault::invalid("no port in its `tcp4` or `tcp6` address", "write `tcp(HOST:3306)`")),
        },
        "unix" => Ok(MysqlAddress::Unix { path: address.unwrap_or(DEFAULT_SOCKET).to_owned() }),
        _ => Err(Fault::invalid(
            "an address that is not `tcp(HOST:PORT)` or `unix(PATH)`",
            "write `mysql://USER:PASSWORD@tcp(HOST:3306)/DATABASE`: it is not a URL, the host stands in brackets after `tcp`",
        )),
    }
}

fn has_port(address: Option<&str>) -> bool {
    address.is_some_and(|text| text.rsplit_once(':').is_some_and(|(_, port)| parse_port(port).is_ok()))
}

fn tcp_address(text: &str) -> Result<MysqlAddress, Fault> {
    // The driver adds its port to whatever has none, so an IPv6 address without brackets works, and one in
    // brackets without a port becomes `[[ADDRESS]]:3306`, which it cannot dial (go-sql-driver
    // `ensureHavePort`).
    if text.parse::<std::net::Ipv6Addr>().is_ok() {
        return Ok(MysqlAddress::Tcp { host: text.to_owned(), port: DEFAULT_PORT });
    }
    if text.starts_with('[') && text.ends_with(']') {
        return Err(Fault::invalid(
            "an IPv6 address in brackets without a port",
            "write `tcp([ADDRESS]:3306)`",
        ));
    }
    let (host, port) = split_host_port(text)?;
    Ok(MysqlAddress::Tcp { host: host.to_owned(), port: port.unwrap_or(DEFAULT_PORT) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(dsn: &str) -> MysqlSource {
        MysqlSource::parse(dsn).unwrap()
    }

    fn tcp(host: &str, port: u16) -> MysqlAddress {
        MysqlAddress::Tcp { host: host.to_owned(), port }
    }

    fn password(source: &MysqlSource) -> Option<&str> {
        source.password().map(ExposeSecret::expose_secret)
    }

    #[test]
    fn each_part_is_read() {
        let source = parse("kine:s3cret@tcp(db.example.com:3307)/vcluster?tls=true&timeout=5s");
        assert_eq!(source.user(), Some("kine"));
        assert_eq!(password(&source), Some("s3cret"));
        assert_eq!(*source.address(), tcp("db.example.com", 3307));
        assert_eq!(source.database(), Some("vcluster"));
        assert_eq!(source.params().get("tls"), Some("true"));
    }

    #[test]
    fn a_password_may_hold_what_a_url_could_not() {
        for secret in ["p@ss", "a:b", "a/b", "p@tcp(h)/x", "a?b=c", "%zz", "(", "\u{e9} "] {
            let source = parse(&format!("u:{secret}@tcp(h:1)/db"));
            assert_eq!(password(&source), Some(secret));
            assert_eq!(source.user(), Some("u"));
            assert_eq!(*source.address(), tcp("h", 1));
            assert_eq!(source.database(), Some("db"));
        }
    }

    #[test]
    fn empty_parts_mean_the_drivers_defaults() {
        let nothing = parse("/");
        assert_eq!(nothing.user(), None);
        assert!(nothing.password().is_none());
        assert_eq!(*nothing.address(), tcp("127.0.0.1", 3306));
        assert_eq!(nothing.database(), None);

        assert_eq!(*parse("u@/d").address(), tcp("127.0.0.1", 3306));
        assert_eq!(*parse("u@tcp/d").address(), tcp("127.0.0.1", 3306));
        assert_eq!(*parse("u@tcp()/d").address(), tcp("127.0.0.1", 3306));
        assert_eq!(*parse("u@(h)/d").address(), tcp("h", 3306));
        assert_eq!(*parse("u@tcp(:3307)/d").address(), tcp("", 3307));
        assert_eq!(password(&parse("u:@tcp(h)/d")), Some(""));
        assert_eq!(parse("@tcp(h)/d").user(), Some(""));
        let socket = MysqlAddress::Unix { path: DEFAULT_SOCKET.to_owned() };
        assert_eq!(*parse("u@unix/d").address(), socket);
    }

    #[test]
    fn a_socket_is_read() {
        let source = parse("root@unix(/run/mysqld/mysqld.sock)/kine");
        let path = "/run/mysqld/mysqld.sock".to_owned();
        assert_eq!(*source.address(), MysqlAddress::Unix { path });
        assert_eq!(source.database(), Some("kine"));
    }

    #[test]
    fn ipv6_needs_brackets_with_a_port_and_none_without() {
        assert_eq!(*parse("u@tcp([::1]:3306)/d").address(), tcp("::1", 3306));
        assert_eq!(*parse("u@tcp(::1)/d").address(), tcp("::1", 3306));
        assert!(MysqlSource::parse("u@tcp([::1])/d").is_err());
    }

    #[test]
    fn the_url_form_is_answered_with_the_right_one() {
        let fault = MysqlSource::parse("u:p@db.example.com:3306/vcluster").unwrap_err();
        assert!(fault.help.contains("tcp(HOST:3306)"), "{}", fault.help);
    }

    #[test]
    fn a_slash_in_a_parameter_is_answered_with_its_encoding() {
        let fault = MysqlSource::parse("u:p@tcp(h)/d?loc=Europe/London").unwrap_err();
        assert!(fault.help.contains("%2F"), "{}", fault.help);
        let source = parse("u:p@tcp(h)/d?loc=Europe%2FLondon");
        assert_eq!(source.params().get("loc"), Some("Europe/London"));
    }

    #[test]
    fn what_the_driver_cannot_read_is_refused() {
        for dsn in [
            "u:p@tcp(h)",
            "u@tcp(h/d",
            "u@tcp(h)x/d",
            "u@udp(h:1)/d",
            "u@tcp(h:99999)/d",
            "u@tcp4(h)/d",
            "u@tcp(h)/%zz",
            "u@tcp(h)/d?charset=%",
            "u:p@tcp(h)/p2@tcp(h)",
            "tcp(h)/d?password=p@/w",
        ] {
            assert!(MysqlSource::parse(dsn).is_err(), "{dsn}");
        }
        assert_eq!(*parse("u@tcp4(h:3306)/d").address(), tcp("h", 3306));
    }

    #[test]
    fn nothing_is_kines_default_and_is_written_back_as_nothing() {
        let source = parse("");
        assert!(source.is_kine_default());
        assert_eq!(source.user(), Some("root"));
        assert_eq!(source.write(Secrets::Exposed), "mysql://");
        assert_eq!(source.write(Secrets::Masked), format!("mysql://{KINE_DEFAULT}"));
    }

    #[test]
    fn the_database_is_decoded_and_written_back_as_it_was() {
        let source = parse("u@tcp(h)/a%2Fb");
        assert_eq!(source.database(), Some("a/b"));
        assert_eq!(source.write(Secrets::Exposed), "mysql://u@tcp(h)/a%2Fb");
    }
}
