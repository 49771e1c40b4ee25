//! Ten thousand operations such as a control plane does: creates, updates, deletes, creates again, some with a TTL.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::try_join_all;
use kine_client::{Client, Revision};

use crate::scene::{Fault, Tested};

pub(crate) const OPERATIONS: usize = 10_000;
pub(crate) const PREFIX: &str = "/w/";
const WORKERS: usize = 8;
const KEYS: usize = 504;
/// Long enough not to run out in a test.
const TTL: Duration = Duration::from_secs(7200);

/// Several workers, each with keys of its own, so that every operation has one right answer.
pub(crate) struct Workload {
    workers: Vec<Worker>,
}

struct Worker {
    id: usize,
    random: fastrand::Rng,
    /// Where each live key stands.
    live: BTreeMap<usize, Revision>,
    done: usize,
    newest: Revision,
}

impl Workload {
    pub(crate) fn new(seed: u64) -> Self {
        let worker = |id| Worker {
            id,
            random: fastrand::Rng::with_seed(seed + id as u64),
            live: BTreeMap::new(),
            done: 0,
            newest: Revision::ZERO,
        };
        Self { workers: (0..WORKERS).map(worker).collect() }
    }

    /// Does so many operations more. Answers the revision of the newest.
    pub(crate) async fn run(&mut self, client: &Client, operations: usize) -> Tested<Revision> {
        let each = operations / WORKERS;
        let work = self.workers.iter_mut().map(|worker| worker.run(client, each));
        try_join_all(work).await?;
        let newest = self.workers.iter().map(|worker| worker.newest).max();
        newest.ok_or_else(|| Fault::from("there are no workers"))
    }

    /// How many keys there are.
    pub(crate) fn live(&self) -> usize {
        self.workers.iter().map(|worker| worker.live.len()).sum()
    }
}

impl Worker {
    async fn run(&mut self, client: &Client, operations: usize) -> Tested {
        for _ in 0..operations {
            let number = self.random.usize(..KEYS / WORKERS);
            let key = format!("{PREFIX}{}/{number:03}", self.id);
            self.done += 1;
            let value = format!("{key} {} {}", self.done, "x".repeat(self.random.usize(..300)));
            let outcome = match self.live.get(&number) {
                Some(at) if self.random.u8(..10) < 3 => client.delete(&key, *at).await?,
                current => {
                    let write = match current {
                        Some(at) => client.update(&key, value, *at),
                        None => client.create(&key, value),
                    };
                    let write = if self.random.u8(..10) == 0 { write.with_ttl(TTL) } else { write };
                    let revision = write.await?.committed()?;
                    self.live.insert(number, revision);
                    self.newest = revision;
                    continue;
                }
            };
            self.newest = outcome.committed()?;
            self.live.remove(&number);
        }
        Ok(())
    }
}
