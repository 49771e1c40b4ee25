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

impl From<Fault> for ConfigError {
    fn from(fault: Fault) -> Self {
        ConfigError::new(fault.kind, "data source", fault.problem, fault.help)
    }
}
