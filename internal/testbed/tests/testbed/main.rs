//! The testbed, tried on itself: each server starts, answers, and is gone afterwards.

mod outliving;
mod proxying;
mod servers;

use libtest_mimic::Arguments;

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> std::process::ExitCode {
    if outliving::is_owner() {
        return outliving::own();
    }
    let arguments = Arguments::from_args();
    let mut trials = servers::trials();
    trials.extend(outliving::trials());
    trials.extend(proxying::trials());
    libtest_mimic::run(&arguments, trials).exit_code()
}
