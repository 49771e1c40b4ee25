//! The handle that everything hangs on.

use std::time::Duration;

use crate::Error;
use crate::transport::{ConnectOptions, Transport};

/// A client of one store. Cheap to clone; clones share the connections.
///
/// | to | call |
/// |---|---|
/// | read | [`get`](Client::get), [`get_at`](Client::get_at), [`get_with_revision`](Client::get_with_revision), [`list`](Client::list), [`count`](Client::count), [`revision`](Client::revision) |
/// | write | [`create`](Client::create), [`update`](Client::update), [`put`](Client::put), [`delete`](Client::delete) |
/// | follow | [`watch`](Client::watch) |
/// | look after | [`compact`](Client::compact), [`status`](Client::status) |
///
/// # Flow of a call
///
/// A call goes to the endpoint in use. When that cannot be reached, the next endpoint is used, for this call and those
/// after it. Reads are tried again for as long as the request timeout allows, with pauses that grow; a write is sent
/// again only when it certainly never left this process.
///
/// # Cancellation
///
/// Dropping the future of a read has no effect on the store. Dropping the future of a write leaves its outcome unknown.
#[derive(Clone, Debug)]
pub struct Client {
    transport: Transport,
}

impl Client {
    /// Connects to a store by its endpoints: `http://HOST:PORT`, `https://HOST:PORT`, `unix:///PATH`.
    ///
    /// The endpoints must serve the same store. For TLS files and timeouts see [`Client::builder`].
    ///
    /// # Errors
    ///
    /// As for [`ConnectOptions::connect`].
    pub async fn connect<I>(endpoints: I) -> Result<Self, Error>
    where
        I: IntoIterator<Item: Into<String>>,
    {
        Self::builder().endpoints(endpoints).connect().await
    }

    /// The same as [`ConnectOptions::new`].
    pub fn builder() -> ConnectOptions {
        ConnectOptions::new()
    }

    /// The same client with another request timeout; the connections are shared.
    #[must_use]
    pub fn with_request_timeout(&self, timeout: Duration) -> Self {
        Self { transport: self.transport.with_request_timeout(timeout) }
    }

    /// The endpoint that the next call will be sent to.
    pub fn endpoint(&self) -> String {
        self.transport.leg().name.to_string()
    }

    pub(crate) fn new(transport: Transport) -> Self {
        Self { transport }
    }

    pub(crate) fn transport(&self) -> &Transport {
        &self.transport
    }
}
