//! How each type of the model is read, and its JSON schema.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde_json::{Value as Json, json};

use super::{Findings, Spot};
use crate::yaml::Value;

/// A type that a key of the model can have.
pub(crate) trait Field: Sized {
    /// Reads it. A fault is added for what is wrong, and the rest is read on.
    fn read(spot: &Spot<'_>, findings: &mut Findings) -> Self;

    /// Its JSON schema (draft 2020-12).
    fn schema() -> Json;
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
            _ => None,
        };
        spot.read("a whole number from 0", number, findings)
    }

    fn schema() -> Json {
        json!({"type": "integer", "minimum": 0, "maximum": u32::MAX})
    }
}

/// A text that is not empty. The chart's default for many is the empty text, which means absent.
impl Field for Option<String> {
    fn read(spot: &Spot<'_>, findings: &mut Findings) -> Self {
        use secrecy::ExposeSecret;
        let text: Option<SecretString> = Field::read(spot, findings);
        text.map(|text| text.expose_secret().to_owned())
    }

    fn schema() -> Json {
        json!({"type": "string"})
    }
}

/// A text that is not empty, and can be a secret.
impl Field for Option<SecretString> {
    fn read(spot: &Spot<'_>, findings: &mut Findings) -> Self {
        use secrecy::ExposeSecret;
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

impl<T: Field> Field for BTreeMap<String, T> {
    fn read(spot: &Spot<'_>, findings: &mut Findings) -> Self {
        let entries = spot.mapping(findings).iter();
        entries
            .map(|entry| (entry.key.clone(), T::read(&spot.below(&entry.key, Some(entry)), findings)))
            .collect()
    }

    fn schema() -> Json {
        json!({"type": "object", "additionalProperties": T::schema()})
    }
}
