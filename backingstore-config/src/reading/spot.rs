//! A place of the tree with its path, there or not.

use std::borrow::Cow;

use super::remark::{Remark, RemarkKind};
use super::spelling::{is_same_word, nearest};
use crate::error::{ConfigError, ConfigErrorKind, Place};
use crate::redaction::{MASK, is_plain_word};
use crate::yaml::{Entry, Node, Value, Wording};

/// Where a value is looked for. One that is absent or `null` reads as absent.
pub(crate) struct Spot<'a> {
    path: String,
    node: Option<&'a Node>,
    /// Where the key stands, for what does not say it of itself.
    key_place: Option<Place>,
}

/// What is wrong, in the order of reading, and what is odd.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    faults: Vec<ConfigError>,
    remarks: Vec<Remark>,
}

impl Findings {
    pub(crate) fn add(&mut self, fault: ConfigError) {
        self.faults.push(fault);
    }

    pub(crate) fn remark(&mut self, remark: Remark) {
        self.remarks.push(remark);
    }

    /// Every fault, in the order of the file, and every remark.
    pub(crate) fn into_sorted(mut self) -> (Vec<ConfigError>, Vec<Remark>) {
        self.faults.sort_by_key(ConfigError::place);
        (self.faults, self.remarks)
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
            path: self.path_of(key),
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
            let subject = key.map_or_else(|| self.path.clone(), |key| self.path_of(key));
            findings.add(
                ConfigError::new(ConfigErrorKind::UnknownKey, subject, problem, help)
                    .at(entry.key_span.map(|span| span.place)),
            );
        }
    }

    /// Remarks on every key that is not one of these, and near to one of them.
    pub(crate) fn remark_misspelt(&self, known: &[&str], findings: &mut Findings) {
        for (key, entry) in self.plain_keys().filter(|(key, _)| !known.contains(key)) {
            // A short word is near to too many: `k3s` was a key beside `k8s`.
            let near = match key.len() {
                ..5 => known.iter().copied().find(|word| is_same_word(key, word)),
                _ => nearest(key, known),
            };
            if let Some(right) = near {
                findings.remark(self.misspelt(key, entry, format!("write `{right}` instead")));
            }
        }
    }

    /// Remarks on every key that counts elsewhere alone: each of these with the path where it belongs.
    pub(crate) fn remark_misplaced(&self, misplaced: &[(&str, &str)], findings: &mut Findings) {
        for (key, entry) in self.plain_keys() {
            if let Some((_, belongs)) = misplaced.iter().find(|(word, _)| is_same_word(key, word)) {
                findings.remark(self.misspelt(key, entry, format!("it belongs at `{belongs}`")));
            } else if key.starts_with("controlPlane.") || key.starts_with("policies.") {
                let help = "give each part of it a line of its own, one below the other".to_owned();
                findings.remark(self.misspelt(key, entry, help));
            }
        }
    }

    /// The keys that may be shown.
    fn plain_keys(&self) -> impl Iterator<Item = (&'a str, &'a Entry)> {
        let entries: &[Entry] = match self.node {
            Some(Node { value: Value::Map(entries), .. }) => entries,
            _ => &[],
        };
        entries.iter().map(|entry| (entry.key.as_str(), entry)).filter(|(key, _)| is_plain_word(key))
    }

    fn misspelt(&self, key: &str, entry: &Entry, help: String) -> Remark {
        Remark {
            kind: RemarkKind::MisspeltKey,
            path: self.path_of(key),
            place: entry.key_span.map(|span| span.place),
            message: format!("nothing reads the key `{key}` here, so what it says has no effect"),
            help,
        }
    }

    /// Remarks on a boolean or a number that is not what it looks like.
    fn remark_wording(&self, node: &Node, findings: &mut Findings) {
        let (kind, message, help) = match (node.wording, &node.value) {
            (Wording::BooleanWord, Value::Bool(flag)) => (
                RemarkKind::BooleanWord,
                format!("this word means {flag} to Helm, and is a text for other readers of YAML"),
                format!("write `{flag}`"),
            ),
            (Wording::Octal, Value::Integer(number)) => (
                RemarkKind::OctalNumber,
                "the zero in front makes it an octal number".to_owned(),
                format!("write `{number}` if that is meant, or the number without the zero"),
            ),
            _ => return,
        };
        findings.remark(Remark {
            kind,
            path: self.path.clone(),
            place: self.value_place(&node.value),
            message,
            help,
        });
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
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
        match value {
            None => findings.add(self.wrong_type(&node.value, expected)),
            Some(_) => self.remark_wording(node, findings),
        }
        value
    }

    fn wrong_type(&self, found: &Value, expected: &str) -> ConfigError {
        let is_bare_word = matches!(found, Value::Bool(_) | Value::Integer(_) | Value::Float(_));
        let quotes = if is_bare_word && expected == "a text" { ", in quotes" } else { "" };
        self.fault(&format!("it is {}", found.type_name()), format!("write {expected}{quotes}"), found)
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
        ConfigError::new(ConfigErrorKind::WrongType, subject, problem.to_owned(), help)
            .at(self.value_place(found))
    }

    fn value_place(&self, value: &Value) -> Option<Place> {
        let own_place = self.node.and_then(|node| node.span).map(|span| span.place);
        match value {
            // A mapping begins at its first key, which is not where a reader looks for it.
            Value::Map(_) | Value::List(_) => self.key_place.or(own_place),
            _ => own_place.or(self.key_place),
        }
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
        let (faults, _) = findings.into_sorted();
        assert_eq!(faults.iter().map(ConfigError::subject).collect::<Vec<_>>(), ["b", "a"]);
    }

    #[test]
    fn a_key_that_could_hold_a_secret_is_not_shown() {
        let tree = Node::from_yaml("\"postgres://u:CANARY@h/d\": x\n").unwrap();
        let mut findings = Findings::default();
        Spot::root(&tree).allow_only(&["dataSource"], &mut findings);
        let error = findings.into_sorted().0.remove(0);
        assert_eq!(error.kind(), ConfigErrorKind::UnknownKey);
        assert!(!format!("{error} {error:?}").contains("CANARY"));
        assert!(error.help().contains("`dataSource`"));
    }
}
