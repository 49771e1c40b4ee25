//! A key as it is stored, and a range of keys.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// A key: UTF-8 without NUL, which every database that holds kine's table can store. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key(Arc<str>);

impl Key {
    /// Checks what a client sent.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, NoKey> {
        if bytes.is_empty() {
            return Err(NoKey::Empty);
        }
        match std::str::from_utf8(bytes) {
            Ok(text) if !text.contains('\0') => Ok(Self(text.into())),
            _ => Err(NoKey::NotText(String::from_utf8_lossy(bytes).into_owned())),
        }
    }

    /// A name read from the database.
    pub(crate) fn stored(name: &str) -> Self {
        Self(name.into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl Borrow<str> for Key {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why bytes are no key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoKey {
    Empty,
    /// Holds the bytes, with what is not text replaced.
    NotText(String),
    /// This database would change the key.
    NotHere(String),
}

/// A half-open range of keys. Its bounds may be any bytes: only keys have to be text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyRange {
    /// Inclusive.
    pub(crate) start: Vec<u8>,
    /// Exclusive; none for no upper bound.
    pub(crate) end: Option<Vec<u8>>,
}

impl KeyRange {
    /// What `key` and `range_end` mean on etcd's wire when `range_end` is not empty: a single NUL byte as the end
    /// asks for every key from `key` on.
    pub(crate) fn from_wire(key: &[u8], range_end: &[u8]) -> Self {
        let end = (range_end != [0]).then(|| range_end.to_vec());
        Self { start: key.to_vec(), end }
    }

    /// The range that holds `key` alone.
    pub(crate) fn single(key: &[u8]) -> Self {
        Self { start: key.to_vec(), end: Some([key, &[0]].concat()) }
    }

    pub(crate) fn everything() -> Self {
        Self { start: Vec::new(), end: None }
    }

    pub(crate) fn contains(&self, key: &[u8]) -> bool {
        key >= self.start.as_slice() && self.is_before_end(key)
    }

    pub(crate) fn is_before_end(&self, key: &[u8]) -> bool {
        self.end.as_deref().is_none_or(|end| key < end)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.end.as_ref().is_some_and(|end| *end <= self.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_text_without_nul() {
        assert!(Key::parse("/registry/pods/ünïcode".as_bytes()).is_ok());
        assert!(matches!(Key::parse(b""), Err(NoKey::Empty)));
        assert!(matches!(Key::parse(b"a\0b"), Err(NoKey::NotText(_))));
        assert!(matches!(Key::parse(b"a\xffb"), Err(NoKey::NotText(_))));
    }

    #[test]
    fn a_range_ends_before_its_end() {
        let range = KeyRange::from_wire(b"/a/", b"/a0");
        assert!(range.contains(b"/a/") && range.contains(b"/a/zz"));
        assert!(!range.contains(b"/a0") && !range.contains(b"/a"));
        assert!(KeyRange::from_wire(b"/a", &[0]).contains(b"\xff\xff"));
        assert!(KeyRange::single(b"/a").contains(b"/a") && !KeyRange::single(b"/a").contains(b"/aa"));
        assert!(KeyRange::from_wire(b"/b", b"/a").is_empty());
    }
}
