//! A store that is up.

use std::fmt;

use backingstore_config::StoreKind;
use kine_client::Client;

use crate::error::{Error, ErrorKind};
use crate::in_process::ServerInProcess;
use crate::kine_process::KineProcess;

/// A store that is up. Dropping it stops it in the background; [`stop`](Self::stop) waits for that.
#[must_use = "the store stops when this is dropped"]
pub struct BackingStore {
    kind: StoreKind,
    client: Client,
    process: Process,
}

/// What serves the endpoint.
#[derive(Debug)]
pub(crate) enum Process {
    Server(ServerInProcess),
    Kine(KineProcess),
}

impl Process {
    pub(crate) fn endpoint(&self) -> &str {
        match self {
            Self::Server(server) => server.handle.endpoint(),
            Self::Kine(kine) => kine.endpoint(),
        }
    }
}

impl BackingStore {
    pub(crate) fn new(kind: StoreKind, process: Process, client: Client) -> Self {
        Self { kind, client, process }
    }

    /// Which of the stores it is.
    pub fn kind(&self) -> StoreKind {
        self.kind
    }

    /// What etcd clients connect to, the Kubernetes API server among them (`--etcd-servers`).
    pub fn endpoint(&self) -> &str {
        self.process.endpoint()
    }

    /// A client of the endpoint. Cheap to clone.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Waits until the store has failed for good, and says why. A kine that ends is started again before that. Cancel
    /// safe.
    pub async fn failed(&self) -> Error {
        match &self.process {
            Process::Server(server) => {
                let error = server.handle.failed().await;
                Error::caused_by(ErrorKind::Server, "the embedded database", error)
            }
            Process::Kine(kine) => kine.failed().await,
        }
    }

    /// Stops the store: what was accepted is finished, the database is let go of.
    ///
    /// # Errors
    ///
    /// That it had failed before, or could not be stopped cleanly. What was answered is safe in either case.
    ///
    /// # Cancellation
    ///
    /// When the future is dropped, the store stops in the background.
    pub async fn stop(self) -> Result<(), Error> {
        drop(self.client);
        match self.process {
            Process::Server(server) => {
                let stopped = server.handle.stop().await;
                stopped.map_err(|error| Error::caused_by(ErrorKind::Server, "the embedded database", error))
            }
            Process::Kine(kine) => kine.stop().await,
        }
    }
}

impl fmt::Debug for BackingStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BackingStore")
            .field("kind", &self.kind)
            .field("endpoint", &self.endpoint())
            .finish_non_exhaustive()
    }
}
