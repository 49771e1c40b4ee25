//! This program as a server, for tests that need one in a process of its own.

use std::path::Path;
use std::process::ExitCode;

use kine_server::{ListenAddress, Server};
use testbed::{Kine, KineBackend};

/// The argument that makes a server of the program.
const SERVE: &str = "--serve-for-a-test";

/// Starts this program as a server of the file. It takes kine's arguments, so it is run like a kine.
pub(crate) fn in_a_process(path: &Path) -> Result<Kine, testbed::Error> {
    let program = std::env::current_exe().map_err(|source| testbed::Error::Io {
        what: "finding the path of",
        path: "this program".into(),
        source,
    })?;
    Kine::compatible(program).arg(SERVE).start(KineBackend::SqliteFile(path))
}

/// Serves, if that is what this process was started for, until it is killed.
pub(crate) fn asked_to() -> Option<ExitCode> {
    let arguments: Vec<String> = std::env::args().collect();
    if !arguments.iter().any(|argument| argument == SERVE) {
        return None;
    }
    let address = arguments.iter().skip_while(|argument| *argument != "--listen-address").nth(1);
    let (Some(address), Ok(source)) = (address, std::env::var("KINE_ENDPOINT")) else {
        eprintln!("a listen address and KINE_ENDPOINT are needed");
        return Some(ExitCode::FAILURE);
    };
    match serve(&source, address) {
        Ok(never) => match never {},
        Err(error) => eprintln!("{error}"),
    }
    Some(ExitCode::FAILURE)
}

fn serve(source: &str, address: &str) -> Result<std::convert::Infallible, Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let address: ListenAddress = address.parse()?;
        let handle = Server::builder(source.parse()?).open().await?.serve(address).await?;
        // What testbed waits for, as kine says it.
        println!("kine-server available at {}", handle.endpoint());
        Err(handle.failed().await.into())
    })
}
