//! A fault of a data source, made of fixed text alone.

use crate::error::{ConfigError, ConfigErrorKind};

/// What a parser of data sources answers when it refuses.
///
/// Its texts are `&'static str` on purpose: nothing of the input can reach an error, whatever the input is
/// and wherever the password stands in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) kind: ConfigErrorKind,
    pub(super) problem: &'static str,
    pub(super) help: &'static str,
}

impl Fault {
    /// A fault in what follows the scheme.
    pub(super) const fn invalid(problem: &'static str, help: &'static str) -> Self {
        Self { kind: ConfigErrorKind::InvalidDataSource, problem, help }
    }
}

/// What is shown of a data source is not one: its mask would be taken for the password.
pub(super) const REDACTED: Fault = Fault::invalid(
    "it is a redacted data source, with `***` in the place of a secret",
    "write the secret itself, or read the data source from where it is kept",
);

/// What to do about a line break.
pub(super) const ON_ONE_LINE: &str = "write it on one line; in YAML on the line of its key, or behind `>-`, which puts no line break at its end as `|` does";

impl From<Fault> for ConfigError {
    fn from(fault: Fault) -> Self {
        ConfigError::new(fault.kind, "data source", fault.problem, fault.help)
    }
}
