//! What may be shown of what a user wrote.

/// Stands for a secret wherever one would be shown. Its length says nothing about the secret's.
pub(crate) const MASK: &str = "***";

/// Whether the text goes into the secret form or into one that can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Secrets {
    Exposed,
    Masked,
}

/// Whether a key's name may be shown although nobody knows it.
///
/// A misplaced data source or half a password can stand where a name is expected (`external: {
/// postgres://u:p@h/db }`). It holds a `:`, an `@` or the like; a name does not.
pub(crate) fn is_plain_word(name: &str) -> bool {
    name.len() <= 63
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}
