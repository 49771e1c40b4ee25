//! Latencies and their percentiles.

use std::time::Duration;

use serde::Serialize;

/// All latencies of one or more runs, none left out.
#[derive(Debug, Clone, Default)]
pub struct Samples {
    nanos: Vec<u64>,
}

/// The percentiles that are reported, in milliseconds.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Percentiles {
    /// Half of all took no longer.
    pub p50_ms: f64,
    /// 99 of 100 took no longer.
    pub p99_ms: f64,
    /// 999 of 1000 took no longer.
    pub p999_ms: f64,
}

impl Samples {
    /// Adds one latency.
    pub fn push(&mut self, latency: Duration) {
        self.nanos.push(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Adds all latencies of another.
    pub fn merge(&mut self, mut other: Self) {
        self.nanos.append(&mut other.nanos);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.nanos.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.nanos.is_empty()
    }

    /// The percentiles; zero when there are no samples.
    pub fn percentiles(mut self) -> Percentiles {
        self.nanos.sort_unstable();
        let at = |share: f64| {
            let rank = (share * self.nanos.len() as f64).ceil() as usize;
            let nanos = self.nanos.get(rank.saturating_sub(1)).or(self.nanos.last()).copied().unwrap_or(0);
            nanos as f64 / 1e6
        };
        Percentiles { p50_ms: at(0.5), p99_ms: at(0.99), p999_ms: at(0.999) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let mut samples = Samples::default();
        for ms in (1..=1000).rev() {
            samples.push(Duration::from_millis(ms));
        }
        let percentiles = samples.percentiles();
        assert_eq!(percentiles.p50_ms, 500.0);
        assert_eq!(percentiles.p99_ms, 990.0);
        assert_eq!(percentiles.p999_ms, 999.0);
    }

    #[test]
    fn one_sample_is_every_percentile_and_none_is_zero() {
        let mut samples = Samples::default();
        assert_eq!(samples.clone().percentiles().p50_ms, 0.0);
        samples.push(Duration::from_millis(3));
        let percentiles = samples.percentiles();
        assert_eq!((percentiles.p50_ms, percentiles.p999_ms), (3.0, 3.0));
    }
}
