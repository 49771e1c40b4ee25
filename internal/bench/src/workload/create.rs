//! W1: create keys as fast as the server takes them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Settings;
use crate::client::{Client, create};
use crate::drive::{Measured, closed_loop};
use crate::keys::{Values, key, scattered};

/// Creates keys under a prefix of this run's own, in random order.
pub async fn run(client: &Client, settings: &Settings, run: usize) -> Measured {
    let prefix: Arc<str> = format!("/registry/created-{run}/").into();
    let values = Values::new(settings.value_size);
    let next = Arc::new(AtomicU64::new(0));
    closed_loop(settings.in_flight, settings.warm_up, settings.time, |worker| {
        let (kv, prefix, values, next) =
            (client.kv(worker), Arc::clone(&prefix), values.clone(), Arc::clone(&next));
        move || {
            let n = next.fetch_add(1, Ordering::Relaxed);
            let (mut kv, key, value) = (kv.clone(), key(&prefix, scattered(n)), values.get(n));
            async move { create(&mut kv, key, value).await.map(drop) }
        }
    })
    .await
}
