//! Looking after a store: its history and its state.

use kine_proto::etcdserverpb::{CompactionRequest, StatusRequest};

use crate::transport::Repeat;
use crate::{Client, Error, ErrorKind, Revision};

impl Client {
    /// Drops the history before a revision: older revisions can no longer be read or watched from, and deleted keys
    /// and overwritten values stop taking space. What the keys hold now is not touched.
    ///
    /// kine compacts nothing by itself since v0.16.1, so where no Kubernetes API server uses the store, somebody must
    /// call this from time to time.
    ///
    /// # Guarantees
    ///
    /// On etcd and kine-server the history is gone to exactly this revision when the call returns. kine answers the
    /// same and may have done less: by default it keeps the last 1,000 revisions, and it reports no failure of a
    /// compaction.
    ///
    /// # Errors
    ///
    /// - [`Compacted`](ErrorKind::Compacted): the history before the revision is already gone.
    /// - [`FutureRevision`](ErrorKind::FutureRevision): the revision is not written yet.
    /// - [`OutcomeUnknown`](ErrorKind::OutcomeUnknown): no answer came back. Compacting again to the same revision does
    ///   no harm.
    pub async fn compact(&self, revision: Revision) -> Result<(), Error> {
        if revision.is_zero() {
            return Err(Error::invalid("compact", "revision 0 is before the first write"));
        }
        let request = CompactionRequest { revision: revision.get(), physical: false };
        let answer = self
            .transport()
            .call("compact", Repeat::WhenUnsent, |leg| async move { leg.kv().compact(request).await })
            .await;
        match answer {
            Ok(_) => Ok(()),
            Err(error) if error.is_unsent() || error.kind().is_refusal() => Err(error),
            Err(error) => Err(error.into_unknown()),
        }
    }

    /// What the server in use says of itself.
    ///
    /// # Errors
    ///
    /// As for [`get`](Client::get).
    pub async fn status(&self) -> Result<ServerStatus, Error> {
        let status =
            self.transport()
                .call("status", Repeat::Always, |leg| async move {
                    leg.maintenance().status(StatusRequest {}).await
                })
                .await?;
        let Ok(db_size) = u64::try_from(status.db_size) else {
            return Err(Error::new(ErrorKind::Protocol, "status", "the database has a negative size"));
        };
        Ok(ServerStatus { version: status.version, db_size })
    }
}

/// What a server says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerStatus {
    /// The etcd version; that of etcd itself, or the one that kine claims to be like.
    pub version: String,
    /// What the database takes on disk, in bytes.
    pub db_size: u64,
}
