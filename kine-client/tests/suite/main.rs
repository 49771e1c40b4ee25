//! Tests of the client against real servers: the conformance suite on each, and faults on some.
//!
//! A server that is not on this machine shows as ignored tests.

mod servers;

use libtest_mimic::{Arguments, Trial};

fn main() {
    let mut arguments = Arguments::from_args();
    // Most tests wait for a server or a timer, not for a processor.
    arguments.test_threads.get_or_insert(8);
    let trials: Vec<Trial> = servers::trials();
    libtest_mimic::run(&arguments, trials).exit();
}
