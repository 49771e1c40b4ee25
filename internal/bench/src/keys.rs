//! Keys and values: the shapes of Kubernetes, in random order.

use bytes::Bytes;

/// Ids of fresh keys are below this: 16 million, more than a run creates.
const IDS: u64 = 1 << 24;
/// Any odd factor makes a permutation modulo a power of two; this one (the golden ratio) scatters neighbours.
const SCATTER: u64 = 0x9E37_79B1;
/// Values are windows of this many random bytes.
const POOL: usize = 1 << 20;

/// The key of an id under `prefix`, as of a pod: `PREFIXns042/pod-001042`.
pub fn key(prefix: &str, id: u64) -> Bytes {
    Bytes::from(format!("{prefix}ns{:03}/pod-{id:06}", id % 1000))
}

/// The id of the `n`th key of a run: all different up to 16 million, in no order.
pub fn scattered(n: u64) -> u64 {
    n.wrapping_mul(SCATTER) % IDS
}

/// Values of one size that no compression shrinks, without copying.
#[derive(Debug, Clone)]
pub struct Values {
    pool: Bytes,
    size: usize,
}

impl Values {
    /// Values of `size` bytes. The same ones each time, so that all servers get the same.
    pub fn new(size: usize) -> Self {
        let mut pool = vec![0; POOL + size];
        fastrand::Rng::with_seed(1).fill(&mut pool);
        Self { pool: Bytes::from(pool), size }
    }

    /// The `n`th value.
    pub fn get(&self, n: u64) -> Bytes {
        // The remainder is below POOL, so the cast loses nothing.
        let start = (n.wrapping_mul(4099) % POOL as u64) as usize;
        self.pool.slice(start..start + self.size)
    }
}

/// Which of `n` keys is asked for next.
#[derive(Debug, Clone)]
pub enum Popularity {
    /// Each as often as any other.
    Uniform {
        /// How many keys there are.
        n: u64,
    },
    /// The key of rank `r` in proportion to `1 / r^0.99`, as in the YCSB benchmark.
    Zipf {
        /// The share of all asks that goes to a rank and those before it.
        cumulative: std::sync::Arc<[f64]>,
    },
}

impl Popularity {
    /// Of `n` keys, all alike.
    pub fn uniform(n: u64) -> Self {
        Self::Uniform { n }
    }

    /// Of `n` keys, a few of them popular.
    pub fn zipf(n: u64) -> Self {
        let mut sum = 0.0;
        let mut cumulative: Vec<f64> = Vec::new();
        for rank in 1..=n {
            sum += (rank as f64).powf(-0.99);
            cumulative.push(sum);
        }
        for share in &mut cumulative {
            *share /= sum;
        }
        Self::Zipf { cumulative: cumulative.into() }
    }

    /// The id of the next key.
    pub fn next(&self, random: &mut fastrand::Rng) -> u64 {
        match self {
            Self::Uniform { n } => random.u64(0..*n),
            Self::Zipf { cumulative } => {
                let at = random.f64();
                let rank = cumulative.partition_point(|share| *share < at).min(cumulative.len() - 1);
                // Popular keys are not neighbours.
                (rank as u64).wrapping_mul(SCATTER) % cumulative.len() as u64
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    #[test]
    fn a_key_looks_like_a_pods() {
        assert_eq!(key("/registry/pods/", 1042), Bytes::from("/registry/pods/ns042/pod-001042"));
    }

    #[test]
    fn scattered_ids_differ_and_are_in_no_order() {
        let ids: Vec<u64> = (0..100_000).map(scattered).collect();
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
        assert!(!ids.is_sorted());
    }

    #[test]
    fn values_have_the_size_and_differ() {
        let values = Values::new(1024);
        assert_eq!(values.get(7).len(), 1024);
        assert_ne!(values.get(7), values.get(8));
        assert_eq!(values.get(u64::MAX).len(), 1024);
    }

    #[test]
    fn zipf_prefers_one_key_and_uniform_none() {
        let mut random = fastrand::Rng::with_seed(1);
        let mut largest = |popularity: &Popularity| {
            let mut counts = HashMap::new();
            for _ in 0..10_000 {
                let id = popularity.next(&mut random);
                assert!(id < 1000);
                *counts.entry(id).or_insert(0u32) += 1;
            }
            counts.into_values().max()
        };
        // Of 1000 keys the first has 13 % of the asks under Zipf's law, and 0.1 % when all are alike.
        assert!(largest(&Popularity::zipf(1000)) > Some(1000));
        assert!(largest(&Popularity::uniform(1000)) < Some(100));
    }
}
