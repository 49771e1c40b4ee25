//! The main job: from a virtual cluster's values to keys in its backing store.
//!
//! Usage: cargo run --example quickstart [-- VALUES.yaml]
//!
//! Without an argument it reads the values that stand beside it: an embedded database. For PostgreSQL and MySQL it
//! starts the kine that is on the PATH, or that KINE_BIN names.

use std::error::Error;
use std::process::ExitCode;

use backingstore::OpenOptions;
use backingstore::client::{Outcome, WatchEvent};
use backingstore::config::VirtualClusterConfig;

const VALUES: &str = include_str!("values.yaml");
const PODS: &str = "/registry/pods/default/";

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (path, rest) = (arguments.next(), arguments.next());
    if rest.is_some() {
        eprintln!("usage: quickstart [VALUES.yaml]");
        return ExitCode::from(2);
    }
    match run(path).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(path: Option<String>) -> Result<(), Box<dyn Error>> {
    let values = match &path {
        Some(path) => {
            std::fs::read_to_string(path).map_err(|error| format!("{path} cannot be read: {error}"))?
        }
        None => VALUES.to_owned(),
    };
    println!("values    {}", path.as_deref().unwrap_or("those of this example"));
    let store = VirtualClusterConfig::from_yaml(&values)?.store()?;
    println!("store     {}", store.kind().as_str());

    // An embedded database without a data source of its own is in vCluster's /data; here, in a folder for this run.
    let folder = tempfile::tempdir()?;
    let running = OpenOptions::new().data_dir(folder.path()).open(&store).await?;
    println!("endpoint  {}", running.endpoint());
    let client = running.client();
    println!("etcd      {}", client.status().await?.version);

    // Each run has keys of its own, for a store may be one that was there before.
    let folder = format!("{PODS}quickstart-{}/", std::process::id());
    let (web, db) = (format!("{folder}web"), format!("{folder}db"));
    let mut watch = client.watch(folder.as_str()).await?;

    let created = client.create(&web, "web, pending").await?.committed()?;
    println!("created   {web} at revision {created}");
    let updated = client.update(&web, "web, running", created).await?.committed()?;
    println!("updated   {web} at revision {updated}");
    match client.update(&web, "web, lost", created).await? {
        Outcome::Conflict { current: Some(current) } => {
            println!("refused   an update from revision {created}: {web} is at {}", current.mod_revision);
        }
        other => return Err(format!("an outdated update was not refused: {other:?}").into()),
    }
    let second = client.create(&db, "db, running").await?.committed()?;
    println!("created   {db} at revision {second}");

    let pods = client.list(folder.as_str()).collect().await?;
    println!("listed    {} keys at revision {}", pods.items.len(), pods.revision);
    for pod in &pods.items {
        println!("          {} = {:?}", pod.key_str(), pod.value_str());
    }

    let deleted = client.delete(&web, updated).await?.committed()?;
    println!("deleted   {web} at revision {deleted}");
    client.delete(&db, second).await?.committed()?;

    for _ in 0..5 {
        let event = watch.next().await.ok_or("the watch ended")??;
        let (what, revision) = match &event {
            WatchEvent::Put { .. } if event.is_create() => ("create", event.revision()),
            WatchEvent::Put { .. } => ("update", event.revision()),
            _ => ("delete", event.revision()),
        };
        println!("saw       {what} of {} at revision {revision}", String::from_utf8_lossy(event.key()));
    }
    drop(watch);
    running.stop().await?;
    println!("ok        every write was answered, listed and seen; the store is stopped");
    Ok(())
}
