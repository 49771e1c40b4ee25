//! What must hold for every text that the family's parsers are given, each as a function of arbitrary bytes that
//! panics where it does not hold.
//!
//! Read `input` first: it says how bytes become a text, or a password in a place where a user could write one.
//! `shown` is the check that no password is shown, and `yaml` puts one into a values file. Then there is a file for each
//! target. libFuzzer calls them through `fuzz_targets/`, and an ordinary test calls them with every file of `corpus/`.

mod address_block;
mod chart_release;
mod data_source;
mod data_source_input;
mod input;
mod platform_values;
mod secret_keys;
mod shown;
mod values;
mod yaml;

use std::path::Path;
use std::process::ExitCode;

pub use address_block::address_block;
pub use chart_release::chart_release;
pub use data_source::data_source;
pub use data_source_input::data_source_input;
pub use platform_values::platform_values;
pub use secret_keys::secret_keys;
pub use values::values;

/// A target: it panics if something does not hold for these bytes.
pub type Target = fn(&[u8]);

/// All targets, each with the name of its program and of its folder below `corpus/`.
pub const TARGETS: &[(&str, Target)] = &[
    ("address_block", address_block),
    ("chart_release", chart_release),
    ("data_source", data_source),
    ("data_source_input", data_source_input),
    ("platform_values", platform_values),
    ("secret_keys", secret_keys),
    ("values", values),
];

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
