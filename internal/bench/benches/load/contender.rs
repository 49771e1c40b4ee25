//! The servers that are measured: started here, or running elsewhere.

use std::path::PathBuf;

use bench::Result;
use bench::usage::{self, Usage};
use testbed::{Kine, KineBackend, Peer, RunningPeer};

/// A server to measure.
#[derive(Debug)]
pub(crate) enum Contender {
    /// One that others made, started for this.
    Peer(Peer),
    /// A program with kine's command line, started for this on SQLite.
    Ours(PathBuf),
    /// One that runs already.
    Given {
        /// Its name in the tables.
        name: String,
        /// Its endpoint.
        url: String,
    },
}

/// A contender that serves. What was started for this stops when it is dropped.
pub(crate) enum Running {
    Peer(Box<RunningPeer>),
    Ours(Box<Kine>),
    Given(String),
}

impl Contender {
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Peer(peer) => peer.to_string(),
            Self::Ours(_) => "ours".to_owned(),
            Self::Given { name, .. } => name.clone(),
        }
    }

    pub(crate) fn start(&self) -> Result<Running> {
        Ok(match self {
            Self::Peer(peer) => Running::Peer(Box::new(peer.start()?)),
            Self::Ours(program) => {
                // The server runs in a folder of its own, where a relative path would mean another file.
                let program = std::path::absolute(program)?;
                Running::Ours(Box::new(Kine::compatible(program).start(KineBackend::Sqlite)?))
            }
            Self::Given { url, .. } => Running::Given(url.clone()),
        })
    }
}

impl Running {
    pub(crate) fn endpoint(&self) -> String {
        match self {
            Self::Peer(peer) => peer.endpoint(),
            Self::Ours(kine) => kine.endpoint().to_owned(),
            Self::Given(url) => url.clone(),
        }
    }

    pub(crate) fn durability(&self) -> &str {
        match self {
            Self::Peer(peer) => peer.durability(),
            Self::Ours(_) => "journal_mode=WAL, synchronous=FULL",
            Self::Given(_) => "as it was started; not known here",
        }
    }

    /// What its processes use; nothing is known of one that runs elsewhere.
    pub(crate) fn usage(&mut self) -> Option<Usage> {
        let pids: Vec<u32> = match self {
            Self::Peer(peer) => peer.processes().iter().map(|process| process.pid()).collect(),
            Self::Ours(kine) => vec![kine.process().pid()],
            Self::Given(_) => return None,
        };
        Some(usage::of_processes(&pids))
    }

    pub(crate) fn disk_bytes(&self) -> u64 {
        match self {
            Self::Peer(peer) => usage::of_folder(peer.data_folder()),
            Self::Ours(kine) => usage::of_folder(kine.folder()),
            Self::Given(_) => 0,
        }
    }
}
