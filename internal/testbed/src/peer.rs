//! All servers of the etcd API that are not ours, as one list.

use std::fmt;
use std::path::Path;

use crate::{Error, Etcd, Kine, KineBackend, KineVersion, MariaDb, Need, Postgres, Process};

/// A server of the etcd API to compare with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Peer {
    /// etcd, one member.
    Etcd,
    /// kine of this version on a fresh SQLite file.
    KineSqlite(KineVersion),
    /// kine of this version on a PostgreSQL of its own.
    KinePostgres(KineVersion),
    /// kine of this version on a MariaDB of its own.
    KineMariaDb(KineVersion),
}

impl Peer {
    /// All of them.
    pub fn all() -> Vec<Self> {
        let mut peers = vec![Self::Etcd];
        for version in KineVersion::ALL {
            peers.extend([
                Self::KineSqlite(version),
                Self::KinePostgres(version),
                Self::KineMariaDb(version),
            ]);
        }
        peers
    }

    /// What it needs.
    pub fn needs(self) -> Vec<Need> {
        match self {
            Self::Etcd => vec![Need::Etcd],
            Self::KineSqlite(version) => vec![Need::Kine(version)],
            Self::KinePostgres(version) => vec![Need::Kine(version), Need::Postgres],
            Self::KineMariaDb(version) => vec![Need::Kine(version), Need::MariaDb],
        }
    }

    /// Starts it with an empty store, such that an acknowledged write is on disk.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] when a program is not here, [`Error::Failed`] when it does not come up.
    pub fn start(self) -> Result<RunningPeer, Error> {
        let server = match self {
            Self::Etcd => Server::Etcd(Etcd::start()?),
            Self::KineSqlite(version) => {
                Server::kine(Kine::start(version, KineBackend::Sqlite)?, Database::Sqlite)
            }
            Self::KinePostgres(version) => {
                let postgres = Postgres::options().fsync(true).start()?;
                let kine = Kine::start(version, KineBackend::Postgres(&postgres))?;
                Server::kine(kine, Database::Postgres(postgres))
            }
            Self::KineMariaDb(version) => {
                let mariadb = MariaDb::options().fsync(true).start()?;
                let kine = Kine::start(version, KineBackend::MariaDb(&mariadb))?;
                Server::kine(kine, Database::MariaDb(mariadb))
            }
        };
        Ok(RunningPeer { peer: self, server })
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Etcd => f.write_str("etcd"),
            Self::KineSqlite(version) => write!(f, "kine {version} on SQLite"),
            Self::KinePostgres(version) => write!(f, "kine {version} on PostgreSQL"),
            Self::KineMariaDb(version) => write!(f, "kine {version} on MariaDB"),
        }
    }
}

/// A peer that serves. Dropping it stops it and its database.
#[derive(Debug)]
pub struct RunningPeer {
    peer: Peer,
    server: Server,
}

#[derive(Debug)]
enum Server {
    Etcd(Etcd),
    Kine(Box<Kine>, Database),
}

impl Server {
    fn kine(kine: Kine, database: Database) -> Self {
        Self::Kine(Box::new(kine), database)
    }
}

#[derive(Debug)]
enum Database {
    Sqlite,
    Postgres(Postgres),
    MariaDb(MariaDb),
}

impl RunningPeer {
    /// Which peer it is.
    pub fn peer(&self) -> Peer {
        self.peer
    }

    /// Where it serves the etcd API.
    pub fn endpoint(&self) -> String {
        match &self.server {
            Server::Etcd(etcd) => etcd.endpoint(),
            Server::Kine(kine, _) => kine.endpoint().to_owned(),
        }
    }

    /// When an acknowledged write is on disk, in the words of the store.
    pub fn durability(&self) -> &'static str {
        match &self.server {
            Server::Etcd(_) => "fsync of the log before each answer (etcd's default)",
            Server::Kine(_, Database::Sqlite) => "journal_mode=WAL, synchronous=FULL",
            Server::Kine(_, Database::Postgres(_)) => "fsync=on, synchronous_commit=on",
            Server::Kine(_, Database::MariaDb(_)) => "innodb_flush_log_at_trx_commit=1",
        }
    }

    /// The server's process and that of its database. Their children are not listed.
    pub fn processes(&mut self) -> Vec<&mut Process> {
        match &mut self.server {
            Server::Etcd(etcd) => vec![etcd.process()],
            Server::Kine(kine, Database::Sqlite) => vec![kine.process()],
            Server::Kine(kine, Database::Postgres(postgres)) => vec![kine.process(), postgres.process()],
            Server::Kine(kine, Database::MariaDb(mariadb)) => vec![kine.process(), mariadb.process()],
        }
    }

    /// The folder that its data is in.
    pub fn data_folder(&self) -> &Path {
        match &self.server {
            Server::Etcd(etcd) => etcd.folder(),
            Server::Kine(kine, Database::Sqlite) => kine.folder(),
            Server::Kine(_, Database::Postgres(postgres)) => postgres.folder(),
            Server::Kine(_, Database::MariaDb(mariadb)) => mariadb.folder(),
        }
    }
}
