//! The three ways in: a values file, a data source, the platform's values.

use std::borrow::Cow;

use secrecy::{ExposeSecret, SecretString};

use super::case::{PlatformCase, SourceCase, ValuesCase};
use super::diagnostic::Diagnostic;
use super::excerpt::Excerpts;
use super::repeats;
use super::rules::{self, Found};
use crate::data_source::DataSource;
use crate::error::{ConfigError, ConfigErrorKind};
use crate::model::{
    BackingStore, Database, DatabaseKine, Etcd, EtcdDeploy, EtcdEmbedded, EtcdExternal, ExternalDatabaseKine,
    TlsFiles,
};
use crate::platform::{PLATFORM_DATABASE, PlatformConfig};
use crate::reading::{Remark, Section, nearest};
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
        let mut resolution = config.resolve();
        let is_unsure = faults.iter().any(is_of_a_switch);
        if is_unsure {
            // Which store it is, a reader of the file does not know before the switch is one.
            (resolution.kind, resolution.store) = (None, None);
        }
        let follows = |fault: &ConfigError| follows_from(fault, &faults, is_unsure);
        let resolved: Vec<_> = resolution.faults.into_iter().filter(|fault| !follows(fault)).collect();
        faults.extend(resolved);
        let mut found = Found::default();
        let case = ValuesCase::new(&config, resolution.kind, resolution.store.as_ref(), is_unsure);
        rules::apply_to_values(&case, &mut found);
        let diagnostics = arrange(faults, config.remarks(), found, text, config.tree());
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
            let added = arrange(Vec::new(), &[], found, self.text.expose_secret(), config.tree());
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
        let is_unsure = faults.iter().any(is_of_the_platforms_switch);
        if let Err(fault) = config.data_source()
            && !follows_from(&fault, &faults, is_unsure)
        {
            faults.push(fault);
        }
        let mut found = Found::default();
        rules::apply_to_platform(&PlatformCase::new(&config), &mut found);
        let diagnostics = arrange(faults, config.remarks(), found, text, config.tree());
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
            let added = arrange(Vec::new(), &[], found, self.text.expose_secret(), config.tree());
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

/// Whether a store's `enabled`, or what it stands in, cannot be read or is misspelt, and so reads as absent.
fn is_of_a_switch(fault: &ConfigError) -> bool {
    hides(fault, &[EMBEDDED_DATABASE, EXTERNAL_DATABASE, EMBEDDED_ETCD, DEPLOYED_ETCD, EXTERNAL_ETCD])
}

fn is_of_the_platforms_switch(fault: &ConfigError) -> bool {
    hides(fault, &[PLATFORM_DATABASE])
}

/// Whether a fault keeps the `enabled` of one of these sections from being read.
fn hides(fault: &ConfigError, sections: &[&str]) -> bool {
    let Some(path) = meant(fault) else { return false };
    let holds = |section: &str| {
        section.strip_prefix(path.as_ref()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            || path.strip_prefix(section) == Some(".enabled")
    };
    path == "values file" || sections.iter().any(|section| holds(section))
}

/// The path of the key that a fault keeps from being read: of an unknown key the one that it was meant to be.
fn meant(fault: &ConfigError) -> Option<Cow<'_, str>> {
    let path = fault.subject();
    match fault.kind() {
        ConfigErrorKind::WrongType => Some(path.into()),
        ConfigErrorKind::UnknownKey => {
            let (section, key) = path.rsplit_once('.')?;
            let known = match section {
                "controlPlane.backingStore" => BackingStore::keys(),
                "controlPlane.backingStore.database" => Database::keys(),
                "controlPlane.backingStore.etcd" => Etcd::keys(),
                EMBEDDED_DATABASE | PLATFORM_DATABASE => DatabaseKine::keys(),
                EXTERNAL_DATABASE => ExternalDatabaseKine::keys(),
                EMBEDDED_ETCD => EtcdEmbedded::keys(),
                DEPLOYED_ETCD => EtcdDeploy::keys(),
                EXTERNAL_ETCD => EtcdExternal::keys(),
                _ => return None,
            };
            nearest(key, &known).map(|key| format!("{section}.{key}").into())
        }
        _ => None,
    }
}

/// Whether a store is not found only because a key was not read: the one that says where it is, or one that enables it.
fn follows_from(fault: &ConfigError, read: &[ConfigError], is_unsure: bool) -> bool {
    match fault.kind() {
        ConfigErrorKind::NotEnabled => is_unsure,
        ConfigErrorKind::MissingSetting => read.iter().filter_map(meant).any(|path| {
            let key = path.strip_prefix(fault.subject()).and_then(|rest| rest.strip_prefix('.'));
            matches!(key, Some("dataSource" | "connector" | "endpoint"))
        }),
        _ => false,
    }
}

/// Places what was found, shows the lines, and puts all in the order of the file.
fn arrange(
    faults: Vec<ConfigError>,
    remarks: &[Remark],
    found: Found,
    text: &str,
    tree: &Node,
) -> Vec<Diagnostic> {
    let mut diagnostics: Vec<_> = faults.iter().map(rules::diagnostic_of).collect();
    diagnostics.extend(remarks.iter().map(rules::diagnostic_of_remark));
    diagnostics.extend(found.into_diagnostics(|path| tree.place_of(path)));
    if diagnostics.is_empty() {
        return diagnostics;
    }
    in_order(&mut diagnostics);
    let diagnostics = repeats::capped(diagnostics);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The codes of what is found, and the store.
    fn look(text: &str) -> (Vec<&'static str>, Option<&'static str>) {
        let inspection = VirtualClusterConfig::inspect(text);
        let codes = inspection.diagnostics().iter().map(Diagnostic::code).collect();
        (codes, inspection.store().map(|store| store.kind().as_str()))
    }

    fn store(lines: &str) -> (Vec<&'static str>, Option<&'static str>) {
        look(&format!("controlPlane: {{backingStore: {{{lines}}}}}"))
    }

    #[test]
    fn a_switch_that_cannot_be_read_leaves_no_store_and_nothing_that_follows_from_one() {
        for text in [
            "controlPlane: {backingStore: {database: {external: {enabled: 'true', connector: c}}}}",
            "controlPlane: {backingStore: {database: {external: {enabled: 'true'}}}}",
            "controlPlane: {backingStore: {etcd: {external: {enabled: 1, endpoint: 'e:2379'}}}}",
            "controlPlane: {backingStore: {database: {external: foo}}}",
            "controlPlane: {backingStore: [database]}",
            "controlPlane: {backingStore: foo}",
            "controlPlane: foo",
            "foo",
            "[controlPlane]",
        ] {
            assert_eq!(look(text), (vec!["wrong-type"], None), "{text}");
        }
        for text in [
            "databse: {external: {enabled: true, connector: c}}",
            "database: {externel: {enabled: true, connector: c}}",
            "database: {external: {enable: true, connector: c}}",
            "etcd: {deployed: {enabled: true}}",
        ] {
            assert_eq!(store(text), (vec!["unknown-key"], None), "{text}");
        }
        // A fault that says nothing about which store it is leaves it as it is.
        let embedded = Some("embedded-database");
        assert_eq!(
            store("database: {embedded: {enabled: true, extraArgs: {}}}"),
            (vec!["wrong-type"], embedded)
        );
        assert_eq!(
            store("database: {embedded: {enabled: true, flavour: x}}"),
            (vec!["unknown-key"], embedded)
        );
    }

    #[test]
    fn a_misspelt_place_of_a_store_is_one_fault() {
        for key in ["datasource", "dataSorce", "conector"] {
            let found = store(&format!("database: {{external: {{enabled: true, {key}: x}}}}"));
            assert_eq!(found, (vec!["unknown-key"], None), "{key}");
        }
        let found = store(
            "etcd: {external: {enabled: true, endpoints: 'e:2379', tls: {caFile: a, certFile: b, keyFile: c}}}",
        );
        assert_eq!(found, (vec!["unknown-key"], None));
        // Another key does not say where it is.
        let (codes, _) = store("database: {external: {enabled: true, caFiles: x}}");
        assert_eq!(codes, ["store-incomplete", "unknown-key"]);
    }

    #[test]
    fn the_platforms_switch_is_as_a_control_planes() {
        let codes = |database: &str| {
            let inspection = PlatformConfig::inspect(&format!("config: {{database: {database}}}"));
            inspection.diagnostics().iter().map(Diagnostic::code).collect::<Vec<_>>()
        };
        let source = "dataSource: 'mysql://u@tcp(127.0.0.1)/d'";
        assert_eq!(codes(&format!("{{enabled: 'true', {source}}}")), ["wrong-type"]);
        assert_eq!(codes(&format!("{{enabeld: true, {source}}}")), ["unknown-key"]);
        assert_eq!(codes("{enabled: true, datasource: x}"), ["unknown-key"]);
        assert_eq!(codes(&format!("{{{source}}}")), ["store-not-enabled"]);
    }

    #[test]
    fn a_misspelt_key_above_the_strict_parts_is_said_and_other_keys_are_not() {
        for (text, path) in [
            ("controlplane: {}", "controlplane"),
            ("controlPlan: {}", "controlPlan"),
            ("control-plane: {}", "control-plane"),
            ("controlPlane: {backingstore: {}}", "controlPlane.backingstore"),
            ("controlPlane: {backingStores: {}}", "controlPlane.backingStores"),
            ("controlPlane: {statefulset: {highAvailability: {replicas: 3}}}", "controlPlane.statefulset"),
            (
                "controlPlane: {statefulSet: {highAvailabilty: {}}}",
                "controlPlane.statefulSet.highAvailabilty",
            ),
            ("controlPlane: {statefulSet: {ENV: []}}", "controlPlane.statefulSet.ENV"),
            ("backingStore: {}", "backingStore"),
            ("backingstore: {}", "backingstore"),
            ("statefulSet: {}", "statefulSet"),
            ("controlPlane: {database: {}}", "controlPlane.database"),
            ("controlPlane: {etcd: {}}", "controlPlane.etcd"),
            ("controlPlane.backingStore: {}", "controlPlane.backingStore"),
            ("networkPolicy: {}", "networkPolicy"),
        ] {
            let inspection = VirtualClusterConfig::inspect(text);
            let found: Vec<_> =
                inspection.diagnostics().iter().filter(|found| found.code() == "misspelt-key").collect();
            assert_eq!(found.iter().map(|found| found.path()).collect::<Vec<_>>(), [path], "{text}");
            assert_eq!(found[0].severity(), crate::Severity::Warning);
            assert!(found[0].place().is_some() && !inspection.has_errors(), "{text}");
        }
        for text in [
            "controlPlane: {distro: {k3s: {}}, service: {}, proxy: {}, advanced: {}}",
            "sync: {}\nplugins: {}\npolicy: {}",
            "controlPlane: {statefulSet: {envs: [], pods: {}, persistence: {addVolumes: [{nfs: {}, csi: {}}]}}}",
        ] {
            assert!(!look(text).0.contains(&"misspelt-key"), "{text}");
        }
        let platform = PlatformConfig::inspect("database: {enabled: true}\nreplicacount: 3\n");
        let codes: Vec<_> = platform.diagnostics().iter().map(|found| (found.code(), found.path())).collect();
        assert_eq!(codes, [("misspelt-key", "database"), ("misspelt-key", "replicacount")]);
    }

    #[test]
    fn a_fault_behind_an_alias_is_placed_and_shown_where_it_is_used() {
        let text = "x: &b\n  enabled: true\n  conector: CANARY\nd: &dsn redis://u:CANARY@h/d\ncontrolPlane:\n  backingStore:\n    database:\n      \
                    external:\n        <<: *b\n        dataSource: *dsn\n";
        let inspection = VirtualClusterConfig::inspect(text);
        let shown = inspection.to_text("f");
        let places: Vec<_> = inspection
            .diagnostics()
            .iter()
            .map(|found| (found.code(), found.place().map(|place| place.line)))
            .collect();
        assert_eq!(places, [("unknown-key", Some(9)), ("unknown-scheme", Some(10))], "{shown}");
        assert!(
            shown.contains("<<: *b") && shown.contains("dataSource: *dsn") && !shown.contains("CANARY"),
            "{shown}"
        );
    }

    #[test]
    fn the_path_of_an_unknown_and_of_a_doubled_key_names_it() {
        let path = |text: &str| VirtualClusterConfig::inspect(text).diagnostics()[0].path().to_owned();
        assert_eq!(path("controlPlane: {backingStore: {databse: {}}}"), "controlPlane.backingStore.databse");
        assert_eq!(path("controlPlane: {backingStore: {'u:CANARY@h': {}}}"), "controlPlane.backingStore");
        assert_eq!(path("a: {enabled: 1, enabled: 2}"), "a.enabled");
        assert_eq!(path("a: {'u:CANARY@h': 1, 'u:CANARY@h': 2}"), "a");
    }
}
