//! `PlatformConfig`.

use backingstore_config::PlatformConfig;
use secrecy::ExposeSecret;

use crate::data_source;
use crate::input::Input;
use crate::shown::Shown;
use crate::yaml::{show_diagnostics, show_error, stands_in, with_source};

/// Values files for [`with_source`].
const PLACES: &[&str] = &[
    "config: {database: {enabled: true, dataSource: @}}",
    "config: {database: {enabled: true, extraArgs: [--endpoint, @]}}",
    "config: {database: {dataSource: @, extraArgs: @}, costControl: @}",
    "config: {database: {enabled: true, connector: @}}",
    "env: {PGPASSWORD: @}\nreplicaCount: @",
    "config: {database: {enabled: true, dataSource: @, identityProvider: aws}, costControl: {enabled: true}}\nreplicaCount: 3",
    "config:\n  database:\n    enabled: true\n    dataSource: @ ",
    "config:\n  database: @ ",
    "env: @ ",
];

/// As for the values of a virtual cluster.
pub fn platform_values(data: &[u8]) {
    match Input::read(data, [PLACES.len(), data_source::PLACES.len()]) {
        Input::Whole(text) => {
            match PlatformConfig::from_yaml(&text) {
                Ok(config) => holds_together(&text, &config),
                Err(error) => {
                    stands_in(&text, &error);
                    assert!(PlatformConfig::inspect(&text).has_errors(), "{error}");
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

fn holds_together(text: &str, config: &PlatformConfig) {
    let written = config.to_yaml_exposing_secrets();
    let written = written.expose_secret();
    let again = PlatformConfig::from_yaml(written)
        .unwrap_or_else(|error| panic!("what was written is not read: {error}\n{written}"));
    assert_eq!(again.to_yaml_exposing_secrets().expose_secret(), written);
    let redacted = format!("{config:?}");
    assert!(PlatformConfig::from_yaml(&redacted).is_err(), "the redacted form is read back");
    match (config.data_source(), again.data_source()) {
        (Ok(one), Ok(other)) => assert_eq!(one, other, "{written}"),
        (Err(one), Err(other)) => {
            stands_in(text, &one);
            assert_eq!(one.kind(), other.kind(), "{written}");
            assert!(PlatformConfig::inspect(text).has_errors(), "{one}");
        }
        (one, other) => panic!("{one:?} was written as {other:?}:\n{written}"),
    }
}

fn shown_of(text: &str) -> Shown {
    let mut shown = Shown::default();
    let inspection = PlatformConfig::inspect(text);
    shown.debug("the inspection", &inspection);
    shown.display("its text", &inspection.to_text("values.yaml"));
    show_diagnostics(inspection.diagnostics(), &mut shown);
    if let Ok(before) = PlatformConfig::from_yaml("") {
        show_diagnostics(inspection.after(&before).diagnostics(), &mut shown);
    }
    match PlatformConfig::from_yaml(text) {
        Ok(config) => {
            shown.debug("the values", &config);
            shown.debug("what is modelled", config.values());
            match config.data_source() {
                Ok(source) => shown.debug("the data source", &source),
                Err(error) => show_error(&error, &mut shown),
            }
        }
        Err(error) => show_error(&error, &mut shown),
    }
    shown
}
