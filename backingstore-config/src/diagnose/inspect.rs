//! The three ways in: a values file, a data source, the platform's values.

use secrecy::{ExposeSecret, SecretString};

use super::case::{PlatformCase, SourceCase, ValuesCase};
use super::diagnostic::Diagnostic;
use super::excerpt::Excerpts;
use super::rules::{self, Found};
use crate::data_source::DataSource;
use crate::error::{ConfigError, ConfigErrorKind};
use crate::model::TlsFiles;
use crate::platform::PlatformConfig;
use crate::store::{
    DEPLOYED_ETCD, EMBEDDED_DATABASE, EMBEDDED_ETCD, EXTERNAL_DATABASE, EXTERNAL_ETCD, Store,
};
use crate::transition::Transition;
use crate::values::VirtualClusterConfig;
use crate::yaml::Node;

/// What a look at a values file comes to.
///
/// ```
/// use backingstore_config::VirtualClusterConfig;
///
/// let inspection = VirtualClusterConfig::inspect(
///     "
/// controlPlane:
///   backingStore:
///     database:
///       external:
///         enabled: true
///         dataSource: postgres://kine:s3cret@db.example.com/Tenant1?sslmode=require
///         certFile: /etc/kine/tls.crt
/// ",
/// );
/// let codes: Vec<_> = inspection.diagnostics().iter().map(|diagnostic| diagnostic.code()).collect();
/// assert!(inspection.has_errors());
/// assert!(codes.contains(&"certificate-without-key") && codes.contains(&"database-name-lowered"));
/// assert!(!inspection.to_text("vcluster.yaml").contains("s3cret"));
/// ```
#[derive(Debug, Clone)]
pub struct Inspection {
    config: Option<VirtualClusterConfig>,
    store: Option<Store>,
    transition: Option<Transition>,
    diagnostics: Vec<Diagnostic>,
    text: SecretString,
}

impl VirtualClusterConfig {
    /// Reads a values file, finds its store, and applies every [rule](super::rules). Never fails: what is wrong is
    /// among the diagnostics, and what could be read is there all the same.
    pub fn inspect(text: &str) -> Inspection {
        let (config, mut faults) = match Self::read(text) {
            Ok(read) => read,
            Err(fault) => return Inspection::of_no_yaml(fault),
        };
        let resolution = config.resolve();
        let is_unsure = faults.iter().any(is_of_a_switch);
        let resolved = resolution.faults.into_iter().filter(|fault| !follows_from(fault, &faults));
        let resolved: Vec<_> = resolved.collect();
        faults.extend(resolved);
        let mut found = Found::default();
        let case = ValuesCase::new(&config, resolution.kind, resolution.store.as_ref(), is_unsure);
        rules::apply_to_values(&case, &mut found);
        let diagnostics = arrange(faults, found, text, config.tree());
        Inspection {
            store: resolution.store,
            config: Some(config),
            transition: None,
            diagnostics,
            text: text.into(),
        }
    }
}

impl Inspection {
    fn of_no_yaml(fault: ConfigError) -> Self {
        let diagnostics = vec![rules::diagnostic_of(&fault)];
        Self { config: None, store: None, transition: None, diagnostics, text: SecretString::default() }
    }

    /// What was read. Keys with faults read as absent. None if the text is no YAML.
    pub fn config(&self) -> Option<&VirtualClusterConfig> {
        self.config.as_ref()
    }

    /// The one store that it means. None if that cannot be said, or if it lacks what it needs.
    pub fn store(&self) -> Option<&Store> {
        self.store.as_ref()
    }

    /// What the change from the config before does to the data. None until [`after`](Self::after) is called, or where
    /// the store of one of the two cannot be told.
    pub fn transition(&self) -> Option<&Transition> {
        self.transition.as_ref()
    }

    pub(super) fn set_transition(&mut self, transition: Transition) {
        self.transition = Some(transition);
    }

    /// Adds what was found later.
    pub(super) fn add(&mut self, found: Found) {
        if let Some(config) = &self.config {
            let added = arrange(Vec::new(), found, self.text.expose_secret(), config.tree());
            self.diagnostics.extend(added);
            in_order(&mut self.diagnostics);
        }
    }

    /// Everything that was found, in the order of the file; what has no place in it comes last.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// Whether there is an error among them.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// All diagnostics as the Rust compiler would show them, with an empty line behind each.
    pub fn to_text(&self, file: &str) -> String {
        to_text(&self.diagnostics, file)
    }
}

/// What a look at a data source comes to.
#[derive(Debug, Clone)]
pub struct SourceInspection {
    source: Option<DataSource>,
    diagnostics: Vec<Diagnostic>,
}

impl DataSource {
    /// Parses a data source and applies the [rules](super::rules) that a data source can break by itself. Never fails.
    ///
    /// ```
    /// use backingstore_config::DataSource;
    ///
    /// let inspection = DataSource::inspect("postgres://kine@db.example.com/kine?sslmode=disable");
    /// assert_eq!(inspection.diagnostics()[0].code(), "database-in-clear-text");
    /// assert!(!inspection.has_errors());
    /// ```
    pub fn inspect(text: &str) -> SourceInspection {
        match Self::parse(text) {
            Ok(source) => {
                let mut found = Found::default();
                let case = SourceCase {
                    source: &source,
                    path: "data source".to_owned(),
                    files: TlsFiles::default(),
                };
                rules::apply_to_source(&case, &mut found);
                let diagnostics = found.into_diagnostics(|_| None);
                SourceInspection { source: Some(source), diagnostics }
            }
            Err(fault) => SourceInspection { source: None, diagnostics: vec![rules::diagnostic_of(&fault)] },
        }
    }
}

impl SourceInspection {
    /// The data source. None if it cannot be parsed.
    pub fn source(&self) -> Option<&DataSource> {
        self.source.as_ref()
    }

    /// Everything that was found.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// Whether there is an error among them.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

/// What a look at the platform's values comes to.
#[derive(Debug, Clone)]
pub struct PlatformInspection {
    config: Option<PlatformConfig>,
    diagnostics: Vec<Diagnostic>,
    text: SecretString,
}

impl PlatformConfig {
    /// Reads the platform's values and applies every [rule](super::rules) to its store. Never fails.
    pub fn inspect(text: &str) -> PlatformInspection {
        let (config, mut faults) = match Self::read(text) {
            Ok(read) => read,
            Err(fault) => {
                let diagnostics = vec![rules::diagnostic_of(&fault)];
                return PlatformInspection { config: None, diagnostics, text: SecretString::default() };
            }
        };
        if let Err(fault) = config.data_source()
            && !follows_from(&fault, &faults)
        {
            faults.push(fault);
        }
        let mut found = Found::default();
        rules::apply_to_platform(&PlatformCase::new(&config), &mut found);
        let diagnostics = arrange(faults, found, text, config.tree());
        PlatformInspection { config: Some(config), diagnostics, text: text.into() }
    }
}

impl PlatformInspection {
    /// What was read. None if the text is no YAML.
    pub fn config(&self) -> Option<&PlatformConfig> {
        self.config.as_ref()
    }

    /// Everything that was found, in the order of the file.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// Adds what was found later.
    pub(super) fn add(&mut self, found: Found) {
        if let Some(config) = &self.config {
            let added = arrange(Vec::new(), found, self.text.expose_secret(), config.tree());
            self.diagnostics.extend(added);
            in_order(&mut self.diagnostics);
        }
    }

    /// Whether there is an error among them.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// All diagnostics as the Rust compiler would show them, with an empty line behind each.
    pub fn to_text(&self, file: &str) -> String {
        to_text(&self.diagnostics, file)
    }
}

/// Whether a store's `enabled` is no boolean, or what it stands in no mapping, and so reads as absent.
fn is_of_a_switch(fault: &ConfigError) -> bool {
    let sections = [EMBEDDED_DATABASE, EXTERNAL_DATABASE, EMBEDDED_ETCD, DEPLOYED_ETCD, EXTERNAL_ETCD];
    let path = fault.subject();
    let holds = |section: &str| {
        section.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            || path.strip_prefix(section) == Some(".enabled")
    };
    fault.kind() == ConfigErrorKind::WrongType && (path == "values file" || sections.into_iter().any(holds))
}

/// Whether a store has no place only because the key that says it was not read.
fn follows_from(fault: &ConfigError, read: &[ConfigError]) -> bool {
    fault.kind() == ConfigErrorKind::MissingSetting
        && read.iter().any(|other| {
            let key = other.subject().strip_prefix(fault.subject()).and_then(|rest| rest.strip_prefix('.'));
            other.kind() == ConfigErrorKind::WrongType
                && matches!(key, Some("dataSource" | "connector" | "endpoint"))
        })
}

/// Places what was found, shows the lines, and puts all in the order of the file.
fn arrange(faults: Vec<ConfigError>, found: Found, text: &str, tree: &Node) -> Vec<Diagnostic> {
    let mut diagnostics: Vec<_> = faults.iter().map(rules::diagnostic_of).collect();
    diagnostics.extend(found.into_diagnostics(|path| tree.place_of(path)));
    if diagnostics.is_empty() {
        return diagnostics;
    }
    in_order(&mut diagnostics);
    let mut excerpts = Excerpts::new(text, tree);
    diagnostics
        .into_iter()
        .map(|diagnostic| {
            let excerpt = diagnostic.place().and_then(|place| excerpts.at(place));
            diagnostic.with_excerpt(excerpt)
        })
        .collect()
}

fn in_order(diagnostics: &mut [Diagnostic]) {
    diagnostics.sort_by_key(|diagnostic| {
        let place = diagnostic.place();
        (place.is_none(), place, std::cmp::Reverse(diagnostic.severity()), diagnostic.code())
    });
}

fn to_text(diagnostics: &[Diagnostic], file: &str) -> String {
    diagnostics.iter().map(|diagnostic| format!("{}\n\n", diagnostic.in_file(file))).collect()
}
