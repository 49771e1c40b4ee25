//! What can go wrong, and what to do next.

use std::path::PathBuf;
use std::time::Duration;

/// Why a server is not there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The program is not on this machine. The test that needs it counts as ignored.
    #[error("{what} is not on this machine: {how_to_get}")]
    Missing {
        /// The program, with its version where that matters.
        what: String,
        /// How to get it.
        how_to_get: String,
    },
    /// The program is here, but did not come up or did not do what it was told. The test that needs it fails.
    #[error("{what}: {reason}{}", tail(.log_tail))]
    Failed {
        /// The server and the step.
        what: String,
        /// What was seen.
        reason: String,
        /// The end of the server's log; empty when it wrote none.
        log_tail: String,
    },
    /// A file, folder or process could not be made or used.
    #[error("{what} {path}: {source}", path = .path.display())]
    Io {
        /// The step, such as `creating`.
        what: &'static str,
        /// What it was done to.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// A condition did not come true in time.
    #[error("waited {after:?} in vain until {what}")]
    TimedOut {
        /// The condition.
        what: String,
        /// How long it was waited for.
        after: Duration,
    },
}

impl Error {
    /// Whether the machine lacks a program, as opposed to a program that misbehaves.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing { .. })
    }

    pub(crate) fn io(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { what, path, source }
    }

    pub(crate) fn failed(what: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Failed { what: what.into(), reason: reason.into(), log_tail: String::new() }
    }
}

fn tail(log: &str) -> String {
    if log.is_empty() { String::new() } else { format!("; its log ends:\n{log}") }
}
