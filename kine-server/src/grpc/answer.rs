//! Parts of answers.

use bytes::Bytes;
use kine_proto::etcdserverpb::ResponseHeader;
use kine_proto::mvccpb::KeyValue;

use super::apiserver;
use crate::revision::Revision;
use crate::store::index::Version;
use crate::store::txn::Found;

/// A header. As in kine, there is no cluster, member or raft term to name.
pub(crate) fn header(revision: Revision) -> Option<ResponseHeader> {
    Some(ResponseHeader { revision: revision.0, ..ResponseHeader::default() })
}

pub(crate) fn key_value(found: Found) -> KeyValue {
    shown(found.key.as_str(), &found.version, found.value)
}

/// A key-value pair as a client sees it.
pub(crate) fn shown(key: &str, version: &Version, value: Bytes) -> KeyValue {
    let pair = KeyValue {
        key: Bytes::copy_from_slice(key.as_bytes()),
        create_revision: version.create_revision.0,
        mod_revision: version.mod_revision.0,
        version: version.version,
        value,
        lease: version.lease,
    };
    if key == apiserver::STORED { apiserver::shown(pair) } else { pair }
}
