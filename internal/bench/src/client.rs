//! The calls that the workloads make, in the shapes that Kubernetes sends and kine understands.

use std::time::Duration;

use bytes::Bytes;
use kine_proto::etcdserverpb::compare::{CompareResult, CompareTarget, TargetUnion};
use kine_proto::etcdserverpb::kv_client::KvClient;
use kine_proto::etcdserverpb::maintenance_client::MaintenanceClient;
use kine_proto::etcdserverpb::request_op::Request;
use kine_proto::etcdserverpb::watch_client::WatchClient;
use kine_proto::etcdserverpb::{
    Compare, PutRequest, RangeRequest, RangeResponse, RequestOp, StatusRequest, TxnRequest,
};
use tonic::Status;
use tonic::transport::{Channel, Endpoint};

use crate::Result;

/// Several connections to one endpoint.
#[derive(Debug, Clone)]
pub struct Client {
    channels: Vec<Channel>,
}

impl Client {
    /// Opens `connections` connections to `endpoint`, an `http://` or `unix://` URL.
    ///
    /// # Errors
    ///
    /// The URL is wrong, or nothing answers there within 10 seconds.
    pub async fn connect(endpoint: &str, connections: usize) -> Result<Self> {
        let mut channels = Vec::with_capacity(connections);
        for _ in 0..connections.max(1) {
            let endpoint = Endpoint::from_shared(endpoint.to_owned())?
                .connect_timeout(Duration::from_secs(10))
                .tcp_nodelay(true)
                // Room for a page in flight on each stream: the default of 64 KiB would measure round trips instead.
                .initial_stream_window_size(4 << 20)
                .initial_connection_window_size(16 << 20);
            channels.push(endpoint.connect().await?);
        }
        Ok(Self { channels })
    }

    /// The KV service on the connection that the `n`th worker uses.
    pub fn kv(&self, n: usize) -> KvClient<Channel> {
        // An unlimited list of 100,000 keys of 1 KiB is one message of 100 MiB.
        KvClient::new(self.channel(n)).max_decoding_message_size(usize::MAX)
    }

    /// The Watch service on the connection that the `n`th watcher uses.
    pub fn watch(&self, n: usize) -> WatchClient<Channel> {
        WatchClient::new(self.channel(n)).max_decoding_message_size(usize::MAX)
    }

    /// The version that the server says it is; kine says which etcd it emulates.
    ///
    /// # Errors
    ///
    /// The server's own.
    pub async fn version(&self) -> std::result::Result<String, Status> {
        let status = MaintenanceClient::new(self.channel(0)).status(StatusRequest {}).await?;
        Ok(status.into_inner().version)
    }

    fn channel(&self, n: usize) -> Channel {
        self.channels[n % self.channels.len()].clone()
    }
}

/// Creates `key`, and returns its revision.
///
/// # Errors
///
/// The server's own; `AlreadyExists` when the key is there.
pub async fn create(
    kv: &mut KvClient<Channel>,
    key: Bytes,
    value: Bytes,
) -> std::result::Result<i64, Status> {
    write(kv, key, value, 0, Vec::new()).await
}

/// Replaces the value of `key`, last written at `revision`, and returns its new revision.
///
/// # Errors
///
/// The server's own; `AlreadyExists` when the key was written since.
pub async fn update(
    kv: &mut KvClient<Channel>,
    key: Bytes,
    value: Bytes,
    revision: i64,
) -> std::result::Result<i64, Status> {
    // kine takes an update only with a Range of the key on the other branch, as Kubernetes sends it.
    let current = Request::RequestRange(RangeRequest { key: key.clone(), ..Default::default() });
    write(kv, key, value, revision, vec![RequestOp { request: Some(current) }]).await
}

async fn write(
    kv: &mut KvClient<Channel>,
    key: Bytes,
    value: Bytes,
    revision: i64,
    failure: Vec<RequestOp>,
) -> std::result::Result<i64, Status> {
    let compare = Compare {
        result: CompareResult::Equal.into(),
        target: CompareTarget::Mod.into(),
        key: key.clone(),
        target_union: Some(TargetUnion::ModRevision(revision)),
        ..Default::default()
    };
    let put = Request::RequestPut(PutRequest { key: key.clone(), value, ..Default::default() });
    let request =
        TxnRequest { compare: vec![compare], success: vec![RequestOp { request: Some(put) }], failure };
    let answer = kv.txn(request).await?.into_inner();
    if !answer.succeeded {
        let key = String::from_utf8_lossy(&key);
        return Err(Status::already_exists(format!("{key} was not at revision {revision}")));
    }
    Ok(answer.header.map_or(0, |header| header.revision))
}

/// Reads one key, which has to be there.
///
/// # Errors
///
/// The server's own; `NotFound` when the key is absent.
pub async fn get(kv: &mut KvClient<Channel>, key: Bytes) -> std::result::Result<(), Status> {
    let answer = kv.range(RangeRequest { key: key.clone(), ..Default::default() }).await?.into_inner();
    if answer.kvs.len() == 1 {
        Ok(())
    } else {
        Err(Status::not_found(format!("{} is not there", String::from_utf8_lossy(&key))))
    }
}

/// Reads the keys from `from` to the end of `prefix`: at most `limit` of them (0: all), at `revision` (0: now).
///
/// # Errors
///
/// The server's own.
pub async fn list(
    kv: &mut KvClient<Channel>,
    from: Bytes,
    prefix: &str,
    limit: i64,
    revision: i64,
) -> std::result::Result<RangeResponse, Status> {
    let request =
        RangeRequest { key: from, range_end: prefix_end(prefix), limit, revision, ..Default::default() };
    Ok(kv.range(request).await?.into_inner())
}

/// Counts the keys under `prefix`.
///
/// # Errors
///
/// The server's own.
pub async fn count(kv: &mut KvClient<Channel>, prefix: &str) -> std::result::Result<i64, Status> {
    let request = RangeRequest {
        key: Bytes::copy_from_slice(prefix.as_bytes()),
        range_end: prefix_end(prefix),
        count_only: true,
        ..Default::default()
    };
    Ok(kv.range(request).await?.into_inner().count)
}

/// The first key after all that begin with `prefix`, which ends in `/`.
pub fn prefix_end(prefix: &str) -> Bytes {
    let mut end = prefix.as_bytes().to_vec();
    if let Some(last) = end.last_mut() {
        *last += 1;
    }
    Bytes::from(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_before_the_next_sibling() {
        assert_eq!(prefix_end("/registry/pods/"), Bytes::from("/registry/pods0"));
    }
}
