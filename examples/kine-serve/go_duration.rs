//! Durations as Go writes them: `1m30s`, `100ms`, `0`.

use std::str::FromStr;
use std::time::Duration;

/// A duration; what is negative counts as nothing, as kine has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct GoDuration(pub(crate) Duration);

impl FromStr for GoDuration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || format!("{text:?} is no duration: write it like 1m30s, 100ms or 0");
        let (is_negative, mut rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        if rest == "0" {
            return Ok(Self(Duration::ZERO));
        }
        if rest.is_empty() {
            return Err(refused());
        }
        let mut seconds = 0.0;
        while !rest.is_empty() {
            let number = rest.find(|c: char| c != '.' && !c.is_ascii_digit()).ok_or_else(refused)?;
            let (number, after) = rest.split_at(number);
            let unit = after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len());
            let (unit, after) = after.split_at(unit);
            let factor = match unit {
                "ns" => 1e-9,
                "us" | "µs" | "μs" => 1e-6,
                "ms" => 1e-3,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                _ => return Err(refused()),
            };
            seconds += number.parse::<f64>().map_err(|_| refused())? * factor;
            rest = after;
        }
        let duration = Duration::try_from_secs_f64(seconds).map_err(|_| refused())?;
        Ok(Self(if is_negative { Duration::ZERO } else { duration }))
    }
}
