//! What is read, and likely not what is meant.

use crate::error::Place;

/// A warning of reading. Unlike a [`ConfigError`](crate::ConfigError) it keeps nothing from being read.
#[derive(Debug, Clone)]
pub(crate) struct Remark {
    pub(crate) kind: RemarkKind,
    pub(crate) path: String,
    pub(crate) place: Option<Place>,
    pub(crate) message: String,
    pub(crate) help: String,
}

/// What a remark is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RemarkKind {
    /// A boolean of YAML 1.1, such as `yes`.
    BooleanWord,
    /// A number that its zero in front makes an octal one.
    OctalNumber,
    /// A key that nothing looks at, and that is near to one that counts.
    MisspeltKey,
}
