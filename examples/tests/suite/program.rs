//! The examples' programs, which `cargo test` builds beside the tests.

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// What a test ends with.
pub(crate) type Tested = Result<(), Box<dyn Error>>;

/// An example, without any of kine's variables of this process.
pub(crate) fn example(name: &str) -> Result<Command, Box<dyn Error>> {
    let test = std::env::current_exe()?;
    let built =
        test.parent().and_then(|deps| deps.parent()).ok_or("the tests are not in a target directory")?;
    let program: PathBuf = built.join("examples").join(name);
    if !program.is_file() {
        return Err(format!("{} is not built: run `cargo test`, which builds it", program.display()).into());
    }
    let mut command = Command::new(program);
    for (variable, _) in std::env::vars().filter(|(variable, _)| variable.starts_with("KINE_")) {
        command.env_remove(variable);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Ok(command)
}

/// What a program that ended by itself has said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) output: String,
    pub(crate) errors: String,
}

/// Runs a program to its end.
pub(crate) fn run(command: &mut Command) -> Result<Said, Box<dyn Error>> {
    let output = command.output()?;
    Ok(Said {
        code: output.status.code(),
        output: String::from_utf8(output.stdout)?,
        errors: String::from_utf8(output.stderr)?,
    })
}

/// A kine-serve that listens. Killed when it is dropped.
pub(crate) struct Serving {
    child: Child,
    /// What it logs. Not a pipe: nobody reads while it serves, and a full pipe would stop it.
    log: tempfile::NamedTempFile,
    pub(crate) endpoint: String,
}

impl Serving {
    /// Starts it and waits for the line that says where.
    pub(crate) fn start(command: &mut Command) -> Result<Self, Box<dyn Error>> {
        let log = tempfile::NamedTempFile::new()?;
        let mut child = command.stderr(log.reopen()?).spawn()?;
        let output = child.stdout.take().ok_or("no output")?;
        let line = BufReader::new(output).lines().next().transpose()?;
        let Some((_, endpoint)) = line.as_deref().and_then(|line| line.split_once(" available at ")) else {
            child.kill()?;
            child.wait()?;
            return Err(format!("it said {line:?} and {}", std::fs::read_to_string(log.path())?).into());
        };
        Ok(Self { endpoint: endpoint.to_owned(), child, log })
    }

    /// Tells it to stop and waits until it has.
    pub(crate) fn terminate(mut self) -> Result<(ExitStatus, String), Box<dyn Error>> {
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        let mut status = None;
        testbed::wait_until("kine-serve has stopped", Duration::from_secs(30), || {
            status = self.child.try_wait().ok().flatten();
            status.is_some()
        })?;
        Ok((status.ok_or("it did not stop")?, std::fs::read_to_string(self.log.path())?))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
