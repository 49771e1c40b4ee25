//! What can go wrong when a store is brought up.

use std::fmt;

/// What could not be done, and what to do next.
///
/// No secret is in it: neither a data source's password nor what kine wrote about it.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What callers branch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The store that the config means is not one that is opened here.
    Unsupported,
    /// The config does not say enough to open the store.
    Config,
    /// There is no `kine` on this machine.
    KineMissing,
    /// kine was started and did not come up, or ended for good.
    Kine,
    /// The server in this process could not open its database or listen, or has ended.
    Server,
    /// The store runs, and the client could not connect to it.
    Client,
    /// A file or a process could not be made.
    Io,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    pub(crate) fn caused_by(
        kind: ErrorKind,
        message: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { kind, message: message.into(), source: Some(source.into()) }
    }

    /// What callers branch on.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.source {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // The source's own text is part of ours already; what is below it is not.
        self.source.as_deref().and_then(std::error::Error::source)
    }
}
