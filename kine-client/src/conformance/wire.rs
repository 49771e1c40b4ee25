//! Requests as they go over the wire, also those that the typed client never sends.

use std::time::Duration;

use bytes::Bytes;
use kine_proto::etcdserverpb::cluster_client::ClusterClient;
use kine_proto::etcdserverpb::compare::{CompareResult, CompareTarget, TargetUnion};
use kine_proto::etcdserverpb::kv_client::KvClient;
use kine_proto::etcdserverpb::lease_client::LeaseClient;
use kine_proto::etcdserverpb::maintenance_client::MaintenanceClient;
use kine_proto::etcdserverpb::request_op::Request;
use kine_proto::etcdserverpb::watch_client::WatchClient;
use kine_proto::etcdserverpb::watch_request::RequestUnion;
use kine_proto::etcdserverpb::{
    Compare, DeleteRangeRequest, PutRequest, RangeRequest, RangeResponse, RequestOp, ResponseHeader,
    TxnRequest, TxnResponse, WatchCancelRequest, WatchCreateRequest, WatchProgressRequest, WatchRequest,
    WatchResponse,
};
use kine_proto::health::health_client::HealthClient;
use kine_proto::mvccpb::{Event, KeyValue};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Status, Streaming};

use super::target::Failure;

/// How long an event may take; kine finds writes of other processes once a second.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone, Debug)]
pub(super) struct Wire(Channel);

impl Wire {
    pub(super) fn new(channel: Channel) -> Self {
        Self(channel)
    }

    pub(super) fn kv(&self) -> KvClient<Channel> {
        KvClient::new(self.0.clone()).max_decoding_message_size(usize::MAX)
    }

    pub(super) fn lease(&self) -> LeaseClient<Channel> {
        LeaseClient::new(self.0.clone())
    }

    pub(super) fn cluster(&self) -> ClusterClient<Channel> {
        ClusterClient::new(self.0.clone())
    }

    pub(super) fn maintenance(&self) -> MaintenanceClient<Channel> {
        MaintenanceClient::new(self.0.clone())
    }

    pub(super) fn health(&self) -> HealthClient<Channel> {
        HealthClient::new(self.0.clone())
    }

    pub(super) async fn range(&self, request: RangeRequest) -> Result<RangeResponse, Status> {
        self.kv().range(request).await.map(tonic::Response::into_inner)
    }

    pub(super) async fn get(&self, key: &str) -> Result<Option<KeyValue>, Status> {
        let request = RangeRequest { key: bytes(key), ..RangeRequest::default() };
        Ok(self.range(request).await?.kvs.into_iter().next())
    }

    pub(super) async fn txn(&self, request: TxnRequest) -> Result<TxnResponse, Status> {
        self.kv().txn(request).await.map(tonic::Response::into_inner)
    }

    /// Creates a key in the shape that Kubernetes sends, and answers the revision.
    pub(super) async fn create(&self, key: &str, value: &str) -> Result<i64, Failure> {
        self.create_with_lease(key, value, 0).await
    }

    pub(super) async fn create_with_lease(&self, key: &str, value: &str, lease: i64) -> Result<i64, Failure> {
        written(self.txn(create(key, value, lease)).await?)
    }

    pub(super) async fn update(&self, key: &str, value: &str, expected: i64) -> Result<i64, Failure> {
        written(self.txn(update(key, value, expected)).await?)
    }

    pub(super) async fn delete(&self, key: &str, expected: i64) -> Result<i64, Failure> {
        written(self.txn(delete(key, expected)).await?)
    }

    /// The store's revision.
    pub(super) async fn revision(&self) -> Result<i64, Status> {
        let request = RangeRequest { key: bytes("/"), keys_only: true, ..RangeRequest::default() };
        Ok(header_revision(self.range(request).await?.header.as_ref()))
    }

    /// Opens a stream with one watch on it, and gives the answer to its creation.
    pub(super) async fn watch(
        &self,
        create: WatchCreateRequest,
    ) -> Result<(WireWatch, WatchResponse), Failure> {
        let (requests, outgoing) = mpsc::channel(16);
        let first = WatchRequest { request_union: Some(RequestUnion::CreateRequest(create)) };
        requests.try_send(first).map_err(|_| Failure::new("the request stream is full"))?;
        let mut client = WatchClient::new(self.0.clone()).max_decoding_message_size(usize::MAX);
        let responses = client.watch(ReceiverStream::new(outgoing)).await?.into_inner();
        let mut watch = WireWatch { requests, responses };
        let created = watch.next().await?;
        if !created.created {
            return Err(Failure::new(format!("the first message is not about the creation: {created:?}")));
        }
        Ok((watch, created))
    }
}

/// A watch stream.
pub(super) struct WireWatch {
    requests: mpsc::Sender<WatchRequest>,
    responses: Streaming<WatchResponse>,
}

impl WireWatch {
    pub(super) async fn send(&self, request: RequestUnion) -> Result<(), Failure> {
        let request = WatchRequest { request_union: Some(request) };
        self.requests.send(request).await.map_err(|_| Failure::new("the server ended the watch stream"))
    }

    pub(super) async fn create(&self, create: WatchCreateRequest) -> Result<(), Failure> {
        self.send(RequestUnion::CreateRequest(create)).await
    }

    pub(super) async fn cancel(&self, watch_id: i64) -> Result<(), Failure> {
        self.send(RequestUnion::CancelRequest(WatchCancelRequest { watch_id })).await
    }

    pub(super) async fn ask_for_progress(&self) -> Result<(), Failure> {
        self.send(RequestUnion::ProgressRequest(WatchProgressRequest {})).await
    }

    pub(super) async fn next(&mut self) -> Result<WatchResponse, Failure> {
        match timeout(PATIENCE, self.responses.message()).await {
            Ok(Ok(Some(response))) => Ok(response),
            Ok(Ok(None)) => Err(Failure::new("the server ended the watch stream")),
            Ok(Err(status)) => Err(status.into()),
            Err(_elapsed) => Err(Failure::new(format!("no watch message came within {PATIENCE:?}"))),
        }
    }

    /// The next events of any watch on the stream, at least `count`; messages without events are passed over.
    pub(super) async fn events(&mut self, count: usize) -> Result<Vec<Event>, Failure> {
        let mut events = Vec::new();
        while events.len() < count {
            let response = self.next().await.map_err(|failure| {
                Failure::new(format!("after {} of {count} events: {failure}", events.len()))
            })?;
            if response.canceled {
                return Err(Failure::new(format!(
                    "the watch was cancelled after {} of {count} events: {response:?}",
                    events.len()
                )));
            }
            events.extend(response.events);
        }
        Ok(events)
    }
}

pub(super) fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

pub(super) fn header_revision(header: Option<&ResponseHeader>) -> i64 {
    header.map_or(0, |header| header.revision)
}

fn written(response: TxnResponse) -> Result<i64, Failure> {
    let revision = header_revision(response.header.as_ref());
    if response.succeeded && revision > 0 {
        return Ok(revision);
    }
    Err(Failure::new(format!("a write that had to succeed was answered with {response:?}")))
}

/// The shape that Kubernetes sends for a create: no read for the failure.
pub(super) fn create(key: &str, value: &str, lease: i64) -> TxnRequest {
    guarded(key, 0, put_op(key, value, lease), false)
}

/// A create that reads the key when it fails.
pub(super) fn create_or_read(key: &str, value: &str) -> TxnRequest {
    guarded(key, 0, put_op(key, value, 0), true)
}

pub(super) fn update(key: &str, value: &str, expected: i64) -> TxnRequest {
    guarded(key, expected, put_op(key, value, 0), true)
}

pub(super) fn delete(key: &str, expected: i64) -> TxnRequest {
    guarded(key, expected, delete_op(key, false), true)
}

pub(super) fn guarded(key: &str, expected: i64, write: RequestOp, read_on_failure: bool) -> TxnRequest {
    TxnRequest {
        compare: vec![Compare {
            result: CompareResult::Equal as i32,
            target: CompareTarget::Mod as i32,
            key: bytes(key),
            target_union: Some(TargetUnion::ModRevision(expected)),
            ..Compare::default()
        }],
        success: vec![write],
        failure: if read_on_failure { vec![range_op(key)] } else { Vec::new() },
    }
}

pub(super) fn put_op(key: &str, value: &str, lease: i64) -> RequestOp {
    let put = PutRequest { key: bytes(key), value: bytes(value), lease, ..PutRequest::default() };
    RequestOp { request: Some(Request::RequestPut(put)) }
}

pub(super) fn delete_op(key: &str, prev_kv: bool) -> RequestOp {
    let delete = DeleteRangeRequest { key: bytes(key), prev_kv, ..DeleteRangeRequest::default() };
    RequestOp { request: Some(Request::RequestDeleteRange(delete)) }
}

pub(super) fn range_op(key: &str) -> RequestOp {
    let range = RangeRequest { key: bytes(key), ..RangeRequest::default() };
    RequestOp { request: Some(Request::RequestRange(range)) }
}
