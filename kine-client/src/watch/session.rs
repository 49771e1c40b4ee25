//! One gRPC stream with one watch on it.
//!
//! One, because kine lifts the revision in the header of every message to the highest that the stream has seen, so that
//! watches on one stream would blur each other's progress.

use kine_proto::etcdserverpb::watch_request::RequestUnion;
use kine_proto::etcdserverpb::{
    WatchCreateRequest, WatchProgressRequest, WatchRequest as WireRequest, WatchResponse,
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Response, Status, Streaming};

use crate::transport::{Leg, Repeat, Transport};
use crate::{Error, ErrorKind, KeyRange, Revision};

/// What a watch asks the server for.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    pub(super) range: KeyRange,
    pub(super) prev_kv: bool,
}

/// A stream on which the server has accepted a watch. Dropping it resets the stream, which ends the watch.
pub(super) struct Session {
    pub(super) leg: Leg,
    requests: mpsc::Sender<WireRequest>,
    responses: Streaming<WatchResponse>,
}

/// What a message means for the watch.
pub(super) enum Message {
    /// Changes, or a bare sign of life.
    Events(WatchResponse),
    /// The stream is over without a fault of the request: it may be opened again.
    Over(String),
    /// The server gave no sign of life when it had to: it may be opened again, elsewhere.
    Silent,
    /// The watch cannot go on.
    Refused(Error),
}

impl Session {
    /// Opens a stream and a watch on it. Tries for as long as the request timeout allows.
    pub(super) async fn open(transport: &Transport, terms: &Terms, from: Revision) -> Result<Self, Error> {
        let create = WireRequest {
            request_union: Some(RequestUnion::CreateRequest(WatchCreateRequest {
                key: terms.range.start_bytes().clone(),
                range_end: terms.range.end_bytes().clone(),
                start_revision: from.get(),
                // A sign of life from kine every 5 s. It also makes kine answer the question for progress rightly: only
                // watches with this set are looked at.
                progress_notify: true,
                prev_kv: terms.prev_kv,
                ..WatchCreateRequest::default()
            })),
        };
        let create = &create;
        transport
            .call("watch", Repeat::Always, |leg| async move {
                Self::open_on(leg, create.clone()).await.map(Response::new)
            })
            .await
            .map_err(|error| error.on_key(terms.range.start_bytes()))
    }

    async fn open_on(leg: Leg, create: WireRequest) -> Result<Self, Status> {
        let (requests, outgoing) = mpsc::channel(4);
        // It waits in the channel: kine sends no headers before it has something to answer.
        if requests.try_send(create).is_err() {
            return Err(Status::internal("a new channel takes no message"));
        }
        let responses = leg.watch().watch(ReceiverStream::new(outgoing)).await?.into_inner();
        Ok(Self { leg, requests, responses })
    }

    /// Asks the server for its progress: anything alive answers that. False if the stream takes no more requests.
    pub(super) fn ask_for_progress(&self) -> bool {
        let ask = RequestUnion::ProgressRequest(WatchProgressRequest {});
        self.requests.try_send(WireRequest { request_union: Some(ask) }).is_ok()
    }

    /// The next message. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Message {
        match self.responses.message().await {
            Ok(Some(response)) if response.canceled => self.cancelled(response),
            Ok(Some(response)) => Message::Events(response),
            Ok(None) => Message::Over("the server ended the stream".to_owned()),
            Err(status) => {
                let error = Error::from_status("watch", &self.leg.name, status);
                if may_come_back(&error) { Message::Over(error.to_string()) } else { Message::Refused(error) }
            }
        }
    }

    fn cancelled(&self, response: WatchResponse) -> Message {
        let reason = response.cancel_reason;
        let refuse = |kind, text: &str| {
            Message::Refused(Error::new(kind, "watch", text.to_owned()).at(&self.leg.name))
        };
        // The number decides, not the words: kine and etcd word it differently.
        if response.compact_revision > 0 || reason.contains("required revision has been compacted") {
            let revision =
                Some(Revision::from_wire(response.compact_revision)).filter(|oldest| !oldest.is_zero());
            let text = match revision {
                Some(oldest) => format!("the next revision was compacted; the oldest kept is {oldest}"),
                None => "the next revision was compacted".to_owned(),
            };
            return refuse(ErrorKind::Compacted { revision }, &text);
        }
        if reason.contains("permission denied") {
            return refuse(ErrorKind::PermissionDenied, &reason);
        }
        // Refused before it began. Otherwise a watch is cancelled by the server's own need: kine drops watchers that are
        // slow, or that its database failed, with a reason of its own or with none.
        if response.created {
            return refuse(ErrorKind::InvalidArgument, &format!("the server refused the watch: {reason}"));
        }
        Message::Over(format!("the server cancelled the watch (reason {reason:?})"))
    }
}

/// Whether a failed stream may be opened again with better luck.
pub(super) fn may_come_back(error: &Error) -> bool {
    !error.kind().is_refusal() || error.kind() == ErrorKind::ResourceExhausted
}
