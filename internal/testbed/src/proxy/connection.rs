//! One proxied connection: two sockets, and a reader and a writer thread for each direction.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use super::{Direction, Shared, shut};

/// How many chunks a direction holds back before its sender has to wait, as the kernel's buffers would make it.
const HELD_CHUNKS: usize = 1024;
const CHUNK: usize = 16 * 1024;

#[derive(Debug)]
pub(super) struct Connection {
    client: TcpStream,
    server: TcpStream,
    is_cut: AtomicBool,
    closed_to_server: AtomicBool,
    closed_to_client: AtomicBool,
}

impl Connection {
    pub(super) fn new(client: TcpStream, server: TcpStream) -> std::io::Result<Arc<Self>> {
        // A proxy that waits to fill packets would add a latency that nobody asked for.
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        Ok(Arc::new(Self {
            client,
            server,
            is_cut: AtomicBool::new(false),
            closed_to_server: AtomicBool::new(false),
            closed_to_client: AtomicBool::new(false),
        }))
    }

    /// Closes both sockets; the caller wakes the writers.
    pub(super) fn cut(&self) {
        self.is_cut.store(true, Ordering::SeqCst);
        shut(&self.client, Shutdown::Both);
        shut(&self.server, Shutdown::Both);
    }

    /// Ends a direction; the caller wakes the writers.
    pub(super) fn half_close(&self, direction: Direction) {
        self.closed(direction).store(true, Ordering::SeqCst);
        shut(self.to(direction), Shutdown::Write);
    }

    fn closed(&self, direction: Direction) -> &AtomicBool {
        match direction {
            Direction::ToServer => &self.closed_to_server,
            Direction::ToClient => &self.closed_to_client,
        }
    }

    fn from(&self, direction: Direction) -> &TcpStream {
        match direction {
            Direction::ToServer => &self.client,
            Direction::ToClient => &self.server,
        }
    }

    fn to(&self, direction: Direction) -> &TcpStream {
        match direction {
            Direction::ToServer => &self.server,
            Direction::ToClient => &self.client,
        }
    }

    /// Starts the threads of one direction. They end with it.
    pub(super) fn forward(self: &Arc<Self>, direction: Direction, shared: &Arc<Shared>) {
        let (chunks, held) = sync_channel(HELD_CHUNKS);
        let (reader, writer) = (Arc::clone(self), Arc::clone(self));
        std::thread::spawn({
            let shared = Arc::clone(shared);
            move || reader.read(direction, &shared, &chunks)
        });
        std::thread::spawn({
            let shared = Arc::clone(shared);
            move || writer.write(direction, &shared, &held)
        });
    }

    fn read(&self, direction: Direction, shared: &Shared, chunks: &SyncSender<(Instant, Vec<u8>)>) {
        let mut from = self.from(direction);
        let mut buffer = vec![0; CHUNK];
        while let Ok(len @ 1..) = from.read(&mut buffer) {
            let due = Instant::now() + shared.lock().delay;
            if chunks.send((due, buffer[..len].to_vec())).is_err() {
                return;
            }
        }
    }

    fn write(self: &Arc<Self>, direction: Direction, shared: &Shared, held: &Receiver<(Instant, Vec<u8>)>) {
        let mut to = self.to(direction);
        for (due, chunk) in held {
            if !self.wait_for(due, direction, shared) {
                break;
            }
            if !self.closed(direction).load(Ordering::SeqCst) && to.write_all(&chunk).is_err() {
                break;
            }
        }
        // The sender has ended its direction, or the receiver is gone, or the connection was cut.
        self.closed(direction).store(true, Ordering::SeqCst);
        shut(to, Shutdown::Write);
        let other = match direction {
            Direction::ToServer => Direction::ToClient,
            Direction::ToClient => Direction::ToServer,
        };
        let mut state = shared.lock();
        if self.closed(other).load(Ordering::SeqCst) {
            state.connections.retain(|open| !std::ptr::eq(&**open, &**self));
        }
    }

    /// Blocks until `due` has passed and the direction is not paused. False when the connection is cut.
    fn wait_for(&self, due: Instant, direction: Direction, shared: &Shared) -> bool {
        let mut state = shared.lock();
        loop {
            if self.is_cut.load(Ordering::SeqCst) {
                return false;
            }
            let left = due.saturating_duration_since(Instant::now());
            // A pause has no end of its own: `resume` and `cut` wake this thread.
            let wait = match (state.is_paused(direction), left) {
                (true, _) => Duration::from_secs(3600),
                (false, Duration::ZERO) => return true,
                (false, left) => left,
            };
            let woken = shared.changed.wait_timeout(state, wait);
            state = woken.unwrap_or_else(std::sync::PoisonError::into_inner).0;
        }
    }
}
