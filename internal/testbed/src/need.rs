//! What a test needs, and whether it is here.

use std::fmt;

use crate::{Error, Etcd, KineVersion, MariaDb, Postgres, driver_views};

/// A server or a program that a test cannot do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Need {
    /// etcd.
    Etcd,
    /// This version of kine.
    Kine(KineVersion),
    /// PostgreSQL.
    Postgres,
    /// MariaDB.
    MariaDb,
    /// kine's database drivers: see [`driver_views`].
    DriverViews,
}

impl Need {
    /// Whether this machine has it. Nothing is started.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`], with how to get it.
    pub fn check(self) -> Result<(), Error> {
        match self {
            Self::Etcd => Etcd::program().map(drop),
            Self::Kine(version) => version.program().map(drop),
            Self::Postgres => Postgres::bin_dir().map(drop),
            Self::MariaDb => MariaDb::check(),
            Self::DriverViews => driver_views::program().map(drop),
        }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Etcd => f.write_str("etcd"),
            Self::Kine(version) => write!(f, "kine {version}"),
            Self::Postgres => f.write_str("PostgreSQL"),
            Self::MariaDb => f.write_str("MariaDB"),
            Self::DriverViews => f.write_str("driver-views"),
        }
    }
}
