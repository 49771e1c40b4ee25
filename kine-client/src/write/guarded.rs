//! How the outcome of a guarded write is found.

use bytes::Bytes;
use kine_proto::etcdserverpb::{RangeRequest, TxnRequest};
use prost::Message;

use super::Outcome;
use super::txn::{self, Answer};
use crate::transport::{REQUEST_LIMIT, Repeat, Transport};
use crate::{Error, ErrorKind, KeyValue, Revision};

/// Sends a transaction of [`txn`] at most once and tells what became of it.
///
/// An error means that it changed nothing.
pub(super) async fn write(
    transport: &Transport,
    operation: &'static str,
    key: &Bytes,
    expected: Revision,
    txn: TxnRequest,
) -> Result<Outcome, Error> {
    check_size(operation, key, &txn)?;
    let txn = &txn;
    let answer = transport
        .call(operation, Repeat::WhenUnsent, |leg| async move { leg.kv().txn(txn.clone()).await })
        .await
        .map_err(|error| error.on_key(key));
    let answer = match answer {
        Ok(response) => txn::read(response),
        Err(error) if error.is_unsent() || error.kind().is_refusal() => return Err(error),
        Err(error) => return Ok(Outcome::Unknown(error.into_unknown())),
    };
    match answer {
        Answer::Written(revision) => Ok(Outcome::Committed { revision }),
        Answer::Refused(Some(current)) => Ok(refused(operation, key, expected, current)),
        Answer::Refused(None) | Answer::NothingThere => {
            Ok(look_again(transport, operation, key, expected).await)
        }
        Answer::Nonsense(text) => Ok(unknown(operation, key, ErrorKind::Protocol, text)),
    }
}

/// A refusal that gives what is there.
///
/// kine takes any failure of its insert for a lost race and answers with what it then reads
/// (`pkg/logstructured/logstructured.go`). If that is what the write expected, there was no race: the insert failed, or
/// was done and its answer was lost.
fn refused(operation: &'static str, key: &Bytes, expected: Revision, current: KeyValue) -> Outcome {
    if !expected.is_zero() && current.mod_revision == expected {
        let text = "the server refused the write although the key is as expected";
        return unknown(operation, key, ErrorKind::Server, text);
    }
    Outcome::Conflict { current: Some(current) }
}

/// A refusal that says the key is not there, or a delete that found nothing.
///
/// On kine before v0.17 it may only look so: a query that was cut short reads as an empty one (kine pull request 736).
/// A second look tells, and what it does not confirm stays unknown.
async fn look_again(
    transport: &Transport,
    operation: &'static str,
    key: &Bytes,
    expected: Revision,
) -> Outcome {
    match current(transport, operation, key).await {
        Ok(Some(current)) => refused(operation, key, expected, current),
        Ok(None) => Outcome::Conflict { current: None },
        Err(error) => Outcome::Unknown(error.into_unknown()),
    }
}

fn unknown(operation: &'static str, key: &Bytes, kind: ErrorKind, text: &'static str) -> Outcome {
    Outcome::Unknown(Error::new(kind, operation, text).on_key(key).into_unknown())
}

/// The revision to expect of a key for a write over whatever is there.
pub(super) async fn mod_revision(
    transport: &Transport,
    operation: &'static str,
    key: &Bytes,
) -> Result<Revision, Error> {
    let current = current(transport, operation, key).await?;
    Ok(current.map_or(Revision::ZERO, |kv| kv.mod_revision))
}

async fn current(
    transport: &Transport,
    operation: &'static str,
    key: &Bytes,
) -> Result<Option<KeyValue>, Error> {
    let request = &RangeRequest { key: key.clone(), ..RangeRequest::default() };
    let response = transport
        .call(operation, Repeat::Always, |leg| async move { leg.kv().range(request.clone()).await })
        .await
        .map_err(|error| error.on_key(key))?;
    Ok(response.kvs.into_iter().next().map(KeyValue::from_wire))
}

pub(super) fn check_size(operation: &'static str, key: &Bytes, txn: &TxnRequest) -> Result<(), Error> {
    let size = txn.encoded_len();
    if size > REQUEST_LIMIT {
        let text = format!("the request has {size} bytes, and etcd and kine take {REQUEST_LIMIT}");
        return Err(Error::new(ErrorKind::TooLarge, operation, text).on_key(key));
    }
    Ok(())
}
