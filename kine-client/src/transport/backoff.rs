//! How long to wait before trying again.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// Pauses that double up to a limit, each with up to half of it taken off at random, so that clients that failed
/// together do not come back together.
#[derive(Debug)]
pub(crate) struct Backoff {
    next: Duration,
    limit: Duration,
}

impl Backoff {
    /// The first pause: short enough that a restart of a local server is hardly noticed.
    const FIRST: Duration = Duration::from_millis(25);

    pub(crate) fn up_to(limit: Duration) -> Self {
        Self { next: Self::FIRST, limit }
    }

    pub(crate) fn pause(&mut self) -> Duration {
        let full = self.next.min(self.limit);
        self.next = full.saturating_mul(2);
        // RandomState draws fresh keys for each value: as good a dice as a pause needs, without a crate for it.
        let dice = (RandomState::new().hash_one(0_u8) % 512) as u32;
        full - full * dice / 1024
    }

    pub(crate) fn reset(&mut self) {
        self.next = Self::FIRST;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_limit_and_stay_between_half_and_whole() {
        let limit = Duration::from_millis(400);
        let mut backoff = Backoff::up_to(limit);
        for full in [25, 50, 100, 200, 400, 400, 400].map(Duration::from_millis) {
            let pause = backoff.pause();
            assert!(pause > full / 2 - Duration::from_millis(1) && pause <= full, "{pause:?} of {full:?}");
        }
        backoff.reset();
        assert!(backoff.pause() <= Backoff::FIRST);
    }
}
