//! The one error type of this crate.

use std::borrow::Cow;
use std::fmt;

/// A place in a YAML file. Lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The column within the line, from 1.
    pub column: usize,
}

impl Place {
    pub(crate) const fn new(line: usize, column: usize) -> Self {
        Self { line, column }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// What kind of fault a [`ConfigError`] is, for callers that branch on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConfigErrorKind {
    /// The text is not YAML, or more of it than any values file has.
    InvalidYaml,
    /// A key that the strict part of the model does not have.
    UnknownKey,
    /// A value of another type than the key takes, or out of its range.
    WrongType,
    /// More than one backing store is enabled.
    SeveralStores,
    /// A store has its settings, but not `enabled: true`; another store would be used silently.
    NotEnabled,
    /// A store is enabled and lacks what it needs.
    MissingSetting,
    /// A data source has no scheme, or one that nobody here knows.
    UnknownScheme,
    /// kine has this engine, this family of crates does not serve it.
    UnsupportedScheme,
    /// A data source is not what its engine reads.
    InvalidDataSource,
    /// The endpoint of an external etcd is not the `HOST:PORT` that vCluster takes.
    InvalidEndpoint,
    /// The store is not one that kine serves.
    NotServedByKine,
    /// The data source is not known before the platform has resolved the connector.
    UnresolvedConnector,
    /// Both a connector and a data source say where the database is.
    TwoSources,
    /// A key stands twice in one mapping.
    DuplicateKey,
    /// A release of the chart that is none, or older than any that is known.
    UnknownRelease,
    /// A value that the thing it is put into cannot hold.
    InvalidValue,
    /// An environment variable that is not set, or a file that cannot be read.
    Unreadable,
}

/// What is wrong with a config or a data source, where, and what to write instead.
///
/// The message never holds text of a data source, nor of any value: those can be secrets. It says which key
/// or which part is meant, and the place in the file if there is one. An unknown key is shown if it is made
/// of letters, digits, `_`, `-` and `.` alone.
///
/// ```
/// use backingstore_config::{ConfigErrorKind, VirtualClusterConfig};
///
/// let error = VirtualClusterConfig::from_yaml("controlPlane:\n  backingStore:\n    databse: {}\n").unwrap_err();
/// assert_eq!(error.kind(), ConfigErrorKind::UnknownKey);
/// assert_eq!(error.place().unwrap().line, 3);
/// assert_eq!(
///     error.to_string(),
///     "controlPlane.backingStore.databse (line 3, column 5): unknown key `databse`; write `database` instead",
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{subject}{}: {problem}; {help}{}", InBrackets(*place), AndMore(others.len()))]
pub struct ConfigError {
    kind: ConfigErrorKind,
    subject: Cow<'static, str>,
    place: Option<Place>,
    problem: Cow<'static, str>,
    help: Cow<'static, str>,
    others: Box<[ConfigError]>,
}

impl ConfigError {
    pub(crate) fn new(
        kind: ConfigErrorKind,
        subject: impl Into<Cow<'static, str>>,
        problem: impl Into<Cow<'static, str>>,
        help: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            kind,
            subject: subject.into(),
            place: None,
            problem: problem.into(),
            help: help.into(),
            others: Box::default(),
        }
    }

    /// The first of several faults, with the rest behind it.
    pub(crate) fn first_of(faults: Vec<ConfigError>) -> Option<Self> {
        let mut faults = faults.into_iter();
        let first = faults.next()?;
        Some(Self { others: faults.collect(), ..first })
    }

    /// The same fault, found at this place of a file.
    pub(crate) fn at(mut self, place: Option<Place>) -> Self {
        self.place = place;
        self
    }

    /// The same fault, of this key.
    pub(crate) fn about(mut self, subject: impl Into<Cow<'static, str>>) -> Self {
        self.subject = subject.into();
        self
    }

    /// The kind of fault.
    pub fn kind(&self) -> ConfigErrorKind {
        self.kind
    }

    /// What is at fault: the path of a key such as `controlPlane.backingStore.database.external`, or `data
    /// source`.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Where it stands in the file. None for what was not read from a file.
    pub fn place(&self) -> Option<Place> {
        self.place
    }

    /// What is wrong, without the subject and without the help.
    pub fn problem(&self) -> &str {
        &self.problem
    }

    /// What to do about it.
    pub fn help(&self) -> &str {
        &self.help
    }

    /// What else is wrong, in the order of the file.
    pub fn others(&self) -> &[ConfigError] {
        &self.others
    }

    /// Whether the same call can succeed later. Always false: a config is right or wrong by itself.
    pub fn is_retryable(&self) -> bool {
        false
    }
}

struct InBrackets(Option<Place>);

impl fmt::Display for InBrackets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(place) => write!(f, " ({place})"),
            None => Ok(()),
        }
    }
}

struct AndMore(usize);

impl fmt::Display for AndMore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => Ok(()),
            1 => f.write_str(" (and 1 more fault)"),
            more => write!(f, " (and {more} more faults)"),
        }
    }
}
