//! What the documentation says was seen on kine and is not in the conformance suite, because it takes more than one server
//! or another command line. When one of these fails, kine has changed: correct the page `kine_client::kine`.

use std::time::Duration;

use kine_client::{Client, ErrorKind, Revision};
use libtest_mimic::Trial;
use testbed::{Kine, KineBackend, Need, Postgres, trial, wait_until};

use crate::scene::{KINE, PATIENCE, Tested, in_runtime};

pub(crate) fn trials() -> Vec<Trial> {
    let kine = &[Need::Kine(KINE)][..];
    let postgres = &[Need::Kine(KINE), Need::Postgres][..];
    vec![
        trial("kine v0.16.4: compaction_keeps_the_last_1000_revisions_and_says_nothing", kine, || {
            in_runtime(min_retain())
        }),
        trial(
            "kine v0.16.4: a_second_process_calls_a_new_revision_future_in_an_empty_list",
            postgres,
            || in_runtime(future_on_empty()),
        ),
        trial("kine v0.16.4: a_progress_interval_of_0_panics_at_the_first_watch", kine, || {
            in_runtime(progress_interval_0())
        }),
    ]
}

async fn min_retain() -> Tested {
    let kine = Kine::start(KINE, KineBackend::Sqlite)?;
    let client = Client::connect([kine.endpoint()]).await?;
    let created = client.create("/a", "1").await?.committed()?;
    let updated = client.update("/a", "2", created).await?.committed()?;
    client.compact(updated).await?;
    let old = client.get_at("/a", created).await?;
    assert_eq!(old.map(|kv| kv.mod_revision), Some(created), "the compaction was carried out");
    Ok(())
}

async fn future_on_empty() -> Tested {
    let postgres = Postgres::start()?;
    let source = postgres.data_source(&postgres.create_database()?);
    let one = Kine::start(KINE, KineBackend::DataSource(&source))?;
    let other = Kine::start(KINE, KineBackend::DataSource(&source))?;
    let (one, other) = (Client::connect([one.endpoint()]).await?, Client::connect([other.endpoint()]).await?);
    // The other process polls once a second, so of some tries at least one falls between two polls.
    for n in 0..50 {
        let written = one.create(format!("/{n}"), "1").await?.committed()?;
        match other.list("/none/").at(written).collect().await {
            Err(error) if error.kind() == ErrorKind::FutureRevision => return Ok(()),
            Err(error) => return Err(error.into()),
            Ok(list) => assert!(list.items.is_empty()),
        }
    }
    Err("the other process knew every revision".into())
}

async fn progress_interval_0() -> Tested {
    let mut kine =
        Kine::options(KINE).arg("--watch-progress-notify-interval=0").start(KineBackend::Sqlite)?;
    let client = Client::connect([kine.endpoint()]).await?.with_request_timeout(Duration::from_secs(2));
    let opened = client.watch("/").from(Revision::ZERO.next()).await;
    assert!(opened.is_err(), "the watch was opened");
    wait_until("kine is gone", PATIENCE, || !kine.process().is_running())?;
    assert!(kine.process().log().contains("panic"), "{}", kine.process().log());
    Ok(())
}
