//! Durations as Go's `time.ParseDuration` reads them: `1m30s`, `-1.5h`, `300ms`, `0`.

/// The largest magnitude that Go's `Duration` has room for, negative ones included.
const LIMIT: u64 = 1 << 63;

/// Reads a duration as a signed number of nanoseconds. None where Go refuses it: no unit, an unknown one, no digit, or
/// more than 64 bits hold.
pub(super) fn nanoseconds(text: &str) -> Option<i64> {
    let (is_negative, mut rest) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total = 0_u64;
    while !rest.is_empty() {
        let (term, after) = term(rest)?;
        total = total.checked_add(term).filter(|sum| *sum <= LIMIT)?;
        rest = after;
    }
    if is_negative { 0_i64.checked_sub_unsigned(total) } else { i64::try_from(total).ok() }
}

/// One number with its unit, and what follows it.
fn term(text: &str) -> Option<(u64, &str)> {
    let (digits, rest) = split_digits(text);
    let (decimals, rest) = match rest.strip_prefix('.') {
        Some(rest) => split_digits(rest),
        None => ("", rest),
    };
    if digits.is_empty() && decimals.is_empty() {
        return None;
    }
    let end = rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(end);
    let unit = unit_nanoseconds(unit)?;
    let whole: u64 = if digits.is_empty() { 0 } else { digits.parse().ok()? };
    let whole = whole.checked_mul(unit).filter(|product| *product <= LIMIT)?;
    let sum = whole.checked_add(part_of(decimals, unit)).filter(|sum| *sum <= LIMIT)?;
    Some((sum, rest))
}

fn split_digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(end)
}

/// What the digits after the point are worth, cut to whole nanoseconds. Digits that do not fit in 64 bits are left out,
/// and the rest is reckoned in floating point, as Go does it, so that both give the same number.
fn part_of(decimals: &str, unit: u64) -> u64 {
    let mut value = 0_u64;
    let mut scale = 1.0_f64;
    for digit in decimals.bytes() {
        if value > (LIMIT - 1) / 10 {
            break;
        }
        let next = value * 10 + u64::from(digit - b'0');
        if next > LIMIT {
            break;
        }
        value = next;
        scale *= 10.0;
    }
    if value == 0 { 0 } else { (value as f64 * (unit as f64 / scale)) as u64 }
}

fn unit_nanoseconds(unit: &str) -> Option<u64> {
    Some(match unit {
        "ns" => 1,
        // The micro sign and the Greek letter.
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_units_are_added() {
        for (text, expected) in [
            ("0", 0),
            ("-0", 0),
            ("+0", 0),
            ("5s", 5_000_000_000),
            ("1m30s", 90_000_000_000),
            ("1.5h", 5_400_000_000_000),
            (".5s", 500_000_000),
            ("1.s", 1_000_000_000),
            ("-1.5ms", -1_500_000),
            ("+2us", 2_000),
            ("2\u{b5}s2\u{3bc}s", 4_000),
            ("1h1m1s1ms1us1ns", 3_661_001_001_001),
            ("0.100000000000000000000h", 360_000_000_000),
            ("9223372036854775807ns", i64::MAX),
            ("-9223372036854775808ns", i64::MIN),
        ] {
            assert_eq!(nanoseconds(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for text in [
            "",
            "-",
            "+",
            "5",
            "s",
            ".s",
            "1 s",
            "1S",
            "1d",
            "1s ",
            "--1s",
            "1..5s",
            "00",
            "1e3s",
            "9223372036854775808ns",
            "-9223372036854775809ns",
            "99999999999999999999s",
            "2562048h",
        ] {
            assert_eq!(nanoseconds(text), None, "{text}");
        }
    }
}
