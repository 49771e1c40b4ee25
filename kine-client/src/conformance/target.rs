//! The server that is looked at, and what is wrong with it.

use std::error::Error as StdError;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use tonic::Status;

use super::wire::Wire;
use crate::{Client, Error};

/// A server under test and a prefix below which a run may write what it wants.
#[derive(Clone, Debug)]
pub struct Target {
    client: Client,
    prefix: String,
}

impl Target {
    /// Connects to a server. The prefix should begin with `/`: kine forgets the TTLs of other keys when it is restarted.
    ///
    /// # Errors
    ///
    /// As for [`Client::connect`].
    pub async fn connect(endpoint: &str, prefix: impl Into<String>) -> Result<Self, Error> {
        Ok(Self::new(Client::connect([endpoint]).await?, prefix))
    }

    /// Uses a client that is there already, with its TLS and timeouts. It should have one endpoint.
    pub fn new(client: Client, prefix: impl Into<String>) -> Self {
        Self { client, prefix: prefix.into() }
    }

    /// The typed client.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// A key below this run's prefix.
    pub fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    pub(super) fn wire(&self) -> Wire {
        Wire::new(self.client.transport().leg().channel())
    }

    /// The same server with a folder that no run in this process and hardly any other has used.
    pub(super) fn for_behaviour(&self, name: &str) -> Self {
        static RUNS: AtomicU64 = AtomicU64::new(0);
        let run = RUNS.fetch_add(1, Ordering::Relaxed);
        let process = std::process::id();
        let folder = format!("{}{process:x}-{run:x}-{}/", self.prefix, name.replace("::", "-"));
        Self { client: self.client.clone(), prefix: folder }
    }

    /// The first and the end of the range of all keys of this run.
    pub(super) fn bounds(&self) -> (Bytes, Bytes) {
        let range = crate::KeyRange::prefix(&self.prefix);
        (range.start_bytes().clone(), range.end_bytes().clone())
    }
}

/// What a server did instead of what it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure(String);

impl Failure {
    /// A failure in these words.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for Failure {}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(format!("the client failed: {error}"))
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self(format!("the server answered {:?}: {}", status.code(), status.message()))
    }
}

/// Compares what was seen with what should be.
pub(super) fn same<T, U>(what: &str, seen: T, expected: U) -> Result<(), Failure>
where
    T: PartialEq<U> + fmt::Debug,
    U: fmt::Debug,
{
    if seen == expected {
        return Ok(());
    }
    Err(Failure::new(format!("{what} is {seen:?}, not {expected:?}")))
}

/// Checks that a call was refused with a code and words that clients branch on.
pub(super) fn refused<T: fmt::Debug>(
    answer: Result<T, Status>,
    code: tonic::Code,
    words: &str,
) -> Result<(), Failure> {
    match answer {
        Ok(answer) => {
            Err(Failure::new(format!("it was answered instead of refused with {code:?}: {answer:?}")))
        }
        Err(status) if status.code() == code && status.message().contains(words) => Ok(()),
        Err(status) => Err(Failure::new(format!(
            "it was refused with {:?} {:?}, not with {code:?} {words:?}",
            status.code(),
            status.message()
        ))),
    }
}
