//! A tree as YAML again, secrets and all.

use secrecy::ExposeSecret;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::{Node, Value};

impl Node {
    /// The tree as YAML that is read back as the same tree. Comments, anchors and styles are not kept.
    pub(crate) fn to_yaml(&self) -> String {
        serde_saphyr::to_string_with_options(&Written(self), options())
            .expect("a tree has text keys alone, and a text can be written to")
    }
}

fn options() -> serde_saphyr::SerializerOptions {
    serde_saphyr::ser_options! {
        // A folded block is harder to read than a long line, and harder to get right.
        prefer_block_scalars: false,
    }
}

/// Kept inside this file: a tree can hold secrets, and must not be one `serde_json::to_string` away from a log.
struct Written<'a>(&'a Node);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0.value {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(flag) => serializer.serialize_bool(*flag),
            Value::Integer(number) => match i64::try_from(*number) {
                Ok(number) => serializer.serialize_i64(number),
                Err(_) => serializer.serialize_i128(*number),
            },
            Value::Float(number) => serializer.serialize_f64(*number),
            Value::Text(text) => serializer.serialize_str(text.expose_secret()),
            Value::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(&Written(item))?;
                }
                list.end()
            }
            Value::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for entry in entries {
                    map.serialize_entry(&entry.key, &Written(&entry.node))?;
                }
                map.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Equal in type and value, wherever they stand.
    fn same(one: &Node, other: &Node) -> bool {
        match (&one.value, &other.value) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Integer(a), Value::Integer(b)) => a == b,
            (Value::Float(a), Value::Float(b)) => a == b || (a.is_nan() && b.is_nan()),
            (Value::Text(a), Value::Text(b)) => a.expose_secret() == b.expose_secret(),
            (Value::List(a), Value::List(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
            }
            (Value::Map(a), Value::Map(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.key == b.key && same(&a.node, &b.node))
            }
            _ => false,
        }
    }

    fn node(value: Value) -> Node {
        Node::new(value)
    }

    /// Texts that YAML could take for something else, and any other.
    fn text() -> impl Strategy<Value = String> {
        let odd = prop::sample::select(vec![
            "",
            " ",
            "yes",
            "yEs",
            "y",
            "true",
            "tRUE",
            "08",
            "010",
            "1_0",
            "---",
            "...",
            "a\n---\nb",
            "null",
            "~",
            "0123",
            "0x1f",
            "1e3",
            ".nan",
            "-",
            "- a",
            "a: b",
            "#",
            "a #b",
            "*a",
            "&a",
            "!a",
            "%a",
            "@a",
            "`a",
            "'",
            "\"",
            "{a}",
            "[a]",
            "{{ .Values.x }}",
            "a\nb\n",
            "\n",
            "a\n\n b",
            "2026-01-01",
            "postgres://u:p@h/d?a=b&c",
            "a\tb",
            "\u{7f}",
            "\u{85}",
            "\u{feff}x",
            "é",
            "=",
            "<<",
            "...",
            "---",
        ]);
        prop_oneof![odd.prop_map(str::to_owned), "\\PC{0,12}", "[ -~\n]{0,100}"]
    }

    fn tree() -> impl Strategy<Value = Node> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(|flag| node(Value::Bool(flag))),
            any::<i64>().prop_map(|number| node(Value::Integer(number.into()))),
            any::<f64>().prop_map(|number| node(Value::Float(number))),
            text().prop_map(|text| node(Value::Text(text.into()))),
            any::<()>().prop_map(|()| node(Value::Null)),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(|items| node(Value::List(items))),
                prop::collection::btree_map("[a-z0-9 :#]{1,6}", inner, 0..5).prop_map(|map| {
                    let entries = map
                        .into_iter()
                        .map(|(key, node)| super::super::Entry { key, key_span: None, node })
                        .collect();
                    node(Value::Map(entries))
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back_the_same(tree in tree()) {
            let written = tree.to_yaml();
            let read = Node::from_yaml(&written).expect(&written);
            prop_assert!(same(&tree, &read), "{written}");
        }
    }
}
