//! What the control plane's pod needs: a variable, volumes and mounts, and where they stand in values files.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::super::manifest::write_yaml;
use super::super::network_policy::Below;

/// An environment variable of a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct EnvVar {
    /// The variable.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A volume of a pod.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Volume {
    /// The name by which mounts know it.
    pub name: String,
    /// What is in it.
    #[serde(flatten)]
    pub source: VolumeSource,
}

/// What is in a [`Volume`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum VolumeSource {
    /// A Secret, a file for each of its keys.
    #[serde(rename_all = "camelCase")]
    Secret {
        /// The Secret.
        secret_name: String,
    },
    /// A ConfigMap, a file for each of its keys.
    ConfigMap {
        /// The ConfigMap.
        name: String,
    },
}

/// Where a container sees a volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct VolumeMount {
    /// The volume.
    pub name: String,
    /// The path in the container.
    pub mount_path: String,
    /// One file of the volume, in the place of the whole of it. It does not follow later changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_path: Option<String>,
    /// Whether it cannot be written to.
    pub read_only: bool,
}

impl EnvVar {
    pub(super) fn new(name: &str, value: &str) -> Self {
        Self { name: name.to_owned(), value: value.to_owned() }
    }
}

impl Volume {
    pub(super) fn secret(name: &str) -> Self {
        let source = VolumeSource::Secret { secret_name: name.to_owned() };
        Self { name: name.to_owned(), source }
    }

    pub(super) fn config_map(name: &str) -> Self {
        let source = VolumeSource::ConfigMap { name: name.to_owned() };
        Self { name: name.to_owned(), source }
    }
}

impl VolumeMount {
    pub(super) fn folder(name: &str, path: &str) -> Self {
        Self { name: name.to_owned(), mount_path: path.to_owned(), sub_path: None, read_only: true }
    }

    pub(super) fn file(name: &str, path: &str, key: &str) -> Self {
        Self { sub_path: Some(key.to_owned()), ..Self::folder(name, path) }
    }
}

/// Variable, volumes and mounts as a fragment of a vcluster.yaml, below `controlPlane.statefulSet`.
///
/// Helm replaces lists and does not join them: what a values file has in these lists already belongs into the
/// same lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KerberosValues(Workload);

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Workload {
    env: Vec<EnvVar>,
    persistence: Persistence,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Persistence {
    add_volumes: Vec<Volume>,
    add_volume_mounts: Vec<VolumeMount>,
}

impl KerberosValues {
    pub(super) fn new(env: Vec<EnvVar>, volumes: Vec<Volume>, mounts: Vec<VolumeMount>) -> Self {
        Self(Workload { env, persistence: Persistence { add_volumes: volumes, add_volume_mounts: mounts } })
    }

    /// The fragment as YAML.
    pub fn to_yaml(&self) -> String {
        write_yaml(self)
    }
}

impl Serialize for KerberosValues {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Below { path: &["controlPlane", "statefulSet"], value: &self.0 }.serialize(serializer)
    }
}

/// Variable, volumes and mounts as a fragment of the values of the platform's chart. There `env` is a
/// mapping, and all three stand at the top.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KerberosPlatformValues {
    env: BTreeMap<String, String>,
    volumes: Vec<Volume>,
    volume_mounts: Vec<VolumeMount>,
}

impl KerberosPlatformValues {
    pub(super) fn new(env: Vec<EnvVar>, volumes: Vec<Volume>, volume_mounts: Vec<VolumeMount>) -> Self {
        Self { env: env.into_iter().map(|var| (var.name, var.value)).collect(), volumes, volume_mounts }
    }

    /// The fragment as YAML.
    pub fn to_yaml(&self) -> String {
        write_yaml(self)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{DOCUMENTED, setup};
    use crate::VirtualClusterConfig;

    #[test]
    fn the_fragment_of_a_vcluster_yaml_has_its_lists() {
        let expected = "\
controlPlane:
  statefulSet:
    env:
    - name: KRB5_CONFIG
      value: /etc/krb5.conf
    persistence:
      addVolumes:
      - name: kine-keytab
        secret:
          secretName: kine-keytab
      - name: krb5-conf
        configMap:
          name: krb5-conf
      addVolumeMounts:
      - name: kine-keytab
        mountPath: /etc/kine-keytab
        readOnly: true
      - name: krb5-conf
        mountPath: /etc/krb5.conf
        subPath: krb5.conf
        readOnly: true
";
        let yaml = setup(DOCUMENTED).unwrap().values_fragment().to_yaml();
        assert_eq!(yaml, expected);
        let config = VirtualClusterConfig::from_yaml(&yaml).unwrap();
        let stateful_set = &config.control_plane().stateful_set;
        assert_eq!(stateful_set.env[0].name.as_deref(), Some("KRB5_CONFIG"));
        assert_eq!(stateful_set.persistence.add_volumes.len(), 2);
        let mount = &stateful_set.persistence.add_volume_mounts[1];
        assert_eq!(mount.sub_path.as_deref(), Some("krb5.conf"));
    }

    #[test]
    fn the_platform_takes_the_variable_in_a_mapping() {
        let yaml = setup(DOCUMENTED).unwrap().platform_values_fragment().to_yaml();
        let expected = "\
env:
  KRB5_CONFIG: /etc/krb5.conf
volumes:
- name: kine-keytab
  secret:
    secretName: kine-keytab
- name: krb5-conf
  configMap:
    name: krb5-conf
volumeMounts:
- name: kine-keytab
  mountPath: /etc/kine-keytab
  readOnly: true
- name: krb5-conf
  mountPath: /etc/krb5.conf
  subPath: krb5.conf
  readOnly: true
";
        assert_eq!(yaml, expected);
    }
}
