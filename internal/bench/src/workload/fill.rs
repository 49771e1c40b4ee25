//! Fills a store for the reading workloads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::task::JoinSet;

use super::Settings;
use crate::Result;
use crate::client::{Client, create, update};
use crate::keys::{Values, key};

/// The prefix of the filled keys.
pub const PREFIX: &str = "/registry/pods/";

/// Creates all keys in random order, then updates all in another, as often as [`Settings::revisions`] asks.
///
/// # Errors
///
/// The first call that fails, such as a key that is there already.
pub async fn run(client: &Client, settings: &Settings) -> Result<()> {
    let values = Values::new(settings.value_size);
    let mut random = fastrand::Rng::with_seed(1);
    let mut ids: Vec<(u64, i64)> = (0..settings.keys).map(|id| (id, 0)).collect();
    for round in 0..settings.revisions {
        random.shuffle(&mut ids);
        ids = write_all(client, settings, &values, u64::from(round), ids).await?;
    }
    Ok(())
}

/// Writes each key at the revision it has, and returns all with their new ones.
async fn write_all(
    client: &Client,
    settings: &Settings,
    values: &Values,
    round: u64,
    ids: Vec<(u64, i64)>,
) -> Result<Vec<(u64, i64)>> {
    let ids: Arc<[(u64, i64)]> = ids.into();
    let next = Arc::new(AtomicUsize::new(0));
    let mut workers = JoinSet::new();
    for worker in 0..settings.in_flight {
        let (mut kv, values) = (client.kv(worker), values.clone());
        let (ids, next) = (Arc::clone(&ids), Arc::clone(&next));
        workers.spawn(async move {
            let mut written = Vec::new();
            while let Some(&(id, revision)) = ids.get(next.fetch_add(1, Ordering::Relaxed)) {
                let (key, value) = (key(PREFIX, id), values.get(id + round));
                let revision = if revision == 0 {
                    create(&mut kv, key, value).await?
                } else {
                    update(&mut kv, key, value, revision).await?
                };
                written.push((id, revision));
            }
            Ok::<_, tonic::Status>(written)
        });
    }
    let mut all = Vec::with_capacity(ids.len());
    while let Some(written) = workers.join_next().await {
        all.append(&mut written??);
    }
    Ok(all)
}
