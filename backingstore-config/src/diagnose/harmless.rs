//! What may be shown of a value, by its key and by how it looks.

use secrecy::ExposeSecret;

use crate::data_source::DataSource;
use crate::kine_flags::redacted_argument;
use crate::redaction::MASK;
use crate::yaml::Value;

/// Keys whose value is a secret, or can hold one.
pub(super) const SECRET: &[&str] = &["dataSource", "extraArgs", "value", "password"];

/// Keys whose value is a number or a switch.
const NUMBERS_AND_SWITCHES: &[&str] = &[
    "enabled",
    "replicas",
    "replicaCount",
    "readOnly",
    "endPort",
    "snapshotCount",
    "migrateFromDeployedEtcd",
    "platform",
    "leaseDuration",
    "renewDeadline",
    "retryPeriod",
];

/// Keys whose value is no secret, as long as it looks as they do.
const HARMLESS: &[&str] = &[
    "identityProvider",
    "connector",
    "endpoint",
    "caFile",
    "certFile",
    "keyFile",
    "registry",
    "repository",
    "tag",
    "version",
    "image",
    "name",
    "mountPath",
    "subPath",
    "port",
    "protocol",
    "cidr",
    "except",
    "fallbackDns",
    "size",
    "storageClass",
    "accessModes",
    "retentionPolicy",
    "host",
    "region",
];

/// A value as it may be shown under its key; of a list, behind the item before it.
pub(super) fn show(key: &str, previous: Option<&Value>, value: &Value) -> String {
    let harmless = HARMLESS.contains(&key);
    let is_number_or_switch = NUMBERS_AND_SWITCHES.contains(&key);
    let previous_text = match previous {
        Some(Value::Text(text)) => Some(text.expose_secret()),
        _ => None,
    };
    match value {
        Value::Bool(flag) => flag.to_string(),
        Value::Integer(number) if key == "extraArgs" => redacted_argument(previous_text, &number.to_string()),
        Value::Integer(number) if harmless || is_number_or_switch => number.to_string(),
        Value::Text(text) => {
            let text = text.expose_secret();
            match key {
                "dataSource" => {
                    DataSource::parse(text).map_or_else(|_| MASK.to_owned(), |source| source.to_string())
                }
                "extraArgs" => redacted_argument(previous_text, text),
                // An etcd's, which is refused where a user or a password stands in it.
                "endpoint" if is_etcd(text) => text.to_owned(),
                _ if harmless && looks_harmless(text) => text.to_owned(),
                _ if is_number_or_switch && looks_like_one(text) => text.to_owned(),
                _ => MASK.to_owned(),
            }
        }
        _ => MASK.to_owned(),
    }
}

fn is_etcd(text: &str) -> bool {
    matches!(DataSource::parse(text), Ok(DataSource::Etcd(_)))
}

/// A text where a number or a switch belongs, written as one.
fn looks_like_one(text: &str) -> bool {
    let is_number = text.len() <= 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    let lower = text.to_ascii_lowercase();
    is_number || ["true", "false", "yes", "no", "on", "off", "auto"].contains(&lower.as_str())
}

/// A path, a name, an address, a version: nothing with an `@`, a `?` or a space, nor a user and a password.
fn looks_harmless(text: &str) -> bool {
    let is_address = text.bytes().all(|byte| byte.is_ascii_hexdigit() || b".:/[]".contains(&byte));
    let has_port =
        || text.split_once(':').is_none_or(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    text.len() <= 120
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./:[]".contains(&byte))
        && (is_address || has_port())
}
