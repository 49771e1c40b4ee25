//! Says what a data source means: engine, servers, database, login, TLS, and what is wrong with it.
//!
//! Usage: cargo run --example inspect-data-source -- [--json] STRING|env:NAME|@FILE|-
//!
//! Exit status: 0 without errors, 1 with errors, 2 when the input cannot be read.

use std::io::{self, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use backingstore_config::{
    ConfigError, DataSource, DataSourceInput, KerberosCredentials, KerberosLogin, MysqlTlsMode, Params,
    SourceInspection,
};
use clap::Parser;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

/// Says what a data source means, without its secrets.
#[derive(Debug, Parser)]
#[command(name = "inspect-data-source")]
struct Arguments {
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    /// The data source: `env:NAME` for a variable, `@FILE` for a file, `-` for the standard input, or the text
    /// itself, which every user of the machine can read while this runs.
    #[arg(value_name = "STRING|env:NAME|@FILE|-")]
    source: SecretString,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let text = match read(arguments.source.expose_secret()) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("inspect-data-source: {error}");
            return ExitCode::from(2);
        }
    };
    let inspection = DataSource::inspect(text.expose_secret());
    let output = if arguments.json { in_json(&inspection) } else { in_text(&inspection) };
    // Whoever closed the pipe has read enough.
    let _ = io::stdout().write_all(output.as_bytes());
    if inspection.has_errors() { ExitCode::from(1) } else { ExitCode::SUCCESS }
}

/// An error is an input that cannot be read, without any text of it.
fn read(argument: &str) -> Result<SecretString, ConfigError> {
    let input = DataSourceInput::parse(argument)?;
    let text = input.read_text_with(variable, file, standard_input)?;
    if input.is_literal() && DataSource::parse(argument).is_ok_and(|source| !source.secrets().is_empty()) {
        eprintln!(
            "inspect-data-source: every user of this machine can read a password in an argument; give `env:NAME`, `@FILE` or `-`"
        );
    }
    Ok(text)
}

fn variable(name: &str) -> Option<SecretString> {
    std::env::var(name).ok().map(SecretString::from)
}

fn file(path: &Path) -> io::Result<SecretString> {
    std::fs::read_to_string(path).map(SecretString::from)
}

fn standard_input() -> io::Result<SecretString> {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text).map(|_| SecretString::from(text))
}

/// What a data source means, ready to be shown: nothing of it is a secret.
#[derive(Default)]
struct Meaning {
    engine: Option<&'static str>,
    user: Option<String>,
    hosts: Vec<(String, u16)>,
    socket: Option<String>,
    database: Option<String>,
    params: Map<String, Value>,
    tls: Option<&'static str>,
    kerberos: Option<KerberosLogin>,
    redacted: Option<String>,
    canonical: Option<String>,
}

impl Meaning {
    fn of(source: &DataSource) -> Self {
        let view = source.as_kine_reads(&Default::default());
        let meaning = Self {
            engine: Some(source.engine().as_str()),
            user: view.user().map(str::to_owned),
            hosts: view.hosts().map(|(host, port)| (host.to_owned(), port)).collect(),
            socket: view.socket().map(str::to_owned),
            database: view.database().map(str::to_owned),
            redacted: Some(source.to_string()),
            canonical: Some(view.to_string()),
            ..Self::default()
        };
        match source {
            DataSource::Postgres(source) => Self {
                params: shown(source.params()),
                tls: Some(source.ssl_mode().as_str()),
                kerberos: source.kerberos().ok().flatten(),
                ..meaning
            },
            DataSource::Mysql(source) => Self {
                params: shown(source.params()),
                // Where nothing is said, it is kine's version that says it.
                tls: source.params().contains("tls").then(|| match source.tls_mode() {
                    MysqlTlsMode::Disabled => "disabled",
                    MysqlTlsMode::Preferred => "preferred",
                    MysqlTlsMode::SkipVerify => "skip-verify",
                    _ => "verified",
                }),
                ..meaning
            },
            DataSource::Sqlite(source) => Self {
                params: shown(source.params()),
                database: Some(source.path().display().to_string()),
                ..meaning
            },
            _ => meaning,
        }
    }
}

/// Parameters by name; of a repeated one the value that counts. A value that can be a secret is `***`.
fn shown(params: &Params) -> Map<String, Value> {
    let value = |name: &str| params.get(name).unwrap_or("***");
    params.iter().map(|param| (param.name().to_owned(), value(param.name()).into())).collect()
}

fn in_json(inspection: &SourceInspection) -> String {
    let meaning = inspection.source().map(Meaning::of).unwrap_or_default();
    let hosts: Vec<_> =
        meaning.hosts.iter().map(|(host, port)| json!({ "host": host, "port": port })).collect();
    let object = json!({
        "ok": !inspection.has_errors(),
        "engine": meaning.engine,
        "user": meaning.user,
        "hosts": hosts,
        "socket": meaning.socket,
        "database": meaning.database,
        "params": meaning.params,
        "tls": meaning.tls,
        "kerberos": meaning.kerberos.as_ref().map(kerberos_in_json),
        "redacted": meaning.redacted,
        "canonical": meaning.canonical,
        "diagnostics": inspection.diagnostics(),
    });
    format!("{object:#}\n")
}

fn kerberos_in_json(login: &KerberosLogin) -> Value {
    let (keytab, cache) = match login.credentials() {
        KerberosCredentials::Keytab(path) => (Some(path.as_str()), None),
        KerberosCredentials::CredentialCache(path) => (None, Some(path.as_deref().unwrap_or("the default"))),
        _ => (None, None),
    };
    json!({
        "principal": principal(login),
        "user": login.user(),
        "realm": login.realm(),
        "keytab": keytab,
        "credentialCache": cache,
        "service": login.service(),
        "spn": login.spn(),
    })
}

fn principal(login: &KerberosLogin) -> String {
    match login.realm() {
        Some(realm) => format!("{}@{realm}", login.user()),
        None => login.user().to_owned(),
    }
}

fn in_text(inspection: &SourceInspection) -> String {
    let meaning = inspection.source().map(Meaning::of).unwrap_or_default();
    let mut rows = vec![
        ("engine", meaning.engine.map(str::to_owned)),
        ("user", meaning.user),
        ("socket", meaning.socket),
        ("database", meaning.database),
        ("tls", meaning.tls.map(str::to_owned)),
    ];
    rows.extend(meaning.hosts.iter().map(|(host, port)| ("host", Some(format!("{host} port {port}")))));
    if let Some(login) = &meaning.kerberos {
        rows.push(("principal", Some(principal(login))));
        rows.push(("service", Some(login.spn().unwrap_or(login.service()).to_owned())));
    }
    rows.extend(meaning.params.iter().map(|(name, value)| {
        ("parameter", Some(format!("{name} = {}", value.as_str().unwrap_or_default())))
    }));
    rows.push(("redacted", meaning.redacted));
    rows.push(("to kine", meaning.canonical));
    let mut out = String::new();
    for (name, value) in rows {
        if let Some(value) = value {
            out.push_str(&format!("{name:<11}{value}\n"));
        }
    }
    for diagnostic in inspection.diagnostics() {
        out.push_str(&format!("\n{diagnostic}\n"));
    }
    out
}
