//! The client's conformance suite on each backend.

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kine_client::conformance::{SUITE, Server as Described, Target};
use kine_server::{ListenAddress, Server, ServerHandle};
use libtest_mimic::Trial;
use tokio::runtime::Runtime;

/// One test for each behaviour and backend.
pub(crate) fn trials() -> Vec<Trial> {
    let hosts = [Backend::Memory, Backend::Sqlite].map(|backend| Arc::new(Host::new(backend)));
    let mut trials = Vec::new();
    for behaviour in SUITE {
        for host in &hosts {
            let host = Arc::clone(host);
            let name = format!("kine-server on {}: {}", host.backend.name(), behaviour.name);
            trials.push(testbed::trial(name, &[], move || {
                host.with(|running| {
                    Ok(running.runtime.block_on(behaviour.check(&running.target, &running.described))?)
                })
            }));
        }
    }
    trials
}

#[derive(Clone, Copy)]
enum Backend {
    Memory,
    Sqlite,
}

impl Backend {
    fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Sqlite => "SQLite",
        }
    }
}

/// A server that is started by the first test that needs it and used by one test at a time.
struct Host {
    backend: Backend,
    running: Mutex<Option<Running>>,
}

struct Running {
    target: Target,
    described: Described,
    _handle: ServerHandle,
    runtime: Runtime,
    /// Goes last: the database is in it.
    _folder: tempfile::TempDir,
}

impl Host {
    fn new(backend: Backend) -> Self {
        Self { backend, running: Mutex::new(None) }
    }

    fn with(&self, test: impl FnOnce(&Running) -> Result<(), Box<dyn Error>>) -> Result<(), Box<dyn Error>> {
        // A behaviour that panics leaves the server as usable as one that fails.
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let running = match &mut *running {
            Some(running) => running,
            none => none.insert(start(self.backend)?),
        };
        test(running)
    }
}

fn start(backend: Backend) -> Result<Running, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let (target, handle) = runtime.block_on(async {
        let builder = match backend {
            Backend::Memory => Server::in_memory(),
            Backend::Sqlite => {
                Server::builder(format!("sqlite://{}/state.db", folder.path().display()).parse()?)
            }
        };
        let server = builder.watch_progress_interval(Duration::from_secs(1)).open().await?;
        let handle = server.serve(ListenAddress::loopback()).await?;
        Ok::<_, Box<dyn Error>>((Target::connect(handle.endpoint(), "/conformance/").await?, handle))
    })?;
    let described = Described::new("kine-server", env!("CARGO_PKG_VERSION")).on(backend.name());
    Ok(Running { target, described, _handle: handle, runtime, _folder: folder })
}
