//! The user's own kine as a child process: found, started, watched, started again, stopped.
//!
//! kine runs below a small shell that holds the other end of a pipe to this process. When the pipe closes, the shell
//! terminates kine: on [`KineProcess::stop`], when the value is dropped, and also when this process is killed.

use std::collections::VecDeque;
use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use backingstore_config::KineCommand;
use kine_server::ListenAddress;
use secrecy::ExposeSecret;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use crate::error::{Error, ErrorKind};
use crate::masking::Mask;
use crate::socket_folder::private_folder;

/// Runs its arguments until they end or its input does. Without `exec`, because somebody has to listen to the pipe.
const WATCHDOG: &str = r#"
exec 3<&0
"$@" 3<&- </dev/null &
kine=$!
(
    cat <&3 >/dev/null
    kill -TERM "$kine" 2>/dev/null
    sleep 5
    kill -KILL "$kine" 2>/dev/null
) >/dev/null 2>&1 &
watchdog=$!
exec 3<&-
wait "$kine"
status=$?
kill "$watchdog" 2>/dev/null
exit "$status"
"#;

/// What kine writes once it listens.
const AVAILABLE: &str = " available at ";
/// How long kine may take to stop: it gives its clients 2 s, and the watchdog kills it after 5 s.
const STOP: Duration = Duration::from_secs(10);
/// Pauses between two starts, and how many starts may fail one after the other.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
const ATTEMPTS: u32 = 8;
/// Lines of kine's log that an error shows.
const LINES: usize = 12;

/// A kine that is kept running.
#[derive(Debug)]
pub(crate) struct KineProcess {
    endpoint: String,
    /// Dropped to stop.
    stop: Option<oneshot::Sender<()>>,
    /// How it ended: none while it runs.
    ended: watch::Receiver<Option<Result<(), String>>>,
}

/// The program to start: the one given, what `KINE_BIN` names, or `kine` on the `PATH`.
pub(crate) fn find(given: Option<&Path>) -> Result<PathBuf, Error> {
    let named = given
        .map(Path::to_owned)
        .or_else(|| env::var_os("KINE_BIN").filter(|bin| !bin.is_empty()).map(Into::into));
    if let Some(named) = named {
        if named.is_file() {
            return Ok(named);
        }
        let message = format!(
            "there is no kine at {}: name one that is there, or none to look on the PATH",
            named.display()
        );
        return Err(Error::new(ErrorKind::KineMissing, message));
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).map(|folder| folder.join("kine")).find(|program| program.is_file());
    found.ok_or_else(|| {
        Error::new(
            ErrorKind::KineMissing,
            "this store needs kine, and there is none on the PATH: get one with \
             `go install github.com/k3s-io/kine@v0.16.4` or from the release page of k3s-io/kine, then put it on the PATH \
             or name it in KINE_BIN",
        )
    })
}

impl KineProcess {
    /// Starts kine and waits until it listens.
    pub(crate) async fn start(
        program: PathBuf,
        command: KineCommand,
        listen: Option<ListenAddress>,
        start_timeout: Duration,
    ) -> Result<Self, Error> {
        let folder = private_folder()?;
        let address = listen.unwrap_or_else(|| ListenAddress::unix(folder.path().join("kine.sock")));
        let launch = Launch {
            program,
            command: command.listen_address(address.to_string()).metrics_bind_address("0"),
            start_timeout,
            folder,
        };
        let (kine, endpoint) = launch.start().await?;
        let (stop, stopped) = oneshot::channel();
        let (end, ended) = watch::channel(None);
        tokio::spawn(async move {
            let result = launch.keep_running(kine, stopped).await;
            end.send_replace(Some(result.map_err(|error| error.to_string())));
        });
        Ok(Self { endpoint, stop: Some(stop), ended })
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Waits until kine has ended for good.
    pub(crate) async fn failed(&self) -> Error {
        match self.end().await {
            Ok(()) => Error::new(ErrorKind::Kine, "kine was stopped"),
            Err(error) => error,
        }
    }

    /// Terminates kine and waits until it has ended.
    pub(crate) async fn stop(mut self) -> Result<(), Error> {
        drop(self.stop.take());
        self.end().await
    }

    async fn end(&self) -> Result<(), Error> {
        let mut ended = self.ended.clone();
        match ended.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(Err(message))) => Err(Error::new(ErrorKind::Kine, message.clone())),
            Ok(_) => Ok(()),
            Err(_) => Err(Error::new(ErrorKind::Kine, "the runtime that watched kine has ended")),
        }
    }
}

/// How kine is started, each time.
struct Launch {
    program: PathBuf,
    command: KineCommand,
    start_timeout: Duration,
    /// Of the socket; removed at the end.
    #[expect(dead_code, reason = "kept for its lifetime")]
    folder: TempDir,
}

/// A kine that runs.
struct Kine {
    child: Child,
    /// The pipe whose end tells the watchdog. Not in the child, for waiting on a child closes its input.
    alive: Option<ChildStdin>,
    lines: mpsc::Receiver<Line>,
}

/// A line that kine has written.
struct Line {
    /// Without secrets.
    shown: String,
    /// Where kine listens, if the line says it.
    endpoint: Option<String>,
}

impl Launch {
    /// Starts it once and waits until it listens. The second part is its endpoint.
    async fn start(&self) -> Result<(Kine, String), Error> {
        let mut kine = self.spawn()?;
        let mut said = VecDeque::new();
        let listening = async {
            while let Some(line) = kine.lines.recv().await {
                if line.endpoint.is_some() {
                    return line.endpoint;
                }
                if said.len() == LINES {
                    said.pop_front();
                }
                said.push_back(line.shown);
            }
            None
        };
        match timeout(self.start_timeout, listening).await {
            Ok(Some(endpoint)) => Ok((kine, endpoint)),
            Ok(None) => {
                let status = kine
                    .child
                    .wait()
                    .await
                    .map_or_else(|error| error.to_string(), |status| status.to_string());
                Err(self.failed(&format!("ended before it listened ({status})"), said))
            }
            Err(_) => Err(self.failed(&format!("did not listen within {:?}", self.start_timeout), said)),
        }
    }

    fn failed(&self, how: &str, said: VecDeque<String>) -> Error {
        let said: String = said.into_iter().map(|line| format!("\n  {line}")).collect();
        let said =
            if said.is_empty() { "; it wrote nothing".to_owned() } else { format!("; it wrote:{said}") };
        Error::new(ErrorKind::Kine, format!("{} {how}{said}", self.program.display()))
    }

    fn spawn(&self) -> Result<Kine, Error> {
        let environment = self.command.environment();
        let mask = Mask::of(&environment);
        let mut shell = Command::new("/bin/sh");
        shell
            .args([OsStr::new("-c"), OsStr::new(WATCHDOG), OsStr::new("kine"), self.program.as_os_str()])
            .args(self.command.arguments())
            .envs(environment.iter().map(|(name, value)| (name, value.expose_secret())))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = shell.spawn().map_err(|error| {
            Error::caused_by(ErrorKind::Io, format!("{} cannot be started", self.program.display()), error)
        })?;
        let (sender, lines) = mpsc::channel(64);
        if let Some(output) = child.stdout.take() {
            tokio::spawn(read(output, mask.clone(), sender.clone()));
        }
        if let Some(output) = child.stderr.take() {
            tokio::spawn(read(output, mask, sender));
        }
        Ok(Kine { alive: child.stdin.take(), child, lines })
    }

    /// Until it is told to stop, or kine cannot be started any more.
    async fn keep_running(self, mut kine: Kine, mut stopped: oneshot::Receiver<()>) -> Result<(), Error> {
        loop {
            tokio::select! {
                status = kine.ended() => {
                    tracing::warn!(%status, "kine has ended: starting it again");
                }
                // Also when the handle is dropped.
                _ = &mut stopped => return kine.stop().await,
            }
            let mut pause = FIRST_PAUSE;
            let mut attempt = 1;
            kine = loop {
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    _ = &mut stopped => return Ok(()),
                }
                let started = tokio::select! {
                    started = self.start() => started,
                    _ = &mut stopped => return Ok(()),
                };
                match started {
                    Ok((kine, _)) => break kine,
                    Err(error) if attempt >= ATTEMPTS => return Err(error),
                    Err(error) => tracing::warn!(%error, attempt, "kine could not be started again"),
                }
                attempt += 1;
                pause = (pause * 2).min(LONGEST_PAUSE);
            };
        }
    }
}

impl Kine {
    /// Waits until kine has ended, and reads what it writes meanwhile.
    async fn ended(&mut self) -> String {
        loop {
            tokio::select! {
                status = self.child.wait() => {
                    return status.map_or_else(|error| error.to_string(), |status| status.to_string());
                }
                Some(_) = self.lines.recv() => {}
            }
        }
    }

    async fn stop(mut self) -> Result<(), Error> {
        // The watchdog reads the end of the pipe and terminates kine.
        drop(self.alive.take());
        match timeout(STOP, self.ended()).await {
            Ok(_) => Ok(()),
            Err(_) => Err(Error::new(ErrorKind::Kine, format!("kine did not stop within {STOP:?}"))),
        }
    }
}

/// Hands on what kine writes, line by line.
async fn read(output: impl AsyncRead + Unpin, mask: Mask, lines: mpsc::Sender<Line>) {
    let mut output = BufReader::new(output).lines();
    while let Ok(Some(line)) = output.next_line().await {
        // Before masking: `kine` may be a password, and is in the name of the socket.
        let endpoint = line.split_once(AVAILABLE).map(|(_, url)| endpoint_of(url));
        let shown = mask.apply(&line);
        tracing::debug!(target: "kine", "{shown}");
        // Nobody may want it any more; then it is only traced.
        let _ = lines.send(Line { shown, endpoint }).await;
    }
}

/// kine says `unix://PATH`, or `http://HOST:PORT` without the scheme in some versions.
fn endpoint_of(url: &str) -> String {
    let url = url.trim().trim_matches('"');
    if url.contains("://") { url.to_owned() } else { format!("http://{url}") }
}
