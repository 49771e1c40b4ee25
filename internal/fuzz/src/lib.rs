//! What must hold for every text that the family's parsers are given, each as a function of arbitrary bytes that
//! panics where it does not hold.
//!
//! Read [`input`] first: it says how bytes become a text, or a password in a place where a user could write one.
//! [`shown`] is the check that no password is shown. Then there is a file for each target. libFuzzer calls them
//! through `fuzz_targets/`, and an ordinary test calls them with every file of `corpus/`.

mod chart_release;
mod data_source;
mod input;
mod shown;
mod values;

use std::path::Path;
use std::process::ExitCode;

pub use chart_release::chart_release;
pub use data_source::data_source;
pub use values::values;

/// A target: it panics if something does not hold for these bytes.
pub type Target = fn(&[u8]);

/// All targets, each with the name of its program and of its folder below `corpus/`.
pub const TARGETS: &[(&str, Target)] =
    &[("chart_release", chart_release), ("data_source", data_source), ("values", values)];

/// Checks the files that the program's arguments name. It panics at the first for which something does not hold, as
/// libFuzzer's program does.
pub fn replay(target: Target) -> ExitCode {
    let files: Vec<_> = std::env::args_os().skip(1).collect();
    if files.is_empty() {
        eprintln!(
            "name the files to check, such as one that libFuzzer wrote; to search for more: scripts/fuzz.sh"
        );
        return ExitCode::from(2);
    }
    for file in files {
        let file = Path::new(&file);
        match std::fs::read(file) {
            Ok(data) => {
                eprintln!("{}", file.display());
                target(&data);
            }
            Err(error) => {
                eprintln!("{}: {error}", file.display());
                return ExitCode::from(2);
            }
        }
    }
    ExitCode::SUCCESS
}
