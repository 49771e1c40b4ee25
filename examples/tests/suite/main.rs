//! Runs the examples as a user does.

mod inspect;
mod kine_browse;
mod kine_serve;
mod program;
mod quickstart;

use libtest_mimic::Arguments;

fn main() {
    let arguments = Arguments::from_args();
    let trials = [quickstart::trials(), inspect::trials(), kine_serve::trials(), kine_browse::trials()];
    libtest_mimic::run(&arguments, trials.into_iter().flatten().collect()).exit();
}
