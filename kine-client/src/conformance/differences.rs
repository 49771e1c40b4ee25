//! Where servers are known to differ from the suite, and why.

use std::fmt;

use super::{Behaviour, Failure};

/// Which server a run is against: what to expect of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    product: String,
    version: String,
    database: Option<String>,
}

impl Server {
    /// A product such as `etcd`, `kine` or `kine-server`, and its version without a leading `v`.
    pub fn new(product: impl Into<String>, version: impl Into<String>) -> Self {
        Self { product: product.into(), version: version.into(), database: None }
    }

    /// The database behind it: `SQLite`, `PostgreSQL`, `MariaDB` or `MySQL`.
    #[must_use]
    pub fn on(mut self, database: impl Into<String>) -> Self {
        self.database = Some(database.into());
        self
    }

    /// The known difference of this server in a behaviour, if there is one.
    pub fn difference(&self, behaviour: &str) -> Option<&'static Difference> {
        KNOWN_DIFFERENCES.iter().find(|known| known.behaviour == behaviour && known.applies_to(self))
    }

    /// Whether a result is as it should be: a failure where one is known, and a pass elsewhere.
    ///
    /// # Errors
    ///
    /// The failure, or that a known one did not happen: then the list is out of date.
    pub fn judge(&self, behaviour: &Behaviour, result: Result<(), Failure>) -> Result<(), Failure> {
        match (self.difference(behaviour.name), result) {
            (None, result) => result,
            (Some(_), Err(_)) => Ok(()),
            (Some(known), Ok(())) => Err(Failure::new(format!(
                "it passed on {self}, where it is known to fail: {}; take it off the list",
                known.reason
            ))),
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.product, self.version)?;
        match &self.database {
            Some(database) => write!(f, " on {database}"),
            None => Ok(()),
        }
    }
}

/// A behaviour that a server does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// The product: `etcd`, `kine`, `kine-server`.
    pub product: &'static str,
    /// How its versions begin, `0.16` for instance; empty for all.
    pub versions: &'static str,
    /// The databases on which it differs; empty for all.
    pub databases: &'static [&'static str],
    /// The behaviour's name.
    pub behaviour: &'static str,
    /// What the server does instead.
    pub reason: &'static str,
    /// Where that can be read.
    pub source: &'static str,
}

impl Difference {
    fn applies_to(&self, server: &Server) -> bool {
        let version = server.version.strip_prefix(self.versions);
        self.product == server.product
            // 0.1 is not the beginning of 0.16.
            && version.is_some_and(|rest| self.versions.is_empty() || rest.is_empty() || rest.starts_with('.'))
            && (self.databases.is_empty()
                || server.database.as_deref().is_some_and(|database| self.databases.contains(&database)))
    }
}

/// All known differences.
pub const KNOWN_DIFFERENCES: &[Difference] = &[];

/// The known differences of one product as a Markdown table, or of all products if none is named.
pub fn differences_as_markdown(product: Option<&str>) -> String {
    let mut table =
        String::from("| server | behaviour | what it does instead | source |\n|---|---|---|---|\n");
    for known in KNOWN_DIFFERENCES.iter().filter(|known| product.is_none_or(|name| name == known.product)) {
        let mut server = format!("{} {}", known.product, known.versions).trim_end().to_owned();
        if !known.databases.is_empty() {
            server = format!("{server} on {}", known.databases.join(", "));
        }
        table += &format!("| {server} | `{}` | {} | {} |\n", known.behaviour, known.reason, known.source);
    }
    table
}
