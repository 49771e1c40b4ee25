//! The table of rules.
//!
//! A rule is one item: its code, its severity, what it says in the docs, and its check. It stands in the file of
//! its subject, and is added there alone.

mod cluster;
mod database;
mod engine;
mod kerberos;
mod network;
mod platform;
mod reading;

use super::case::{DatabaseCase, PlatformCase, SourceCase, ValuesCase};
use super::diagnostic::{Diagnostic, Severity};
use crate::error::{ConfigError, ConfigErrorKind, Place};
use crate::reading::{Remark, RemarkKind};

/// Something that can be wrong with a config.
#[derive(Debug)]
#[non_exhaustive]
pub struct Rule {
    /// Its name, which does not change.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, and what comes of it.
    pub summary: &'static str,
    check: Check,
}

/// What a rule looks at.
#[derive(Debug, Clone, Copy)]
enum Check {
    /// Nothing: it is found while the file is read or the store is looked for, as this kind of fault.
    Reading(ConfigErrorKind),
    /// Nothing: it is remarked on while the file is read.
    Remark(RemarkKind),
    /// Nothing: it is found where two configs are compared.
    Change,
    /// A control plane's values.
    Values(fn(&ValuesCase<'_>, &mut Say<'_>)),
    /// A database with what stands around it.
    Database(fn(&DatabaseCase<'_>, &mut Say<'_>)),
    /// A data source, wherever it comes from.
    Source(fn(&SourceCase<'_>, &mut Say<'_>)),
    /// The platform's values.
    Platform(fn(&PlatformCase<'_>, &mut Say<'_>)),
}

impl Rule {
    const fn error(code: &'static str, summary: &'static str, check: Check) -> Self {
        Self { code, severity: Severity::Error, summary, check }
    }

    const fn warning(code: &'static str, summary: &'static str, check: Check) -> Self {
        Self { code, severity: Severity::Warning, summary, check }
    }
}

const TABLES: &[&[Rule]] = &[
    reading::RULES,
    cluster::RULES,
    database::RULES,
    engine::RULES,
    kerberos::RULES,
    network::RULES,
    platform::RULES,
];

/// Every rule, in the order of the documentation.
///
/// ```
/// use backingstore_config::diagnose::rules;
///
/// assert!(rules().any(|rule| rule.code == "several-stores"));
/// ```
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    TABLES.iter().copied().flatten()
}

/// What the rules found.
#[derive(Default)]
pub(super) struct Found(Vec<Finding>);

struct Finding {
    rule: &'static Rule,
    path: String,
    message: String,
    help: String,
}

/// A rule's own hand on what is found.
struct Say<'a> {
    rule: &'static Rule,
    found: &'a mut Found,
}

impl Say<'_> {
    fn at(&mut self, path: impl Into<String>, message: impl Into<String>, help: impl Into<String>) {
        let (path, message, help) = (path.into(), message.into(), help.into());
        self.found.0.push(Finding { rule: self.rule, path, message, help });
    }
}

impl Found {
    /// Adds what was found where configs are compared.
    pub(super) fn add(&mut self, code: &str, path: &str, message: String, help: String) {
        let rule = rules().find(|rule| rule.code == code).expect("it is called with codes of the table");
        self.0.push(Finding { rule, path: path.to_owned(), message, help });
    }

    pub(super) fn into_diagnostics(self, place_of: impl Fn(&str) -> Option<Place>) -> Vec<Diagnostic> {
        let diagnostic = |finding: Finding| {
            let place = place_of(&finding.path);
            let Finding { rule, path, message, help } = finding;
            Diagnostic::new(rule.code, rule.severity, path, message, help).at(place)
        };
        self.0.into_iter().map(diagnostic).collect()
    }
}

/// A fault of reading or resolving, as a diagnostic.
pub(super) fn diagnostic_of(fault: &ConfigError) -> Diagnostic {
    let rule = rules().find(|rule| matches!(rule.check, Check::Reading(kind) if kind == fault.kind()));
    let rule = rule.expect("every kind of fault that reading and resolving have is in the table");
    let (path, message) = (fault.subject().to_owned(), sentence(fault));
    Diagnostic::new(rule.code, rule.severity, path, message, fault.help().to_owned()).at(fault.place())
}

/// A remark of reading, as a diagnostic.
pub(super) fn diagnostic_of_remark(remark: &Remark) -> Diagnostic {
    let rule = rules().find(|rule| matches!(rule.check, Check::Remark(kind) if kind == remark.kind));
    let rule = rule.expect("every kind of remark is in the table");
    let Remark { path, message, help, place, .. } = remark.clone();
    Diagnostic::new(rule.code, rule.severity, path, message, help).at(place)
}

/// A fault's problem with what it is about, which the fault itself says before it.
fn sentence(fault: &ConfigError) -> String {
    let what = match fault.subject() {
        "YAML" => "the text".to_owned(),
        "values file" => "the file".to_owned(),
        "data source" => "the data source".to_owned(),
        path => format!("`{}`", path.rsplit('.').next().unwrap_or(path)),
    };
    match (fault.problem(), fault.kind()) {
        (problem, _) if problem.starts_with("it ") => format!("{what} {}", &problem["it ".len()..]),
        (problem, _) if problem.starts_with("the ") => problem.to_owned(),
        (
            problem,
            ConfigErrorKind::InvalidDataSource
            | ConfigErrorKind::InvalidEndpoint
            | ConfigErrorKind::UnknownScheme,
        ) => format!("{what} has {problem}"),
        (problem, _) => problem.to_owned(),
    }
}

pub(super) fn apply_to_values(case: &ValuesCase<'_>, found: &mut Found) {
    for rule in rules() {
        if let Check::Values(check) = rule.check {
            check(case, &mut Say { rule, found });
        }
    }
    if let Some(database) = &case.database {
        apply_to_database(database, found);
    }
}

pub(super) fn apply_to_platform(case: &PlatformCase<'_>, found: &mut Found) {
    for rule in rules() {
        if let Check::Platform(check) = rule.check {
            check(case, &mut Say { rule, found });
        }
    }
    if let Some(database) = &case.database {
        apply_to_database(database, found);
    }
}

fn apply_to_database(case: &DatabaseCase<'_>, found: &mut Found) {
    for rule in rules() {
        if let Check::Database(check) = rule.check {
            check(case, &mut Say { rule, found });
        }
    }
    if let Some(source) = case.source_case() {
        apply_to_source(&source, found);
    }
}

pub(super) fn apply_to_source(case: &SourceCase<'_>, found: &mut Found) {
    for rule in rules() {
        if let Check::Source(check) = rule.check {
            check(case, &mut Say { rule, found });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The list in the crate's documentation. `BACKINGSTORE_CONFIG_BLESS=1` writes it.
    #[test]
    fn the_documentation_lists_every_rule() {
        let mut list = String::from("| code | severity | what is wrong |\n|---|---|---|\n");
        for rule in rules() {
            list.push_str(&format!("| `{}` | {} | {} |\n", rule.code, rule.severity, rule.summary));
        }
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/diagnostics.md");
        if std::env::var_os("BACKINGSTORE_CONFIG_BLESS").is_some() {
            std::fs::write(path, &list).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), list, "bless it with BACKINGSTORE_CONFIG_BLESS=1");
    }

    #[test]
    fn codes_are_words_and_stand_once() {
        let mut codes: Vec<_> = rules().map(|rule| rule.code).collect();
        for code in &codes {
            assert!(
                code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'),
                "{code}"
            );
        }
        let all = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), all);
    }
}
