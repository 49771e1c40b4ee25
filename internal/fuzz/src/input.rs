//! How a fuzzer's bytes are read.

use std::borrow::Cow;

/// Stands in a password, and in nothing that a parser or a message has of its own.
pub(crate) const CANARY: &str = "CANARY";

/// What the bytes mean.
pub(crate) enum Input<'a, const N: usize> {
    /// The text as it is.
    Whole(Cow<'a, str>),
    /// `~`, `N` letters, and a text: a password for the place that the letters name, `a` for the first. The canary goes
    /// in for the first `|` of the text, or at its end.
    Password {
        /// What the letters say.
        place: [usize; N],
        /// The password, with the canary.
        password: String,
    },
}

impl<'a, const N: usize> Input<'a, N> {
    /// Reads bytes, where each letter has so many choices. What is not UTF-8 in the text is replaced: a text that never
    /// was UTF-8 reaches no parser.
    pub(crate) fn read(data: &'a [u8], choices: [usize; N]) -> Self {
        let chosen = data.strip_prefix(b"~").and_then(<[u8]>::split_first_chunk::<N>);
        if let Some((letters, text)) = chosen {
            let place = letters.map(|letter| usize::from(letter.wrapping_sub(b'a')));
            let text = String::from_utf8_lossy(text);
            // A fuzzer learns the canary's name, and could write it where no password is.
            let is_free = !text.contains(CANARY);
            if is_free && place.iter().zip(&choices).all(|(place, choices)| place < choices) {
                let (before, after) = text.split_once('|').unwrap_or((&text, ""));
                // A word of letters alone may be shown where a key stands: it is a misspelt one. With the `+` this is
                // none, as most passwords are.
                return Self::Password { place, password: format!("{before}{CANARY}+x7Qz{after}") };
            }
        }
        Self::Whole(String::from_utf8_lossy(data))
    }
}

/// The text without one newline at its end, as it is read from files and Secrets: `echo` adds one.
pub(crate) fn without_newline(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_choose_the_place_of_the_password() {
        assert!(
            matches!(Input::read(b"~ba@|/c|d", [2, 1]), Input::Password { place: [1, 0], password } if password == "@CANARY+x7Qz/c|d")
        );
        for whole in [&b"~ca"[..], b"~ab", b"~a", b"~", b"", b"a: ~"] {
            assert!(matches!(Input::read(whole, [2, 1]), Input::Whole(text) if text.as_bytes() == whole));
        }
    }
}
