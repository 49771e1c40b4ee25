//! What a watch sees.

use bytes::Bytes;
use kine_proto::mvccpb;
use kine_proto::mvccpb::event::EventType;

use crate::{KeyValue, Revision};

/// A change to a key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WatchEvent {
    /// The key was created or updated.
    #[non_exhaustive]
    Put {
        /// What the key holds since.
        kv: KeyValue,
        /// What it held before, if [asked for](crate::WatchRequest::prev_kv); `None` where it did not exist, or where
        /// the server no longer has it.
        prev: Option<KeyValue>,
    },
    /// The key was deleted, or expired.
    #[non_exhaustive]
    Delete {
        /// The key.
        key: Bytes,
        /// The revision of the delete.
        revision: Revision,
        /// What the key held before, if [asked for](crate::WatchRequest::prev_kv). kine leaves its create revision and
        /// lease out.
        prev: Option<KeyValue>,
    },
}

impl WatchEvent {
    /// The key that changed.
    pub fn key(&self) -> &[u8] {
        match self {
            Self::Put { kv, .. } => &kv.key,
            Self::Delete { key, .. } => key,
        }
    }

    /// The revision of the change.
    pub fn revision(&self) -> Revision {
        match self {
            Self::Put { kv, .. } => kv.mod_revision,
            Self::Delete { revision, .. } => *revision,
        }
    }

    /// Whether the change created the key.
    pub fn is_create(&self) -> bool {
        matches!(self, Self::Put { kv, .. } if kv.create_revision == kv.mod_revision)
    }

    /// What the key held before the change, if it was asked for.
    pub fn prev(&self) -> Option<&KeyValue> {
        match self {
            Self::Put { prev, .. } | Self::Delete { prev, .. } => prev.as_ref(),
        }
    }

    /// `None` for an event without a key, which says nothing. kine sends the previous value whether asked or not.
    pub(super) fn from_wire(event: mvccpb::Event, keep_prev: bool) -> Option<Self> {
        let is_delete = event.r#type() == EventType::Delete;
        let kv = KeyValue::from_wire(event.kv?);
        let prev = event.prev_kv.filter(|_| keep_prev).map(KeyValue::from_wire);
        Some(if is_delete {
            Self::Delete { key: kv.key, revision: kv.mod_revision, prev }
        } else {
            Self::Put { kv, prev }
        })
    }
}
