//! Tests of the whole way from a config to keys, in this process and through the user's kine.
//!
//! A kine or PostgreSQL that is not on this machine shows as ignored tests.

mod embedded;
mod through_kine;

use libtest_mimic::Arguments;

fn main() {
    if through_kine::is_abandoned_parent() {
        return through_kine::be_an_abandoned_parent();
    }
    let arguments = Arguments::from_args();
    let trials = embedded::trials().into_iter().chain(through_kine::trials()).collect();
    libtest_mimic::run(&arguments, trials).exit();
}

/// What a test ends with.
type Tested = Result<(), Box<dyn std::error::Error>>;

/// Runs a test on a runtime of its own.
fn block_on(test: impl Future<Output = Tested>) -> Tested {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(test)
}
