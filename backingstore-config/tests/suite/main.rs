//! What holds for whole files and for whole data sources, seen from outside the crate.
//!
//! A test whose files or whose program are not on this machine shows as ignored.

mod chart_values;
mod diagnostics;
mod documentation;
mod driver_comparison;
mod rules;
mod secrets;

use std::process::ExitCode;

use libtest_mimic::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = chart_values::trials();
    trials.extend(diagnostics::trials());
    trials.extend(documentation::trials());
    trials.extend(driver_comparison::trials());
    trials.extend(rules::trials());
    trials.extend(secrets::trials());
    libtest_mimic::run(&arguments, trials).exit_code()
}
