//! A password in a values file is never shown, wherever it stands and whatever is wrong with the file.

use backingstore_config::{KineCommand, VirtualClusterConfig};
use libtest_mimic::Trial;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// Looks like nothing that a message has of its own.
const CANARY: &str = "CANARYx7Qz";

/// A data source with the canary for its password, right and wrong ones.
fn data_source() -> impl Strategy<Value = String> {
    let around = "[a-c@:/?#&=%*!{}\\[\\]'\" -]{0,6}";
    let form = prop::sample::select(vec![
        ("postgres://kine:", "@db:5432/kine"),
        ("postgres://db/kine?password=", ""),
        ("mysql://kine:", "@tcp(db:3306)/kine"),
        ("mysql://kine:", "@db/kine"),
        ("sqlite://state.db?_auth_pass=", "&_journal=WAL"),
        ("redis://kine:", "@db"),
        ("", ""),
    ]);
    (form, around, around)
        .prop_map(|((before, after), left, right)| format!("{before}{left}{CANARY}{right}{after}"))
}

/// Lines below `controlPlane.backingStore.database` with that text where a user could write it, quoted or
/// not.
fn lines() -> impl Strategy<Value = String> {
    let quotes = prop::sample::select(vec!["", "'", "\"", "&", "*", "|\n            ", "["]);
    let template = prop::sample::select(vec![
        "external: {enabled: true, dataSource: @}",
        "external:\n        enabled: true\n        dataSource: @",
        "external:\n        dataSource: @",
        "external:\n        enabled: true\n        extraArgs:\n        - --endpoint=@",
        "external:\n        enabled: true\n        connector: c\n        extraArgs: ['--endpoint', @]",
        "external:\n        enabled: @",
        "external: @",
        "embedded:\n        dataSource: @",
        "embedded:\n        dataSource: @\n        dataSource: @",
        "embedded:\n        dataSource:\n          - @",
        "embedded:\n        extraArgs: @",
        "embedded:\n      dataSource: @",
    ]);
    (quotes, template, data_source()).prop_map(|(quote, template, text)| {
        let close = if matches!(quote, "'" | "\"") { quote } else { "" };
        template.replace('@', &format!("{quote}{text}{close}"))
    })
}

/// Everything that the crate shows of a file.
fn all_that_is_shown(text: &str) -> String {
    let config = match VirtualClusterConfig::from_yaml(text) {
        Ok(config) => config,
        Err(error) => return format!("{error} {error:?}"),
    };
    match config.store() {
        Ok(store) => {
            let data_source = store.data_source().map(ToString::to_string);
            let kine = KineCommand::for_store(&store);
            let arguments = kine.as_ref().map(KineCommand::arguments);
            format!("{config:?} {store:?} {data_source:?} {kine:?} {arguments:?}")
        }
        Err(error) => format!("{config:?} {error} {error:?}"),
    }
}

pub(crate) fn trials() -> Vec<Trial> {
    vec![testbed::trial("no_password_of_a_values_file_is_ever_shown", &[], || {
        let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) };
        let run = TestRunner::new(config).run(&lines(), |lines| {
            let text = format!("controlPlane:\n  backingStore:\n    database:\n      {lines}\n");
            let shown = all_that_is_shown(&text);
            prop_assert!(!shown.contains(CANARY), "{}", shown);
            Ok(())
        });
        Ok(run?)
    })]
}
