//! `postgres://USER:PASSWORD@HOST:PORT,…/DATABASE?PARAMETERS`, a URL as Go's `net/url` and pgx read it.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use super::fault::Fault;
use super::host::{parse_port, split_host_port};
use super::known_params::POSTGRES;
use super::params::Params;
use super::percent::{Plus, decode};
use super::secrets::SecretParts;
use crate::redaction::{MASK, Secrets};

/// What kine uses for `postgres://` alone (`pkg/drivers/pgsql`).
const KINE_DEFAULT: &str = "postgres:postgres@localhost/";

const ENCODE: &str = "percent-encode `@`, `:`, `/`, `?` and `#` in the user, the password and the database's name: `%40`, `%3A`, `%2F`, `%3F`, `%23`";

/// A database of a PostgreSQL server.
///
/// A parameter `user`, `password`, `host`, `port` or `dbname` takes the place of the same part of the URL, as
/// in libpq and pgx; of a repeated one the first counts. What kine makes of the rest (a default database, a
/// name in lower case) is not applied here.
#[derive(Clone)]
pub struct PostgresSource {
    spelling: Spelling,
    /// Nothing was written after the scheme, and the rest is kine's default.
    is_kine_default: bool,
    login: Option<Login>,
    written_hosts: String,
    written_path: Option<String>,
    params: Params,
    user: Option<String>,
    password: Option<SecretString>,
    hosts: Vec<PostgresHost>,
    database: Option<String>,
}

/// User and password as they stand in the URL, encoded.
#[derive(Clone)]
struct Login {
    user: String,
    password: Option<SecretString>,
}

/// Which of its two names the scheme has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    Postgres,
    Postgresql,
}

/// One of the servers to try.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PostgresHost {
    host: String,
    port: Option<u16>,
}

impl PostgresHost {
    /// A name, an address (IPv6 without brackets), or the folder of a Unix socket. Empty means the driver's
    /// default.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port. None means 5432, or what `PGPORT` says.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// Whether it is the folder of a Unix socket: an absolute path.
    pub fn is_unix_socket(&self) -> bool {
        self.host.starts_with('/')
    }
}

impl PostgresSource {
    /// Parses what follows the scheme.
    pub(super) fn parse(spelling: Spelling, text: &str) -> Result<Self, Fault> {
        if text.is_empty() {
            return Ok(Self { is_kine_default: true, ..Self::parse(spelling, KINE_DEFAULT)? });
        }
        if text.contains(|c: char| c.is_ascii_control()) {
            return Err(Fault::invalid("a control character in it", "percent-encode it"));
        }
        if text.contains('#') {
            return Err(Fault::invalid("a `#` in it, behind which drivers read nothing", ENCODE));
        }
        let (before_query, query) = match text.split_once('?') {
            Some((before, query)) => (before, Some(query)),
            None => (text, None),
        };
        let (authority, path) = match before_query.find('/') {
            Some(slash) => (&before_query[..slash], Some(&before_query[slash..])),
            None => (before_query, None),
        };
        let (login, hosts) = match authority.rsplit_once('@') {
            Some((login, hosts)) => (Some(login), hosts),
            None => (None, authority),
        };
        let params = Params::parse_query(query, &POSTGRES)?;
        refuse_stray_at(authority, path, query, &params)?;
        let login = login.map(Login::parse).transpose()?;
        Self {
            spelling,
            is_kine_default: false,
            login,
            written_hosts: hosts.to_owned(),
            written_path: path.map(str::to_owned),
            params,
            user: None,
            password: None,
            hosts: Vec::new(),
            database: None,
        }
        .resolved()
    }

    /// Fills in what the parts mean together.
    fn resolved(mut self) -> Result<Self, Fault> {
        let from_query = |name| self.params.expose(name).map(ExposeSecret::expose_secret);
        let from_login = |part: Option<&str>| part.map(|text| decode(text, Plus::Literal)).transpose();

        let login_user = from_login(self.login.as_ref().map(|login| login.user.as_str()))?;
        let user = from_query("user").map(str::to_owned).or(login_user);
        let login_password = self.login.as_ref().and_then(|login| login.password.as_ref());
        let login_password = from_login(login_password.map(ExposeSecret::expose_secret))?;
        let password = from_query("password").map(str::to_owned).or(login_password);

        let path = self.written_path.as_deref().unwrap_or_default();
        let path = decode(path.trim_start_matches('/'), Plus::Literal)?;
        let database = match (from_query("dbname"), from_query("database")) {
            // pgx reads them from a map of one key, in no order.
            (Some(_), Some(_)) => {
                return Err(Fault::invalid("both `dbname` and `database` among its parameters", "keep one"));
            }
            (Some(name), None) | (None, Some(name)) => name.to_owned(),
            (None, None) => path,
        };

        let hosts = resolve_hosts(&self.written_hosts, from_query("host"), from_query("port"))?;
        let has_text = |text: &String| !text.is_empty();
        self.user = user.filter(has_text);
        self.password = password.map(SecretString::from);
        self.database = Some(database).filter(has_text);
        self.hosts = hosts;
        Ok(self)
    }

    /// The user, decoded. For Kerberos it is the principal. None means the driver's default, the user of the
    /// operating system.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// The password, decoded.
    pub fn password(&self) -> Option<&SecretString> {
        self.password.as_ref()
    }

    /// The servers, in the order in which they are tried. Empty means the driver's default: a local socket,
    /// or `localhost`.
    ///
    /// Ports are paired with hosts as pgx does it: the n-th port with the n-th host, and the first port where
    /// there are fewer ports than hosts.
    ///
    /// Two lists that libpq reads do not start kine, since Go's `net/url` refuses them: several hosts one of
    /// which is in brackets, and a last host without a port after one that has a port.
    pub fn hosts(&self) -> &[PostgresHost] {
        &self.hosts
    }

    /// The database as written, decoded. None where none is; kine takes `kubernetes` then.
    pub fn database(&self) -> Option<&str> {
        self.database.as_deref()
    }

    /// Whether nothing follows the scheme. kine then takes user and password `postgres` at `localhost`.
    pub fn is_kine_default(&self) -> bool {
        self.is_kine_default
    }

    /// The user as it stands in the URL, encoded.
    pub(super) fn written_user(&self) -> Option<&str> {
        self.login.as_ref().map(|login| login.user.as_str())
    }

    /// All parameters as written.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// What [`write`](Self::write) masks.
    pub(super) fn collect_secrets(&self, parts: &mut SecretParts) {
        if let Some(written) = self.login.as_ref().and_then(|login| login.password.as_ref()) {
            let written = written.expose_secret();
            parts.add(written);
            // A parameter may have taken its place.
            if let Ok(decoded) = decode(written, Plus::Literal) {
                parts.add_decoded(&decoded);
            }
        }
        self.params.collect_secrets(parts);
    }

    pub(super) fn write(&self, secrets: Secrets) -> String {
        let mut out = String::from(match self.spelling {
            Spelling::Postgres => "postgres://",
            Spelling::Postgresql => "postgresql://",
        });
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
        out.push_str(&self.written_hosts);
        out.push_str(self.written_path.as_deref().unwrap_or_default());
        self.params.write(&mut out, secrets);
        out
    }
}

/// Redacted.
impl fmt::Debug for PostgresSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresSource({})", self.write(Secrets::Masked))
    }
}

impl Login {
    fn parse(text: &str) -> Result<Self, Fault> {
        // Go's `validUserinfo`: the unreserved characters and sub-delims of RFC 3986, `:`, `%`, and `@`
        // because URLs are diverse.
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&b);
        if !text.bytes().all(fits) {
            return Err(Fault::invalid(
                "a character in its user or password that a URL cannot hold",
                "percent-encode every character there but letters, digits, `-`, `.`, `_` and `~`",
            ));
        }
        let (user, password) = match text.split_once(':') {
            Some((user, password)) => (user, Some(SecretString::from(password))),
            None => (text, None),
        };
        Ok(Self { user: user.to_owned(), password })
    }
}

/// Refuses an `@` behind the hosts where it shows that a password with `/` or `?` in it was not
/// percent-encoded. Such a URL can parse (`postgres://u:12/rest@host/db` has the host `u` and the port 12),
/// and half of the password would be shown as a host or the database's name.
fn refuse_stray_at(
    authority: &str,
    path: Option<&str>,
    query: Option<&str>,
    params: &Params,
) -> Result<(), Fault> {
    let in_path = path.is_some_and(|path| path.contains('@'));
    // A known parameter may hold an `@` (`krbspn=postgres/host@REALM`), as long as no password can have begun
    // before it.
    let in_query = query.is_some_and(|query| query.contains('@'));
    let before_login = in_query && !authority.is_empty() && !authority.contains('@');
    if in_path || before_login || params.has_stray_at() {
        return Err(Fault::invalid("an `@` behind its hosts", ENCODE));
    }
    Ok(())
}

/// Pairs hosts and ports, of the URL or of the parameters that take their place.
fn resolve_hosts(
    written: &str,
    host_param: Option<&str>,
    port_param: Option<&str>,
) -> Result<Vec<PostgresHost>, Fault> {
    if written.contains('%') && !written.contains('[') {
        return Err(Fault::invalid(
            "a `%` in its host",
            "write the folder of a Unix socket as a parameter, `postgres:///DATABASE?host=/FOLDER`: kine refuses an encoded one before the path",
        ));
    }
    let mut hosts = Vec::new();
    let mut ports = Vec::new();
    for part in written.split(',').filter(|part| !part.is_empty()) {
        let (host, port) = split_host_port(part)?;
        if !host.is_empty() {
            // The zone of an IPv6 address stands behind `%25` in a URL (RFC 6874).
            hosts.push(decode(host, Plus::Literal)?);
        }
        ports.extend(port);
    }
    if let Some(list) = host_param {
        hosts = list.split(',').map(str::to_owned).collect();
    }
    if let Some(list) = port_param {
        ports = list.split(',').map(parse_port).collect::<Result<_, _>>()?;
    }
    if hosts.is_empty() && !ports.is_empty() {
        hosts.push(String::new());
    }
    Ok(hosts
        .into_iter()
        .enumerate()
        .map(|(index, host)| PostgresHost { host, port: ports.get(index).or(ports.first()).copied() })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> PostgresSource {
        PostgresSource::parse(Spelling::Postgres, text).unwrap()
    }

    fn hosts(text: &str) -> Vec<(String, Option<u16>)> {
        let source = parse(text);
        let pair = |host: &PostgresHost| (host.host.clone(), host.port);
        source.hosts().iter().map(pair).collect()
    }

    fn password(source: &PostgresSource) -> Option<&str> {
        source.password().map(ExposeSecret::expose_secret)
    }

    #[test]
    fn each_part_is_read_and_decoded() {
        let source =
            parse("k%69ne:p%40s%2Fs%3A@db.example.com:5433/my%20db?sslmode=verify-full&application_name=a+b");
        assert_eq!(source.user(), Some("kine"));
        assert_eq!(password(&source), Some("p@s/s:"));
        assert_eq!(source.hosts()[0].host(), "db.example.com");
        assert_eq!(source.hosts()[0].port(), Some(5433));
        assert_eq!(source.database(), Some("my db"));
        assert_eq!(source.params().get("sslmode"), Some("verify-full"));
        assert_eq!(source.params().get("application_name"), Some("a b"));
    }

    #[test]
    fn the_last_at_before_the_path_ends_the_password() {
        let source = parse("u:p@ss:word@h/d");
        assert_eq!(source.user(), Some("u"));
        assert_eq!(password(&source), Some("p@ss:word"));
        assert_eq!(source.hosts()[0].host(), "h");
    }

    #[test]
    fn several_hosts_keep_their_order_and_ports() {
        let pair = |host: &str, port| (host.to_owned(), port);
        assert_eq!(hosts("a:1,b:2/d"), [pair("a", Some(1)), pair("b", Some(2))]);
        assert_eq!(hosts("a,b/d"), [pair("a", None), pair("b", None)]);
        assert_eq!(hosts("a,,b/d"), [pair("a", None), pair("b", None)]);
        assert_eq!(hosts("[::1]:1,[2001:db8::2]:2/d"), [pair("::1", Some(1)), pair("2001:db8::2", Some(2))]);
        assert_eq!(hosts("[fe80::1%25eth0]/d"), [pair("fe80::1%eth0", None)]);
        assert_eq!(hosts(":5433/d"), [pair("", Some(5433))]);
        assert_eq!(hosts("/d"), []);
    }

    #[test]
    fn too_few_ports_are_paired_as_pgx_pairs_them() {
        let pair = |host: &str| (host.to_owned(), Some(5433));
        assert_eq!(hosts("a,b:5433/d"), [pair("a"), pair("b")]);
        assert_eq!(hosts("/d?host=a,b&port=5433"), [pair("a"), pair("b")]);
    }

    #[test]
    fn a_socket_folder_is_a_parameter() {
        let source = parse("/kine?host=/run/postgresql&user=kine@EXAMPLE");
        assert!(source.hosts()[0].is_unix_socket());
        assert_eq!(source.hosts()[0].host(), "/run/postgresql");
        assert_eq!(source.user(), Some("kine@EXAMPLE"));
        assert_eq!(source.database(), Some("kine"));
        let fault = PostgresSource::parse(Spelling::Postgres, "%2Frun%2Fpostgresql/d").unwrap_err();
        assert!(fault.help.contains("host=/FOLDER"), "{}", fault.help);
    }

    #[test]
    fn a_parameter_takes_the_place_of_its_part_and_the_first_one_counts() {
        let source = parse("u:p@h:1/d?user=v&password=CANARY&password=x&host=i&port=2&dbname=e");
        assert_eq!(source.user(), Some("v"));
        assert_eq!(password(&source), Some("CANARY"));
        assert_eq!(source.hosts(), [PostgresHost { host: "i".to_owned(), port: Some(2) }]);
        assert_eq!(source.database(), Some("e"));
        let shown = source.write(Secrets::Masked);
        assert_eq!(shown, "postgres://u:***@h:1/d?user=v&password=***&***&host=i&port=2&dbname=e");
    }

    #[test]
    fn the_kerberos_form_is_read() {
        let source = parse(
            "kine%40EXAMPLE.COM@pg.example.com:5432/kubernetes?sslmode=disable&krbsrvname=postgres&krb5_keytab=/etc/kine-keytab/krb5.keytab",
        );
        assert_eq!(source.user(), Some("kine@EXAMPLE.COM"));
        assert!(source.password().is_none());
        assert_eq!(source.params().get("krb5_keytab"), Some("/etc/kine-keytab/krb5.keytab"));
    }

    #[test]
    fn missing_parts_are_none() {
        let source = parse("h");
        assert_eq!(source.user(), None);
        assert!(source.password().is_none());
        assert_eq!(source.database(), None);
        assert_eq!(parse("h/").database(), None);
        assert_eq!(password(&parse("u:@h/d")), Some(""));
    }

    #[test]
    fn a_password_that_was_not_encoded_is_refused_with_the_encoding() {
        for text in [
            "u:12/x@h/d",
            "u:12?x@h/d",
            "u:12?sslmode=x@h/d",
            "u:12#x@h/d",
            "u:?a=1@h/d",
            "u:a/b@h/d",
            "a@b:1/x@h/d",
            "u:@x?@h/d",
        ] {
            let fault = PostgresSource::parse(Spelling::Postgres, text).unwrap_err();
            assert!(fault.help.contains("percent-encode"), "{text}: {}", fault.help);
        }
    }

    #[test]
    fn what_go_or_pgx_refuses_is_refused() {
        for text in [
            "u:p^w@h/d",
            "u:p w@h/d",
            "u:%zz@h/d",
            "h:x/d",
            "h:0/d",
            "h:99999/d",
            "[::1/d",
            "[h]/d",
            "h/%zz",
            "h/d?a=%",
            "h/d?a=1;b=2",
            "h/d?port=x",
            "h/d?dbname=a&database=b",
            "h\n/d",
        ] {
            assert!(PostgresSource::parse(Spelling::Postgres, text).is_err(), "{text}");
        }
    }

    #[test]
    fn nothing_is_kines_default_and_is_written_back_as_nothing() {
        let source = PostgresSource::parse(Spelling::Postgresql, "").unwrap();
        assert!(source.is_kine_default());
        assert_eq!(source.hosts()[0].host(), "localhost");
        assert_eq!(source.write(Secrets::Exposed), "postgresql://");
        assert_eq!(source.write(Secrets::Masked), "postgresql://postgres:***@localhost/");
    }
}
