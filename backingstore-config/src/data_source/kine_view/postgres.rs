//! kine's `pkg/drivers/pgsql`, `prepareConfig`, and what pgx makes of its result.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;

use secrecy::{ExposeSecret, SecretString};

use super::super::known_params::POSTGRES;
use super::super::login::Login;
use super::super::params::Param;
use super::super::percent::encode;
use super::super::postgres::{PostgresHost, PostgresSource, SslMode};
use super::{DEFAULT_DATABASE, KineAddress, KineTls, KineView, half_a_certificate};
use crate::data_source::Engine;
use crate::model::TlsFiles;
use crate::redaction::{MASK, Secrets};

const DEFAULT_PORT: u16 = 5432;
/// Parameters that are a part of the address, and those that vCluster's kine takes out before it connects.
const TAKEN_OUT: [&str; 8] =
    ["host", "port", "user", "password", "dbname", "database", "krb5_keytab", "krb5_ccache"];

pub(super) fn view(source: &PostgresSource, tls: &TlsFiles) -> KineView {
    let database = database(source);
    let mut params = first_of_each(source);
    let ignores_tls_files = add_tls_files(&mut params, tls);

    let value = |name: &str| params.get(name).map(|param| param.expose().expose_secret());
    let is_local = source.is_local();
    // Parsing has refused what is no mode.
    let mode = if is_local { SslMode::Disable } else { SslMode::of(value).unwrap_or(SslMode::Disable) };
    // pgx looks at the two files where it builds TLS settings alone. Without a host it may find a local socket.
    let refusal = match mode {
        SslMode::Disable => None,
        _ if source.hosts().iter().all(|host| host.host().is_empty()) => None,
        _ => half_a_certificate(value("sslcert"), value("sslkey")),
    };

    let kerberos = source.kerberos().ok().flatten();
    let role = kerberos.as_ref().map(|login| login.user()).or(source.user());
    let written_user = source.user().map(str::to_owned);
    let user = role.map(str::to_owned);
    let password = source.password().cloned();
    let addresses: Vec<_> = source.hosts().iter().map(address).collect();
    // Those of Kerberos stay in the text: without them it would not mean the same.
    let in_text: Vec<_> = params.values().filter(|param| !is_address(param.expose_name())).cloned().collect();
    let write = |secrets| {
        let canonical = Canonical {
            user: written_user.as_deref(),
            password: password.as_ref(),
            hosts: source.hosts(),
            has_host_param: source.params().contains("host"),
            database: database.as_deref(),
            params: &in_text,
        };
        canonical.write(secrets)
    };
    KineView {
        text: SecretString::from(write(Secrets::Exposed)),
        shown: write(Secrets::Masked),
        user,
        addresses,
        tls: tls_of(mode),
        ignores_tls_files: ignores_tls_files || (is_local && !tls.is_empty()),
        refusal,
        params: in_text.iter().filter(|param| !TAKEN_OUT.contains(&param.expose_name())).cloned().collect(),
        database: database.clone(),
        password: password.clone(),
        ..KineView::empty(Engine::Postgres)
    }
}

fn is_address(name: &str) -> bool {
    TAKEN_OUT[..6].contains(&name)
}

/// `dbname` as it is, or else the path: `kubernetes` where it is empty or `/`, and in lower case.
fn database(source: &PostgresSource) -> Option<String> {
    let name = match source.database_param() {
        Some(name) => name.to_owned(),
        None => match source.path() {
            path if path.is_empty() || path == "/" => DEFAULT_DATABASE.to_owned(),
            path => lower(&path).trim_start_matches('/').to_owned(),
        },
    };
    Some(name).filter(|name| !name.is_empty())
}

/// Go's `strings.ToLower`: one character for one. Rust's own makes two of a capital I with a dot, and another sigma at
/// the end of a word.
fn lower(text: &str) -> String {
    text.chars().filter_map(|c| c.to_lowercase().next()).collect()
}

/// Sorted, as kine's `params.Encode()` hands them to pgx.
fn first_of_each(source: &PostgresSource) -> BTreeMap<String, Param> {
    let mut params = BTreeMap::new();
    for param in source.params().iter() {
        params.entry(param.expose_name().to_owned()).or_insert_with(|| param.clone());
    }
    params
}

/// Each file that the query does not name is added, and `sslmode=verify-full` with the first of them where the query
/// has no `sslmode`. Whether a file was left out.
fn add_tls_files(params: &mut BTreeMap<String, Param>, tls: &TlsFiles) -> bool {
    let mut is_added = false;
    let mut is_left_out = false;
    for (name, file) in
        [("sslcert", &tls.cert_file), ("sslkey", &tls.key_file), ("sslrootcert", &tls.ca_file)]
    {
        let Some(file) = file.as_ref().filter(|file| !file.is_empty()) else { continue };
        if params.contains_key(name) {
            is_left_out = true;
        } else {
            is_added = true;
            params.insert(name.to_owned(), Param::added(name, file, &POSTGRES));
        }
    }
    if is_added && !params.contains_key("sslmode") {
        params.insert("sslmode".to_owned(), Param::added("sslmode", "verify-full", &POSTGRES));
    }
    is_left_out
}

fn tls_of(mode: SslMode) -> KineTls {
    match mode {
        SslMode::Disable => KineTls::Disabled,
        SslMode::Allow | SslMode::Prefer => KineTls::Preferred,
        SslMode::Require => KineTls::Unverified,
        SslMode::VerifyCa => KineTls::VerifiedAuthority,
        SslMode::VerifyFull => KineTls::Verified,
    }
}

fn address(host: &PostgresHost) -> KineAddress {
    let port = host.port().unwrap_or(DEFAULT_PORT);
    if host.is_unix_socket() {
        // pgx's `NetworkAddress`.
        let folder = host.host().trim_end_matches('/');
        KineAddress::Unix { path: format!("{folder}/.s.PGSQL.{port}") }
    } else {
        KineAddress::Tcp { host: host.host().to_owned(), port }
    }
}

/// The parts of the canonical form.
struct Canonical<'a> {
    user: Option<&'a str>,
    password: Option<&'a SecretString>,
    hosts: &'a [PostgresHost],
    has_host_param: bool,
    database: Option<&'a str>,
    params: &'a [Param],
}

impl Canonical<'_> {
    fn write(&self, secrets: Secrets) -> String {
        let mut out = String::from("postgres://");
        let password = self.password.map(|password| encode(password.expose_secret()));
        if let Some(login) = Login::of(self.user.map(encode), password) {
            login.write(&mut out, secrets);
        }
        let mut query = Vec::new();
        match self.authority() {
            Some(authority) => out.push_str(&authority),
            None => {
                let list = |of: &dyn Fn(&PostgresHost) -> String| {
                    self.hosts.iter().map(of).collect::<Vec<_>>().join(",")
                };
                query.push(format!("host={}", readable(&list(&|host| host.host().to_owned()))));
                query.push(format!("port={}", list(&|host| host.port().unwrap_or(DEFAULT_PORT).to_string())));
            }
        }
        out.push('/');
        // What kine would change in a path is written as a parameter, which it leaves as it is.
        match self.database {
            Some(name) if lower(name) == name && !name.starts_with('/') => out.push_str(&encode(name)),
            name => query.push(format!("dbname={}", encode(name.unwrap_or_default()))),
        }
        query.extend(self.params.iter().map(|param| match (secrets, param.value()) {
            (Secrets::Exposed, _) => {
                format!("{}={}", encode(param.expose_name()), readable(param.expose().expose_secret()))
            }
            (Secrets::Masked, Some(value)) => format!("{}={}", encode(param.name()), readable(value)),
            (Secrets::Masked, None) => format!("{}={MASK}", param.name()),
        }));
        for (index, part) in query.iter().enumerate() {
            out.push(if index == 0 { '?' } else { '&' });
            out.push_str(part);
        }
        out
    }

    /// The hosts as a URL has them, if one can have them so that every driver reads them alike.
    fn authority(&self) -> Option<String> {
        let mut out = String::new();
        if let ([only], false) = (self.hosts, self.has_host_param)
            && only.host().is_empty()
        {
            // A port for the driver's default host, which an empty parameter `host` would not leave to it.
            return Some(format!(":{}", only.port().unwrap_or(DEFAULT_PORT)));
        }
        for (index, host) in self.hosts.iter().enumerate() {
            let is_ipv6 = host.host().parse::<Ipv6Addr>().is_ok();
            let is_name = host.host().bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b));
            if host.host().is_empty() || !(is_name || is_ipv6) || (is_ipv6 && self.hosts.len() > 1) {
                return None;
            }
            if index > 0 {
                out.push(',');
            }
            let port = host.port().unwrap_or(DEFAULT_PORT);
            if is_ipv6 {
                out.push_str(&format!("[{}]:{port}", host.host()));
            } else {
                out.push_str(&format!("{}:{port}", host.host()));
            }
        }
        Some(out)
    }
}

/// Encoded for a query, paths and lists left readable.
fn readable(value: &str) -> String {
    encode(value).replace("%2F", "/").replace("%2C", ",").replace("%3A", ":")
}
