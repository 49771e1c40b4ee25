//! The conformance suite on every server of the etcd API that this machine has.

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use kine_client::conformance::{SUITE, Server, Target};
use libtest_mimic::Trial;
use testbed::{Etcd, Kine, KineBackend, KineVersion, MariaDb, Peer, Postgres};
use tokio::runtime::Runtime;

/// One test for each behaviour and server. Behaviours that stand side by side are of different servers, so that tests
/// that run at once do not wait for one another.
pub(crate) fn trials() -> Vec<Trial> {
    let hosts: Vec<Arc<Host>> = Peer::all().into_iter().map(|peer| Arc::new(Host::new(peer))).collect();
    let mut trials = Vec::new();
    for behaviour in SUITE {
        for host in &hosts {
            let name = format!("{}: {}", host.peer, behaviour.name);
            let needs = host.peer.needs();
            let host = Arc::clone(host);
            trials.push(testbed::trial(name, &needs, move || {
                host.with(|running| {
                    let check = behaviour.check(&running.target, &running.server);
                    Ok(running.runtime.block_on(check)?)
                })
            }));
        }
    }
    trials
}

/// A server that is started by the first test that needs it, used by one test at a time, and stopped after the last.
struct Host {
    peer: Peer,
    running: Mutex<Option<Running>>,
}

struct Running {
    target: Target,
    server: Server,
    runtime: Runtime,
    /// Declared last to be dropped last: the client is gone before the server.
    _processes: Processes,
}

/// What has to live for a server to serve; a database is stopped after its kine.
enum Processes {
    Etcd { _etcd: Etcd },
    Kine { _kine: Kine },
    KineOnPostgres { _kine: Kine, _postgres: Postgres },
    KineOnMariaDb { _kine: Kine, _mariadb: MariaDb },
}

impl Host {
    fn new(peer: Peer) -> Self {
        Self { peer, running: Mutex::new(None) }
    }

    fn with(&self, test: impl FnOnce(&Running) -> Result<(), Box<dyn Error>>) -> Result<(), Box<dyn Error>> {
        // A behaviour that panics leaves the server as usable as one that fails.
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let running = match &mut *running {
            Some(running) => running,
            none => none.insert(start(self.peer)?),
        };
        test(running)
    }
}

fn start(peer: Peer) -> Result<Running, Box<dyn Error>> {
    let (processes, endpoint, server) = match peer {
        Peer::Etcd => {
            // etcd reports progress every 10 min by default, longer than any test waits.
            let etcd = Etcd::start_with_args(&["--experimental-watch-progress-notify-interval=1s"])?;
            let endpoint = etcd.endpoint();
            (Processes::Etcd { _etcd: etcd }, endpoint, Server::new("etcd", Etcd::version()?))
        }
        Peer::KineSqlite(version) => {
            let kine = kine(version, KineBackend::Sqlite)?;
            let endpoint = kine.endpoint().to_owned();
            (Processes::Kine { _kine: kine }, endpoint, kine_server(version, "SQLite"))
        }
        Peer::KinePostgres(version) => {
            let postgres = Postgres::start()?;
            let kine = kine(version, KineBackend::Postgres(&postgres))?;
            let endpoint = kine.endpoint().to_owned();
            let processes = Processes::KineOnPostgres { _kine: kine, _postgres: postgres };
            (processes, endpoint, kine_server(version, "PostgreSQL"))
        }
        Peer::KineMariaDb(version) => {
            let mariadb = MariaDb::start()?;
            let kine = kine(version, KineBackend::MariaDb(&mariadb))?;
            let endpoint = kine.endpoint().to_owned();
            let processes = Processes::KineOnMariaDb { _kine: kine, _mariadb: mariadb };
            (processes, endpoint, kine_server(version, "MariaDB"))
        }
        other => return Err(format!("no one taught the suite to start {other}").into()),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let target = runtime.block_on(Target::connect(&endpoint, "/conformance/"))?;
    Ok(Running { target, server, runtime, _processes: processes })
}

/// kine that compacts as far as it is told, not 1,000 revisions less.
fn kine(version: KineVersion, backend: KineBackend<'_>) -> Result<Kine, testbed::Error> {
    Kine::options(version)
        .arg("--compact-min-retain=0")
        .arg("--watch-progress-notify-interval=1s")
        .start(backend)
}

fn kine_server(version: KineVersion, database: &str) -> Server {
    Server::new("kine", version.to_string().trim_start_matches('v')).on(database)
}
