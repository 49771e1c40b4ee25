//! A server that is killed at any moment: what it has answered is there, and what it has not is there whole or not at all.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use kine_client::{Client, Outcome, Revision, Watch};
use libtest_mimic::Trial;
use rusqlite::Connection;
use testbed::trial;

use crate::content::next_change;
use crate::scene::{Tested, in_runtime, until};
use crate::serve::in_a_process;

const WRITERS: usize = 32;
/// Keys of each writer alone, and keys that all of them want.
const OWN: usize = 4;
const SHARED: usize = 4;

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("after_kill_9_every_answered_write_is_there_and_a_watch_sees_each_event_once", &[], || {
        let seed = std::env::var("KINE_SERVER_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = seed.unwrap_or_else(|| fastrand::u64(..));
        let rounds = if testbed::long() { 200 } else { 10 };
        in_runtime(async move {
            killed(seed, rounds).await.map_err(|error| format!("KINE_SERVER_SEED={seed}: {error}").into())
        })
    })]
}

/// What a write was to leave: a key with a value, or without.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Wanted {
    key: String,
    value: Option<String>,
}

/// What all writers know.
#[derive(Default)]
struct Known {
    answered: BTreeMap<i64, Wanted>,
    /// Writes whose answer was lost.
    unknown: Vec<Wanted>,
}

/// Writes until the server goes.
async fn write(client: Client, writer: usize, round: usize, seed: u64, answers: Arc<AtomicUsize>) -> Known {
    let mut random = fastrand::Rng::with_seed(seed ^ ((writer as u64) << 32) ^ round as u64);
    let mut known = Known::default();
    for number in 0.. {
        let key = match random.u8(..4) {
            0 => format!("/k/shared/{}", random.usize(..SHARED)),
            _ => format!("/k/{writer:02}/{}", random.usize(..OWN)),
        };
        let Ok(current) = client.get(&key).await else { break };
        // Unique, and long enough to be torn if anything could be.
        let value = format!("{round} {writer} {number} {}", "v".repeat(random.usize(..3000)));
        let (wanted, outcome) = match current {
            Some(current) if random.u8(..4) == 0 => (None, client.delete(&key, current.mod_revision).await),
            Some(current) => (Some(value.clone()), client.update(&key, value, current.mod_revision).await),
            None => (Some(value.clone()), client.create(&key, value).await),
        };
        let wanted = Wanted { key, value: wanted };
        match outcome {
            Ok(Outcome::Committed { revision }) => {
                known.answered.insert(revision.get(), wanted);
                answers.fetch_add(1, Ordering::Relaxed);
            }
            Ok(Outcome::Conflict { .. }) => {}
            Ok(Outcome::Unknown(_)) => {
                known.unknown.push(wanted);
                break;
            }
            // Certainly not written.
            Err(_) => break,
        }
    }
    known
}

async fn killed(seed: u64, rounds: usize) -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    let mut random = fastrand::Rng::with_seed(seed);
    let mut server = in_a_process(&path)?;
    let endpoint = server.endpoint().to_owned();
    let mut watch = Client::connect([&endpoint]).await?.watch("/k/").from(Revision::default().next()).await?;
    let mut answered = BTreeMap::new();
    let mut unknown = Vec::new();
    let mut seen = Vec::new();
    for round in 0..rounds {
        // Without patience: the server is dead, and the next one is started when all have noticed.
        let client =
            Client::builder().endpoint(&endpoint).request_timeout(Duration::from_secs(1)).connect().await?;
        let answers = Arc::new(AtomicUsize::new(0));
        let writers = (0..WRITERS)
            .map(|writer| tokio::spawn(write(client.clone(), writer, round, seed, answers.clone())));
        let writers: Vec<_> = writers.collect();
        // At any moment: after so many answers, however long they take here, and a part of a commit more.
        let enough = random.usize(..600);
        until("there are enough answers", || async {
            // On a machine that is busy all may have lost their patience.
            let is_over = writers.iter().all(tokio::task::JoinHandle::is_finished);
            Ok(is_over || answers.load(Ordering::Relaxed) >= enough)
        })
        .await?;
        tokio::time::sleep(Duration::from_micros(random.u64(..10_000))).await;
        server.kill();
        for known in join_all(writers).await {
            let known = known?;
            unknown.extend(known.unknown);
            for (revision, wanted) in known.answered {
                if let Some(other) = answered.insert(revision, wanted) {
                    return Err(
                        format!("revision {revision} was given to two writes, one of {other:?}").into()
                    );
                }
            }
        }
        server.restart()?;
        let log = log(&path)?;
        check(&log, &answered, &unknown).map_err(|error| format!("round {round}: {error}"))?;
        is_shown(&endpoint, &log).await.map_err(|error| format!("round {round}: {error}"))?;
        follow(&mut watch, &mut seen, &log).await.map_err(|error| format!("round {round}: {error}"))?;
    }
    assert!(!answered.is_empty(), "nothing was answered in {rounds} rounds");
    Ok(())
}

/// Every row of a client's key, by revision. Nothing is compacted here.
fn log(path: &Path) -> Tested<BTreeMap<i64, Wanted>> {
    let connection = Connection::open(path)?;
    let mut select =
        connection.prepare("SELECT id, name, deleted, value FROM kine WHERE id > 1 ORDER BY id")?;
    let rows = select.query_map([], |row| {
        let value = match row.get(2)? {
            true => None,
            false => Some(String::from_utf8_lossy(&row.get::<_, Vec<u8>>(3)?).into_owned()),
        };
        Ok((row.get(0)?, Wanted { key: row.get(1)?, value }))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn check(log: &BTreeMap<i64, Wanted>, answered: &BTreeMap<i64, Wanted>, unknown: &[Wanted]) -> Tested {
    if let Some((place, (revision, _))) = (2..).zip(log).find(|(place, (revision, _))| place != *revision) {
        return Err(format!("revision {place} is missing before {revision}").into());
    }
    for (revision, wanted) in answered {
        match log.get(revision) {
            Some(found) if found == wanted => {}
            found => {
                return Err(format!("the answered write at {revision}: {wanted:?}, found {found:?}").into());
            }
        }
    }
    // What nobody was told of is a whole write of somebody who got no answer, and each of those at most once.
    let mut possible: HashMap<&Wanted, usize> = HashMap::new();
    for wanted in unknown {
        *possible.entry(wanted).or_default() += 1;
    }
    for (revision, found) in log.iter().filter(|(revision, _)| !answered.contains_key(revision)) {
        match possible.get_mut(found) {
            Some(left) if *left > 0 => *left -= 1,
            _ => return Err(format!("nobody wrote what is at {revision}: {found:?}").into()),
        }
    }
    Ok(())
}

/// The server shows what the log leaves.
async fn is_shown(endpoint: &str, log: &BTreeMap<i64, Wanted>) -> Tested {
    let mut expected = BTreeMap::new();
    for (revision, wanted) in log {
        match &wanted.value {
            Some(value) => drop(expected.insert(&wanted.key[..], (*revision, &value[..]))),
            None => drop(expected.remove(&wanted.key[..])),
        }
    }
    let client = Client::connect([endpoint]).await?;
    let listing = client.list("/k/").collect().await?;
    let newest = log.keys().next_back().copied().unwrap_or(1);
    if listing.revision.get() != newest {
        return Err(format!("the server is at {}, the log at {newest}", listing.revision).into());
    }
    let shown: BTreeSet<_> =
        listing.items.iter().map(|kv| (kv.key_str(), kv.mod_revision.get(), kv.value_str())).collect();
    let expected: BTreeSet<_> =
        expected.into_iter().map(|(key, (revision, value))| (key.into(), revision, value.into())).collect();
    match shown.symmetric_difference(&expected).next() {
        Some(difference) => Err(format!("shown and written differ in {difference:?}").into()),
        None => Ok(()),
    }
}

/// The one watch over all rounds has seen the log, in order, each event once.
async fn follow(watch: &mut Watch, seen: &mut Vec<(i64, Wanted)>, log: &BTreeMap<i64, Wanted>) -> Tested {
    while seen.len() < log.len() {
        let change = next_change(watch).await?;
        let value = change.put.map(|put| String::from_utf8_lossy(&put.value).into_owned());
        let key = String::from_utf8_lossy(&change.key).into_owned();
        seen.push((change.revision, Wanted { key, value }));
    }
    let log: Vec<_> = log.iter().map(|(revision, wanted)| (*revision, wanted.clone())).collect();
    crate::content::same("the events and the log", seen, &log)
}
