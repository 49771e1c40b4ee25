//! From the store that a config means to one that is up.

use std::path::PathBuf;
use std::time::Duration;

use backingstore_config::{
    DEFAULT_EMBEDDED_DATA_SOURCE, DataSource, EmbeddedDatabase, KineCommand, SqliteSource, Store, Synchronous,
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
    allow_remote: bool,
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
    ///
    /// An address that other hosts can reach is refused without a [dangerous](Self::dangerous) option. Port 0, by which
    /// the system chooses, is for the embedded database alone: kine does not say which port it got, and is refused it.
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

    /// Choices that weaken security, spelled out so that a review finds them.
    pub fn dangerous(self) -> DangerousOptions {
        DangerousOptions(self)
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
    /// source, a data directory whose path is not UTF-8 and an address that is not [listened](Self::listen) on,
    /// [`KineMissing`](ErrorKind::KineMissing) with the way to get kine, [`Kine`](ErrorKind::Kine) with the end of
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
                let source = SqliteSource::from_path(directory.join("state.db"), parameters);
                source.map(DataSource::Sqlite).map_err(|error| {
                    let message = format!("the data directory {} cannot be used", directory.display());
                    Error::caused_by(ErrorKind::Config, message, error)
                })
            }
            _ => Ok(database.data_source.clone()),
        }
    }

    async fn serve(self, source: DataSource) -> Result<ServerInProcess, Error> {
        let failed = |error| Error::caused_by(ErrorKind::Server, "the embedded database", error);
        self.refuse_remote(self.listen.as_ref())?;
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
        if self.allow_remote {
            builder = builder.dangerous().allow_remote_without_client_certificates();
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
        self.refuse_remote(self.listen.as_ref())?;
        self.refuse_remote(listen_argument(&command.arguments()).as_ref())?;
        if let Some(ListenAddress::Tcp(address)) = self.listen
            && address.port() == 0
        {
            let message = format!(
                "kine cannot listen on {address}: it does not say which free port it got; name a port, or leave the \
                 address out for a Unix socket"
            );
            return Err(Error::new(ErrorKind::Config, message));
        }
        let program = kine_process::find(self.kine_program.as_deref())?;
        let timeout = self.kine_start_timeout.unwrap_or(Duration::from_secs(60));
        KineProcess::start(program, command, self.listen, timeout).await
    }

    /// Neither the server nor kine asks for client certificates here.
    fn refuse_remote(&self, address: Option<&ListenAddress>) -> Result<(), Error> {
        match address {
            Some(address) if address.is_remote() && !self.allow_remote => {
                let message = format!(
                    "{address} can be reached from other hosts, and whoever connects could read and change every key: \
                     listen on a loopback address or a Unix socket, or say so with the dangerous option"
                );
                Err(Error::new(ErrorKind::Config, message))
            }
            _ => Ok(()),
        }
    }
}

/// Options that weaken security.
#[derive(Debug)]
#[must_use = "the choice is in what this returns"]
pub struct DangerousOptions(OpenOptions);

impl DangerousOptions {
    /// Lets the endpoint be on an address that other hosts reach, without asking for client certificates: whoever can
    /// connect can read and change every key, Secrets among them.
    pub fn allow_remote_without_client_certificates(self) -> OpenOptions {
        OpenOptions { allow_remote: true, ..self.0 }
    }
}

/// Where kine's arguments have it listen: an extra argument of the config takes the place of ours. What is no address, kine
/// refuses.
fn listen_argument(arguments: &[String]) -> Option<ListenAddress> {
    let is_flag = |name: &str| matches!(name, "--listen-address" | "-listen-address");
    let mut values =
        arguments.iter().enumerate().filter_map(|(index, argument)| match argument.split_once('=') {
            Some((name, value)) => is_flag(name).then_some(value),
            None => is_flag(argument).then(|| arguments.get(index + 1).map(String::as_str)).flatten(),
        });
    // The last one counts, as in kine.
    values.next_back()?.parse().ok()
}

/// Flags for kine say nothing to the server in this process. They cannot make it fail or lose data, so this is no error.
fn warn_of_extra_args(database: &EmbeddedDatabase) {
    for arg in &database.extra_args {
        tracing::warn!(
            flag = shown_name(arg.expose_secret()),
            "an extra argument for kine is not used: the embedded database needs no kine"
        );
    }
}

/// A flag's name. What is no flag can be the value of the one before it, or a data source whose flag was forgotten.
fn shown_name(arg: &str) -> &str {
    let name = arg.split_once('=').map_or(arg, |(name, _)| name);
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if name.starts_with('-') && is_plain { name } else { "***" }
}
