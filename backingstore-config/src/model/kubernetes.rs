//! The pieces of Kubernetes' own API that a values file holds.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value as Json, json};

use crate::reading::{EntryValue, Field, Findings, Spot, section};
use crate::yaml::{Entry, Node, Value};

section! {
    /// An entry of `env`.
    pub tolerant EnvVar {
        /// `name` of the variable.
        "name" name: Option<String>,
        /// `value`. It can be a secret.
        "value" value: Option<SecretString>,
        /// `valueFrom`, as Kubernetes has it.
        "valueFrom" value_from: Untyped,
    }
}

section! {
    /// An entry of `addVolumes`. What kind of volume it is stays as it was written.
    pub tolerant Volume {
        /// `name` of the volume.
        "name" name: Option<String>,
    }
}

section! {
    /// An entry of `addVolumeMounts`.
    pub tolerant VolumeMount {
        /// `name` of the volume.
        "name" name: Option<String>,
        /// `mountPath`: where the container sees it.
        "mountPath" mount_path: Option<String>,
        /// `readOnly`. Absent means false.
        "readOnly" read_only: bool,
        /// `subPath`: one file or folder of the volume alone.
        "subPath" sub_path: Option<String>,
        /// `subPathExpr`: the same with variables expanded.
        "subPathExpr" sub_path_expr: Option<String>,
        /// `mountPropagation`.
        "mountPropagation" mount_propagation: Option<String>,
    }
}

/// A container image.
///
/// vCluster also reads one from a text such as `registry.example.com/etcd:3.6.8-0`, though its JSON schema,
/// which Helm checks, takes a mapping alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Image {
    /// `registry`: the host it is pulled from.
    pub registry: Option<String>,
    /// `repository`.
    pub repository: Option<String>,
    /// `tag`.
    pub tag: Option<String>,
}

section! {
    /// The mapping form of an image.
    strict ImageMapping {
        /// `registry`: the host it is pulled from.
        "registry" registry: Option<String>,
        /// `repository`.
        "repository" repository: Option<String>,
        /// `tag`.
        "tag" tag: Option<String>,
    }
}

impl Field for Image {
    fn read(spot: &Spot<'_>, findings: &mut Findings) -> Self {
        if let Some(Node { value: Value::Text(_), .. }) = spot.node() {
            let reference: Option<String> = Field::read(spot, findings);
            return reference.map(|text| Self::from_reference(&text)).unwrap_or_default();
        }
        let ImageMapping { registry, repository, tag } = Field::read(spot, findings);
        Self { registry, repository, tag }
    }

    fn schema() -> Json {
        ImageMapping::schema()
    }
}

impl Image {
    /// Reads `REGISTRY/REPOSITORY:TAG` as vCluster does (`config/default_extra_values.go`): the first part is a
    /// registry if it holds a `.` or a `:`, and `library/` goes.
    fn from_reference(text: &str) -> Self {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let (registry, rest) = match text.split_once('/') {
            Some((first, rest)) if first.contains(['.', ':']) => (some(first), rest),
            _ => (None, text),
        };
        let (repository, tag) = rest.split_once(':').unwrap_or((rest, ""));
        let repository = repository.strip_prefix("library/").unwrap_or(repository);
        Self { registry, repository: some(repository), tag: some(tag) }
    }
}

/// Whether a claim is made: `true`, `false`, or what the store needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClaimSwitch {
    /// `auto`: for an embedded database and an embedded etcd.
    Auto,
    /// `true`, also as a text.
    On,
    /// `false`, also as a text.
    Off,
}

impl Field for Option<ClaimSwitch> {
    fn read(spot: &Spot<'_>, findings: &mut Findings) -> Self {
        let read = |value: &Value| match value {
            Value::Bool(true) => Some(ClaimSwitch::On),
            Value::Bool(false) => Some(ClaimSwitch::Off),
            Value::Text(text) => match text.expose_secret() {
                "auto" => Some(ClaimSwitch::Auto),
                "true" => Some(ClaimSwitch::On),
                "false" => Some(ClaimSwitch::Off),
                _ => None,
            },
            _ => None,
        };
        spot.read("`true`, `false` or `auto`", read, findings)
    }

    fn schema() -> Json {
        json!({"oneOf": [{"type": "boolean"}, {"enum": ["auto", "true", "false"]}]})
    }
}

/// A port of a network policy: a number, or the name that a pod gave one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PortNumber {
    /// A number.
    Number(u16),
    /// A name.
    Name(String),
}

impl Field for Option<PortNumber> {
    fn read(spot: &Spot<'_>, findings: &mut Findings) -> Self {
        let read = |value: &Value| match value {
            Value::Integer(number) => u16::try_from(*number).ok().map(PortNumber::Number),
            Value::Text(text) => Some(text.expose_secret())
                .filter(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
                .map(|name| PortNumber::Name(name.to_owned())),
            _ => None,
        };
        spot.read("a port from 1 to 65535, or the name of one", read, findings)
    }

    fn schema() -> Json {
        json!({"oneOf": [{"type": "integer", "minimum": 1, "maximum": 65535}, {"type": "string"}]})
    }
}

/// What is not modelled: kept as it was written, and given back by name.
///
/// `Debug` shows the names of its keys at most: any value can be a secret.
#[derive(Clone, Default)]
pub struct Untyped(Option<Node>);

impl Untyped {
    /// Whether nothing was written, or an empty text, list or mapping.
    pub fn is_empty(&self) -> bool {
        match self.0.as_ref().map(|node| &node.value) {
            None | Some(Value::Null) => true,
            Some(Value::Text(text)) => text.expose_secret().is_empty(),
            Some(Value::List(items)) => items.is_empty(),
            Some(Value::Map(entries)) => entries.is_empty(),
            Some(_) => false,
        }
    }

    /// The value of a key, if this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<Untyped> {
        let Entry { node, .. } = self.0.as_ref()?.entry(key)?;
        Some(Self(Some(node.clone())))
    }

    /// It as YAML, secrets and all. Empty where nothing was written.
    pub fn to_yaml_exposing_secrets(&self) -> SecretString {
        SecretString::from(self.0.as_ref().map(Node::to_yaml).unwrap_or_default())
    }
}

impl fmt::Debug for Untyped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            None => f.write_str("nothing"),
            Some(node) => f.write_str(node.value.type_name()),
        }
    }
}

impl Field for Untyped {
    fn read(spot: &Spot<'_>, _: &mut Findings) -> Self {
        Self(spot.node().cloned())
    }

    fn schema() -> Json {
        json!({})
    }
}

impl EntryValue for Untyped {}

impl Field for Option<Untyped> {
    fn read(spot: &Spot<'_>, _: &mut Findings) -> Self {
        spot.node().cloned().map(|node| Untyped(Some(node)))
    }

    fn schema() -> Json {
        json!({})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_read_from_a_text_as_vcluster_reads_it() {
        for (text, registry, repository, tag) in [
            ("ghcr.io/loft-sh/kubernetes:v1.36.0", Some("ghcr.io"), "loft-sh/kubernetes", Some("v1.36.0")),
            ("localhost:5000/etcd", Some("localhost:5000"), "etcd", None),
            ("library/etcd:3", None, "etcd", Some("3")),
            ("loft-sh/etcd", None, "loft-sh/etcd", None),
        ] {
            let image = Image::from_reference(text);
            assert_eq!(image.registry.as_deref(), registry, "{text}");
            assert_eq!(image.repository.as_deref(), Some(repository), "{text}");
            assert_eq!(image.tag.as_deref(), tag, "{text}");
        }
    }

    #[test]
    fn what_is_not_modelled_is_kept_and_not_shown() {
        let node = Node::from_yaml("secretKeyRef: {name: CANARY, key: [1]}").unwrap();
        let untyped = Untyped::read(&Spot::root(&node), &mut Findings::default());
        assert_eq!(format!("{untyped:?}"), "a mapping");
        let name = untyped.get("secretKeyRef").unwrap().get("name").unwrap();
        assert_eq!(name.to_yaml_exposing_secrets().expose_secret().trim(), "CANARY");
        assert!(untyped.get("x").is_none());
        assert!(Untyped::default().is_empty());
    }
}
