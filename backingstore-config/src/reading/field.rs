//! How each type of the model is read, and its JSON schema.

use std::collections::BTreeMap;
use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value as Json, json};

use super::{Findings, Spot};
use crate::yaml::Value;

/// A type that a key of the model can have.
pub(crate) trait Field: Sized + fmt::Debug {
    /// Reads it. A fault is added for what is wrong, and the rest is read on.
    fn read(spot: &Spot<'_>, findings: &mut Findings) -> Self;

    /// Its JSON schema (draft 2020-12).
    fn schema() -> Json;

    /// What the section's `Debug` shows of it: nothing that can be a secret.
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// A value as [`Field::show`] shows it.
pub(crate) struct Shown<'a, T>(pub(crate) &'a T);

impl<T: Field> fmt::Debug for Shown<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.show(f)
    }
}

fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        _ => None,
    }
}

fn text(value: &Value) -> Option<SecretString> {
    match value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    }
}

/// Absent means false.
impl Field for bool {
    fn read(spot: &Spot<'_>, findings: &mut Findings) -> Self {
        Option::read(spot, findings).unwrap_or(false)
    }

    fn schema() -> Json {
        json!({"type": "boolean"})
    }
}

impl Field for Option<bool> {
    fn read(spot: &Spot<'_>, findings: &mut Findings) -> Self {
        spot.read("`true` or `false`, without quotes", flag, findings)
    }

    fn schema() -> Json {
        bool::schema()
    }
}

impl Field for Option<u32> {
    fn read(spot: &Spot<'_>, findings: &mut Findings) -> Self {
        let number = |value: &Value| match value {
            Value::Integer(number) => u32::try_from(*number).ok(),
            // `3.0` and `3e0` are whole to Helm too (Go reads the JSON of either into an integer).
            Value::Float(number) if number.fract() == 0.0 && *number >= 0.0 && *number <= u32::MAX.into() => {
                Some(*number as u32)
            }
            _ => None,
        };
        spot.read("a whole number from 0", number, findings)
    }

    fn schema() -> Json {
        json!({"type": "integer", "minimum": 0, "maximum": u32::MAX})
    }
}

/// A name, a path, a host or the like that is not empty. The chart's default for many is the empty text, which means
/// absent.
///
/// It is shown, so what can be a misplaced secret is refused: a data source under `connector`, or a key instead of
/// the file that holds it. No value of these keys looks so.
impl Field for Option<String> {
    fn read(spot: &Spot<'_>, findings: &mut Findings) -> Self {
        let text: Option<SecretString> = Field::read(spot, findings);
        let text = text?;
        if can_hold_a_secret(text.expose_secret()) {
            findings.add(spot.misplaced_secret());
            return None;
        }
        Some(text.expose_secret().to_owned())
    }

    fn schema() -> Json {
        json!({"type": "string"})
    }
}

/// A text that is not empty, and can be a secret.
impl Field for Option<SecretString> {
    fn read(spot: &Spot<'_>, findings: &mut Findings) -> Self {
        spot.read("a text", text, findings).filter(|text| !text.expose_secret().is_empty())
    }

    fn schema() -> Json {
        json!({"type": "string", "writeOnly": true})
    }
}

impl Field for String {
    fn read(spot: &Spot<'_>, findings: &mut Findings) -> Self {
        Option::read(spot, findings).unwrap_or_default()
    }

    fn schema() -> Json {
        json!({"type": "string"})
    }
}

impl Field for SecretString {
    fn read(spot: &Spot<'_>, findings: &mut Findings) -> Self {
        Option::read(spot, findings).unwrap_or_default()
    }

    fn schema() -> Json {
        json!({"type": "string", "writeOnly": true})
    }
}

impl<T: Field> Field for Vec<T> {
    fn read(spot: &Spot<'_>, findings: &mut Findings) -> Self {
        spot.items(findings).iter().map(|item| T::read(item, findings)).collect()
    }

    fn schema() -> Json {
        json!({"type": "array", "items": T::schema()})
    }
}

/// Labels, annotations and the like: any text is right.
impl Field for BTreeMap<String, String> {
    fn read(spot: &Spot<'_>, findings: &mut Findings) -> Self {
        let texts: BTreeMap<String, SecretString> = Field::read(spot, findings);
        texts.into_iter().map(|(key, text)| (key, text.expose_secret().to_owned())).collect()
    }

    fn schema() -> Json {
        json!({"type": "object", "additionalProperties": String::schema()})
    }

    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_entries(self.len(), f)
    }
}

impl<T: EntryValue> Field for BTreeMap<String, T> {
    fn read(spot: &Spot<'_>, findings: &mut Findings) -> Self {
        let entries = spot.mapping(findings).iter();
        entries.map(|entry| (entry.key.clone(), T::read(&spot.free_key(entry), findings))).collect()
    }

    fn schema() -> Json {
        json!({"type": "object", "additionalProperties": T::schema()})
    }

    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_entries(self.len(), f)
    }
}

/// What stands under keys that the user chose, and is not shown.
pub(crate) trait EntryValue: Field {}

impl EntryValue for SecretString {}

/// A key can be a misplaced secret too.
fn show_entries(count: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{count} entries")
}

/// Whether a text is one of those that hold a password or a key: a data source, several lines, PEM.
fn can_hold_a_secret(text: &str) -> bool {
    let has_login = text.rsplit_once('@').is_some_and(|(before, _)| before.contains(':'));
    // A password that a ` #` behind it has cut off, and no port.
    let has_password = text.split(',').any(|part| {
        let part = part.split_once("://").map_or(part, |(_, rest)| rest);
        let part =
            part.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or(part, |(_, port)| port);
        let is_port = |port: &str| port.starts_with(|c: char| c.is_ascii_digit());
        part.split_once(':').is_some_and(|(_, behind)| !is_port(behind))
    });
    let is_data_source = text.contains("://") && (text.contains('?') || has_password);
    has_login || is_data_source || text.contains("-----BEGIN") || text.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_source_or_a_key_is_told_from_a_name_a_path_and_a_host() {
        for text in [
            "postgres://u:p@h/d",
            "u:p@tcp(h:3306)/d",
            "https://u:p@etcd:2379",
            "postgres://h/d?password=p",
            "mysql://u:p",
            "-----BEGIN PRIVATE KEY-----",
            "one\ntwo",
        ] {
            assert!(can_hold_a_secret(text), "{text}");
        }
        for text in [
            "shared-mysql",
            "aws",
            "/etc/pg/tls.key",
            "registry.example.com:5000/mirror/etcd",
            "https://etcd.example.com:2379",
            "etcd@sha256",
            "a:2379,b:2379",
            "https://a:2379,https://b:2379",
            "https://[2001:db8::1]:2379",
            "2001:db8::/64",
        ] {
            assert!(!can_hold_a_secret(text), "{text}");
        }
    }
}
