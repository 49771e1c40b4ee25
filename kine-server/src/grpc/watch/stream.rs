//! One stream: what its client asks for.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use kine_proto::etcdserverpb::watch_create_request::FilterType;
use kine_proto::etcdserverpb::watch_request::RequestUnion;
use kine_proto::etcdserverpb::{WatchCreateRequest, WatchRequest, WatchResponse};
use tokio::sync::{mpsc, oneshot};
use tonic::Streaming;

use super::follower::Follower;
use super::{Ask, Barrier, NO_WATCH, Outgoing};
use crate::grpc::answer::header;
use crate::grpc::apiserver;
use crate::key::KeyRange;
use crate::revision::Revision;
use crate::store::{Fault, Store};

pub(super) struct Stream {
    pub(super) store: Store,
    pub(super) progress_interval: Duration,
    pub(super) outgoing: Outgoing,
    pub(super) watches: HashMap<i64, mpsc::UnboundedSender<Ask>>,
    pub(super) last_id: i64,
    pub(super) progress: Progress,
}

/// How far the last request for progress has come. Requests that come while one is under way are answered together.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) is_under_way: bool,
    pub(super) is_asked_again: bool,
    pub(super) reached: mpsc::UnboundedSender<Revision>,
}

impl Stream {
    /// Until the client goes or has no more to ask, or the server stops.
    pub(super) async fn run(
        mut self,
        mut requests: Streaming<WatchRequest>,
        mut barriers: mpsc::UnboundedReceiver<Revision>,
    ) {
        let store = self.store.clone();
        loop {
            let request = tokio::select! {
                request = requests.message() => request,
                Some(revision) = barriers.recv() => {
                    if self.progress_reached(revision).await.is_none() {
                        return;
                    }
                    continue;
                }
                () = self.outgoing.closed() => return,
                () = store.events().stopped() => {
                    let _ = self.outgoing.send(Err(Fault::Stopped.into())).await;
                    return;
                }
            };
            let Ok(Some(WatchRequest { request_union: Some(request) })) = request else { return };
            let done = match request {
                RequestUnion::CreateRequest(create) => self.create(create).await,
                RequestUnion::CancelRequest(cancel) => {
                    self.cancel(cancel.watch_id).await;
                    Some(())
                }
                RequestUnion::ProgressRequest(_) => self.progress().await,
            };
            if done.is_none() {
                return;
            }
        }
    }

    /// None when the client is gone, here and below.
    async fn send(&self, response: WatchResponse) -> Option<()> {
        self.outgoing.send(Ok(response)).await.ok()
    }

    async fn create(&mut self, create: WatchCreateRequest) -> Option<()> {
        self.watches.retain(|_, asks| !asks.is_closed());
        let refused = match create.watch_id {
            id if id < 0 || self.watches.contains_key(&id) => {
                Some("etcdserver: duplicate or negative watch id")
            }
            _ if create.start_revision < 0 => Some("etcdserver: mvcc: required revision has been compacted"),
            _ => None,
        };
        // A watch from now on begins behind every write that was answered before.
        let revision = match self.store.refresh().await {
            Ok(()) => self.store.revision(),
            Err(fault) => {
                let _ = self.outgoing.send(Err(fault.into())).await;
                return None;
            }
        };
        if let Some(reason) = refused {
            return self.send(refusal(revision, reason)).await;
        }
        let id = match create.watch_id {
            0 => self.next_id(),
            id => id,
        };
        let created = WatchResponse {
            header: header(revision),
            watch_id: id,
            created: true,
            ..WatchResponse::default()
        };
        self.send(created).await?;
        let (asks, asked) = mpsc::unbounded_channel();
        self.watches.insert(id, asks);
        let start =
            if create.start_revision == 0 { revision.next() } else { Revision(create.start_revision) };
        let watch = Follower {
            id,
            watcher: self.store.watch(range(&create), start, create.prev_kv),
            store: self.store.clone(),
            hides_puts: create.filters().any(|filter| filter == FilterType::Noput),
            hides_deletes: create.filters().any(|filter| filter == FilterType::Nodelete),
            progress: Some(self.progress_interval).filter(|every| create.progress_notify && !every.is_zero()),
            outgoing: self.outgoing.clone(),
        };
        tokio::spawn(watch.run(asked));
        Some(())
    }

    async fn cancel(&mut self, id: i64) {
        let Some(asks) = self.watches.remove(&id) else { return };
        let (done, ended) = oneshot::channel();
        // One that has ended already has said so.
        if asks.send(Ask::Cancel(done)).is_ok() {
            let _ = ended.await;
        }
    }

    async fn progress(&mut self) -> Option<()> {
        if self.progress.is_under_way {
            self.progress.is_asked_again = true;
            return Some(());
        }
        if let Err(fault) = self.store.refresh().await {
            let _ = self.outgoing.send(Err(fault.into())).await;
            return None;
        }
        self.progress.is_under_way = true;
        let barrier = Barrier { revision: self.store.revision(), reached: self.progress.reached.clone() };
        let barrier = Arc::new(barrier);
        for asks in self.watches.values() {
            // A watch that has just ended holds nobody up.
            let _ = asks.send(Ask::Progress(barrier.clone()));
        }
        Some(())
    }

    async fn progress_reached(&mut self, revision: Revision) -> Option<()> {
        self.send(WatchResponse { header: header(revision), watch_id: NO_WATCH, ..WatchResponse::default() })
            .await?;
        self.progress.is_under_way = false;
        match std::mem::take(&mut self.progress.is_asked_again) {
            true => self.progress().await,
            false => Some(()),
        }
    }

    fn next_id(&mut self) -> i64 {
        loop {
            self.last_id += 1;
            if !self.watches.contains_key(&self.last_id) {
                return self.last_id;
            }
        }
    }
}

fn refusal(revision: Revision, reason: &str) -> WatchResponse {
    WatchResponse {
        header: header(revision),
        watch_id: NO_WATCH,
        created: true,
        canceled: true,
        cancel_reason: reason.to_owned(),
        ..WatchResponse::default()
    }
}

/// As in kine, no key at all means every key.
fn range(create: &WatchCreateRequest) -> KeyRange {
    match (apiserver::stored_name(&create.key), &create.range_end[..]) {
        ([], []) => KeyRange::everything(),
        (key, []) => KeyRange::single(key),
        (_, end) => KeyRange::from_wire(&create.key, end),
    }
}
