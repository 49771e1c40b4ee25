//! From the store that a config means to one that is up.

use std::path::PathBuf;
use std::time::Duration;

use backingstore_config::{
    DEFAULT_EMBEDDED_DATA_SOURCE, DataSource, EmbeddedDatabase, KineCommand, Store, Synchronous,
};
use kine_client::Client;
use kine_server::{ListenAddress, Server};
use secrecy::ExposeSecret;

use crate::error::{Error, ErrorKind};
use crate::in_process::ServerInProcess;
use crate::kine_process::{self, KineProcess};
use crate::running::{BackingStore, Process};
use crate::socket_folder::private_folder;

/// Opens a store with the [default options](OpenOptions::new).
///
/// # Errors
///
/// As for [`OpenOptions::open`].
pub async fn open(store: &Store) -> Result<BackingStore, Error> {
    OpenOptions::new().open(store).await
}

/// How a store is to be brought up.
#[derive(Clone, Debug, Default)]
#[must_use = "options do nothing until a store is opened with them"]
pub struct OpenOptions {
    data_dir: Option<PathBuf>,
    listen: Option<ListenAddress>,
    synchronous: Option<Synchronous>,
    kine_program: Option<PathBuf>,
    kine_start_timeout: Option<Duration>,
}

impl OpenOptions {
    /// vCluster's ways, but for the endpoint, which is a Unix socket in a folder of this process.
    pub fn new() -> Self {
        Self::default()
    }

    /// Where an embedded database is that has no data source of its own: `state.db` in this directory. By default
    /// vCluster's `/data`.
    pub fn data_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(directory.into());
        self
    }

    /// Where the endpoint is. By default a Unix socket that only this user can reach.
    pub fn listen(mut self, address: impl Into<ListenAddress>) -> Self {
        self.listen = Some(address.into());
        self
    }

    /// How hard a commit of the embedded database is; see
    /// [`ServerBuilder::synchronous`](kine_server::ServerBuilder::synchronous).
    pub fn synchronous(mut self, synchronous: Synchronous) -> Self {
        self.synchronous = Some(synchronous);
        self
    }

    /// The kine to start. By default what the variable `KINE_BIN` names, else `kine` on the `PATH`.
    pub fn kine_program(mut self, program: impl Into<PathBuf>) -> Self {
        self.kine_program = Some(program.into());
        self
    }

    /// How long kine may take until it listens. 60 seconds by default; kine itself tries for 5 minutes to reach its
    /// database.
    pub fn kine_start_timeout(mut self, timeout: Duration) -> Self {
        self.kine_start_timeout = Some(timeout);
        self
    }

    /// Brings the store up and connects a client to it.
    ///
    /// # Flow
    ///
    /// 1. A SQLite file is opened in this process; for PostgreSQL and MySQL kine is started, with its data source in its
    ///    environment.
    /// 2. Once the endpoint listens, a client connects to it.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](ErrorKind::Unsupported) for an etcd, [`Config`](ErrorKind::Config) for a connector without a data
    /// source, [`KineMissing`](ErrorKind::KineMissing) with the way to get kine, [`Kine`](ErrorKind::Kine) with the end of
    /// what kine wrote, [`Server`](ErrorKind::Server) when the file cannot be opened or the address is taken.
    ///
    /// # Cancellation
    ///
    /// When the future is dropped, what was started is stopped in the background.
    pub async fn open(self, store: &Store) -> Result<BackingStore, Error> {
        let process = match store {
            Store::EmbeddedDatabase(database) => {
                let source = self.embedded_source(database)?;
                match &source {
                    DataSource::Sqlite(_) => {
                        warn_of_extra_args(database);
                        Process::Server(self.serve(source).await?)
                    }
                    _ => {
                        let command = KineCommand::for_store(store);
                        Process::Kine(self.start_kine(command).await?)
                    }
                }
            }
            Store::ExternalDatabase(_) => {
                Process::Kine(self.start_kine(KineCommand::for_store(store)).await?)
            }
            other => {
                let message = format!(
                    "the store {} is not opened here (yet): connect a client to its endpoint instead",
                    other.kind().as_str()
                );
                return Err(Error::new(ErrorKind::Unsupported, message));
            }
        };
        let client = Client::connect([process.endpoint()]).await.map_err(|error| {
            Error::caused_by(ErrorKind::Client, format!("no connection to {}", process.endpoint()), error)
        })?;
        Ok(BackingStore::new(store.kind(), process, client))
    }

    /// The data source, with the default one moved to the data directory.
    fn embedded_source(&self, database: &EmbeddedDatabase) -> Result<DataSource, Error> {
        let is_default = database.data_source.expose().expose_secret() == DEFAULT_EMBEDDED_DATA_SOURCE;
        match &self.data_dir {
            Some(directory) if is_default => {
                let parameters =
                    DEFAULT_EMBEDDED_DATA_SOURCE.split_once('?').map_or("", |(_, parameters)| parameters);
                let source = format!("sqlite://{}?{parameters}", directory.join("state.db").display());
                let cannot_be = |error| Error::caused_by(ErrorKind::Config, "the data directory", error);
                source.parse().map_err(cannot_be)
            }
            _ => Ok(database.data_source.clone()),
        }
    }

    async fn serve(self, source: DataSource) -> Result<ServerInProcess, Error> {
        let failed = |error| Error::caused_by(ErrorKind::Server, "the embedded database", error);
        let (address, folder) = match self.listen {
            Some(address) => (address, None),
            None => {
                let folder = private_folder()?;
                (ListenAddress::unix(folder.path().join("kine.sock")), Some(folder))
            }
        };
        let mut builder = Server::builder(source);
        if let Some(synchronous) = self.synchronous {
            builder = builder.synchronous(synchronous);
        }
        let server = builder.open().await.map_err(failed)?;
        let handle = server.serve(address).await.map_err(failed)?;
        Ok(ServerInProcess { handle, _folder: folder })
    }

    async fn start_kine(
        self,
        command: Result<KineCommand, backingstore_config::ConfigError>,
    ) -> Result<KineProcess, Error> {
        let command =
            command.map_err(|error| Error::caused_by(ErrorKind::Config, "kine cannot be started", error))?;
        let program = kine_process::find(self.kine_program.as_deref())?;
        let timeout = self.kine_start_timeout.unwrap_or(Duration::from_secs(60));
        KineProcess::start(program, command, self.listen, timeout).await
    }
}

/// Flags for kine say nothing to the server in this process. They cannot make it fail or lose data, so this is no error.
fn warn_of_extra_args(database: &EmbeddedDatabase) {
    for arg in &database.extra_args {
        let name = arg.expose_secret().split('=').next().unwrap_or_default();
        tracing::warn!(
            flag = name,
            "an extra argument for kine is not used: the embedded database needs no kine"
        );
    }
}
