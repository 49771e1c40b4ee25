//! From a call to a server and back: endpoints, TLS, failover, deadlines, retries.
//!
//! Read [`options`] first (what a user sets), then this file (which endpoint is used, what is tried again), then
//! [`endpoint`] and [`backoff`].

mod backoff;
mod endpoint;
mod options;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kine_proto::etcdserverpb::StatusRequest;
use kine_proto::etcdserverpb::kv_client::KvClient;
use kine_proto::etcdserverpb::lease_client::LeaseClient;
use kine_proto::etcdserverpb::maintenance_client::MaintenanceClient;
use kine_proto::etcdserverpb::watch_client::WatchClient;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tonic::transport::Channel;
use tonic::{Response, Status};

pub(crate) use backoff::Backoff;
use endpoint::Address;
pub use options::{ConnectOptions, TlsOptions};

use crate::{Error, ErrorKind};

/// What etcd and kine take in one request: 1.5 MiB and 512 KiB for the envelope.
pub(crate) const REQUEST_LIMIT: usize = 2 * 1024 * 1024;

/// The longest pause between two attempts of one call.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// What a server may send on one call or watch before it is read, in bytes.
const STREAM_WINDOW: u32 = 1024 * 1024;

/// What a server may send on all calls and watches before it is read: as much as HTTP/2 can express (RFC 9113, 6.9.1).
const CONNECTION_WINDOW: u32 = (1 << 31) - 1;

/// The endpoints of one store, and the one in use. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Transport {
    shared: Arc<Shared>,
    request_timeout: Duration,
}

#[derive(Debug)]
struct Shared {
    legs: Vec<Leg>,
    current: AtomicUsize,
}

/// One endpoint and its connection, which is made when needed and made again when it broke.
#[derive(Clone, Debug)]
pub(crate) struct Leg {
    index: usize,
    pub(crate) name: Arc<str>,
    channel: Channel,
}

impl Leg {
    pub(crate) fn kv(&self) -> KvClient<Channel> {
        // Answers have no limit: a page of large values is over tonic's 4 MiB.
        KvClient::new(self.channel.clone()).max_decoding_message_size(usize::MAX)
    }

    pub(crate) fn watch(&self) -> WatchClient<Channel> {
        WatchClient::new(self.channel.clone()).max_decoding_message_size(usize::MAX)
    }

    pub(crate) fn lease(&self) -> LeaseClient<Channel> {
        LeaseClient::new(self.channel.clone())
    }

    pub(crate) fn maintenance(&self) -> MaintenanceClient<Channel> {
        MaintenanceClient::new(self.channel.clone())
    }

    #[cfg(feature = "conformance")]
    pub(crate) fn channel(&self) -> Channel {
        self.channel.clone()
    }
}

/// What may be sent a second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// It changes nothing: it may be sent again whenever the server was not there.
    Always,
    /// It changes something: only when it certainly never left.
    WhenUnsent,
}

impl Transport {
    pub(crate) fn new(options: ConnectOptions) -> Result<Self, Error> {
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(Error::config("a client must be made inside a Tokio runtime"));
        }
        if options.endpoints.is_empty() {
            return Err(Error::config("no endpoint was given"));
        }
        if options.request_timeout.is_zero() || options.connect_timeout.is_zero() {
            return Err(Error::config("a timeout of zero leaves no time for any request"));
        }
        let addresses =
            options.endpoints.iter().map(|text| Address::parse(text)).collect::<Result<Vec<_>, _>>()?;
        if options.tls.is_some() && !addresses.iter().any(|address| address.tls) {
            return Err(Error::config("TLS options are set, but no endpoint is https"));
        }
        let tls = options.tls.clone().unwrap_or_default();
        let legs = addresses
            .iter()
            .enumerate()
            .map(|(index, address)| {
                let channel = connect_when_needed(address, &tls, &options)?;
                Ok(Leg { index, name: address.text.as_str().into(), channel })
            })
            .collect::<Result<Vec<_>, Error>>()?;
        let shared = Arc::new(Shared { legs, current: AtomicUsize::new(0) });
        Ok(Self { shared, request_timeout: options.request_timeout })
    }

    pub(crate) fn with_request_timeout(&self, request_timeout: Duration) -> Self {
        Self { shared: Arc::clone(&self.shared), request_timeout }
    }

    pub(crate) fn request_timeout(&self) -> Duration {
        self.request_timeout
    }

    /// The endpoint in use.
    pub(crate) fn leg(&self) -> Leg {
        let index = self.shared.current.load(Ordering::Relaxed);
        self.shared.legs[index].clone()
    }

    /// Goes on to the next endpoint, unless another call already left this one.
    pub(crate) fn leave(&self, leg: &Leg) {
        let next = (leg.index + 1) % self.shared.legs.len();
        let left =
            self.shared.current.compare_exchange(leg.index, next, Ordering::Relaxed, Ordering::Relaxed);
        if left.is_ok() && next != leg.index {
            tracing::debug!(from = %leg.name, to = %self.shared.legs[next].name, "endpoint failed over");
        }
    }

    /// Makes a call on the endpoint in use, within the request timeout; tries again where `repeat` allows it, on every
    /// endpoint in turn and then after a pause.
    pub(crate) async fn call<T, F, Fut>(
        &self,
        operation: &'static str,
        repeat: Repeat,
        call: F,
    ) -> Result<T, Error>
    where
        F: Fn(Leg) -> Fut,
        Fut: Future<Output = Result<Response<T>, Status>>,
    {
        let deadline = Instant::now() + self.request_timeout;
        let mut backoff = Backoff::up_to(LONGEST_PAUSE);
        let mut attempts = 0;
        loop {
            let leg = self.leg();
            let error = match timeout_at(deadline, call(leg.clone())).await {
                Ok(Ok(response)) => return Ok(response.into_inner()),
                Ok(Err(status)) => Error::from_status(operation, &leg.name, status),
                Err(_elapsed) => {
                    self.leave(&leg);
                    let message = format!("no answer within {:?}", self.request_timeout);
                    return Err(Error::new(ErrorKind::DeadlineExceeded, operation, message).at(&leg.name));
                }
            };
            let absent = matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Tls);
            if absent {
                self.leave(&leg);
            }
            // A refused certificate stays refused: there is no use in asking the same endpoint again.
            let last_try = error.kind() == ErrorKind::Tls && attempts + 1 >= self.shared.legs.len();
            if !absent || last_try || (repeat == Repeat::WhenUnsent && !error.is_unsent()) {
                return Err(error);
            }
            attempts += 1;
            if attempts % self.shared.legs.len() == 0 {
                let pause = backoff.pause();
                if Instant::now() + pause >= deadline {
                    return Err(error);
                }
                tracing::debug!(operation, endpoint = %leg.name, ?pause, %error, "will try again");
                sleep(pause).await;
            }
        }
    }

    /// Asks each endpoint for its status once and settles on the first that gives it. Each has an equal share of the
    /// request timeout, so that one that is silent leaves time for the others.
    pub(crate) async fn find_an_endpoint_that_answers(&self) -> Result<(), Error> {
        let share = self.request_timeout / u32::try_from(self.shared.legs.len()).unwrap_or(u32::MAX);
        let mut failures: Vec<Error> = Vec::new();
        for leg in &self.shared.legs {
            let error = match timeout(share, leg.maintenance().status(StatusRequest {})).await {
                Ok(Ok(_)) => {
                    self.shared.current.store(leg.index, Ordering::Relaxed);
                    return Ok(());
                }
                Ok(Err(status)) => Error::from_status("connect", &leg.name, status),
                Err(_elapsed) => {
                    let message = format!("no answer within {share:?}");
                    Error::new(ErrorKind::DeadlineExceeded, "connect", message).at(&leg.name)
                }
            };
            failures.push(error);
        }
        Err(summary(failures))
    }
}

/// One error of several: the only one as it is, else the kind of the first and the words of all.
fn summary(mut failures: Vec<Error>) -> Error {
    if failures.len() == 1 {
        return failures.remove(0);
    }
    let kind = failures.first().map_or(ErrorKind::Unavailable, Error::kind);
    let each = |error: &Error| format!("{} ({})", error.endpoint().unwrap_or_default(), error.message());
    let words: Vec<String> = failures.iter().map(each).collect();
    let error = Error::new(kind, "connect", format!("no endpoint answered: {}", words.join(", ")));
    match failures.into_iter().next() {
        Some(first) => error.caused_by(first),
        None => error,
    }
}

fn connect_when_needed(
    address: &Address,
    tls: &TlsOptions,
    options: &ConnectOptions,
) -> Result<Channel, Error> {
    let mut endpoint = address
        .endpoint()?
        .connect_timeout(options.connect_timeout)
        // A silent peer is found by pings, while calls or watches are open. kine closes connections that are pinged
        // more often than every 5 s, or pinged while no stream is open (its keep-alive enforcement policy).
        .http2_keep_alive_interval(Duration::from_secs(10))
        .keep_alive_timeout(Duration::from_secs(10))
        .keep_alive_while_idle(false)
        .tcp_keepalive(Some(Duration::from_secs(30)))
        // A watch that nobody reads fills its own window and stops there. The connection's window must hold all of those
        // and more: once it is full, every other call on the connection waits for the slowest watcher.
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW);
    if address.tls {
        endpoint = endpoint.tls_config(tls.to_config()?).map_err(|error| {
            Error::config(format!("the TLS options for {} are not usable", address.text)).caused_by(error)
        })?;
    }
    Ok(endpoint.connect_lazy())
}

#[cfg(test)]
mod tests;
