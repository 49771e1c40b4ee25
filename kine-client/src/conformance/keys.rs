//! Which keys and values are kept, and how keys are told apart.

use kine_proto::etcdserverpb::RangeRequest;

use super::target::{Failure, Target, same};
use super::wire::{self, bytes};

behaviours! { "keys";
    /// Keys that differ only in case are two keys.
    case_tells_keys_apart;
    /// Keys that differ only by a blank at the end are two keys.
    a_blank_at_the_end_tells_keys_apart;
    /// A list is in byte order: digits, upper case, lower case.
    lists_are_in_byte_order;
    /// A key that is not ASCII comes back as it was written.
    keys_beyond_ascii_come_back;
    /// `%` and `_` in a key mean themselves, in a range too.
    wildcards_of_sql_are_plain_characters;
    /// An empty value is kept as an empty value.
    an_empty_value_is_a_value;
    /// A value of any bytes comes back as it was written.
    values_hold_any_bytes;
    /// A value of 1 MiB comes back whole.
    a_value_of_a_mebibyte_comes_back_whole;
}

impl Checks {
    async fn case_tells_keys_apart(target: &Target) -> Result<(), Failure> {
        two_keys(target, "key", "KEY").await
    }

    async fn a_blank_at_the_end_tells_keys_apart(target: &Target) -> Result<(), Failure> {
        two_keys(target, "key", "key ").await
    }

    async fn lists_are_in_byte_order(target: &Target) -> Result<(), Failure> {
        let wire = target.wire();
        for name in ["b", "B", "a", "A", "1", "~", "a/b", "a-b"] {
            wire.create(&target.key(name), "1").await?;
        }
        let (key, range_end) = target.bounds();
        let list = wire.range(RangeRequest { key, range_end, ..RangeRequest::default() }).await?;
        let prefix = target.key("");
        let names: Vec<String> = list
            .kvs
            .iter()
            .map(|kv| String::from_utf8_lossy(&kv.key).trim_start_matches(&prefix).to_owned())
            .collect();
        same("the list", names, ["1", "A", "B", "a", "a-b", "a/b", "b", "~"].map(String::from).to_vec())
    }

    async fn keys_beyond_ascii_come_back(target: &Target) -> Result<(), Failure> {
        let (wire, key) = (target.wire(), target.key("größe-大"));
        wire.create(&key, "1").await?;
        let kv = wire.get(&key).await?;
        same("the key", kv.map(|kv| kv.key), Some(bytes(&key)))
    }

    async fn wildcards_of_sql_are_plain_characters(target: &Target) -> Result<(), Failure> {
        let wire = target.wire();
        wire.create(&target.key("a%/1"), "1").await?;
        wire.create(&target.key("a_/1"), "2").await?;
        wire.create(&target.key("ab/1"), "3").await?;
        for (name, value) in [("a%/", b"1"), ("a_/", b"2")] {
            let range = crate::KeyRange::prefix(target.key(name));
            let request = RangeRequest {
                key: range.start_bytes().clone(),
                range_end: range.end_bytes().clone(),
                ..RangeRequest::default()
            };
            let values: Vec<_> = wire.range(request).await?.kvs.into_iter().map(|kv| kv.value).collect();
            same(&format!("what is below {name}"), values, vec![value.to_vec()])?;
        }
        Ok(())
    }

    async fn an_empty_value_is_a_value(target: &Target) -> Result<(), Failure> {
        let (wire, key) = (target.wire(), target.key("a"));
        wire.create(&key, "").await?;
        let kv = wire.get(&key).await?.ok_or_else(|| Failure::new("the key does not exist"))?;
        same("the length of the value", kv.value.len(), 0)
    }

    async fn values_hold_any_bytes(target: &Target) -> Result<(), Failure> {
        let value: Vec<u8> = (0..=u8::MAX).collect();
        keeps(target, value).await
    }

    async fn a_value_of_a_mebibyte_comes_back_whole(target: &Target) -> Result<(), Failure> {
        keeps(target, (0..1024 * 1024_u32).map(|n| (n % 251) as u8).collect()).await
    }
}

async fn two_keys(target: &Target, one: &str, other: &str) -> Result<(), Failure> {
    let wire = target.wire();
    wire.create(&target.key(one), "1").await?;
    let answer = wire.txn(wire::create(&target.key(other), "2", 0)).await?;
    ensure!(answer.succeeded, "{other:?} cannot be created beside {one:?}");
    for (name, value) in [(one, b"1"), (other, b"2")] {
        let kv = wire.get(&target.key(name)).await?;
        same(&format!("the value of {name:?}"), kv.as_ref().map(|kv| &kv.value[..]), Some(&value[..]))?;
    }
    Ok(())
}

async fn keeps(target: &Target, value: Vec<u8>) -> Result<(), Failure> {
    let key = target.key("a");
    target.client().create(&key, value.clone()).await?.committed()?;
    let kv = target.wire().get(&key).await?.ok_or_else(|| Failure::new("the key does not exist"))?;
    ensure!(kv.value == value, "the value of {} bytes came back as {} others", value.len(), kv.value.len());
    Ok(())
}
