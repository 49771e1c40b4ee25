//! Noticing what others do to the database while no client asks for anything.
//!
//! A read or write finds out by itself. Watchers and timers would wait for one for ever.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::{Fault, Store};

/// As often as kine looks.
const EVERY: Duration = Duration::from_secs(1);

/// Looks, until the store stops.
pub(crate) async fn run(store: Store) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = store.inner.backend.is_in_place().await {
            store.inner.fail_if_fatal(&error);
            continue;
        }
        match store.refresh().await {
            Ok(()) => {}
            Err(Fault::Stopped) => return,
            Err(fault) => tracing::warn!(?fault, "what others have written cannot be read; trying again"),
        }
    }
}
