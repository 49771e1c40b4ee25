//! One thing that is wrong, and how it prints.

use std::fmt;

use serde::Serialize;

use super::excerpt::Excerpt;
use crate::error::Place;

/// How bad a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It works, and is likely not what is meant.
    Warning,
    /// It cannot start, or it silently loses data.
    Error,
}

impl Severity {
    /// `error` or `warning`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something that is wrong with a config, or likely is.
///
/// No text of it holds a secret: values that can be one are not shown, whatever the input was.
///
/// As JSON (`Serialize`) it has the keys `code`, `severity`, `path`, `line`, `column`, `message` and `help`; `line` and
/// `column` are null where nothing of the file says it. `Display` is the form of the Rust compiler:
///
/// ```
/// use backingstore_config::VirtualClusterConfig;
///
/// let text = "controlPlane:\n  backingStore:\n    database:\n      external:\n        connector: shared\n";
/// let inspection = VirtualClusterConfig::inspect(text);
/// let diagnostic = &inspection.diagnostics()[0];
/// assert_eq!(diagnostic.code(), "store-not-enabled");
/// assert_eq!(
///     diagnostic.to_string(),
///     "\
/// error[store-not-enabled]: `connector` is set, but the store is not enabled, so the control plane would start on an empty SQLite file
///   --> line 5, column 20
///    |
///  5 |         connector: shared
///    |                    ^
///    = at: controlPlane.backingStore.database.external.connector
///    = help: set `controlPlane.backingStore.database.external.enabled` to true, or remove `connector`",
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    code: &'static str,
    severity: Severity,
    path: String,
    line: Option<usize>,
    column: Option<usize>,
    message: String,
    help: String,
    #[serde(skip)]
    excerpt: Option<Excerpt>,
}

impl Diagnostic {
    pub(super) fn new(
        code: &'static str,
        severity: Severity,
        path: String,
        message: String,
        help: String,
    ) -> Self {
        Self { code, severity, path, line: None, column: None, message, help, excerpt: None }
    }

    /// The same, found at this place of a file.
    pub(super) fn at(mut self, place: Option<Place>) -> Self {
        self.line = place.map(|place| place.line);
        self.column = place.map(|place| place.column);
        self
    }

    /// It stands for itself and others like it.
    pub(super) fn and_more(self, count: usize) -> Self {
        let help = "correct those that are shown, and look again".to_owned();
        Self { message: format!("and {count} more of this kind"), help, ..self }
    }

    pub(super) fn with_excerpt(mut self, excerpt: Option<Excerpt>) -> Self {
        self.excerpt = excerpt;
        self
    }

    /// The rule's name, which does not change: see [`rules`](super::rules).
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// Whether it is an error.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// What it is about: the path of a key, such as `controlPlane.backingStore.database.external.extraArgs[0]`, or `data
    /// source`, or `YAML`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Where it stands in the file. None for what no file says.
    pub fn place(&self) -> Option<Place> {
        Some(Place::new(self.line?, self.column?))
    }

    /// What is wrong.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to write instead.
    pub fn help(&self) -> &str {
        &self.help
    }

    /// As the Rust compiler shows one, with the name of the file before line and column, such as
    /// `vcluster.yaml:5:20`. The line of the file is shown with what can be a secret masked.
    pub fn in_file<'a>(&'a self, file: &'a str) -> impl fmt::Display + 'a {
        InFile { diagnostic: self, file: Some(file) }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        InFile { diagnostic: self, file: None }.fmt(f)
    }
}

struct InFile<'a> {
    diagnostic: &'a Diagnostic,
    file: Option<&'a str>,
}

impl fmt::Display for InFile<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Diagnostic { code, severity, path, message, help, excerpt, .. } = self.diagnostic;
        writeln!(f, "{severity}[{code}]: {message}")?;
        let place = self.diagnostic.place();
        let number = place.map(|place| place.line.to_string()).unwrap_or_default();
        let margin = " ".repeat(number.len().max(1) + 2);
        let arrow = &margin[1..];
        match (self.file, place) {
            (Some(file), Some(place)) => writeln!(f, "{arrow}--> {file}:{}:{}", place.line, place.column)?,
            (None, Some(place)) => writeln!(f, "{arrow}--> {place}")?,
            (Some(file), None) => writeln!(f, "{arrow}--> {file}")?,
            (None, None) => {}
        }
        if let Some(excerpt) = excerpt {
            writeln!(f, "{margin}|")?;
            writeln!(f, " {number} | {}", excerpt.line())?;
            writeln!(f, "{margin}| {}^", " ".repeat(excerpt.caret()))?;
        }
        writeln!(f, "{margin}= at: {path}")?;
        write!(f, "{margin}= help: {help}")
    }
}
