//! How one YAML document becomes a tree.

use std::collections::HashMap;
use std::fmt;

use secrecy::SecretString;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Options, Spanned};

use super::documents::first_document;
use super::{Entry, Node, Span, Value, Wording};
use crate::error::{ConfigError, ConfigErrorKind, Place};
use crate::redaction::{MASK, is_plain_word};

/// The largest text that is read, in bytes. The chart's own values file has 60 kB.
const MAX_BYTES: usize = 2 * 1024 * 1024;

impl Node {
    /// Reads one YAML document, and finds its doubled keys. The last of them counts, as for Helm.
    pub(crate) fn read(text: &str) -> Result<(Self, Vec<ConfigError>), ConfigError> {
        let mut node = Self::parse(text)?;
        node.take_wordings(text);
        let mut doubled = Vec::new();
        node.take_doubled("", &mut doubled);
        Ok((node, doubled))
    }

    /// Reads one YAML document without doubled keys.
    pub(crate) fn from_yaml(text: &str) -> Result<Self, ConfigError> {
        let (node, doubled) = Self::read(text)?;
        ConfigError::first_of(doubled).map_or(Ok(node), Err)
    }

    fn parse(text: &str) -> Result<Self, ConfigError> {
        if text.len() > MAX_BYTES {
            return Err(ConfigError::new(
                ConfigErrorKind::InvalidYaml,
                SUBJECT,
                "it is larger than 2 MiB",
                "give the values of one virtual cluster",
            ));
        }
        let document = first_document(text).map_err(second_document)?;
        serde_saphyr::from_str_with_options(document, options()).map_err(|error| refuse(&error))
    }

    fn take_doubled(&mut self, path: &str, doubled: &mut Vec<ConfigError>) {
        match &mut self.value {
            Value::List(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    item.take_doubled(&format!("{path}[{index}]"), doubled);
                }
            }
            Value::Map(entries) => {
                let mut kept: Vec<Entry> = Vec::with_capacity(entries.len());
                let mut places = HashMap::with_capacity(entries.len());
                for mut entry in std::mem::take(entries) {
                    let key = if is_plain_word(&entry.key) { entry.key.as_str() } else { MASK };
                    let below = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
                    entry.node.take_doubled(&below, doubled);
                    match places.get(&entry.key) {
                        Some(index) => {
                            doubled.push(doubled_key(&entry, path));
                            kept[*index] = entry;
                        }
                        None => {
                            places.insert(entry.key.clone(), kept.len());
                            kept.push(entry);
                        }
                    }
                }
                *entries = kept;
            }
            _ => {}
        }
    }
}

fn doubled_key(entry: &Entry, path: &str) -> ConfigError {
    let plain = Some(entry.key.as_str()).filter(|key| is_plain_word(key));
    let name = plain.map(|key| format!(" `{key}`")).unwrap_or_default();
    let subject = match (path, plain) {
        ("", None) => SUBJECT.to_owned(),
        ("", Some(key)) => key.to_owned(),
        (path, None) => path.to_owned(),
        (path, Some(key)) => format!("{path}.{key}"),
    };
    ConfigError::new(
        ConfigErrorKind::DuplicateKey,
        subject,
        format!("the key{name} stands twice in one mapping, and the last one counts"),
        "keep one of them",
    )
    .at(entry.key_span.map(|span| span.place))
}

/// Helm reads the first document alone, and says nothing about the others.
fn second_document(place: Place) -> ConfigError {
    ConfigError::new(
        ConfigErrorKind::InvalidYaml,
        SUBJECT,
        "a second document begins here, and Helm reads the first alone",
        "give one document: remove this line, or what stands before it or behind it",
    )
    .at(Some(place))
}

const SUBJECT: &str = "YAML";

fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            // The chart's own values have about 2,000 nodes, 9 deep. What aliases repeat counts each time, so that this is
            // what bounds the time that a hostile file can take.
            max_depth: 64,
            max_nodes: 50_000,
            max_events: 100_000,
        },
        // A snippet would print the lines around an error, and with them a password.
        with_snippet: false,
        // Helm and vCluster read YAML 1.1 (sigs.k8s.io/yaml): `yes` and `on` are true there, and 010 is 8.
        strict_booleans: false,
        legacy_octal_numbers: true,
        // Every one of them is passed on, and found here.
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::LastWins,
        // Such a number is not modelled, and what is not modelled is not looked at.
        non_finite_float_policy: serde_saphyr::NonFiniteFloatPolicy::PassThrough,
    }
}

/// Says what the parser refused in words of our own: its words can hold text of the file.
fn refuse(error: &serde_saphyr::Error) -> ConfigError {
    use serde_saphyr::Error as Yaml;
    let mut cause = error.without_snippet();
    // What happened while an alias was written out.
    while let Yaml::AliasError { error, .. } = cause {
        cause = error;
    }
    let (problem, help): (String, &'static str) = match cause {
        Yaml::UnknownAnchor { .. } => (
            "an alias `*` without its anchor `&`".to_owned(),
            "put quotes around a text that begins with `*`",
        ),
        Yaml::Budget { .. }
        | Yaml::AliasReplayLimitExceeded { .. }
        | Yaml::AliasExpansionLimitExceeded { .. }
        | Yaml::AliasReplayStackDepthExceeded { .. } => (
            "more nodes, levels or aliases than a values file has".to_owned(),
            "write out what its aliases repeat, and remove what is not part of the values",
        ),
        // The parser's own texts are fixed; one of them shows a single character.
        Yaml::ExternalMessage { msg, .. } if msg.contains("tab") => (
            format!("it cannot be read as YAML: {msg}"),
            "indent with spaces: YAML allows no tab before a key, a value or an item",
        ),
        Yaml::ExternalMessage { msg, .. } => (
            format!("it cannot be read as YAML: {msg}"),
            "look at this place and the line before it, and put quotes around a text that holds `: ` or begins with a sign such as `{`, `*` or `@`",
        ),
        Yaml::Eof { .. } => ("it ends too early".to_owned(), "close what is open at its end"),
        _ => (
            "a value here is none that a values file can hold".to_owned(),
            "write texts, numbers, booleans, lists and mappings, with texts as keys, and put quotes around a template `{{ }}`",
        ),
    };
    ConfigError::new(ConfigErrorKind::InvalidYaml, SUBJECT, problem, help)
        .at(error.location().and_then(|location| place(&location)))
}

fn place(location: &serde_saphyr::Location) -> Option<Place> {
    let line = usize::try_from(location.line()).ok()?;
    let column = usize::try_from(location.column()).ok()?;
    (line > 0).then(|| Place::new(line, column.max(1)))
}

/// Where a value is used, and whether it is written elsewhere.
fn span<T>(spanned: &Spanned<T>) -> Option<Span> {
    let location = &spanned.referenced;
    Some(Span {
        place: place(location)?,
        offset: usize::try_from(location.span().offset()).ok()?,
        length: usize::try_from(location.span().len()).ok()?,
        is_alias: spanned.referenced != spanned.defined,
    })
}

fn source(location: &serde_saphyr::Location) -> Option<std::ops::Range<usize>> {
    let start = usize::try_from(location.span().byte_offset()?).ok()?;
    let length = usize::try_from(location.span().byte_len()?).ok()?;
    Some(start..start.checked_add(length)?)
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Value>::deserialize(deserializer)?;
        let (span, source) = (span(&spanned), source(&spanned.defined));
        Ok(Self { span, source, wording: Wording::Usual, value: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Integer(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Integer(value.into()))
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<Value, E> {
        Ok(Value::Integer(value))
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<Value, E> {
        // No values file has such a number. As a text it is written back as it was.
        Ok(i128::try_from(value).map_or_else(|_| Value::Text(value.to_string().into()), Value::Integer))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(SecretString::from(value)))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::Text(SecretString::from(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element::<Node>()? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, node)) = map.next_entry::<Spanned<String>, Node>()? {
            entries.push(Entry { key_span: span(&key), key: key.value, node });
        }
        Ok(Value::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_and_place(text: &str) -> (ConfigErrorKind, Option<(usize, usize)>) {
        let error = Node::from_yaml(text).unwrap_err();
        (error.kind(), error.place().map(|place| (place.line, place.column)))
    }

    #[test]
    fn keys_and_values_know_their_places() {
        let tree = Node::from_yaml("a:\n  b: 1\n  c:\n    - x\n").unwrap();
        let a = tree.entry("a").unwrap();
        assert_eq!(a.key_span.unwrap().place, Place::new(1, 1));
        let b = a.node.entry("b").unwrap();
        assert_eq!(
            b.key_span.unwrap(),
            Span { place: Place::new(2, 3), offset: 5, length: 1, is_alias: false }
        );
        assert_eq!(
            b.node.span.unwrap(),
            Span { place: Place::new(2, 6), offset: 8, length: 1, is_alias: false }
        );
        assert_eq!(tree.place_of("a.b"), Some(Place::new(2, 6)));
        assert_eq!(tree.place_of("a.c"), Some(Place::new(3, 3)));
        assert_eq!(tree.place_of("a.c[0]"), Some(Place::new(4, 7)));
        assert_eq!(tree.place_of("a.c[1]"), Some(Place::new(3, 3)));
        assert_eq!(tree.place_of("a.x.y"), Some(Place::new(1, 1)));
        assert_eq!(tree.place_of("x"), None);
    }

    #[test]
    fn an_alias_is_placed_where_it_is_used() {
        let tree = Node::from_yaml("a: &x\n  b: 1\nc: *x\n").unwrap();
        let c = tree.entry("c").unwrap();
        assert_eq!(c.node.span.unwrap().place, Place::new(3, 4));
        assert!(c.node.span.unwrap().is_alias && !c.key_span.unwrap().is_alias);
        assert!(!tree.entry("a").unwrap().node.span.unwrap().is_alias);
        let tree = Node::from_yaml("a: &x\n  b: 1\nc:\n  <<: *x\n").unwrap();
        let b = tree.entry("c").unwrap().node.entry("b").unwrap();
        assert!(b.key_span.unwrap().is_alias && b.key_span.unwrap().place.line == 4);
    }

    #[test]
    fn scalars_have_the_types_that_helm_gives_them() {
        for (text, expected) in [
            ("true", "a boolean"),
            ("yes", "a boolean"),
            ("'yes'", "a text"),
            ("'true'", "a text"),
            ("1", "a number"),
            ("1.5", "a number"),
            ("99999999999999999999", "a number"),
            ("~", "nothing"),
            ("", "nothing"),
            ("[]", "a list"),
            ("{}", "a mapping"),
        ] {
            let tree = Node::from_yaml(&format!("a: {text}")).unwrap();
            assert_eq!(tree.entry("a").unwrap().node.value.type_name(), expected, "{text}");
        }
    }

    #[test]
    fn broken_yaml_is_placed() {
        let invalid = ConfigErrorKind::InvalidYaml;
        // Where the list that was left open meets the next key's colon.
        assert_eq!(kind_and_place("a: 1\nb: [1\nc: 2\n"), (invalid, Some((3, 2))));
        assert_eq!(kind_and_place("a: 1\n b: 2\n"), (invalid, Some((2, 3))));
        assert_eq!(kind_and_place("a: 1\na: 2\n"), (ConfigErrorKind::DuplicateKey, Some((2, 1))));
        assert_eq!(kind_and_place("a: *x\n"), (invalid, Some((1, 4))));
        assert_eq!(kind_and_place("a: 'open\n").0, invalid);
        assert_eq!(kind_and_place("a: 1\n---\nb: 2\n"), (invalid, Some((2, 1))));
    }

    #[test]
    fn what_is_wrong_with_yaml_is_said() {
        let problem = |text: &str| Node::from_yaml(text).unwrap_err().problem().to_owned();
        assert!(problem("a:\n\t- b").contains("tabs"));
        for text in ["a:\n\t- b", "a:\n\tb: 1\n", "a:\n  b:\n  \tc: 1\n", "a:\n  b: 1\n\tc: 1\n"] {
            let error = Node::from_yaml(text).unwrap_err();
            assert!(error.help().starts_with("indent with spaces"), "{text:?}: {error}");
        }
        let two = Node::from_yaml("a: 1\n---\nb: 2\n").unwrap_err();
        assert_eq!(
            two.to_string(),
            "YAML (line 2, column 1): a second document begins here, and Helm reads the first alone; give one document: remove \
             this line, or what stands before it or behind it"
        );
        assert!(problem("a: {b").contains("unclosed bracket"));
        assert!(problem("a: *x").contains("anchor"));
        assert!(Node::from_yaml("a: {{ .Tag }}").unwrap_err().help().contains("`{{ }}`"));
    }

    #[test]
    fn a_document_with_nothing_behind_its_end_is_read() {
        for text in ["a: 1\n---\n", "a: 1\n...\n", "---\na: 1\n---\n# c\n"] {
            assert_eq!(Node::from_yaml(text).unwrap().to_yaml(), "a: 1\n", "{text:?}");
        }
    }

    #[test]
    fn a_doubled_key_is_named() {
        let error = Node::from_yaml("a:\n  enabled: true\n  enabled: false\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "a.enabled (line 3, column 3): the key `enabled` stands twice in one mapping, and the last one counts; keep one of them"
        );
    }

    #[test]
    fn every_doubled_key_is_found_and_a_merge_key_doubles_none() {
        let (tree, doubled) = Node::read("a: 1\nb: [{c: 1, c: 2}]\na: 2\na: 3\n").unwrap();
        assert_eq!(doubled.len(), 3);
        assert_eq!(tree.to_yaml(), "a: 3\nb:\n- c: 2\n");
        let (tree, doubled) = Node::read("a: &x {b: 1, d: 1}\nc: {<<: *x, b: 2}\ne: {b: 3, <<: *x}").unwrap();
        assert!(doubled.is_empty(), "{doubled:?}");
        assert_eq!(tree.to_yaml(), "a:\n  b: 1\n  d: 1\nc:\n  b: 2\n  d: 1\ne:\n  b: 3\n  d: 1\n");
    }

    #[test]
    fn an_alias_bomb_and_a_huge_file_are_refused() {
        let mut bomb = String::from("l0: &l0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..9 {
            let items = vec![format!("*l{}", level - 1); 10].join(", ");
            bomb.push_str(&format!("l{level}: &l{level} [{items}]\n"));
        }
        let refusal = Node::from_yaml(&bomb).unwrap_err();
        assert_eq!(refusal.kind(), ConfigErrorKind::InvalidYaml);
        assert!(refusal.problem().contains("aliases"), "{refusal}");

        let huge = "a".repeat(MAX_BYTES + 1);
        assert_eq!(Node::from_yaml(&huge).unwrap_err().kind(), ConfigErrorKind::InvalidYaml);
        let deep = "[".repeat(10_000);
        assert_eq!(Node::from_yaml(&deep).unwrap_err().kind(), ConfigErrorKind::InvalidYaml);
    }

    #[test]
    fn no_error_and_no_debug_holds_text_of_the_file() {
        for text in [
            "a: [CANARY\nb: 1",
            "a: *CANARY",
            "'CANARY p': 1\n'CANARY p': 2",
            "a: !CANARY 1\n? [CANARY]\n: 1",
            "a: 'CANARY",
            "a: @CANARY",
            "%CANARY\n---\na: 1",
            "a: CANARY: b",
            "? {CANARY: 1}\n: CANARY\n",
        ] {
            match Node::from_yaml(text) {
                Ok(tree) => assert!(!format!("{tree:?}").contains("CANARY"), "{text}"),
                Err(error) => {
                    let shown = format!("{error} {error:?}");
                    assert!(!shown.contains("CANARY"), "{text}: {shown}");
                }
            }
        }
    }
}
