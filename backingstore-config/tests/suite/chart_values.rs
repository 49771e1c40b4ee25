//! The vCluster chart's own values files, of whatever releases are at hand.

use std::path::PathBuf;

use backingstore_config::{
    ChartRelease, DEFAULT_EMBEDDED_DATA_SOURCE, Diagnostic, KineCommand, StoreKind, VirtualClusterConfig,
};
use libtest_mimic::Trial;
use secrecy::ExposeSecret;

/// Names a folder of `chart/values.yaml` files from loft-sh/vcluster, one for each release. A file's name begins with the
/// release, such as `v0.36.1`, or with `main`.
const FOLDER: &str = "VCLUSTER_VALUES_DIR";

pub(crate) fn trials() -> Vec<Trial> {
    let trials = [
        testbed::trial("every_release_of_the_chart_resolves_to_the_embedded_database", &[], || {
            files().into_iter().for_each(|file| resolves_to_the_embedded_database(&file));
            Ok(())
        }),
        testbed::trial("the_defaults_of_every_release_are_what_its_chart_has", &[], || {
            files().into_iter().for_each(|file| has_the_defaults(&file));
            Ok(())
        }),
    ];
    let is_set = std::env::var_os(FOLDER).is_some();
    let needs = |trial: Trial| trial.with_kind(format!("needs {FOLDER}")).with_ignored_flag(true);
    trials.into_iter().map(|trial| if is_set { trial } else { needs(trial) }).collect()
}

struct File {
    name: String,
    text: String,
}

impl File {
    /// `main` is the newest.
    fn release(&self) -> ChartRelease {
        let end = self.name.find(|c: char| !c.is_ascii_alphanumeric() && c != '.').unwrap_or(self.name.len());
        match &self.name[..end] {
            "main" => ChartRelease::LATEST,
            release => release.parse().unwrap_or_else(|error| panic!("{}: {error}", self.name)),
        }
    }
}

fn files() -> Vec<File> {
    let folder = std::env::var_os(FOLDER).expect("VCLUSTER_VALUES_DIR is set");
    let paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the folder can be listed")
        .map(|entry| entry.expect("the folder can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    assert!(!paths.is_empty(), "no YAML file in VCLUSTER_VALUES_DIR");
    paths
        .into_iter()
        .map(|path| File {
            name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            text: std::fs::read_to_string(&path).expect("the file can be read"),
        })
        .collect()
}

fn resolves_to_the_embedded_database(File { name, text }: &File) {
    let config = VirtualClusterConfig::from_yaml(text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let store = config.store().unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(store.kind(), StoreKind::EmbeddedDatabase, "{name}");
    let data_source = store.data_source().expect("an embedded database has one").expose();
    assert_eq!(data_source.expose_secret(), DEFAULT_EMBEDDED_DATA_SOURCE, "{name}");
    assert_eq!(config.control_plane().stateful_set.high_availability.replicas, Some(1), "{name}");
    assert_eq!(KineCommand::for_store(&store).expect("it is a database").arguments().len(), 2, "{name}");
    let inspection = VirtualClusterConfig::inspect(text);
    assert!(!inspection.has_errors(), "{}", inspection.to_text(name));
    let is_misspelt = |diagnostic: &Diagnostic| diagnostic.code() == "misspelt-key";
    assert!(!inspection.diagnostics().iter().any(is_misspelt), "{}", inspection.to_text(name));
}

/// What is modelled of the chart's own file is what the defaults of its release say.
fn has_the_defaults(file: &File) {
    let name = &file.name;
    let chart = VirtualClusterConfig::from_yaml(&file.text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let empty = VirtualClusterConfig::from_yaml("").expect("an empty file is right");
    let defaults = empty.with_defaults(file.release());
    assert_same(name, &format!("{:#?}", chart.control_plane()), &format!("{:#?}", defaults.control_plane()));
    assert_same(
        name,
        &format!("{:#?}", chart.network_policy()),
        &format!("{:#?}", defaults.network_policy()),
    );
    // And they change nothing where the chart's own file is given.
    let over = chart.with_defaults(file.release());
    assert_same(name, &format!("{over:#?}"), &format!("{chart:#?}"));
}

/// Says the lines that differ: the whole has hundreds.
fn assert_same(name: &str, chart: &str, defaults: &str) {
    let differing = chart.lines().zip(defaults.lines()).find(|(chart, defaults)| chart != defaults);
    assert!(chart == defaults, "{name}: the chart and the defaults differ: {differing:?}");
}
