//! Objects of Kubernetes, and how a value is written as YAML.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::{Serialize, Serializer};

use super::invalid;
use crate::error::ConfigError;

/// Writes YAML that every reader takes for the same value: what YAML 1.1 or 1.2 would read as anything but a
/// text stands in quotes, several lines stand as a literal block, and no line is folded.
pub(super) fn write_yaml(value: &impl Serialize) -> String {
    let options = serde_saphyr::ser_options! { folded_wrap_chars: usize::MAX };
    match serde_saphyr::to_string_with_options(value, options) {
        Ok(text) => text,
        // Not with the error: it can hold a text, and the text can be a secret.
        Err(_) => unreachable!("texts, numbers, lists and mappings can all be written"),
    }
}

/// Checks the name of a Secret, a ConfigMap or a volume as strictly as the strictest of them: an RFC 1123
/// label, which is at most 63 of `a-z`, `0-9` and `-`.
pub(super) fn check_label(subject: &'static str, name: &str) -> Result<(), ConfigError> {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if !name.is_empty()
        && name.len() <= 63
        && name.bytes().all(inner)
        && !name.starts_with('-')
        && !name.ends_with('-')
    {
        return Ok(());
    }
    Err(invalid(
        subject,
        "it is no name of an object in Kubernetes",
        "write 1 to 63 of `a-z`, `0-9` and `-`, with none of the `-` at an end",
    ))
}

/// Whether a text can be a key of a Secret's or ConfigMap's data.
pub(super) fn is_data_key(key: &str) -> bool {
    !key.is_empty()
        && key.len() <= 253
        && key != "."
        && !key.starts_with("..")
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata {
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) namespace: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) labels: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) annotations: BTreeMap<String, String>,
}

impl Metadata {
    pub(super) fn named(name: &str, namespace: Option<&str>) -> Self {
        Self {
            name: name.to_owned(),
            namespace: namespace.map(str::to_owned),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
        }
    }
}

/// A ConfigMap, to be written out or applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigMapManifest {
    metadata: Metadata,
    data: BTreeMap<String, String>,
}

impl ConfigMapManifest {
    pub(super) fn new(metadata: Metadata, data: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { metadata, data: data.into_iter().collect() }
    }

    /// The object's name.
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    /// The namespace. None leaves it to the one who applies it.
    pub fn namespace(&self) -> Option<&str> {
        self.metadata.namespace.as_deref()
    }

    /// `data`.
    pub fn data(&self) -> &BTreeMap<String, String> {
        &self.data
    }

    /// The object as YAML.
    pub fn to_yaml(&self) -> String {
        write_yaml(self)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Object<'a, D: Serialize> {
    api_version: &'static str,
    kind: &'static str,
    metadata: &'a Metadata,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    secret_type: Option<&'static str>,
    data: D,
}

/// The whole object, `apiVersion` and `kind` too.
impl Serialize for ConfigMapManifest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (api_version, kind) = ("v1", "ConfigMap");
        Object { api_version, kind, metadata: &self.metadata, secret_type: None, data: &self.data }
            .serialize(serializer)
    }
}

/// A Secret, to be written out or applied.
///
/// `Debug` shows its name and its keys, and no value. It does not implement `Serialize`:
/// [`to_yaml_exposing_secrets`](Self::to_yaml_exposing_secrets) writes it out, and
/// [`expose`](Self::expose) gives one value to a caller that makes an object of its own.
#[derive(Clone)]
pub struct SecretManifest {
    metadata: Metadata,
    data: BTreeMap<String, SecretSlice<u8>>,
}

impl SecretManifest {
    pub(super) fn new(metadata: Metadata, data: impl IntoIterator<Item = (String, SecretSlice<u8>)>) -> Self {
        Self { metadata, data: data.into_iter().collect() }
    }

    /// The object's name.
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    /// The namespace. None leaves it to the one who applies it.
    pub fn namespace(&self) -> Option<&str> {
        self.metadata.namespace.as_deref()
    }

    /// `metadata.labels`.
    pub fn labels(&self) -> &BTreeMap<String, String> {
        &self.metadata.labels
    }

    /// `metadata.annotations`.
    pub fn annotations(&self) -> &BTreeMap<String, String> {
        &self.metadata.annotations
    }

    /// The keys of `data`, sorted.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.data.keys().map(String::as_str)
    }

    /// One value of `data`, not encoded. None if there is no such key.
    pub fn expose(&self, key: &str) -> Option<&[u8]> {
        self.data.get(key).map(ExposeSecret::expose_secret)
    }

    /// The object as YAML, the values in base64 as Kubernetes keeps them. Base64 hides nothing.
    pub fn to_yaml_exposing_secrets(&self) -> SecretString {
        let encode = |value: &SecretSlice<u8>| BASE64.encode(value.expose_secret());
        let data: BTreeMap<_, _> = self.data.iter().map(|(key, value)| (key, encode(value))).collect();
        SecretString::from(write_yaml(&Object {
            api_version: "v1",
            kind: "Secret",
            metadata: &self.metadata,
            secret_type: Some("Opaque"),
            data,
        }))
    }
}

/// Redacted.
impl fmt::Debug for SecretManifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretManifest")
            .field("metadata", &self.metadata)
            .field("keys", &self.data.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ConfigErrorKind;

    fn round_trip(text: &str) {
        let value = BTreeMap::from([("list".to_owned(), vec![text.to_owned()])]);
        let written = write_yaml(&value);
        let read: BTreeMap<String, Vec<String>> = serde_saphyr::from_str(&written).unwrap();
        assert_eq!(read, value, "{written}");
    }

    #[test]
    fn what_yaml_reads_as_no_text_is_written_so_that_it_stays_one() {
        for text in [
            "yes",
            "no",
            "on",
            "y",
            "true",
            "null",
            "~",
            "0123",
            "0x10",
            "1e3",
            "1_000",
            ".inf",
            "1:20",
            "2026-01-01",
            "<<",
            "=",
            "",
            "-",
            "? x",
            "a: b",
            "a #b",
            "@x",
            "!t",
            "&a",
            "*a",
            "{}",
            "{{ x }}",
            "%x",
            " x ",
            "\\",
            "'",
            "\"",
            "\t",
            "\u{0}",
            "\u{feff}x",
            "\u{2028}",
            "x\r\n",
        ] {
            round_trip(text);
        }
        assert_eq!(write_yaml(&["yes", "1e3"]), "- \"yes\"\n- \"1e3\"\n");
    }

    #[test]
    fn several_lines_are_a_literal_block_and_a_long_line_stays_one() {
        assert_eq!(write_yaml(&["a = b\n  c\n"]), "- |\n  a = b\n    c\n");
        let long = "word ".repeat(40);
        assert_eq!(write_yaml(&[long.trim()]), format!("- {}\n", long.trim()));
    }

    proptest! {
        #[test]
        fn every_text_is_read_back_as_it_was(text in "[a-c:#'\"\\\\\n\r\t {}\\[\\]&*!|>%@`,?0-9~.=<-]{0,40}|\\PC{0,20}") {
            round_trip(&text);
        }
    }

    #[test]
    fn a_config_map_is_a_whole_object() {
        let map = ConfigMapManifest::new(
            Metadata::named("krb5-conf", Some("tenants")),
            [("krb5.conf".to_owned(), "[libdefaults]\n  rdns = false\n".to_owned())],
        );
        let yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: krb5-conf\n  namespace: tenants\ndata:\n  krb5.conf: |\n    \
                    [libdefaults]\n      rdns = false\n";
        assert_eq!(map.to_yaml(), yaml);
        assert_eq!(map.name(), "krb5-conf");
        assert_eq!(map.namespace(), Some("tenants"));
        assert!(map.data()["krb5.conf"].starts_with("[libdefaults]"));
    }

    #[test]
    fn a_secret_is_written_in_base64_and_shows_only_its_keys() {
        let secret = SecretManifest::new(
            Metadata::named("s", None),
            [("key".to_owned(), SecretSlice::from(b"CANARY\0\xff".to_vec()))],
        );
        let yaml = secret.to_yaml_exposing_secrets();
        let expected =
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\ntype: Opaque\ndata:\n  key: Q0FOQVJZAP8=\n";
        assert_eq!(yaml.expose_secret(), expected);
        assert_eq!(secret.expose("key"), Some(&b"CANARY\0\xff"[..]));
        assert_eq!(secret.expose("other"), None);
        assert_eq!(secret.keys().collect::<Vec<_>>(), ["key"]);
        let shown = format!("{secret:?} {yaml:?}");
        assert!(shown.contains("key") && !shown.contains("CANARY") && !shown.contains("Q0FO"), "{shown}");
    }

    #[test]
    fn a_name_that_kubernetes_refuses_is_refused() {
        for name in ["", "-a", "a-", "A", "a.b", "a_b", "a b", "a\n", &"a".repeat(64)] {
            let error = check_label("the name", name).unwrap_err();
            assert_eq!(error.kind(), ConfigErrorKind::InvalidValue, "{name}");
        }
        for name in ["a", "kine-keytab", "0", &"a".repeat(63)] {
            check_label("the name", name).unwrap();
        }
        assert!(is_data_key("krb5.keytab") && is_data_key(".k"));
        for key in ["", ".", "..", "..a", "a/b", "a b", "\u{e9}"] {
            assert!(!is_data_key(key), "{key}");
        }
    }
}
