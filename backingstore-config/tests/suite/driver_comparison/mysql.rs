//! MySQL: what stands after `mysql://`, which is what go-sql-driver is given.

use std::collections::BTreeMap;

use backingstore_config::model::TlsFiles;
use backingstore_config::{DataSource, MysqlAddress, MysqlSource, MysqlTlsMode};
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

use super::{Driver, differences, generated};

pub(super) const DRIVER: Driver = Driver {
    name: "mysql",
    question: "mysql",
    table: "mysql.txt",
    ours,
    theirs,
    differences: differences::MYSQL,
    as_kine_reads,
    generate: generated::mysql,
};

const DEFAULT_PACKET: u64 = 64 << 20;

/// The parameters that the driver takes for itself; all others are session variables.
const SETTINGS: [&str; 25] = [
    "allowAllFiles",
    "allowCleartextPasswords",
    "allowFallbackToPlaintext",
    "allowNativePasswords",
    "allowOldPasswords",
    "charset",
    "checkConnLiveness",
    "clientFoundRows",
    "collation",
    "columnsWithAlias",
    "compress",
    "connectionAttributes",
    "interpolateParams",
    "loc",
    "maxAllowedPacket",
    "multiStatements",
    "parseTime",
    "readTimeout",
    "rejectReadOnly",
    "serverPubKey",
    "strict",
    "timeTruncate",
    "timeout",
    "tls",
    "writeTimeout",
];

fn parse(dsn: &str) -> Option<MysqlSource> {
    // kine gives the driver its own default for an empty one.
    if dsn.is_empty() {
        return None;
    }
    match DataSource::parse(&format!("mysql://{dsn}")) {
        Ok(DataSource::Mysql(source)) => Some(source),
        _ => None,
    }
}

pub(super) fn is_url_form(dsn: &str) -> bool {
    parse(dsn).is_some_and(|source| source.is_url_form())
}

/// What kine's driver is given: kine takes the scheme off.
pub(super) fn given_to_kine(dsn: &str) -> Option<String> {
    let given = DataSource::parse(&format!("mysql://{dsn}")).ok()?.expose_for_kine();
    given.expose_secret().strip_prefix("mysql://").map(str::to_owned)
}

fn as_kine_reads(dsn: &str) -> Option<(String, Value)> {
    let mut expected = ours(dsn)?;
    if expected["database"].is_null() {
        expected["database"] = json!("kubernetes");
    }
    let source = DataSource::parse(&format!("mysql://{dsn}")).ok()?;
    let view = source.as_kine_reads(&TlsFiles::default());
    Some((view.expose().expose_secret().strip_prefix("mysql://")?.to_owned(), expected))
}

fn ours(dsn: &str) -> Option<Value> {
    let source = parse(dsn)?;
    let settings = source.settings();
    let mut view = Map::new();
    let mut put = |key: &str, value: Value, default: Value| {
        if value != default {
            view.insert(key.to_owned(), value);
        }
    };
    put("user", json!(source.user().unwrap_or_default()), json!(""));
    put("password", json!(source.password().map_or("", |password| password.expose_secret())), json!(""));
    put("database", json!(source.database().unwrap_or_default()), json!(""));
    match source.address() {
        MysqlAddress::Tcp { host, port } => put("address", json!(join(host, *port)), json!("127.0.0.1:3306")),
        MysqlAddress::Unix { path } => put("address", json!(path), json!(null)),
        _ => return None,
    }
    put("net", json!(source.net()), json!("tcp"));
    let mut variables = BTreeMap::new();
    for param in source.params().iter().filter(|param| !SETTINGS.contains(&param.expose_name())) {
        variables.insert(param.expose_name(), param.expose().expose_secret());
    }
    put("variables", json!(variables), json!({}));
    let tls = match source.tls_mode() {
        MysqlTlsMode::Disabled => "disabled",
        MysqlTlsMode::Preferred => "preferred",
        MysqlTlsMode::SkipVerify => "skip-verify",
        MysqlTlsMode::Verified => "verified",
        _ => return None,
    };
    put("tls", json!(tls), json!("disabled"));
    for (key, duration) in [
        ("timeout", settings.timeout),
        ("readTimeout", settings.read_timeout),
        ("writeTimeout", settings.write_timeout),
        ("timeTruncate", settings.time_truncate),
    ] {
        let nanoseconds = duration.map_or(0, |duration| duration.as_nanos());
        put(key, json!(u64::try_from(nanoseconds).ok()?), json!(0));
    }
    put("maxAllowedPacket", json!(settings.max_allowed_packet.unwrap_or(0)), json!(DEFAULT_PACKET));
    put("charsets", json!(settings.charsets), json!([]));
    put("collation", json!(settings.collation.as_deref().unwrap_or_default()), json!(""));
    put("loc", json!(settings.location), json!("UTC"));
    let attributes = settings.connection_attributes.as_ref().map_or("", |text| text.expose_secret());
    put("connectionAttributes", json!(attributes), json!(""));
    for (key, value, default) in [
        ("allowAllFiles", settings.allow_all_files, false),
        ("allowCleartextPasswords", settings.allow_cleartext_passwords, false),
        ("allowFallbackToPlaintext", settings.allow_fallback_to_plaintext, false),
        ("allowNativePasswords", settings.allow_native_passwords, true),
        ("allowOldPasswords", settings.allow_old_passwords, false),
        ("checkConnLiveness", settings.check_conn_liveness, true),
        ("clientFoundRows", settings.client_found_rows, false),
        ("columnsWithAlias", settings.columns_with_alias, false),
        ("compress", settings.compress, false),
        ("interpolateParams", settings.interpolate_params, false),
        ("multiStatements", settings.multi_statements, false),
        ("parseTime", settings.parse_time, false),
        ("rejectReadOnly", settings.reject_read_only, false),
    ] {
        put(key, json!(value), json!(default));
    }
    Some(Value::Object(view))
}

fn theirs(answer: &Value) -> Value {
    let mut view = Map::new();
    let mut put = |key: &str, value: Value, default: Value| {
        if value != default {
            view.insert(key.to_owned(), value);
        }
    };
    let text = |key: &str| json!(answer[key].as_str().unwrap_or_default());
    let positive = |key: &str| json!(u64::try_from(answer[key].as_i64().unwrap_or_default()).unwrap_or(0));
    for key in ["user", "password", "database", "collation", "connectionAttributes"] {
        put(key, text(key), json!(""));
    }
    put("net", text("net"), json!("tcp"));
    let address = answer["addr"].as_str().unwrap_or_default();
    match answer["net"].as_str() {
        Some("unix") => put("address", json!(address), json!(null)),
        _ => put("address", json!(without_brackets(address)), json!("127.0.0.1:3306")),
    }
    put("variables", answer["params"].clone(), json!(null));
    let tls = match (&answer["tls"]["enabled"], &answer["tls"]["fallback"], &answer["tls"]["skipVerify"]) {
        (Value::Bool(false), ..) => "disabled",
        (_, Value::Bool(true), _) => "preferred",
        (_, _, Value::Bool(true)) => "skip-verify",
        _ => "verified",
    };
    put("tls", json!(tls), json!("disabled"));
    for key in ["timeout", "readTimeout", "writeTimeout", "timeTruncate"] {
        put(key, positive(key), json!(0));
    }
    put("maxAllowedPacket", positive("maxAllowedPacket"), json!(DEFAULT_PACKET));
    put("charsets", answer["charsets"].clone(), json!([]));
    put("loc", text("loc"), json!("UTC"));
    put("allowFallbackToPlaintext", answer["tls"]["fallback"].clone(), json!(false));
    for (key, value) in answer["switches"].as_object().into_iter().flatten() {
        let default = ["allowNativePasswords", "checkConnLiveness"].contains(&key.as_str());
        put(key, value.clone(), json!(default));
    }
    Value::Object(view)
}

/// Go dials `[db]:3306` as `db:3306`.
fn without_brackets(address: &str) -> String {
    match address.strip_prefix('[').and_then(|rest| rest.split_once("]:")) {
        Some((host, port)) if !host.contains(':') => format!("{host}:{port}"),
        _ => address.to_owned(),
    }
}

/// As Go's `net.JoinHostPort`.
fn join(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}
