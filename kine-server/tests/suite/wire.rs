//! Requests as they go over the wire, for what the typed client never sends.

use bytes::Bytes;
use kine_proto::etcdserverpb::kv_client::KvClient;
use kine_proto::etcdserverpb::request_op::Request;
use kine_proto::etcdserverpb::watch_client::WatchClient;
use kine_proto::etcdserverpb::watch_request::RequestUnion;
use kine_proto::etcdserverpb::{
    PutRequest, RangeRequest, RequestOp, WatchCancelRequest, WatchCreateRequest, WatchProgressRequest,
    WatchRequest, WatchResponse,
};
use kine_proto::mvccpb::Event;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Code, Status, Streaming};

use crate::scene::{Tested, in_time};

/// A connection of its own.
pub(crate) async fn connect(endpoint: &str) -> Tested<Channel> {
    Ok(Channel::from_shared(endpoint.to_owned())?.connect().await?)
}

pub(crate) fn kv(channel: &Channel) -> KvClient<Channel> {
    KvClient::new(channel.clone()).max_decoding_message_size(usize::MAX)
}

pub(crate) fn put(key: impl Into<Bytes>, value: impl Into<Bytes>) -> PutRequest {
    PutRequest { key: key.into(), value: value.into(), ..PutRequest::default() }
}

pub(crate) fn range(key: impl Into<Bytes>, range_end: impl Into<Bytes>) -> RangeRequest {
    RangeRequest { key: key.into(), range_end: range_end.into(), ..RangeRequest::default() }
}

pub(crate) fn put_op(put: PutRequest) -> RequestOp {
    RequestOp { request: Some(Request::RequestPut(put)) }
}

/// Checks that a call was refused with a code and words.
pub(crate) fn refused<T>(what: &str, answer: Result<T, Status>, code: Code, words: &str) -> Tested {
    match answer {
        Ok(_) => Err(format!("{what} was not refused").into()),
        Err(status) if status.code() == code && status.message().contains(words) => Ok(()),
        Err(status) => {
            let (seen, text) = (status.code(), status.message());
            Err(format!("{what} was refused with {seen:?} {text:?}, not {code:?} {words:?}").into())
        }
    }
}

/// A watch stream. Nothing is read from it but on demand.
pub(crate) struct WireWatch {
    requests: mpsc::Sender<WatchRequest>,
    responses: Streaming<WatchResponse>,
}

impl WireWatch {
    /// A stream without a watch.
    pub(crate) async fn open(channel: &Channel) -> Tested<Self> {
        let (requests, outgoing) = mpsc::channel(1024);
        let mut client = WatchClient::new(channel.clone()).max_decoding_message_size(usize::MAX);
        let responses = client.watch(ReceiverStream::new(outgoing)).await?.into_inner();
        Ok(Self { requests, responses })
    }

    async fn send(&self, request: RequestUnion) -> Tested {
        let request = WatchRequest { request_union: Some(request) };
        self.requests.send(request).await.map_err(|_| "the watch stream has ended".into())
    }

    pub(crate) async fn create(&self, create: WatchCreateRequest) -> Tested {
        self.send(RequestUnion::CreateRequest(create)).await
    }

    pub(crate) async fn cancel(&self, watch_id: i64) -> Tested {
        self.send(RequestUnion::CancelRequest(WatchCancelRequest { watch_id })).await
    }

    pub(crate) async fn ask_for_progress(&self) -> Tested {
        self.send(RequestUnion::ProgressRequest(WatchProgressRequest {})).await
    }

    /// The next message.
    pub(crate) async fn next(&mut self) -> Tested<WatchResponse> {
        let message = in_time("a watch message comes", self.responses.message()).await?;
        Ok(message?.ok_or("the watch stream has ended")?)
    }

    /// How the stream ends; messages before that are passed over.
    pub(crate) async fn end(&mut self) -> Tested<Option<Status>> {
        loop {
            match in_time("the watch stream ends", self.responses.message()).await? {
                Ok(Some(_)) => {}
                Ok(None) => return Ok(None),
                Err(status) => return Ok(Some(status)),
            }
        }
    }

    /// At least so many more events.
    pub(crate) async fn events(&mut self, count: usize) -> Tested<Vec<Event>> {
        let mut events = Vec::new();
        while events.len() < count {
            let message =
                self.next().await.map_err(|error| format!("after {} events: {error}", events.len()))?;
            if message.canceled {
                return Err(format!("cancelled after {} of {count} events: {message:?}", events.len()).into());
            }
            events.extend(message.events);
        }
        Ok(events)
    }
}
