//! A server that is open, and one that is serving.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use backingstore_config::DataSource;
use kine_proto::etcdserverpb::cluster_server::ClusterServer;
use kine_proto::etcdserverpb::kv_server::KvServer;
use kine_proto::etcdserverpb::lease_server::LeaseServer;
use kine_proto::etcdserverpb::maintenance_server::MaintenanceServer;
use kine_proto::etcdserverpb::watch_server::WatchServer;
use kine_proto::health::health_server::HealthServer;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_stream::wrappers::ReceiverStream;
use tower::util::{MapRequestLayer, MapResponseLayer};

use crate::builder::ServerBuilder;
use crate::error::{Error, ErrorKind};
use crate::grpc::edge::{self, REQUEST_BYTES};
use crate::grpc::{cluster, health, kv, lease, maintenance, watch as watches};
use crate::listen::accept::Listener;
use crate::listen::connection::Connection;
use crate::listen::{ListenAddress, ServerTls};
use crate::store::{Store, Tasks};

/// Bytes that a client may send on one stream before it waits for the server: a whole request.
const WINDOW: u32 = 2 << 20;

/// How long a connection may be silent before the client is asked whether it is still there, and how long it may take to
/// say so. A client that has vanished would keep its watches for ever.
const PING: Duration = Duration::from_secs(60);
const PONG: Duration = Duration::from_secs(20);

/// How requests are served.
#[derive(Clone, Debug)]
pub(crate) struct Serving {
    pub(crate) etcd_version: String,
    pub(crate) progress_interval: Duration,
    pub(crate) stop_timeout: Duration,
    pub(crate) allows_remote_without_client_certificates: bool,
}

/// An open store that is not served yet.
///
/// Dropping it closes the database in the background.
pub struct Server {
    store: Store,
    tasks: Tasks,
    serving: Serving,
}

impl Server {
    /// A server of the database that `source` names.
    pub fn builder(source: DataSource) -> ServerBuilder {
        ServerBuilder::database(source)
    }

    /// A server that keeps everything in this process and loses it when it stops: for tests.
    pub fn in_memory() -> ServerBuilder {
        ServerBuilder::memory()
    }

    pub(crate) fn new(store: Store, tasks: Tasks, serving: Serving) -> Self {
        Self { store, tasks, serving }
    }

    /// Serves on `address` in plain text, until the handle is stopped or dropped.
    ///
    /// # Errors
    ///
    /// [`InUse`](ErrorKind::InUse) when another process has the address, [`Listen`](ErrorKind::Listen) when it cannot be
    /// listened on, [`Config`](ErrorKind::Config) when other hosts could reach it: that takes client certificates
    /// ([`serve_tls`](Self::serve_tls)) or a [dangerous](ServerBuilder::dangerous) option.
    pub async fn serve(self, address: impl Into<ListenAddress>) -> Result<ServerHandle, Error> {
        self.start(address.into(), None).await
    }

    /// As [`serve`](Self::serve), over TLS. Unix sockets have none.
    ///
    /// # Errors
    ///
    /// Besides those, [`Tls`](ErrorKind::Tls) when a certificate or key cannot be used.
    pub async fn serve_tls(
        self,
        address: impl Into<ListenAddress>,
        tls: ServerTls,
    ) -> Result<ServerHandle, Error> {
        self.start(address.into(), Some(tls)).await
    }

    async fn start(self, address: ListenAddress, tls: Option<ServerTls>) -> Result<ServerHandle, Error> {
        let started = self.listen(&address, tls.as_ref()).await;
        let (listener, acceptor) = match started {
            Ok(started) => started,
            Err(error) => {
                // The database is closed before the caller hears of it, so that he may try again at once.
                let _ = self.tasks.stop().await;
                return Err(error);
            }
        };
        let local_address = listener.address();
        let scheme = if acceptor.is_some() { "https" } else { "http" };
        let endpoint = match local_address {
            Some(address) => format!("{scheme}://{address}"),
            None => address.to_string(),
        };
        let (ready, connections) = mpsc::channel(64);
        let (cut, cuts) = watch::channel(false);
        let accepting = tokio::spawn(listener.accept(acceptor, ready, cuts));
        let (stop, stopped) = oneshot::channel();
        let (end, ended) = watch::channel(None);
        let serving = Running { store: self.store, tasks: self.tasks, serving: self.serving, scheme, cut };
        tokio::spawn(async move {
            let result = serving.run(connections, stopped).await;
            // The socket's file goes with the listener, before anybody hears that the server has stopped.
            let _ = accepting.await;
            end.send_replace(Some(result.map_err(|error| (error.kind(), error.to_string()))));
        });
        Ok(ServerHandle { endpoint, local_address, stop: Some(stop), ended })
    }

    async fn listen(
        &self,
        address: &ListenAddress,
        tls: Option<&ServerTls>,
    ) -> Result<(Listener, Option<tokio_rustls::TlsAcceptor>), Error> {
        let verifies_clients = tls.is_some_and(ServerTls::verifies_clients);
        if address.is_remote() && !verifies_clients && !self.serving.allows_remote_without_client_certificates
        {
            return Err(Error::new(
                ErrorKind::Config,
                format!(
                    "{address} can be reached from other hosts, and whoever connects can read and change every key: \
                     require client certificates, listen on a loopback address, or say so with the dangerous option"
                ),
            ));
        }
        if tls.is_some() && matches!(address, ListenAddress::Unix(_)) {
            return Err(Error::new(
                ErrorKind::Config,
                format!("{address} is a Unix socket, which has no TLS"),
            ));
        }
        let acceptor = tls.map(ServerTls::acceptor).transpose()?;
        Ok((Listener::bind(address).await?, acceptor))
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("store", &self.store).finish_non_exhaustive()
    }
}

struct Running {
    store: Store,
    tasks: Tasks,
    serving: Serving,
    scheme: &'static str,
    /// Ends the connections that are left.
    cut: watch::Sender<bool>,
}

impl Running {
    async fn run(
        self,
        connections: mpsc::Receiver<std::io::Result<Connection>>,
        stopped: oneshot::Receiver<()>,
    ) -> Result<(), Error> {
        let (drain, drained) = oneshot::channel::<()>();
        let store = || self.store.clone();
        let kv = KvServer::new(kv::KvService::new(store())).max_decoding_message_size(REQUEST_BYTES);
        let watch = watches::WatchService::new(store(), self.serving.progress_interval);
        let cluster = cluster::ClusterService::new(store(), self.scheme);
        let maintenance = maintenance::MaintenanceService::new(store(), self.serving.etcd_version.clone());
        let router = tonic::transport::Server::builder()
            .http2_keepalive_interval(Some(PING))
            .http2_keepalive_timeout(Some(PONG))
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(8 * WINDOW)
            .layer(MapRequestLayer::new(edge::keep_authority))
            .layer(MapResponseLayer::new(edge::tell_too_large))
            .add_service(kv)
            .add_service(WatchServer::new(watch))
            .add_service(LeaseServer::new(lease::LeaseService::new(store())))
            .add_service(ClusterServer::new(cluster))
            .add_service(MaintenanceServer::new(maintenance))
            .add_service(HealthServer::new(health::HealthService::new(store())));
        let serve = router.serve_with_incoming_shutdown(ReceiverStream::new(connections), async {
            let _ = drained.await;
        });
        let mut serve = std::pin::pin!(serve);
        let (died, is_listening) = tokio::select! {
            served = &mut serve => {
                (Some(Error::new(ErrorKind::Listen, format!("the listener ended: {served:?}"))), false)
            }
            reason = self.store.died() => (Some(reason), true),
            // Also when the handle is dropped.
            _ = stopped => (None, true),
        };
        drop(drain);
        // Watches would go on for ever; everything else ends by itself.
        self.store.events().stop();
        if is_listening && tokio::time::timeout(self.serving.stop_timeout, serve).await.is_err() {
            tracing::warn!("clients were too slow to take their last answers: closing their connections");
        }
        self.cut.send_replace(true);
        let closed = self.tasks.stop().await;
        match died {
            Some(reason) => Err(reason),
            None => closed,
        }
    }
}

/// A server that is serving. Dropping it stops the server in the background; [`stop`](Self::stop) waits for that.
#[must_use = "the server stops when its handle is dropped"]
pub struct ServerHandle {
    endpoint: String,
    local_address: Option<SocketAddr>,
    /// Taken when the server is told to stop.
    stop: Option<oneshot::Sender<()>>,
    ended: watch::Receiver<Option<Result<(), (ErrorKind, String)>>>,
}

impl ServerHandle {
    /// What a client connects to: `http://ADDRESS`, `https://ADDRESS` or `unix://PATH`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The TCP address, with the port that the system chose; none for a Unix socket.
    pub fn local_address(&self) -> Option<SocketAddr> {
        self.local_address
    }

    /// Waits until the server has ended by itself, which it does only when it cannot go on, and says why. Cancel safe.
    pub async fn failed(&self) -> Error {
        match self.end().await {
            Ok(()) => Error::new(ErrorKind::Stopped, "the server was stopped"),
            Err(error) => error,
        }
    }

    /// Stops: no new connections, watches end, what was accepted is finished and answered, the database is closed.
    ///
    /// # Errors
    ///
    /// Why the server had ended before, or that the database could not be closed cleanly. What was answered is safe in
    /// either case.
    ///
    /// # Cancellation
    ///
    /// When the future is dropped, the server stops in the background.
    pub async fn stop(mut self) -> Result<(), Error> {
        drop(self.stop.take());
        self.end().await
    }

    async fn end(&self) -> Result<(), Error> {
        let mut ended = self.ended.clone();
        match ended.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(Err((kind, message)))) => Err(Error::new(*kind, message.clone())),
            Ok(_) => Ok(()),
            Err(_) => Err(Error::new(ErrorKind::Stopped, "the runtime that the server ran on has ended")),
        }
    }
}

impl fmt::Debug for ServerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerHandle").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}
