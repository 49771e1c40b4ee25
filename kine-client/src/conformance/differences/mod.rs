//! Where servers are known to differ from the suite, and why: what a difference is here, the list in [`known`].

mod known;

use std::fmt;

pub use known::KNOWN_DIFFERENCES;

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

    /// The known difference of this server in a behaviour, and how sure it is, if there is one.
    pub fn difference(&self, behaviour: &str) -> Option<(&'static Difference, Certainty)> {
        let known = KNOWN_DIFFERENCES.iter().filter(|known| known.behaviour == behaviour);
        known.filter_map(|known| Some((known, known.certainty(self)?))).next()
    }

    /// Whether a result is as it should be: a failure where one is known, and a pass elsewhere.
    ///
    /// # Errors
    ///
    /// The failure, or that one that always happens did not: then the list is out of date.
    pub fn judge(&self, behaviour: &Behaviour, result: Result<(), Failure>) -> Result<(), Failure> {
        match (self.difference(behaviour.name), result) {
            (Some((known, Certainty::Always)), Ok(())) => Err(Failure::new(format!(
                "it passed on {self}, where it is known to fail: {}; take it off the list",
                known.reason
            ))),
            (Some(_), _) => Ok(()),
            (None, result) => result,
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
    /// How the versions begin on which it was seen: `0.16` for instance.
    pub versions: &'static str,
    /// How the versions begin on which it is taken to be the same, without having been run.
    pub assumed: &'static [&'static str],
    /// The databases on which it differs; empty for all.
    pub databases: &'static [&'static str],
    /// Whether it was seen on every run, or now and then.
    pub always: bool,
    /// The behaviour's name.
    pub behaviour: &'static str,
    /// What the server does instead.
    pub reason: &'static str,
    /// Where that can be read, apart from the run.
    pub source: &'static str,
}

/// How sure a difference is to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// On every run: a pass means that the list is out of date.
    Always,
    /// A race, which some runs do not show.
    Sometimes,
    /// Nobody ran it: it is taken over from another version or read in the source.
    Assumed,
}

impl Difference {
    fn certainty(&self, server: &Server) -> Option<Certainty> {
        let here = self.product == server.product
            && (self.databases.is_empty()
                || server.database.as_deref().is_some_and(|database| self.databases.contains(&database)));
        if here && begins(&server.version, self.versions) {
            return Some(if self.always { Certainty::Always } else { Certainty::Sometimes });
        }
        let assumed = here && self.assumed.iter().any(|versions| begins(&server.version, versions));
        assumed.then_some(Certainty::Assumed)
    }
}

/// Whether a version is one of a line: 0.16.4 is of 0.16, and not of 0.1.
fn begins(version: &str, line: &str) -> bool {
    version.strip_prefix(line).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '+']))
}

/// The known differences of one product as a Markdown table, or of all products if none is named.
pub fn differences_as_markdown(product: Option<&str>) -> String {
    let mut table =
        String::from("| server | behaviour | what it does instead | source |\n|---|---|---|---|\n");
    for known in KNOWN_DIFFERENCES.iter().filter(|known| product.is_none_or(|name| name == known.product)) {
        let mut server = format!("{} {}", known.product, known.versions).trim_end().to_owned();
        if !known.always {
            server += ", now and then";
        }
        if !known.assumed.is_empty() {
            server += &format!(" (assumed of {})", known.assumed.join(", "));
        }
        if !known.databases.is_empty() {
            server += &format!(" on {}", known.databases.join(", "));
        }
        table += &format!("| {server} | `{}` | {} | {} |\n", known.behaviour, known.reason, known.source);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::super::SUITE;
    use super::*;

    fn behaviour(name: &str) -> &'static Behaviour {
        SUITE.iter().find(|behaviour| behaviour.name == name).unwrap()
    }

    #[test]
    fn every_difference_is_of_a_behaviour_in_the_suite() {
        for known in KNOWN_DIFFERENCES {
            assert!(SUITE.iter().any(|behaviour| behaviour.name == known.behaviour), "{}", known.behaviour);
        }
    }

    #[test]
    fn a_known_difference_has_to_happen() {
        let server = Server::new("kine", "0.16.4").on("SQLite");
        let put = behaviour("put::put_overwrites");
        assert!(server.judge(put, Err(Failure::new("the value is old"))).is_ok());
        assert!(server.judge(put, Ok(())).is_err());
        let get = behaviour("range::get_answers_the_key_and_its_revisions");
        assert!(server.judge(get, Ok(())).is_ok());
        assert!(server.judge(get, Err(Failure::new("no key"))).is_err());
    }

    #[test]
    fn differences_keep_to_their_product_version_and_database() {
        let certainty = |server: &Server, name| server.difference(name).map(|(_, certainty)| certainty);
        let mysql = "keys::case_tells_keys_apart";
        assert_eq!(certainty(&Server::new("kine", "0.16.4").on("MariaDB"), mysql), Some(Certainty::Always));
        assert_eq!(certainty(&Server::new("kine", "0.16.4").on("SQLite"), mysql), None);
        assert_eq!(certainty(&Server::new("kine", "0.1.6").on("MariaDB"), mysql), None);
        assert_eq!(certainty(&Server::new("kine", "0.17.1").on("MySQL"), mysql), Some(Certainty::Assumed));
        assert_eq!(certainty(&Server::new("kine-server", "0.1.0").on("MySQL"), mysql), None);
        let race = "progress::progress_does_not_run_ahead_of_events";
        assert_eq!(certainty(&Server::new("etcd", "3.5.1"), race), Some(Certainty::Sometimes));
    }

    /// `KINE_CLIENT_BLESS=1 cargo test -p kine-client` writes the file anew.
    #[test]
    fn the_table_in_the_documentation_is_the_list() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/conformance/differences/table.md");
        let table = differences_as_markdown(None);
        if std::env::var_os("KINE_CLIENT_BLESS").is_some() {
            return std::fs::write(path, &table).unwrap();
        }
        assert!(table == include_str!("table.md"), "table.md is stale: run with KINE_CLIENT_BLESS=1");
    }
}
