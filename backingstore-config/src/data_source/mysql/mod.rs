//! `mysql://` and a DSN of go-sql-driver: `USER:PASSWORD@NET(ADDRESS)/DATABASE?PARAMETERS`.
//!
//! It is not a URL. Nothing before the last `/` is percent-encoded, so a password may hold `@`, `:` and `/` as they are.
//! The plain URL that users try first is read too, where it can be nothing else.
//!
//! Read [`address`], [`settings`] and [`tls`] first; [`url_form`] says which URLs are read, [`duration`] is Go's grammar.

mod address;
mod duration;
mod settings;
mod tls;
mod url_form;

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use super::fault::Fault;
use super::known_params::{FOREIGN_TO_MYSQL, KERBEROS, MYSQL};
use super::login::Login;
use super::misplaced::{names_a_secret, refuse_in_name, refuse_secret};
use super::params::{Param, Params};
use super::percent::{Plus, decode, encode};
use super::secrets::SecretParts;
use crate::redaction::Secrets;

pub use address::MysqlAddress;
pub use settings::MysqlSettings;
pub(super) use settings::is_taken_raw;
pub use tls::MysqlTlsMode;

/// What kine uses for `mysql://` alone, as long as no TLS file is set (`pkg/drivers/mysql`).
const KINE_DEFAULT: &str = "root@unix(/var/run/mysqld/mysqld.sock)/";

/// A database of a MySQL or MariaDB server.
///
/// It is read as go-sql-driver v1.10 reads a DSN, which is the driver of kine v0.16.4. What the driver refuses is refused,
/// and so are a few texts that it reads and that no server can be reached with, or that could show half of a password in
/// the place of something else:
///
/// - a net other than `tcp`, `tcp4`, `tcp6` and `unix`, and an address that cannot be dialled;
/// - a `/`, `?`, `(` or `)` in the user, and a raw `@`, `(` or `)` in the database's name;
/// - a NUL character, and percent-encoded bytes that are not UTF-8.
///
/// The plain URL `mysql://USER:PASSWORD@HOST:PORT/DATABASE?PARAMETERS`, which the driver refuses, is read where it can be
/// nothing else: with one `/`, at most one `@`, no brackets but those of an IPv6 address, no `#`, a host that is a name or
/// an address, and neither `:`, `%`, `?`, a bracket nor a space in user and password.
/// [`expose_driver_form`](Self::expose_driver_form) is what kine can read then.
#[derive(Clone)]
pub struct MysqlSource {
    form: Form,
    login: Option<Login>,
    /// `tcp(HOST:PORT)` as written; what it means is `address`.
    written_address: String,
    address: MysqlAddress,
    written_database: String,
    database: String,
    params: Params,
    settings: MysqlSettings,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Nothing was written after `mysql://`, and the rest is kine's default.
    KineDefault,
    Driver,
    Url,
}

impl MysqlSource {
    /// Parses what follows `mysql://`.
    pub(super) fn parse(dsn: &str) -> Result<Self, Fault> {
        Self::read(dsn).map_err(|fault| if names_kerberos_file(dsn) { KERBEROS_FILE } else { fault })
    }

    fn read(dsn: &str) -> Result<Self, Fault> {
        if dsn.is_empty() {
            return Ok(Self { form: Form::KineDefault, ..Self::parse(KINE_DEFAULT)? });
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
            Some((login, address)) => (Some(read_login(login)?), address),
            None => (None, left),
        };
        let (form, address) = match MysqlAddress::parse(written_address) {
            Ok(address) => (Form::Driver, address),
            Err(fault) => (Form::Url, url_form::address_of(dsn).ok_or(fault)?),
        };
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
        refuse_in_name(written_database)?;
        let database = decode(written_database, Plus::Literal)?;
        refuse_secret(&database)?;
        let params = Params::parse_mysql(query, &MYSQL, is_taken_raw)?;
        // `u:@/wd?x@db`: a password with `/` and `?` in it, and an address that nobody wrote as one.
        if !written_address.ends_with(')') && query.is_some_and(|query| query.contains('@')) {
            return Err(Fault::invalid(
                "an `@` in its parameters, and no address in brackets before them",
                "write `mysql://USER:PASSWORD@tcp(HOST:3306)/DATABASE`, and percent-encode `@` in the values of parameters: `%40`",
            ));
        }
        // `u:secret@db:3306/d&password=x@/y`: an address and a database's name that went into the password, and a rest
        // of it where the name is.
        let in_password = |login: &Login| {
            login.password.as_ref().is_some_and(|text| text.expose_secret().contains(['@', '/']))
        };
        if written_address.is_empty() && login.as_ref().is_some_and(in_password) {
            return Err(Fault::invalid(
                "an `@` or a `/` in its password, and no address behind it",
                "write the address: `mysql://USER:PASSWORD@tcp(HOST:3306)/DATABASE`",
            ));
        }
        let written = query.into_iter().flat_map(|query| query.split('&'));
        let settings = MysqlSettings::read(written.filter_map(|segment| segment.split_once('=')))?;
        Ok(Self {
            form,
            login,
            written_address: written_address.to_owned(),
            address,
            database,
            written_database: written_database.to_owned(),
            params,
            settings,
        })
    }

    /// The user. None where none is written; the driver sends an empty name then.
    pub fn user(&self) -> Option<&str> {
        self.login.as_ref().map(|login| login.user.as_str())
    }

    pub(super) fn login(&self) -> Option<&Login> {
        self.login.as_ref()
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

    /// The driver's name of the net: `tcp`, `unix`, or `tcp4` and `tcp6` where only one kind of address is to be used.
    pub fn net(&self) -> &'static str {
        let net = self.written_address.split('(').next();
        match (&self.address, net) {
            (MysqlAddress::Unix { .. }, _) => "unix",
            (MysqlAddress::Tcp { .. }, Some("tcp4")) => "tcp4",
            (MysqlAddress::Tcp { .. }, Some("tcp6")) => "tcp6",
            (MysqlAddress::Tcp { .. }, _) => "tcp",
        }
    }

    /// The database as written, decoded. None where none is; kine takes `kubernetes` then.
    pub fn database(&self) -> Option<&str> {
        Some(self.database.as_str()).filter(|name| !name.is_empty())
    }

    /// Whether nothing follows `mysql://`. kine then takes root on a local socket, or on `127.0.0.1` if it is
    /// started with a TLS file.
    pub fn is_kine_default(&self) -> bool {
        self.form == Form::KineDefault
    }

    /// Whether it is written as a plain URL, which kine cannot read. [`driver_form_redacted`](Self::driver_form_redacted)
    /// shows the right form.
    pub fn is_url_form(&self) -> bool {
        self.form == Form::Url
    }

    /// The whole data source with its secrets in the form that the driver reads: for a plain URL the same with
    /// `tcp(HOST:PORT)` in it, for all others the text as it was parsed.
    pub fn expose_driver_form(&self) -> SecretString {
        SecretString::from(self.write_driver_form(Secrets::Exposed))
    }

    /// What [`expose_driver_form`](Self::expose_driver_form) gives, redacted.
    pub fn driver_form_redacted(&self) -> String {
        self.write_driver_form(Secrets::Masked)
    }

    /// All parameters as written. Of a repeated one the last counts.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// Parameters of other clients, such as `sslmode` and `useSSL`. The driver sends them to the server as variables that it
    /// does not have, and the server ends the connection: error 1193, `Unknown system variable`, or 1064 for a name with a
    /// `-` in it (seen with MariaDB 10.11).
    pub fn foreign_params(&self) -> impl Iterator<Item = &Param> {
        self.params.iter().filter(|param| FOREIGN_TO_MYSQL.contains(&param.name()))
    }

    /// What the driver makes of the parameters that it knows.
    pub fn settings(&self) -> &MysqlSettings {
        &self.settings
    }

    /// How the connection is encrypted, by the data source alone: without a parameter `tls` it is not.
    ///
    /// kine's TLS files count only where the data source says nothing or `tls=false`: the driver builds its settings when it
    /// reads any other `tls`, and does not look at kine's afterwards (kine v0.16.4 `prepareConfig`, go-sql-driver v1.10
    /// `normalize`).
    pub fn tls_mode(&self) -> MysqlTlsMode {
        self.settings.tls
    }

    /// The same in the driver's form, with these parts written into it.
    pub(super) fn with_parts(
        mut self,
        user: Option<&str>,
        password: Option<&str>,
        database: Option<&str>,
    ) -> Result<Self, Fault> {
        self.login = Login::filled(self.login, user.map(str::to_owned), password.map(str::to_owned));
        if let Some(database) = database {
            self.written_database = encode(database);
        }
        let text = self.write_driver_form(Secrets::Exposed);
        Self::parse(text.strip_prefix("mysql://").unwrap_or_default())
    }

    /// What [`write`](Self::write) masks.
    pub(super) fn collect_secrets(&self, parts: &mut SecretParts) {
        if let Some(password) = self.password() {
            parts.add(password.expose_secret());
        }
        self.params.collect_secrets(parts);
    }

    pub(super) fn write(&self, secrets: Secrets) -> String {
        if self.form == Form::KineDefault && secrets == Secrets::Exposed {
            return "mysql://".to_owned();
        }
        self.write_with(&self.written_address, secrets)
    }

    pub(super) fn write_driver_form(&self, secrets: Secrets) -> String {
        match self.form {
            Form::Url => self.write_with(&self.address.write(), secrets),
            Form::Driver | Form::KineDefault => self.write(secrets),
        }
    }

    fn write_with(&self, address: &str, secrets: Secrets) -> String {
        let mut out = String::from("mysql://");
        if let Some(login) = &self.login {
            login.write(&mut out, secrets);
        }
        out.push_str(address);
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

fn read_login(text: &str) -> Result<Login, Fault> {
    let login = Login::split(text)?;
    refuse_secret(&login.user)?;
    // Such a user is a DSN whose parameters hold an `@` and a `/`: `tcp(h)/d?password=p@/w`.
    if login.user.contains(['/', '?', '(', ')']) {
        return Err(Fault::invalid(
            "a `/`, a `?` or a bracket in its user",
            "write `USER:PASSWORD@tcp(HOST:3306)/DATABASE`, and percent-encode `@` and `/` in the values of parameters: `%40`, `%2F`",
        ));
    }
    // Likewise such a password: `u:p@tcp(h)/d&password=p@/w`.
    let password = login.password.as_ref().map_or("", ExposeSecret::expose_secret);
    if password.split_once(")/").is_some_and(|(_, rest)| names_a_secret(rest)) {
        refuse_in_name("&")?;
    }
    Ok(login)
}

const KERBEROS_FILE: Fault = Fault::invalid(
    "parameters of Kerberos, which kine has for PostgreSQL alone",
    "remove them, and log in with a password or with `identityProvider: aws`",
);

/// Whether parameters for Kerberos are there with the `/` of a path among them, which the driver takes for the one before
/// the database's name.
fn names_kerberos_file(dsn: &str) -> bool {
    let Some((_, query)) = dsn.split_once('?') else { return false };
    let mut names = query.split('&').filter_map(|segment| segment.split_once('=')).map(|(name, _)| name);
    query.contains('/') && names.any(|name| KERBEROS.contains(&name))
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
    fn a_password_that_looks_like_the_rest_of_a_dsn_is_refused_where_no_address_is_bracketed() {
        for dsn in ["u:@/CANARY?x@db", "u:p@tcp/CANARY?x=@db", "u:p@db/CANARY?x@db", "u:@/CANARY?charset=@db"]
        {
            assert!(MysqlSource::parse(dsn).is_err(), "{dsn}");
        }
        assert_eq!(parse("u:p@tcp(h)/d?x=a@b").params().expose("x").unwrap().expose_secret(), "a@b");
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
        assert!(parse("u@unix/d").address().is_unix_socket());
    }

    #[test]
    fn a_socket_is_read() {
        let source = parse("root@unix(/run/mysqld/mysqld.sock)/kine");
        let path = "/run/mysqld/mysqld.sock".to_owned();
        assert_eq!(*source.address(), MysqlAddress::Unix { path });
        assert_eq!(source.database(), Some("kine"));
    }

    #[test]
    fn the_url_form_is_read_and_written_in_both_forms() {
        let source = parse("u:p@db.example.com/vcluster?tls=true");
        assert!(source.is_url_form());
        assert_eq!(source.user(), Some("u"));
        assert_eq!(password(&source), Some("p"));
        assert_eq!(*source.address(), tcp("db.example.com", 3306));
        assert_eq!(source.database(), Some("vcluster"));
        assert_eq!(source.tls_mode(), MysqlTlsMode::Verified);
        assert_eq!(source.write(Secrets::Exposed), "mysql://u:p@db.example.com/vcluster?tls=true");
        assert_eq!(
            source.expose_driver_form().expose_secret(),
            "mysql://u:p@tcp(db.example.com:3306)/vcluster?tls=true"
        );
        assert_eq!(source.driver_form_redacted(), "mysql://u:***@tcp(db.example.com:3306)/vcluster?tls=true");
        let ipv6 = parse("u@[::1]:3307/d");
        assert_eq!(ipv6.driver_form_redacted(), "mysql://u@tcp([::1]:3307)/d");
    }

    #[test]
    fn the_drivers_form_is_its_own_driver_form() {
        for dsn in ["", "u:p@(h)/d", "u@tcp/d?x", "/", "u:p@unix(/s)/"] {
            let source = parse(dsn);
            assert!(!source.is_url_form(), "{dsn}");
            assert_eq!(source.expose_driver_form().expose_secret(), format!("mysql://{dsn}"));
        }
    }

    #[test]
    fn an_ambiguous_url_is_answered_with_the_right_form() {
        for dsn in ["u:p%40w@db.example.com:3306/vcluster", "u:p:w@db/d", "u:p@db,db2/d"] {
            let fault = MysqlSource::parse(dsn).unwrap_err();
            assert!(fault.help.contains("tcp(HOST:3306)"), "{}", fault.help);
        }
    }

    #[test]
    fn the_last_of_a_repeated_parameter_counts() {
        let source = parse("u@tcp(h)/d?tls=true&sql_mode=%27ANSI%27&tls=false&sql_mode=%27TRADITIONAL%27");
        assert_eq!(source.params().get("tls"), Some("false"));
        assert_eq!(source.tls_mode(), MysqlTlsMode::Disabled);
        assert_eq!(source.params().get("sql_mode"), Some("'TRADITIONAL'"));
    }

    #[test]
    fn a_value_that_the_driver_does_not_decode_is_kept_as_it_is() {
        let source = parse("u@tcp(h)/d?charset=utf8%2Cutf8mb4&x=a%2Cb");
        assert_eq!(source.params().get("charset"), Some("utf8%2Cutf8mb4"));
        assert_eq!(source.params().expose("x").unwrap().expose_secret(), "a,b");
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
            "u@tcp(h)/d?time_zone=%",
            "u@tcp(h)/d?timeout=30",
            "u:p@tcp(h)/p2@tcp(h)",
            "tcp(h)/d?password=p@/w",
        ] {
            assert!(MysqlSource::parse(dsn).is_err(), "{dsn}");
        }
        let ipv4_only = parse("u@tcp4(h:3306)/d");
        assert_eq!(*ipv4_only.address(), tcp("h", 3306));
        assert_eq!(ipv4_only.net(), "tcp4");
        assert_eq!(parse("u@tcp4.example.com/d").net(), "tcp");
    }

    #[test]
    fn a_parameter_of_another_client_is_told() {
        let source = parse(
            "u@tcp(h)/d?sslmode=disable&tls=true&useSSL=true&ssl-mode=REQUIRED&sql_mode=%27ANSI%27&new=1",
        );
        let names: Vec<_> = source.foreign_params().map(Param::name).collect();
        assert_eq!(names, ["sslmode", "useSSL", "ssl-mode"]);
    }

    #[test]
    fn kerberos_is_named_however_its_path_is_written() {
        for params in
            ["krb5_keytab=/etc/k", "tls=true&krb5_ccache=FILE:/tmp/cc", "krbspn=mysql/h@R", "krbsrvname=a/b"]
        {
            let fault = MysqlSource::parse(&format!("k@tcp(h)/d?{params}")).unwrap_err();
            assert!(fault.problem.contains("Kerberos") && !fault.help.contains("%2F"), "{params}");
        }
        assert!(MysqlSource::parse("k@tcp(h)/d?krb5_keytab=%2Fetc%2Fk").is_ok());
        let password = parse("k:p?krb5_keytab=/x@tcp(h)/d");
        assert_eq!(password.database(), Some("d"));
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
