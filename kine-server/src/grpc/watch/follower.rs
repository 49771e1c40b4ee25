//! One watch: follows its range and says what it sees.

use std::time::Duration;

use kine_proto::etcdserverpb::WatchResponse;
use kine_proto::mvccpb::event::EventType;
use kine_proto::mvccpb::{Event, KeyValue};
use tokio::sync::{mpsc, oneshot};

use super::{Ask, Barrier, Outgoing};
use crate::grpc::answer::{header, shown};
use crate::grpc::apiserver;
use crate::revision::Revision;
use crate::store::watcher::{Seen, Watcher};
use crate::store::{Fault, Store};

pub(super) struct Follower {
    pub(super) id: i64,
    pub(super) watcher: Watcher,
    pub(super) store: Store,
    pub(super) hides_puts: bool,
    pub(super) hides_deletes: bool,
    /// How often to say that there is nothing new.
    pub(super) progress: Option<Duration>,
    pub(super) outgoing: Outgoing,
}

impl Follower {
    pub(super) async fn run(mut self, mut asked: mpsc::UnboundedReceiver<Ask>) {
        let outgoing = self.outgoing.clone();
        let work = async {
            loop {
                if let Err(end) = self.step(&mut asked).await {
                    return end;
                }
            }
        };
        let end = tokio::select! {
            end = work => end,
            () = outgoing.closed() => return,
        };
        match end {
            End::Gone => {}
            End::Cancelled(done) => {
                let canceled = WatchResponse {
                    header: header(self.store.revision()),
                    watch_id: self.id,
                    canceled: true,
                    ..WatchResponse::default()
                };
                let _ = outgoing.send(Ok(canceled)).await;
                let _ = done.send(());
            }
            End::Fault(Fault::Compacted(compacted)) => {
                let compacted = WatchResponse {
                    header: header(self.store.revision()),
                    watch_id: self.id,
                    canceled: true,
                    compact_revision: compacted.0,
                    cancel_reason: "etcdserver: mvcc: required revision has been compacted".to_owned(),
                    ..WatchResponse::default()
                };
                let _ = outgoing.send(Ok(compacted)).await;
            }
            End::Fault(fault) => drop(outgoing.send(Err(fault.into())).await),
        }
    }

    /// Waits for what comes first and deals with it.
    async fn step(&mut self, asked: &mut mpsc::UnboundedReceiver<Ask>) -> Result<(), End> {
        let tick = self.progress;
        let idle = async move {
            match tick {
                Some(interval) => tokio::time::sleep(interval.mul_f64(1.0 + fastrand::f64() / 10.0)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // Cancelling comes before anything else that is ready.
            biased;
            ask = asked.recv() => match ask {
                None => Err(End::Gone),
                Some(Ask::Cancel(done)) => Err(End::Cancelled(done)),
                Some(Ask::Progress(barrier)) => self.reach(&barrier, asked).await,
            },
            events = self.watcher.next() => self.send_events(events?).await,
            () = idle => match self.watcher.poll().await? {
                Ok(events) => self.send_events(events).await,
                Err(revision) => self.send_progress(revision).await,
            },
        }
    }

    /// Sends events until nothing up to the barrier's revision is left.
    async fn reach(
        &mut self,
        barrier: &Barrier,
        asked: &mut mpsc::UnboundedReceiver<Ask>,
    ) -> Result<(), End> {
        let mut published = self.store.events().published();
        loop {
            match self.watcher.poll().await? {
                Ok(events) => self.send_events(events).await?,
                Err(revision) if revision >= barrier.revision => return Ok(()),
                Err(_) => {
                    let reached = published.wait_for(|published| *published >= barrier.revision).await;
                    reached.map_err(|_| End::Fault(Fault::Stopped))?;
                }
            }
            if asked.is_closed() && asked.is_empty() {
                return Err(End::Gone);
            }
        }
    }

    async fn send_events(&self, seen: Vec<Seen>) -> Result<(), End> {
        let Some(last) = seen.last().map(|seen| seen.applied.version.mod_revision) else { return Ok(()) };
        let shown = seen.into_iter().filter(|seen| match seen.applied.version.is_live() {
            true => !self.hides_puts,
            false => !self.hides_deletes,
        });
        let events: Vec<_> = shown.map(event).collect();
        if events.is_empty() {
            return Ok(());
        }
        self.send(WatchResponse {
            header: header(last),
            watch_id: self.id,
            events,
            ..WatchResponse::default()
        })
        .await
    }

    async fn send_progress(&self, revision: Revision) -> Result<(), End> {
        self.send(WatchResponse { header: header(revision), watch_id: self.id, ..WatchResponse::default() })
            .await
    }

    async fn send(&self, response: WatchResponse) -> Result<(), End> {
        self.outgoing.send(Ok(response)).await.map_err(|_| End::Gone)
    }
}

/// Why a watch ends.
enum End {
    /// The client wants no more.
    Cancelled(oneshot::Sender<()>),
    /// The client or the whole stream is gone.
    Gone,
    Fault(Fault),
}

impl From<Fault> for End {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

fn event(seen: Seen) -> Event {
    let Seen { applied, value, previous } = seen;
    let key = applied.key.as_str();
    let prev_kv = applied.before.zip(previous).map(|(before, value)| shown(key, &before, value));
    if applied.version.is_live() {
        return Event {
            r#type: EventType::Put.into(),
            kv: Some(shown(key, &applied.version, value)),
            prev_kv,
        };
    }
    let name = if key == apiserver::STORED { apiserver::ASKED } else { key.as_bytes() };
    let kv = KeyValue {
        key: bytes::Bytes::copy_from_slice(name),
        mod_revision: applied.version.mod_revision.0,
        ..KeyValue::default()
    };
    Event { r#type: EventType::Delete.into(), kv: Some(kv), prev_kv }
}
