//! From a gRPC status to a kind of error.

use std::error::Error as StdError;
use std::fmt;

use tonic::{Code, Status};

use super::ErrorKind;

/// A server's or a transport's own words. It keeps tonic's type out of reach and its metadata out of the text.
pub(super) struct Answer(pub(super) Status);

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "gRPC code {:?}: {}", self.0.code(), self.0.message())
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl StdError for Answer {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

/// The reason in a status: the server's, or the last of a transport's chain, whose outer ones only say "transport error".
pub(super) fn words(status: &Status) -> String {
    let Some(mut reason) = status.source() else {
        let text = status.message();
        return if text.is_empty() { status.code().description().to_owned() } else { text.to_owned() };
    };
    while let Some(source) = reason.source() {
        reason = source;
    }
    reason.to_string()
}

/// The kind of a status, and whether its request certainly was never sent.
///
/// A status that a server sent has no source; one that the transport made up has. The texts are those of etcd's
/// `api/v3rpc/rpctypes/error.go`: etcd uses one code for several errors, and clients tell them apart by text.
pub(super) fn classify(status: &Status) -> (ErrorKind, bool) {
    if status.source().is_some() {
        return classify_transport(status);
    }
    let text = status.message();
    let kind = match status.code() {
        Code::OutOfRange if text.contains("has been compacted") => ErrorKind::Compacted { revision: None },
        Code::OutOfRange if text.contains("is a future revision") => ErrorKind::FutureRevision,
        // Of etcd with the first code; a proxy or another server may give the same text the second.
        Code::InvalidArgument | Code::ResourceExhausted if text.contains("request is too large") => {
            ErrorKind::TooLarge
        }
        // grpc-go's own words for a message over the server's limit.
        Code::ResourceExhausted if text.contains("larger than max") => ErrorKind::TooLarge,
        Code::ResourceExhausted => ErrorKind::ResourceExhausted,
        Code::InvalidArgument | Code::OutOfRange | Code::FailedPrecondition | Code::NotFound => {
            ErrorKind::InvalidArgument
        }
        Code::Unimplemented => ErrorKind::Unsupported,
        // kine answers what it lacks outside KV with code Unknown and this text.
        Code::Unknown if text.ends_with("is not supported") => ErrorKind::Unsupported,
        Code::PermissionDenied | Code::Unauthenticated => ErrorKind::PermissionDenied,
        Code::Unavailable => ErrorKind::Unavailable,
        Code::DeadlineExceeded => ErrorKind::DeadlineExceeded,
        _ => ErrorKind::Server,
    };
    (kind, false)
}

fn classify_transport(status: &Status) -> (ErrorKind, bool) {
    let mut unsent = false;
    let mut tls = false;
    let mut cause = status.source();
    while let Some(error) = cause {
        // tonic makes this one where no connection could be had, before a request is written to any.
        unsent |= error.is::<tonic::ConnectError>();
        // tokio-rustls reports what rustls refused as invalid data; nothing else on this path does.
        tls |= error
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::InvalidData);
        cause = error.source();
    }
    (if tls { ErrorKind::Tls } else { ErrorKind::Unavailable }, unsent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    fn kind_of(code: Code, text: &str) -> ErrorKind {
        Error::from_status("get", "http://127.0.0.1:1", Status::new(code, text)).kind()
    }

    #[test]
    fn statuses_of_etcd_and_kine_get_their_kinds() {
        let cases = [
            (
                Code::OutOfRange,
                "etcdserver: mvcc: required revision has been compacted",
                ErrorKind::Compacted { revision: None },
            ),
            (
                Code::OutOfRange,
                "etcdserver: mvcc: required revision is a future revision",
                ErrorKind::FutureRevision,
            ),
            (Code::InvalidArgument, "etcdserver: request is too large", ErrorKind::TooLarge),
            (Code::ResourceExhausted, "etcdserver: request is too large", ErrorKind::TooLarge),
            (
                Code::ResourceExhausted,
                "grpc: received message larger than max (3 vs. 2)",
                ErrorKind::TooLarge,
            ),
            (
                Code::ResourceExhausted,
                "etcdserver: mvcc: database space exceeded",
                ErrorKind::ResourceExhausted,
            ),
            (Code::Unimplemented, "delete is not implemented by kine", ErrorKind::Unsupported),
            (Code::Unknown, "lease revoke is not supported", ErrorKind::Unsupported),
            (Code::Unknown, "database is locked", ErrorKind::Server),
            (Code::InvalidArgument, "etcdserver: key is not provided", ErrorKind::InvalidArgument),
            (Code::Unavailable, "etcdserver: no leader", ErrorKind::Unavailable),
            (Code::PermissionDenied, "etcdserver: permission denied", ErrorKind::PermissionDenied),
        ];
        for (code, text, kind) in cases {
            assert_eq!(kind_of(code, text), kind, "{code:?} {text}");
        }
    }
}
