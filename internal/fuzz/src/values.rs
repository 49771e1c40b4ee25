//! `VirtualClusterConfig`, the store that it means, and its defaults.

use backingstore_config::{ChartRelease, ConfigError, KineCommand, VirtualClusterConfig};
use secrecy::ExposeSecret;

use crate::data_source;
use crate::input::Input;
use crate::shown::Shown;

/// Values files with a data source for the `@`. Those that end in ` ` hold it as it is, where that breaks the YAML too;
/// all others as a quoted text.
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
];

/// A values file that is read is written as one that means the same, with defaults and without. Wherever a password
/// stands, no view and no error shows it.
pub fn values(data: &[u8]) {
    match Input::read(data, [PLACES.len(), data_source::PLACES.len()]) {
        Input::Whole(text) => match VirtualClusterConfig::from_yaml(&text) {
            Ok(config) => holds_together(&text, &config),
            Err(error) => stands_in(&text, &error),
        },
        Input::Password { place: [place, form], password } => {
            let (before, after) = data_source::PLACES[form];
            let text = with_source(PLACES[place], &format!("{before}{password}{after}"));
            shown_of(&text).holds_no_password();
        }
    }
}

fn with_source(place: &str, source: &str) -> String {
    match place.strip_suffix(' ') {
        None => {
            // Quoted as JSON, a text is YAML whatever it holds.
            place.replace('@', &serde_json::Value::from(source).to_string())
        }
        Some(place) => {
            // With these it could make a key of its own, such as `connector`, whose value is a name and is shown.
            let kept = |c: &char| {
                !matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' | ',' | '"' | '\'')
            };
            place.replace('@', &source.chars().filter(kept).collect::<String>())
        }
    }
}

/// Every fault has a place in the file, if it has one at all.
fn stands_in(text: &str, error: &ConfigError) {
    let lines = text.split(['\n', '\r']).count();
    for fault in [error].into_iter().chain(error.others()) {
        if let Some(place) = fault.place() {
            assert!((1..=lines + 1).contains(&place.line) && place.column >= 1, "{fault} is not in {text:?}");
        }
    }
}

fn holds_together(text: &str, config: &VirtualClusterConfig) {
    means_what_it_is_written_as(config);
    let release = if text.len().is_multiple_of(2) { ChartRelease::OLDEST } else { ChartRelease::LATEST };
    means_what_it_is_written_as(&config.with_defaults(release));
    let redacted = format!("{config:?}");
    assert!(VirtualClusterConfig::from_yaml(&redacted).is_err(), "the redacted form is read back");
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
    match VirtualClusterConfig::from_yaml(text) {
        Ok(config) if made_a_parameter(&config) => {}
        Ok(config) => {
            shown_of_config(&config, &mut shown);
            shown_of_config(&config.with_defaults(ChartRelease::LATEST), &mut shown);
        }
        Err(error) => {
            shown.both("the error", &error);
            for error in error.others() {
                shown.both("another error", error);
            }
        }
    }
    shown
}

fn made_a_parameter(config: &VirtualClusterConfig) -> bool {
    config.store().is_ok_and(|store| store.data_source().is_some_and(data_source::made_a_parameter))
}

fn shown_of_config(config: &VirtualClusterConfig, shown: &mut Shown) {
    shown.debug("the config", config);
    shown.debug("the control plane", config.control_plane());
    shown.debug("the network policy", config.network_policy());
    match config.store() {
        Ok(store) => {
            shown.debug("the store", &store);
            if let Some(source) = store.data_source() {
                shown.both("its data source", source);
            }
            match KineCommand::for_store(&store) {
                Ok(kine) => {
                    shown.debug("the kine command", &kine);
                    shown.debug("kine's arguments", &kine.arguments());
                    shown.debug("kine's environment", &kine.environment());
                }
                Err(error) => shown.both("the kine command's error", &error),
            }
        }
        Err(error) => {
            shown.both("the store's error", &error);
            for error in error.others() {
                shown.both("another error of the store", error);
            }
        }
    }
}
