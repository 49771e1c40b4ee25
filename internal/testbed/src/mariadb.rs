//! A MariaDB server from the packages of this machine.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::place::{executable, in_path, is_root, temporary_folder};
use crate::port::{free_port, try_ports};
use crate::process::run;
use crate::{Error, Process};

/// How long a start may take on a busy machine.
const START: Duration = Duration::from_secs(60);
/// How long a shutdown may take.
const STOP: Duration = Duration::from_secs(30);
/// What it says once it takes connections.
const READY: &str = "ready for connections";
/// A user with all rights and its password: as good as public, on a server that lives as long as a test.
const USER: &str = "testbed";
const PASSWORD: &str = "testbed";

/// A running MariaDB on a port of 127.0.0.1, and on a Unix socket in its folder.
#[derive(Debug)]
pub struct MariaDb {
    process: Process,
    launch: Launch,
    databases: AtomicU32,
    folder: TempDir,
}

/// How to start a MariaDB: see [`MariaDb::options`].
#[derive(Debug, Clone, Default)]
pub struct MariaDbOptions {
    fsync: bool,
    settings: Vec<String>,
}

impl MariaDbOptions {
    /// Whether a commit is on disk before it is acknowledged (`innodb_flush_log_at_trx_commit`). Off by default: tests are
    /// faster, and kills of the server process alone lose nothing.
    #[must_use]
    pub fn fsync(mut self, fsync: bool) -> Self {
        self.fsync = fsync;
        self
    }

    /// One more server setting, such as `max_connections`, `300`.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push(format!("--{name}={value}"));
        self
    }

    /// Makes a data folder and starts a server on it; blocks until it takes connections.
    ///
    /// # Errors
    ///
    /// As for [`MariaDb::start`].
    pub fn start(self) -> Result<MariaDb, Error> {
        let programs = Programs::find()?;
        let folder = temporary_folder("mariadb")?;
        install(&programs, folder.path())?;
        let (process, launch) = try_ports(|| {
            let launch = Launch {
                programs: programs.clone(),
                fsync: self.fsync,
                settings: self.settings.clone(),
                port: free_port()?,
            };
            Ok((launch.start(folder.path())?, launch))
        })?;
        Ok(MariaDb { process, launch, databases: AtomicU32::new(0), folder })
    }
}

impl MariaDb {
    /// Starts a MariaDB with the defaults of [`MariaDbOptions`].
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] when there is no MariaDB server, [`Error::Failed`] with the end of its log when it does not come
    /// up.
    pub fn start() -> Result<Self, Error> {
        Self::options().start()
    }

    /// To start MariaDB in another way.
    pub fn options() -> MariaDbOptions {
        MariaDbOptions::default()
    }

    /// Whether the server's programs are here.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] when one is not.
    pub fn check() -> Result<(), Error> {
        Programs::find().map(drop)
    }

    /// The port on 127.0.0.1. It stays the same over restarts.
    pub fn port(&self) -> u16 {
        self.launch.port
    }

    /// A user with all rights.
    pub fn user(&self) -> &'static str {
        USER
    }

    /// That user's password.
    pub fn password(&self) -> &'static str {
        PASSWORD
    }

    /// Makes an empty database with a name of its own, and returns the name.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] when the server refuses.
    pub fn create_database(&self) -> Result<String, Error> {
        let name = format!("testbed_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("mysql", &format!("CREATE DATABASE {name}"))?;
        Ok(name)
    }

    /// The data source of a database on this server, as kine takes it.
    pub fn data_source(&self, database: &str) -> String {
        format!("mysql://{USER}:{PASSWORD}@tcp(127.0.0.1:{})/{database}", self.port())
    }

    /// Runs statements as [`user`](Self::user), and returns what they return: a row a line, columns parted by tabs.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] with what the server said.
    pub fn sql(&self, database: &str, statements: &str) -> Result<String, Error> {
        let mut command = Command::new(&self.launch.programs.client);
        command
            .args(["--no-defaults", "--protocol=tcp", "-h", "127.0.0.1", "-u", USER, "-N", "-B"])
            .args(["-P", &self.port().to_string(), "-D", database, "-e", statements])
            .env("MYSQL_PWD", PASSWORD);
        run("mariadb", command)
    }

    /// The process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// The folder with its data, its socket and its log.
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
    /// [`Error::Failed`] when it still runs after 30 s; it is killed then.
    pub fn stop(&mut self) -> Result<(), Error> {
        self.process.stop(STOP).map(drop)
    }

    /// Kills it if it runs, and starts it on the same data and port.
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

#[derive(Debug, Clone)]
struct Programs {
    server: PathBuf,
    install: PathBuf,
    client: PathBuf,
}

impl Programs {
    fn find() -> Result<Self, Error> {
        let find = |program: &str| {
            let named = std::env::var_os("MARIADB_BIN_DIR").filter(|value| !value.is_empty());
            let found = match named {
                Some(dir) => Some(PathBuf::from(dir).join(program)).filter(|path| executable(path)),
                // /usr/sbin is not in every user's PATH.
                None => in_path(program)
                    .or_else(|| Some(Path::new("/usr/sbin").join(program)).filter(|path| executable(path))),
            };
            found.ok_or_else(|| Error::Missing {
                what: format!("MariaDB's {program}"),
                how_to_get: "install the packages mariadb-server-core and mariadb-client-core, or set \
                             MARIADB_BIN_DIR"
                    .to_owned(),
            })
        };
        Ok(Self { server: find("mariadbd")?, install: find("mariadb-install-db")?, client: find("mariadb")? })
    }
}

#[derive(Debug)]
struct Launch {
    programs: Programs,
    fsync: bool,
    settings: Vec<String>,
    port: u16,
}

impl Launch {
    fn start(&self, folder: &Path) -> Result<Process, Error> {
        let mut command = Command::new(&self.programs.server);
        command.arg("--no-defaults").arg(option("--datadir=", &folder.join("data")));
        command.arg(option("--socket=", &folder.join("mysqld.sock")));
        command.arg(option("--pid-file=", &folder.join("pid")));
        command.arg(option("--init-file=", &folder.join("init.sql")));
        command.args(["--bind-address=127.0.0.1", &format!("--port={}", self.port)]);
        // 1 syncs the log at each commit, 0 once a second (MariaDB, innodb_flush_log_at_trx_commit).
        command.arg(format!("--innodb-flush-log-at-trx-commit={}", u8::from(self.fsync)));
        command.args(run_as_root()).args(&self.settings).current_dir(folder);
        let mut process = Process::start("MariaDB", command, folder, Signal::TERM)?;
        process.wait_ready(START, |process| process.log().contains(READY))?;
        Ok(process)
    }
}

/// Makes the data folder, and the statements that each start begins with: the one user.
fn install(programs: &Programs, folder: &Path) -> Result<(), Error> {
    let mut command = Command::new(&programs.install);
    command.arg("--no-defaults").arg(option("--datadir=", &folder.join("data")));
    command.args(["--auth-root-authentication-method=normal", "--skip-test-db"]);
    command.args(run_as_root()).current_dir(folder);
    run("mariadb-install-db", command)?;
    let init = folder.join("init.sql");
    let statements = format!(
        "CREATE USER IF NOT EXISTS '{USER}'@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';\n\
         GRANT ALL PRIVILEGES ON *.* TO '{USER}'@'127.0.0.1' WITH GRANT OPTION;\n"
    );
    std::fs::write(&init, statements).map_err(Error::io("writing", &init))
}

/// MariaDB runs as root only when told to.
fn run_as_root() -> Option<&'static str> {
    is_root().then_some("--user=root")
}

fn option(name: &str, path: &Path) -> std::ffi::OsString {
    let mut option = std::ffi::OsString::from(name);
    option.push(path);
    option
}
