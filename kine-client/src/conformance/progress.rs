//! How far a watch has come.

use std::time::Duration;

use kine_proto::etcdserverpb::{WatchCreateRequest, WatchResponse};
use tokio::time::{Instant, timeout, timeout_at};

use super::target::{Failure, Target, same};
use super::wire::{WireWatch, header_revision};

/// Longer than kine's interval, and than any that a test would set.
const INTERVAL: Duration = Duration::from_secs(15);

behaviours! { "progress";
    /// A request for progress, repeated until it is heard, is answered for all watches of the stream at once, under the watch id -1, without events.
    progress_is_answered_when_asked_for;
    /// Progress that was asked for after a write reaches that write's revision.
    progress_reaches_the_last_write;
    /// A watch that asked for progress gets it from time to time, on its own id.
    progress_comes_by_itself;
    /// Progress to a revision comes only after every event up to it.
    progress_does_not_run_ahead_of_events;
}

impl Checks {
    async fn progress_is_answered_when_asked_for(target: &Target) -> Result<(), Failure> {
        let wire = target.wire();
        let written = wire.create(&target.key("a"), "1").await?;
        let (mut watch, _) = wire.watch(request(target, written + 1)).await?;
        let answer = asked(&mut watch).await?;
        same("the watch id", answer.watch_id, -1)?;
        same("the number of events", answer.events.len(), 0)?;
        ensure!(!answer.canceled && !answer.created, "the answer is about something else: {answer:?}");
        ensure!(header_revision(answer.header.as_ref()) >= written, "the answer is behind: {answer:?}");
        Ok(())
    }

    async fn progress_reaches_the_last_write(target: &Target) -> Result<(), Failure> {
        let wire = target.wire();
        let start = wire.revision().await? + 1;
        let (mut watch, _) = wire.watch(request(target, start)).await?;
        let mut last = 0;
        for name in ["a", "b", "c"] {
            last = wire.create(&target.key(name), "1").await?;
        }
        watch.events(3).await?;
        let answer = asked(&mut watch).await?;
        same("the revision", header_revision(answer.header.as_ref()), last)
    }

    async fn progress_comes_by_itself(target: &Target) -> Result<(), Failure> {
        let wire = target.wire();
        let written = wire.create(&target.key("a"), "1").await?;
        let (mut watch, created) = wire.watch(request(target, written + 1)).await?;
        let Ok(answer) = timeout(INTERVAL, watch.next()).await else {
            return Err(Failure::new(format!("no progress came within {INTERVAL:?}")));
        };
        let answer = answer?;
        same("the watch id", answer.watch_id, created.watch_id)?;
        same("the number of events", answer.events.len(), 0)?;
        same("the revision", header_revision(answer.header.as_ref()), written)
    }

    async fn progress_does_not_run_ahead_of_events(target: &Target) -> Result<(), Failure> {
        const WRITES: usize = 100;
        let (wire, key) = (target.wire(), target.key("a"));
        let start = wire.revision().await? + 1;
        let (mut watch, _) = wire.watch(request(target, start)).await?;
        let writer = async {
            let mut revision = wire.create(&key, "0").await?;
            for n in 1..WRITES {
                revision = wire.update(&key, &n.to_string(), revision).await?;
            }
            Ok::<(), Failure>(())
        };
        let reader = async {
            let mut seen = start - 1;
            let mut events = 0;
            while events < WRITES {
                watch.ask_for_progress().await?;
                let response = watch.next().await?;
                let header = header_revision(response.header.as_ref());
                for event in &response.events {
                    seen = event.kv.as_ref().map_or(0, |kv| kv.mod_revision);
                    events += 1;
                }
                // Every revision from the start on is an event of this watch, for nobody else writes.
                if response.watch_id == -1 && events < WRITES {
                    ensure!(header <= seen, "progress to {header} came before the event at {}", seen + 1);
                }
            }
            Ok(())
        };
        tokio::try_join!(writer, reader)?;
        Ok(())
    }
}

fn request(target: &Target, start_revision: i64) -> WatchCreateRequest {
    let (key, range_end) = target.bounds();
    WatchCreateRequest {
        key,
        range_end,
        start_revision,
        progress_notify: true,
        ..WatchCreateRequest::default()
    }
}

/// Asks for progress, once a second, and gives the answer. Periodic progress, which may come in between, is passed over.
///
/// The API server asks ten times a second; kine lets a question go unanswered while a watch of the stream is not idle.
async fn asked(watch: &mut WireWatch) -> Result<WatchResponse, Failure> {
    let deadline = Instant::now() + INTERVAL;
    while Instant::now() < deadline {
        watch.ask_for_progress().await?;
        let until = Instant::now() + Duration::from_secs(1);
        while let Ok(response) = timeout_at(until, watch.next()).await {
            let response = response?;
            if response.watch_id == -1 || !response.events.is_empty() || response.canceled {
                return Ok(response);
            }
        }
    }
    Err(Failure::new(format!("progress was asked for and did not come within {INTERVAL:?}")))
}
