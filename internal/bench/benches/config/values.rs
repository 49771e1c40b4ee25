//! Values files that users have.

use std::fmt::Write;
use std::path::Path;

use bench::Result;

/// The file at a path, or the YAML files of the folder there, each with its name.
pub(crate) fn read(path: &Path) -> Result<Vec<(String, String)>> {
    let said = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut paths = vec![path.to_owned()];
    if path.is_dir() {
        let entries = std::fs::read_dir(path).map_err(said)?;
        paths = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<std::io::Result<_>>()
            .map_err(said)?;
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
        paths.sort();
    }
    paths
        .into_iter()
        .map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Ok((name, std::fs::read_to_string(&path).map_err(said)?))
        })
        .collect()
}

/// What of the chart's values bears on a store.
const STORE: &str = "\
controlPlane:
  backingStore:
    database:
      embedded: {enabled: false, dataSource: '', extraArgs: []}
      external:
        enabled: true
        dataSource: postgres://kine:s3cret@db.example.com:5432/tenant1?sslmode=verify-full
        certFile: /etc/kine/tls.crt
        keyFile: /etc/kine/tls.key
        caFile: /etc/kine/ca.crt
        extraArgs: []
    etcd:
      embedded: {enabled: false, migrateFromDeployedEtcd: false}
      deploy:
        enabled: false
        statefulSet:
          image: {registry: registry.k8s.io, repository: etcd, tag: 3.6.8-0}
          resources: {requests: {cpu: 20m, memory: 150Mi}}
          persistence: {volumeClaim: {enabled: true, retentionPolicy: Retain, size: 5Gi, accessModes: [ReadWriteOnce]}}
  statefulSet:
    highAvailability: {replicas: 3}
policies:
  networkPolicy: {enabled: false}
";

/// A file of about so many lines and of the chart's make: half of the lines are comments, the keys stand three to six
/// deep, most values are booleans, and many are empty.
pub(crate) fn generated(lines: usize) -> String {
    let mut text = STORE.to_owned();
    let mut written = text.lines().count();
    let mut section = 0;
    while written < lines {
        let _ = write!(
            text,
            "# Section{section} describes how resources go from the virtual cluster to the host cluster and back.
section{section}:
  # Configures the way to the host cluster.
  toHost:
    # Resources of this kind are made in the host cluster if they are made in the virtual one.
    resources:
      # Says whether this is on.
      enabled: true
      # Only those that are needed by a pod, or all of them, which costs more memory.
      all: false
      translateImage: {{}}
      # Each is a pattern of an expression that has to match the resource's name.
      patches: []
      runtimeClassName: \"\"
      requests:
        # Of one replica.
        cpu: 20m
        memory: 256Mi
        ephemeral-storage: 400Mi
      annotations:
        example.com/name: \"{section}\"
        example.com/other: a text of a few words
      ports:
      - name: https
        port: 443
        targetPort: 8443
"
        );
        written += 25;
        section += 1;
    }
    text
}
