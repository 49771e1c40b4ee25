//! Forgetting old revisions: on request, and on a timer.
//!
//! A compaction is done for clients once its revision is recorded and the index has forgotten what is below. The rows
//! themselves are deleted afterwards, a few at a time between the writer's transactions; what a crash leaves is found and
//! deleted at the next start.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::{Fault, Store};
use crate::revision::Revision;

const RETRY: Duration = Duration::from_secs(1);

/// How the store compacts by itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timer {
    /// Zero for never.
    pub(crate) interval: Duration,
    /// Percent of the interval by which it may be longer.
    pub(crate) jitter: u8,
    /// Newest revisions that it leaves.
    pub(crate) min_retain: i64,
}

/// Rows to delete.
#[derive(Debug)]
pub(crate) enum Sweep {
    Rows(Vec<Revision>),
    /// Answered when all rows handed over before are gone.
    Barrier(oneshot::Sender<()>),
}

/// Deletes the rows that it is handed, `batch` in a transaction, until the store goes.
pub(crate) async fn sweep(store: Store, mut handed: mpsc::UnboundedReceiver<Sweep>, batch: usize) {
    // The newest row carries the revision on over a restart, so it stays until it is not the newest any more.
    let mut kept = Vec::new();
    while let Some(sweep) = handed.recv().await {
        let (mut rows, done) = match sweep {
            Sweep::Rows(rows) => (rows, None),
            Sweep::Barrier(done) => (Vec::new(), Some(done)),
        };
        rows.append(&mut kept);
        let newest = store.index().read().revision();
        kept.extend(rows.extract_if(.., |row| *row >= newest));
        for batch in rows.chunks(batch) {
            while let Err(error) = store.backend().delete_rows(batch.to_vec()).await {
                tracing::warn!(%error, "compacted rows could not be deleted; trying again");
                tokio::time::sleep(RETRY).await;
            }
            batch.iter().for_each(|row| store.forget_value(*row));
        }
        metrics::counter!("kine_compact_rows_total").increment(rows.len() as u64);
        if let Some(done) = done {
            let _ = done.send(());
        }
    }
}

/// Compacts every interval to where the store was one interval before.
pub(crate) async fn run(store: Store, timer: Timer) {
    if timer.interval.is_zero() {
        return;
    }
    let jitter = f64::from(timer.jitter) / 100.0 * fastrand::f64();
    let mut ticks = tokio::time::interval(timer.interval.mul_f64(1.0 + jitter));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    ticks.tick().await;
    let mut target = store.index().read().revision();
    loop {
        ticks.tick().await;
        let now = store.index().read().revision();
        let to = Revision(target.0.min(now.0 - timer.min_retain));
        target = now;
        if to <= store.index().read().compacted() {
            continue;
        }
        match store.compact(to, false).await {
            Ok(_) => tracing::info!(revision = %to, "compacted"),
            Err(Fault::Stopped) => return,
            // Somebody else was first.
            Err(Fault::Compacted(_)) => {}
            Err(fault) => {
                tracing::warn!(?fault, revision = %to, "compaction failed; the next one tries again")
            }
        }
    }
}
