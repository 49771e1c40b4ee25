//! A child process that does not outlive its owner.

mod watchdog;

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use crate::{Error, wait_until};
use watchdog::Watchdog;

/// How much of a log an error carries.
const TAIL: u64 = 4096;

/// A running server.
///
/// *Guarantees*: the process is gone after [`kill`](Self::kill), after the value is dropped, and shortly after the process
/// that owns the value ends in any way, `SIGKILL` included. The last is the work of a watchdog: a small `sh` that reads a
/// pipe which only the owner holds open, and kills the server and removes its folder at the pipe's end. (The kernel's
/// parent-death signal is not used: it fires when the parent's *thread* ends, and test threads end early.)
///
/// *Assumptions*: `/bin/sh`, and a server that does not leave the process group it was started in, or whose children end
/// by themselves when it does (as PostgreSQL's do).
#[derive(Debug)]
pub struct Process {
    what: String,
    child: Child,
    ended: Option<ExitStatus>,
    log: PathBuf,
    log_start: u64,
    stop: Signal,
    watchdog: Option<Watchdog>,
}

impl Process {
    /// Starts `command` with its output in `folder`/log; `what` names it in errors. `stop` is the signal that the watchdog
    /// sends first. It follows up with `SIGKILL` after three seconds, and then removes `folder`.
    pub(crate) fn start(what: &str, command: Command, folder: &Path, stop: Signal) -> Result<Self, Error> {
        let log = folder.join("log");
        let output = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&log)
            .map_err(Error::io("opening the log", &log))?;
        let log_start = output.metadata().map_err(Error::io("reading the log", &log))?.len();
        let errors = output.try_clone().map_err(Error::io("opening the log", &log))?;

        let watchdog = Watchdog::start(folder, stop)?;
        let mut wrapped = watchdog.wrap(command)?;
        // Away from the terminal's process group: Ctrl-C reaches the owner alone, and the rest follows in order.
        wrapped.stdout(output).stderr(errors).process_group(0);
        let program = wrapped.get_program().to_owned();
        let child = match wrapped.spawn() {
            Ok(child) => child,
            Err(error) => {
                watchdog.dismiss();
                return Err(Error::io("starting", program)(error));
            }
        };
        Ok(Self { what: what.to_owned(), child, ended: None, log, log_start, stop, watchdog: Some(watchdog) })
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether the process still runs.
    pub fn is_running(&mut self) -> bool {
        if self.ended.is_none()
            && let Ok(Some(status)) = self.child.try_wait()
        {
            self.has_ended(status);
        }
        self.ended.is_none()
    }

    /// What the process has written to its standard output and error since this start.
    pub fn log(&self) -> String {
        read_from(&self.log, self.log_start).unwrap_or_default()
    }

    /// Blocks until `ready` holds.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`], with the end of the log, when the process ends first or `deadline` passes.
    pub(crate) fn wait_ready(
        &mut self,
        deadline: Duration,
        mut ready: impl FnMut(&Self) -> bool,
    ) -> Result<(), Error> {
        let start = Instant::now();
        let mut running = true;
        let waited = wait_until("it is ready", deadline, || {
            running = self.is_running();
            !running || ready(self)
        });
        match (running, waited) {
            (true, Ok(())) => Ok(()),
            (true, Err(_)) => Err(self.failure(format!("not ready after {:?}", start.elapsed()))),
            (false, _) => {
                let status = self.ended.unwrap_or_else(|| ExitStatus::from_raw(0));
                Err(self.failure(format!("ended before it was ready ({status})")))
            }
        }
    }

    /// An error about this process with the end of its log.
    pub(crate) fn failure(&self, reason: String) -> Error {
        let len = self.log.metadata().map(|meta| meta.len()).unwrap_or(0);
        let from = self.log_start.max(len.saturating_sub(TAIL));
        Error::Failed {
            what: self.what.clone(),
            reason,
            log_tail: read_from(&self.log, from).unwrap_or_default(),
        }
    }

    /// Kills the process with `SIGKILL` and waits for its end. Its files stay.
    pub fn kill(&mut self) {
        if self.is_running() {
            self.signal(Signal::KILL);
            self.reap();
        }
    }

    /// Asks the process to stop, and waits for its end.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] when it still runs after `deadline`; it is killed then.
    pub(crate) fn stop(&mut self, deadline: Duration) -> Result<ExitStatus, Error> {
        if self.is_running() {
            self.signal(self.stop);
            if wait_until("it stops", deadline, || !self.is_running()).is_err() {
                let error = self.failure(format!("still runs {deadline:?} after it was asked to stop"));
                self.kill();
                return Err(error);
            }
        }
        Ok(self.ended.unwrap_or_else(|| ExitStatus::from_raw(0)))
    }

    /// Sends a signal to the process and its group.
    fn signal(&self, signal: Signal) {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            // Fails only when the process has ended, which is what the caller finds out next.
            let _ = rustix::process::kill_process_group(pid, signal);
        }
    }

    fn reap(&mut self) {
        if let Ok(status) = self.child.wait() {
            self.has_ended(status);
        }
    }

    fn has_ended(&mut self, status: ExitStatus) {
        self.ended = Some(status);
        if let Some(watchdog) = self.watchdog.take() {
            watchdog.dismiss();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn read_from(path: &Path, offset: u64) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Runs a program that ends by itself and returns its standard output.
pub(crate) fn run(what: &str, mut command: Command) -> Result<String, Error> {
    let program = command.get_program().to_owned();
    let output = command.stdin(Stdio::null()).output().map_err(Error::io("starting", program))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let mut log_tail = String::from_utf8_lossy(&output.stdout).into_owned();
    log_tail.push_str(&String::from_utf8_lossy(&output.stderr));
    Err(Error::Failed { what: what.to_owned(), reason: output.status.to_string(), log_tail })
}
