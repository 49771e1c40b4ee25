//! A password in a values file is never shown, wherever it stands and whatever is wrong with the file.

use backingstore_config::diagnose::{Diagnostic, EmptyStore};
use backingstore_config::model::TlsFiles;
use backingstore_config::{
    ChartRelease, DataSource, KineCommand, PlatformConfig, Store, VirtualClusterConfig, transition,
};
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
        ("postgres://kine:", "@db:5432/kine?sslmode=disable"),
        ("postgres://db/kine?password=", ""),
        ("postgres://kine@db/kine?sslpasword=", "&sslmode=require"),
        ("mysql://kine:", "@tcp(db:3306)/kine"),
        ("mysql://kine:", "@tcp(db:3306)/kine?krb5_keytab=x"),
        ("mysql://kine:", "@db/kine"),
        ("mysql://kine@tcp(db)/kine?connectionAttributes=", ""),
        ("sqlite://state.db?_auth_pass=", "&_journal=WAL"),
        ("https://root:", "@etcd:2379"),
        ("redis://kine:", "@db"),
        ("kine:", "@tcp(db:3306)/kine"),
    ]);
    (form, around, around)
        // A word of letters alone is shown where it stands for a misspelt key, which `{` and `}` around it make it.
        .prop_map(|((before, after), left, right)| format!("{before}{left}{CANARY}!{right}{after}"))
}

/// A text that is a secret by itself: a data source, a password, a key.
fn secret() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => data_source(),
        1 => Just(CANARY.to_owned()),
        1 => Just(format!("-----BEGIN PRIVATE KEY----- {CANARY}")),
        1 => "[a-c@:/?#&=%*!{}\\[\\]'\" -]{0,6}".prop_map(|noise| format!("{noise}{CANARY}")),
    ]
}

/// How YAML can write a text: `@` is the text. Some of them are no YAML for some texts.
fn written(text: &str, style: usize) -> String {
    let indent = " ".repeat(24);
    match style {
        0 => text.to_owned(),
        1 => format!("'{}'", text.replace('\'', "''")),
        2 => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        3 => format!("|\n{indent}{text}"),
        4 => format!(">-\n{indent}{text}"),
        5 => format!("|-\n{indent}first\n{indent}{text}"),
        6 => format!("\"first\n{indent}{}", text.replace(['\\', '"'], "")) + "\"",
        7 => format!("[{text}]"),
        8 => format!("{{{text}}}"),
        9 => format!("&{text}"),
        10 => format!("*{text}"),
        11 => format!("!{text} x"),
        12 => format!("'{text}"),
        13 => format!("# {text}"),
        _ => format!("x # {text}"),
    }
}

const STYLES: [usize; 15] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14];
/// Without an anchor or a tag, which can take half of a data source to itself: the other half can be a name then.
const NAME_STYLES: [usize; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 13, 14];

/// Where a user writes a data source, in its right place or in a wrong one; `@` stands for it.
const DATA_SOURCE_PLACES: &[&str] = &[
    "controlPlane: {backingStore: {database: {external: {enabled: true, dataSource: @}}}}",
    "controlPlane:\n  backingStore:\n    database:\n      external:\n        enabled: true\n        dataSource: @\n        certFile: /x",
    "controlPlane:\n  backingStore:\n    database:\n      external:\n        dataSource: @",
    "controlPlane:\n  backingStore:\n    database:\n      external:\n        enabled: true\n        datasource: @",
    "controlPlane:\n  backingStore:\n    database:\n      external:\n        enabled: true\n        connector: c\n        dataSource: @\n        identityProvider: aws",
    "controlPlane:\n  backingStore:\n    database:\n      external:\n        enabled: true\n        dataSource: @\n        dataSource: @",
    "controlPlane:\n  backingStore:\n    database:\n      external:\n        enabled: true\n        extraArgs:\n          - --endpoint=@",
    "controlPlane:\n  backingStore:\n    database:\n      external:\n        enabled: true\n        extraArgs:\n          - --endpoint\n          - @",
    "controlPlane:\n  backingStore:\n    database:\n      external:\n        enabled: @\n        connector: c",
    "controlPlane:\n  backingStore:\n    database:\n      external: @",
    "controlPlane:\n  backingStore:\n    database: @",
    "controlPlane:\n  backingStore: @",
    "controlPlane:\n  backingStore:\n    database:\n      embedded:\n        enabled: true\n        dataSource: @\n  statefulSet: {highAvailability: {replicas: 3}}",
    "controlPlane:\n  backingStore:\n    database:\n      embedded:\n      dataSource: @",
    "controlPlane:\n  backingStore:\n    etcd:\n      embedded:\n        enabled: true\n        snapshotCount: @",
    "controlPlane:\n  backingStore:\n    database:\n      external:\n        @: true",
    "controlPlane:\n  backingStore:\n    database:\n      external:\n        enabled: true\n        ? @\n        : x",
    "controlPlane:\n  backingStore:\n    database: {}\n  @: 1\n  @: 2",
    "controlPlane:\n  backingStore:\n    etcd:\n      deploy:\n        enabled: true\n        statefulSet:\n          labels:\n            '@': 1",
    "policies:\n  networkPolicy:\n    enabled: true\n    controlPlane:\n      egress:\n        - to: [{ipBlock: {cidr: 10.0.0.0/8, except: ['@']}}]",
];

/// Where a name, a path or a host belongs, and a data source can be by mistake.
const NAME_PLACES: &[&str] = &[
    "controlPlane:\n  backingStore:\n    database:\n      external:\n        enabled: true\n        connector: @",
    "controlPlane:\n  backingStore:\n    database:\n      external:\n        enabled: true\n        dataSource: mysql://u@tcp(h)/d\n        identityProvider: @",
    "controlPlane:\n  backingStore:\n    database:\n      external:\n        enabled: true\n        dataSource: mysql://u@tcp(h)/d\n        keyFile: @",
    "controlPlane:\n  backingStore:\n    etcd:\n      external:\n        enabled: true\n        endpoint: @",
];

const PLATFORM_NAME_PLACES: &[&str] = &["multiRegion:\n  enabled: true\n  host: @"];

/// Where a password by itself can stand. A key is not among them: one that is a plain word is shown.
const SECRET_PLACES: &[&str] = &[
    "controlPlane:\n  backingStore:\n    database:\n      external: @",
    "controlPlane:\n  backingStore:\n    database:\n      external:\n        enabled: true\n        password: @",
    "controlPlane:\n  backingStore:\n    database:\n      external:\n        enabled: true\n        dataSource:\n          password: @\n          uri: x",
    "controlPlane:\n  backingStore:\n    database:\n      external:\n        enabled: true\n        extraArgs: @",
    "controlPlane:\n  backingStore:\n    database:\n      external:\n        enabled: true\n        extraArgs: ['--s3-secret-key', '@']",
    "controlPlane:\n  statefulSet:\n    highAvailability: {replicas: 2}\n    env:\n      - name: PGPASSWORD\n        value: @",
    "controlPlane:\n  statefulSet:\n    highAvailability: {replicas: 2}\n    env:\n      - name: PGPASSWORD\n        valueFrom: @",
    "controlPlane:\n  statefulSet:\n    highAvailability: {replicas: 2}\n    env: @",
    "controlPlane:\n  distro:\n    k8s:\n      version: v1.30.0\n      env:\n        - {name: PGPASSWORD, value: '@'}",
    "controlPlane:\n  backingStore:\n    etcd:\n      deploy:\n        enabled: true\n        service: {annotations: {note: '@'}}\n        statefulSet: {highAvailability: {replicas: 2}}",
    "controlPlane:\n  backingStore:\n    etcd:\n      deploy:\n        enabled: true\n        statefulSet:\n          highAvailability: {replicas: 2}\n          annotations:\n            note: @",
    "controlPlane:\n  backingStore:\n    etcd:\n      deploy:\n        enabled: true\n        statefulSet:\n          extraArgs:\n            - --x=@",
    "policies:\n  networkPolicy:\n    enabled: true\n    labels: @\n    egres: @",
    "anything:\n  password: @\ncontrolPlane: 1",
    "# @\ncontrolPlane:\n  backingStore: # @\n    databse: {} # @",
    "&@ controlPlane: {backingStore: 1}",
    "controlPlane: &@ {backingStore: {databse: *@}}",
    "controlPlane: !@ {backingStore: !@ {databse: !@ x}}",
    "? [@]\n: x",
    "--- @\n--- @",
    "@",
];

/// The platform's places.
const PLATFORM_PLACES: &[&str] = &[
    "admin:\n  password: @\nconfig:\n  costControl: {enabled: true}\n  database: {enabled: true, dataSource: 'mysql://u@tcp(h)/d'}",
    "config:\n  database:\n    enabled: true\n    password: @",
    "env:\n  PGPASSWORD: @\nmultiRegion: {enabled: true}",
    "env: @\nmultiRegion: {enabled: true}",
];

const PLATFORM_DATA_SOURCE_PLACES: &[&str] = &[
    "config:\n  database:\n    enabled: true\n    dataSource: @\n  costControl: {enabled: true}",
    "config:\n  database:\n    dataSource: @",
    "config:\n  database:\n    enabled: true\n    extraArgs:\n      - --endpoint=@",
    "config:\n  database: @",
    "env:\n  '@': 1\nmultiRegion: {enabled: true}",
];

/// A file with a secret at one of its places.
fn file(
    places: &'static [&'static str],
    styles: &'static [usize],
    secret: impl Strategy<Value = String>,
) -> impl Strategy<Value = String> {
    (prop::sample::select(places), secret, prop::sample::select(styles)).prop_map(|(place, secret, style)| {
        // Inside quotes of the place's own there is one style.
        let style = if place.contains("'@'") || place.contains("=@") { 0 } else { style };
        place.replace('@', &written(&secret, style))
    })
}

/// Everything that the crate shows of a values file.
fn shown_of_values(text: &str) -> String {
    let mut shown = String::new();
    let mut show = |what: String| {
        shown.push_str(&what);
        shown.push('\n');
    };
    let before = VirtualClusterConfig::from_yaml("").expect("an empty file is right");
    for inspection in [
        VirtualClusterConfig::inspect(text),
        VirtualClusterConfig::inspect(text).after(&before, EmptyStore::Refused),
        VirtualClusterConfig::inspect(text).after(&before, EmptyStore::Accepted),
    ] {
        show(inspection.to_text("vcluster.yaml"));
        show(of_diagnostics(inspection.diagnostics()));
        show(format!("{inspection:?} {:?} {:?}", inspection.store(), inspection.transition()));
    }
    match VirtualClusterConfig::from_yaml(text) {
        Err(error) => show(format!("{error} {error:?}")),
        Ok(config) => {
            show(format!("{config:?} {:?}", config.with_defaults(ChartRelease::LATEST)));
            match config.store() {
                Ok(store) => show(of_store(&store)),
                Err(error) => show(format!("{error} {error:?}")),
            }
            for (old, new) in [(&before, &config), (&config, &before), (&config, &config)] {
                match transition(old, new) {
                    Ok(change) => show(format!("{change:?} {}", change.reason())),
                    Err(error) => show(format!("{error} {error:?}")),
                }
            }
        }
    }
    shown
}

fn of_diagnostics(diagnostics: &[Diagnostic]) -> String {
    let json = serde_json::to_string_pretty(diagnostics).expect("it is plain data");
    let each: String = diagnostics.iter().map(|found| format!("{found} {found:?}")).collect();
    format!("{json} {each}")
}

fn of_store(store: &Store) -> String {
    let data_source = store.data_source().map(ToString::to_string);
    let view = store.data_source().map(|source| {
        let view = source.as_kine_reads(&TlsFiles::default());
        format!("{view} {view:?}")
    });
    let kine = KineCommand::for_store(store);
    let arguments = kine.as_ref().map(KineCommand::arguments);
    format!("{store:?} {data_source:?} {view:?} {kine:?} {arguments:?}")
}

fn shown_of_platform(text: &str) -> String {
    let before = PlatformConfig::from_yaml("").expect("an empty file is right");
    let mut shown = String::new();
    for inspection in [PlatformConfig::inspect(text), PlatformConfig::inspect(text).after(&before)] {
        shown.push_str(&inspection.to_text("values.yaml"));
        shown.push_str(&of_diagnostics(inspection.diagnostics()));
        shown.push_str(&format!("{inspection:?} {:?}", inspection.config()));
    }
    match PlatformConfig::from_yaml(text).map(|config| config.data_source()) {
        Ok(Ok(source)) => shown.push_str(&format!("{source:?}")),
        Ok(Err(error)) | Err(error) => shown.push_str(&format!("{error} {error:?}")),
    }
    shown
}

fn shown_of_data_source(text: &str) -> String {
    let inspection = DataSource::inspect(text);
    let view = inspection.source().map(|source| source.as_kine_reads(&TlsFiles::default()));
    format!("{inspection:?} {} {view:?}", of_diagnostics(inspection.diagnostics()))
}

/// Runs a property for this many texts.
fn holds(
    name: &'static str,
    cases: u32,
    texts: impl Strategy<Value = String> + Send + 'static,
    shown: fn(&str) -> String,
) -> Trial {
    testbed::trial(name, &[], move || {
        let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) };
        let run = TestRunner::new(config).run(&texts, |text| {
            let shown = shown(&text);
            let line = shown.lines().find(|line| line.contains(CANARY));
            prop_assert!(line.is_none(), "of\n{}\nis shown\n{}", text, line.unwrap_or_default());
            Ok(())
        });
        Ok(run?)
    })
}

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        holds(
            "no_password_of_a_data_source_in_a_values_file_is_ever_shown",
            1_000,
            file(DATA_SOURCE_PLACES, &STYLES, data_source()),
            shown_of_values,
        ),
        holds(
            "no_data_source_in_the_place_of_a_name_is_ever_shown",
            500,
            file(NAME_PLACES, &NAME_STYLES, data_source()),
            shown_of_values,
        ),
        holds(
            "no_data_source_in_the_place_of_a_name_of_the_platform_is_ever_shown",
            500,
            file(PLATFORM_NAME_PLACES, &NAME_STYLES, data_source()),
            shown_of_platform,
        ),
        holds(
            "no_secret_anywhere_in_a_values_file_is_ever_shown",
            1_000,
            file(SECRET_PLACES, &STYLES, secret()),
            shown_of_values,
        ),
        holds(
            "no_password_of_the_platforms_data_source_is_ever_shown",
            500,
            file(PLATFORM_DATA_SOURCE_PLACES, &STYLES, data_source()),
            shown_of_platform,
        ),
        holds(
            "no_secret_anywhere_in_the_platforms_values_is_ever_shown",
            500,
            file(PLATFORM_PLACES, &STYLES, secret()),
            shown_of_platform,
        ),
        holds(
            "no_password_of_a_data_source_by_itself_is_ever_shown",
            2_000,
            data_source(),
            shown_of_data_source,
        ),
        testbed::trial("every_place_is_read_as_its_own_file", &[], || {
            every_place_is_read_as_its_own_file();
            Ok(())
        }),
    ]
}

/// The places are right themselves: with a harmless text at them, each is YAML.
fn every_place_is_read_as_its_own_file() {
    let plain =
        |place: &&&str| place.replace("&@ ", "").replace("!@ ", "").replace("*@", "x").replace('@', "x");
    for place in DATA_SOURCE_PLACES.iter().chain(NAME_PLACES).chain(SECRET_PLACES) {
        let text = plain(&place);
        let inspection = VirtualClusterConfig::inspect(&text);
        let is_document = inspection.config().is_some();
        assert!(is_document || ["? [x]\n: x", "--- x\n--- x", "x"].contains(&text.as_str()), "{text}");
    }
    for place in PLATFORM_PLACES.iter().chain(PLATFORM_DATA_SOURCE_PLACES).chain(PLATFORM_NAME_PLACES) {
        let text = plain(&place);
        assert!(PlatformConfig::inspect(&text).config().is_some(), "{text}");
    }
}
