//! Tests of the client against real servers: the conformance suite on each, and faults on some.
//!
//! A server that is not on this machine shows as ignored tests.

mod findings;
mod outcomes;
mod scene;
mod scripted;
mod secure;
mod servers;
mod watching;

use libtest_mimic::Arguments;

fn main() {
    let mut arguments = Arguments::from_args();
    // Most tests wait for a server or a timer, not for a processor.
    arguments.test_threads.get_or_insert(8);
    let mut trials = scripted::trials();
    trials.extend(outcomes::trials());
    trials.extend(watching::trials());
    trials.extend(secure::trials());
    trials.extend(findings::trials());
    trials.extend(servers::trials());
    libtest_mimic::run(&arguments, trials).exit();
}
