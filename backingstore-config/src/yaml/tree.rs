//! The tree.

use std::fmt;
use std::ops::Range;

use secrecy::SecretString;

use super::Wording;
use crate::error::Place;

/// A value and where it stands.
#[derive(Clone)]
pub(crate) struct Node {
    /// Where it stands; none for what no file says, such as a default.
    pub(crate) span: Option<Span>,
    /// The bytes of the file that say it: those of the anchor, where an alias stands at its place.
    pub(crate) source: Option<Range<usize>>,
    /// How a boolean or a number is spelt.
    pub(crate) wording: Wording,
    pub(crate) value: Value,
}

/// Where a text of the file begins, and how many characters it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) place: Place,
    /// The number of characters of the file before it.
    pub(crate) offset: usize,
    /// How many characters it has; 0 where the parser does not know.
    pub(crate) length: usize,
    /// Whether an alias or a merge key stands here, and the text elsewhere.
    pub(crate) is_alias: bool,
}

/// A YAML value.
#[derive(Clone)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Integer(i128),
    /// A number that is not an integer. Nothing that the model has takes one.
    Float(f64),
    /// Any text of a values file can be a secret.
    Text(SecretString),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Option<Span>,
    pub(crate) node: Node,
}

impl Node {
    /// A value that no file says.
    pub(crate) fn new(value: Value) -> Self {
        Self { span: None, source: None, wording: Wording::Usual, value }
    }

    /// The entry of a mapping, if there is one.
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    /// The same without places.
    pub(crate) fn without_places(mut self) -> Self {
        self.span = None;
        self.source = None;
        match &mut self.value {
            Value::List(items) => {
                *items = std::mem::take(items).into_iter().map(Self::without_places).collect();
            }
            Value::Map(entries) => {
                let taken = std::mem::take(entries).into_iter();
                *entries = taken
                    .map(|entry| Entry { key_span: None, node: entry.node.without_places(), ..entry })
                    .collect();
            }
            _ => {}
        }
        self
    }

    /// The place of the value at a path such as `a.b[0].c`, or of the key that is nearest to it.
    pub(crate) fn place_of(&self, path: &str) -> Option<Place> {
        let mut node = self;
        let mut place = None;
        for step in steps(path) {
            let (next, key_span) = match step {
                Step::Key(key) => match node.entry(key) {
                    Some(entry) => (&entry.node, entry.key_span),
                    None => break,
                },
                Step::Item(index) => match &node.value {
                    Value::List(items) if index < items.len() => (&items[index], items[index].span),
                    _ => break,
                },
            };
            node = next;
            let span = match node.value {
                // A mapping begins at its first key, which is not where a reader looks for it.
                Value::Map(_) | Value::List(_) | Value::Null => key_span,
                _ => node.span,
            };
            place = span.map(|span| span.place).or(place);
        }
        place
    }
}

/// One step of a path.
enum Step<'a> {
    Key(&'a str),
    Item(usize),
}

/// The steps of `a.b[0].c`.
fn steps(path: &str) -> impl Iterator<Item = Step<'_>> {
    path.split('.').flat_map(|part| {
        let (key, items) = part.split_once('[').unwrap_or((part, ""));
        let items = items.split('[').filter_map(|item| item.strip_suffix(']')?.parse().ok()).map(Step::Item);
        [Step::Key(key)].into_iter().chain(items)
    })
}

/// Says the type alone: the values can be secrets.
impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.span {
            Some(span) => write!(f, "{} at {}", self.value.type_name(), span.place),
            None => f.write_str(self.value.type_name()),
        }
    }
}

impl Value {
    /// The type, as an error names it.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "a boolean",
            Self::Integer(_) | Self::Float(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
        }
    }
}
