//! The two transactions that every server of the family takes, and how to read their answers.
//!
//! kine recognises a transaction by its shape and refuses any other (kine `pkg/server/update.go`, `delete.go`): one
//! compare of the mod revision for equality, one write, and one read for the case that the compare fails. It takes the
//! key of an update from the compare and that of a delete from the delete, so all three name the same key here and
//! cannot name another.

use bytes::Bytes;
use kine_proto::etcdserverpb::compare::{CompareResult, CompareTarget, TargetUnion};
use kine_proto::etcdserverpb::request_op::Request;
use kine_proto::etcdserverpb::response_op::Response;
use kine_proto::etcdserverpb::{
    Compare, DeleteRangeRequest, PutRequest, RangeRequest, RequestOp, TxnRequest, TxnResponse,
};

use crate::{KeyValue, Revision};

/// Puts the value if the key is at the expected revision; [`Revision::ZERO`] expects that it does not exist.
pub(super) fn put(key: &Bytes, value: Bytes, lease: i64, expected: Revision) -> TxnRequest {
    let put = PutRequest { key: key.clone(), value, lease, ..PutRequest::default() };
    guarded(key, expected, Request::RequestPut(put))
}

/// Deletes the key if it is at the expected revision.
pub(super) fn delete(key: &Bytes, expected: Revision) -> TxnRequest {
    let delete = DeleteRangeRequest { key: key.clone(), ..DeleteRangeRequest::default() };
    guarded(key, expected, Request::RequestDeleteRange(delete))
}

fn guarded(key: &Bytes, expected: Revision, write: Request) -> TxnRequest {
    let read = RangeRequest { key: key.clone(), ..RangeRequest::default() };
    TxnRequest {
        compare: vec![Compare {
            result: CompareResult::Equal as i32,
            target: CompareTarget::Mod as i32,
            key: key.clone(),
            target_union: Some(TargetUnion::ModRevision(expected.get())),
            ..Compare::default()
        }],
        success: vec![RequestOp { request: Some(write) }],
        failure: vec![RequestOp { request: Some(Request::RequestRange(read)) }],
    }
}

/// What a server's answer says, before any doubt about it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Written(Revision),
    Refused(Option<KeyValue>),
    /// The delete went through and found no key: kine answers so where the key never existed.
    NothingThere,
    /// It makes no sense, for the reason given.
    Nonsense(&'static str),
}

pub(super) fn read(response: TxnResponse) -> Answer {
    let revision = response.header.as_ref().map_or(0, |header| header.revision);
    let mut answers = response.responses.into_iter().filter_map(|op| op.response);
    if !response.succeeded {
        return Answer::Refused(answers.find_map(|answer| match answer {
            Response::ResponseRange(range) => range.kvs.into_iter().next().map(KeyValue::from_wire),
            _ => None,
        }));
    }
    match answers.next() {
        Some(Response::ResponseDeleteRange(delete)) if delete.deleted == 0 => Answer::NothingThere,
        Some(Response::ResponsePut(_) | Response::ResponseDeleteRange(_)) if revision > 0 => {
            Answer::Written(Revision::from_wire(revision))
        }
        Some(Response::ResponsePut(_) | Response::ResponseDeleteRange(_)) => {
            Answer::Nonsense("the answer does not tell the revision of the write")
        }
        _ => Answer::Nonsense("the answer tells of success and of no write"),
    }
}

#[cfg(test)]
mod tests {
    use kine_proto::etcdserverpb::{
        DeleteRangeResponse, PutResponse, RangeResponse, ResponseHeader, ResponseOp,
    };
    use kine_proto::mvccpb;

    use super::*;

    fn response(succeeded: bool, revision: i64, answer: Option<Response>) -> TxnResponse {
        TxnResponse {
            header: Some(ResponseHeader { revision, ..ResponseHeader::default() }),
            succeeded,
            responses: answer.into_iter().map(|answer| ResponseOp { response: Some(answer) }).collect(),
        }
    }

    #[test]
    fn compare_write_and_read_name_one_key() {
        let key = Bytes::from_static(b"/a");
        for txn in [put(&key, "v".into(), 0, Revision::ZERO), delete(&key, Revision::new(5).unwrap())] {
            assert_eq!(txn.compare[0].key, key);
            match txn.success[0].request.as_ref().unwrap() {
                Request::RequestPut(put) => assert_eq!(put.key, key),
                Request::RequestDeleteRange(delete) => {
                    assert_eq!(delete.key, key);
                    assert!(delete.range_end.is_empty());
                }
                other => panic!("{other:?}"),
            }
            assert!(
                matches!(&txn.failure[0].request, Some(Request::RequestRange(range)) if range.key == key)
            );
            assert_eq!((txn.compare.len(), txn.success.len(), txn.failure.len()), (1, 1, 1));
        }
    }

    #[test]
    fn a_success_needs_a_write_and_its_revision() {
        let put = || Some(Response::ResponsePut(PutResponse::default()));
        assert_eq!(read(response(true, 9, put())), Answer::Written(Revision::new(9).unwrap()));
        assert!(matches!(read(response(true, 0, put())), Answer::Nonsense(_)));
        assert!(matches!(read(response(true, 9, None)), Answer::Nonsense(_)));
    }

    #[test]
    fn a_delete_of_nothing_is_not_a_delete() {
        let nothing = Response::ResponseDeleteRange(DeleteRangeResponse::default());
        assert_eq!(read(response(true, 9, Some(nothing))), Answer::NothingThere);
    }

    #[test]
    fn a_refusal_carries_what_is_there() {
        let kv = mvccpb::KeyValue { key: "/a".into(), mod_revision: 4, ..Default::default() };
        let range = RangeResponse { kvs: vec![kv.clone()], ..RangeResponse::default() };
        let refused = read(response(false, 9, Some(Response::ResponseRange(range))));
        assert_eq!(refused, Answer::Refused(Some(KeyValue::from_wire(kv))));
        assert_eq!(read(response(false, 9, None)), Answer::Refused(None));
    }
}
