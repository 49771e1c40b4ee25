//! A key as the store holds it.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use kine_proto::mvccpb;

use crate::Revision;

/// A key with its value and the revisions of its life.
///
/// `Debug` shows the length of the value and never the value: a control plane keeps its secrets in there.
#[derive(Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct KeyValue {
    /// The key.
    pub key: Bytes,
    /// The value; empty where only keys were asked for.
    pub value: Bytes,
    /// The revision that created the key in its present life. [`Revision::ZERO`] where the server does not say: kine
    /// does not for the last value of a deleted key.
    pub create_revision: Revision,
    /// The revision of the last write to the key: what an update or a delete expects.
    pub mod_revision: Revision,
    /// How many writes the key has had since it was created, 1 after the create. `None` where the server does not
    /// count: kine on a SQL database does not.
    pub version: Option<u64>,
    /// The lease that the key hangs on, 0 for none. An id on etcd; on kine the TTL in seconds that the last write gave.
    pub lease: i64,
}

impl KeyValue {
    /// The key as text. Bytes that are not UTF-8 show as U+FFFD; kine holds no such key.
    pub fn key_str(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.key)
    }

    /// The value as text. Bytes that are not UTF-8 show as U+FFFD.
    pub fn value_str(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.value)
    }

    pub(crate) fn from_wire(kv: mvccpb::KeyValue) -> Self {
        Self {
            key: kv.key,
            value: kv.value,
            create_revision: Revision::from_wire(kv.create_revision),
            mod_revision: Revision::from_wire(kv.mod_revision),
            version: u64::try_from(kv.version).ok().filter(|version| *version > 0),
            lease: kv.lease,
        }
    }
}

impl fmt::Debug for KeyValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyValue")
            .field("key", &self.key_str())
            .field("value", &format_args!("{} bytes", self.value.len()))
            .field("create_revision", &self.create_revision)
            .field("mod_revision", &self.mod_revision)
            .field("version", &self.version)
            .field("lease", &self.lease)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_the_key_and_not_the_value() {
        let kv = KeyValue::from_wire(mvccpb::KeyValue {
            key: "/registry/secrets/x".into(),
            value: "hunter2".into(),
            ..Default::default()
        });
        let shown = format!("{kv:?}");
        assert!(shown.contains("/registry/secrets/x") && shown.contains("7 bytes"), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn a_version_of_zero_is_no_version() {
        assert_eq!(KeyValue::from_wire(mvccpb::KeyValue::default()).version, None);
        let counted = mvccpb::KeyValue { version: 3, ..Default::default() };
        assert_eq!(KeyValue::from_wire(counted).version, Some(3));
    }
}
