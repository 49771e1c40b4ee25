//! `policies.networkPolicy`, in the shape since 0.31 and in the one before.

use std::collections::BTreeMap;

use super::kubernetes::{PortNumber, Untyped};
use crate::reading::section;

section! {
    /// `policies`.
    pub tolerant Policies {
        /// `networkPolicy`: what traffic the chart's network policies let through.
        "networkPolicy" network_policy: NetworkPolicy,
    }
}

section! {
    /// `policies.networkPolicy`. A file has the keys of one shape; those before 0.31 are refused by later charts,
    /// and the other way round.
    pub strict NetworkPolicy {
        /// `enabled`. Absent means false.
        "enabled" enabled: bool,
        /// `labels` of the policies.
        "labels" labels: BTreeMap<String, String>,
        /// `annotations` of the policies.
        "annotations" annotations: BTreeMap<String, String>,
        /// `fallbackDns`: a DNS server outside of the cluster that may be asked.
        "fallbackDns" fallback_dns: Option<String>,
        /// `controlPlane`, since 0.31: further rules for the control plane's pods.
        "controlPlane" control_plane: ControlPlanePolicy,
        /// `workload`, since 0.31: rules for the tenant's pods.
        "workload" workload: WorkloadPolicy,
        /// `outgoingConnections`, before 0.31: where the tenant's pods may connect to.
        "outgoingConnections" outgoing_connections: OutgoingConnections,
        /// `extraControlPlaneRules`, before 0.31: further egress rules for the control plane's pods.
        "extraControlPlaneRules" extra_control_plane_rules: Vec<EgressRule>,
        /// `extraWorkloadRules`, before 0.31: further egress rules for the tenant's pods.
        "extraWorkloadRules" extra_workload_rules: Vec<EgressRule>,
    }
}

section! {
    /// `policies.networkPolicy.controlPlane`.
    pub strict ControlPlanePolicy {
        /// `ingress`: who may connect to the control plane.
        "ingress" ingress: Vec<IngressRule>,
        /// `egress`: where the control plane may connect to, beyond the chart's own rules.
        "egress" egress: Vec<EgressRule>,
    }
}

section! {
    /// `policies.networkPolicy.workload`.
    pub strict WorkloadPolicy {
        /// `publicEgress`: whether the tenant's pods reach what is outside of private networks.
        "publicEgress" public_egress: PublicEgress,
        /// `ingress`: who may connect to the tenant's pods.
        "ingress" ingress: Vec<IngressRule>,
        /// `egress`: where the tenant's pods may connect to.
        "egress" egress: Vec<EgressRule>,
    }
}

section! {
    /// `policies.networkPolicy.workload.publicEgress`.
    pub strict PublicEgress {
        [/// `cidr` and `except`: the addresses.
        block: AddressRange],
        /// `enabled`. The default is true.
        "enabled" enabled: Option<bool>,
    }
}

section! {
    /// `policies.networkPolicy.outgoingConnections`, before 0.31.
    pub strict OutgoingConnections {
        /// `platform`: whether the platform may be connected to. The default is true.
        "platform" platform: Option<bool>,
        /// `ipBlock`: the addresses.
        "ipBlock" ip_block: AddressRange,
    }
}

section! {
    /// A rule about incoming traffic.
    pub strict IngressRule {
        /// `ports`. Empty means every port.
        "ports" ports: Vec<PolicyPort>,
        /// `from`. Empty means everyone.
        "from" from: Vec<PolicyPeer>,
    }
}

section! {
    /// A rule about outgoing traffic.
    pub strict EgressRule {
        /// `ports`. Empty means every port.
        "ports" ports: Vec<PolicyPort>,
        /// `to`. Empty means everywhere.
        "to" to: Vec<PolicyPeer>,
    }
}

section! {
    /// A port, or a range of them.
    pub strict PolicyPort {
        /// `protocol`: `TCP` (the default), `UDP` or `SCTP`.
        "protocol" protocol: Option<String>,
        /// `port`. Absent means every port.
        "port" port: Option<PortNumber>,
        /// `endPort`: the last port of a range.
        "endPort" end_port: Option<u32>,
    }
}

section! {
    /// One end of a connection.
    pub strict PolicyPeer {
        /// `podSelector`, as Kubernetes has it.
        "podSelector" pod_selector: Option<Untyped>,
        /// `namespaceSelector`, as Kubernetes has it.
        "namespaceSelector" namespace_selector: Option<Untyped>,
        /// `ipBlock`: addresses.
        "ipBlock" ip_block: Option<AddressRange>,
    }
}

section! {
    /// Addresses.
    pub strict AddressRange {
        /// `cidr`, such as `10.0.0.0/8`.
        "cidr" cidr: Option<String>,
        /// `except`: blocks within it that are left out.
        "except" except: Vec<String>,
    }
}

impl NetworkPolicy {
    /// The egress rules of the control plane's pods, of whichever shape they were written in, with their path.
    pub fn control_plane_egress(&self) -> impl Iterator<Item = (String, &EgressRule)> {
        let rules = |name: &'static str, rules: &'_ [EgressRule]| {
            (0..rules.len())
                .map(move |index| format!("policies.networkPolicy.{name}[{index}]"))
                .collect::<Vec<_>>()
        };
        let new = rules("controlPlane.egress", &self.control_plane.egress);
        let old = rules("extraControlPlaneRules", &self.extra_control_plane_rules);
        let new = new.into_iter().zip(&self.control_plane.egress);
        new.chain(old.into_iter().zip(&self.extra_control_plane_rules))
    }
}
