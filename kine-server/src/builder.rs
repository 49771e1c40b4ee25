//! How a server is to be, before it is opened.

use std::sync::Arc;
use std::time::Duration;

use backingstore_config::{DataSource, Synchronous};

use crate::backend::memory::Memory;
use crate::backend::{Backend, SlowSql};
use crate::error::{Error, ErrorKind};
use crate::server::{Server, Serving};
use crate::store::compact::Timer;
use crate::store::{Settings, Store};

/// The etcd release whose abilities clients may assume: what kine v0.16.4 names.
const ETCD_VERSION: &str = "3.6.11";

/// Options of a server. Made by [`Server::builder`]; [`open`](Self::open) opens the database.
///
/// Names and defaults are those of kine v0.17's flags where kine has them.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is opened"]
pub struct ServerBuilder {
    source: Source,
    synchronous: Option<Synchronous>,
    value_cache_bytes: u64,
    queue: usize,
    queue_bytes: usize,
    compact_interval: Duration,
    compact_interval_jitter: u8,
    compact_min_retain: u32,
    compact_batch_size: u32,
    poll_batch_size: u32,
    slow_sql: SlowSql,
    serving: Serving,
}

#[derive(Clone, Debug)]
enum Source {
    Memory,
    Database(Box<DataSource>),
}

impl ServerBuilder {
    pub(crate) fn database(source: DataSource) -> Self {
        Self::new(Source::Database(Box::new(source)))
    }

    pub(crate) fn memory() -> Self {
        Self::new(Source::Memory)
    }

    fn new(source: Source) -> Self {
        Self {
            source,
            synchronous: None,
            value_cache_bytes: 128 << 20,
            queue: 10_000,
            queue_bytes: 64 << 20,
            compact_interval: Duration::ZERO,
            compact_interval_jitter: 0,
            compact_min_retain: 1000,
            compact_batch_size: 256,
            poll_batch_size: 10_000,
            slow_sql: SlowSql { info: Duration::from_secs(1), warn: Duration::from_secs(5) },
            serving: Serving {
                etcd_version: ETCD_VERSION.to_owned(),
                progress_interval: Duration::from_secs(5),
                stop_timeout: Duration::from_secs(5),
                allows_remote_without_client_certificates: false,
            },
        }
    }

    /// How hard a commit is to be. Without this, what the data source says (`_synchronous`), else
    /// [`Full`](Synchronous::Full): a success answer means that the disk has it. kine's own default is `NORMAL`, with which
    /// a power failure may take the last answered writes back.
    pub fn synchronous(mut self, synchronous: Synchronous) -> Self {
        self.synchronous = Some(synchronous);
        self
    }

    /// Memory for values of recent and often read keys, in bytes. 128 MiB by default; the keys and their revisions are in
    /// memory besides, about 150 bytes and the key's own length for each.
    pub fn value_cache_bytes(mut self, bytes: u64) -> Self {
        self.value_cache_bytes = bytes;
        self
    }

    /// Writes that may wait to be committed, in number and in bytes of keys and values; further ones are refused with
    /// `ResourceExhausted`, which tells a client that nothing was written. 10,000 and 64 MiB by default.
    pub fn write_queue(mut self, writes: usize, bytes: usize) -> Self {
        self.queue = writes.max(1);
        self.queue_bytes = bytes;
        self
    }

    /// How often to compact to where the store was one interval before. Zero, the default, is never: then old revisions
    /// stay until a client compacts, as the Kubernetes API server does every five minutes.
    pub fn compact_interval(mut self, interval: Duration) -> Self {
        self.compact_interval = interval;
        self
    }

    /// Percent of the interval by which it may be longer, chosen once. At most 100.
    pub fn compact_interval_jitter(mut self, percent: u8) -> Self {
        self.compact_interval_jitter = percent.min(100);
        self
    }

    /// Newest revisions that the timer leaves, 1000 by default. A client's request goes exactly to its revision.
    pub fn compact_min_retain(mut self, revisions: u32) -> Self {
        self.compact_min_retain = revisions;
        self
    }

    /// Rows that one transaction of a compaction deletes, 256 by default: few, for writes wait for it.
    pub fn compact_batch_size(mut self, rows: u32) -> Self {
        self.compact_batch_size = rows.max(1);
        self
    }

    /// Rows read at a time, at the start and when another process has written. 10,000 by default.
    pub fn poll_batch_size(mut self, rows: u32) -> Self {
        self.poll_batch_size = rows.max(1);
        self
    }

    /// From which duration on a statement is logged, and logged as a warning: 1 and 5 seconds by default, zero for never.
    pub fn slow_sql_thresholds(mut self, info: Duration, warn: Duration) -> Self {
        self.slow_sql = SlowSql { info, warn };
        self
    }

    /// How often an idle watch that asked for it is told how far it has seen. 5 seconds by default, and up to a tenth
    /// more so that watches do not speak all at once. Zero is never.
    pub fn watch_progress_interval(mut self, interval: Duration) -> Self {
        self.serving.progress_interval = interval;
        self
    }

    /// The etcd version that Status answers, by which the Kubernetes API server decides what it may ask for. `3.6.11` by
    /// default.
    pub fn emulated_etcd_version(mut self, version: impl Into<String>) -> Self {
        self.serving.etcd_version = version.into();
        self
    }

    /// How long a stop waits for answers that clients are slow to take. 5 seconds by default.
    pub fn stop_timeout(mut self, timeout: Duration) -> Self {
        self.serving.stop_timeout = timeout;
        self
    }

    /// Choices that weaken security, spelled out so that a review finds them.
    pub fn dangerous(self) -> DangerousOptions {
        DangerousOptions(self)
    }

    /// Opens the database and reads its log; takes about half a second for a quarter of a million revisions.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](ErrorKind::Unsupported) for PostgreSQL, MySQL and etcd endpoints, [`Config`](ErrorKind::Config) for
    /// parameters of the data source that ask for less than a file of its own (`mode=ro`, `immutable`, `vfs`),
    /// [`InUse`](ErrorKind::InUse) when another server holds the file, [`NotKine`](ErrorKind::NotKine) when the file is no
    /// SQLite database or its table `kine` is not kine's, [`Storage`](ErrorKind::Storage) when it cannot be read or
    /// written. Nothing is changed in a file that is refused; the lock file stays beside it.
    ///
    /// # Cancellation
    ///
    /// When the future is dropped, the database is closed in the background.
    pub async fn open(self) -> Result<Server, Error> {
        let settings = Settings {
            value_cache_bytes: self.value_cache_bytes,
            queue: self.queue,
            queue_bytes: self.queue_bytes,
            follow: self.poll_batch_size as usize,
            sweep: self.compact_batch_size as usize,
            compaction: Timer {
                interval: self.compact_interval,
                jitter: self.compact_interval_jitter,
                min_retain: self.compact_min_retain.into(),
            },
        };
        let (store, tasks) =
            Store::open(backend(self.source, self.synchronous, self.slow_sql).await?, settings).await?;
        Ok(Server::new(store, tasks, self.serving))
    }
}

#[cfg_attr(not(feature = "sqlite"), expect(unused_variables, reason = "options of a database"))]
async fn backend(
    source: Source,
    synchronous: Option<Synchronous>,
    slow: SlowSql,
) -> Result<Arc<dyn Backend>, Error> {
    match source {
        Source::Memory => Ok(Arc::new(Memory::new())),
        Source::Database(source) => match &*source {
            DataSource::Sqlite(sqlite) if sqlite.is_in_memory() => Ok(Arc::new(Memory::new())),
            #[cfg(feature = "sqlite")]
            DataSource::Sqlite(sqlite) => {
                Ok(Arc::new(crate::backend::sqlite::Sqlite::open(sqlite, synchronous, slow).await?))
            }
            #[cfg(not(feature = "sqlite"))]
            DataSource::Sqlite(_) => {
                let message = "this build of kine-server has no SQLite: enable its feature `sqlite`";
                Err(Error::new(ErrorKind::Unsupported, message))
            }
            other => {
                let message = format!(
                    "kine-server does not serve {} (yet): run kine on this data source, or give it a SQLite file",
                    other.engine().as_str()
                );
                Err(Error::new(ErrorKind::Unsupported, message))
            }
        },
    }
}

/// Options of a server that weaken security.
#[derive(Debug)]
#[must_use = "the choice is in what this returns"]
pub struct DangerousOptions(ServerBuilder);

impl DangerousOptions {
    /// Lets the server listen on an address that other hosts reach without asking for client certificates: whoever can
    /// connect can read and change every key, Secrets among them.
    pub fn allow_remote_without_client_certificates(self) -> ServerBuilder {
        let Self(mut builder) = self;
        builder.serving.allows_remote_without_client_certificates = true;
        builder
    }
}
