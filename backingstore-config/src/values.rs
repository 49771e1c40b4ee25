//! The whole file: a vcluster.yaml, or the values of the vCluster chart, which are the same.

use std::fmt;

use secrecy::SecretString;

use crate::data_source::DataSource;
use crate::error::{ConfigError, Place};
use crate::model::{BackingStore, ChartRelease, ControlPlane, NetworkPolicy, Policies, defaults};
use crate::reading::{Field, Findings, Remark, Spot, document, section};
use crate::store::{self, Store};
use crate::yaml::Node;

section! {
    /// The keys that are modelled.
    tolerant Modelled {
        /// `controlPlane`.
        "controlPlane" control_plane: ControlPlane,
        /// `policies`.
        "policies" policies: Policies,
    }
}

/// Keys that a reader puts too high, and where they belong. What nothing reads leaves the control plane on SQLite.
const MISPLACED_AT_THE_TOP: &[(&str, &str)] = &[
    ("backingStore", "controlPlane.backingStore"),
    ("database", "controlPlane.backingStore.database"),
    ("etcd", "controlPlane.backingStore.etcd"),
    ("distro", "controlPlane.distro"),
    ("statefulSet", "controlPlane.statefulSet"),
    ("highAvailability", "controlPlane.statefulSet.highAvailability"),
    ("networkPolicy", "policies.networkPolicy"),
];
const MISPLACED_IN_THE_CONTROL_PLANE: &[(&str, &str)] = &[
    ("database", "controlPlane.backingStore.database"),
    ("etcd", "controlPlane.backingStore.etcd"),
    ("highAvailability", "controlPlane.statefulSet.highAvailability"),
    ("networkPolicy", "policies.networkPolicy"),
];

/// A vcluster.yaml, or the values of the vCluster chart, which are the same.
///
/// `Debug` shows no text that can be a secret. There is no `Serialize`;
/// [`to_yaml_exposing_secrets`](Self::to_yaml_exposing_secrets) writes it.
#[derive(Clone)]
pub struct VirtualClusterConfig {
    tree: Node,
    modelled: Modelled,
    given: Option<DataSource>,
    remarks: Vec<Remark>,
}

impl VirtualClusterConfig {
    /// Reads a YAML file's text.
    ///
    /// Below `controlPlane.backingStore` and `policies.networkPolicy` every key must be known. Elsewhere what is not
    /// modelled is not looked at, and is kept. [`inspect`](Self::inspect) does more: it applies the rules, and
    /// gives back what could be read of a faulty file.
    ///
    /// # Errors
    ///
    /// The fault that stands first in the file, with the [others](ConfigError::others) behind it:
    /// [`InvalidYaml`](crate::ConfigErrorKind::InvalidYaml) with line and column,
    /// [`UnknownKey`](crate::ConfigErrorKind::UnknownKey) with the nearest known key, or
    /// [`WrongType`](crate::ConfigErrorKind::WrongType).
    pub fn from_yaml(text: &str) -> Result<Self, ConfigError> {
        let (config, faults) = Self::read(text)?;
        ConfigError::first_of(faults).map_or(Ok(config), Err)
    }

    /// What could be read, and what could not. An error is a text that is no YAML.
    pub(crate) fn read(text: &str) -> Result<(Self, Vec<ConfigError>), ConfigError> {
        let (tree, mut faults) = Node::read(text)?;
        let (config, found) = Self::of_tree(tree);
        faults.extend(found);
        faults.sort_by_key(ConfigError::place);
        Ok((config, faults))
    }

    fn of_tree(tree: Node) -> (Self, Vec<ConfigError>) {
        let mut findings = Findings::default();
        let root = Spot::root(&tree);
        let modelled = Modelled::read(&root, &mut findings);
        root.remark_misplaced(MISPLACED_AT_THE_TOP, &mut findings);
        root.key("controlPlane").remark_misplaced(MISPLACED_IN_THE_CONTROL_PLANE, &mut findings);
        let (faults, remarks) = findings.into_sorted();
        (Self { tree, modelled, given: None, remarks }, faults)
    }

    /// The same with the chart's defaults filled in, as Helm lays these values over them: what is written wins,
    /// mappings are joined, and `null` takes a default away.
    ///
    /// Defaults are known for what is modelled. What is filled in has no place in the file.
    ///
    /// ```
    /// use backingstore_config::{ChartRelease, VirtualClusterConfig};
    ///
    /// let written = VirtualClusterConfig::from_yaml("controlPlane: {backingStore: {etcd: {deploy: {enabled: true}}}}")?;
    /// let becomes = written.with_defaults(ChartRelease::new(0, 34)?);
    /// assert_eq!(written.backing_store().etcd.deploy.stateful_set.image.tag, None);
    /// assert_eq!(becomes.backing_store().etcd.deploy.stateful_set.image.tag.as_deref(), Some("3.6.4-0"));
    /// # Ok::<(), backingstore_config::ConfigError>(())
    /// ```
    #[must_use]
    pub fn with_defaults(&self, release: ChartRelease) -> Self {
        let (config, _) = Self::of_tree(self.tree.over(&defaults::of(release)));
        Self { given: self.given.clone(), ..config }
    }

    /// The same with this data source for the external database, in the place of what the file says: so that no
    /// password need stand in a values file, and a connector's database is known once it is made.
    ///
    /// It counts for [`store`](Self::store) where `database.external` is enabled. What the file says stays as it is.
    #[must_use]
    pub fn with_data_source(mut self, source: DataSource) -> Self {
        self.given = Some(source);
        self
    }

    /// The whole file as YAML with its secrets: what was read, also what is not modelled, and the defaults if they
    /// were filled in. Comments and styles are not kept.
    pub fn to_yaml_exposing_secrets(&self) -> SecretString {
        SecretString::from(self.tree.to_yaml())
    }

    /// The JSON schema (draft 2020-12) of what is modelled, for editors and admission checks. It says of every key
    /// what this crate reads; the rules are not in it. It holds nothing of any file.
    pub fn json_schema() -> serde_json::Value {
        document(Modelled::schema(), "The backing store of a vcluster.yaml")
    }

    /// `controlPlane`.
    pub fn control_plane(&self) -> &ControlPlane {
        &self.modelled.control_plane
    }

    /// `controlPlane.backingStore`.
    pub fn backing_store(&self) -> &BackingStore {
        &self.modelled.control_plane.backing_store
    }

    /// `policies.networkPolicy`.
    pub fn network_policy(&self) -> &NetworkPolicy {
        &self.modelled.policies.network_policy
    }

    /// The one store that this config means. Where nothing is enabled that is the embedded database, as in
    /// vCluster.
    ///
    /// This is where the store is found, and no more. [`inspect`](Self::inspect) finds what keeps it from starting.
    ///
    /// # Errors
    ///
    /// The first fault, with the [others](ConfigError::others) behind it:
    ///
    /// - [`SeveralStores`](crate::ConfigErrorKind::SeveralStores): more than one is enabled; vCluster itself
    ///   would take one of them silently.
    /// - [`NotEnabled`](crate::ConfigErrorKind::NotEnabled): an external store is described but nothing is
    ///   enabled; vCluster would start with an empty SQLite file.
    /// - [`MissingSetting`](crate::ConfigErrorKind::MissingSetting): an external store is enabled without
    ///   saying where it is.
    /// - Those of [`DataSource::parse`](crate::DataSource::parse), at the place of the data source.
    pub fn store(&self) -> Result<Store, ConfigError> {
        let resolution = self.resolve();
        match (resolution.store, ConfigError::first_of(resolution.faults)) {
            (Some(store), None) => Ok(store),
            (_, Some(fault)) => Err(fault),
            (None, None) => unreachable!("a store that is not there has a fault"),
        }
    }

    /// The store as far as it can be found, and the faults in the order of the file.
    pub(crate) fn resolve(&self) -> store::Resolution {
        let mut resolution = store::resolve(self.backing_store(), self.given.as_ref());
        resolution.place_faults(|path| self.place_of(path));
        resolution
    }

    /// Where the value at a path stands, or the key nearest to it.
    pub(crate) fn place_of(&self, path: &str) -> Option<Place> {
        self.tree.place_of(path)
    }

    pub(crate) fn tree(&self) -> &Node {
        &self.tree
    }

    /// What is read, and likely not what is meant.
    pub(crate) fn remarks(&self) -> &[Remark] {
        &self.remarks
    }
}

/// Redacted.
impl fmt::Debug for VirtualClusterConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VirtualClusterConfig")
            .field("control_plane", &self.modelled.control_plane)
            .field("policies", &self.modelled.policies)
            .field("given", &self.given)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::{ConfigErrorKind, Place};

    fn refusal(text: &str) -> (ConfigErrorKind, Option<(usize, usize)>, String) {
        let error = VirtualClusterConfig::from_yaml(text).unwrap_err();
        let place = error.place().map(|Place { line, column }| (line, column));
        (error.kind(), place, error.to_string())
    }

    #[test]
    fn an_unknown_key_is_refused_in_every_strict_mapping_with_the_nearest_one() {
        for (path, wrong, right) in [
            ("", "databases", "database"),
            ("database", "embeded", "embedded"),
            ("database.embedded", "datasource", "dataSource"),
            ("database.external", "conector", "connector"),
            ("etcd", "deployed", "deploy"),
            ("etcd.embedded", "migrateFromDeployEtcd", "migrateFromDeployedEtcd"),
            ("etcd.deploy", "statefulset", "statefulSet"),
            ("etcd.deploy.statefulSet.persistence.volumeClaim", "storageclass", "storageClass"),
            ("etcd.external", "endpoints", "endpoint"),
            ("etcd.external.tls", "cafile", "caFile"),
        ] {
            let keys = path.split('.').filter(|key| !key.is_empty()).collect::<Vec<_>>();
            let opening: String = keys.iter().map(|key| format!("{key}: {{")).collect();
            let closing = "}".repeat(keys.len() + 2);
            let text = format!("controlPlane: {{backingStore: {{{opening}{wrong}: null{closing}\n");
            let (kind, place, message) = refusal(&text);
            assert_eq!(kind, ConfigErrorKind::UnknownKey, "{text}");
            assert_eq!(place, Some((1, text.find(wrong).unwrap() + 1)), "{text}");
            assert!(
                message.contains(&format!("unknown key `{wrong}`; write `{right}` instead")),
                "{message}"
            );
        }
    }

    #[test]
    fn an_embedded_database_takes_no_connector() {
        let (kind, _, message) =
            refusal("controlPlane: {backingStore: {database: {embedded: {connector: c}}}}");
        assert_eq!(kind, ConfigErrorKind::UnknownKey);
        assert!(message.contains("the known keys here are `enabled`"), "{message}");
    }

    #[test]
    fn an_unknown_key_of_a_network_policy_is_refused_in_both_shapes() {
        for (keys, wrong, right) in [
            ("", "fallbackDNS2", "fallbackDns"),
            ("controlPlane", "egres", "egress"),
            ("workload: {publicEgress", "cidrs", "cidr"),
            ("outgoingConnections", "ipblock", "ipBlock"),
        ] {
            let open = keys.matches('{').count() + usize::from(!keys.is_empty()) + 2;
            let below = if keys.is_empty() { String::new() } else { format!("{keys}: {{") };
            let text = format!("policies: {{networkPolicy: {{{below}{wrong}: 1{}", "}".repeat(open));
            let (kind, _, message) = refusal(&text);
            assert_eq!(kind, ConfigErrorKind::UnknownKey, "{text}");
            assert!(message.contains(&format!("write `{right}` instead")), "{message}");
        }
    }

    #[test]
    fn one_fault_hides_no_other() {
        let text = "controlPlane:\n  backingStore:\n    database:\n      external:\n        enabled: \"yes\"\n        conector: c\n        \
                    extraArgs: [1, {}]\n    etcd: x\n";
        let error = VirtualClusterConfig::from_yaml(text).unwrap_err();
        assert!(error.to_string().ends_with("(and 4 more faults)"), "{error}");
        let lines: Vec<_> = error.others().iter().map(|fault| fault.place().unwrap().line).collect();
        assert_eq!((error.place().unwrap().line, lines), (5, vec![6, 7, 7, 8]));
    }

    #[test]
    fn what_is_written_again_means_the_same() {
        let text = "other: {a: [1, 1.5, yes, '1']}\ncontrolPlane: {backingStore: {database: {external: {enabled: true, dataSource: 'postgres://u:p@h/d'}}}}\n";
        let config = VirtualClusterConfig::from_yaml(text).unwrap();
        let written = config.to_yaml_exposing_secrets();
        let again = VirtualClusterConfig::from_yaml(written.expose_secret()).unwrap();
        assert_eq!(again.to_yaml_exposing_secrets().expose_secret(), written.expose_secret());
        let data_source =
            |config: &VirtualClusterConfig| config.store().unwrap().data_source().unwrap().expose();
        assert_eq!(data_source(&again).expose_secret(), data_source(&config).expose_secret());
        assert!(written.expose_secret().contains("'1'") || written.expose_secret().contains("\"1\""));
        // What is shown is no config.
        assert!(VirtualClusterConfig::from_yaml(&format!("{config:?}")).is_err());
    }

    #[test]
    fn a_password_in_an_etcd_endpoint_is_not_shown_although_it_may_not_stand_there() {
        let text = "controlPlane: {backingStore: {etcd: {external: {enabled: true, endpoint: 'https://root:CANARY@e:2379'}}}}";
        let config = VirtualClusterConfig::from_yaml(text).unwrap();
        let shown =
            format!("{config:?} {:?} {:?}", config.store().unwrap_err(), VirtualClusterConfig::inspect(text));
        assert!(!shown.contains("CANARY"), "{shown}");
    }

    #[test]
    fn a_given_data_source_takes_the_files_place_for_the_external_database_alone() {
        let given = || DataSource::parse("mysql://u:p@tcp(h)/d").unwrap();
        let text = "controlPlane: {backingStore: {database: {external: {enabled: true}}}}";
        let store = VirtualClusterConfig::from_yaml(text).unwrap().with_data_source(given()).store().unwrap();
        assert_eq!(*store.data_source().unwrap(), given());
        let store = VirtualClusterConfig::from_yaml("").unwrap().with_data_source(given()).store().unwrap();
        assert_eq!(store.data_source().unwrap().engine(), crate::Engine::Sqlite);
    }

    #[test]
    fn the_schema_has_every_key_and_no_other_where_none_is_allowed() {
        let schema = VirtualClusterConfig::json_schema();
        let external = &schema["properties"]["controlPlane"]["properties"]["backingStore"]["properties"]["database"]
            ["properties"]["external"];
        assert_eq!(external["additionalProperties"], false);
        assert_eq!(external["properties"]["dataSource"]["writeOnly"], true);
        assert_eq!(external["properties"]["connector"]["type"], "string");
        assert_eq!(external["properties"]["caFile"]["type"], "string");
        assert_eq!(schema["additionalProperties"], true);
        assert!(external["properties"]["enabled"]["description"].as_str().unwrap().contains("Absent"));
    }

    #[test]
    fn elsewhere_unknown_keys_pass() {
        let text = "new: {a: [1, 1.5, .nan, 2026-01-01, !tag x]}\ncontrolPlane:\n  new: 1\n  statefulSet: {new: 1, highAvailability: {new: 1}}\n";
        VirtualClusterConfig::from_yaml(text).unwrap();
    }

    #[test]
    fn a_wrong_type_is_refused_at_its_place() {
        for (text, place, expected) in [
            ("controlPlane: x", (1, 15), "a mapping"),
            ("controlPlane: {backingStore: []}", (1, 16), "a mapping"),
            (
                "controlPlane: {backingStore: {etcd: {deploy: {enabled: 'yes'}}}}",
                (1, 56),
                "`true` or `false`",
            ),
            ("controlPlane: {backingStore: {database: {external: {dataSource: 1}}}}", (1, 65), "a text"),
            ("controlPlane: {backingStore: {database: {external: {extraArgs: --debug}}}}", (1, 64), "a list"),
            ("controlPlane: {backingStore: {database: {external: {extraArgs: [1]}}}}", (1, 65), "a text"),
            ("controlPlane: {statefulSet: {highAvailability: {replicas: -1}}}", (1, 59), "a whole number"),
            (
                "controlPlane: {backingStore: {database: {external: {connector: yes}}}}",
                (1, 64),
                "a text, in quotes",
            ),
            ("controlPlane: {statefulSet: {highAvailability: {replicas: 1.5}}}", (1, 59), "a whole number"),
            ("controlPlane: {statefulSet: {highAvailability: {replicas: 1e20}}}", (1, 59), "a whole number"),
            ("[]", (1, 1), "a mapping"),
        ] {
            let (kind, found, message) = refusal(text);
            assert_eq!(kind, ConfigErrorKind::WrongType, "{text}");
            assert_eq!(found, Some(place), "{text}");
            assert!(message.contains(&format!("write {expected}")), "{message}");
        }
    }

    #[test]
    fn null_and_empty_mean_absent() {
        let text = "controlPlane:\n  backingStore:\n    etcd:\n    database:\n      external: {dataSource: '', connector: , extraArgs: }\n";
        let config = VirtualClusterConfig::from_yaml(text).unwrap();
        let external = &config.backing_store().database.external;
        assert!(external.kine.data_source.is_none() && external.connector.is_none());
        assert!(external.kine.extra_args.is_empty() && external.kine.tls.is_empty());
    }

    /// `sigs.k8s.io/yaml` 1.6 reads each of them so.
    #[test]
    fn replicas_are_read_as_helm_reads_them() {
        for (text, replicas) in [
            ("3", 3),
            ("3.0", 3),
            ("3e0", 3),
            ("010", 8),
            ("0o10", 8),
            ("0x10", 16),
            ("08", 8),
            ("1_0", 10),
            ("+3", 3),
        ] {
            let text = format!("controlPlane: {{statefulSet: {{highAvailability: {{replicas: {text}}}}}}}");
            let config = VirtualClusterConfig::from_yaml(&text).unwrap();
            let read = config.control_plane().stateful_set.high_availability.replicas;
            assert_eq!(read, Some(replicas), "{text}");
        }
    }

    #[test]
    fn a_boolean_of_yaml_1_1_enables_a_store_and_a_text_does_not() {
        let text = |word: &str| {
            format!("controlPlane: {{backingStore: {{etcd: {{embedded: {{enabled: {word}}}}}}}}}")
        };
        for (word, kind) in [("yes", "embedded-etcd"), ("ON", "embedded-etcd"), ("off", "embedded-database")]
        {
            let store = VirtualClusterConfig::from_yaml(&text(word)).unwrap().store().unwrap();
            assert_eq!(store.kind().as_str(), kind, "{word}");
        }
        assert_eq!(refusal(&text("'yes'")).0, ConfigErrorKind::WrongType);
    }

    #[test]
    fn the_last_of_doubled_keys_counts_as_it_does_for_helm() {
        let text = "controlPlane:\n  backingStore:\n    database: {external: {enabled: true, connector: one}}\n    database: {external: {enabled: true, connector: two}}\n";
        let (config, faults) = VirtualClusterConfig::read(text).unwrap();
        assert_eq!(faults.len(), 1);
        assert_eq!(config.backing_store().database.external.connector.as_deref(), Some("two"));
    }

    #[test]
    fn debug_shows_no_secret() {
        let text = "controlPlane:\n  backingStore:\n    database:\n      external:\n        enabled: true\n        \
                    dataSource: postgres://u:CANARY@h/d\n        extraArgs: ['--endpoint=mysql://u:CANARY@tcp(h)/d']\nenv: CANARY\n";
        let config = VirtualClusterConfig::from_yaml(text).unwrap();
        assert!(!format!("{config:?} {:?}", config.store().unwrap()).contains("CANARY"));
    }
}
