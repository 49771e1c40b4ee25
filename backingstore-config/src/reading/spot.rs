//! A place of the tree with its path, there or not.

use std::borrow::Cow;

use super::spelling::nearest;
use crate::error::{ConfigError, ConfigErrorKind, Place};
use crate::redaction::{MASK, is_plain_word};
use crate::yaml::{Entry, Node, Value};

/// Where a value is looked for. One that is absent or `null` reads as absent.
pub(crate) struct Spot<'a> {
    path: String,
    node: Option<&'a Node>,
    /// Where the key stands, for what does not say it of itself.
    key_place: Option<Place>,
}

/// What is wrong, in the order of reading.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<ConfigError>);

impl Findings {
    pub(crate) fn add(&mut self, fault: ConfigError) {
        self.0.push(fault);
    }

    /// Every fault, in the order of the file.
    pub(crate) fn into_sorted(mut self) -> Vec<ConfigError> {
        self.0.sort_by_key(ConfigError::place);
        self.0
    }
}

impl<'a> Spot<'a> {
    /// The whole file.
    pub(crate) fn root(node: &'a Node) -> Self {
        Self { path: String::new(), node: Some(node), key_place: node.span.map(|span| span.place) }
    }

    /// The value that is there.
    pub(crate) fn node(&self) -> Option<&'a Node> {
        self.node.filter(|node| !matches!(node.value, Value::Null))
    }

    /// What stands below a key.
    pub(crate) fn key(&self, key: &str) -> Spot<'a> {
        self.below(key, self.node.and_then(|node| node.entry(key)))
    }

    /// The same, of an entry that is at hand: a mapping can have thousands of them.
    pub(crate) fn below(&self, key: &str, entry: Option<&'a Entry>) -> Spot<'a> {
        Spot {
            path: if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) },
            node: entry.map(|entry| &entry.node),
            key_place: entry.and_then(|entry| entry.key_span).map(|span| span.place),
        }
    }

    /// What stands below a key that the user chose, whose name can be anything.
    pub(crate) fn free_key(&self, entry: &'a Entry) -> Spot<'a> {
        let name = if is_plain_word(&entry.key) { entry.key.as_str() } else { MASK };
        self.below(name, Some(entry))
    }

    /// The items of a list; a fault, and none, if it is something else.
    pub(crate) fn items(&self, findings: &mut Findings) -> Vec<Spot<'a>> {
        match self.node() {
            None => Vec::new(),
            Some(Node { value: Value::List(items), .. }) => items
                .iter()
                .enumerate()
                .map(|(index, node)| Spot {
                    path: format!("{}[{index}]", self.path),
                    node: Some(node),
                    key_place: node.span.map(|span| span.place),
                })
                .collect(),
            Some(other) => {
                findings.add(self.wrong_type(&other.value, "a list"));
                Vec::new()
            }
        }
    }

    /// A mapping; a fault, and an empty one, if it is something else.
    pub(crate) fn mapping(&self, findings: &mut Findings) -> &'a [Entry] {
        match self.node() {
            None => &[],
            Some(Node { value: Value::Map(entries), .. }) => entries,
            Some(other) => {
                findings.add(self.wrong_type(&other.value, "a mapping"));
                &[]
            }
        }
    }

    /// Every key but these is a fault.
    pub(crate) fn allow_only(&self, known: &[&str], findings: &mut Findings) {
        let Some(Node { value: Value::Map(entries), .. }) = self.node else { return };
        for entry in entries.iter().filter(|entry| !known.contains(&entry.key.as_str())) {
            let plain = Some(entry.key.as_str()).filter(|key| is_plain_word(key));
            let near = plain.and_then(|key| nearest(key, known));
            // `{PASSWORD}` is a key without a value.
            let has_value = !matches!(entry.node.value, Value::Null);
            let key = plain.filter(|_| near.is_some() || has_value);
            let help = match near {
                Some(right) => format!("write `{right}` instead"),
                None => format!("remove it; the known keys here are `{}`", known.join("`, `")),
            };
            let problem = match key {
                Some(key) => format!("unknown key `{key}`"),
                None => "unknown key, which is not shown since it could hold a secret".to_owned(),
            };
            findings.add(
                ConfigError::new(ConfigErrorKind::UnknownKey, self.path.clone(), problem, help)
                    .at(entry.key_span.map(|span| span.place)),
            );
        }
    }

    /// The value as this reads it. What it does not take is a fault, and reads as absent.
    pub(crate) fn read<T>(
        &self,
        expected: &str,
        read: impl FnOnce(&Value) -> Option<T>,
        findings: &mut Findings,
    ) -> Option<T> {
        let node = self.node()?;
        let value = read(&node.value);
        if value.is_none() {
            findings.add(self.wrong_type(&node.value, expected));
        }
        value
    }

    fn wrong_type(&self, found: &Value, expected: &str) -> ConfigError {
        self.fault(&format!("it is {}", found.type_name()), format!("write {expected}"), found)
    }

    /// A text with a password in it where a name, a path or the like belongs.
    pub(crate) fn misplaced_secret(&self) -> ConfigError {
        let help = "write the name, the path or the host that this key takes; a data source belongs under `dataSource`, and a key or a certificate into a file that is mounted";
        self.fault("it is a text that can hold a password", help.to_owned(), &Value::Null)
    }

    fn fault(&self, problem: &str, help: String, found: &Value) -> ConfigError {
        let subject: Cow<'static, str> = match self.path.as_str() {
            "" => "values file".into(),
            path => path.to_owned().into(),
        };
        // A mapping begins at its first key, which is not where a reader looks for it.
        let own_place = self.node.and_then(|node| node.span).map(|span| span.place);
        let place = match found {
            Value::Map(_) | Value::List(_) => self.key_place.or(own_place),
            _ => own_place.or(self.key_place),
        };
        ConfigError::new(ConfigErrorKind::WrongType, subject, problem.to_owned(), help).at(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_come_in_the_order_of_the_file() {
        let tree = Node::from_yaml("b: x\na: y\n").unwrap();
        let mut findings = Findings::default();
        let root = Spot::root(&tree);
        for key in ["a", "b"] {
            root.key(key).items(&mut findings);
        }
        let faults = findings.into_sorted();
        assert_eq!(faults.iter().map(ConfigError::subject).collect::<Vec<_>>(), ["b", "a"]);
    }

    #[test]
    fn a_key_that_could_hold_a_secret_is_not_shown() {
        let tree = Node::from_yaml("\"postgres://u:CANARY@h/d\": x\n").unwrap();
        let mut findings = Findings::default();
        Spot::root(&tree).allow_only(&["dataSource"], &mut findings);
        let error = findings.into_sorted().remove(0);
        assert_eq!(error.kind(), ConfigErrorKind::UnknownKey);
        assert!(!format!("{error} {error:?}").contains("CANARY"));
        assert!(error.help().contains("`dataSource`"));
    }
}
