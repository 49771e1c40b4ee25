//! Reading keys. Start with [`range`] (which keys), then this file (one key, counts), then [`list`] (many keys).

mod list;
mod range;

use bytes::Bytes;
use kine_proto::etcdserverpb::{RangeRequest, RangeResponse};

pub use list::{List, ListItems, ListPages, Listing, Page};
pub use range::KeyRange;

use crate::transport::{Repeat, Transport};
use crate::{Client, Error, ErrorKind, KeyValue, Revision};

impl Client {
    /// Reads one key. `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument): the key is empty.
    /// - [`Unavailable`](ErrorKind::Unavailable) or [`DeadlineExceeded`](ErrorKind::DeadlineExceeded): no answer
    ///   within the request timeout.
    /// - [`Server`](ErrorKind::Server): the server failed, kine for instance because of its database.
    pub async fn get(&self, key: impl AsRef<[u8]>) -> Result<Option<KeyValue>, Error> {
        Ok(self.get_with_revision(key).await?.0)
    }

    /// Reads one key, and the revision of the store at which it was read: nothing up to that revision is missed by a
    /// watch that starts [after](Revision::next) it.
    ///
    /// # Errors
    ///
    /// As for [`get`](Client::get).
    pub async fn get_with_revision(
        &self,
        key: impl AsRef<[u8]>,
    ) -> Result<(Option<KeyValue>, Revision), Error> {
        let (response, revision) = get(self.transport(), key.as_ref(), Revision::ZERO).await?;
        Ok((response.kvs.into_iter().next().map(KeyValue::from_wire), revision))
    }

    /// Reads one key as it was at a revision. `None` if it did not exist then.
    ///
    /// # Errors
    ///
    /// As for [`get`](Client::get), and:
    /// - [`Compacted`](ErrorKind::Compacted): the revision is older than the store keeps.
    /// - [`FutureRevision`](ErrorKind::FutureRevision): the revision is not written yet.
    pub async fn get_at(&self, key: impl AsRef<[u8]>, revision: Revision) -> Result<Option<KeyValue>, Error> {
        check_revision("get", revision)?;
        let (response, _) = get(self.transport(), key.as_ref(), revision).await?;
        Ok(response.kvs.into_iter().next().map(KeyValue::from_wire))
    }

    /// The store's revision now.
    ///
    /// On several kine processes that share a database, one process may answer a revision up to a second old.
    ///
    /// # Errors
    ///
    /// As for [`get`](Client::get).
    pub async fn revision(&self) -> Result<Revision, Error> {
        current_revision(self.transport(), "revision", b"/").await
    }

    /// Lists keys in ascending order, page by page at one revision. See [`List`].
    pub fn list(&self, range: impl Into<KeyRange>) -> List {
        List::new(self.transport().clone(), range.into())
    }

    /// Counts the keys of a range.
    ///
    /// # Errors
    ///
    /// As for [`get`](Client::get).
    pub async fn count(&self, range: impl Into<KeyRange>) -> Result<u64, Error> {
        count(self.transport(), &range.into(), Revision::ZERO).await
    }

    /// Counts the keys of a range as it was at a revision.
    ///
    /// # Errors
    ///
    /// As for [`get_at`](Client::get_at).
    pub async fn count_at(&self, range: impl Into<KeyRange>, revision: Revision) -> Result<u64, Error> {
        check_revision("count", revision)?;
        count(self.transport(), &range.into(), revision).await
    }
}

/// The store's revision, by a read of one key that need not exist.
pub(crate) async fn current_revision(
    transport: &Transport,
    operation: &'static str,
    key: &[u8],
) -> Result<Revision, Error> {
    let request =
        RangeRequest { key: Bytes::copy_from_slice(key), keys_only: true, ..RangeRequest::default() };
    Ok(range(transport, operation, request).await?.1)
}

async fn get(
    transport: &Transport,
    key: &[u8],
    revision: Revision,
) -> Result<(RangeResponse, Revision), Error> {
    KeyRange::key(key).check("get")?;
    let request = RangeRequest {
        key: Bytes::copy_from_slice(key),
        revision: revision.get(),
        ..RangeRequest::default()
    };
    range(transport, "get", request).await
}

async fn count(transport: &Transport, keys: &KeyRange, revision: Revision) -> Result<u64, Error> {
    keys.check("count")?;
    let request = RangeRequest {
        key: keys.start_bytes().clone(),
        range_end: keys.end_bytes().clone(),
        revision: revision.get(),
        // kine ignores it for one key and sends the key, so at least the value is left out.
        count_only: true,
        keys_only: keys.end().is_none(),
        ..RangeRequest::default()
    };
    let (response, _) = range(transport, "count", request).await?;
    Ok(u64::try_from(response.count).unwrap_or(0))
}

/// One Range request and the store's revision in its answer.
async fn range(
    transport: &Transport,
    operation: &'static str,
    request: RangeRequest,
) -> Result<(RangeResponse, Revision), Error> {
    let key = request.key.clone();
    let request = &request;
    let response = transport
        .call(operation, Repeat::Always, |leg| async move { leg.kv().range(request.clone()).await })
        .await
        .map_err(|error| error.on_key(&key))?;
    let revision = response.header.as_ref().map_or(0, |header| header.revision);
    if revision <= 0 {
        let error =
            Error::new(ErrorKind::Protocol, operation, "the answer does not tell the store's revision");
        return Err(error.on_key(&key));
    }
    Ok((response, Revision::from_wire(revision)))
}

/// Zero would mean "now" to the server, which is not what was asked.
fn check_revision(operation: &'static str, revision: Revision) -> Result<(), Error> {
    if revision.is_zero() {
        return Err(Error::invalid(operation, "revision 0 is before the first write"));
    }
    Ok(())
}
