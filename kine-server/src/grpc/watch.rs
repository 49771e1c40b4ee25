//! The Watch service: a task for each stream, and one for each watch on it.
//!
//! The stream's task reads what the client asks for; a watch's task follows its range and sends into the stream's one
//! outgoing channel. That channel is short: a client that does not read stops its own watches, whose positions stay
//! where they are, and nobody else's.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use kine_proto::etcdserverpb::watch_create_request::FilterType;
use kine_proto::etcdserverpb::watch_request::RequestUnion;
use kine_proto::etcdserverpb::watch_server::Watch;
use kine_proto::etcdserverpb::{WatchCreateRequest, WatchRequest, WatchResponse};
use kine_proto::mvccpb::event::EventType;
use kine_proto::mvccpb::{Event, KeyValue};
use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;
use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status, Streaming, async_trait};

use super::answer::{header, shown};
use super::apiserver;
use crate::store::watcher::{Seen, Watcher};
use crate::store::{Fault, KeyRange, Revision, Store};

/// Messages that wait for one client.
const OUTGOING: usize = 8;
/// The id in answers that are about no watch, or all of them.
const NO_WATCH: i64 = -1;

type Outgoing = mpsc::Sender<Result<WatchResponse, Status>>;

#[derive(Debug)]
pub(crate) struct WatchService {
    store: Store,
    progress_interval: Duration,
}

impl WatchService {
    pub(crate) fn new(store: Store, progress_interval: Duration) -> Self {
        Self { store, progress_interval }
    }
}

#[async_trait]
impl Watch for WatchService {
    async fn watch(
        &self,
        request: Request<Streaming<WatchRequest>>,
    ) -> Result<Response<BoxStream<WatchResponse>>, Status> {
        let (outgoing, answers) = mpsc::channel(OUTGOING);
        let (reached, barriers) = mpsc::unbounded_channel();
        let stream = Stream {
            store: self.store.clone(),
            progress_interval: self.progress_interval,
            outgoing,
            watches: HashMap::new(),
            last_id: 0,
            progress: Progress { is_under_way: false, is_asked_again: false, reached },
        };
        tokio::spawn(stream.run(request.into_inner(), barriers));
        Ok(Response::new(Box::pin(ReceiverStream::new(answers))))
    }
}

/// What a stream's task tells a watch's task. Dropping the channel ends the watch without a word.
#[derive(Debug)]
enum Ask {
    /// End, and say so: the watch's own task does, so that no event of it comes after that. Answered when it is done.
    Cancel(oneshot::Sender<()>),
    /// Say it on the barrier once all events up to its revision are sent.
    Progress(Arc<Barrier>),
}

/// A request for progress that is on its way through the watches of a stream. When the last of them lets go of it, each
/// has sent what it had up to the revision.
#[derive(Debug)]
struct Barrier {
    revision: Revision,
    reached: mpsc::UnboundedSender<Revision>,
}

impl Drop for Barrier {
    fn drop(&mut self) {
        let _ = self.reached.send(self.revision);
    }
}

struct Stream {
    store: Store,
    progress_interval: Duration,
    outgoing: Outgoing,
    watches: HashMap<i64, mpsc::UnboundedSender<Ask>>,
    last_id: i64,
    progress: Progress,
}

/// How far the last request for progress has come. Requests that come while one is under way are answered together.
#[derive(Debug)]
struct Progress {
    is_under_way: bool,
    is_asked_again: bool,
    reached: mpsc::UnboundedSender<Revision>,
}

impl Stream {
    /// Until the client goes or has no more to ask, or the server stops.
    async fn run(
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
        let watch = OneWatch {
            id,
            watcher: self.store.watch(range(&create), start, create.prev_kv),
            store: self.store.clone(),
            hides_puts: create.filters().any(|filter| filter == FilterType::Noput),
            hides_deletes: create.filters().any(|filter| filter == FilterType::Nodelete),
            progress: create.progress_notify.then_some(self.progress_interval),
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

struct OneWatch {
    id: i64,
    watcher: Watcher,
    store: Store,
    hides_puts: bool,
    hides_deletes: bool,
    /// How often to say that there is nothing new.
    progress: Option<Duration>,
    outgoing: Outgoing,
}

impl OneWatch {
    async fn run(mut self, mut asked: mpsc::UnboundedReceiver<Ask>) {
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
