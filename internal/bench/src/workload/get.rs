//! W4: read one key at a time.

use super::Settings;
use super::fill::PREFIX;
use crate::client::{Client, get};
use crate::drive::{Measured, closed_loop};
use crate::keys::{Popularity, key};

/// Gets filled keys by `popularity`.
pub async fn run(client: &Client, settings: &Settings, popularity: &Popularity) -> Measured {
    closed_loop(settings.in_flight, settings.warm_up, settings.time, |worker| {
        let (kv, popularity) = (client.kv(worker), popularity.clone());
        let mut random = fastrand::Rng::with_seed(worker as u64);
        move || {
            let (mut kv, key) = (kv.clone(), key(PREFIX, popularity.next(&mut random)));
            async move { get(&mut kv, key).await }
        }
    })
    .await
}
