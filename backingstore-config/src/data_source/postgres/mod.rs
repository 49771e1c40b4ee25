//! `postgres://USER:PASSWORD@HOST:PORT,…/DATABASE?PARAMETERS`, a URL as Go's `net/url` and pgx read it.
//!
//! Here is the URL and its parts. [`hosts`] pairs hosts and ports, [`ssl_mode`] is what the TLS parameters mean
//! together, [`settings`] refuses values that pgx refuses.

mod hosts;
mod settings;
mod ssl_mode;

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use super::fault::{Fault, ON_ONE_LINE};
use super::known_params::{LIBPQ_ONLY, POSTGRES};
use super::login::Login;
use super::misplaced::{refuse_in_name, refuse_secret};
use super::params::{Param, Params};
use super::percent::{Plus, decode, encode};
use super::secrets::SecretParts;
use crate::redaction::Secrets;

pub use hosts::PostgresHost;
pub use ssl_mode::SslMode;

/// What kine uses for `postgres://` alone (`pkg/drivers/pgsql`).
const KINE_DEFAULT: &str = "postgres:postgres@localhost/";

const ENCODE: &str = "percent-encode `@`, `:`, `/`, `?` and `#` in the user, the password and the database's name: `%40`, `%3A`, `%2F`, `%3F`, `%23`";

/// libpq takes its default then; pgx sends the empty name, and dials an empty host.
const EMPTY_NAME: Fault = Fault::invalid(
    "an empty name in its parameter `user` or `host`",
    "write the name, or leave the parameter out",
);

/// A database of a PostgreSQL server.
///
/// A parameter `user`, `password`, `host`, `port` or `dbname` takes the place of the same part of the URL, as
/// in libpq and pgx; of a repeated one the first counts. What kine makes of the rest (a default database, a
/// name in lower case) is not applied here.
///
/// It refuses what Go's `net/url` and pgx v5.10 refuse, and a little more. What they read and this does not: a `#`,
/// an `@` that may belong to a password, other characters in a host than names and addresses have, an IPv6 address
/// without brackets, a port that no host needs and that is none, bytes that are not UTF-8, both `dbname` and
/// `database`, an empty `user` or `host` among the parameters. Each is nearly always a password that was not percent-encoded, half of which would be shown, or is
/// read in another way by another driver.
#[derive(Clone)]
pub struct PostgresSource {
    spelling: Spelling,
    /// Nothing was written after the scheme, and the rest is kine's default.
    is_kine_default: bool,
    /// Encoded.
    login: Option<Login>,
    written_hosts: String,
    written_path: Option<String>,
    params: Params,
    user: Option<String>,
    password: Option<SecretString>,
    hosts: Vec<PostgresHost>,
    database: Option<String>,
}

/// Which of its two names the scheme has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    Postgres,
    Postgresql,
}

impl PostgresSource {
    /// Parses what follows the scheme.
    pub(super) fn parse(spelling: Spelling, text: &str) -> Result<Self, Fault> {
        if text.is_empty() {
            return Ok(Self { is_kine_default: true, ..Self::parse(spelling, KINE_DEFAULT)? });
        }
        if text.contains(['\n', '\r']) {
            return Err(Fault::invalid("a line break in it", ON_ONE_LINE));
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
        refuse_in_name(path.unwrap_or_default())?;
        let params = Params::parse_query(query, &POSTGRES)?;
        refuse_stray_at(authority, path, query, &params)?;
        let login = login.map(read_login).transpose()?;
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
        let from_query = |name| self.exposed_param(name);
        let from_login = |part: Option<&str>| part.map(|text| decode(text, Plus::Literal)).transpose();

        let login_user = from_login(self.login.as_ref().map(|login| login.user.as_str()))?;
        let user = from_query("user").map(str::to_owned).or(login_user);
        let login_password = self.login.as_ref().and_then(|login| login.password.as_ref());
        let login_password = from_login(login_password.map(ExposeSecret::expose_secret))?;
        let password = from_query("password").map(str::to_owned).or(login_password);

        let path = self.written_path.as_deref().unwrap_or_default();
        // Decoded first: pgx takes every `/` off the front, encoded ones too.
        let path = decode(path, Plus::Literal)?.trim_start_matches('/').to_owned();
        let database = match (from_query("dbname"), from_query("database")) {
            // pgx reads them from a map of one key, in no order.
            (Some(_), Some(_)) => {
                return Err(Fault::invalid("both `dbname` and `database` among its parameters", "keep one"));
            }
            (Some(name), None) | (None, Some(name)) => name.to_owned(),
            (None, None) => path,
        };

        refuse_secret(user.as_deref().unwrap_or_default())?;
        refuse_secret(&database)?;
        if from_query("user") == Some("") {
            return Err(EMPTY_NAME);
        }
        let hosts = hosts::resolve(&self.written_hosts, from_query("host"), from_query("port"))?;
        settings::check(|name| self.exposed_param(name))?;
        // Over Unix sockets pgx does not look at it.
        if !all_sockets(&hosts) {
            SslMode::of(|name| self.exposed_param(name))?;
        }
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
    pub fn hosts(&self) -> &[PostgresHost] {
        &self.hosts
    }

    /// The database as written, decoded. None where none is; kine takes `kubernetes` then.
    pub fn database(&self) -> Option<&str> {
        self.database.as_deref()
    }

    /// Parameters that libpq reads and pgx does not: kine sends them to the server as settings, and PostgreSQL ends the
    /// connection. psql and kine do not agree on such a data source.
    pub fn libpq_only_params(&self) -> impl Iterator<Item = &Param> {
        self.params.iter().filter(|param| LIBPQ_ONLY.contains(&param.name()))
    }

    /// How far its connections over TCP are protected: what pgx makes of `sslmode`, `sslrootcert` and
    /// `sslnegotiation` together. `PGSSLMODE`, which counts where no `sslmode` is written, is not looked at.
    ///
    /// Where all hosts are folders of Unix sockets it is [`SslMode::Disable`], whatever is written.
    pub fn ssl_mode(&self) -> SslMode {
        if self.is_local() {
            return SslMode::Disable;
        }
        let mode = SslMode::of(|name| self.exposed_param(name));
        // Parsing has refused what is no mode.
        mode.unwrap_or(SslMode::Disable)
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

    /// Whether all its hosts are folders of Unix sockets.
    pub(super) fn is_local(&self) -> bool {
        all_sockets(&self.hosts)
    }

    /// The path, decoded, with the `/` at its start.
    pub(super) fn path(&self) -> String {
        // Parsing has refused a path that cannot be decoded.
        decode(self.written_path.as_deref().unwrap_or_default(), Plus::Literal).unwrap_or_default()
    }

    /// The parameter that takes the place of the path.
    pub(super) fn database_param(&self) -> Option<&str> {
        self.exposed_param("dbname").or_else(|| self.exposed_param("database"))
    }

    /// The decoded value of the first parameter of this name, be it a secret or not.
    pub(super) fn exposed_param(&self, name: &str) -> Option<&str> {
        self.params.expose(name).map(ExposeSecret::expose_secret)
    }

    /// The same with these parts written into its URL.
    pub(super) fn with_parts(
        mut self,
        user: Option<&str>,
        password: Option<&str>,
        database: Option<&str>,
    ) -> Result<Self, Fault> {
        self.login = Login::filled(self.login, user.map(encode), password.map(encode));
        if let Some(database) = database {
            self.written_path = Some(format!("/{}", encode(database)));
        }
        let text = self.write(Secrets::Exposed);
        Self::parse(self.spelling, text.split_once("://").map_or("", |(_, rest)| rest))
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
            login.write(&mut out, secrets);
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

fn read_login(text: &str) -> Result<Login, Fault> {
    // Go's `validUserinfo`: the unreserved characters and sub-delims of RFC 3986, `:`, `%`, and `@`
    // because URLs are diverse.
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&b);
    if !text.bytes().all(fits) {
        return Err(Fault::invalid(
            "a character in its user or password that a URL cannot hold",
            "percent-encode every character there but letters, digits, `-`, `.`, `_` and `~`",
        ));
    }
    let login = Login::split(text)?;
    refuse_secret(&login.user)?;
    Ok(login)
}

/// Whether all hosts are folders of Unix sockets. Without any host it is not known: the driver looks for a socket, and
/// falls back to `localhost`.
fn all_sockets(hosts: &[PostgresHost]) -> bool {
    !hosts.is_empty() && hosts.iter().all(PostgresHost::is_unix_socket)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> PostgresSource {
        PostgresSource::parse(Spelling::Postgres, text).unwrap()
    }

    fn password(source: &PostgresSource) -> Option<&str> {
        source.password().map(ExposeSecret::expose_secret)
    }

    #[test]
    fn a_password_that_looks_like_hosts_path_and_a_parameter_is_refused() {
        for text in ["u:x@h/CANARY?host=a@db:5432/d", "u:@h/CANARY?application_name=@db/d"] {
            assert!(PostgresSource::parse(Spelling::Postgres, text).is_err(), "{text}");
        }
        let kept = parse("k@h/d?krbspn=postgres/h@REALM&user=kine@REALM");
        assert_eq!(kept.params().get("krbspn"), Some("postgres/h@REALM"));
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
        assert_eq!(source.hosts().len(), 1);
        assert_eq!((source.hosts()[0].host(), source.hosts()[0].port()), ("i", Some(2)));
        assert_eq!(source.database(), Some("e"));
        let shown = source.write(Secrets::Masked);
        assert_eq!(shown, "postgres://u:***@h:1/d?user=v&password=***&password=***&host=i&port=2&dbname=e");
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
            "h/d?user=",
            "h/d?host=",
            "h/d?host=a,",
            "h\n/d",
        ] {
            assert!(PostgresSource::parse(Spelling::Postgres, text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_setting_that_pgx_refuses_is_refused() {
        for param in ["target_session_attrs=x", "connect_timeout=x", "require_auth=x", "sslmode=x"] {
            assert!(PostgresSource::parse(Spelling::Postgres, &format!("h/d?{param}")).is_err(), "{param}");
        }
        // The first of a repeated one counts.
        assert_eq!(parse("h/d?sslmode=require&sslmode=x").ssl_mode(), SslMode::Require);
    }

    #[test]
    fn a_parameter_of_libpq_that_pgx_lacks_is_told() {
        let source = parse("h/d?gssencmode=disable&sslmode=require&keepalives=1&search_path=x");
        let names: Vec<_> = source.libpq_only_params().map(Param::name).collect();
        assert_eq!(names, ["gssencmode", "keepalives"]);
    }

    #[test]
    fn tls_is_for_tcp_alone() {
        assert_eq!(parse("h/d").ssl_mode(), SslMode::Prefer);
        assert_eq!(parse("/d?sslmode=require").ssl_mode(), SslMode::Require);
        assert_eq!(parse("/d?host=/run&sslmode=x").ssl_mode(), SslMode::Disable);
        assert_eq!(parse("/d?host=/run,h&sslmode=verify-full").ssl_mode(), SslMode::VerifyFull);
        assert!(PostgresSource::parse(Spelling::Postgres, "/d?host=/run,h&sslmode=x").is_err());
        assert!(PostgresSource::parse(Spelling::Postgres, "/d?sslmode=x").is_err());
    }

    #[test]
    fn each_slash_before_the_databases_name_is_taken_off() {
        for text in ["h//db", "h/%2Fdb", "h/%2F/db"] {
            assert_eq!(parse(text).database(), Some("db"), "{text}");
        }
        assert_eq!(parse("h/a/b").database(), Some("a/b"));
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
