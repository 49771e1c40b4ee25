//! What every test of a fault begins with: a runtime, a server, a proxy before it.

use std::error::Error;
use std::future::Future;
use std::time::Duration;

use kine_client::{Client, KeyValue, Revision, Watch};
use testbed::{Kine, KineBackend, KineVersion, Proxy};
use tokio::time::timeout;

pub(crate) type Tested = Result<(), Box<dyn Error>>;

/// How long anything may take before a test fails for waiting.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) const KINE: KineVersion = KineVersion::V0_16_4;

/// Runs a test that may block its own thread: clients and tasks go on beside it.
pub(crate) fn in_runtime<F: Future<Output = Tested>>(test: F) -> Tested {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async { timeout(PATIENCE * 2, test).await? })
}

/// kine on a fresh SQLite file. It compacts as far as it is told.
pub(crate) fn kine() -> Result<Kine, testbed::Error> {
    Kine::options(KINE).arg("--compact-min-retain=0").start(KineBackend::Sqlite)
}

/// A proxy before a server.
pub(crate) fn proxy(endpoint: &str) -> Result<Proxy, testbed::Error> {
    Proxy::start(endpoint.trim_start_matches("http://"))
}

/// The revision of the next event.
pub(crate) async fn next_revision(watch: &mut Watch) -> Result<Revision, Box<dyn Error>> {
    let event = timeout(PATIENCE, watch.next()).await?;
    Ok(event.ok_or("the watch ended")??.revision())
}

/// The key as soon as somebody has written it.
pub(crate) async fn until_written(client: &Client, key: &str) -> Result<KeyValue, Box<dyn Error>> {
    let seen = async {
        loop {
            if let Some(kv) = client.get(key).await? {
                return Ok(kv);
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, seen).await?
}
