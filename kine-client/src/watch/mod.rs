//! Following keys as they change.
//!
//! Read this file (what a caller sets and gets), [`event`] (what comes out), [`session`] (one gRPC stream) and
//! [`resume`] (how streams are strung together so that nothing is lost).

mod event;
mod resume;
mod session;

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, Stream, StreamExt};

pub use event::WatchEvent;

use crate::transport::Transport;
use crate::{Client, Error, KeyRange, Revision};

/// How long a stream may be silent before the server is asked whether it is still there, and then again before the
/// stream is given up. kine reports progress every 5 s, etcd every 10 min, and both answer the question at once or
/// within about a second.
const SILENCE: Duration = Duration::from_secs(15);

impl Client {
    /// Follows the keys of a range. Awaiting the request opens the watch.
    ///
    /// ```no_run
    /// # async fn example(client: kine_client::Client) -> Result<(), kine_client::Error> {
    /// use kine_client::WatchEvent;
    ///
    /// let pods = client.list("/registry/pods/").collect().await?;
    /// let mut watch = client.watch("/registry/pods/").from(pods.revision.next()).await?;
    /// while let Some(event) = watch.next().await {
    ///     match event? {
    ///         WatchEvent::Put { kv, .. } => println!("{} is now {}", kv.key_str(), kv.value_str()),
    ///         WatchEvent::Delete { revision, .. } => println!("deleted at {revision}"),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn watch(&self, range: impl Into<KeyRange>) -> WatchRequest {
        WatchRequest {
            transport: self.transport().clone(),
            range: range.into(),
            from: None,
            prev_kv: false,
            silence: SILENCE,
        }
    }
}

/// A watch that opens when it is awaited.
///
/// # Errors
///
/// Awaiting it fails as [`Client::get`] does. A start revision that is compacted shows as the first item of the
/// [`Watch`] instead, as later compactions do.
#[derive(Clone, Debug)]
#[must_use = "a watch is not opened until it is awaited"]
pub struct WatchRequest {
    transport: Transport,
    range: KeyRange,
    from: Option<Revision>,
    prev_kv: bool,
    silence: Duration,
}

impl WatchRequest {
    /// Starts with the changes of this revision: for what comes after a list or a read, the
    /// [next](Revision::next) revision after it.
    ///
    /// Unless set, the watch starts after the revision that the store has when the request is awaited, so that every
    /// write made after that is seen.
    pub fn from(mut self, revision: Revision) -> Self {
        self.from = Some(revision);
        self
    }

    /// Whether events hold what the key held before. They do not unless set.
    pub fn prev_kv(mut self, wanted: bool) -> Self {
        self.prev_kv = wanted;
        self
    }

    /// How long the server may be silent before it is asked for a sign of life: 15 s unless set, at least 1 s. After as
    /// long again without one, the watch goes on over a new stream.
    pub fn liveness(mut self, silence: Duration) -> Self {
        self.silence = silence.max(Duration::from_secs(1));
        self
    }
}

impl IntoFuture for WatchRequest {
    type Output = Result<Watch, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        resume::start(self).boxed()
    }
}

/// The changes of a range of keys, in the order of their revisions, each once.
///
/// # Flow
///
/// 1. The watch opens one gRPC stream of its own from its start revision.
/// 2. When the stream ends, for whatever reason, a new one is opened from the revision after the last event, on the
///    next endpoint if need be, with pauses that grow to 5 s; for as long as it takes.
/// 3. When the server is silent for too long it is asked for its progress; when it stays silent the stream counts as
///    broken.
///
/// # Guarantees
///
/// No event is lost or doubled by a broken connection, a restart of the server, or a server that drops a slow watcher.
/// Where the server can no longer give the next revision the watch says so and ends.
///
/// # Assumptions
///
/// All endpoints serve one store, and its revisions do not go back.
///
/// # Back-pressure
///
/// What the server sent in one message is all that waits in the watch. Nothing is read ahead of the caller but what fits
/// into the stream's flow-control window of 1 MiB, and a watch that is not read holds up no other call. A server may drop a watcher that is slower than this; the watch then goes
/// on from where the caller is, for as long as that is not compacted.
///
/// # Errors
///
/// An error is the last item:
/// - [`Compacted`](crate::ErrorKind::Compacted), with the oldest revision that is still there: list again, and watch
///   from there. Events may have been missed. A watch that has seen no event for long ends so too when its connection
///   breaks after a compaction, for it cannot know that it missed nothing.
/// - [`InvalidArgument`](crate::ErrorKind::InvalidArgument), [`Unsupported`](crate::ErrorKind::Unsupported),
///   [`PermissionDenied`](crate::ErrorKind::PermissionDenied): the server refuses the watch.
///
/// # Cancellation
///
/// Dropping it ends the watch on the server too. Dropping the future of [`next`](Watch::next) loses nothing.
pub struct Watch {
    started: Revision,
    events: BoxStream<'static, Result<WatchEvent, Error>>,
}

impl Watch {
    /// The next change, or `None` after an error.
    pub async fn next(&mut self) -> Option<Result<WatchEvent, Error>> {
        self.events.next().await
    }

    /// The first revision whose changes the watch gives.
    pub fn start_revision(&self) -> Revision {
        self.started
    }
}

impl Stream for Watch {
    type Item = Result<WatchEvent, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.events.poll_next_unpin(cx)
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("start_revision", &self.started).finish_non_exhaustive()
    }
}
