//! Tests of the server as its clients, its users and kine see it.
//!
//! A server that is not on this machine shows as ignored tests.

mod compaction;
mod conformance;
mod content;
mod documentation;
mod interop;
mod kill;
mod layouts;
mod leases;
mod listening;
mod mishaps;
mod refusals;
mod requests;
mod scene;
mod serve;
mod stopping;
mod storage;
mod streams;
mod together;
mod wal;
mod watching;
mod wire;
mod workload;

use std::process::ExitCode;

use libtest_mimic::Arguments;

fn main() -> ExitCode {
    if let Some(ended) = serve::asked_to() {
        return ended;
    }
    let mut arguments = Arguments::from_args();
    // Most tests wait for a timer or a disk, not for a processor.
    arguments.test_threads.get_or_insert(8);
    let mut trials = conformance::trials();
    trials.extend(compaction::trials());
    trials.extend(documentation::trials());
    trials.extend(interop::trials());
    trials.extend(kill::trials());
    trials.extend(layouts::trials());
    trials.extend(leases::trials());
    trials.extend(listening::trials());
    trials.extend(mishaps::trials());
    trials.extend(refusals::trials());
    trials.extend(requests::trials());
    trials.extend(stopping::trials());
    trials.extend(storage::trials());
    trials.extend(streams::trials());
    trials.extend(together::trials());
    trials.extend(wal::trials());
    trials.extend(watching::trials());
    libtest_mimic::run(&arguments, trials).exit_code()
}
