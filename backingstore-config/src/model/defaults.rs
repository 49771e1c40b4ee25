//! The chart's defaults of what is modelled (`chart/values.yaml` of loft-sh/vcluster at each release's tag).

use super::ChartRelease;
use crate::yaml::Node;

/// What all releases from 0.26 to 0.37 have alike. `@NAME@` stands for what [`VARIANTS`] says of a release.
const COMMON: &str = include_str!("defaults.yaml");

/// What a release has in the place of a name, from which release on.
const VARIANTS: &[(&str, &[(u32, &str)])] = &[
    ("@ETCD_TAG@", &[(26, "3.5.21-0"), (29, "3.6.4-0"), (35, "3.6.8-0")]),
    (
        "@K8S_TAG@",
        &[
            (26, "v1.32.1"),
            (27, "v1.33.1"),
            (28, "v1.33.4"),
            (30, "v1.34.0"),
            (32, "v1.35.0"),
            (35, "v1.36.0"),
        ],
    ),
    ("@IDENTITY_PROVIDER@", &[(26, ""), (30, "identityProvider: ''")]),
    ("@NETWORK_POLICY@", &[(26, OLD_NETWORK_POLICY), (31, NEW_NETWORK_POLICY)]),
];

const OLD_NETWORK_POLICY: &str = "extraControlPlaneRules: []
    extraWorkloadRules: []
    outgoingConnections:
      platform: true
      ipBlock: {cidr: 0.0.0.0/0, except: [100.64.0.0/10, 127.0.0.0/8, 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16]}";

const NEW_NETWORK_POLICY: &str = "controlPlane: {ingress: [], egress: []}
    workload:
      publicEgress:
        enabled: true
        cidr: 0.0.0.0/0
        except: [100.64.0.0/10, 127.0.0.0/8, 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16]
      ingress: []
      egress: []";

/// The defaults of a release. Nothing in them has a place.
pub(crate) fn of(release: ChartRelease) -> Node {
    let mut text = COMMON.to_owned();
    for (name, values) in VARIANTS {
        let value = values.iter().rev().find(|(since, _)| ChartRelease::of_minor(*since) <= release);
        text = text.replace(name, value.map_or("", |(_, value)| value));
    }
    Node::from_yaml(&text)
        .expect("the defaults are YAML; a test reads those of every release")
        .without_places()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::VirtualClusterConfig;
    use crate::model::ClaimSwitch;

    #[test]
    fn every_release_has_defaults_that_are_read_without_a_fault() {
        for minor in 26..=37 {
            let release = ChartRelease::new(0, minor).unwrap();
            let written = of(release).to_yaml();
            VirtualClusterConfig::from_yaml(&written).unwrap_or_else(|fault| panic!("{release}: {fault}"));
        }
    }

    #[test]
    fn what_differs_between_releases_is_chosen() {
        let becomes = |minor| {
            VirtualClusterConfig::from_yaml("").unwrap().with_defaults(ChartRelease::new(0, minor).unwrap())
        };
        let (old, new) = (becomes(26), becomes(37));
        assert_eq!(old.control_plane().distro.k8s.image.tag.as_deref(), Some("v1.32.1"));
        assert_eq!(new.control_plane().distro.k8s.image.tag.as_deref(), Some("v1.36.0"));
        assert_eq!(old.network_policy().outgoing_connections.platform, Some(true));
        assert_eq!(new.network_policy().workload.public_egress.enabled, Some(true));
        let claim = &new.control_plane().stateful_set.persistence.volume_claim;
        assert_eq!(claim.enabled, Some(ClaimSwitch::Auto));
    }

    #[test]
    fn what_is_filled_in_has_no_place() {
        let config = VirtualClusterConfig::from_yaml("controlPlane: {}").unwrap();
        let config = config.with_defaults(ChartRelease::LATEST);
        assert_eq!(
            config.place_of("controlPlane.backingStore.database.external.enabled").map(|p| p.line),
            Some(1)
        );
        assert_eq!(config.place_of("policies.networkPolicy.enabled"), None);
    }
}
