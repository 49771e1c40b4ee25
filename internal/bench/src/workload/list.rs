//! W5: read all keys, in pages or at once, or count them.

use bytes::Bytes;
use kine_proto::etcdserverpb::kv_client::KvClient;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tonic::Status;
use tonic::transport::Channel;

use super::Settings;
use super::fill::PREFIX;
use crate::Result;
use crate::client::{Client, count, list};
use crate::drive::Measured;
use crate::samples::Samples;

/// How all keys are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// In pages of [`Settings::page`]: the first one at the current revision, the rest at the first one's.
    Pages,
    /// In one answer.
    Unlimited,
    /// Not at all: only counted.
    Count,
}

/// Goes through all keys again and again until the time is over; a pass that has begun is finished, since the pages of a
/// pass differ in what they cost. There is at least one pass.
///
/// # Errors
///
/// A pass did not see exactly the keys that are there: what is fast and wrong is not measured.
pub async fn run(client: &Client, settings: &Settings, kind: Kind) -> Result<Measured> {
    let start = Instant::now();
    let mut workers = JoinSet::new();
    for worker in 0..settings.list_in_flight {
        let (mut kv, settings) = (client.kv(worker), settings.clone());
        workers.spawn(async move {
            let mut samples = Samples::default();
            while samples.is_empty() || start.elapsed() < settings.time {
                let seen = pass(&mut kv, &settings, kind, &mut samples).await?;
                if seen != settings.keys {
                    return Err(format!("{kind:?} saw {seen} keys, not {}", settings.keys).into());
                }
            }
            Result::Ok(samples)
        });
    }
    let mut measured = Measured::default();
    while let Some(samples) = workers.join_next().await {
        measured.samples.merge(samples??);
    }
    measured.calls = measured.samples.len() as u64;
    measured.elapsed = start.elapsed();
    Ok(measured)
}

/// One pass over all keys; returns how many it saw.
async fn pass(
    kv: &mut KvClient<Channel>,
    settings: &Settings,
    kind: Kind,
    samples: &mut Samples,
) -> std::result::Result<u64, Status> {
    let start = Bytes::from_static(PREFIX.as_bytes());
    let called = Instant::now();
    match kind {
        Kind::Count => {
            let count = count(kv, PREFIX).await?;
            samples.push(called.elapsed());
            Ok(count.unsigned_abs())
        }
        Kind::Unlimited => {
            let answer = list(kv, start, PREFIX, 0, 0).await?;
            samples.push(called.elapsed());
            Ok(answer.kvs.len() as u64)
        }
        Kind::Pages => {
            let (mut from, mut revision, mut seen) = (start, 0, 0);
            loop {
                let called = Instant::now();
                let answer = list(kv, from, PREFIX, settings.page, revision).await?;
                samples.push(called.elapsed());
                seen += answer.kvs.len() as u64;
                let (Some(last), true) = (answer.kvs.last(), answer.more) else { return Ok(seen) };
                // The next page starts at the smallest key after the last one of this.
                from = [&last.key[..], b"\0"].concat().into();
                revision = answer
                    .header
                    .map_or(revision, |header| if revision == 0 { header.revision } else { revision });
                if seen > settings.keys {
                    return Err(Status::data_loss(format!("the pages do not end after {seen} keys")));
                }
            }
        }
    }
}
