//! `VirtualClusterConfig`: the store that it means, its diagnostics, its defaults, and what a change does.

use backingstore_config::diagnose::EmptyStore;
use backingstore_config::{
    ChartRelease, KineCommand, Store, TransitionOutcome, VirtualClusterConfig, transition,
};
use secrecy::ExposeSecret;

use crate::data_source;
use crate::input::Input;
use crate::shown::Shown;
use crate::yaml::{show_diagnostics, show_error, stands_in, with_source};

/// Values files for [`with_source`].
const PLACES: &[&str] = &[
    "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: @}}}}",
    "controlPlane: {backingStore: {database: {external: {enabled: true, extraArgs: [@]}}}}",
    "controlPlane: {backingStore: {database: {external: {enabled: true, connector: c, extraArgs: [--endpoint, @]}}}}",
    "controlPlane: {backingStore: {database: {external: {enabled: @}}}}",
    "controlPlane: {backingStore: {database: {external: @}}}",
    "controlPlane: {backingStore: {database: {embedded: {dataSource: @, extraArgs: @}}}}",
    "controlPlane: {backingStore: {etcd: {embedded: {enabled: true, extraArgs: [@], snapshotCount: @}}}}",
    "controlPlane: {backingStore: {etcd: {external: {enabled: true, endpoint: @, tls: @}}}}",
    "controlPlane: {backingStore: {etcd: {deploy: {enabled: true, statefulSet: {env: [{name: A, value: @}], extraArgs: [@]}}}}}",
    "controlPlane: {backingStore: {@: {@: 1}, database: {@: @}}}",
    "controlPlane: {statefulSet: {env: [{name: PGPASSWORD, value: @}], highAvailability: {replicas: @}}}",
    "controlPlane: {backingStore: {database: {external: {dataSource: @}}}, statefulSet: {persistence: @}}",
    "controlPlane:\n  backingStore:\n    database:\n      external:\n        enabled: true\n        dataSource: @ ",
    "controlPlane:\n  backingStore:\n    database:\n      external:\n        enabled: true\n        extraArgs:\n        - @ ",
    "controlPlane:\n  backingStore:\n    database:\n      external: @ ",
    "controlPlane: {backingStore: {database: {embedded: {dataSource: @}}}} ",
    "controlPlane:\n  backingStore:\n    database:\n      embedded:\n        dataSource: |\n          @ ",
    "controlPlane:\n  backingStore:\n    database:\n      embedded:\n        dataSource: x\n        dataSource: @ ",
    "a: '@ ",
    "a: \"@ ",
    "@ ",
    "policies: {networkPolicy: {enabled: true}}\ncontrolPlane: {backingStore: {database: {external: {enabled: true, dataSource: @, certFile: /c}}}, statefulSet: {env: @}}",
    "# @\ncontrolPlane: {backingStore: {x: 1}} # @ ",
    "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: @, keyFile: 1 }}}} ",
    "controlPlane: {backingStore: {database: {external: {enabled: 1, dataSource: !!str @}}}} ",
];

/// A values file that is read is written as one that means the same, with defaults and without, and no change is none.
/// Wherever a password stands, no view, no diagnostic and no error shows it.
pub fn values(data: &[u8]) {
    match Input::read(data, [PLACES.len(), data_source::PLACES.len()]) {
        Input::Whole(text) => {
            match VirtualClusterConfig::from_yaml(&text) {
                Ok(config) => holds_together(&text, &config),
                Err(error) => {
                    stands_in(&text, &error);
                    assert!(VirtualClusterConfig::inspect(&text).has_errors(), "{error}");
                }
            }
            shown_of(&text);
        }
        Input::Password { place: [place, form], password } => {
            if let Some(text) = with_source(PLACES[place], form, &password) {
                shown_of(&text).holds_no_password();
            }
        }
    }
}

fn holds_together(text: &str, config: &VirtualClusterConfig) {
    means_what_it_is_written_as(config);
    let release = if text.len().is_multiple_of(2) { ChartRelease::OLDEST } else { ChartRelease::LATEST };
    means_what_it_is_written_as(&config.with_defaults(release));

    let redacted = format!("{config:?}");
    assert!(VirtualClusterConfig::from_yaml(&redacted).is_err(), "the redacted form is read back");

    let inspection = VirtualClusterConfig::inspect(text);
    match config.store() {
        Ok(store) => {
            let found = inspection.store().map(|store| store.kind());
            assert_eq!(found, Some(store.kind()), "inspected, it is another store: {text}");
            let change = transition(config, config).map(|change| change.outcome());
            assert_eq!(change, Ok(TransitionOutcome::Same), "{text}");
        }
        Err(error) => {
            stands_in(text, &error);
            assert!(inspection.has_errors(), "{error}");
        }
    }
}

fn means_what_it_is_written_as(config: &VirtualClusterConfig) {
    let written = config.to_yaml_exposing_secrets();
    let written = written.expose_secret();
    let again = VirtualClusterConfig::from_yaml(written)
        .unwrap_or_else(|error| panic!("what was written is not read: {error}\n{written}"));
    assert_eq!(again.to_yaml_exposing_secrets().expose_secret(), written);
    match (config.store(), again.store()) {
        (Ok(one), Ok(other)) => {
            assert_eq!(one.kind(), other.kind(), "{written}");
            assert_eq!(one.data_source(), other.data_source(), "{written}");
        }
        (Err(one), Err(other)) => assert_eq!(one.kind(), other.kind(), "{written}"),
        (one, other) => panic!("{one:?} was written as {other:?}:\n{written}"),
    }
}

fn shown_of(text: &str) -> Shown {
    let mut shown = Shown::default();
    let mut inspection = VirtualClusterConfig::inspect(text);
    // So that each input is quick to look at, some see more than others.
    match text.len() % 4 {
        0 => {
            if let Ok(before) = VirtualClusterConfig::from_yaml("") {
                inspection = inspection.after(&before, EmptyStore::Refused);
                shown.debug("the change", &inspection.transition());
            }
        }
        1 => {
            if let Some(config) = inspection.config() {
                shown.debug("the config with defaults", &config.with_defaults(ChartRelease::LATEST));
            }
        }
        _ => {}
    }
    shown.debug("the inspection", &inspection);
    shown.display("its text", &inspection.to_text("vcluster.yaml"));
    show_diagnostics(inspection.diagnostics(), &mut shown);
    match VirtualClusterConfig::from_yaml(text).and_then(|config| config.store()) {
        Ok(store) => show_store(&store, &mut shown),
        Err(error) => show_error(&error, &mut shown),
    }
    shown
}

fn show_store(store: &Store, shown: &mut Shown) {
    shown.debug("the store", store);
    if let Some(source) = store.data_source() {
        shown.both("its data source", source);
    }
    match KineCommand::for_store(store) {
        Ok(kine) => {
            shown.debug("the kine command", &kine);
            shown.debug("kine's arguments", &kine.arguments());
            shown.debug("kine's environment", &kine.environment());
        }
        Err(error) => show_error(&error, shown),
    }
}
