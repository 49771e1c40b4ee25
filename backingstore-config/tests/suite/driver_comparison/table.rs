//! The tables in `driver_tables`.
//!
//! | line | meaning |
//! |---|---|
//! | `# ...` | a comment |
//! | `+ DATA SOURCE` | it is read; the next line is what is read in it, as JSON, what is at its default left out |
//! | `- DATA SOURCE` | it is refused |
//! | `! NAME DATA SOURCE` | our parser and the driver differ, as the difference NAME says |

use std::error::Error;
use std::path::PathBuf;

use serde_json::Value;

/// One data source of a table.
pub(super) struct Case {
    /// The comments and empty lines before it.
    before: String,
    pub(super) data_source: String,
    pub(super) verdict: Verdict,
}

pub(super) enum Verdict {
    Read(Value),
    Refused,
    Differs(String),
}

/// Reads a table.
///
/// # Errors
///
/// When it is not there or a line is none of the above.
pub(super) fn read(name: &str) -> Result<Vec<Case>, Box<dyn Error>> {
    let text = std::fs::read_to_string(path(name))?;
    let mut cases = Vec::new();
    let mut before = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.is_empty() || line.starts_with('#') {
            before.push_str(line);
            before.push('\n');
            continue;
        }
        let (data_source, verdict) = match line.split_at_checked(2) {
            Some(("+ ", rest)) => {
                let view = lines.next().ok_or_else(|| format!("{name}: nothing follows {line}"))?;
                (rest, Verdict::Read(serde_json::from_str(view)?))
            }
            Some(("- ", rest)) => (rest, Verdict::Refused),
            Some(("! ", rest)) => {
                let (difference, rest) = rest.split_once(' ').unwrap_or((rest, ""));
                (rest, Verdict::Differs(difference.to_owned()))
            }
            _ => return Err(format!("{name}: no case: {line}").into()),
        };
        let before = std::mem::take(&mut before);
        cases.push(Case { before, data_source: data_source.to_owned(), verdict });
    }
    Ok(cases)
}

/// Writes a table.
///
/// # Errors
///
/// When the file cannot be written.
pub(super) fn write(name: &str, cases: &[Case]) -> Result<(), Box<dyn Error>> {
    let mut text = String::new();
    for Case { before, data_source, verdict } in cases {
        text.push_str(before);
        text.push_str(&match verdict {
            Verdict::Read(view) => format!("+ {data_source}\n  {view}\n"),
            Verdict::Refused => format!("- {data_source}\n"),
            Verdict::Differs(difference) => format!("! {difference} {data_source}\n"),
        });
    }
    Ok(std::fs::write(path(name), text)?)
}

fn path(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/suite/driver_tables", name].iter().collect()
}
