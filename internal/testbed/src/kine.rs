//! Real kine, on a database of its choice.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::place::{executable, find_program, temporary_folder};
use crate::port::{free_port, try_ports};
use crate::{Error, MariaDb, Postgres, Process, tool_dir};

/// How long a start may take on a busy machine.
const START: Duration = Duration::from_secs(60);
/// How long a graceful stop may take. kine waits 2 s for its clients.
const STOP: Duration = Duration::from_secs(15);
/// What kine says once it serves (kine, `pkg/endpoint`).
const READY: &str = " available at ";

/// A release of kine that the family is tested against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KineVersion {
    /// v0.16.4.
    V0_16_4,
    /// v0.17.1.
    V0_17_1,
}

impl KineVersion {
    /// All of them, the oldest first.
    pub const ALL: [Self; 2] = [Self::V0_16_4, Self::V0_17_1];

    /// The program: `KINE_BIN_V0_16_4` (and so on), or `TESTBED_DIR/kine-v0.16.4/kine`.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] when it is in neither place.
    pub fn program(self) -> Result<PathBuf, Error> {
        let variable = format!("KINE_BIN_{}", self.to_string().replace('.', "_").to_uppercase());
        let built = tool_dir().join(format!("kine-{self}/kine"));
        // A `kine` in PATH would be of any version, so it is not taken.
        let found = match std::env::var_os(&variable).filter(|value| !value.is_empty()) {
            Some(_) => find_program(&variable, &[], "kine"),
            None => executable(&built).then_some(built),
        };
        found.ok_or_else(|| Error::Missing {
            what: format!("kine {self}"),
            how_to_get: format!("install Go and run scripts/test.sh, or set {variable} to the program"),
        })
    }
}

impl fmt::Display for KineVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V0_16_4 => "v0.16.4",
            Self::V0_17_1 => "v0.17.1",
        })
    }
}

/// What kine keeps its rows in.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum KineBackend<'a> {
    /// A fresh SQLite file in the server's own folder, with `synchronous=FULL`.
    Sqlite,
    /// This SQLite file, made when it is not there, with `synchronous=FULL`. It stays when the server is gone.
    SqliteFile(&'a Path),
    /// A fresh database on this PostgreSQL.
    Postgres(&'a Postgres),
    /// A fresh database on this MariaDB.
    MariaDb(&'a MariaDb),
    /// The datastore with this endpoint, as kine's `--endpoint` takes it.
    DataSource(&'a str),
}

/// A running kine.
#[derive(Debug)]
pub struct Kine {
    process: Process,
    launch: Launch,
    folder: TempDir,
}

#[derive(Debug, Clone)]
enum Program {
    Release(KineVersion),
    Compatible(PathBuf),
}

impl Program {
    fn find(&self) -> Result<PathBuf, Error> {
        match self {
            Self::Release(version) => version.program(),
            Self::Compatible(path) if executable(path) => Ok(path.clone()),
            Self::Compatible(path) => Err(Error::Missing {
                what: path.display().to_string(),
                how_to_get: "build it first; it is no executable file".to_owned(),
            }),
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Release(version) => write!(f, "kine {version}"),
            Self::Compatible(path) => path.display().fmt(f),
        }
    }
}

/// How to start a kine: see [`Kine::options`] and [`Kine::compatible`].
#[derive(Debug, Clone)]
pub struct KineOptions {
    program: Program,
    args: Vec<String>,
    unix_socket: bool,
}

impl KineOptions {
    /// One more argument on kine's command line, such as `--compact-interval=1s`.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Listens on a Unix socket in the server's folder instead of a TCP port.
    #[must_use]
    pub fn unix_socket(mut self) -> Self {
        self.unix_socket = true;
        self
    }

    /// Starts it, and blocks until it serves.
    ///
    /// # Errors
    ///
    /// As for [`Kine::start`].
    pub fn start(self, backend: KineBackend<'_>) -> Result<Kine, Error> {
        let program = self.program.find()?;
        let folder = temporary_folder("kine")?;
        let data_source = match backend {
            KineBackend::Sqlite => sqlite_data_source(&folder.path().join("state.db")),
            KineBackend::SqliteFile(path) => sqlite_data_source(path),
            KineBackend::Postgres(postgres) => postgres.data_source(&postgres.create_database()?),
            KineBackend::MariaDb(mariadb) => mariadb.data_source(&mariadb.create_database()?),
            KineBackend::DataSource(text) => text.to_owned(),
        };
        let (process, launch) = try_ports(|| {
            let endpoint = if self.unix_socket {
                format!("unix://{}", folder.path().join("kine.sock").display())
            } else {
                format!("http://127.0.0.1:{}", free_port()?)
            };
            let launch = Launch {
                what: self.program.to_string(),
                program: program.clone(),
                args: self.args.clone(),
                data_source: data_source.clone(),
                endpoint,
            };
            Ok((launch.start(folder.path())?, launch))
        })?;
        Ok(Kine { process, launch, folder })
    }
}

impl Kine {
    /// Starts kine on a TCP port of 127.0.0.1, with its defaults but for metrics, which are off. Blocks until it serves.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] when this version is not here, [`Error::Failed`] with the end of its log when it does not
    /// come up.
    pub fn start(version: KineVersion, backend: KineBackend<'_>) -> Result<Self, Error> {
        Self::options(version).start(backend)
    }

    /// To start kine in another way.
    pub fn options(version: KineVersion) -> KineOptions {
        KineOptions { program: Program::Release(version), args: Vec::new(), unix_socket: false }
    }

    /// To start another program that takes kine's command line and environment and says ` available at ` when it serves.
    pub fn compatible(program: impl Into<PathBuf>) -> KineOptions {
        KineOptions { program: Program::Compatible(program.into()), args: Vec::new(), unix_socket: false }
    }

    /// Where it serves the etcd API: `http://127.0.0.1:PORT`, or `unix://PATH`. It stays the same over restarts.
    pub fn endpoint(&self) -> &str {
        &self.launch.endpoint
    }

    /// The datastore endpoint that it was given. For PostgreSQL and MariaDB it holds a password, of a server that lives
    /// as long as the test.
    pub fn data_source(&self) -> &str {
        &self.launch.data_source
    }

    /// The process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// The folder with its log, its socket and its fresh SQLite file.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Kills it with `SIGKILL`. The data stays, for [`restart`](Self::restart).
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Asks it to stop with `SIGTERM`, and waits for its end.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] when it still runs after 15 s; it is killed then.
    pub fn stop(&mut self) -> Result<(), Error> {
        self.process.stop(STOP).map(drop)
    }

    /// Kills it if it runs, and starts it on the same data and address.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] when it does not come up.
    pub fn restart(&mut self) -> Result<(), Error> {
        self.process.kill();
        self.process = self.launch.start(self.folder.path())?;
        Ok(())
    }
}

/// kine's own default parameters (kine, `pkg/drivers/sqlite`), but for `_synchronous`, which is `NORMAL` there and does
/// not sync each commit. A data source that is given gets none of the defaults.
fn sqlite_data_source(path: &Path) -> String {
    format!(
        "sqlite://{}?_journal_mode=WAL&_busy_timeout=30000&_synchronous=FULL&_txlock=immediate&_stmt_cache_size=20",
        path.display()
    )
}

#[derive(Debug)]
struct Launch {
    what: String,
    program: PathBuf,
    args: Vec<String>,
    data_source: String,
    endpoint: String,
}

impl Launch {
    fn start(&self, folder: &Path) -> Result<Process, Error> {
        let mut command = Command::new(&self.program);
        command
            // In the environment, where only this user can read it; every user can read a command line.
            .env("KINE_ENDPOINT", &self.data_source)
            .args(["--listen-address", &self.endpoint, "--metrics-bind-address", "0"])
            .args(&self.args)
            .current_dir(folder);
        let mut process = Process::start(&self.what, command, folder, Signal::TERM)?;
        process.wait_ready(START, |process| process.log().contains(READY))?;
        Ok(process)
    }
}
