//! Percent-encoding as Go's `net/url` undoes it, which is what kine's drivers read with.

use super::fault::Fault;

/// What a `+` means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plus {
    /// Itself: in a user, a password or a path.
    Literal,
    /// A space: in a query (`application/x-www-form-urlencoded`).
    Space,
}

/// Undoes percent-encoding. Text after `%` that is not two hexadecimal digits, and bytes that are not UTF-8,
/// are refused.
pub(super) fn decode(text: &str, plus: Plus) -> Result<String, Fault> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let digits = (rest.next().and_then(hex), rest.next().and_then(hex));
                let (Some(high), Some(low)) = digits else {
                    return Err(Fault::invalid(
                        "a `%` that two hexadecimal digits do not follow",
                        "write a `%` that stands for itself as `%25`",
                    ));
                };
                bytes.push(high << 4 | low);
            }
            b'+' if plus == Plus::Space => bytes.push(b' '),
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).map_err(|_| {
        Fault::invalid(
            "percent-encoded bytes that are not UTF-8",
            "encode the UTF-8 form of the text, each byte as `%` and two hexadecimal digits",
        )
    })
}

/// Percent-encodes all but letters, digits, `-`, `.`, `_` and `~`, which every reader undoes alike.
pub(super) fn encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|d| u8::try_from(d).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_bytes_are_joined_to_characters() {
        assert_eq!(decode("p%40ss%c3%A9", Plus::Literal).unwrap(), "p@ss\u{e9}");
    }

    #[test]
    fn what_is_encoded_is_decoded_to_the_same() {
        for text in ["", "a-b.c_d~9", "p@s:s/w?o#r%d &=+", "\u{e9}\0\n"] {
            for plus in [Plus::Literal, Plus::Space] {
                assert_eq!(decode(&encode(text), plus).unwrap(), text);
            }
        }
        assert_eq!(encode("a/b +"), "a%2Fb%20%2B");
    }

    #[test]
    fn a_plus_is_a_space_in_a_query_only() {
        assert_eq!(decode("a+b", Plus::Literal).unwrap(), "a+b");
        assert_eq!(decode("a+b", Plus::Space).unwrap(), "a b");
    }

    #[test]
    fn broken_encoding_is_refused() {
        for text in ["%", "%4", "%zz", "a%+1", "%ff"] {
            assert!(decode(text, Plus::Literal).is_err(), "{text}");
        }
    }
}
