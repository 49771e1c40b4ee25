//! What the rules look at: a store with everything around it, gathered once.

use std::path::Path;

use secrecy::ExposeSecret;

use crate::data_source::{DataSource, KerberosCredentials, KerberosLogin, KineView};
use crate::kine_flags::{endpoint_among, value_among};
use crate::model::{ClaimSwitch, DatabaseKine, EnvVar, Persistence, TlsFiles, Untyped, VolumeMount};
use crate::platform::{PLATFORM_DATABASE, PlatformConfig};
use crate::store::{EMBEDDED_DATABASE, EXTERNAL_DATABASE, Store, StoreKind};
use crate::values::VirtualClusterConfig;

/// A data source and where it was written.
pub(super) struct SourceCase<'a> {
    pub(super) source: &'a DataSource,
    pub(super) path: String,
    /// The files that kine is started with beside it.
    pub(super) files: TlsFiles,
}

/// Whose database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A control plane's embedded one.
    Embedded,
    /// A control plane's external one.
    External,
    /// The platform's own.
    Platform,
}

/// A database that kine is started on, and what the container around kine has.
pub(super) struct DatabaseCase<'a> {
    /// The path of its section.
    pub(super) path: &'static str,
    pub(super) role: Role,
    pub(super) written: &'a DatabaseKine,
    pub(super) connector: Option<&'a str>,
    pub(super) source: Option<DataSource>,
    /// What kine makes of it with its TLS files.
    pub(super) view: Option<KineView>,
    /// Where the data source was written.
    pub(super) source_path: String,
    /// The files that kine is started with: a flag among the extra arguments takes the place of a key.
    pub(super) files: TlsFiles,
    /// Whether kine runs in a pod, which sees no file that nobody mounts.
    pub(super) in_pod: bool,
    /// Whether `/data` is on a volume that outlives the pod.
    pub(super) keeps_data: bool,
    /// The container's variables, with their values where the file says them.
    env: Vec<(&'a str, Option<&'a str>)>,
    /// Where variables are written.
    pub(super) env_path: &'static str,
    mounts: &'a [VolumeMount],
    pub(super) image: Option<KineImage<'a>>,
}

/// The image that kine comes with.
pub(super) struct KineImage<'a> {
    /// Where its version is written, or would be.
    pub(super) path: &'static str,
    /// Its version. None means the chart's default.
    pub(super) tag: Option<&'a str>,
    /// Whether it is pulled from the products' own registry. An image of the same name elsewhere is mostly a copy, and
    /// can be another build.
    pub(super) is_original: bool,
}

impl<'a> DatabaseCase<'a> {
    fn new(path: &'static str, role: Role, written: &'a DatabaseKine) -> Self {
        let in_args = endpoint_among(&written.extra_args);
        let text = in_args.or(written.data_source.as_ref().map(|text| text.expose_secret()));
        let source_path = match in_args.and_then(|_| value_among(&written.extra_args, "endpoint")) {
            Some((index, _)) => format!("{path}.extraArgs[{index}]"),
            None => format!("{path}.dataSource"),
        };
        let source = text.and_then(|text| DataSource::parse(text).ok());
        let files = files(written);
        Self {
            path,
            role,
            written,
            connector: None,
            view: source.as_ref().map(|source| source.as_kine_reads(&files)),
            source,
            source_path,
            files,
            in_pod: true,
            keeps_data: false,
            env: Vec::new(),
            env_path: "",
            mounts: &[],
            image: None,
        }
    }

    pub(super) fn key(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }

    /// The Kerberos login that the data source or a variable asks for, if it is a right one.
    pub(super) fn kerberos(&self) -> Option<KerberosLogin> {
        match &self.source {
            Some(DataSource::Postgres(source)) => {
                source.kerberos_with_variable(self.env_value("KRB5_KTNAME")).ok().flatten()
            }
            _ => None,
        }
    }

    /// The keytab of that login.
    pub(super) fn keytab(&self) -> Option<String> {
        match self.kerberos()?.credentials() {
            KerberosCredentials::Keytab(path) => Some(path.clone()),
            _ => None,
        }
    }

    /// Who gives kine its passwords, and where that is written. vCluster does not read the key of an embedded
    /// database; a flag counts there too.
    pub(super) fn identity_provider(&self) -> Option<(String, &str)> {
        if let Some((index, provider)) = value_among(&self.written.extra_args, "identity-provider") {
            return Some((format!("{}.extraArgs[{index}]", self.path), provider))
                .filter(|_| !provider.is_empty());
        }
        if let Some(provider) =
            self.written.identity_provider.as_deref().filter(|_| self.role != Role::Embedded)
        {
            return Some((self.key("identityProvider"), provider));
        }
        // kine reads its flags' variables too (`pkg/app` of vCluster's kine).
        let provider = self.env_value("KINE_IDENTITY_PROVIDER").filter(|provider| !provider.is_empty())?;
        Some((self.env_path.to_owned(), provider))
    }

    pub(super) fn has_env(&self, name: &str) -> bool {
        self.env.iter().any(|(found, _)| *found == name)
    }

    /// The value of a variable, where the file says it. Of two the last counts, as in Kubernetes.
    pub(super) fn env_value(&self, name: &str) -> Option<&'a str> {
        self.env.iter().rev().find(|(found, _)| *found == name)?.1
    }

    /// Whether a volume is mounted at this file or above it.
    pub(super) fn is_mounted(&self, file: &Path) -> bool {
        self.mounts.iter().filter_map(|mount| mount.mount_path.as_deref()).any(|path| file.starts_with(path))
    }

    pub(super) fn source_case(&self) -> Option<SourceCase<'_>> {
        let source = self.source.as_ref()?;
        Some(SourceCase { source, path: self.source_path.clone(), files: self.files.clone() })
    }
}

fn files(written: &DatabaseKine) -> TlsFiles {
    let file = |flag, key: &Option<String>| match value_among(&written.extra_args, flag) {
        Some((_, file)) => Some(file.to_owned()).filter(|file| !file.is_empty()),
        None => key.clone(),
    };
    let tls = &written.tls;
    TlsFiles {
        ca_file: file("ca-file", &tls.ca_file),
        cert_file: file("cert-file", &tls.cert_file),
        key_file: file("key-file", &tls.key_file),
    }
}

/// A control plane's values.
pub(super) struct ValuesCase<'a> {
    pub(super) config: &'a VirtualClusterConfig,
    /// Which store it is, as far as that can be said.
    pub(super) kind: Option<StoreKind>,
    pub(super) store: Option<&'a Store>,
    /// Whether a store's `enabled` is there and cannot be read, so that nobody knows which store is meant.
    pub(super) is_unsure: bool,
    /// The database that is chosen, or only described.
    pub(super) database: Option<DatabaseCase<'a>>,
}

impl<'a> ValuesCase<'a> {
    pub(super) fn new(
        config: &'a VirtualClusterConfig,
        kind: Option<StoreKind>,
        store: Option<&'a Store>,
        is_unsure: bool,
    ) -> Self {
        let written = &config.backing_store().database;
        let external = &written.external;
        let described =
            kind.is_none() && (external.connector.is_some() || external.kine.data_source.is_some());
        let database = if external.kine.enabled || described {
            let mut case = DatabaseCase::new(EXTERNAL_DATABASE, Role::External, &external.kine);
            case.connector = external.connector.as_deref();
            Some(case)
        } else if kind == Some(StoreKind::EmbeddedDatabase) {
            Some(DatabaseCase::new(EMBEDDED_DATABASE, Role::Embedded, &written.embedded))
        } else {
            None
        };
        let database = database.map(|case| surrounded(case, config));
        Self { config, kind, store, is_unsure, database }
    }

    /// Whether the control plane runs in a pod.
    pub(super) fn in_pod(&self) -> bool {
        !self.config.control_plane().standalone.enabled
    }

    pub(super) fn replicas(&self) -> u32 {
        self.config.control_plane().stateful_set.high_availability.replicas.unwrap_or(1)
    }
}

fn surrounded<'a>(case: DatabaseCase<'a>, config: &'a VirtualClusterConfig) -> DatabaseCase<'a> {
    let control_plane = config.control_plane();
    let k8s = &control_plane.distro.k8s;
    let env = control_plane.stateful_set.env.iter().chain(&k8s.env).filter_map(variable).collect();
    // An image of another make can hold any kine.
    let is_products = k8s.image.repository.as_deref().is_none_or(|name| name.ends_with("loft-sh/kubernetes"));
    // A version that is written takes the place of the image's tag (the chart's helper for the distro's image).
    let (path, tag) = match &k8s.version {
        Some(version) => ("controlPlane.distro.k8s.version", Some(version.as_str())),
        None => ("controlPlane.distro.k8s.image.tag", k8s.image.tag.as_deref()),
    };
    let is_original = k8s.image.registry.as_deref().is_none_or(|registry| registry == "ghcr.io");
    let image = KineImage { path, tag, is_original };
    DatabaseCase {
        in_pod: !control_plane.standalone.enabled,
        keeps_data: keeps_data(case.role, &control_plane.stateful_set.persistence),
        env,
        env_path: "controlPlane.statefulSet.env",
        mounts: &control_plane.stateful_set.persistence.add_volume_mounts,
        image: is_products.then_some(image),
        ..case
    }
}

/// Whether a claim is made for `/data`, or the user put another volume there: for an external database neither is
/// done by default.
fn keeps_data(role: Role, persistence: &Persistence) -> bool {
    let by_claim = match persistence.volume_claim.enabled {
        Some(ClaimSwitch::On) => true,
        Some(ClaimSwitch::Off) => false,
        None | Some(ClaimSwitch::Auto) => role == Role::Embedded,
    };
    by_claim || !persistence.volume_claim_templates.is_empty() || !persistence.data_volume.is_empty()
}

/// A variable that has a value, and that value where the file says it.
fn variable(env: &EnvVar) -> Option<(&str, Option<&str>)> {
    let value = env.value.as_ref().map(|value| value.expose_secret());
    let has_value = value.is_some() || !Untyped::is_empty(&env.value_from);
    env.name.as_deref().filter(|_| has_value).map(|name| (name, value))
}

/// The platform's values.
pub(super) struct PlatformCase<'a> {
    pub(super) config: &'a PlatformConfig,
    /// Its database, where one is enabled or described.
    pub(super) database: Option<DatabaseCase<'a>>,
}

impl<'a> PlatformCase<'a> {
    pub(super) fn new(config: &'a PlatformConfig) -> Self {
        let values = config.values();
        let written = &values.config.database;
        let is_there = written.enabled || written.data_source.is_some();
        let database = is_there.then(|| DatabaseCase {
            env: values
                .env
                .iter()
                .map(|(name, value)| (name.as_str(), Some(value.expose_secret())))
                .collect(),
            env_path: "env",
            mounts: &values.volume_mounts,
            ..DatabaseCase::new(PLATFORM_DATABASE, Role::Platform, written)
        });
        Self { config, database }
    }
}
