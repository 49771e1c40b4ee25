//! The key under which the Kubernetes API server notes its compactions.
//!
//! It is called `compact_rev_key`, which is the name of kine's own compact row too. kine therefore keeps the API server's
//! value under [`STORED`], with the key's version written before it as `VERSION|VALUE` (older releases: the version
//! alone), and so do we: the API server compares that version and no other.

use bytes::Bytes;
use kine_proto::etcdserverpb::{PutRequest, PutResponse, RangeResponse, TxnResponse};
use kine_proto::etcdserverpb::{ResponseOp, response_op};
use kine_proto::mvccpb::KeyValue;

use super::answer::header;
use crate::key::Key;
use crate::revision::Revision;
use crate::store::txn::{Compare, Op, Put, Relation, Target, Txn};
use crate::store::{Fault, Store};

/// The name that clients use.
pub(crate) const ASKED: &[u8] = b"compact_rev_key";
/// The name in the table.
pub(crate) const STORED: &str = "compact_rev_key_apiserver";

/// The name in the table of a key that a client asks for.
pub(crate) fn stored_name(key: &[u8]) -> &[u8] {
    if key == ASKED { STORED.as_bytes() } else { key }
}

/// The pair as the API server wrote it.
pub(crate) fn shown(mut pair: KeyValue) -> KeyValue {
    let (version, value) = decode(&pair.value);
    pair.key = Bytes::from_static(ASKED);
    pair.version = version;
    pair.value = value;
    pair
}

fn decode(stored: &Bytes) -> (i64, Bytes) {
    let split = stored.iter().position(|byte| *byte == b'|');
    let number = &stored[..split.unwrap_or(stored.len())];
    let version = std::str::from_utf8(number).ok().and_then(|number| number.parse().ok()).unwrap_or(0);
    let value = split.map_or_else(|| Bytes::from_static(b"0"), |split| stored.slice(split + 1..));
    (version, value)
}

fn encode(version: i64, value: &[u8]) -> Bytes {
    [format!("{version}|").as_bytes(), value].concat().into()
}

struct Written {
    revision: Revision,
    /// When nothing was written: what is there.
    conflict: Option<KeyValue>,
}

/// Writes the key if its version is still `expected`; whatever it is if none is expected.
async fn write(store: &Store, expected: Option<i64>, value: &[u8]) -> Result<Written, Fault> {
    loop {
        store.refresh().await?;
        let (now, found) = store.get(STORED.as_bytes(), 0, false).await?;
        let current = found.as_ref().map(|found| super::answer::key_value(found.clone()));
        let version = current.as_ref().map_or(0, |current| current.version);
        if expected.is_some_and(|expected| expected != version) {
            return Ok(Written { revision: now, conflict: Some(current.unwrap_or_else(absent)) });
        }
        let key = Key::stored(STORED);
        let unchanged = Compare {
            key: key.clone(),
            target: Target::ModRevision,
            relation: Relation::Equal,
            number: found.map_or(0, |found| found.version.mod_revision.0),
        };
        let put = Put { key, value: encode(version + 1, value), lease: 0, want_previous: false };
        let txn = Txn { compares: vec![unchanged], success: vec![Op::Put(put)], failure: Vec::new() };
        let outcome = store.write(txn).await?;
        if outcome.succeeded {
            return Ok(Written { revision: outcome.revision, conflict: None });
        }
    }
}

/// Where there is nothing, kine shows the key with version 0, and the API server reads the first pair unseen.
fn absent() -> KeyValue {
    KeyValue { key: Bytes::from_static(ASKED), ..KeyValue::default() }
}

/// The API server's compare-and-swap by version.
pub(crate) async fn compare_and_swap(
    store: &Store,
    expected: i64,
    value: &[u8],
) -> Result<TxnResponse, Fault> {
    let written = write(store, Some(expected), value).await?;
    let header = header(written.revision);
    let succeeded = written.conflict.is_none();
    let response = match written.conflict {
        None => response_op::Response::ResponsePut(PutResponse { header, prev_kv: None }),
        Some(current) => {
            let range = RangeResponse { header, kvs: vec![current], more: false, count: 1 };
            response_op::Response::ResponseRange(range)
        }
    };
    Ok(TxnResponse { header, succeeded, responses: vec![ResponseOp { response: Some(response) }] })
}

/// A plain put of the key.
pub(crate) async fn put(store: &Store, request: &PutRequest) -> Result<PutResponse, Fault> {
    let written = write(store, None, &request.value).await?;
    Ok(PutResponse { header: header(written.revision), prev_kv: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_stands_before_the_value() {
        assert_eq!(decode(&encode(7, b"1|2")), (7, Bytes::from_static(b"1|2")));
        assert_eq!(decode(&Bytes::from_static(b"12")), (12, Bytes::from_static(b"0")));
        assert_eq!(decode(&Bytes::from_static(b"x|y")), (0, Bytes::from_static(b"y")));
    }
}
