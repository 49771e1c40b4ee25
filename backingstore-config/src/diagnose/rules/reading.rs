//! What is found while a file is read, a store is looked for, and configs are compared.

use super::{Check, Rule};
use crate::error::ConfigErrorKind as Kind;
use crate::reading::RemarkKind;

pub(super) const RULES: &[Rule] = &[
    Rule::error(
        "invalid-yaml",
        "The text is not one YAML document, or larger than a values file is.",
        Check::Reading(Kind::InvalidYaml),
    ),
    Rule::error(
        "duplicate-key",
        "A key stands twice in one mapping. Helm takes the last one silently; vCluster's own command line refuses such a file.",
        Check::Reading(Kind::DuplicateKey),
    ),
    Rule::error(
        "unknown-key",
        "A key that the strict parts do not have: all below `controlPlane.backingStore`, `policies.networkPolicy` and the platform's `config.database`. Helm refuses it.",
        Check::Reading(Kind::UnknownKey),
    ),
    Rule::error(
        "wrong-type",
        "A value of another type than the key takes, or out of its range. The chart's schema refuses it, or vCluster when it reads it.",
        Check::Reading(Kind::WrongType),
    ),
    Rule::warning(
        "misspelt-key",
        "A key above the strict parts that nothing reads, near to one that counts, or one that counts elsewhere alone. What it says has no effect: a store below it is not used, and SQLite is.",
        Check::Remark(RemarkKind::MisspeltKey),
    ),
    Rule::warning(
        "yaml-boolean-word",
        "A boolean that YAML 1.1 alone has, such as `yes` or `on`. Helm and vCluster read it as one; other readers of the same file take it for a text.",
        Check::Remark(RemarkKind::BooleanWord),
    ),
    Rule::warning(
        "yaml-octal-number",
        "A number with a zero in front, such as `010`. Helm and vCluster read it as an octal one: 8.",
        Check::Remark(RemarkKind::OctalNumber),
    ),
    Rule::error(
        "several-stores",
        "More than one store is enabled. vCluster's own parts do not agree which one counts, and the chart notices it on one of its ways only.",
        Check::Reading(Kind::SeveralStores),
    ),
    Rule::error(
        "store-not-enabled",
        "A connector, a data source or an endpoint is there without `enabled: true`. The control plane would start on an empty SQLite file, as if its data were gone (loft-sh/vcluster#2794).",
        Check::Reading(Kind::NotEnabled),
    ),
    Rule::error(
        "store-incomplete",
        "An external store is enabled, and nothing says where it is.",
        Check::Reading(Kind::MissingSetting),
    ),
    Rule::error(
        "external-etcd-endpoint",
        "The endpoint of an external etcd is not one `HOST:PORT`: a list, or a scheme other than `https://`. vCluster puts `https://` before the whole of it.",
        Check::Reading(Kind::InvalidEndpoint),
    ),
    Rule::error(
        "unknown-scheme",
        "A data source without a scheme, or with one that nobody here knows.",
        Check::Reading(Kind::UnknownScheme),
    ),
    Rule::error(
        "unsupported-scheme",
        "A data source for an engine that kine has and this family of crates does not serve.",
        Check::Reading(Kind::UnsupportedScheme),
    ),
    Rule::error(
        "invalid-data-source",
        "A data source that the database's driver does not read, or reads as something else.",
        Check::Reading(Kind::InvalidDataSource),
    ),
    Rule::error(
        "store-change-discards-state",
        "The move from the store before lets the control plane start, and copies nothing: it comes up empty.",
        Check::Change,
    ),
    Rule::error(
        "store-change-refused",
        "vCluster refuses the move from the store before, or the same kind of store would point at other data.",
        Check::Change,
    ),
    Rule::error(
        "store-change-unknown",
        "The store of the config before cannot be told, so nobody knows what the change does to its data.",
        Check::Change,
    ),
    Rule::warning(
        "store-change-accepted",
        "The move from the store before discards its data, and the caller said that an empty store is accepted.",
        Check::Change,
    ),
];
