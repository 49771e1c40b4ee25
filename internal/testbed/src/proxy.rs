//! A TCP proxy that misbehaves on demand.

mod connection;

use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::Error;
use connection::Connection;

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the client to the server: requests.
    ToServer,
    /// From the server to the client: answers.
    ToClient,
}

/// A TCP proxy on a port of 127.0.0.1 in front of one server.
///
/// It forwards bytes until told otherwise. All faults apply to the connections that are open when they are asked for, and
/// [`pause`](Self::pause), [`delay`](Self::delay) and [`refuse`](Self::refuse) to later ones too.
///
/// | to have | do |
/// |---|---|
/// | a server that crashed | [`cut`](Self::cut), with [`refuse`](Self::refuse) to keep it away |
/// | a partition that heals | [`pause`](Self::pause) both ways, then [`resume`](Self::resume) |
/// | a request that arrived, and an answer that was lost | [`pause`](Self::pause) to the client, send, then [`cut`](Self::cut) |
/// | a server that stops sending without a word | [`half_close`](Self::half_close) |
///
/// Dropping it cuts all connections and frees the port.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    target: String,
    refusing: bool,
    ended: bool,
    paused_to_server: bool,
    paused_to_client: bool,
    delay: Duration,
    accepted: u64,
    connections: Vec<Arc<Connection>>,
}

impl State {
    fn is_paused(&self, direction: Direction) -> bool {
        match direction {
            Direction::ToServer => self.paused_to_server,
            Direction::ToClient => self.paused_to_client,
        }
    }

    fn set_paused(&mut self, direction: Direction, paused: bool) {
        match direction {
            Direction::ToServer => self.paused_to_server = paused,
            Direction::ToClient => self.paused_to_client = paused,
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No code panics while it holds the lock, so a poisoned state is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Proxy {
    /// Listens on a free port and forwards to `target`, a `host:port`. The target is connected to for each connection, so
    /// it need not be there yet.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] when no port can be listened on.
    pub fn start(target: impl Into<String>) -> Result<Self, Error> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(Error::io("listening on", "127.0.0.1"))?;
        let address = listener.local_addr().map_err(Error::io("listening on", "127.0.0.1"))?;
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                target: target.into(),
                refusing: false,
                ended: false,
                paused_to_server: false,
                paused_to_client: false,
                delay: Duration::ZERO,
                accepted: 0,
                connections: Vec::new(),
            }),
            changed: Condvar::new(),
        });
        let acceptor = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared)
        });
        Ok(Self { address, shared, acceptor: Some(acceptor) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, as the URL of an etcd endpoint: `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Forwards later connections to another `host:port`.
    pub fn set_target(&self, target: impl Into<String>) {
        self.shared.lock().target = target.into();
    }

    /// Closes all connections both ways. Bytes that are held back by a pause or delay are lost.
    pub fn cut(&self) {
        let connections = std::mem::take(&mut self.shared.lock().connections);
        for connection in connections {
            connection.cut();
        }
        self.shared.changed.notify_all();
    }

    /// Whether later connections are closed at once.
    pub fn refuse(&self, refuse: bool) {
        self.shared.lock().refusing = refuse;
    }

    /// Holds bytes of this direction back, on all connections, until [`resume`](Self::resume). Connections stay open.
    pub fn pause(&self, direction: Direction) {
        self.shared.lock().set_paused(direction, true);
    }

    /// Delivers what was held back, and forwards again in both directions.
    pub fn resume(&self) {
        let mut state = self.shared.lock();
        state.set_paused(Direction::ToServer, false);
        state.set_paused(Direction::ToClient, false);
        drop(state);
        self.shared.changed.notify_all();
    }

    /// Delivers each byte this much later than it came, in each direction. It adds latency, and takes no bandwidth.
    pub fn delay(&self, delay: Duration) {
        self.shared.lock().delay = delay;
    }

    /// Ends one direction of all connections, as the sender does with `shutdown(SHUT_WR)`; the other direction goes on. What
    /// the sender writes after that is thrown away.
    pub fn half_close(&self, direction: Direction) {
        for connection in &self.shared.lock().connections {
            connection.half_close(direction);
        }
        self.shared.changed.notify_all();
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.shared.lock().connections.len()
    }

    /// How many connections were ever forwarded.
    pub fn accepted(&self) -> u64 {
        self.shared.lock().accepted
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.cut();
        // Wakes the acceptor, which waits for a connection.
        let woken = TcpStream::connect(self.address);
        if let Some(acceptor) = self.acceptor.take()
            && woken.is_ok()
        {
            let _ = acceptor.join();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        let target = {
            let state = shared.lock();
            if state.ended {
                return;
            }
            (!state.refusing).then(|| state.target.clone())
        };
        let (Ok(client), Some(target)) = (client, target) else { continue };
        // When the target is not there the client is dropped, and so closed, as the target's host would do.
        let Ok(server) = TcpStream::connect(&target) else { continue };
        let Ok(connection) = Connection::new(client, server) else { continue };
        {
            let mut state = shared.lock();
            state.accepted += 1;
            state.connections.push(Arc::clone(&connection));
        }
        connection.forward(Direction::ToServer, shared);
        connection.forward(Direction::ToClient, shared);
    }
}

/// Closes one way of a stream. It fails only when the stream is closed already.
fn shut(stream: &TcpStream, how: Shutdown) {
    let _ = stream.shutdown(how);
}
