//! What most tests begin with: a runtime, a server, a client, and waiting with a deadline.

use std::error::Error;
use std::future::Future;
use std::path::Path;
use std::time::Duration;

use kine_client::Client;
use kine_server::{ListenAddress, Server, ServerBuilder, ServerHandle};
use tokio::time::{Instant, sleep, timeout};

/// Can cross from a task to the test that waits for it.
pub(crate) type Fault = Box<dyn Error + Send + Sync>;
pub(crate) type Tested<T = ()> = Result<T, Fault>;

/// How long a condition may take to come true before a test fails for waiting.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// How long a whole test may take.
const WHOLE: Duration = Duration::from_secs(1200);

/// Runs a test on a runtime of its own. It may block its own thread: tasks go on beside it.
pub(crate) fn in_runtime(test: impl Future<Output = Tested>) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let tested = runtime.block_on(async { timeout(WHOLE, test).await });
    // What a test has left behind must not hold it up.
    runtime.shutdown_background();
    tested?.map_err(|error| -> Box<dyn Error> { error })
}

/// A server of this file that is still to be opened.
pub(crate) fn of_file(path: &Path) -> ServerBuilder {
    let source = format!("sqlite://{}", path.display());
    Server::builder(source.parse().unwrap_or_else(|error| panic!("{source}: {error}")))
}

/// Serves the file on a free port.
pub(crate) async fn serve(path: &Path) -> Tested<(ServerHandle, Client)> {
    serve_built(of_file(path)).await
}

/// Opens and serves on a free port.
pub(crate) async fn serve_built(builder: ServerBuilder) -> Tested<(ServerHandle, Client)> {
    let handle = builder.open().await?.serve(ListenAddress::loopback()).await?;
    let client = Client::connect([handle.endpoint()]).await?;
    Ok((handle, client))
}

/// Waits until the condition holds; `what` completes "waited in vain until ...".
pub(crate) async fn until<F>(what: &str, mut condition: impl FnMut() -> F) -> Tested
where
    F: Future<Output = Tested<bool>>,
{
    let deadline = Instant::now() + PATIENCE;
    while !condition().await? {
        if Instant::now() >= deadline {
            return Err(format!("waited in vain until {what}").into());
        }
        sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

/// The result of something that must not take for ever.
pub(crate) async fn in_time<T>(what: &str, work: impl Future<Output = T>) -> Tested<T> {
    timeout(PATIENCE, work).await.map_err(|_| format!("waited in vain until {what}").into())
}
