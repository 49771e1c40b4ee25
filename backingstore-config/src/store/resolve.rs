//! From what is written to the one store that it means.

use secrecy::ExposeSecret;

use super::{
    DEFAULT_EMBEDDED_DATA_SOURCE, DeployedEtcd, EmbeddedDatabase, EmbeddedEtcd, ExternalDatabase,
    ExternalEtcd, Store, StoreKind,
};
use crate::data_source::DataSource;
use crate::error::{ConfigError, ConfigErrorKind, Place};
use crate::kine_flags::endpoint_among;
use crate::model::{BackingStore, DatabaseKine, EtcdEmbedded, EtcdExternal, ExternalDatabaseKine};

pub(crate) const EMBEDDED_DATABASE: &str = "controlPlane.backingStore.database.embedded";
pub(crate) const EXTERNAL_DATABASE: &str = "controlPlane.backingStore.database.external";
pub(crate) const EMBEDDED_ETCD: &str = "controlPlane.backingStore.etcd.embedded";
pub(crate) const DEPLOYED_ETCD: &str = "controlPlane.backingStore.etcd.deploy";
pub(crate) const EXTERNAL_ETCD: &str = "controlPlane.backingStore.etcd.external";

/// What the search for the one store came to.
pub(crate) struct Resolution {
    /// Which store it is. None where several are enabled, or one is only described.
    pub(crate) kind: Option<StoreKind>,
    /// The store. None where it lacks what it needs too.
    pub(crate) store: Option<Store>,
    /// Why there is none. A fault's subject is the path of the key.
    pub(crate) faults: Vec<ConfigError>,
}

impl Resolution {
    fn failed(kind: Option<StoreKind>, faults: Vec<ConfigError>) -> Self {
        Self { kind, store: None, faults }
    }

    fn of(kind: StoreKind, store: Result<Store, ConfigError>) -> Self {
        match store {
            Ok(store) => Self { kind: Some(kind), store: Some(store), faults: Vec::new() },
            Err(fault) => Self::failed(Some(kind), vec![fault]),
        }
    }

    /// Places the faults, and puts them in the order of the file.
    pub(crate) fn place_faults(&mut self, place_of: impl Fn(&str) -> Option<Place>) {
        let faults = std::mem::take(&mut self.faults).into_iter();
        self.faults = faults.map(|fault| fault.clone().at(place_of(fault.subject()))).collect();
        self.faults.sort_by_key(ConfigError::place);
    }
}

/// Finds the one store. A data source that is given takes the place of the external database's own.
pub(crate) fn resolve(written: &BackingStore, given: Option<&DataSource>) -> Resolution {
    let database = &written.database;
    let etcd = &written.etcd;
    let enabled: Vec<_> = [
        (database.embedded.enabled, StoreKind::EmbeddedDatabase, EMBEDDED_DATABASE),
        (database.external.kine.enabled, StoreKind::ExternalDatabase, EXTERNAL_DATABASE),
        (etcd.embedded.enabled, StoreKind::EmbeddedEtcd, EMBEDDED_ETCD),
        (etcd.deploy.enabled, StoreKind::DeployedEtcd, DEPLOYED_ETCD),
        (etcd.external.enabled, StoreKind::ExternalEtcd, EXTERNAL_ETCD),
    ]
    .into_iter()
    .filter_map(|(enabled, kind, path)| enabled.then_some((kind, path)))
    .collect();

    let kind = match enabled.as_slice() {
        [] => {
            let faults = described_only(written);
            if !faults.is_empty() {
                return Resolution::failed(None, faults);
            }
            StoreKind::EmbeddedDatabase
        }
        [(kind, _)] => *kind,
        [.., (_, last)] => return Resolution::failed(None, vec![several(&enabled, last)]),
    };
    let store = match kind {
        StoreKind::EmbeddedDatabase => embedded_database(&database.embedded),
        StoreKind::ExternalDatabase => external_database(&database.external, given),
        StoreKind::EmbeddedEtcd => Ok(embedded_etcd(&etcd.embedded)),
        StoreKind::DeployedEtcd => {
            Ok(Store::DeployedEtcd(DeployedEtcd { deploy: Box::new(etcd.deploy.clone()) }))
        }
        StoreKind::ExternalEtcd => external_etcd(&etcd.external),
    };
    Resolution::of(kind, store)
}

fn several(enabled: &[(StoreKind, &'static str)], last: &'static str) -> ConfigError {
    let names: Vec<_> = enabled.iter().map(|(kind, path)| format!("{kind} (`{path}`)")).collect();
    ConfigError::new(
        ConfigErrorKind::SeveralStores,
        format!("{last}.enabled"),
        format!("{} stores are enabled: {}", enabled.len(), names.join(" and ")),
        "keep `enabled: true` on one of them and set it to false on the others",
    )
}

/// With nothing enabled vCluster starts on an empty SQLite file, whatever else is written. For an upgraded
/// cluster that looks as if all its data were gone (loft-sh/vcluster#2794).
fn described_only(written: &BackingStore) -> Vec<ConfigError> {
    let external = &written.database.external;
    let described = [
        (external.connector.is_some(), EXTERNAL_DATABASE, "connector"),
        (external.kine.data_source.is_some(), EXTERNAL_DATABASE, "dataSource"),
        (endpoint_among(&external.kine.extra_args).is_some(), EXTERNAL_DATABASE, "extraArgs"),
        (written.etcd.external.endpoint.is_some(), EXTERNAL_ETCD, "endpoint"),
    ];
    let described = described.into_iter().filter(|(is_set, ..)| *is_set);
    let mut faults: Vec<_> = described.map(|(_, section, key)| not_enabled(section, key)).collect();
    // It would be the next fault.
    faults.extend(data_source(&external.kine, EXTERNAL_DATABASE).err());
    faults
}

fn not_enabled(section: &str, key: &str) -> ConfigError {
    let what = if key == "extraArgs" { "an `--endpoint` among `extraArgs`" } else { &format!("`{key}`") };
    ConfigError::new(
        ConfigErrorKind::NotEnabled,
        format!("{section}.{key}"),
        format!(
            "{what} is set, but the store is not enabled, so the control plane would start on an empty SQLite file"
        ),
        format!("set `{section}.enabled` to true, or remove {what}"),
    )
}

pub(crate) fn embedded_database(written: &DatabaseKine) -> Result<Store, ConfigError> {
    let data_source = match data_source(written, EMBEDDED_DATABASE)? {
        Some(data_source) => data_source,
        None => DataSource::parse(DEFAULT_EMBEDDED_DATA_SOURCE)?,
    };
    Ok(Store::EmbeddedDatabase(EmbeddedDatabase {
        data_source,
        tls: written.tls.clone(),
        extra_args: written.extra_args.clone(),
    }))
}

fn external_database(
    written: &ExternalDatabaseKine,
    given: Option<&DataSource>,
) -> Result<Store, ConfigError> {
    let data_source = match given {
        Some(given) => Some(given.clone()),
        None => data_source(&written.kine, EXTERNAL_DATABASE)?,
    };
    if data_source.is_none() && written.connector.is_none() {
        return Err(ConfigError::new(
            ConfigErrorKind::MissingSetting,
            EXTERNAL_DATABASE,
            "it is enabled, and neither `dataSource` nor `connector` says where the database is",
            "set `dataSource` to `postgres://USER:PASSWORD@HOST:5432/DATABASE` or `mysql://USER:PASSWORD@tcp(HOST:3306)/DATABASE`, \
             or `connector` to the name of a connector",
        ));
    }
    Ok(Store::ExternalDatabase(ExternalDatabase {
        data_source,
        connector: written.connector.clone(),
        identity_provider: written.kine.identity_provider.clone(),
        tls: written.kine.tls.clone(),
        extra_args: written.kine.extra_args.clone(),
    }))
}

/// What kine will connect to: the data source, or an `--endpoint` among the extra arguments, which takes its
/// place.
fn data_source(written: &DatabaseKine, section: &str) -> Result<Option<DataSource>, ConfigError> {
    let parse = |text: &str, key: &str| {
        DataSource::parse(text).map_err(|error| error.about(format!("{section}.{key}")))
    };
    if let Some(endpoint) = endpoint_among(&written.extra_args) {
        return parse(endpoint, "extraArgs").map(Some);
    }
    written.data_source.as_ref().map(|text| parse(text.expose_secret(), "dataSource")).transpose()
}

fn embedded_etcd(written: &EtcdEmbedded) -> Store {
    Store::EmbeddedEtcd(EmbeddedEtcd {
        migrate_from_deployed_etcd: written.migrate_from_deployed_etcd,
        snapshot_count: written.snapshot_count,
        extra_args: written.extra_args.clone(),
    })
}

fn external_etcd(written: &EtcdExternal) -> Result<Store, ConfigError> {
    let path = format!("{EXTERNAL_ETCD}.endpoint");
    let Some(endpoint) = written.endpoint.as_ref().map(ExposeSecret::expose_secret) else {
        return Err(ConfigError::new(
            ConfigErrorKind::MissingSetting,
            EXTERNAL_ETCD,
            "it is enabled, and no `endpoint` says where it is",
            "set `endpoint` to `HOST:2379`",
        ));
    };
    let refuse =
        |problem, help| Err(ConfigError::new(ConfigErrorKind::InvalidEndpoint, path.clone(), problem, help));
    if endpoint.contains(',') {
        return refuse(
            "several endpoints, of which vCluster puts `https://` before the first alone",
            "write one `HOST:2379`, the name of a Service or a load balancer in front of all members",
        );
    }
    // vCluster takes one `https://` off and puts one on.
    let rest = endpoint.strip_prefix("https://").unwrap_or(endpoint);
    if rest.contains("://") {
        return refuse(
            "a scheme other than `https://`, before which vCluster would put another `https://`",
            "write `HOST:2379`; the etcd must serve TLS",
        );
    }
    match DataSource::parse(&format!("https://{rest}")) {
        Ok(DataSource::Etcd(endpoints)) => {
            Ok(Store::ExternalEtcd(ExternalEtcd { endpoints, tls: written.tls.clone() }))
        }
        Ok(_) => unreachable!("`https://` is a scheme of etcd"),
        Err(error) => {
            let (problem, help) = (error.problem().to_owned(), error.help().to_owned());
            Err(ConfigError::new(ConfigErrorKind::InvalidEndpoint, path, problem, help))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Engine, Place, VirtualClusterConfig};

    /// The store of these lines below `controlPlane.backingStore`; the first of them is line 3.
    fn store(lines: &str) -> Result<Store, ConfigError> {
        let mut text = String::from("controlPlane:\n  backingStore:\n");
        for line in lines.lines() {
            text.push_str(&format!("    {line}\n"));
        }
        VirtualClusterConfig::from_yaml(&text).expect("the file is well formed").store()
    }

    fn refusal(lines: &str) -> (ConfigErrorKind, Option<(usize, usize)>, String) {
        let error = store(lines).unwrap_err();
        let place = error.place().map(|Place { line, column }| (line, column));
        (error.kind(), place, error.to_string())
    }

    #[test]
    fn nothing_written_means_vclusters_embedded_database() {
        for text in ["", "controlPlane:\n", "controlPlane:\n  backingStore: {}\n", "sync: {}\n"] {
            let store = VirtualClusterConfig::from_yaml(text).unwrap().store().unwrap();
            assert_eq!(store.kind().as_str(), "embedded-database");
            let exposed = store.data_source().unwrap().expose();
            assert_eq!(exposed.expose_secret(), DEFAULT_EMBEDDED_DATA_SOURCE);
        }
    }

    #[test]
    fn each_store_is_found_by_its_flag() {
        for (lines, kind) in [
            ("database: {embedded: {enabled: true}}", "embedded-database"),
            ("database: {external: {enabled: true, connector: shared}}", "external-database"),
            ("etcd: {embedded: {enabled: true}}", "embedded-etcd"),
            ("etcd: {deploy: {enabled: true}}", "deployed-etcd"),
            ("etcd: {external: {enabled: true, endpoint: 'etcd:2379'}}", "external-etcd"),
        ] {
            assert_eq!(store(lines).unwrap().kind().as_str(), kind);
        }
    }

    #[test]
    fn an_external_database_keeps_all_its_settings() {
        let store = store(
            "database:\n  external:\n    enabled: true\n    dataSource: postgres://kine:CANARY@db:5432/kine\n    identityProvider: aws\n    \
             caFile: /ca\n    certFile: /cert\n    keyFile: /key\n    extraArgs: [--debug]",
        )
        .unwrap();
        assert!(!format!("{store:?}").contains("CANARY"));
        let Store::ExternalDatabase(database) = store else { panic!("{store:?}") };
        assert_eq!(database.data_source.unwrap().engine(), Engine::Postgres);
        assert_eq!(database.identity_provider.as_deref(), Some("aws"));
        assert_eq!(database.tls.ca_file.as_deref(), Some("/ca"));
        assert_eq!(database.tls.cert_file.as_deref(), Some("/cert"));
        assert_eq!(database.tls.key_file.as_deref(), Some("/key"));
        assert_eq!(database.extra_args[0].expose_secret(), "--debug");
        assert_eq!(database.connector, None);
    }

    #[test]
    fn an_embedded_database_keeps_the_data_source_of_another_engine() {
        let store = store("database: {embedded: {dataSource: 'mysql://u:p@tcp(db)/kine'}}").unwrap();
        assert_eq!(store.kind(), StoreKind::EmbeddedDatabase);
        assert_eq!(store.data_source().unwrap().engine(), Engine::Mysql);
    }

    #[test]
    fn an_endpoint_among_the_extra_arguments_takes_the_data_sources_place() {
        for args in [
            "['--endpoint=sqlite://x.db']",
            "[--debug, --endpoint, 'sqlite://x.db']",
            "['-endpoint=sqlite://x.db']",
        ] {
            let store =
                store(&format!("database: {{embedded: {{enabled: true, extraArgs: {args}}}}}")).unwrap();
            assert_eq!(store.data_source().unwrap().to_string(), "sqlite://x.db", "{args}");
        }
    }

    #[test]
    fn several_stores_are_refused_with_both_names_and_paths() {
        let (kind, place, message) = refusal(
            "database:\n  external:\n    enabled: true\n    connector: c\netcd:\n  deploy:\n    enabled: true",
        );
        assert_eq!(kind, ConfigErrorKind::SeveralStores);
        assert_eq!(place, Some((9, 18)));
        for part in [
            "external-database",
            "controlPlane.backingStore.database.external",
            "deployed-etcd",
            "controlPlane.backingStore.etcd.deploy",
        ] {
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn every_pair_of_stores_is_refused() {
        let paths =
            ["database.embedded", "database.external", "etcd.embedded", "etcd.deploy", "etcd.external"];
        let lines = |path: &str| {
            let (group, name) = path.split_once('.').unwrap();
            (group.to_owned(), format!("{name}: {{enabled: true}}"))
        };
        for (index, one) in paths.iter().enumerate() {
            for other in &paths[index + 1..] {
                let ((group, first), (other_group, second)) = (lines(one), lines(other));
                let text = if group == other_group {
                    format!("{group}: {{{first}, {second}}}")
                } else {
                    format!("{group}: {{{first}}}\n{other_group}: {{{second}}}")
                };
                let (kind, _, message) = refusal(&text);
                assert_eq!(kind, ConfigErrorKind::SeveralStores);
                assert!(message.contains(one) && message.contains(other), "{message}");
            }
        }
    }

    /// loft-sh/vcluster#2794: the cluster came up empty after an upgrade.
    #[test]
    fn a_described_store_that_is_not_enabled_is_refused_instead_of_sqlite() {
        let not_enabled = ConfigErrorKind::NotEnabled;
        let (kind, place, message) = refusal("database:\n  external:\n    connector: shared");
        assert_eq!((kind, place), (not_enabled, Some((5, 20))));
        assert!(message.contains("controlPlane.backingStore.database.external.enabled"), "{message}");
        let (kind, place, _) =
            refusal("database:\n  external:\n    dataSource: mysql://u@tcp(h)/d\n    enabled: false");
        assert_eq!((kind, place), (not_enabled, Some((5, 21))));
        assert_eq!(refusal("etcd: {external: {endpoint: 'h:2379'}}").0, not_enabled);
        // Whoever enables another store has chosen.
        assert!(store("database: {embedded: {enabled: true}, external: {connector: shared}}").is_ok());
    }

    #[test]
    fn an_external_store_without_its_place_is_refused() {
        let missing = ConfigErrorKind::MissingSetting;
        let (kind, place, message) = refusal("database:\n  external:\n    enabled: true\n    dataSource: ''");
        assert_eq!((kind, place), (missing, Some((4, 7))));
        assert!(message.contains("`dataSource`") && message.contains("`connector`"), "{message}");
        assert_eq!(refusal("etcd: {external: {enabled: true}}").0, missing);
    }

    #[test]
    fn a_wrong_data_source_is_refused_at_its_place_without_its_text() {
        let (kind, place, message) =
            refusal("database:\n  external:\n    enabled: true\n    dataSource: redis://u:CANARY@h/d");
        assert_eq!((kind, place), (ConfigErrorKind::UnknownScheme, Some((6, 21))));
        assert!(
            message
                .starts_with("controlPlane.backingStore.database.external.dataSource (line 6, column 21):")
        );
        assert!(!message.contains("CANARY"));
        let (kind, place, message) =
            refusal("database:\n  embedded:\n    extraArgs:\n    - --endpoint=nats://u:CANARY@h");
        assert_eq!((kind, place), (ConfigErrorKind::UnsupportedScheme, Some((5, 9))));
        assert!(!message.contains("CANARY"));
    }

    #[test]
    fn an_external_etcd_gets_https_as_vcluster_adds_it() {
        for endpoint in ["etcd.example:2379", "https://etcd.example:2379"] {
            let store =
                store(&format!("etcd: {{external: {{enabled: true, endpoint: '{endpoint}'}}}}")).unwrap();
            let Store::ExternalEtcd(etcd) = store else { panic!("{store:?}") };
            assert_eq!(etcd.endpoints.to_string(), "https://etcd.example:2379");
        }
        for endpoint in ["http://etcd:2379", "a:2379,b:2379"] {
            let (kind, _, _) =
                refusal(&format!("etcd: {{external: {{enabled: true, endpoint: '{endpoint}'}}}}"));
            assert_eq!(kind, ConfigErrorKind::InvalidEndpoint);
        }
        let (_, _, error) = refusal("etcd: {external: {enabled: true, endpoint: etcd.example}}");
        assert!(error.contains("no port in an etcd endpoint"), "{error}");
    }

    #[test]
    fn an_embedded_etcd_keeps_its_settings() {
        let store =
            store("etcd: {embedded: {enabled: true, migrateFromDeployedEtcd: true, snapshotCount: 5000}}")
                .unwrap();
        let Store::EmbeddedEtcd(etcd) = store else { panic!("{store:?}") };
        assert!(etcd.migrate_from_deployed_etcd);
        assert_eq!(etcd.snapshot_count, Some(5000));
    }
}
