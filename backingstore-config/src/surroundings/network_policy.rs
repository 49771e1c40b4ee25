//! What a network policy must let out of a control plane so that it reaches its store.
//!
//! vCluster's own policy opens ports 443, 6443 and 8443, DNS, and the pods of the control plane: no database
//! and no KDC. A network policy knows addresses, not names, so for a host that is a name the caller says in
//! which blocks its addresses lie, or which pods it is.

use std::collections::BTreeMap;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::AddressBlock;
use super::manifest::write_yaml;
use crate::data_source::DataSource;
use crate::data_source::host::{address_of, is_this_machine};
use crate::error::{ConfigError, ConfigErrorKind};
use crate::model::TlsFiles;

/// One rule of a network policy's `egress`: traffic to any of `to`, on any of `ports`, is let out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct EgressRule {
    /// Where to. Never empty here: to Kubernetes an empty list means everywhere.
    pub to: Vec<Peer>,
    /// On which ports. Never empty here: to Kubernetes an empty list means all.
    pub ports: Vec<Port>,
}

/// One end that traffic may go to: a block of addresses, or pods.
///
/// ```
/// use backingstore_config::surroundings::Peer;
///
/// let block = Peer::from("10.20.0.0/16".parse::<backingstore_config::surroundings::AddressBlock>()?);
/// let pods = Peer::pods([("cnpg.io/cluster", "tenants")])
///     .in_namespaces([("kubernetes.io/metadata.name", "databases")]);
/// assert!(block.ip_block.is_some() && pods.pod_selector.is_some());
/// # Ok::<(), backingstore_config::ConfigError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Peer {
    /// The pods. With no namespaces beside it: those of the policy's own namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_selector: Option<LabelSelector>,
    /// The namespaces of the pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<LabelSelector>,
    /// A block of addresses. It stands alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_block: Option<AddressBlock>,
}

/// What has all of these labels. None means everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LabelSelector {
    /// `matchLabels`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub match_labels: BTreeMap<String, String>,
}

/// A port at the far end; for pods the container's, not the Service's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Port {
    /// The number.
    pub port: u16,
    /// TCP or UDP.
    pub protocol: Protocol,
}

/// The protocol of a [`Port`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum Protocol {
    /// `TCP`.
    Tcp,
    /// `UDP`.
    Udp,
}

impl Peer {
    /// Pods with these labels, in the policy's own namespace until
    /// [`in_namespaces`](Self::in_namespaces) says otherwise.
    pub fn pods<K: Into<String>, V: Into<String>>(labels: impl IntoIterator<Item = (K, V)>) -> Self {
        Self { pod_selector: Some(labels.into_iter().collect()), namespace_selector: None, ip_block: None }
    }

    /// The same pods, in the namespaces with these labels. Takes nothing from a block of addresses.
    pub fn in_namespaces<K: Into<String>, V: Into<String>>(
        mut self,
        labels: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        if self.ip_block.is_none() {
            self.namespace_selector = Some(labels.into_iter().collect());
        }
        self
    }
}

impl From<AddressBlock> for Peer {
    fn from(block: AddressBlock) -> Self {
        Self { pod_selector: None, namespace_selector: None, ip_block: Some(block) }
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for LabelSelector {
    fn from_iter<T: IntoIterator<Item = (K, V)>>(labels: T) -> Self {
        let match_labels = labels.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        Self { match_labels }
    }
}

/// The egress rules that let a control plane reach a data source's hosts, on their ports, over TCP.
///
/// A host that is an address is matched by itself. `blocks` are for hosts that are names, each of which may
/// resolve to any of them. A SQLite file, a Unix socket and this machine need no rule, so the list can be
/// empty.
///
/// ```
/// use backingstore_config::DataSource;
/// use backingstore_config::surroundings::{NetworkPolicyShape, NetworkPolicyValues, database_egress};
///
/// let source = DataSource::parse("postgres://kine@db.example.com:5433,10.1.2.3:5433/kine")?;
/// let rules = database_egress(&source, &["10.20.0.0/16".parse()?])?;
/// let values = NetworkPolicyValues::new(rules, NetworkPolicyShape::Since0_31);
/// assert_eq!(
///     values.to_yaml(),
///     "\
/// policies:
///   networkPolicy:
///     controlPlane:
///       egress:
///       - to:
///         - ipBlock:
///             cidr: 10.1.2.3/32
///         - ipBlock:
///             cidr: 10.20.0.0/16
///         ports:
///         - port: 5433
///           protocol: TCP
/// "
/// );
/// # Ok::<(), backingstore_config::ConfigError>(())
/// ```
///
/// # Errors
///
/// [`MissingSetting`](ConfigErrorKind::MissingSetting) if a host is a name and no block is given.
pub fn database_egress(source: &DataSource, blocks: &[AddressBlock]) -> Result<Vec<EgressRule>, ConfigError> {
    let peers: Vec<Peer> = blocks.iter().cloned().map(Peer::from).collect();
    database_egress_to(source, &peers)
}

/// As [`database_egress`], where names stand for any of these ends, such as the pods of a database in the
/// same cluster.
///
/// # Errors
///
/// As [`database_egress`].
pub fn database_egress_to(source: &DataSource, names: &[Peer]) -> Result<Vec<EgressRule>, ConfigError> {
    let view = source.as_kine_reads(&TlsFiles::default());
    let ends: Vec<_> = view.far_ends().map(|(host, port)| (host.to_owned(), port)).collect();
    egress(&ends, &[Protocol::Tcp], names, "data source")
}

/// The rules for these hosts and ports. `names` stand for the hosts that are names.
pub(super) fn egress(
    ends: &[(String, u16)],
    protocols: &[Protocol],
    names: &[Peer],
    subject: &'static str,
) -> Result<Vec<EgressRule>, ConfigError> {
    let mut rules: Vec<EgressRule> = Vec::new();
    let mut seen: Vec<u16> = Vec::new();
    for (_, port) in ends {
        if seen.contains(port) {
            continue;
        }
        seen.push(*port);
        let to = peers_on_port(ends, *port, names, subject)?;
        if to.is_empty() {
            continue;
        }
        let ports = protocols.iter().map(|protocol| Port { port: *port, protocol: *protocol });
        match rules.iter_mut().find(|rule| rule.to == to) {
            Some(rule) => rule.ports.extend(ports),
            None => rules.push(EgressRule { to, ports: ports.collect() }),
        }
    }
    Ok(rules)
}

fn peers_on_port(
    ends: &[(String, u16)],
    port: u16,
    names: &[Peer],
    subject: &'static str,
) -> Result<Vec<Peer>, ConfigError> {
    let mut to: Vec<Peer> = Vec::new();
    let mut has_name = false;
    for (host, _) in ends.iter().filter(|(_, other)| *other == port) {
        match address_of(host) {
            Some(address) => {
                let peer = Peer::from(AddressBlock::of(address));
                if !is_this_machine(host) && !to.contains(&peer) {
                    to.push(peer);
                }
            }
            None => has_name |= !is_this_machine(host),
        }
    }
    if has_name && names.is_empty() {
        return Err(ConfigError::new(
            ConfigErrorKind::MissingSetting,
            subject,
            "a host that is a name, which a network policy cannot match: it knows addresses and pods alone",
            "give the blocks of addresses that the name may stand for, such as the database's subnets",
        ));
    }
    if has_name {
        for peer in names {
            if !to.contains(peer) {
                to.push(peer.clone());
            }
        }
    }
    Ok(to)
}

/// Where egress rules of the control plane stand in a vcluster.yaml.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NetworkPolicyShape {
    /// `policies.networkPolicy.controlPlane.egress`.
    Since0_31,
    /// `policies.networkPolicy.extraControlPlaneRules`, which releases 0.25 to 0.30 have. Later ones refuse
    /// the key.
    Before0_31,
}

/// Egress rules as a fragment of a vcluster.yaml.
///
/// It does not switch the policy on: `policies.networkPolicy.enabled` is the user's. Helm replaces lists and
/// does not join them, so rules that are there already belong into the same list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkPolicyValues {
    rules: Vec<EgressRule>,
    shape: NetworkPolicyShape,
}

impl NetworkPolicyValues {
    /// The rules in the shape of a release.
    pub fn new(rules: impl IntoIterator<Item = EgressRule>, shape: NetworkPolicyShape) -> Self {
        Self { rules: rules.into_iter().collect(), shape }
    }

    /// The rules.
    pub fn rules(&self) -> &[EgressRule] {
        &self.rules
    }

    /// The fragment as YAML.
    pub fn to_yaml(&self) -> String {
        write_yaml(self)
    }
}

impl Serialize for NetworkPolicyValues {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let path: &[&'static str] = match self.shape {
            NetworkPolicyShape::Since0_31 => &["policies", "networkPolicy", "controlPlane", "egress"],
            NetworkPolicyShape::Before0_31 => &["policies", "networkPolicy", "extraControlPlaneRules"],
        };
        Below { path, value: &self.rules }.serialize(serializer)
    }
}

/// A value below the keys of a path.
pub(super) struct Below<'a, T> {
    pub(super) path: &'a [&'static str],
    pub(super) value: &'a T,
}

impl<T: Serialize> Serialize for Below<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some((key, path)) = self.path.split_first() else { return self.value.serialize(serializer) };
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(key, &Below { path, value: self.value })?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(source: &str, blocks: &[&str]) -> Result<String, ConfigError> {
        let blocks: Vec<AddressBlock> = blocks.iter().map(|text| text.parse().unwrap()).collect();
        let rules = database_egress(&DataSource::parse(source).unwrap(), &blocks)?;
        Ok(rules.iter().map(shown).collect::<Vec<_>>().join("; "))
    }

    fn shown(rule: &EgressRule) -> String {
        let to: Vec<_> = rule.to.iter().map(|peer| peer.ip_block.as_ref().unwrap().cidr()).collect();
        let ports: Vec<_> =
            rule.ports.iter().map(|port| format!("{:?} {}", port.protocol, port.port)).collect();
        format!("{} on {}", to.join(" "), ports.join(" "))
    }

    #[test]
    fn every_host_is_let_out_to_on_its_port() {
        for (source, blocks, expected) in [
            ("postgres://10.0.0.1/kine", &[][..], "10.0.0.1/32 on Tcp 5432"),
            ("postgres://[2001:db8::1]:5433/kine", &[], "2001:db8::1/128 on Tcp 5433"),
            ("mysql://u@tcp(192.168.86.9:3306)/kine", &[], "192.168.86.9/32 on Tcp 3306"),
            (
                "mysql://u@tcp(db)/kine",
                &["10.1.0.0/24", "10.2.0.0/24"],
                "10.1.0.0/24 10.2.0.0/24 on Tcp 3306",
            ),
            ("https://etcd-0:2379,https://etcd-1:2379", &["10.0.0.0/8"], "10.0.0.0/8 on Tcp 2379"),
            ("postgres://a:1,b:2/kine", &["10.0.0.0/8"], "10.0.0.0/8 on Tcp 1 Tcp 2"),
            (
                "postgres://10.0.0.1:1,b:2/kine",
                &["10.9.0.0/16"],
                "10.0.0.1/32 on Tcp 1; 10.9.0.0/16 on Tcp 2",
            ),
            ("postgres://10.0.0.1:1,b:1/kine", &["10.0.0.1"], "10.0.0.1/32 on Tcp 1"),
            ("postgres://10.0.0.1:1,10.0.0.1:2/kine", &[], "10.0.0.1/32 on Tcp 1 Tcp 2"),
            ("postgres://[::ffff:10.0.0.1]/kine", &[], "10.0.0.1/32 on Tcp 5432"),
            ("postgres://db/kine?host=/run/pg,10.0.0.1", &[], "10.0.0.1/32 on Tcp 5432"),
        ] {
            assert_eq!(rules(source, blocks).unwrap(), expected, "{source}");
        }
    }

    #[test]
    fn what_leaves_no_pod_needs_no_rule() {
        for source in [
            "",
            "sqlite:///data/state.db",
            "postgres://",
            "postgres://localhost/kine",
            "postgres://127.0.0.1,127.0.0.2/kine",
            "postgres://[::1]/kine",
            "postgres://db/kine?host=/run/postgresql",
            "mysql://",
            "mysql://u@tcp(LOCALHOST.:3306)/kine",
            "mysql://u@tcp(:3306)/kine",
            "mysql://u@unix(/run/mysqld.sock)/kine",
            "unix:///run/etcd.sock",
        ] {
            assert_eq!(rules(source, &["10.0.0.0/8"]).unwrap(), "", "{source}");
            assert_eq!(rules(source, &[]).unwrap(), "", "{source}");
        }
    }

    #[test]
    fn a_name_without_a_block_is_refused_with_the_reason() {
        for source in ["postgres://u:CANARY@db/kine", "mysql://u:CANARY@tcp(db)/kine", "https://etcd:2379"] {
            let error = rules(source, &[]).unwrap_err();
            assert_eq!(error.kind(), ConfigErrorKind::MissingSetting, "{source}");
            assert!(error.to_string().contains("a host that is a name"), "{error}");
            assert!(!format!("{error} {error:?}").contains("CANARY"));
        }
    }

    #[test]
    fn each_shape_has_its_own_key() {
        let source = DataSource::parse("mysql://u@tcp(192.168.86.9)/kine").unwrap();
        let rules = database_egress(&source, &[]).unwrap();
        let since = NetworkPolicyValues::new(rules.clone(), NetworkPolicyShape::Since0_31).to_yaml();
        let rule = "- to:\n        - ipBlock:\n            cidr: 192.168.86.9/32\n        ports:\n        - port: 3306\n          protocol: TCP\n";
        let expected = format!("policies:\n  networkPolicy:\n    controlPlane:\n      egress:\n      {rule}");
        assert_eq!(since, expected);
        let before = NetworkPolicyValues::new(rules, NetworkPolicyShape::Before0_31).to_yaml();
        let rule = rule.replace("\n  ", "\n");
        let expected = format!("policies:\n  networkPolicy:\n    extraControlPlaneRules:\n    {rule}");
        assert_eq!(before, expected);
        for yaml in [since, before] {
            let config = crate::VirtualClusterConfig::from_yaml(&yaml).unwrap();
            let rules: Vec<_> =
                config.network_policy().control_plane_egress().map(|(_, rule)| rule).collect();
            assert_eq!(rules.len(), 1);
            let block = rules[0].to[0].ip_block.as_ref().unwrap();
            assert_eq!(block.cidr.as_deref(), Some("192.168.86.9/32"));
        }
    }

    #[test]
    fn pods_can_stand_for_a_name() {
        let source = DataSource::parse("postgres://tenants-rw.databases.svc:5432/kine").unwrap();
        let pods = Peer::pods([("cnpg.io/cluster", "tenants")])
            .in_namespaces([("kubernetes.io/metadata.name", "databases")]);
        let rules = database_egress_to(&source, &[pods]).unwrap();
        let expected = "- to:\n  - podSelector:\n      matchLabels:\n        cnpg.io/cluster: tenants\n    namespaceSelector:\n      \
                        matchLabels:\n        kubernetes.io/metadata.name: databases\n  ports:\n  - port: 5432\n    protocol: TCP\n";
        assert_eq!(write_yaml(&rules), expected);
        let block = Peer::from("10.0.0.0/8".parse::<AddressBlock>().unwrap());
        assert_eq!(block.clone().in_namespaces([("a", "b")]), block);
    }
}
