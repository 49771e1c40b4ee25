//! Rules about a control plane as a whole, and about its etcd.

use super::{Check, Rule};
use crate::model::ClaimSwitch;
use crate::store::{DEPLOYED_ETCD, EXTERNAL_ETCD, Store, StoreKind};

const REPLICAS: &str = "controlPlane.statefulSet.highAvailability.replicas";

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
