//! Keys that expire.

use std::time::Duration;

use kine_proto::etcdserverpb::{LeaseGrantRequest, LeaseGrantResponse, WatchCreateRequest};
use kine_proto::mvccpb::event::EventType;
use tokio::time::{Instant, sleep};

use super::target::{Failure, Target, same};

/// etcd grants no shorter lease with its default election timeout.
const TTL: i64 = 2;
/// How long after its TTL a key may be there still.
const GRACE: Duration = Duration::from_secs(30);

behaviours! { "lease";
    /// A lease is granted with an id that is not 0, and the TTL that was asked for.
    grant_answers_an_id_and_the_ttl;
    /// A key that was written under a lease shows it, in reads and in events.
    leased_key_shows_its_lease;
    /// A key under a lease is deleted when its TTL is over, as an event with a revision of its own.
    leased_key_expires;
    /// An expired key can be created again, and the new one does not expire.
    expired_key_can_be_created_again;
    /// An update without a lease lets the key live on.
    update_without_a_lease_ends_the_ttl;
    /// An update under a lease gives the key a TTL from then on.
    update_with_a_lease_begins_a_ttl;
}

impl Checks {
    async fn grant_answers_an_id_and_the_ttl(target: &Target) -> Result<(), Failure> {
        let lease = grant(target, 30).await?;
        ensure!(lease.id > 0, "the lease has the id {}", lease.id);
        same("the TTL", lease.ttl, 30)?;
        same("the error text", lease.error, "")
    }

    async fn leased_key_shows_its_lease(target: &Target) -> Result<(), Failure> {
        let (wire, key) = (target.wire(), target.key("a"));
        let lease = grant(target, 60).await?.id;
        let created = wire.create_with_lease(&key, "1", lease).await?;
        same("the lease in a read", wire.get(&key).await?.map(|kv| kv.lease), Some(lease))?;
        let (mut watch, _) = wire.watch(request(target, created)).await?;
        let event = watch.events(1).await?.remove(0);
        same("the lease in an event", event.kv.map(|kv| kv.lease), Some(lease))
    }

    async fn leased_key_expires(target: &Target) -> Result<(), Failure> {
        let (wire, key) = (target.wire(), target.key("a"));
        let lease = grant(target, TTL).await?.id;
        let created = wire.create_with_lease(&key, "1", lease).await?;
        let before = Instant::now();
        let (mut watch, _) = wire.watch(request(target, created + 1)).await?;
        let event = watch.events(1).await?.remove(0);
        same("the event's type", event.r#type(), EventType::Delete)?;
        // Half the TTL is far enough from any timer's grain, and from the time that the grant took.
        ensure!(before.elapsed() >= Duration::from_secs(1), "the key was gone before its time");
        same("the key", wire.get(&key).await?, None)?;
        let deleted = event.kv.map_or(0, |kv| kv.mod_revision);
        ensure!(deleted > created, "the delete at {deleted} does not come after the create at {created}");
        Ok(())
    }

    async fn expired_key_can_be_created_again(target: &Target) -> Result<(), Failure> {
        let (wire, key) = (target.wire(), target.key("a"));
        let lease = grant(target, TTL).await?.id;
        wire.create_with_lease(&key, "1", lease).await?;
        until_gone(target, &key).await?;
        let created = wire.create(&key, "2").await?;
        let kv = wire.get(&key).await?.ok_or_else(|| Failure::new("the key does not exist"))?;
        same("the lease", kv.lease, 0)?;
        same("the create revision", kv.create_revision, created)
    }

    async fn update_without_a_lease_ends_the_ttl(target: &Target) -> Result<(), Failure> {
        let (wire, key) = (target.wire(), target.key("a"));
        let lease = grant(target, TTL).await?.id;
        let created = wire.create_with_lease(&key, "1", lease).await?;
        wire.update(&key, "2", created).await?;
        same("the lease", wire.get(&key).await?.map(|kv| kv.lease), Some(0))?;
        // Another key with the same TTL, written later, tells when the first would be gone.
        let clock = target.key("clock");
        let lease = grant(target, TTL).await?.id;
        wire.create_with_lease(&clock, "1", lease).await?;
        until_gone(target, &clock).await?;
        ensure!(wire.get(&key).await?.is_some(), "the key expired although its lease was taken away");
        Ok(())
    }

    async fn update_with_a_lease_begins_a_ttl(target: &Target) -> Result<(), Failure> {
        let key = target.key("a");
        let created = target.client().create(&key, "1").await?.committed()?;
        let ttl = Duration::from_secs(TTL.unsigned_abs());
        target.client().update(&key, "2", created).with_ttl(ttl).await?.committed()?;
        until_gone(target, &key).await
    }
}

async fn grant(target: &Target, ttl: i64) -> Result<LeaseGrantResponse, Failure> {
    let request = LeaseGrantRequest { ttl, id: 0 };
    Ok(target.wire().lease().lease_grant(request).await?.into_inner())
}

fn request(target: &Target, start_revision: i64) -> WatchCreateRequest {
    let (key, range_end) = target.bounds();
    WatchCreateRequest { key, range_end, start_revision, ..WatchCreateRequest::default() }
}

async fn until_gone(target: &Target, key: &str) -> Result<(), Failure> {
    let wire = target.wire();
    let deadline = Instant::now() + GRACE;
    while wire.get(key).await?.is_some() {
        ensure!(Instant::now() < deadline, "the key is still there {GRACE:?} later");
        sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}
