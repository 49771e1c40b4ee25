//! The KV service.

use kine_proto::etcdserverpb::kv_server::Kv;
use kine_proto::etcdserverpb::range_request::{SortOrder, SortTarget};
use kine_proto::etcdserverpb::{
    CompactionRequest, CompactionResponse, DeleteRangeRequest, DeleteRangeResponse, PutRequest, PutResponse,
    RangeRequest, RangeResponse, RangeStreamResponse, TxnRequest, TxnResponse,
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status, async_trait};

use super::answer::{header, key_value};
use super::{apiserver, txn};
use crate::key::{Key, KeyRange};
use crate::revision::Revision;
use crate::store::txn::{Op, OpResult, Txn};
use crate::store::{Fault, Pages, Store};

#[derive(Debug)]
pub(crate) struct KvService {
    store: Store,
}

impl KvService {
    pub(crate) fn new(store: Store) -> Self {
        Self { store }
    }

    async fn one(&self, request: &RangeRequest) -> Result<RangeResponse, Status> {
        if request.key == apiserver::STORED.as_bytes() {
            return Err(Fault::Unsupported("reading compact_rev_key by the name it is stored under").into());
        }
        let key = apiserver::stored_name(&request.key);
        Key::parse(key).map_err(Fault::from)?;
        let keys_only = request.keys_only || request.count_only;
        let (now, found) = self.store.get(key, request.revision, keys_only).await?;
        let count = i64::from(found.is_some());
        let shown = found.filter(|_| !request.count_only);
        Ok(RangeResponse {
            header: header(now),
            kvs: shown.map(key_value).into_iter().collect(),
            more: false,
            count,
        })
    }

    async fn many(&self, request: &RangeRequest) -> Result<RangeResponse, Status> {
        let range = KeyRange::from_wire(&request.key, &request.range_end);
        if request.count_only {
            let (now, count) = self.store.count(&range, request.revision)?;
            return Ok(RangeResponse {
                header: header(now),
                kvs: Vec::new(),
                more: false,
                count: count as i64,
            });
        }
        let listing = self.store.list(&range, request.revision, limit(request), request.keys_only).await?;
        Ok(RangeResponse {
            header: header(listing.revision),
            kvs: listing.found.into_iter().map(key_value).collect(),
            more: listing.more,
            count: listing.count as i64,
        })
    }
}

/// What a range may ask for: kine's part of it.
fn check(request: &RangeRequest) -> Result<(), Fault> {
    // Ascending by key is the order of every answer, so asking for it changes nothing.
    let order = (request.sort_order(), request.sort_target());
    if !matches!(order, (SortOrder::None, _) | (SortOrder::Ascend, SortTarget::Key)) {
        return Err(Fault::Unsupported("a sort order other than ascending by key"));
    }
    for (bound, name) in [
        (request.min_mod_revision, "min_mod_revision"),
        (request.max_mod_revision, "max_mod_revision"),
        (request.min_create_revision, "min_create_revision"),
        (request.max_create_revision, "max_create_revision"),
    ] {
        if bound != 0 {
            return Err(Fault::Unsupported(name));
        }
    }
    Ok(())
}

fn limit(request: &RangeRequest) -> usize {
    match usize::try_from(request.limit) {
        Ok(0) | Err(_) => usize::MAX,
        Ok(limit) => limit,
    }
}

#[async_trait]
impl Kv for KvService {
    async fn range(&self, request: Request<RangeRequest>) -> Result<Response<RangeResponse>, Status> {
        let request = request.into_inner();
        check(&request)?;
        if !request.serializable {
            self.store.refresh().await?;
        }
        let answer =
            if request.range_end.is_empty() { self.one(&request).await } else { self.many(&request).await };
        answer.map(Response::new)
    }

    async fn range_stream(
        &self,
        request: Request<RangeRequest>,
    ) -> Result<Response<BoxStream<RangeStreamResponse>>, Status> {
        let request = request.into_inner();
        check(&request)?;
        if request.range_end.is_empty() {
            return Err(Status::invalid_argument("etcdserver: RangeStream needs a range_end"));
        }
        if !request.serializable {
            self.store.refresh().await?;
        }
        let range = KeyRange::from_wire(&request.key, &request.range_end);
        let (parts, answer) = tokio::sync::mpsc::channel(2);
        if request.count_only {
            let (now, count) = self.store.count(&range, request.revision)?;
            let last =
                RangeResponse { header: header(now), kvs: Vec::new(), more: false, count: count as i64 };
            let _ = parts.send(Ok(part(last))).await;
        } else {
            let pages = self.store.pages(range, request.revision, limit(&request), request.keys_only)?;
            tokio::spawn(stream(pages, parts));
        }
        Ok(Response::new(Box::pin(ReceiverStream::new(answer))))
    }

    async fn put(&self, request: Request<PutRequest>) -> Result<Response<PutResponse>, Status> {
        let request = request.into_inner();
        if request.key == apiserver::ASKED {
            if request.lease != 0 || request.prev_kv || request.ignore_value || request.ignore_lease {
                return Err(Fault::Unsupported("a put of compact_rev_key with options").into());
            }
            return Ok(Response::new(apiserver::put(&self.store, &request).await?));
        }
        let put = Txn { success: vec![Op::Put(txn::put(request)?)], ..Txn::default() };
        let mut outcome = self.store.write(put).await?;
        let previous = match outcome.results.pop() {
            Some(OpResult::Put { previous }) => previous,
            _ => None,
        };
        Ok(Response::new(PutResponse { header: header(outcome.revision), prev_kv: previous.map(key_value) }))
    }

    async fn delete_range(
        &self,
        _: Request<DeleteRangeRequest>,
    ) -> Result<Response<DeleteRangeResponse>, Status> {
        Err(Fault::Unsupported("delete outside a transaction").into())
    }

    async fn txn(&self, request: Request<TxnRequest>) -> Result<Response<TxnResponse>, Status> {
        let request = request.into_inner();
        if let Some((version, value)) = txn::as_apiserver_compaction(&request) {
            return Ok(Response::new(apiserver::compare_and_swap(&self.store, version, value).await?));
        }
        let outcome = self.store.write(txn::parse(request)?).await?;
        Ok(Response::new(txn::response(outcome)))
    }

    async fn compact(
        &self,
        request: Request<CompactionRequest>,
    ) -> Result<Response<CompactionResponse>, Status> {
        let request = request.into_inner();
        let revision = self.store.compact(Revision(request.revision), request.physical).await?;
        Ok(Response::new(CompactionResponse { header: header(revision) }))
    }
}

/// Sends the pages: the last one carries the header, the count, and whether there is more, as in kine and etcd.
async fn stream(mut pages: Pages, parts: tokio::sync::mpsc::Sender<Result<RangeStreamResponse, Status>>) {
    /// About what one message should hold.
    const BYTES: usize = 3 << 19;
    let mut size = 10;
    let mut held = None;
    loop {
        match pages.next(size).await {
            Ok(Some(found)) => {
                let kvs: Vec<_> = found.into_iter().map(key_value).collect();
                let bytes: usize = kvs.iter().map(|pair| pair.key.len() + pair.value.len() + 32).sum();
                size = (kvs.len() * BYTES / bytes.max(1)).clamp(1, size * 2);
                let ready = held.replace(RangeResponse { kvs, ..RangeResponse::default() });
                if let Some(ready) = ready
                    && parts.send(Ok(part(ready))).await.is_err()
                {
                    return;
                }
            }
            Ok(None) => {
                let last = held.take().unwrap_or_default();
                let count = pages.count as i64;
                let last = RangeResponse { header: header(pages.now), more: pages.more(), count, ..last };
                let _ = parts.send(Ok(part(last))).await;
                return;
            }
            Err(fault) => {
                let _ = parts.send(Err(fault.into())).await;
                return;
            }
        }
    }
}

fn part(response: RangeResponse) -> RangeStreamResponse {
    RangeStreamResponse { range_response: Some(response) }
}
