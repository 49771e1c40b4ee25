//! A transaction off the wire.
//!
//! What kine accepts, and whatever else has any compares on single keys' numbers, reads of single keys, and at most one
//! written key in each branch. A row of kine's table is one key at one revision, so more cannot be kept.

use kine_proto::etcdserverpb::compare::{CompareResult, CompareTarget, TargetUnion};
use kine_proto::etcdserverpb::{
    self, DeleteRangeRequest, DeleteRangeResponse, PutRequest, PutResponse, RangeRequest, RangeResponse,
    RequestOp, ResponseOp, TxnRequest, TxnResponse, request_op, response_op,
};
use tonic::Status;

use super::answer::{header, key_value};
use super::apiserver;
use super::status::unsupported_txn;
use crate::key::Key;
use crate::store::Fault;
use crate::store::txn::{Compare, Delete, Op, OpResult, Outcome, Put, Relation, Target, Txn};

/// The API server's compare-and-swap of its own key, by version.
pub(crate) fn as_apiserver_compaction(request: &TxnRequest) -> Option<(i64, &[u8])> {
    let ([compare], [success], [failure]) =
        (&request.compare[..], &request.success[..], &request.failure[..])
    else {
        return None;
    };
    let version = match &compare.target_union {
        Some(TargetUnion::Version(version)) => *version,
        None => 0,
        Some(_) => return None,
    };
    let is_version = compare.target() == CompareTarget::Version && compare.result() == CompareResult::Equal;
    match (&success.request, &failure.request) {
        (Some(request_op::Request::RequestPut(put)), Some(request_op::Request::RequestRange(_)))
            if is_version && compare.key == apiserver::ASKED =>
        {
            Some((version, &put.value))
        }
        _ => None,
    }
}

/// The transaction as the store runs it.
pub(crate) fn parse(request: TxnRequest) -> Result<Txn, Status> {
    Ok(Txn {
        compares: request.compare.iter().map(compare).collect::<Result<_, _>>()?,
        success: branch(request.success)?,
        failure: branch(request.failure)?,
    })
}

fn compare(compare: &etcdserverpb::Compare) -> Result<Compare, Status> {
    if !compare.range_end.is_empty() {
        return Err(unsupported_txn("a compare over a range of keys"));
    }
    let (target, number) = match (compare.target(), &compare.target_union) {
        (CompareTarget::Mod, Some(TargetUnion::ModRevision(number))) => (Target::ModRevision, *number),
        (CompareTarget::Create, Some(TargetUnion::CreateRevision(number))) => {
            (Target::CreateRevision, *number)
        }
        (CompareTarget::Version, Some(TargetUnion::Version(number))) => (Target::Version, *number),
        (CompareTarget::Lease, Some(TargetUnion::Lease(number))) => (Target::Lease, *number),
        // A proto3 encoder may leave out what is 0.
        (CompareTarget::Mod, None) => (Target::ModRevision, 0),
        (CompareTarget::Create, None) => (Target::CreateRevision, 0),
        (CompareTarget::Version, None) => (Target::Version, 0),
        (CompareTarget::Lease, None) => (Target::Lease, 0),
        (CompareTarget::Value, _) => return Err(unsupported_txn("a compare of values")),
        _ => return Err(unsupported_txn("a compare whose target and number do not belong together")),
    };
    let relation = match compare.result() {
        CompareResult::Equal => Relation::Equal,
        CompareResult::NotEqual => Relation::NotEqual,
        CompareResult::Greater => Relation::Greater,
        CompareResult::Less => Relation::Less,
    };
    Ok(Compare { key: own_key(&compare.key)?, target, relation, number })
}

fn branch(ops: Vec<RequestOp>) -> Result<Vec<Op>, Status> {
    let ops: Vec<_> = ops.into_iter().map(op).collect::<Result<_, _>>()?;
    if ops.iter().filter(|op| !matches!(op, Op::Get(_))).count() > 1 {
        return Err(unsupported_txn("several writes, where kine's table keeps one key at one revision"));
    }
    Ok(ops)
}

fn op(op: RequestOp) -> Result<Op, Status> {
    match op.request {
        Some(request_op::Request::RequestRange(range)) => get(&range).map(Op::Get),
        Some(request_op::Request::RequestPut(request)) => put(request).map(Op::Put),
        Some(request_op::Request::RequestDeleteRange(request)) => delete(&request).map(Op::Delete),
        Some(request_op::Request::RequestTxn(_)) => Err(unsupported_txn("a transaction in a transaction")),
        None => Err(unsupported_txn("an operation that is none")),
    }
}

fn get(range: &RangeRequest) -> Result<Key, Status> {
    if !range.range_end.is_empty() {
        return Err(unsupported_txn("a read of a range of keys"));
    }
    if range.revision > 0 || range.keys_only || range.count_only {
        return Err(unsupported_txn("a read with options"));
    }
    own_key(&range.key)
}

/// A put outside or inside a transaction.
pub(crate) fn put(request: PutRequest) -> Result<Put, Status> {
    if request.ignore_value {
        return Err(Fault::Unsupported("ignore_value").into());
    }
    if request.ignore_lease {
        return Err(Fault::Unsupported("ignore_lease").into());
    }
    // Ids of leases are numbers of seconds here; a larger one was never granted.
    if !(0..=i64::from(i32::MAX)).contains(&request.lease) {
        return Err(Fault::LeaseNotFound.into());
    }
    let key = own_key(&request.key)?;
    Ok(Put { key, value: request.value, lease: request.lease, want_previous: request.prev_kv })
}

fn delete(request: &DeleteRangeRequest) -> Result<Delete, Status> {
    if !request.range_end.is_empty() {
        return Err(unsupported_txn("a delete of a range of keys"));
    }
    Ok(Delete { key: own_key(&request.key)?, want_previous: request.prev_kv })
}

fn own_key(key: &[u8]) -> Result<Key, Status> {
    if key == apiserver::ASKED || key == apiserver::STORED.as_bytes() {
        return Err(unsupported_txn(
            "compact_rev_key is written by its version alone, as the API server does",
        ));
    }
    Ok(Key::parse(key).map_err(Fault::from)?)
}

/// The outcome on the wire.
pub(crate) fn response(outcome: Outcome) -> TxnResponse {
    let header = header(outcome.revision);
    let response = |result| match result {
        OpResult::Got(found) => {
            let kvs: Vec<_> = found.map(key_value).into_iter().collect();
            let count = kvs.len() as i64;
            response_op::Response::ResponseRange(RangeResponse { header, kvs, more: false, count })
        }
        OpResult::Put { previous } => {
            response_op::Response::ResponsePut(PutResponse { header, prev_kv: previous.map(key_value) })
        }
        OpResult::Deleted { deleted, previous } => {
            response_op::Response::ResponseDeleteRange(DeleteRangeResponse {
                header,
                deleted: i64::from(deleted),
                prev_kvs: previous.map(key_value).into_iter().collect(),
            })
        }
    };
    let responses = outcome.results.into_iter().map(|result| ResponseOp { response: Some(response(result)) });
    TxnResponse { header, succeeded: outcome.succeeded, responses: responses.collect() }
}
