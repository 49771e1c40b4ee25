//! The list of behaviours, and running them.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::timeout;

use super::{
    Failure, Server, Target, client, compact, keys, lease, progress, put, range, server, txn, watch,
};

/// What a behaviour may take; the slowest wait for a key to expire.
const TIME_LIMIT: Duration = Duration::from_secs(90);

type Running<'a> = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'a>>;

/// One behaviour of a server.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Behaviour {
    /// The module and the function: `range::list_with_a_limit_tells_of_more`.
    pub name: &'static str,
    /// What a server does that has it.
    pub doc: &'static str,
    /// Whether it compacts the store, which ends the history of everybody on it.
    pub compacts: bool,
    run: for<'a> fn(&'a Target) -> Running<'a>,
}

impl Behaviour {
    pub(super) const fn new(
        name: &'static str,
        doc: &'static str,
        compacts: bool,
        run: for<'a> fn(&'a Target) -> Running<'a>,
    ) -> Self {
        Self { name, doc, compacts, run }
    }

    /// Checks it, in a folder of keys of its own, for 90 s at the most.
    ///
    /// # Errors
    ///
    /// What was seen instead.
    pub async fn run(&self, target: &Target) -> Result<(), Failure> {
        let target = target.for_behaviour(self.name);
        match timeout(TIME_LIMIT, (self.run)(&target)).await {
            Ok(result) => result,
            Err(_elapsed) => Err(Failure::new(format!("not done within {TIME_LIMIT:?}"))),
        }
    }

    /// Checks it, and takes the known differences of the server into account: one that is listed must fail.
    ///
    /// # Errors
    ///
    /// A failure that is not listed, or that a listed one did not happen.
    pub async fn check(&self, target: &Target, server: &Server) -> Result<(), Failure> {
        server.judge(self, self.run(target).await)
    }
}

impl fmt::Debug for Behaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Behaviour")
            .field("name", &self.name)
            .field("compacts", &self.compacts)
            .finish_non_exhaustive()
    }
}

/// The behaviours of all modules. Those that compact come last, as they end the history of everybody on the store.
pub const SUITE: &[Behaviour] = &{
    let mut suite = [txn::BEHAVIOURS[0]; LENGTH];
    let mut filled = 0;
    let mut compacting = 0;
    while compacting < 2 {
        let mut module = 0;
        while module < MODULES.len() {
            let mut at = 0;
            while at < MODULES[module].len() {
                let behaviour = MODULES[module][at];
                if behaviour.compacts == (compacting == 1) {
                    suite[filled] = behaviour;
                    filled += 1;
                }
                at += 1;
            }
            module += 1;
        }
        compacting += 1;
    }
    suite
};

const MODULES: &[&[Behaviour]] = &[
    txn::BEHAVIOURS,
    put::BEHAVIOURS,
    range::BEHAVIOURS,
    keys::BEHAVIOURS,
    watch::BEHAVIOURS,
    progress::BEHAVIOURS,
    lease::BEHAVIOURS,
    server::BEHAVIOURS,
    client::BEHAVIOURS,
    compact::BEHAVIOURS,
];

const LENGTH: usize = {
    let mut length = 0;
    let mut module = 0;
    while module < MODULES.len() {
        length += MODULES[module].len();
        module += 1;
    }
    length
};

/// How a run of the suite ended.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// As they should be: passed, or failed as the list of differences says.
    pub passed: Vec<Behaviour>,
    /// The others, with what was seen.
    pub failed: Vec<(Behaviour, Failure)>,
}

/// Checks the behaviours that the filter lets through, one after the other, against a server and what is known of it.
pub async fn run_all(target: &Target, server: &Server, filter: impl Fn(&Behaviour) -> bool) -> Report {
    let mut report = Report::default();
    for behaviour in SUITE.iter().filter(|behaviour| filter(behaviour)) {
        match behaviour.check(target, server).await {
            Ok(()) => report.passed.push(*behaviour),
            Err(failure) => report.failed.push((*behaviour, failure)),
        }
    }
    report
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_behaviour_has_a_name_of_its_own_and_words() {
        let names: HashSet<&str> = SUITE.iter().map(|behaviour| behaviour.name).collect();
        assert_eq!(names.len(), SUITE.len());
        assert!(SUITE.iter().all(|behaviour| !behaviour.doc.trim().is_empty()));
    }

    #[test]
    fn those_that_compact_come_last() {
        let first = SUITE.iter().position(|behaviour| behaviour.compacts).unwrap();
        assert!(SUITE[first..].iter().all(|behaviour| behaviour.compacts));
    }
}
