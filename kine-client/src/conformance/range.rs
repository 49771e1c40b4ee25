//! Reads of one key and of many.

use bytes::Bytes;
use kine_proto::etcdserverpb::{RangeRequest, RangeResponse};
use tonic::Code;

use super::target::{Failure, Target, refused, same};
use super::wire::{bytes, header_revision};

const FUTURE: &str = "required revision is a future revision";

behaviours! { "range";
    /// A read of a key answers it with its value and revisions, a count of 1 and the store's revision.
    get_answers_the_key_and_its_revisions;
    /// A read of a key that does not exist answers nothing, a count of 0 and the store's revision.
    get_of_an_absent_key_answers_nothing;
    /// A read at an older revision answers the key as it was, before its life too, and the header still tells the store's revision.
    get_at_an_older_revision_answers_what_was;
    /// A read at a revision that is not written yet is refused as such.
    get_at_a_future_revision_is_refused;
    /// A read of keys only leaves the value out.
    get_of_keys_only_leaves_the_value_out;
    /// A read of one key with a limit of 1, as the API server sends it, is a read of one key.
    get_with_a_limit_of_one_is_a_get;
    /// A count of one key answers a count and no key.
    count_of_one_key_answers_no_key;
    /// A list answers the keys from its start, and before its end, in ascending order.
    list_is_half_open_and_ascending;
    /// A list of nothing answers nothing, a count of 0 and the store's revision.
    list_of_nothing_answers_nothing;
    /// A list with a limit answers so many keys, that there are more, and how many there are in all.
    list_with_a_limit_tells_of_more;
    /// A list with a limit that is not reached tells of no more.
    list_within_its_limit_is_whole;
    /// Pages that continue after the last key at the first page's revision make one list, whatever is written meanwhile.
    pages_at_one_revision_make_one_list;
    /// A list of keys only leaves the values out and gives the revisions.
    list_of_keys_only_leaves_the_values_out;
    /// A count of a range answers how many keys there are and no key, now and at an older revision.
    count_answers_no_keys;
    /// A list at an older revision answers the keys as they were, deleted ones too.
    list_at_an_older_revision_answers_what_was;
    /// A list at a revision that is not written yet is refused as such.
    list_at_a_future_revision_is_refused;
    /// A list at the revision that was just written is answered, even if it holds nothing.
    empty_list_at_the_newest_revision_is_answered;
    /// A range whose end is a NUL byte holds every key from its start on.
    range_to_a_nul_byte_holds_all_from_its_start;
    /// A range may start and end anywhere, not only at prefixes.
    range_may_start_and_end_anywhere;
    /// A range can be streamed: the parts make the list, and the last one tells the revision and the count.
    range_can_be_streamed;
}

impl Checks {
    async fn get_answers_the_key_and_its_revisions(target: &Target) -> Result<(), Failure> {
        let (wire, key) = (target.wire(), target.key("a"));
        let created = wire.create(&key, "1").await?;
        let updated = wire.update(&key, "2", created).await?;
        let other = wire.create(&target.key("b"), "1").await?;
        let answer = wire.range(get(&key)).await?;
        same("the header's revision", header_revision(answer.header.as_ref()), other)?;
        same("the count", answer.count, 1)?;
        ensure!(!answer.more, "there is more of one key");
        let [kv] = &answer.kvs[..] else {
            return Err(Failure::new(format!("the answer is not one key: {answer:?}")));
        };
        same("the key", &kv.key[..], key.as_bytes())?;
        same("the value", &kv.value, &bytes("2"))?;
        same("the create revision", kv.create_revision, created)?;
        same("the mod revision", kv.mod_revision, updated)?;
        same("the lease", kv.lease, 0)
    }

    async fn get_of_an_absent_key_answers_nothing(target: &Target) -> Result<(), Failure> {
        let wire = target.wire();
        let revision = wire.create(&target.key("b"), "1").await?;
        let answer = wire.range(get(&target.key("a"))).await?;
        nothing(&answer, revision)
    }

    async fn get_at_an_older_revision_answers_what_was(target: &Target) -> Result<(), Failure> {
        let (wire, key) = (target.wire(), target.key("a"));
        let before = wire.create(&target.key("b"), "1").await?;
        let created = wire.create(&key, "1").await?;
        let updated = wire.update(&key, "2", created).await?;
        let deleted = wire.delete(&key, updated).await?;
        for (revision, value) in [(before, None), (created, Some("1")), (updated, Some("2")), (deleted, None)]
        {
            let answer = wire.range(RangeRequest { revision, ..get(&key) }).await?;
            let seen = answer.kvs.first().map(|kv| kv.value.clone());
            same(&format!("the value at {revision}"), seen, value.map(bytes))?;
            same("the header's revision", header_revision(answer.header.as_ref()), deleted)?;
        }
        Ok(())
    }

    async fn get_at_a_future_revision_is_refused(target: &Target) -> Result<(), Failure> {
        let (wire, key) = (target.wire(), target.key("a"));
        let revision = wire.create(&key, "1").await? + 1000;
        let answer = wire.range(RangeRequest { revision, ..get(&key) }).await;
        refused(answer, Code::OutOfRange, FUTURE)
    }

    async fn get_of_keys_only_leaves_the_value_out(target: &Target) -> Result<(), Failure> {
        let (wire, key) = (target.wire(), target.key("a"));
        let created = wire.create(&key, "1").await?;
        let answer = wire.range(RangeRequest { keys_only: true, ..get(&key) }).await?;
        let [kv] = &answer.kvs[..] else {
            return Err(Failure::new(format!("the answer is not one key: {answer:?}")));
        };
        same("the length of the value", kv.value.len(), 0)?;
        same("the mod revision", kv.mod_revision, created)
    }

    async fn get_with_a_limit_of_one_is_a_get(target: &Target) -> Result<(), Failure> {
        let (wire, key) = (target.wire(), target.key("a"));
        let created = wire.create(&key, "1").await?;
        let answer = wire.range(RangeRequest { limit: 1, ..get(&key) }).await?;
        same("the mod revision", answer.kvs.first().map(|kv| kv.mod_revision), Some(created))?;
        same("the count", answer.count, 1)?;
        ensure!(!answer.more, "there is more of one key");
        Ok(())
    }

    async fn count_of_one_key_answers_no_key(target: &Target) -> Result<(), Failure> {
        let (wire, key) = (target.wire(), target.key("a"));
        wire.create(&key, "1").await?;
        let answer = wire.range(RangeRequest { count_only: true, ..get(&key) }).await?;
        same("the count", answer.count, 1)?;
        same("the number of keys", answer.kvs.len(), 0)
    }

    async fn list_is_half_open_and_ascending(target: &Target) -> Result<(), Failure> {
        let wire = target.wire();
        fill(target, ["c", "a", "d", "b"]).await?;
        let revision = wire.revision().await?;
        let request = RangeRequest { range_end: bytes(&target.key("d")), ..get(&target.key("a")) };
        let answer = wire.range(request).await?;
        same("the names", names(target, &answer), vec!["a", "b", "c"])?;
        same("the count", answer.count, 3)?;
        ensure!(!answer.more, "there is more of a list without a limit");
        same("the header's revision", header_revision(answer.header.as_ref()), revision)
    }

    async fn list_of_nothing_answers_nothing(target: &Target) -> Result<(), Failure> {
        let wire = target.wire();
        let revision = wire.revision().await?;
        nothing(&wire.range(all(target)).await?, revision)
    }

    async fn list_with_a_limit_tells_of_more(target: &Target) -> Result<(), Failure> {
        fill(target, ["a", "b", "c", "d", "e"]).await?;
        let answer = target.wire().range(RangeRequest { limit: 2, ..all(target) }).await?;
        same("the names", names(target, &answer), vec!["a", "b"])?;
        ensure!(answer.more, "the answer does not tell of more");
        same("the count", answer.count, 5)
    }

    async fn list_within_its_limit_is_whole(target: &Target) -> Result<(), Failure> {
        fill(target, ["a", "b", "c"]).await?;
        for limit in [3, 4] {
            let answer = target.wire().range(RangeRequest { limit, ..all(target) }).await?;
            same("the names", names(target, &answer), vec!["a", "b", "c"])?;
            ensure!(!answer.more, "the answer tells of more");
            same("the count", answer.count, 3)?;
        }
        Ok(())
    }

    async fn pages_at_one_revision_make_one_list(target: &Target) -> Result<(), Failure> {
        let wire = target.wire();
        fill(target, ["a", "b", "c", "d", "e"]).await?;
        let first = wire.range(RangeRequest { limit: 2, ..all(target) }).await?;
        let revision = header_revision(first.header.as_ref());
        let mut seen = names(target, &first);
        wire.create(&target.key("bb"), "1").await?;
        let last = wire.get(&target.key("e")).await?.map_or(0, |kv| kv.mod_revision);
        wire.delete(&target.key("e"), last).await?;
        let mut more = first.more;
        while more {
            let after = seen.last().map_or(String::new(), |name| target.key(name)) + "\0";
            let request = RangeRequest { key: bytes(&after), limit: 2, revision, ..all(target) };
            let page = wire.range(request).await?;
            ensure!(!page.kvs.is_empty(), "a page that was announced is empty");
            seen.extend(names(target, &page));
            more = page.more;
        }
        same("the names of all pages", seen, vec!["a", "b", "c", "d", "e"])
    }

    async fn list_of_keys_only_leaves_the_values_out(target: &Target) -> Result<(), Failure> {
        let wire = target.wire();
        let created = wire.create(&target.key("a"), "1").await?;
        let answer = wire.range(RangeRequest { keys_only: true, ..all(target) }).await?;
        same("the names", names(target, &answer), vec!["a"])?;
        same("the length of the value", answer.kvs[0].value.len(), 0)?;
        same("the mod revision", answer.kvs[0].mod_revision, created)?;
        same("the create revision", answer.kvs[0].create_revision, created)
    }

    async fn count_answers_no_keys(target: &Target) -> Result<(), Failure> {
        let wire = target.wire();
        fill(target, ["a", "b"]).await?;
        let two = wire.revision().await?;
        let three = wire.create(&target.key("c"), "1").await?;
        for (revision, count) in [(0, 3), (two, 2), (three, 3)] {
            let answer = wire.range(RangeRequest { count_only: true, revision, ..all(target) }).await?;
            same("the number of keys", answer.kvs.len(), 0)?;
            same(&format!("the count at {revision}"), answer.count, count)?;
            same("the header's revision", header_revision(answer.header.as_ref()), three)?;
        }
        Ok(())
    }

    async fn list_at_an_older_revision_answers_what_was(target: &Target) -> Result<(), Failure> {
        let wire = target.wire();
        let a = wire.create(&target.key("a"), "1").await?;
        let b = wire.create(&target.key("b"), "1").await?;
        wire.update(&target.key("a"), "2", a).await?;
        let newest = wire.delete(&target.key("b"), b).await?;
        let answer = wire.range(RangeRequest { revision: b, ..all(target) }).await?;
        same("the names", names(target, &answer), vec!["a", "b"])?;
        same("the value of a", &answer.kvs[0].value, &bytes("1"))?;
        same("the header's revision", header_revision(answer.header.as_ref()), newest)
    }

    async fn list_at_a_future_revision_is_refused(target: &Target) -> Result<(), Failure> {
        fill(target, ["a"]).await?;
        let revision = target.wire().revision().await? + 1000;
        let answer = target.wire().range(RangeRequest { revision, ..all(target) }).await;
        refused(answer, Code::OutOfRange, FUTURE)
    }

    async fn empty_list_at_the_newest_revision_is_answered(target: &Target) -> Result<(), Failure> {
        let wire = target.wire();
        let created = wire.create(&target.key("a"), "1").await?;
        let revision = wire.delete(&target.key("a"), created).await?;
        nothing(&wire.range(RangeRequest { revision, ..all(target) }).await?, revision)
    }

    async fn range_to_a_nul_byte_holds_all_from_its_start(target: &Target) -> Result<(), Failure> {
        fill(target, ["a", "b"]).await?;
        let nul = Bytes::from_static(b"\0");
        let request = RangeRequest { range_end: nul, ..get(&target.key("b")) };
        let answer = target.wire().range(request).await?;
        let first = answer.kvs.first().map(|kv| kv.key.clone());
        same("the first key", first, Some(bytes(&target.key("b"))))
    }

    async fn range_may_start_and_end_anywhere(target: &Target) -> Result<(), Failure> {
        fill(target, ["a", "ab", "b", "ba", "c"]).await?;
        let request = RangeRequest { range_end: bytes(&target.key("bzz")), ..get(&target.key("aa")) };
        let answer = target.wire().range(request).await?;
        same("the names", names(target, &answer), vec!["ab", "b", "ba"])
    }

    async fn range_can_be_streamed(target: &Target) -> Result<(), Failure> {
        let wire = target.wire();
        let letters: Vec<String> = (0..40).map(|n| format!("{n:02}")).collect();
        fill(target, letters.iter().map(String::as_str)).await?;
        let revision = wire.revision().await?;
        let mut parts = wire.kv().range_stream(all(target)).await?.into_inner();
        let mut seen = Vec::new();
        let mut last = RangeResponse::default();
        while let Some(part) = parts.message().await? {
            last = part.range_response.unwrap_or_default();
            seen.extend(names(target, &last));
        }
        same("the names", seen, letters)?;
        same("the header's revision in the last part", header_revision(last.header.as_ref()), revision)?;
        same("the count in the last part", last.count, 40)
    }
}

fn get(key: &str) -> RangeRequest {
    RangeRequest { key: bytes(key), ..RangeRequest::default() }
}

fn all(target: &Target) -> RangeRequest {
    let (key, range_end) = target.bounds();
    RangeRequest { key, range_end, ..RangeRequest::default() }
}

async fn fill<'a>(target: &Target, names: impl IntoIterator<Item = &'a str>) -> Result<(), Failure> {
    for name in names {
        target.wire().create(&target.key(name), name).await?;
    }
    Ok(())
}

/// The keys of an answer without the target's prefix.
fn names(target: &Target, answer: &RangeResponse) -> Vec<String> {
    let prefix = target.key("");
    let name =
        |key: &Bytes| String::from_utf8_lossy(key).strip_prefix(&prefix).unwrap_or_default().to_owned();
    answer.kvs.iter().map(|kv| name(&kv.key)).collect()
}

fn nothing(answer: &RangeResponse, revision: i64) -> Result<(), Failure> {
    same("the number of keys", answer.kvs.len(), 0)?;
    same("the count", answer.count, 0)?;
    ensure!(!answer.more, "there is more of nothing");
    same("the header's revision", header_revision(answer.header.as_ref()), revision)
}
