//! Rules about a control plane as a whole, and about its etcd.

use super::{Check, Rule};
use crate::model::ClaimSwitch;
use crate::store::{DEPLOYED_ETCD, EXTERNAL_DATABASE, EXTERNAL_ETCD, Store, StoreKind};

const REPLICAS: &str = "controlPlane.statefulSet.highAvailability.replicas";

/// The volumes of the chart's own (`chart/templates/statefulset.yaml`).
const VOLUMES: [&str; 9] = [
    "data",
    "binaries",
    "tmp",
    "certs",
    "helm-cache",
    "vcluster-config",
    "vcluster-logs",
    "coredns",
    "k3s-config",
];

pub(super) const RULES: &[Rule] = &[
    Rule::warning(
        "nothing-enabled",
        "No store is enabled, so it is the embedded database: one SQLite file, one replica.",
        Check::Values(|case, say| {
            let database = &case.config.backing_store().database;
            let is_default = case.kind == Some(StoreKind::EmbeddedDatabase) && !database.embedded.enabled;
            if is_default && !case.is_unsure {
                say.at(
                    "controlPlane.backingStore",
                    "no store is enabled, so the embedded database is used, which one replica alone can use",
                    "set `controlPlane.backingStore.database.embedded.enabled` to true if that is meant",
                );
            }
        }),
    ),
    Rule::warning(
        "store-not-used",
        "A connector, a data source or an endpoint of a store that is not enabled, beside one that is. It is not used; where it was before, its data look gone.",
        Check::Values(|case, say| {
            let Some(kind) = case.kind.filter(|_| !case.is_unsure) else { return };
            let store = case.config.backing_store();
            let external = &store.database.external;
            let described = [
                (!external.kine.enabled && external.connector.is_some(), EXTERNAL_DATABASE, "connector"),
                (
                    !external.kine.enabled && external.kine.data_source.is_some(),
                    EXTERNAL_DATABASE,
                    "dataSource",
                ),
                (
                    !store.etcd.external.enabled && store.etcd.external.endpoint.is_some(),
                    EXTERNAL_ETCD,
                    "endpoint",
                ),
            ];
            for (_, section, key) in described.into_iter().filter(|(is_described, ..)| *is_described) {
                say.at(
                    format!("{section}.{key}"),
                    format!("`{key}` is set for a store that is not enabled; the {kind} is used"),
                    format!("remove it, or enable `{section}` in the place of the {kind}"),
                );
            }
        }),
    ),
    Rule::error(
        "replicas-on-embedded-database",
        "More than one control plane on an embedded database. vCluster refuses it.",
        Check::Values(|case, say| {
            let is_embedded = case.kind == Some(StoreKind::EmbeddedDatabase) && !case.is_unsure;
            if is_embedded && case.replicas() > 1 {
                say.at(
                    REPLICAS,
                    format!("{} replicas on an embedded database, which one alone can use", case.replicas()),
                    "set it to 1, or use an embedded etcd, a deployed etcd or an external database",
                );
            }
        }),
    ),
    Rule::warning(
        "etcd-replicas-even",
        "An even number of etcd members: one more than the odd number below it, and no more failures survived.",
        Check::Values(|case, say| {
            let deployed = case.config.backing_store().etcd.deploy.stateful_set.high_availability.replicas;
            let (path, members) = match case.kind {
                Some(StoreKind::EmbeddedEtcd) => (REPLICAS.to_owned(), case.replicas()),
                Some(StoreKind::DeployedEtcd) => {
                    (format!("{DEPLOYED_ETCD}.statefulSet.highAvailability.replicas"), deployed.unwrap_or(1))
                }
                _ => return,
            };
            if members > 0 && members % 2 == 0 {
                say.at(
                    path,
                    format!("{members} members of etcd survive no more failures than {}", members - 1),
                    format!("write {} or {}", members - 1, members + 1),
                );
            }
        }),
    ),
    Rule::warning(
        "embedded-store-without-volume",
        "An embedded store without a claim for `/data`: its data goes with the pod.",
        Check::Values(|case, say| {
            let persistence = &case.config.control_plane().stateful_set.persistence;
            let embedded = matches!(&case.store, Some(Store::EmbeddedEtcd(_)))
                || matches!(case.store.and_then(Store::data_source), Some(crate::DataSource::Sqlite(_)));
            if embedded
                && case.in_pod()
                && persistence.volume_claim.enabled == Some(ClaimSwitch::Off)
                && persistence.volume_claim_templates.is_empty()
                && persistence.data_volume.is_empty()
            {
                say.at(
                    "controlPlane.statefulSet.persistence.volumeClaim.enabled",
                    "no volume is claimed for the embedded store, so its data goes with the pod",
                    "remove it, or set it to `auto`, unless an empty store after every restart is meant",
                );
            }
        }),
    ),
    Rule::warning(
        "mount-without-volume",
        "A mount of a volume that neither the file adds nor the chart has. Kubernetes refuses such a pod.",
        Check::Values(|case, say| {
            let persistence = &case.config.control_plane().stateful_set.persistence;
            // Templates of claims bring volumes of their own, and so does another volume for the data.
            let brings_others =
                !persistence.volume_claim_templates.is_empty() || !persistence.data_volume.is_empty();
            if !case.in_pod() || brings_others {
                return;
            }
            let added = |name: &str| {
                persistence.add_volumes.iter().any(|volume| volume.name.as_deref() == Some(name))
            };
            for (index, mount) in persistence.add_volume_mounts.iter().enumerate() {
                if let Some(name) =
                    mount.name.as_deref().filter(|name| !added(name) && !VOLUMES.contains(name))
                {
                    say.at(
                        format!("controlPlane.statefulSet.persistence.addVolumeMounts[{index}].name"),
                        format!("no volume `{name}` is there to be mounted"),
                        "add it to `controlPlane.statefulSet.persistence.addVolumes`",
                    );
                }
            }
        }),
    ),
    Rule::error(
        "external-etcd-without-tls",
        "An external etcd without all three of `caFile`, `certFile` and `keyFile`. vCluster loads all of them.",
        Check::Values(|case, say| {
            let etcd = &case.config.backing_store().etcd.external;
            if case.kind != Some(StoreKind::ExternalEtcd) {
                return;
            }
            let tls = &etcd.tls;
            let files = [("caFile", &tls.ca_file), ("certFile", &tls.cert_file), ("keyFile", &tls.key_file)];
            let missing: Vec<_> = files
                .iter()
                .filter(|(_, file)| file.is_none())
                .map(|(name, _)| format!("`{name}`"))
                .collect();
            if !missing.is_empty() {
                say.at(
                    format!("{EXTERNAL_ETCD}.tls"),
                    format!(
                        "{} missing; vCluster connects to an external etcd with a client certificate alone",
                        missing.join(", ")
                    ),
                    "name all three files, and mount them through `controlPlane.statefulSet.persistence`",
                );
            }
        }),
    ),
];
