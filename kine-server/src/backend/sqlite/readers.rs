//! Connections that read, on tokio's threads for blocking work.

use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::open::Location;
use crate::error::{Error, ErrorKind};

/// Reads that run at once: enough to keep a disk busy, few enough to keep the page caches small.
const READERS: usize = 8;

pub(super) struct Readers {
    location: Arc<Location>,
    turns: Semaphore,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Readers {
    pub(super) fn new(location: Arc<Location>) -> Self {
        Self { location, turns: Semaphore::new(READERS), idle: Arc::default() }
    }

    /// Reads on a connection of its own. Cancel safe: a read that nobody waits for ends by itself.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        name: &'static str,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let stopped = || Error::new(ErrorKind::Stopped, "the database is closed");
        let _turn = self.turns.acquire().await.map_err(|_| stopped())?;
        let (location, idle) = (self.location.clone(), self.idle.clone());
        let work = move || {
            let connection = idle.lock().pop().map_or_else(|| location.connect_to_read(), Ok)?;
            let result = location.observe(name, || read(&connection));
            idle.lock().push(connection);
            result
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| stopped())?
    }

    /// Closes the connections; reads that come later fail.
    pub(super) fn close(&self) {
        self.turns.close();
        self.idle.lock().clear();
    }
}
