//! The Watch service: a task for each [`stream`], and one for each watch ([`follower`]) on it.
//!
//! The stream's task reads what the client asks for; a watch's task follows its range and sends into the stream's one
//! outgoing channel. That channel is short: a client that does not read stops its own watches, whose positions stay
//! where they are, and nobody else's.

mod follower;
mod stream;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use kine_proto::etcdserverpb::watch_server::Watch;
use kine_proto::etcdserverpb::{WatchRequest, WatchResponse};
use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;
use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status, Streaming, async_trait};

use self::stream::{Progress, Stream};
use crate::revision::Revision;
use crate::store::Store;

/// Messages that wait for one client.
const OUTGOING: usize = 4;
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
