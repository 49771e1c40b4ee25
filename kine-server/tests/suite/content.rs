//! What a store holds and what happened in it, in a form in which two servers can be compared.

use bytes::Bytes;
use kine_client::{Client, Revision, Watch, WatchEvent};

use crate::scene::{Tested, in_time};

/// A key as both kine and kine-server show it. kine does not count versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) key: Bytes,
    pub(crate) value: Bytes,
    pub(crate) created: i64,
    pub(crate) modified: i64,
    pub(crate) lease: i64,
}

/// The keys below `prefix`, at a revision or now.
pub(crate) async fn contents(client: &Client, prefix: &str, at: Option<Revision>) -> Tested<Vec<Held>> {
    let list = client.list(prefix);
    let list = at.map_or(list.clone(), |revision| list.at(revision));
    let held = list.collect().await?.items.into_iter().map(|kv| Held {
        key: kv.key,
        value: kv.value,
        created: kv.create_revision.get(),
        modified: kv.mod_revision.get(),
        lease: kv.lease,
    });
    Ok(held.collect())
}

/// An event as both show it. Of what was there before, kine does not always know the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) revision: i64,
    pub(crate) key: Bytes,
    /// None for a delete.
    pub(crate) put: Option<Held>,
    /// Value and revision.
    pub(crate) before: Option<(Bytes, i64)>,
}

impl Change {
    pub(crate) fn of(event: WatchEvent) -> Tested<Self> {
        let revision = event.revision().get();
        let before = event.prev().map(|prev| (prev.value.clone(), prev.mod_revision.get()));
        let key = Bytes::copy_from_slice(event.key());
        let put = match event {
            WatchEvent::Put { kv, .. } => Some(Held {
                key: kv.key,
                value: kv.value,
                created: kv.create_revision.get(),
                modified: kv.mod_revision.get(),
                lease: kv.lease,
            }),
            WatchEvent::Delete { .. } => None,
            other => return Err(format!("an event of a new kind: {other:?}").into()),
        };
        Ok(Self { revision, key, put, before })
    }
}

/// The next change that a watch gives.
pub(crate) async fn next_change(watch: &mut Watch) -> Tested<Change> {
    let event = in_time("an event comes", watch.next()).await?;
    Change::of(event.ok_or("the watch ended")??)
}

/// What happened below `prefix` from one revision through another, which must be that of a write there.
pub(crate) async fn changes(
    client: &Client,
    prefix: &str,
    from: Revision,
    through: Revision,
) -> Tested<Vec<Change>> {
    let mut watch = client.watch(prefix).from(from).prev_kv(true).await?;
    let mut seen = Vec::new();
    loop {
        let change = next_change(&mut watch).await?;
        let revision = change.revision;
        seen.push(change);
        if revision >= through.get() {
            return Ok(seen);
        }
    }
}

/// Fails at the first place where two sequences differ, and shows only that.
pub(crate) fn same<T: PartialEq + std::fmt::Debug>(what: &str, here: &[T], there: &[T]) -> Tested {
    for (place, pair) in here.iter().zip(there).enumerate() {
        if pair.0 != pair.1 {
            return Err(format!("{what} differ at {place}: {:?} and {:?}", pair.0, pair.1).into());
        }
    }
    if here.len() != there.len() {
        return Err(format!("{what}: {} here, {} there", here.len(), there.len()).into());
    }
    Ok(())
}
