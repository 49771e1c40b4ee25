//! The transactions that write. Kubernetes and this client send no others.

use kine_proto::etcdserverpb::compare::{CompareResult, CompareTarget, TargetUnion};
use kine_proto::etcdserverpb::response_op::Response;
use kine_proto::etcdserverpb::{Compare, DeleteRangeResponse, RangeRequest, TxnRequest, TxnResponse};
use kine_proto::mvccpb::KeyValue;

use super::target::{Failure, Target, same};
use super::wire::{
    self, bytes, create, create_or_read, delete, delete_op, guarded, header_revision, put_op, range_op,
    update,
};

behaviours! { "txn";
    /// A create of a key that does not exist succeeds, answers one Put, and its header carries the revision of the write.
    create_of_a_new_key_succeeds;
    /// A create of a key that exists fails, answers nothing when no read was asked for, and changes nothing.
    create_of_an_existing_key_fails;
    /// A create that asks for a read on failure is answered with what is there.
    create_that_fails_reads_what_is_there;
    /// An update at the key's mod revision succeeds, keeps the create revision and takes the next revision.
    update_at_the_mod_revision_succeeds;
    /// An update at another revision fails and answers the key as it is.
    update_at_another_revision_reads_what_is_there;
    /// An update of a key that does not exist fails and answers an empty read.
    update_of_an_absent_key_fails;
    /// A delete at the key's mod revision succeeds, answers that it deleted one key, and the key is gone.
    delete_at_the_mod_revision_succeeds;
    /// A delete at another revision fails and answers the key as it is.
    delete_at_another_revision_reads_what_is_there;
    /// A delete of a key that was deleted before fails and answers an empty read.
    delete_of_a_deleted_key_fails;
    /// A delete at a revision, of a key that never existed, fails: its revision is 0, not the one expected.
    delete_of_a_key_that_never_was_fails;
    /// A delete without a condition, after a read in the same transaction, deletes the key.
    delete_without_a_condition_deletes;
    /// A delete after a read in the same transaction is answered with both, the read first.
    delete_after_a_read_answers_both;
    /// A delete answers the deleted value when it is asked to.
    delete_answers_the_deleted_value_when_asked;
    /// A delete does not answer the deleted value when it is not asked to.
    delete_answers_no_value_unless_asked;
    /// A key that is created again after a delete has a new create revision.
    recreated_key_begins_a_new_life;
    /// Writes take revisions one after the other, and refused writes take none.
    each_write_takes_one_revision;
    /// A transaction that writes two keys writes both at one revision, or is refused as an invalid argument and writes none.
    two_writes_share_a_revision_or_are_refused;
    /// The API server's bookkeeping of compactions, a compare of the version of `compact_rev_key`, works as a lock.
    compaction_bookkeeping_compares_versions;
}

impl Checks {
    async fn create_of_a_new_key_succeeds(target: &Target) -> Result<(), Failure> {
        let (wire, key) = (target.wire(), target.key("a"));
        let before = wire.revision().await?;
        let answer = wire.txn(create(&key, "1", 0)).await?;
        ensure!(answer.succeeded, "the create failed: {answer:?}");
        let revision = header_revision(answer.header.as_ref());
        same("the header's revision", revision, before + 1)?;
        same("the number of responses", answer.responses.len(), 1)?;
        ensure!(
            matches!(answer.responses[0].response, Some(Response::ResponsePut(_))),
            "the response is not a Put: {answer:?}"
        );
        let kv = existing(target, &key).await?;
        same("the value", &kv.value, &bytes("1"))?;
        same("the create revision", kv.create_revision, revision)?;
        same("the mod revision", kv.mod_revision, revision)
    }

    async fn create_of_an_existing_key_fails(target: &Target) -> Result<(), Failure> {
        let (wire, key) = (target.wire(), target.key("a"));
        let created = wire.create(&key, "1").await?;
        let answer = wire.txn(create(&key, "2", 0)).await?;
        ensure!(!answer.succeeded, "the second create succeeded");
        same("the number of responses", answer.responses.len(), 0)?;
        ensure!(header_revision(answer.header.as_ref()) >= created, "the header is behind: {answer:?}");
        same("the value", &existing(target, &key).await?.value, &bytes("1"))
    }

    async fn create_that_fails_reads_what_is_there(target: &Target) -> Result<(), Failure> {
        let (wire, key) = (target.wire(), target.key("a"));
        let first = wire.txn(create_or_read(&key, "1")).await?;
        ensure!(first.succeeded, "the create failed: {first:?}");
        let answer = wire.txn(create_or_read(&key, "2")).await?;
        let kv = refused_with(&answer)?;
        same("the mod revision", kv.mod_revision, header_revision(first.header.as_ref()))?;
        same("the value", &kv.value, &bytes("1"))
    }

    async fn update_at_the_mod_revision_succeeds(target: &Target) -> Result<(), Failure> {
        let (wire, key) = (target.wire(), target.key("a"));
        let created = wire.create(&key, "1").await?;
        let answer = wire.txn(update(&key, "2", created)).await?;
        ensure!(answer.succeeded, "the update failed: {answer:?}");
        let updated = header_revision(answer.header.as_ref());
        same("the revision", updated, created + 1)?;
        ensure!(
            matches!(&answer.responses[..], [op] if matches!(op.response, Some(Response::ResponsePut(_)))),
            "the answer is not one Put: {answer:?}"
        );
        let kv = existing(target, &key).await?;
        same("the value", &kv.value, &bytes("2"))?;
        same("the create revision", kv.create_revision, created)?;
        same("the mod revision", kv.mod_revision, updated)
    }

    async fn update_at_another_revision_reads_what_is_there(target: &Target) -> Result<(), Failure> {
        let (wire, key) = (target.wire(), target.key("a"));
        let created = wire.create(&key, "1").await?;
        let updated = wire.update(&key, "2", created).await?;
        let answer = wire.txn(update(&key, "3", created)).await?;
        let kv = refused_with(&answer)?;
        same("the key", &kv.key[..], key.as_bytes())?;
        same("the value", &kv.value, &bytes("2"))?;
        same("the create revision", kv.create_revision, created)?;
        same("the mod revision", kv.mod_revision, updated)
    }

    async fn update_of_an_absent_key_fails(target: &Target) -> Result<(), Failure> {
        let (wire, key) = (target.wire(), target.key("a"));
        let revision = wire.revision().await?;
        let answer = wire.txn(update(&key, "1", revision)).await?;
        refused_empty(&answer)?;
        same("the key", wire.get(&key).await?, None)
    }

    async fn delete_at_the_mod_revision_succeeds(target: &Target) -> Result<(), Failure> {
        let (wire, key) = (target.wire(), target.key("a"));
        let created = wire.create(&key, "1").await?;
        let answer = wire.txn(delete(&key, created)).await?;
        same("the number of responses", answer.responses.len(), 1)?;
        same("the number of deleted keys", deleted(&answer)?.deleted, 1)?;
        same("the revision", header_revision(answer.header.as_ref()), created + 1)?;
        same("the key", wire.get(&key).await?, None)
    }

    async fn delete_at_another_revision_reads_what_is_there(target: &Target) -> Result<(), Failure> {
        let (wire, key) = (target.wire(), target.key("a"));
        let created = wire.create(&key, "1").await?;
        let updated = wire.update(&key, "2", created).await?;
        let answer = wire.txn(delete(&key, created)).await?;
        same("the mod revision", refused_with(&answer)?.mod_revision, updated)?;
        same("the value", &existing(target, &key).await?.value, &bytes("2"))
    }

    async fn delete_of_a_deleted_key_fails(target: &Target) -> Result<(), Failure> {
        let (wire, key) = (target.wire(), target.key("a"));
        let created = wire.create(&key, "1").await?;
        wire.delete(&key, created).await?;
        refused_empty(&wire.txn(delete(&key, created)).await?)
    }

    async fn delete_of_a_key_that_never_was_fails(target: &Target) -> Result<(), Failure> {
        let (wire, key) = (target.wire(), target.key("a"));
        let revision = wire.revision().await?;
        refused_empty(&wire.txn(delete(&key, revision)).await?)
    }

    async fn delete_without_a_condition_deletes(target: &Target) -> Result<(), Failure> {
        let (wire, key) = (target.wire(), target.key("a"));
        let created = wire.create(&key, "1").await?;
        let answer = wire.txn(read_and_delete(&key)).await?;
        same("the number of deleted keys", deleted(&answer)?.deleted, 1)?;
        same("the revision", header_revision(answer.header.as_ref()), created + 1)?;
        same("the key", wire.get(&key).await?, None)
    }

    async fn delete_after_a_read_answers_both(target: &Target) -> Result<(), Failure> {
        let (wire, key) = (target.wire(), target.key("a"));
        wire.create(&key, "1").await?;
        let answer = wire.txn(read_and_delete(&key)).await?;
        let mut responses = answer.responses.iter().map(|op| op.response.as_ref());
        let Some(Some(Response::ResponseRange(read))) = responses.next() else {
            return Err(Failure::new(format!("the first response is not the read: {answer:?}")));
        };
        same("what was read", read.kvs.first().map(|kv| &kv.value[..]), Some(b"1"))?;
        ensure!(
            matches!(responses.next(), Some(Some(Response::ResponseDeleteRange(_)))),
            "the second response is not the delete: {answer:?}"
        );
        Ok(())
    }

    async fn delete_answers_the_deleted_value_when_asked(target: &Target) -> Result<(), Failure> {
        let (wire, key) = (target.wire(), target.key("a"));
        let created = wire.create(&key, "1").await?;
        let answer = wire.txn(guarded(&key, created, delete_op(&key, true), true)).await?;
        let [kv] = &deleted(&answer)?.prev_kvs[..] else {
            return Err(Failure::new(format!("not one value was answered: {answer:?}")));
        };
        same("the key", &kv.key[..], key.as_bytes())?;
        same("the value", &kv.value, &bytes("1"))?;
        same("the mod revision", kv.mod_revision, created)
    }

    async fn delete_answers_no_value_unless_asked(target: &Target) -> Result<(), Failure> {
        let (wire, key) = (target.wire(), target.key("a"));
        let created = wire.create(&key, "1").await?;
        let answer = wire.txn(delete(&key, created)).await?;
        same("the number of values answered", deleted(&answer)?.prev_kvs.len(), 0)
    }

    async fn recreated_key_begins_a_new_life(target: &Target) -> Result<(), Failure> {
        let (wire, key) = (target.wire(), target.key("a"));
        let first = wire.create(&key, "1").await?;
        let gone = wire.delete(&key, first).await?;
        let second = wire.create(&key, "2").await?;
        same("the revision", second, gone + 1)?;
        let kv = existing(target, &key).await?;
        same("the create revision", kv.create_revision, second)?;
        same("the mod revision", kv.mod_revision, second)
    }

    async fn each_write_takes_one_revision(target: &Target) -> Result<(), Failure> {
        let (wire, a, b) = (target.wire(), target.key("a"), target.key("b"));
        let first = wire.create(&a, "1").await?;
        let refused = [create(&a, "2", 0), update(&a, "2", first - 1), delete(&a, first - 1)];
        for request in refused {
            ensure!(!wire.txn(request).await?.succeeded, "a write that had to be refused succeeded");
        }
        same("the revision after refused writes", wire.revision().await?, first)?;
        same("the revision of the next create", wire.create(&b, "1").await?, first + 1)?;
        same("the revision of the next update", wire.update(&a, "2", first).await?, first + 2)?;
        same("the revision of the next delete", wire.delete(&b, first + 1).await?, first + 3)?;
        same("the store's revision", wire.revision().await?, first + 3)
    }

    async fn two_writes_share_a_revision_or_are_refused(target: &Target) -> Result<(), Failure> {
        let (wire, a, b) = (target.wire(), target.key("a"), target.key("b"));
        let success = vec![put_op(&a, "1", 0), put_op(&b, "1", 0)];
        let answer = wire.txn(TxnRequest { success, ..TxnRequest::default() }).await;
        let written = [wire.get(&a).await?, wire.get(&b).await?];
        match answer {
            Ok(answer) => {
                let revision = header_revision(answer.header.as_ref());
                same("the revisions", written.map(|kv| kv.map(|kv| kv.mod_revision)), [Some(revision); 2])
            }
            Err(status) => {
                same("the code", status.code(), tonic::Code::InvalidArgument)?;
                same("what was written", written, [None, None])
            }
        }
    }

    async fn compaction_bookkeeping_compares_versions(target: &Target) -> Result<(), Failure> {
        const KEY: &str = "compact_rev_key";
        let wire = target.wire();
        let request = RangeRequest { key: bytes(KEY), ..RangeRequest::default() };
        let known = wire.range(request).await?.kvs.first().map_or(0, |kv| kv.version);
        let answer = wire.txn(bookkeeping(KEY, known, "41")).await?;
        ensure!(answer.succeeded, "the write at version {known} failed: {answer:?}");
        let late = wire.txn(bookkeeping(KEY, known, "42")).await?;
        let kv = refused_with(&late)?;
        same("the version after the write", kv.version, known + 1)?;
        same("the value", &kv.value, &bytes("41"))?;
        let next = wire.txn(bookkeeping(KEY, kv.version, "43")).await?;
        ensure!(next.succeeded, "the write at version {} failed: {next:?}", kv.version);
        Ok(())
    }
}

/// What the API server sends (`storage/etcd3/compact.go`).
fn bookkeeping(key: &str, version: i64, value: &str) -> TxnRequest {
    TxnRequest {
        compare: vec![Compare {
            result: CompareResult::Equal as i32,
            target: CompareTarget::Version as i32,
            key: bytes(key),
            target_union: Some(TargetUnion::Version(version)),
            ..Compare::default()
        }],
        success: vec![put_op(key, value, 0)],
        failure: vec![range_op(key)],
    }
}

fn read_and_delete(key: &str) -> TxnRequest {
    TxnRequest {
        compare: Vec::new(),
        success: vec![range_op(key), wire::delete_op(key, false)],
        failure: Vec::new(),
    }
}

async fn existing(target: &Target, key: &str) -> Result<KeyValue, Failure> {
    target.wire().get(key).await?.ok_or_else(|| Failure::new(format!("{key} does not exist")))
}

/// The key in the answer to a write that was refused.
fn refused_with(answer: &TxnResponse) -> Result<&KeyValue, Failure> {
    match &answer.responses[..] {
        [op] if !answer.succeeded => match &op.response {
            Some(Response::ResponseRange(range)) if range.kvs.len() == 1 => Ok(&range.kvs[0]),
            _ => Err(Failure::new(format!("the answer is not a read of one key: {answer:?}"))),
        },
        _ => Err(Failure::new(format!("the write was not refused with one response: {answer:?}"))),
    }
}

fn refused_empty(answer: &TxnResponse) -> Result<(), Failure> {
    ensure!(!answer.succeeded, "the write succeeded: {answer:?}");
    match &answer.responses[..] {
        [op] => match &op.response {
            Some(Response::ResponseRange(range)) => same("the number of keys read", range.kvs.len(), 0),
            _ => Err(Failure::new(format!("the answer is not a read: {answer:?}"))),
        },
        _ => Err(Failure::new(format!("the answer is not one response: {answer:?}"))),
    }
}

/// The answer to a delete, which is the last of a transaction.
fn deleted(answer: &TxnResponse) -> Result<&DeleteRangeResponse, Failure> {
    match answer.responses.last().and_then(|op| op.response.as_ref()) {
        Some(Response::ResponseDeleteRange(delete)) if answer.succeeded => Ok(delete),
        _ => Err(Failure::new(format!("the delete was not carried out: {answer:?}"))),
    }
}
