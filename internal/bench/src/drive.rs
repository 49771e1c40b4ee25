//! Closed loops and open loops.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};
use tonic::Status;

use crate::samples::Samples;

/// What one run did.
#[derive(Debug, Default)]
pub struct Measured {
    /// The latencies of what succeeded.
    pub samples: Samples,
    /// The measured time, without warm-up.
    pub elapsed: Duration,
    /// How many calls succeeded, warm-up included.
    pub calls: u64,
    /// How many calls failed.
    pub errors: u64,
    /// What the first of them said.
    pub first_error: Option<String>,
}

impl Measured {
    /// Successes a second.
    pub fn rate(&self) -> f64 {
        if self.elapsed.is_zero() { 0.0 } else { self.samples.len() as f64 / self.elapsed.as_secs_f64() }
    }

    fn failed(&mut self, status: &Status) {
        self.errors += 1;
        self.first_error.get_or_insert_with(|| format!("{:?}: {}", status.code(), status.message()));
    }

    fn merge(&mut self, other: Self) {
        self.samples.merge(other.samples);
        self.calls += other.calls;
        self.errors += other.errors;
        if self.first_error.is_none() {
            self.first_error = other.first_error;
        }
    }
}

/// Keeps `in_flight` calls going: each worker calls again as soon as it has its answer. What ends during the first
/// `warm_up` is not measured, nor what ends after `time` more.
///
/// `worker` makes the worker with a number; a worker makes calls.
pub async fn closed_loop<W, F>(
    in_flight: usize,
    warm_up: Duration,
    time: Duration,
    worker: impl Fn(usize) -> W,
) -> Measured
where
    W: FnMut() -> F + Send + 'static,
    F: Future<Output = Result<(), Status>> + Send,
{
    let start = Instant::now() + warm_up;
    let end = start + time;
    let mut workers = JoinSet::new();
    for n in 0..in_flight {
        let mut call = worker(n);
        workers.spawn(async move {
            let mut measured = Measured::default();
            loop {
                let called = Instant::now();
                if called >= end {
                    return measured;
                }
                let result = call().await;
                let answered = Instant::now();
                measured.calls += u64::from(result.is_ok());
                if answered < start || answered > end {
                    continue;
                }
                match result {
                    Ok(()) => measured.samples.push(answered - called),
                    Err(status) => measured.failed(&status),
                }
            }
        });
    }
    let mut all = Measured { elapsed: time, ..Measured::default() };
    while let Some(measured) = workers.join_next().await {
        match measured {
            Ok(measured) => all.merge(measured),
            Err(panicked) => all.failed(&Status::internal(panicked.to_string())),
        }
    }
    all
}

/// Makes `rate` calls a second for `time`, whether or not earlier ones were answered, and waits for all answers.
///
/// `call` gets the number of the call and the instant that it was due, and latencies count from then: a server that stalls
/// is charged for the calls that had to wait, which a closed loop would not have made.
pub async fn open_loop<F>(
    rate: u32,
    time: Duration,
    call: impl Fn(u64, Instant) -> F + Send + Sync + 'static,
) -> Measured
where
    F: Future<Output = Result<(), Status>> + Send + 'static,
{
    let start = Instant::now();
    let call = Arc::new(call);
    let calls = (f64::from(rate) * time.as_secs_f64()).round() as u64;
    let mut ticks = tokio::time::interval_at(start, Duration::from_secs(1) / rate.max(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut flying = JoinSet::new();
    for n in 0..calls {
        let due = ticks.tick().await;
        let call = Arc::clone(&call);
        flying.spawn(async move {
            let result = call(n, due).await;
            (due.elapsed(), result)
        });
    }
    let mut all = Measured::default();
    while let Some(call) = flying.join_next().await {
        match call {
            Ok((latency, Ok(()))) => {
                all.calls += 1;
                all.samples.push(latency);
            }
            Ok((_, Err(status))) => all.failed(&status),
            Err(panicked) => all.failed(&Status::internal(panicked.to_string())),
        }
    }
    all.elapsed = start.elapsed();
    all
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_closed_loop_keeps_as_many_in_flight_as_asked() {
        let (now, most) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let measured = closed_loop(8, Duration::ZERO, Duration::from_millis(300), |_| {
            let (now, most) = (Arc::clone(&now), Arc::clone(&most));
            move || {
                let (now, most) = (Arc::clone(&now), Arc::clone(&most));
                async move {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    tokio::task::yield_now().await;
                    now.fetch_sub(1, Ordering::SeqCst);
                    Ok(())
                }
            }
        })
        .await;
        assert_eq!(most.load(Ordering::SeqCst), 8);
        assert!(measured.samples.len() >= 8);
        assert_eq!(measured.errors, 0);
    }

    #[tokio::test]
    async fn errors_are_counted_and_the_first_is_kept() {
        let measured = open_loop(1000, Duration::from_millis(10), |n, _| async move {
            if n % 2 == 0 { Ok(()) } else { Err(Status::unavailable("gone")) }
        })
        .await;
        assert_eq!((measured.samples.len(), measured.errors), (5, 5));
        assert_eq!(measured.first_error.as_deref(), Some("Unavailable: gone"));
    }

    #[tokio::test]
    async fn an_open_loop_calls_without_waiting_for_answers() {
        let open = Arc::new(tokio::sync::Notify::new());
        let called = Arc::new(AtomicU64::new(0));
        let measured = open_loop(1000, Duration::from_millis(20), {
            let (open, called) = (Arc::clone(&open), Arc::clone(&called));
            move |_, _| {
                let (open, called) = (Arc::clone(&open), Arc::clone(&called));
                async move {
                    let opened = open.notified();
                    // No answer comes before the last of the 20 calls is made.
                    if called.fetch_add(1, Ordering::SeqCst) + 1 == 20 {
                        open.notify_waiters();
                    } else {
                        opened.await;
                    }
                    Ok(())
                }
            }
        })
        .await;
        assert_eq!(measured.samples.len(), 20);
    }
}
