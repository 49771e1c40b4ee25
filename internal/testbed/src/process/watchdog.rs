//! The `sh` that ends a server when its owner is gone.

use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use rustix::process::Signal;

use crate::Error;

/// Reads the server's process id, then waits. The line `ended` means that the server has ended in the owner's sight; the
/// pipe's end means that the owner is gone. `$1` is the first signal to send, `$2` the folder to remove.
const WATCH: &str = r#"
pid=
while read -r line; do
    if [ "$line" = ended ]; then exit 0; fi
    pid=$line
done
if [ -n "$pid" ]; then
    kill -s "$1" -- "-$pid"
    tries=0
    while kill -s 0 -- "-$pid" && [ "$tries" -lt 30 ]; do sleep 0.1; tries=$((tries + 1)); done
    kill -s KILL -- "-$pid"
fi
tries=0
while ! rm -rf -- "$2" && [ "$tries" -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
"#;

/// Tells the watchdog its own process id over its standard input, then becomes the server, which keeps that id. Done by
/// the server's process itself, so that there is no moment at which it runs unwatched.
const REPORT_THEN_RUN: &str = r#"echo "$$" >&0; exec "$@" </dev/null"#;

#[derive(Debug)]
pub(super) struct Watchdog {
    shell: Child,
    pipe: ChildStdin,
}

impl Watchdog {
    pub(super) fn start(folder: &Path, first_signal: Signal) -> Result<Self, Error> {
        let signal = match first_signal {
            Signal::TERM => "TERM",
            Signal::QUIT => "QUIT",
            _ => "KILL",
        };
        let mut shell = Command::new("/bin/sh")
            .args(["-c", WATCH, "testbed-watchdog", signal])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(Error::io("starting the watchdog", "/bin/sh"))?;
        match shell.stdin.take() {
            Some(pipe) => Ok(Self { shell, pipe }),
            None => Err(Error::failed("watchdog", "it has no standard input")),
        }
    }

    /// `command`, changed so that its process reports itself to this watchdog first.
    pub(super) fn wrap(&self, command: Command) -> Result<Command, Error> {
        let pipe = std::os::fd::AsFd::as_fd(&self.pipe)
            .try_clone_to_owned()
            .map_err(Error::io("sharing the watchdog's pipe with", command.get_program()))?;
        Ok(wrap(command, pipe))
    }

    /// Ends the watchdog without it touching anything.
    pub(super) fn dismiss(self) {
        let Self { mut shell, mut pipe } = self;
        // Fails only when the watchdog is gone already; then there is nothing to dismiss.
        let _ = std::io::Write::write_all(&mut pipe, b"ended\n");
        drop(pipe);
        let _ = shell.wait();
    }
}

fn wrap(command: Command, pipe: OwnedFd) -> Command {
    let mut wrapped = Command::new("/bin/sh");
    wrapped.args(["-c", REPORT_THEN_RUN, "sh"]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => wrapped.env(name, value),
            None => wrapped.env_remove(name),
        };
    }
    if let Some(dir) = command.get_current_dir() {
        wrapped.current_dir(dir);
    }
    wrapped.stdin(Stdio::from(pipe));
    wrapped
}
