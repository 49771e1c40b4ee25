//! How kine's database drivers read a data-source name: go-sql-driver and pgx themselves, in a small Go program.
//!
//! The program is `go/driver-views` in this crate's folder. It connects to nothing; its answers hold passwords, so it is
//! given made-up ones alone.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::place::{executable, find_program};
use crate::{Error, tool_dir};

/// Names the program, in the place of the one that `scripts/set-up.sh` builds.
const VARIABLE: &str = "DRIVER_VIEWS_BIN";

/// The program: `DRIVER_VIEWS_BIN`, or `TESTBED_DIR/driver-views/driver-views`.
///
/// # Errors
///
/// [`Error::Missing`] when it is in neither place.
pub fn program() -> Result<PathBuf, Error> {
    let built = tool_dir().join("driver-views/driver-views");
    let found = match std::env::var_os(VARIABLE).filter(|value| !value.is_empty()) {
        Some(_) => find_program(VARIABLE, &[], "driver-views"),
        None => executable(&built).then_some(built),
    };
    found.ok_or_else(|| Error::Missing {
        what: "driver-views".to_owned(),
        how_to_get: format!("install Go and run scripts/test.sh, or set {VARIABLE} to the program"),
    })
}

/// Asks the program: one JSON object a line, `{"driver": "mysql" or "pgx", "dsn": "..."}`. Gives back its answers, one a
/// line in the same order, as its source describes them.
///
/// # Errors
///
/// [`Error::Missing`] when the program is not here, [`Error::Failed`] when it cannot read a question or answers fewer
/// than were asked.
pub fn ask(questions: &[String]) -> Result<Vec<String>, Error> {
    const WHAT: &str = "driver-views";
    let program = program()?;
    let io = |what| Error::io(what, program.clone());
    let mut child = Command::new(&program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(io("starting"))?;
    let mut input = child.stdin.take().ok_or_else(|| Error::failed(WHAT, "it has no input"))?;
    let text = questions.iter().map(|question| format!("{question}\n")).collect::<String>();
    // In a thread of its own: the program answers while it reads, and both pipes are finite.
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output().map_err(io("waiting for"))?;
    // An early end of the program breaks the pipe; what the program said is the better reason.
    let written = writer.join().map_err(|_| Error::failed(WHAT, "its input could not be written"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(Error::failed(WHAT, format!("it ended with {}: {}", output.status, said.trim_end())));
    }
    written.map_err(io("writing to"))?;
    let answers: Vec<String> = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    if answers.len() != questions.len() {
        let reason = format!("it gave {} answers to {} questions", answers.len(), questions.len());
        return Err(Error::failed(WHAT, reason));
    }
    Ok(answers)
}
