//! What the user wrote, typed: the part of a vcluster.yaml that says where a control plane keeps its data.
//!
//! Read [`BackingStore`] first. What is absent, `null` or empty in the file is absent here; no default of the
//! chart is filled in. [`VirtualClusterConfig::store`] says what it means.

mod control_plane;
mod database;
mod etcd;
mod tls;

use crate::error::ConfigError;
use crate::section::{Findings, Section};
use crate::store::{self, Store};
use crate::tree::Node;

pub use control_plane::{BackingStore, ControlPlane, HighAvailability, StatefulSet};
pub use database::{Database, DatabaseKine, ExternalDatabaseKine};
pub use etcd::{Etcd, EtcdDeploy, EtcdEmbedded, EtcdExternal};
pub use tls::TlsFiles;

/// A vcluster.yaml, or the values of the vCluster chart, which are the same.
///
/// `Debug` shows no text that can be a secret. There is no `Serialize`.
#[derive(Debug, Clone)]
pub struct VirtualClusterConfig {
    tree: Node,
    control_plane: ControlPlane,
}

impl VirtualClusterConfig {
    /// Reads a YAML file's text.
    ///
    /// Below `controlPlane.backingStore` every key must be known. Elsewhere, and deep below `etcd.deploy`,
    /// what is not modelled is not looked at.
    ///
    /// # Errors
    ///
    /// The fault that stands first in the file: [`InvalidYaml`](crate::ConfigErrorKind::InvalidYaml) with
    /// line and column, [`UnknownKey`](crate::ConfigErrorKind::UnknownKey) with the nearest known key, or
    /// [`WrongType`](crate::ConfigErrorKind::WrongType).
    pub fn from_yaml(text: &str) -> Result<Self, ConfigError> {
        let tree = Node::from_yaml(text)?;
        let mut findings = Findings::default();
        let root = Section::root(&tree, &mut findings);
        let control_plane = ControlPlane::read(&root.section("controlPlane", &mut findings), &mut findings);
        match findings.into_first() {
            Some(error) => Err(error),
            None => Ok(Self { tree, control_plane }),
        }
    }

    /// `controlPlane`.
    pub fn control_plane(&self) -> &ControlPlane {
        &self.control_plane
    }

    /// `controlPlane.backingStore`.
    pub fn backing_store(&self) -> &BackingStore {
        &self.control_plane.backing_store
    }

    /// The one store that this config means. Where nothing is enabled that is the embedded database, as in
    /// vCluster.
    ///
    /// # Errors
    ///
    /// - [`SeveralStores`](crate::ConfigErrorKind::SeveralStores): more than one is enabled; vCluster itself
    ///   would take one of them silently.
    /// - [`NotEnabled`](crate::ConfigErrorKind::NotEnabled): an external store is described but nothing is
    ///   enabled; vCluster would start with an empty SQLite file.
    /// - [`MissingSetting`](crate::ConfigErrorKind::MissingSetting): an external store is enabled without
    ///   saying where it is.
    /// - Those of [`DataSource::parse`](crate::DataSource::parse), at the place of the data source.
    pub fn store(&self) -> Result<Store, ConfigError> {
        store::resolve(self.backing_store())
            .map_err(|error| error.clone().at(self.tree.place_of(error.subject())))
    }
}

#[cfg(test)]
mod tests {
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
    fn elsewhere_unknown_keys_pass() {
        let text = "new: {a: [1, 1.5, .nan, 2026-01-01, !tag x]}\ncontrolPlane:\n  new: 1\n  backingStore:\n    etcd:\n      deploy:\n        \
                    statefulSet: {new: 1}\n  statefulSet: {new: 1, highAvailability: {new: 1}}\n";
        VirtualClusterConfig::from_yaml(text).unwrap();
    }

    #[test]
    fn a_wrong_type_is_refused_at_its_place() {
        for (text, place, expected) in [
            ("controlPlane: x", (1, 1), "a mapping"),
            ("controlPlane: {backingStore: []}", (1, 16), "a mapping"),
            ("controlPlane: {backingStore: {etcd: {deploy: {enabled: yes}}}}", (1, 56), "`true` or `false`"),
            ("controlPlane: {backingStore: {database: {external: {dataSource: 1}}}}", (1, 65), "a text"),
            (
                "controlPlane: {backingStore: {database: {external: {extraArgs: --debug}}}}",
                (1, 64),
                "a list of texts",
            ),
            (
                "controlPlane: {backingStore: {database: {external: {extraArgs: [1]}}}}",
                (1, 64),
                "a list of texts",
            ),
            ("controlPlane: {statefulSet: {highAvailability: {replicas: -1}}}", (1, 59), "a whole number"),
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

    #[test]
    fn replicas_are_read() {
        let config =
            VirtualClusterConfig::from_yaml("controlPlane: {statefulSet: {highAvailability: {replicas: 3}}}");
        let config = config.unwrap();
        assert_eq!(config.control_plane().stateful_set.high_availability.replicas, Some(3));
    }

    #[test]
    fn debug_shows_no_secret() {
        let text = "controlPlane:\n  backingStore:\n    database:\n      external:\n        enabled: true\n        \
                    dataSource: postgres://u:CANARY@h/d\n        extraArgs: ['--endpoint=mysql://u:CANARY@tcp(h)/d']\nenv: CANARY\n";
        let config = VirtualClusterConfig::from_yaml(text).unwrap();
        assert!(!format!("{config:?} {:?}", config.store().unwrap()).contains("CANARY"));
    }
}
