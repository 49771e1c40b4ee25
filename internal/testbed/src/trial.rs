//! Tests that are known at run time, and ignored when the machine lacks what they need.

use std::error::Error;

use libtest_mimic::{Failed, Trial};

use crate::Need;

/// A test for `libtest_mimic` that counts as ignored, with what is missing beside its name, when this machine lacks one
/// of `needs`. Run all the same (`--include-ignored`), it fails: a server that is not here was not tested.
///
/// ```
/// use testbed::{Etcd, Need, trial};
///
/// let tests = vec![trial("etcd_starts", &[Need::Etcd], || {
///     let etcd = Etcd::start()?;
///     assert!(etcd.endpoint().starts_with("http://127.0.0.1:"));
///     Ok(())
/// })];
/// # drop(tests);
/// // libtest_mimic::run(&libtest_mimic::Arguments::from_args(), tests).exit();
/// ```
pub fn trial(
    name: impl Into<String>,
    needs: &[Need],
    test: impl FnOnce() -> Result<(), Box<dyn Error>> + Send + 'static,
) -> Trial {
    // `Failed` would print the error's Debug form; the Display form is the one written for people.
    let trial = Trial::test(name, || test().map_err(|error| Failed::from(error.to_string())));
    match needs.iter().find(|need| need.check().is_err()) {
        None => trial,
        Some(need) => trial.with_kind(format!("needs {need}")).with_ignored_flag(true),
    }
}
