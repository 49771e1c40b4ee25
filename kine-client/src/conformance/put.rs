//! etcd's Put, which kine has only in part and this client never sends.

use kine_proto::etcdserverpb::{PutRequest, PutResponse};
use tonic::Status;

use super::target::{Failure, Target, same};
use super::wire::{bytes, header_revision};

behaviours! { "put";
    /// A Put of a key that does not exist creates it.
    put_creates;
    /// A Put of a key that exists replaces its value, whatever was written to other keys since.
    put_overwrites;
    /// A Put answers the value before it when it is asked to.
    put_answers_the_value_before_when_asked;
}

impl Checks {
    async fn put_creates(target: &Target) -> Result<(), Failure> {
        let (wire, key) = (target.wire(), target.key("a"));
        let answer = put(target, &key, "1", false).await?;
        let kv = wire.get(&key).await?.ok_or_else(|| Failure::new("the key does not exist after the Put"))?;
        same("the mod revision", kv.mod_revision, header_revision(answer.header.as_ref()))?;
        same("the create revision", kv.create_revision, kv.mod_revision)
    }

    async fn put_overwrites(target: &Target) -> Result<(), Failure> {
        let (wire, key) = (target.wire(), target.key("a"));
        let created = wire.create(&key, "1").await?;
        wire.create(&target.key("b"), "1").await?;
        let answer = put(target, &key, "2", false).await?;
        let kv = wire.get(&key).await?.ok_or_else(|| Failure::new("the key does not exist after the Put"))?;
        same("the value", &kv.value, &bytes("2"))?;
        same("the create revision", kv.create_revision, created)?;
        same("the mod revision", kv.mod_revision, header_revision(answer.header.as_ref()))?;
        same("the value before, which was not asked for", answer.prev_kv, None)
    }

    async fn put_answers_the_value_before_when_asked(target: &Target) -> Result<(), Failure> {
        let (wire, key) = (target.wire(), target.key("a"));
        let created = wire.create(&key, "1").await?;
        let answer = put(target, &key, "2", true).await?;
        let prev = answer.prev_kv.ok_or_else(|| Failure::new("no value was answered"))?;
        same("the value before", &prev.value, &bytes("1"))?;
        same("its revision", prev.mod_revision, created)
    }
}

async fn put(target: &Target, key: &str, value: &str, prev_kv: bool) -> Result<PutResponse, Status> {
    let request = PutRequest { key: bytes(key), value: bytes(value), prev_kv, ..PutRequest::default() };
    target.wire().kv().put(request).await.map(tonic::Response::into_inner)
}
