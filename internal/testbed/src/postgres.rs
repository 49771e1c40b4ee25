//! A PostgreSQL server from the packages of this machine.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::place::{executable, in_path, is_root, temporary_folder};
use crate::port::{free_port, try_ports};
use crate::process::run;
use crate::{Error, Process};

/// How long a start may take on a busy machine.
const START: Duration = Duration::from_secs(60);
/// How long a fast shutdown may take.
const STOP: Duration = Duration::from_secs(30);
/// What it says when it finds children of the server before on its data.
const STILL_IN_USE: &str = "pre-existing shared memory block";
/// What it says once it takes connections.
const READY: &str = "database system is ready to accept connections";
/// The superuser and its password: as good as public, on a server that lives as long as a test.
const USER: &str = "postgres";
const PASSWORD: &str = "testbed";
/// The user that the server runs as when this process is root, which PostgreSQL refuses to be.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

/// A running PostgreSQL on a port of 127.0.0.1, and on a Unix socket in its folder.
#[derive(Debug)]
pub struct Postgres {
    process: Process,
    launch: Launch,
    databases: AtomicU32,
    folder: TempDir,
}

/// How to start a PostgreSQL: see [`Postgres::options`].
#[derive(Debug, Clone, Default)]
pub struct PostgresOptions {
    fsync: bool,
    settings: Vec<String>,
}

impl PostgresOptions {
    /// Whether a commit is on disk before it is acknowledged (`fsync`). Off by default: tests are faster, and kills of the
    /// server process alone lose nothing.
    #[must_use]
    pub fn fsync(mut self, fsync: bool) -> Self {
        self.fsync = fsync;
        self
    }

    /// One more server setting, such as `max_connections`, `300`.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push(format!("{name}={value}"));
        self
    }

    /// Makes a cluster and starts it; blocks until it takes connections.
    ///
    /// # Errors
    ///
    /// As for [`Postgres::start`].
    pub fn start(self) -> Result<Postgres, Error> {
        let bin = Postgres::bin_dir()?;
        let folder = temporary_folder("postgres")?;
        let account = Account::choose()?;
        account.give(folder.path())?;
        initdb(&bin, &account, folder.path())?;
        let (process, launch) = try_ports(|| {
            let launch = Launch {
                bin: bin.clone(),
                account: account.clone(),
                fsync: self.fsync,
                settings: self.settings.clone(),
                port: free_port()?,
            };
            Ok((launch.start(folder.path())?, launch))
        })?;
        Ok(Postgres { process, launch, databases: AtomicU32::new(0), folder })
    }
}

impl Postgres {
    /// Starts a PostgreSQL with the defaults of [`PostgresOptions`].
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] when there is no PostgreSQL server, [`Error::Failed`] with the end of its log when it does not
    /// come up.
    pub fn start() -> Result<Self, Error> {
        Self::options().start()
    }

    /// To start PostgreSQL in another way.
    pub fn options() -> PostgresOptions {
        PostgresOptions::default()
    }

    /// The folder of the server programs: `POSTGRES_BIN_DIR`, the newest `/usr/lib/postgresql/*/bin`, or that of
    /// `postgres` in `PATH`.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] when it is nowhere.
    pub fn bin_dir() -> Result<PathBuf, Error> {
        let found = match std::env::var_os("POSTGRES_BIN_DIR").filter(|value| !value.is_empty()) {
            Some(dir) => Some(PathBuf::from(dir)),
            None => debian_bin_dir().or_else(|| Some(in_path("postgres")?.parent()?.to_path_buf())),
        };
        found.filter(|dir| executable(&dir.join("initdb")) && executable(&dir.join("postgres"))).ok_or_else(
            || Error::Missing {
                what: "PostgreSQL".to_owned(),
                how_to_get: "install the package postgresql, or set POSTGRES_BIN_DIR".to_owned(),
            },
        )
    }

    /// The port on 127.0.0.1. It stays the same over restarts.
    pub fn port(&self) -> u16 {
        self.launch.port
    }

    /// The superuser.
    pub fn user(&self) -> &'static str {
        USER
    }

    /// The superuser's password. The server asks for it on TCP (SCRAM) and on its socket.
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
        self.sql("postgres", &format!("CREATE DATABASE {name}"))?;
        Ok(name)
    }

    /// The data source of a database on this server, as kine takes it.
    pub fn data_source(&self, database: &str) -> String {
        format!("postgres://{USER}:{PASSWORD}@127.0.0.1:{}/{database}?sslmode=disable", self.port())
    }

    /// Runs statements as the superuser, and returns what they return: a row a line, columns parted by `|`.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] with what the server said.
    pub fn sql(&self, database: &str, statements: &str) -> Result<String, Error> {
        let mut command = Command::new(self.launch.bin.join("psql"));
        command
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", USER])
            .args(["-p", &self.port().to_string(), "-d", database, "-c", statements])
            .env("PGPASSWORD", PASSWORD);
        run("psql", command)
    }

    /// The process of the postmaster.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// The folder with its data, its socket and its log.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Kills the postmaster with `SIGKILL`. Its children end by themselves. The data stays, for
    /// [`restart`](Self::restart).
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Asks it to stop at once (an immediate shutdown), and waits for its end. A later start recovers from the log.
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
        let deadline = Instant::now() + START;
        self.process = loop {
            match self.launch.start(self.folder.path()) {
                // The children of a killed postmaster end a moment after it.
                Err(error) if error.to_string().contains(STILL_IN_USE) && Instant::now() < deadline => {}
                started => break started?,
            }
        };
        Ok(())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // A killed postmaster leaves shared memory behind in /dev/shm; one that shuts down does not. What remains is killed
        // by the process's own drop.
        let _ = self.process.stop(STOP);
    }
}

#[derive(Debug)]
struct Launch {
    bin: PathBuf,
    account: Account,
    fsync: bool,
    settings: Vec<String>,
    port: u16,
}

impl Launch {
    fn start(&self, folder: &Path) -> Result<Process, Error> {
        let mut command = self.account.command(&self.bin.join("postgres"));
        command.arg("-D").arg(folder.join("data")).arg("-k").arg(folder);
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
        command.args(["-c", if self.fsync { "fsync=on" } else { "fsync=off" }]);
        for setting in &self.settings {
            command.args(["-c", setting]);
        }
        command.current_dir(folder);
        // SIGQUIT is the immediate shutdown: it does not wait for clients (PostgreSQL manual, "Shutting Down the Server").
        let mut process = Process::start("PostgreSQL", command, folder, Signal::QUIT)?;
        process.wait_ready(START, |process| process.log().contains(READY))?;
        Ok(process)
    }
}

fn initdb(bin: &Path, account: &Account, folder: &Path) -> Result<(), Error> {
    let password_file = folder.join("password");
    std::fs::write(&password_file, PASSWORD).map_err(Error::io("writing", &password_file))?;
    account.give(&password_file)?;
    let mut command = account.command(&bin.join("initdb"));
    command.arg("-D").arg(folder.join("data")).arg("--pwfile").arg(&password_file);
    command.args(["-U", USER, "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync"]);
    command.current_dir(folder);
    run("initdb", command).map(drop)
}

fn debian_bin_dir() -> Option<PathBuf> {
    let version = |dir: &PathBuf| {
        dir.parent().and_then(Path::file_name).and_then(|name| name.to_str()?.parse::<u32>().ok())
    };
    let installed = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    installed
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|bin| executable(&bin.join("initdb")))
        .max_by_key(version)
}

/// The user that a server runs as.
#[derive(Debug, Clone)]
enum Account {
    /// The one that runs this process.
    Own,
    /// This one, since the process is root.
    Other { name: &'static str, uid: u32, gid: u32 },
}

impl Account {
    fn choose() -> Result<Self, Error> {
        if !is_root() {
            return Ok(Self::Own);
        }
        if in_path("setpriv").is_none() {
            return Err(Error::Missing {
                what: "setpriv, to run PostgreSQL as another user than root,".to_owned(),
                how_to_get: "install the package util-linux, or run the tests as another user".to_owned(),
            });
        }
        let users = std::fs::read_to_string("/etc/passwd").map_err(Error::io("reading", "/etc/passwd"))?;
        UNPRIVILEGED.iter().find_map(|name| Self::parse(&users, name)).ok_or_else(|| Error::Missing {
            what: "a user to run PostgreSQL as (postgres or nobody)".to_owned(),
            how_to_get: "install the package postgresql, or run the tests as another user than root"
                .to_owned(),
        })
    }

    /// Finds `name` in the text of a passwd file (passwd(5)).
    fn parse(users: &str, name: &'static str) -> Option<Self> {
        users.lines().find_map(|line| {
            let mut fields = line.split(':');
            let found = fields.next() == Some(name);
            let uid = fields.nth(1)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            found.then_some(Self::Other { name, uid, gid })
        })
    }

    fn give(&self, path: &Path) -> Result<(), Error> {
        match self {
            Self::Own => Ok(()),
            Self::Other { uid, gid, .. } => std::os::unix::fs::chown(path, Some(*uid), Some(*gid))
                .map_err(Error::io("giving to another user", path)),
        }
    }

    fn command(&self, program: &Path) -> Command {
        match self {
            Self::Own => Command::new(program),
            Self::Other { name, gid, .. } => {
                let mut command = Command::new("setpriv");
                command
                    .args(["--reuid", name, "--regid", &gid.to_string(), "--clear-groups", "--"])
                    .arg(program);
                command
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let users =
            "root:x:0:0:root:/root:/bin/bash\npostgresql:x:7:8::/:\npostgres:x:101:104:PG:/var:/bin/bash\n";
        match Account::parse(users, "postgres") {
            Some(Account::Other { name: "postgres", uid: 101, gid: 104 }) => {}
            other => panic!("{other:?}"),
        }
        assert!(Account::parse(users, "nobody").is_none());
    }
}
