//! A mapping of the model: one list of keys is the struct, its reader and its schema.

use serde_json::{Map, Value as Json};

use super::{Findings, Spot};

/// A mapping with keys of its own.
pub(crate) trait Section: Sized {
    /// The keys, those of flattened sections too.
    fn keys() -> Vec<&'static str>;

    /// Reads the values, without a look at other keys.
    fn read_keys(spot: &Spot<'_>, findings: &mut Findings) -> Self;

    /// The schema of each key.
    fn properties() -> Map<String, Json>;
}

/// Makes a struct of the model, and reads it.
///
/// `strict` refuses every key that is not listed; `tolerant` passes on what is not, with a remark on one that is misspelt.
/// A key is
/// `"nameInYaml" name_in_rust: Type`, and `[name_in_rust: Type]` stands for all keys of another section.
macro_rules! section {
    (
        $(#[$attribute:meta])*
        $vis:vis $strictness:ident $name:ident {
            $( [ $(#[doc = $flat_doc:literal])+ $flat:ident : $flat_type:ty ], )*
            $( $(#[doc = $doc:literal])+ $key:literal $field:ident : $type:ty , )*
        }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Default)]
        #[non_exhaustive]
        $vis struct $name {
            $( $(#[doc = $flat_doc])+ pub $flat: $flat_type, )*
            $( $(#[doc = $doc])+ pub $field: $type, )*
        }

        /// Redacted.
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name))
                    $( .field(stringify!($flat), &self.$flat) )*
                    $( .field(stringify!($field), &$crate::reading::Shown(&self.$field)) )*
                    .finish()
            }
        }

        impl $crate::reading::Section for $name {
            fn keys() -> Vec<&'static str> {
                #[allow(unused_mut)]
                let mut keys = vec![$($key),*];
                $( keys.extend(<$flat_type as $crate::reading::Section>::keys()); )*
                keys
            }

            #[allow(unused_variables)]
            fn read_keys(
                spot: &$crate::reading::Spot<'_>,
                findings: &mut $crate::reading::Findings,
            ) -> Self {
                Self {
                    $( $flat: <$flat_type as $crate::reading::Section>::read_keys(spot, findings), )*
                    $( $field: <$type as $crate::reading::Field>::read(&spot.key($key), findings), )*
                }
            }

            fn properties() -> serde_json::Map<String, serde_json::Value> {
                #[allow(unused_mut)]
                let mut properties = serde_json::Map::new();
                $( properties.extend(<$flat_type as $crate::reading::Section>::properties()); )*
                $( properties.insert(
                    $key.to_owned(),
                    $crate::reading::described(<$type as $crate::reading::Field>::schema(), &[$($doc),+]),
                ); )*
                properties
            }
        }

        impl $crate::reading::Field for $name {
            fn read(
                spot: &$crate::reading::Spot<'_>,
                findings: &mut $crate::reading::Findings,
            ) -> Self {
                spot.mapping(findings);
                section!(@check $strictness $name, spot, findings);
                <Self as $crate::reading::Section>::read_keys(spot, findings)
            }

            fn schema() -> serde_json::Value {
                serde_json::json!({
                    "type": "object",
                    "properties": <Self as $crate::reading::Section>::properties(),
                    "additionalProperties": section!(@additional $strictness),
                })
            }
        }

        impl $crate::reading::Field for Option<$name> {
            fn read(
                spot: &$crate::reading::Spot<'_>,
                findings: &mut $crate::reading::Findings,
            ) -> Self {
                spot.node().map(|_| <$name as $crate::reading::Field>::read(spot, findings))
            }

            fn schema() -> serde_json::Value {
                <$name as $crate::reading::Field>::schema()
            }
        }
    };
    (@check strict $name:ident, $spot:ident, $findings:ident) => {
        $spot.allow_only(&<$name as $crate::reading::Section>::keys(), $findings)
    };
    (@check tolerant $name:ident, $spot:ident, $findings:ident) => {
        $spot.remark_misspelt(&<$name as $crate::reading::Section>::keys(), $findings)
    };
    (@additional strict) => { false };
    (@additional tolerant) => { true };
}

pub(crate) use section;

/// A key's schema with what its documentation says.
pub(crate) fn described(mut schema: Json, documentation: &[&str]) -> Json {
    let text = documentation.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ");
    // Links of rustdoc mean nothing in a schema.
    let text = text.replace("[`", "`").replace("`]", "`");
    if let Json::Object(map) = &mut schema {
        map.insert("description".to_owned(), Json::String(text));
    }
    schema
}

/// A schema as a document of its own.
pub(crate) fn document(mut schema: Json, title: &str) -> Json {
    if let Json::Object(map) = &mut schema {
        map.insert("$schema".to_owned(), "https://json-schema.org/draft/2020-12/schema".into());
        map.insert("title".to_owned(), title.into());
    }
    schema
}
