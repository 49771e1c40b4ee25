//! What can go wrong with a server: opening its database, listening, going on.

use std::fmt;

/// What a server failed to do, to what, and why.
///
/// The message says which file, address or database it is about and what to do next. Nothing of a key's value is in it.
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
    /// An option is wrong or two do not go together.
    Config,
    /// The data source is of a kind that this server does not serve (yet).
    Unsupported,
    /// Another server holds the database file, or another process the address.
    InUse,
    /// The file is not a database, or the table `kine` in it is not kine's.
    NotKine,
    /// The database cannot be opened, read or written.
    Storage,
    /// The database file was removed or replaced while it was served.
    Gone,
    /// No space is left for the database.
    NoSpace,
    /// The address cannot be listened on.
    Listen,
    /// A certificate or key cannot be read or used.
    Tls,
    /// The server has stopped.
    Stopped,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What callers branch on.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether the same call may succeed later without anything being changed by hand.
    pub fn is_retryable(&self) -> bool {
        matches!(self.kind, ErrorKind::InUse | ErrorKind::NoSpace)
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
