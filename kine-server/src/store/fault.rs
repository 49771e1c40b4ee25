//! Why a request is not answered with what it asked for.

use std::sync::Arc;

use crate::error::{Error, ErrorKind};
use crate::key::NoKey;
use crate::revision::Revision;

/// What a client is told when its request fails. `grpc` gives each the code and text that etcd gives it.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    NoKey(NoKey),
    FutureRevision,
    /// Holds the revision from which on reads are possible.
    Compacted(Revision),
    LeaseNotFound,
    /// Something of etcd's API that this store does not have; holds what.
    Unsupported(&'static str),
    /// A compare on a version that is only known from the oldest retained row on.
    InexactVersion(String),
    /// More is waiting to be written than the queue takes. Nothing was done.
    TooManyRequests,
    /// The database has no space. Nothing was done.
    NoSpace,
    /// The database failed. A write may have happened.
    Storage(Arc<Error>),
    /// The server is stopping. The request was not begun.
    Stopped,
}

impl Fault {
    /// Nobody can say what became of a request.
    pub(crate) fn in_doubt() -> Self {
        Self::Storage(Arc::new(Error::new(ErrorKind::Stopped, "the writer has ended without an answer")))
    }
}

impl From<NoKey> for Fault {
    fn from(no_key: NoKey) -> Self {
        Self::NoKey(no_key)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error.kind() {
            ErrorKind::NoSpace => Self::NoSpace,
            ErrorKind::Stopped => Self::Stopped,
            _ => Self::Storage(Arc::new(error)),
        }
    }
}
