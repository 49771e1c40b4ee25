//! Reads the model's values from the tree, and collects what is wrong with them.

use secrecy::{ExposeSecret, SecretString};

use crate::error::{ConfigError, ConfigErrorKind, Place};
use crate::redaction::is_plain_word;
use crate::tree::{Node, Value};

/// A mapping of the tree with its path. One that is absent or empty reads as one without keys.
pub(crate) struct Section<'a> {
    path: String,
    node: Option<&'a Node>,
}

/// What is wrong, in the order of reading.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<ConfigError>);

impl Findings {
    /// The fault that stands first in the file, if there is one.
    pub(crate) fn into_first(self) -> Option<ConfigError> {
        self.0.into_iter().min_by_key(ConfigError::place)
    }
}

impl<'a> Section<'a> {
    /// The whole file.
    pub(crate) fn root(node: &'a Node, findings: &mut Findings) -> Self {
        Self::mapping(String::new(), Some(node), node.place, findings)
    }

    /// The mapping below a key.
    pub(crate) fn section(&self, key: &str, findings: &mut Findings) -> Section<'a> {
        let entry = self.node.and_then(|node| node.entry(key));
        let place = entry.map_or(Place::new(1, 1), |entry| entry.key_place);
        Section::mapping(self.path_of(key), entry.map(|entry| &entry.node), place, findings)
    }

    fn mapping(path: String, node: Option<&'a Node>, place: Place, findings: &mut Findings) -> Self {
        let node = node.filter(|node| match &node.value {
            Value::Map(_) => true,
            // `key:` alone is an empty mapping to Helm too.
            Value::Null => false,
            other => {
                findings.0.push(wrong_type(&path, place, other, "a mapping"));
                false
            }
        });
        Self { path, node }
    }

    /// Every key but these is a fault.
    pub(crate) fn allow_only(&self, known: &[&str], findings: &mut Findings) {
        let Some(Node { value: Value::Map(entries), .. }) = self.node else { return };
        for entry in entries.iter().filter(|entry| !known.contains(&entry.key.as_str())) {
            let key = Some(entry.key.as_str()).filter(|key| is_plain_word(key));
            let help = match key.and_then(|key| nearest(key, known)) {
                Some(right) => format!("write `{right}` instead"),
                None => format!("remove it; the known keys here are `{}`", known.join("`, `")),
            };
            let problem = match key {
                Some(key) => format!("unknown key `{key}`"),
                None => "unknown key, which is not shown since it could hold a secret".to_owned(),
            };
            findings.0.push(
                ConfigError::new(ConfigErrorKind::UnknownKey, self.path.clone(), problem, help)
                    .at(Some(entry.key_place)),
            );
        }
    }

    /// A boolean; false where it is absent.
    pub(crate) fn flag(&self, key: &str, findings: &mut Findings) -> bool {
        let read = |value: &Value| match value {
            Value::Bool(flag) => Some(*flag),
            _ => None,
        };
        self.read(key, "`true` or `false`, without quotes", read, findings).unwrap_or(false)
    }

    /// A number from zero.
    pub(crate) fn count(&self, key: &str, findings: &mut Findings) -> Option<u32> {
        let read = |value: &Value| match value {
            Value::Integer(number) => u32::try_from(*number).ok(),
            _ => None,
        };
        self.read(key, "a whole number from 0", read, findings)
    }

    /// A text that is not empty. The chart's default for many is the empty text, which means absent.
    pub(crate) fn text(&self, key: &str, findings: &mut Findings) -> Option<String> {
        self.secret(key, findings).map(|text| text.expose_secret().to_owned())
    }

    /// A text that is not empty, and can be a secret.
    pub(crate) fn secret(&self, key: &str, findings: &mut Findings) -> Option<SecretString> {
        self.read(key, "a text", text, findings).filter(|text| !text.expose_secret().is_empty())
    }

    /// A list of texts, any of which can be a secret.
    pub(crate) fn secrets(&self, key: &str, findings: &mut Findings) -> Vec<SecretString> {
        let read = |value: &Value| match value {
            Value::List(items) => items.iter().map(|item| text(&item.value)).collect(),
            _ => None,
        };
        self.read(key, "a list of texts", read, findings).unwrap_or_default()
    }

    fn read<T>(
        &self,
        key: &str,
        expected: &str,
        read: impl Fn(&Value) -> Option<T>,
        findings: &mut Findings,
    ) -> Option<T> {
        let node = &self.node?.entry(key)?.node;
        if let Value::Null = node.value {
            return None;
        }
        let value = read(&node.value);
        if value.is_none() {
            findings.0.push(wrong_type(&self.path_of(key), node.place, &node.value, expected));
        }
        value
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

fn text(value: &Value) -> Option<SecretString> {
    match value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    }
}

fn wrong_type(path: &str, place: Place, found: &Value, expected: &str) -> ConfigError {
    let subject = if path.is_empty() { "values file".to_owned() } else { path.to_owned() };
    ConfigError::new(
        ConfigErrorKind::WrongType,
        subject,
        format!("it is {}", found.type_name()),
        format!("write {expected}"),
    )
    .at(Some(place))
}

/// The known key that was most likely meant.
fn nearest<'k>(key: &str, known: &[&'k str]) -> Option<&'k str> {
    let distance = |candidate: &str| edits(&key.to_ascii_lowercase(), &candidate.to_ascii_lowercase());
    let (steps, candidate) =
        known.iter().map(|candidate| (distance(candidate), *candidate)).min_by_key(|pair| pair.0)?;
    // More than a third of the letters wrong is another word.
    (steps <= 1 + key.len() / 4).then_some(candidate)
}

/// How many letters to add, remove or change to make one word the other (Levenshtein).
fn edits(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (index, a) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, b) in to.chars().enumerate() {
            let change = diagonal + usize::from(a != b);
            diagonal = row[column + 1];
            row[column + 1] = change.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.chars().count()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        assert_eq!(edits("", ""), 0);
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("databse", "database"), 1);
        assert_eq!(edits("abc", ""), 3);
    }

    #[test]
    fn the_nearest_key_is_found_whatever_its_case_and_another_word_is_not() {
        let known = ["enabled", "dataSource", "extraArgs", "caFile", "certFile"];
        assert_eq!(nearest("datasource", &known), Some("dataSource"));
        assert_eq!(nearest("enable", &known), Some("enabled"));
        assert_eq!(nearest("extraArg", &known), Some("extraArgs"));
        assert_eq!(nearest("connector", &known), None);
        assert_eq!(nearest("x", &[]), None);
    }

    #[test]
    fn the_first_fault_of_the_file_is_reported() {
        let tree = Node::from_yaml("b: x\na: y\n").unwrap();
        let mut findings = Findings::default();
        let root = Section::root(&tree, &mut findings);
        root.flag("a", &mut findings);
        root.flag("b", &mut findings);
        assert_eq!(findings.into_first().unwrap().subject(), "b");
    }

    #[test]
    fn a_key_that_could_hold_a_secret_is_not_shown() {
        let tree = Node::from_yaml("\"postgres://u:CANARY@h/d\": x\n").unwrap();
        let mut findings = Findings::default();
        Section::root(&tree, &mut findings).allow_only(&["dataSource"], &mut findings);
        let error = findings.into_first().unwrap();
        assert_eq!(error.kind(), ConfigErrorKind::UnknownKey);
        assert!(!format!("{error} {error:?}").contains("CANARY"));
        assert!(error.help().contains("`dataSource`"));
    }
}
