//! What can go wrong, in the words that a caller branches on. What a server's own words mean is in [`status`].

mod status;

use std::error::Error as StdError;
use std::fmt;

use bytes::Bytes;
use tonic::Status;

use crate::Revision;

/// Why a call failed: what was done, to which key, on which server, and what to do next.
///
/// Branch on [`kind`](Error::kind). The text is for people. It names keys and servers, and never holds a value or a
/// credential.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    operation: &'static str,
    key: Option<Bytes>,
    endpoint: Option<String>,
    message: String,
    unsent: bool,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What kind of failure an [`Error`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No endpoint could be reached, or the connection broke. Nothing was written.
    Unavailable,
    /// The answer did not come within the request timeout. Nothing was written.
    DeadlineExceeded,
    /// A write or a compaction was sent and no answer came back, or one that does not tell: it may be committed or
    /// not. [`source`](StdError::source) is the cause.
    OutcomeUnknown,
    /// A write was refused because the key is not as expected ([`Outcome::committed`](crate::Outcome::committed)).
    Conflict,
    /// The revision asked for was compacted away. List again, then watch from the list's revision.
    Compacted {
        /// The oldest revision that can still be read, where the server says so: watches do, reads do not.
        revision: Option<Revision>,
    },
    /// The revision asked for is not written yet, on this store or as far as this server knows.
    FutureRevision,
    /// The request can never succeed as it is.
    InvalidArgument,
    /// The request is over the 2 MiB that etcd and kine take, or over the server's own limit.
    TooLarge,
    /// The server does not have this.
    Unsupported,
    /// The server refused for lack of rights or of a credential.
    PermissionDenied,
    /// The server is out of space or takes no more requests now.
    ResourceExhausted,
    /// An endpoint or an option is not usable. Nothing was sent.
    Config,
    /// A secure connection could not be made: a certificate was not accepted, by us or by the server.
    Tls,
    /// The server answered what the etcd API does not allow.
    Protocol,
    /// The server reported a failure of its own. kine reports any error of its database so.
    Server,
}

impl ErrorKind {
    /// Whether a server that answers so has certainly not written anything.
    pub(crate) fn is_refusal(self) -> bool {
        matches!(
            self,
            Self::Compacted { .. }
                | Self::FutureRevision
                | Self::InvalidArgument
                | Self::TooLarge
                | Self::Unsupported
                | Self::PermissionDenied
                | Self::ResourceExhausted
                | Self::Config
        )
    }

    fn next_step(self) -> &'static str {
        match self {
            Self::Unavailable => "check that the server runs and that the endpoint is right, then try again",
            Self::DeadlineExceeded => "try again, or raise the request timeout",
            Self::OutcomeUnknown => "read the key back before trying again",
            Self::Conflict => "read the key and decide again",
            Self::Compacted { .. } => "list again and go on from the list's revision",
            Self::FutureRevision => "use a revision that this server has answered",
            Self::InvalidArgument => "change the request",
            Self::TooLarge => "send less in one request",
            Self::Unsupported => "use another server or do without",
            Self::PermissionDenied => "check the client's certificate and its rights",
            Self::ResourceExhausted => "make room on the server, then try again",
            Self::Config => "correct the connection options",
            Self::Tls => "check the CA, the client certificate and the server name",
            Self::Protocol => "check that the endpoint is an etcd API",
            Self::Server => "see the server's log",
        }
    }
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, operation: &'static str, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            operation,
            key: None,
            endpoint: None,
            message: message.into(),
            unsent: false,
            source: None,
        }))
    }

    pub(crate) fn invalid(operation: &'static str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidArgument, operation, message)
    }

    pub(crate) fn config(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, "connect", message)
    }

    /// What a gRPC status means here.
    pub(crate) fn from_status(operation: &'static str, endpoint: &str, status: Status) -> Self {
        let (kind, unsent) = status::classify(&status);
        let mut error = Self::new(kind, operation, status::words(&status)).at(endpoint);
        error.0.unsent = unsent;
        error.0.source = Some(Box::new(status::Answer(status)));
        error
    }

    #[must_use]
    pub(crate) fn at(mut self, endpoint: &str) -> Self {
        self.0.endpoint = Some(endpoint.to_owned());
        self
    }

    #[must_use]
    pub(crate) fn on_key(mut self, key: &Bytes) -> Self {
        self.0.key = Some(key.clone());
        self
    }

    #[must_use]
    pub(crate) fn caused_by(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.0.source = Some(Box::new(source));
        self
    }

    /// The same failure, of a request that may have been carried out.
    #[must_use]
    pub(crate) fn into_unknown(self) -> Self {
        Self(Box::new(Inner {
            kind: ErrorKind::OutcomeUnknown,
            operation: self.0.operation,
            key: self.0.key.clone(),
            endpoint: self.0.endpoint.clone(),
            message: "no answer tells whether it was done".to_owned(),
            unsent: false,
            source: Some(Box::new(self)),
        }))
    }

    /// What kind of failure this is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the same call may succeed later with nothing changed by the caller, and is safe to repeat.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self.0.kind,
            ErrorKind::Unavailable | ErrorKind::DeadlineExceeded | ErrorKind::ResourceExhausted
        )
    }

    /// What was being done: `get`, `list`, `create`, `watch`, `connect` and so on.
    pub fn operation(&self) -> &'static str {
        self.0.operation
    }

    /// The key or the start of the range that it was done to, where there is one.
    pub fn key(&self) -> Option<&[u8]> {
        self.0.key.as_deref()
    }

    /// The endpoint that failed or answered, where one was chosen.
    pub fn endpoint(&self) -> Option<&str> {
        self.0.endpoint.as_deref()
    }

    /// What happened, without the place and the next step.
    pub(crate) fn message(&self) -> &str {
        &self.0.message
    }

    /// Whether the request certainly never reached a server.
    pub(crate) fn is_unsent(&self) -> bool {
        self.0.unsent
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.operation)?;
        if let Some(key) = &self.0.key {
            write!(f, " of {:?}", String::from_utf8_lossy(key))?;
        }
        if let Some(endpoint) = &self.0.endpoint {
            write!(f, " on {endpoint}")?;
        }
        write!(f, ": {}; {}", self.0.message, self.0.kind.next_step())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("operation", &self.0.operation)
            .field("key", &self.0.key.as_deref().map(String::from_utf8_lossy))
            .field("endpoint", &self.0.endpoint)
            .field("message", &self.0.message)
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_outcome_is_not_retryable_and_keeps_its_cause() {
        let cause = Error::new(ErrorKind::Unavailable, "create", "connection reset").at("http://127.0.0.1:1");
        assert!(cause.is_retryable());
        let unknown = cause.into_unknown();
        assert_eq!(unknown.kind(), ErrorKind::OutcomeUnknown);
        assert!(!unknown.is_retryable());
        let source = unknown.source().and_then(|source| source.downcast_ref::<Error>()).unwrap();
        assert_eq!(source.kind(), ErrorKind::Unavailable);
    }

    #[test]
    fn the_text_names_the_operation_the_key_the_server_and_the_next_step() {
        let error = Error::new(ErrorKind::Conflict, "update", "the key is at revision 7, not 5")
            .on_key(&Bytes::from_static(b"/a\n"))
            .at("http://127.0.0.1:2379");
        assert_eq!(
            error.to_string(),
            "update of \"/a\\n\" on http://127.0.0.1:2379: the key is at revision 7, not 5; \
             read the key and decide again"
        );
    }
}
