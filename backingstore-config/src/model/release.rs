//! A release of the vCluster chart.

use std::fmt;
use std::str::FromStr;

use crate::error::{ConfigError, ConfigErrorKind};

/// A release of the vCluster chart, by its minor version: 0.26 or later.
///
/// ```
/// use backingstore_config::ChartRelease;
///
/// assert_eq!("0.36.1".parse::<ChartRelease>()?, ChartRelease::new(0, 36)?);
/// assert!(ChartRelease::new(0, 19).is_err());
/// # Ok::<(), backingstore_config::ConfigError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChartRelease {
    minor: u32,
}

impl ChartRelease {
    /// The oldest one whose defaults are known.
    pub const OLDEST: Self = Self { minor: 26 };
    /// The newest one whose defaults are known (0.37.0-rc.1). A later one is taken for it.
    pub const LATEST: Self = Self { minor: 37 };

    /// The release `MAJOR.MINOR`.
    ///
    /// # Errors
    ///
    /// [`UnknownRelease`](ConfigErrorKind::UnknownRelease) before 0.26.
    pub fn new(major: u32, minor: u32) -> Result<Self, ConfigError> {
        let release = Self { minor: if major > 0 { u32::MAX } else { minor } };
        if release < Self::OLDEST {
            return Err(unknown("it is older than any whose defaults are known"));
        }
        Ok(release.min(Self::LATEST))
    }

    pub(super) const fn of_minor(minor: u32) -> Self {
        Self { minor }
    }
}

fn unknown(problem: &'static str) -> ConfigError {
    ConfigError::new(
        ConfigErrorKind::UnknownRelease,
        "release of the vCluster chart",
        problem,
        "write one such as `0.36`, from 0.26",
    )
}

impl FromStr for ChartRelease {
    type Err = ConfigError;

    /// Reads `0.36`, `0.36.1`, `v0.36.1` or `0.37.0-rc.1`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.strip_prefix('v').unwrap_or(text).split('.');
        let mut number = || parts.next()?.parse::<u32>().ok();
        match (number(), number()) {
            (Some(major), Some(minor)) => Self::new(major, minor),
            _ => Err(unknown("it is not a version")),
        }
    }
}

impl fmt::Display for ChartRelease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0.{}", self.minor)
    }
}
