//! Connections as they come.

use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::ListenAddress;
use super::connection::Connection;
use crate::error::{Error, ErrorKind};

/// How long a client may take for its TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Before trying again when the process has no descriptor left for another connection.
const PAUSE: Duration = Duration::from_millis(50);

/// A bound address.
pub(crate) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener, #[expect(dead_code, reason = "removes the file when the listener goes")] SocketFile),
}

impl Listener {
    /// Binds. A socket file that nobody listens on any more is replaced.
    pub(crate) async fn bind(address: &ListenAddress) -> Result<Self, Error> {
        let listener = match address {
            ListenAddress::Tcp(tcp) => TcpListener::bind(tcp).await.map(Self::Tcp),
            ListenAddress::Unix(path) => bind_unix(path).await,
        };
        listener.map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => Error::new(
                ErrorKind::InUse,
                format!("{address} is in use by another process: stop it, or listen on another address"),
            )
            .with_source(error),
            _ => Error::new(ErrorKind::Listen, format!("{address} cannot be listened on")).with_source(error),
        })
    }

    /// Where it really is: with the port that the system chose.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok(),
            Self::Unix(..) => None,
        }
    }

    /// Sends connections, after their handshake, until nobody takes them any more. All of them end when `cut` says so.
    pub(crate) async fn accept(
        self,
        tls: Option<TlsAcceptor>,
        ready: mpsc::Sender<io::Result<Connection>>,
        cut: watch::Receiver<bool>,
    ) {
        let mut handshakes = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = self.next() => accepted,
                Some(_) = handshakes.join_next() => continue,
                () = ready.closed() => return,
            };
            let accepted = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            match (accepted, &tls) {
                (Accepted::Tcp(stream), Some(acceptor)) => {
                    let (acceptor, ready, cut) = (acceptor.clone(), ready.clone(), cut.clone());
                    // Beside the others: a client that dawdles keeps nobody waiting.
                    handshakes.spawn(async move {
                        match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                            Ok(Ok(stream)) => drop(ready.send(Ok(Connection::new(stream, cut))).await),
                            Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
                            Err(_) => tracing::debug!("a TLS handshake took too long"),
                        }
                    });
                }
                (accepted, _) => {
                    let connection = match accepted {
                        Accepted::Tcp(stream) => Connection::new(stream, cut.clone()),
                        Accepted::Unix(stream) => Connection::new(stream, cut.clone()),
                    };
                    if ready.send(Ok(connection)).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    async fn next(&self) -> io::Result<Accepted> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                // Fails when the client is gone again, which the first read says too.
                let _ = stream.set_nodelay(true);
                Ok(Accepted::Tcp(stream))
            }
            Self::Unix(listener, _) => Ok(Accepted::Unix(listener.accept().await?.0)),
        }
    }
}

/// A connection as it comes in.
enum Accepted {
    Tcp(TcpStream),
    Unix(UnixStream),
}

async fn bind_unix(path: &Path) -> io::Result<Listener> {
    let is_stale_socket = std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket())
        && UnixStream::connect(path)
            .await
            .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
    if is_stale_socket {
        std::fs::remove_file(path)?;
    }
    // A new socket has the umask's mode until it is changed, so it is made where nobody else can reach it.
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let private = tempfile::Builder::new().prefix(".kine-").tempdir_in(directory)?;
    let hidden = private.path().join("s");
    let listener = UnixListener::bind(&hidden)?;
    std::fs::set_permissions(&hidden, std::fs::Permissions::from_mode(0o600))?;
    // A link does not replace what is there, as a rename would.
    std::fs::hard_link(&hidden, path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => io::Error::from(io::ErrorKind::AddrInUse),
        _ => error,
    })?;
    Ok(Listener::Unix(listener, SocketFile(path.to_owned())))
}

/// The file of a socket, removed with this.
pub(crate) struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
