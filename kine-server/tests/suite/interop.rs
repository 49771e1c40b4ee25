//! Database files that change hands between kine and kine-server.

use std::error::Error;
use std::path::Path;

use kine_client::{Client, ErrorKind, Revision};
use libtest_mimic::Trial;
use testbed::{Kine, KineBackend, KineVersion, Need, trial};

use crate::content::{Change, Held, changes, contents, same};
use crate::scene::{Tested, in_runtime, serve};
use crate::workload::{OPERATIONS, PREFIX, Workload};

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for version in KineVersion::ALL {
        let mut add = |name: &str, test: fn(KineVersion) -> Result<(), Box<dyn Error>>| {
            trials.push(trial(format!("{name} (kine {version})"), &[Need::Kine(version)], move || {
                test(version)
            }));
        };
        add("a_file_that_kine_wrote_goes_on_in_kine_server", |version| in_runtime(from_kine(version)));
        add("a_file_that_kine_server_wrote_goes_on_in_kine_and_comes_back", |version| {
            in_runtime(to_kine_and_back(version))
        });
    }
    trials
}

/// kine on a file, without waiting for the disk, compacting as far as it is told.
pub(crate) fn kine(version: KineVersion, path: &Path) -> Result<Kine, testbed::Error> {
    let source = format!(
        "sqlite://{}?_journal_mode=WAL&_busy_timeout=30000&_synchronous=OFF&_txlock=immediate",
        path.display()
    );
    Kine::options(version).arg("--compact-min-retain=0").start(KineBackend::DataSource(&source))
}

/// All that a client can learn of a store.
struct Picture {
    now: Vec<Held>,
    past: Vec<(Revision, Vec<Held>)>,
    history: Vec<Change>,
}

impl Picture {
    /// Every tenth part of the time between two revisions, and all that happened after the first.
    async fn take(client: &Client, compacted: Revision, newest: Revision) -> Tested<Self> {
        let (first, last) = (compacted.get(), newest.get());
        let mut past = Vec::new();
        for part in 0..=10 {
            let at = Revision::new(first + (last - first) * part / 10).ok_or("a negative revision")?;
            past.push((at, contents(client, PREFIX, Some(at)).await?));
        }
        let now = contents(client, PREFIX, None).await?;
        Ok(Self { now, past, history: changes(client, PREFIX, compacted.next(), newest).await? })
    }

    fn is_the_same_as(&self, other: &Self) -> Tested {
        same("the keys", &self.now, &other.now)?;
        for ((at, here), (_, there)) in self.past.iter().zip(&other.past) {
            same(&format!("the keys at {at}"), here, there)?;
        }
        same("the events", &self.history, &other.history)
    }
}

async fn is_compacted_below(client: &Client, compacted: Revision) -> Tested {
    let below = Revision::new(compacted.get() - 1).ok_or("compacted at 0")?;
    let refused = contents(client, PREFIX, Some(below)).await;
    let error = refused.err().ok_or("a compacted revision was read")?;
    let kind = error.downcast_ref::<kine_client::Error>().map(kine_client::Error::kind);
    assert!(matches!(kind, Some(ErrorKind::Compacted { .. })), "{error}");
    Ok(())
}

async fn from_kine(version: KineVersion) -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    let mut kine = kine(version, &path)?;
    let client = Client::connect([kine.endpoint()]).await?;
    let mut workload = Workload::new(1);
    let compacted = workload.run(&client, OPERATIONS / 2).await?;
    client.compact(compacted).await?;
    let newest = workload.run(&client, OPERATIONS / 2).await?;
    let there = Picture::take(&client, compacted, newest).await?;
    assert_eq!(there.now.len(), workload.live());
    assert!(there.now.iter().any(|held| held.lease > 0), "no key has a lease");
    is_compacted_below(&client, compacted).await?;
    kine.stop()?;

    let (handle, client) = serve(&path).await?;
    assert_eq!(client.revision().await?, newest);
    Picture::take(&client, compacted, newest).await?.is_the_same_as(&there)?;
    is_compacted_below(&client, compacted).await?;

    let next = client.create("/w/after", "kine").await?.committed()?;
    assert_eq!(next, newest.next());
    let last = workload.run(&client, OPERATIONS / 10).await?;
    assert_eq!(last.get(), next.get() + (OPERATIONS / 10) as i64, "each write takes one revision");
    let seen = changes(&client, PREFIX, compacted.next(), last).await?;
    same("the events of before", &seen[..there.history.len()], &there.history)?;
    assert_eq!(contents(&client, PREFIX, None).await?.len(), workload.live() + 1);
    handle.stop().await?;
    Ok(())
}

async fn to_kine_and_back(version: KineVersion) -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    let (handle, client) = serve(&path).await?;
    let mut workload = Workload::new(2);
    let compacted = workload.run(&client, OPERATIONS / 2).await?;
    client.compact(compacted).await?;
    let newest = workload.run(&client, OPERATIONS / 2).await?;
    let here = Picture::take(&client, compacted, newest).await?;
    assert_eq!(here.now.len(), workload.live());
    handle.stop().await?;

    let mut kine = kine(version, &path)?;
    let client = Client::connect([kine.endpoint()]).await?;
    Picture::take(&client, compacted, newest).await?.is_the_same_as(&here)?;
    is_compacted_below(&client, compacted).await?;
    // kine creates its health key when it starts on a store that has none.
    let next = client.create("/w/after", "kine-server").await?.committed()?;
    assert_eq!(next, newest.next().next());
    let newest = workload.run(&client, OPERATIONS / 10).await?;
    let there = Picture::take(&client, compacted, newest).await?;
    kine.stop()?;

    let (handle, client) = serve(&path).await?;
    assert_eq!(client.revision().await?, newest);
    Picture::take(&client, compacted, newest).await?.is_the_same_as(&there)?;
    let last = workload.run(&client, OPERATIONS / 10).await?;
    assert_eq!(last.get(), newest.get() + (OPERATIONS / 10) as i64);
    assert_eq!(contents(&client, PREFIX, None).await?.len(), workload.live() + 1);
    handle.stop().await?;
    Ok(())
}
