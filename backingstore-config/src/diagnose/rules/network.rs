//! Rules about network policies: whether the store can be reached.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::super::case::ValuesCase;
use super::{Check, Rule};
use crate::data_source::{DataSource, KineView};
use crate::model::{AddressRange, EgressRule, NetworkPolicy, PolicyPeer, PolicyPort, PortNumber, TlsFiles};
use crate::store::{EXTERNAL_DATABASE, Store};
use crate::surroundings::AddressBlock;

const POLICY: &str = "policies.networkPolicy";

/// Where the chart's own rules let the control plane connect to, whatever the address (`templates/networkpolicy.yaml`).
const ALWAYS_OPEN: [u16; 3] = [443, 8443, 6443];

pub(super) const RULES: &[Rule] = &[
    Rule::error(
        "network-policy-blocks-store",
        "A network policy is on, and no rule lets the control plane connect to its store (loft-sh/vcluster#1428).",
        Check::Values(|case, say| {
            let policy = case.config.network_policy();
            if !policy.enabled || !case.in_pod() {
                return;
            }
            for (host, port) in servers(case) {
                if !reaches(policy, &host, port) {
                    let address = host.parse::<IpAddr>().ok().map(AddressBlock::of);
                    let to = match address {
                        Some(block) => format!("`to: [{{ipBlock: {{cidr: {}}}}}]`", block.cidr()),
                        None => "the server's addresses under `to`".to_owned(),
                    };
                    let host = if host.contains(':') { format!("[{host}]") } else { host };
                    say.at(
                        egress_path(policy),
                        format!("no rule lets the control plane connect to its store at `{host}:{port}`"),
                        format!("add a rule with `ports: [{{port: {port}, protocol: TCP}}]` and {to}"),
                    );
                    // One is enough to look at all of them.
                    return;
                }
            }
        }),
    ),
    Rule::warning(
        "network-policy-blocks-kdc",
        "A network policy is on, and no rule lets the control plane ask a KDC: port 88.",
        Check::Values(|case, say| {
            let policy = case.config.network_policy();
            let logs_in = case.database.as_ref().is_some_and(|database| database.kerberos().is_some());
            let reaches_port = || {
                policy.control_plane_egress().any(|(_, rule)| {
                    rule.ports.is_empty() || rule.ports.iter().any(|allowed| covers_number(allowed, 88))
                })
            };
            if policy.enabled && case.in_pod() && logs_in && !reaches_port() {
                say.at(
                    egress_path(policy),
                    "no rule lets the control plane ask a KDC for tickets",
                    "add a rule with `ports: [{port: 88, protocol: TCP}, {port: 88, protocol: UDP}]` and the KDCs' addresses under `to`",
                );
            }
        }),
    ),
    Rule::warning(
        "network-policy-with-connector",
        "A network policy is on without a rule of the user's own, and the connector's database has a server that this file does not name.",
        Check::Values(|case, say| {
            let policy = case.config.network_policy();
            let by_connector = matches!(
                case.store,
                Some(Store::ExternalDatabase(database)) if database.data_source.is_none()
            );
            if policy.enabled
                && case.in_pod()
                && by_connector
                && policy.control_plane_egress().next().is_none()
            {
                say.at(
                    format!("{EXTERNAL_DATABASE}.connector"),
                    "a network policy is on, and no rule lets the control plane connect to the connector's server",
                    format!("add a rule with the server's addresses and port to `{}`", egress_path(policy)),
                );
            }
        }),
    ),
    Rule::warning(
        "network-policy-old-shape",
        "A network policy in the shape before 0.31, which later charts refuse.",
        Check::Values(|case, say| {
            let policy = case.config.network_policy();
            if let Some(key) = old_key(policy).filter(|_| new_key(policy).is_none()) {
                say.at(
                    format!("{POLICY}.{key}"),
                    format!("`{key}` is of the shape before 0.31, which later charts refuse"),
                    "from 0.31 on, write `controlPlane.egress` for `extraControlPlaneRules`, `workload.egress` for `extraWorkloadRules`, and `workload.publicEgress` for `outgoingConnections.ipBlock`",
                );
            }
        }),
    ),
    Rule::error(
        "network-policy-mixed-shapes",
        "A network policy with keys from before 0.31 and from after. No release of the chart takes both.",
        Check::Values(|case, say| {
            let policy = case.config.network_policy();
            if let (Some(old), Some(new)) = (old_key(policy), new_key(policy)) {
                say.at(
                    format!("{POLICY}.{old}"),
                    format!("`{old}` is of the shape before 0.31, and `{new}` of the shape since"),
                    "keep the shape of the release that is installed",
                );
            }
        }),
    ),
];

/// More servers than a store has; each is looked for in every rule.
const MAX_SERVERS: usize = 64;

/// The servers that the store is on. Sockets and this machine need no rule.
fn servers(case: &ValuesCase<'_>) -> Vec<(String, u16)> {
    let etcd = match case.store {
        Some(Store::ExternalEtcd(etcd)) => {
            Some(DataSource::Etcd(etcd.endpoints.clone()).as_kine_reads(&TlsFiles::default()))
        }
        _ => None,
    };
    let database = case.database.as_ref().and_then(|database| database.view.as_ref());
    let views = database.into_iter().chain(&etcd);
    let servers: BTreeSet<_> = views.flat_map(KineView::far_ends).collect();
    servers.into_iter().take(MAX_SERVERS).map(|(host, port)| (host.to_owned(), port)).collect()
}

/// Whether some rule can let this connection through. A name can be at any address, and a selector can select the server.
fn reaches(policy: &NetworkPolicy, host: &str, port: u16) -> bool {
    ALWAYS_OPEN.contains(&port)
        || policy.control_plane_egress().any(|(_, EgressRule { ports, to, .. })| {
            let port_fits = ports.is_empty() || ports.iter().any(|allowed| covers_port(allowed, port));
            let peer_fits = to.is_empty() || to.iter().any(|peer| covers_host(peer, host));
            port_fits && peer_fits
        })
}

fn covers_port(allowed: &PolicyPort, port: u16) -> bool {
    let is_tcp = allowed.protocol.as_deref().is_none_or(|protocol| protocol == "TCP");
    is_tcp && covers_number(allowed, port)
}

fn covers_number(allowed: &PolicyPort, port: u16) -> bool {
    match &allowed.port {
        // A name means what the pod at the other end calls so.
        None | Some(PortNumber::Name(_)) => true,
        Some(PortNumber::Number(first)) => {
            let last = allowed.end_port.unwrap_or(u32::from(*first));
            *first <= port && u32::from(port) <= last
        }
    }
}

fn covers_host(peer: &PolicyPeer, host: &str) -> bool {
    let Some(AddressRange { cidr: Some(cidr), except, .. }) = &peer.ip_block else {
        return true;
    };
    let Ok(address) = host.parse::<IpAddr>() else { return true };
    contains(cidr, address) && !except.iter().any(|block| contains(block, address))
}

/// Whether an address is in a block, as Kubernetes reads one: bits of the block's address behind its prefix do not count.
fn contains(block: &str, address: IpAddr) -> bool {
    let Some((base, prefix)) = block.split_once('/') else { return false };
    let (Ok(base), Ok(prefix)) = (base.parse::<IpAddr>(), prefix.parse::<u32>()) else { return false };
    let differs = |one: u128, other: u128, width: u32| {
        prefix > width || (one ^ other).checked_shr(width - prefix).unwrap_or(0) != 0
    };
    match (base, address.to_canonical()) {
        (IpAddr::V4(base), IpAddr::V4(address)) => {
            !differs(base.to_bits().into(), address.to_bits().into(), 32)
        }
        (IpAddr::V6(base), IpAddr::V6(address)) => !differs(base.to_bits(), address.to_bits(), 128),
        _ => false,
    }
}

fn egress_path(policy: &NetworkPolicy) -> String {
    match old_key(policy) {
        Some(_) => format!("{POLICY}.extraControlPlaneRules"),
        None => format!("{POLICY}.controlPlane.egress"),
    }
}

/// A key of the shape before 0.31 that says something.
fn old_key(policy: &NetworkPolicy) -> Option<&'static str> {
    let outgoing = &policy.outgoing_connections;
    if !policy.extra_control_plane_rules.is_empty() {
        Some("extraControlPlaneRules")
    } else if !policy.extra_workload_rules.is_empty() {
        Some("extraWorkloadRules")
    } else if outgoing.platform.is_some()
        || outgoing.ip_block.cidr.is_some()
        || !outgoing.ip_block.except.is_empty()
    {
        Some("outgoingConnections")
    } else {
        None
    }
}

/// A key of the shape since 0.31 that says something.
fn new_key(policy: &NetworkPolicy) -> Option<&'static str> {
    let (control_plane, workload) = (&policy.control_plane, &policy.workload);
    let public = &workload.public_egress;
    if !control_plane.egress.is_empty() || !control_plane.ingress.is_empty() {
        Some("controlPlane")
    } else if !workload.egress.is_empty()
        || !workload.ingress.is_empty()
        || public.enabled.is_some()
        || public.block.cidr.is_some()
        || !public.block.except.is_empty()
    {
        Some("workload")
    } else {
        None
    }
}
