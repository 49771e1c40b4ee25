//! Many keys, in pages that all show one revision.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use kine_proto::etcdserverpb::RangeRequest;

use super::{KeyRange, check_revision, range};
use crate::transport::Transport;
use crate::{Error, ErrorKind, KeyValue, Revision};

/// What the Kubernetes API server asks for in one page.
const DEFAULT_PAGE_SIZE: usize = 500;

/// A list that is about to be read: which keys, at which revision, in pages of which size.
///
/// ```no_run
/// # async fn example(client: kine_client::Client) -> Result<(), kine_client::Error> {
/// let mut pods = client.list("/registry/pods/").page_size(1000).items();
/// while let Some(pod) = pods.next().await {
///     let pod = pod?;
///     println!("{} at {}", pod.key_str(), pod.mod_revision);
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Guarantees
///
/// Every page shows the store at the same revision: that of the first page, or the one that [`at`](List::at) names.
/// Each key is given once, in the server's order: ascending by byte, but on kine with MySQL without regard to case.
///
/// # Errors
///
/// A list that is read so slowly that its revision is compacted meanwhile ends with
/// [`Compacted`](ErrorKind::Compacted). After an error the streams end.
#[derive(Clone, Debug)]
#[must_use = "a list reads nothing until items, pages or collect is called"]
pub struct List {
    transport: Transport,
    range: KeyRange,
    revision: Option<Revision>,
    page_size: usize,
    keys_only: bool,
}

impl List {
    pub(super) fn new(transport: Transport, range: KeyRange) -> Self {
        Self { transport, range, revision: None, page_size: DEFAULT_PAGE_SIZE, keys_only: false }
    }

    /// Lists the keys as they were at a revision, instead of now.
    pub fn at(mut self, revision: Revision) -> Self {
        self.revision = Some(revision);
        self
    }

    /// How many keys to ask for at a time: 500 unless set, at least 1. A page is in memory as a whole.
    pub fn page_size(mut self, keys: usize) -> Self {
        self.page_size = keys.max(1);
        self
    }

    /// Leaves the values out.
    pub fn keys_only(mut self) -> Self {
        self.keys_only = true;
        self
    }

    /// The pages as a stream; the next page is asked for when the stream is polled for it.
    pub fn pages(self) -> ListPages {
        let first = State { list: self, after: None, done: false };
        let pages = stream::unfold(first, |mut state| async move {
            let page = state.next_page().await?;
            state.done |= page.is_err();
            Some((page, state))
        });
        ListPages(pages.boxed())
    }

    /// The keys as a stream; a page is asked for when the one before is used up.
    pub fn items(self) -> ListItems {
        let items = self.pages().flat_map(|page| match page {
            Ok(page) => stream::iter(page.items).map(Ok).left_stream(),
            Err(error) => stream::iter([Err(error)]).right_stream(),
        });
        ListItems(items.boxed())
    }

    /// All keys at once.
    ///
    /// # Errors
    ///
    /// As for [`Client::get_at`](crate::Client::get_at).
    pub async fn collect(self) -> Result<Listing, Error> {
        let mut pages = self.pages();
        let mut listing = Listing { items: Vec::new(), revision: Revision::ZERO };
        while let Some(page) = pages.next().await {
            let page = page?;
            listing.revision = page.revision;
            listing.items.extend(page.items);
        }
        Ok(listing)
    }
}

/// Some keys of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page {
    /// The keys, in ascending order.
    pub items: Vec<KeyValue>,
    /// The revision that the whole list shows. A watch of the same range that starts [after](Revision::next) it goes
    /// on where the list ends.
    pub revision: Revision,
    /// Whether another page follows.
    pub more: bool,
}

/// All keys of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Listing {
    /// The keys, in ascending order.
    pub items: Vec<KeyValue>,
    /// The revision that the list shows.
    pub revision: Revision,
}

/// The pages of a [`List`].
pub struct ListPages(BoxStream<'static, Result<Page, Error>>);

/// The keys of a [`List`].
pub struct ListItems(BoxStream<'static, Result<KeyValue, Error>>);

macro_rules! list_stream {
    ($name:ident, $item:ty) => {
        impl $name {
            /// The next one, or `None` at the end. Dropping the future loses nothing.
            pub async fn next(&mut self) -> Option<Result<$item, Error>> {
                self.0.next().await
            }
        }

        impl Stream for $name {
            type Item = Result<$item, Error>;

            fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
                self.0.poll_next_unpin(cx)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    };
}

list_stream!(ListPages, Page);
list_stream!(ListItems, KeyValue);

struct State {
    list: List,
    /// The last key given.
    after: Option<Bytes>,
    done: bool,
}

impl State {
    async fn next_page(&mut self) -> Option<Result<Page, Error>> {
        if self.done {
            return None;
        }
        Some(self.read_page().await)
    }

    async fn read_page(&mut self) -> Result<Page, Error> {
        self.list.range.check("list")?;
        if let Some(revision) = self.list.revision {
            check_revision("list", revision)?;
        }
        let request = self.request();
        let (response, now) = range(&self.list.transport, "list", request).await?;
        let revision = *self.list.revision.get_or_insert(now);
        let mut items: Vec<KeyValue> = response.kvs.into_iter().map(KeyValue::from_wire).collect();
        if self.after.is_some() && items.first().map(|kv| &kv.key) == self.after.as_ref() {
            items.remove(0);
        }
        if let Some(last) = items.last() {
            self.after = Some(last.key.clone());
        } else if response.more {
            let error =
                Error::new(ErrorKind::Protocol, "list", "the server announced more keys and gave none");
            return Err(error.on_key(self.list.range.start_bytes()));
        }
        self.done = !response.more;
        Ok(Page { items, revision, more: response.more })
    }

    /// The page after the last key given. It starts at that very key, which is asked for again and dropped: the usual
    /// start, the key with a NUL appended, is rewritten by kine (to 0x1A on PostgreSQL, to `#` on MySQL) and so leaves
    /// out keys that go on with a smaller character.
    fn request(&self) -> RangeRequest {
        let one_key = self.list.range.end().is_none();
        let limit = match (&self.after, one_key) {
            // kine refuses a limit on one key.
            (_, true) => 0,
            (None, false) => self.list.page_size,
            (Some(_), false) => self.list.page_size.saturating_add(1),
        };
        RangeRequest {
            key: self.after.clone().unwrap_or_else(|| self.list.range.start_bytes().clone()),
            range_end: self.list.range.end_bytes().clone(),
            // kine adds one to the limit, so the largest number would turn negative there.
            limit: i64::try_from(limit).unwrap_or(i64::MAX).min(i64::MAX - 1),
            revision: self.list.revision.map_or(0, Revision::get),
            keys_only: self.list.keys_only,
            ..RangeRequest::default()
        }
    }
}
