//! Tests of the server as its clients, its users and kine see it.
//!
//! A server that is not on this machine shows as ignored tests.

mod conformance;

use libtest_mimic::Arguments;

fn main() {
    let mut arguments = Arguments::from_args();
    // Most tests wait for a timer or a disk, not for a processor.
    arguments.test_threads.get_or_insert(8);
    let trials = conformance::trials();
    libtest_mimic::run(&arguments, trials).exit();
}
