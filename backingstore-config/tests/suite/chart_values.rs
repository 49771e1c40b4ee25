//! The vCluster chart's own values files, of whatever releases are at hand.

use std::path::PathBuf;

use backingstore_config::{DEFAULT_EMBEDDED_DATA_SOURCE, KineCommand, StoreKind, VirtualClusterConfig};
use libtest_mimic::Trial;
use secrecy::ExposeSecret;

/// Names a folder of `chart/values.yaml` files from loft-sh/vcluster, one for each release.
const FOLDER: &str = "VCLUSTER_VALUES_DIR";

pub(crate) fn trials() -> Vec<Trial> {
    let trial = testbed::trial("every_release_of_the_chart_resolves_to_the_embedded_database", &[], || {
        every_release_resolves_to_the_embedded_database();
        Ok(())
    });
    vec![match std::env::var_os(FOLDER) {
        Some(_) => trial,
        None => trial.with_kind(format!("needs {FOLDER}")).with_ignored_flag(true),
    }]
}

fn every_release_resolves_to_the_embedded_database() {
    let folder = std::env::var_os(FOLDER).expect("VCLUSTER_VALUES_DIR is set");
    let files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the folder can be listed")
        .map(|entry| entry.expect("the folder can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    assert!(!files.is_empty(), "no YAML file in VCLUSTER_VALUES_DIR");
    for file in files {
        let name = file.display();
        let text = std::fs::read_to_string(&file).expect("the file can be read");
        let config = VirtualClusterConfig::from_yaml(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let store = config.store().unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(store.kind(), StoreKind::EmbeddedDatabase, "{name}");
        let data_source = store.data_source().expect("an embedded database has one").expose();
        assert_eq!(data_source.expose_secret(), DEFAULT_EMBEDDED_DATA_SOURCE, "{name}");
        assert_eq!(config.control_plane().stateful_set.high_availability.replicas, Some(1), "{name}");
        assert_eq!(KineCommand::for_store(&store).expect("it is a database").arguments().len(), 2, "{name}");
    }
}
