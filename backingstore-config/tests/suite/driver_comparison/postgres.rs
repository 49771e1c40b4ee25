//! PostgreSQL: the whole URL, which is what kine gives pgx.

use std::collections::BTreeMap;

use backingstore_config::model::TlsFiles;
use backingstore_config::{DataSource, SslMode};
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

use super::{Driver, differences, generated};

pub(super) const DRIVER: Driver = Driver {
    name: "postgres",
    question: "pgx",
    table: "postgres.txt",
    ours,
    theirs,
    differences: differences::POSTGRES,
    as_kine_reads,
    generate: generated::postgres,
};

/// The program `driver-views` gives pgx this default for a user and a host.
const DEFAULT: &str = "(default)";

/// The parameters that pgx keeps for itself (v5.10 `pgconn.ParseConfig` and `pgx.ParseConfig`); all others are sent to the
/// server.
const SETTINGS: [&str; 27] = [
    "host",
    "port",
    "database",
    "dbname",
    "user",
    "password",
    "passfile",
    "connect_timeout",
    "sslmode",
    "sslkey",
    "sslcert",
    "sslrootcert",
    "sslnegotiation",
    "sslpassword",
    "sslsni",
    "krbspn",
    "krbsrvname",
    "target_session_attrs",
    "service",
    "servicefile",
    "min_protocol_version",
    "max_protocol_version",
    "channel_binding",
    "require_auth",
    "statement_cache_capacity",
    "description_cache_capacity",
    "default_query_exec_mode",
];

/// kine changes the path: an empty one is `kubernetes`, and others are in lower case. A parameter beats it.
fn as_kine_reads(url: &str) -> Option<(String, Value)> {
    let mut expected = ours(url)?;
    let source = DataSource::parse(url).ok()?;
    let DataSource::Postgres(postgres) = &source else { return None };
    if !["dbname", "database"].iter().any(|name| postgres.params().contains(name)) {
        let before_query = url.split('?').next().unwrap_or_default();
        let path = before_query.splitn(4, '/').nth(3).map_or(String::new(), str::to_lowercase);
        match expected["database"].as_str() {
            Some(name) => expected["database"] = json!(name.to_lowercase()),
            None if path.is_empty() => expected["database"] = json!("kubernetes"),
            // `//` is a path to kine, and no name to pgx.
            None => {}
        }
    }
    let view = source.as_kine_reads(&TlsFiles::default());
    view.refusal().is_none().then(|| (view.expose().expose_secret().to_owned(), expected))
}

fn ours(url: &str) -> Option<Value> {
    let DataSource::Postgres(source) = DataSource::parse(url).ok()? else { return None };
    let mut view = Map::new();
    let mut put = |key: &str, value: Value, default: Value| {
        if value != default {
            view.insert(key.to_owned(), value);
        }
    };
    put("user", json!(source.user().unwrap_or(DEFAULT)), json!(DEFAULT));
    put("password", json!(source.password().map_or("", |password| password.expose_secret())), json!(""));
    put("database", json!(source.database().unwrap_or_default()), json!(""));
    let mut attempts = Vec::new();
    for host in source.hosts() {
        let name = if host.host().is_empty() { DEFAULT } else { host.host() };
        attempts.extend(
            tried(source.ssl_mode(), host.is_unix_socket())?
                .iter()
                .map(|tls| json!([name, host.port().unwrap_or(5432), tls])),
        );
    }
    if source.hosts().is_empty() {
        attempts.extend(tried(source.ssl_mode(), false)?.iter().map(|tls| json!([DEFAULT, 5432, tls])));
    }
    put("attempts", json!(attempts), json!(null));
    let params = source.params();
    let mut runtime = BTreeMap::new();
    for param in params.iter().filter(|param| !SETTINGS.contains(&param.expose_name())) {
        runtime.entry(param.expose_name()).or_insert(param.expose().expose_secret());
    }
    put("runtime", json!(runtime), json!({}));
    let first = |name| params.expose(name).map_or("", |value| value.expose_secret());
    let seconds = first("connect_timeout").parse::<u64>().unwrap_or(0);
    put("connectTimeout", json!(seconds), json!(0));
    put("krbsrvname", json!(first("krbsrvname")), json!(""));
    put("krbspn", json!(first("krbspn")), json!(""));
    Some(Value::Object(view))
}

/// What is tried with one host, in order.
fn tried(mode: SslMode, is_unix_socket: bool) -> Option<&'static [&'static str]> {
    Some(match mode {
        _ if is_unix_socket => &["none"],
        SslMode::Disable => &["none"],
        SslMode::Allow => &["none", "unverified"],
        SslMode::Prefer => &["unverified", "none"],
        SslMode::Require => &["unverified"],
        SslMode::VerifyCa => &["verify-ca"],
        SslMode::VerifyFull => &["verify-full"],
        _ => return None,
    })
}

fn theirs(answer: &Value) -> Value {
    let mut view = Map::new();
    let mut put = |key: &str, value: Value, default: Value| {
        if value != default {
            view.insert(key.to_owned(), value);
        }
    };
    put("user", answer["user"].clone(), json!(DEFAULT));
    for key in ["password", "database", "krbsrvname", "krbspn"] {
        put(key, answer[key].clone(), json!(""));
    }
    let attempts = answer["attempts"].as_array().into_iter().flatten();
    let attempts: Vec<_> =
        attempts.map(|attempt| json!([attempt["host"], attempt["port"], attempt["tls"]])).collect();
    put("attempts", json!(attempts), json!(null));
    put("runtime", answer["runtimeParams"].clone(), json!({}));
    let nanoseconds = answer["connectTimeout"].as_i64().unwrap_or_default();
    put("connectTimeout", json!(nanoseconds / 1_000_000_000), json!(0));
    Value::Object(view)
}
