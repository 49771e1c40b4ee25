//! Which keys are meant.

use bytes::Bytes;

use crate::Error;

/// A set of keys: one, those with a prefix, or those between two bounds.
///
/// Where a `KeyRange` is asked for, a plain string means the keys with that prefix:
///
/// ```no_run
/// # async fn example(client: kine_client::Client) -> Result<(), kine_client::Error> {
/// use kine_client::KeyRange;
///
/// let pods = client.count("/registry/pods/").await?;
/// let one = client.count(KeyRange::key("/registry/pods/default/web")).await?;
/// # Ok(())
/// # }
/// ```
///
/// There is no "from this key on" as etcd has it with a NUL byte as the end: kine answers such a range with nothing, or
/// with an error.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyRange {
    start: Bytes,
    /// Exclusive; empty for the one key `start`.
    end: Bytes,
}

impl KeyRange {
    /// One key.
    pub fn key(key: impl AsRef<[u8]>) -> Self {
        Self { start: Bytes::copy_from_slice(key.as_ref()), end: Bytes::new() }
    }

    /// Every key that begins with `prefix`. An empty prefix means [`KeyRange::all`].
    ///
    /// The range ends before the next string that does not begin with the prefix. For a prefix that is UTF-8 the end is
    /// UTF-8 too, as kine's PostgreSQL column demands of a bound.
    pub fn prefix(prefix: impl AsRef<[u8]>) -> Self {
        let prefix = prefix.as_ref();
        match after_prefix(prefix) {
            Some(end) if !prefix.is_empty() => {
                Self { start: Bytes::copy_from_slice(prefix), end: Bytes::from(end) }
            }
            _ => Self::all(),
        }
    }

    /// The keys from `start` on and before `end`, in byte order.
    pub fn between(start: impl AsRef<[u8]>, end: impl AsRef<[u8]>) -> Self {
        Self { start: Bytes::copy_from_slice(start.as_ref()), end: Bytes::copy_from_slice(end.as_ref()) }
    }

    /// Every key whose first character is from U+0001 to U+007E: those that kine can hold on any of its databases, for
    /// MySQL takes ASCII alone.
    pub fn all() -> Self {
        Self { start: Bytes::from_static(b"\x01"), end: Bytes::from_static(b"\x7f") }
    }

    /// The first key that can be in the range.
    pub fn start(&self) -> &[u8] {
        &self.start
    }

    /// The first key after the range, or `None` if the range is one key.
    pub fn end(&self) -> Option<&[u8]> {
        if self.end.is_empty() { None } else { Some(&self.end) }
    }

    /// Whether the key is in the range.
    pub fn contains(&self, key: impl AsRef<[u8]>) -> bool {
        let key = key.as_ref();
        match self.end() {
            None => key == &self.start[..],
            Some(end) => key >= &self.start[..] && key < end,
        }
    }

    pub(crate) fn start_bytes(&self) -> &Bytes {
        &self.start
    }

    pub(crate) fn end_bytes(&self) -> &Bytes {
        &self.end
    }

    /// Refuses what servers would answer with nothing or with everything: an empty start (etcd refuses it, kine watches
    /// every key) and an end that is not after the start.
    pub(crate) fn check(&self, operation: &'static str) -> Result<(), Error> {
        if self.start.is_empty() {
            return Err(Error::invalid(operation, "the range has no start; KeyRange::all means every key"));
        }
        if !self.end.is_empty() && self.end <= self.start {
            return Err(Error::invalid(operation, "the range ends before it starts").on_key(&self.start));
        }
        Ok(())
    }
}

impl From<&KeyRange> for KeyRange {
    fn from(range: &KeyRange) -> Self {
        range.clone()
    }
}

macro_rules! prefix_from {
    ($($text:ty),+) => {$(
        impl From<$text> for KeyRange {
            /// The keys with this prefix.
            fn from(prefix: $text) -> Self {
                Self::prefix(prefix)
            }
        }
    )+};
}

prefix_from!(&str, &String, String, &[u8], Vec<u8>, Bytes);

/// The end of the range of keys that begin with `prefix`, or `None` where nothing comes after them.
fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let by_byte = next_by_byte(prefix);
    match std::str::from_utf8(prefix) {
        // Almost always the two agree. Where they do not, only keys that are not UTF-8 lie between them.
        Ok(text) if by_byte.as_deref().is_none_or(|end| std::str::from_utf8(end).is_err()) => {
            next_by_character(text)
        }
        _ => by_byte,
    }
}

fn next_by_byte(prefix: &[u8]) -> Option<Vec<u8>> {
    let kept = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut end = prefix[..=kept].to_vec();
    end[kept] += 1;
    Some(end)
}

fn next_by_character(prefix: &str) -> Option<Vec<u8>> {
    let mut kept = prefix.to_owned();
    while let Some(last) = kept.pop() {
        // The step over the surrogates, which are no characters, is the range's own.
        if let Some(next) = (last..=char::MAX).nth(1) {
            kept.push(next);
            return Some(kept.into_bytes());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end_of(prefix: &str) -> Vec<u8> {
        KeyRange::prefix(prefix).end().unwrap().to_vec()
    }

    #[test]
    fn a_prefix_ends_before_the_next_string_without_it() {
        assert_eq!(end_of("/registry/"), b"/registry0");
        assert_eq!(end_of("é"), "ê".as_bytes());
        assert_eq!(KeyRange::prefix([b'a', 0xff]).end().unwrap(), b"b");
    }

    #[test]
    fn the_end_of_a_text_prefix_is_text() {
        // One more on the last byte would be 0x80 and 0xc3 0xc0: neither is UTF-8.
        assert_eq!(end_of("a\u{7f}"), "a\u{80}".as_bytes());
        assert_eq!(end_of("ÿ"), "\u{100}".as_bytes());
        assert_eq!(end_of("\u{d7ff}"), "\u{e000}".as_bytes());
        assert_eq!(end_of("a\u{10ffff}"), b"b");
    }

    #[test]
    fn a_prefix_holds_what_begins_with_it_and_nothing_else() {
        let range = KeyRange::from("/a/");
        assert!(range.contains("/a/") && range.contains("/a/\u{10ffff}"));
        assert!(!range.contains("/a") && !range.contains("/a0") && !range.contains("/b/"));
        assert!(KeyRange::key("/a/").contains("/a/") && !KeyRange::key("/a/").contains("/a/b"));
    }

    #[test]
    fn nothing_after_a_prefix_means_everything() {
        assert_eq!(KeyRange::prefix(""), KeyRange::all());
        assert_eq!(KeyRange::prefix([0xff, 0xff]), KeyRange::all());
    }

    #[test]
    fn ranges_that_hold_nothing_are_refused() {
        assert!(KeyRange::between("b", "a").check("list").is_err());
        assert!(KeyRange::between("a", "a").check("list").is_err());
        assert!(KeyRange::key("").check("get").is_err());
        assert!(KeyRange::between("a", "b").check("list").is_ok());
    }
}
