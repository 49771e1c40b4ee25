//! Calls while the way to the server is broken: failover, retries, and outcomes that nobody knows.

use std::error::Error;
use std::time::Duration;

use kine_client::{Client, ErrorKind, Outcome};
use libtest_mimic::Trial;
use testbed::{Direction, Kine, KineBackend, Need, Postgres, trial};

use crate::scene::{KINE, PATIENCE, Tested, in_runtime, kine, proxy, until_written};

pub(crate) fn trials() -> Vec<Trial> {
    let kine = &[Need::Kine(KINE)][..];
    let postgres = &[Need::Kine(KINE), Need::Postgres][..];
    vec![
        trial("a_lost_answer_leaves_a_write_unknown_and_it_is_not_sent_twice", kine, || {
            in_runtime(lost_answer())
        }),
        trial("a_failed_insert_that_kine_calls_a_conflict_is_unknown", postgres, || {
            in_runtime(insert_that_fails())
        }),
        trial("reads_and_writes_go_on_at_the_next_endpoint", kine, || in_runtime(failover())),
        trial("a_read_waits_for_a_server_that_restarts", kine, || in_runtime(restart())),
        trial("an_endpoint_that_went_silent_is_left_for_the_next", kine, || in_runtime(silence())),
        trial("a_unix_socket_is_an_endpoint", kine, || in_runtime(unix_socket())),
    ]
}

async fn lost_answer() -> Tested {
    let kine = kine()?;
    let proxy = proxy(kine.endpoint())?;
    let direct = Client::connect([kine.endpoint()]).await?;
    let client = Client::connect([proxy.endpoint()]).await?;
    let created = direct.create("/b", "1").await?.committed()?;

    proxy.pause(Direction::ToClient);
    let create = tokio::spawn(client.create("/a", "1").into_future());
    let update = tokio::spawn(client.update("/b", "2", created).into_future());
    let a = until_written(&direct, "/a").await?;
    until_updated(&direct, "/b").await?;
    proxy.cut();
    proxy.resume();

    for outcome in [create.await??, update.await??] {
        let Outcome::Unknown(error) = outcome else { return Err(format!("it ended {outcome:?}").into()) };
        assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
        assert!(!error.is_retryable());
        let cause = error.source().and_then(|cause| cause.downcast_ref::<kine_client::Error>());
        assert_eq!(cause.map(kine_client::Error::kind), Some(ErrorKind::Unavailable));
    }
    // Had one been sent again, the revision would be ahead of the two writes.
    let b = direct.get("/b").await?.ok_or("/b is gone")?;
    let newest = a.mod_revision.max(b.mod_revision);
    assert_eq!(client.revision().await?, newest);
    Ok(())
}

/// kine reads the key again after any failed insert and answers like after a lost race (`pkg/logstructured`).
async fn insert_that_fails() -> Tested {
    let postgres = Postgres::start()?;
    let database = postgres.create_database()?;
    let kine = Kine::start(KINE, KineBackend::DataSource(&postgres.data_source(&database)))?;
    let client = Client::connect([kine.endpoint()]).await?;
    let created = client.create("/a", "1").await?.committed()?;

    let refuse = "ALTER TABLE kine ADD CONSTRAINT full_disk CHECK (id < 0) NOT VALID";
    postgres.sql(&database, refuse)?;
    for outcome in [client.update("/a", "2", created).await?, client.delete("/a", created).await?] {
        let Outcome::Unknown(error) = outcome else { return Err(format!("it ended {outcome:?}").into()) };
        assert!(
            error.source().is_some_and(|cause| cause.to_string().contains("although the key is as expected"))
        );
    }
    let Outcome::Unknown(_) = client.create("/b", "1").await? else {
        return Err("a create that the database refused is not unknown".into());
    };

    postgres.sql(&database, "ALTER TABLE kine DROP CONSTRAINT full_disk")?;
    client.update("/a", "2", created).await?.committed()?;
    Ok(())
}

async fn failover() -> Tested {
    let kine = kine()?;
    let (first, second) = (proxy(kine.endpoint())?, proxy(kine.endpoint())?);
    let client = Client::connect([first.endpoint(), second.endpoint()]).await?;
    let created = client.create("/a", "1").await?.committed()?;
    assert_eq!((first.accepted(), second.accepted()), (1, 0));

    first.refuse(true);
    first.cut();
    assert_eq!(client.get("/a").await?.map(|kv| kv.mod_revision), Some(created));
    assert_eq!(client.endpoint(), second.endpoint());
    client.update("/a", "2", created).await?.committed()?;

    // And back again, when it is the second that fails.
    first.refuse(false);
    second.refuse(true);
    second.cut();
    assert_eq!(client.count("/a").await?, 1);
    assert_eq!(client.endpoint(), first.endpoint());
    Ok(())
}

async fn restart() -> Tested {
    let mut kine = kine()?;
    let client = Client::connect([kine.endpoint()]).await?.with_request_timeout(PATIENCE);
    let created = client.create("/a", "1").await?.committed()?;
    kine.kill();
    let read = tokio::spawn({
        let client = client.clone();
        async move { client.get("/a").await }
    });
    kine.restart()?;
    assert_eq!(read.await??.map(|kv| kv.mod_revision), Some(created));
    client.update("/a", "2", created).await?.committed()?;
    Ok(())
}

async fn silence() -> Tested {
    let kine = kine()?;
    let (first, second) = (proxy(kine.endpoint())?, proxy(kine.endpoint())?);
    let client = Client::connect([first.endpoint(), second.endpoint()]).await?;
    client.create("/a", "1").await?.committed()?;

    first.pause(Direction::ToServer);
    first.pause(Direction::ToClient);
    let error = match client.with_request_timeout(Duration::from_millis(300)).get("/a").await {
        Err(error) => error,
        Ok(kv) => return Err(format!("a silent server answered {kv:?}").into()),
    };
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    assert_eq!(error.endpoint(), Some(first.endpoint().as_str()));
    assert!(client.get("/a").await?.is_some());
    assert_eq!(client.endpoint(), second.endpoint());
    Ok(())
}

async fn unix_socket() -> Tested {
    let kine = Kine::options(KINE).unix_socket().start(KineBackend::Sqlite)?;
    assert!(kine.endpoint().starts_with("unix://"));
    let client = Client::connect([kine.endpoint()]).await?;
    let mut watch = client.watch("/").await?;
    let created = client.create("/a", "1").await?.committed()?;
    assert_eq!(crate::scene::next_revision(&mut watch).await?, created);
    assert_eq!(client.list("/a").collect().await?.items.len(), 1);
    Ok(())
}

async fn until_updated(client: &Client, key: &str) -> Result<(), Box<dyn Error>> {
    let seen = async {
        while client.get(key).await?.is_none_or(|kv| kv.mod_revision == kv.create_revision) {
            tokio::task::yield_now().await;
        }
        Ok(())
    };
    tokio::time::timeout(PATIENCE, seen).await?
}
