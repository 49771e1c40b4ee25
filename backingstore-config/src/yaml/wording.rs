//! How booleans and numbers are spelt where Helm reads them as most people do not.
//!
//! Helm and vCluster read YAML through `sigs.k8s.io/yaml`, which follows YAML 1.1 (checked with its release 1.6).

use secrecy::SecretString;

use super::{Node, Value};

/// How a boolean or a number is spelt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wording {
    /// As most people read it.
    Usual,
    /// A boolean of YAML 1.1, such as `yes`: a text for YAML 1.2.
    BooleanWord,
    /// A number of another value than its decimal digits say, such as `010`.
    Octal,
}

/// The booleans, in lower case; each counts in lower case, in upper case, and with one capital.
const BOOLEANS: [&str; 8] = ["true", "false", "yes", "no", "on", "off", "y", "n"];

impl Node {
    /// Looks at the text of each boolean and number, and makes a text of a boolean that is none for Helm.
    pub(super) fn take_wordings(&mut self, text: &str) {
        let source = self.source.clone().and_then(|source| text.get(source)).unwrap_or_default();
        match &mut self.value {
            Value::List(items) => items.iter_mut().for_each(|item| item.take_wordings(text)),
            Value::Map(entries) => entries.iter_mut().for_each(|entry| entry.node.take_wordings(text)),
            Value::Bool(_) => {
                match BOOLEANS.iter().position(|word| source.eq_ignore_ascii_case(word)) {
                    Some(_) if !has_usual_case(source) => {
                        self.value = Value::Text(SecretString::from(source))
                    }
                    Some(index) if index > 1 => self.wording = Wording::BooleanWord,
                    // With a tag it can be anything that the parser takes.
                    _ => {}
                }
            }
            Value::Integer(number) => {
                let digits = source.trim_start_matches(['-', '+']);
                let is_octal = digits.starts_with('0')
                    && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
                if is_octal && digits.replace('_', "").parse() != Ok(number.unsigned_abs()) {
                    self.wording = Wording::Octal;
                }
            }
            _ => {}
        }
    }
}

fn has_usual_case(word: &str) -> bool {
    let rest = word.get(1..).unwrap_or_default();
    let is_lower = |text: &str| !text.contains(|c: char| c.is_ascii_uppercase());
    is_lower(rest) || !word.contains(|c: char| c.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (&'static str, Wording) {
        let tree = Node::from_yaml(&format!("é: 1\na: {text}\n")).unwrap();
        let node = &tree.entry("a").unwrap().node;
        (node.value.type_name(), node.wording)
    }

    /// What `sigs.k8s.io/yaml` 1.6 makes of each.
    #[test]
    fn booleans_and_numbers_are_read_as_helm_reads_them() {
        for word in ["yes", "Yes", "YES", "no", "on", "On", "OFF", "y", "Y", "n"] {
            assert_eq!(read(word), ("a boolean", Wording::BooleanWord), "{word}");
        }
        for word in ["true", "True", "FALSE", "!!bool true"] {
            assert_eq!(read(word), ("a boolean", Wording::Usual), "{word}");
        }
        for text in ["yEs", "tRUE", "oN", "'yes'", "\"on\"", "!!str yes", "yes sir", "|\n  yes"] {
            assert_eq!(read(text), ("a text", Wording::Usual), "{text}");
        }
        for (number, wording) in [
            ("010", Wording::Octal),
            ("-010", Wording::Octal),
            ("007", Wording::Usual),
            ("0", Wording::Usual),
            ("0o10", Wording::Usual),
            ("0x10", Wording::Usual),
            ("1_000", Wording::Usual),
            ("3.0", Wording::Usual),
            ("08", Wording::Usual),
        ] {
            assert_eq!(read(number), ("a number", wording), "{number}");
        }
    }

    #[test]
    fn what_an_alias_brings_is_worded_as_it_is_written() {
        let tree = Node::from_yaml("a: &x yes\nb: *x\n").unwrap();
        assert_eq!(tree.entry("b").unwrap().node.wording, Wording::BooleanWord);
    }
}
