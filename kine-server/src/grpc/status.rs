//! Faults as gRPC statuses: etcd's codes and texts where etcd has them, because its clients tell faults by both.

use tonic::{Code, Status};

use crate::key::NoKey;
use crate::store::Fault;

impl From<Fault> for Status {
    fn from(fault: Fault) -> Self {
        let (code, text) = match fault {
            Fault::NoKey(NoKey::Empty) => {
                (Code::InvalidArgument, "etcdserver: key is not provided".to_owned())
            }
            Fault::NoKey(NoKey::NotText(key)) => (
                Code::InvalidArgument,
                format!(
                    "etcdserver: the key {:?} is not UTF-8 without NUL, which a key of kine's table must be",
                    beginning_of(&key)
                ),
            ),
            Fault::NoKey(NoKey::NotHere(key)) => (
                Code::InvalidArgument,
                format!(
                    "etcdserver: the key {:?} looks like a number, which this file, made by kine before v0.16.3, would change",
                    beginning_of(&key)
                ),
            ),
            Fault::FutureRevision => {
                (Code::OutOfRange, "etcdserver: mvcc: required revision is a future revision".to_owned())
            }
            Fault::Compacted(_) => {
                (Code::OutOfRange, "etcdserver: mvcc: required revision has been compacted".to_owned())
            }
            Fault::LeaseNotFound => (Code::NotFound, "etcdserver: requested lease not found".to_owned()),
            Fault::Unsupported(what) => {
                (Code::Unimplemented, format!("{what} is not implemented by kine-server"))
            }
            Fault::InexactVersion(key) => (
                Code::FailedPrecondition,
                format!(
                    "etcdserver: the version of {:?} is not known exactly: compare mod_revision instead",
                    beginning_of(&key)
                ),
            ),
            Fault::TooManyRequests => (Code::ResourceExhausted, "etcdserver: too many requests".to_owned()),
            Fault::NoSpace => {
                (Code::ResourceExhausted, "etcdserver: mvcc: database space exceeded".to_owned())
            }
            // The text of a database error is for the log: it may name files and tables.
            Fault::Storage(error) => {
                tracing::error!(%error, "a request failed");
                (
                    Code::Unavailable,
                    "etcdserver: the database failed; a write may have happened or not".to_owned(),
                )
            }
            Fault::Stopped => (Code::Unavailable, "etcdserver: server stopped".to_owned()),
        };
        Status::new(code, text)
    }
}

/// What kine and etcd say of a transaction they cannot run.
pub(crate) fn unsupported_txn(why: &str) -> Status {
    Status::invalid_argument(format!("etcdserver: unsupported operations in txn request: {why}"))
}

/// As much of a key as a status can carry: it travels in a header, which clients limit to a few KiB.
fn beginning_of(key: &str) -> &str {
    const BYTES: usize = 128;
    &key[..key.floor_char_boundary(BYTES)]
}
