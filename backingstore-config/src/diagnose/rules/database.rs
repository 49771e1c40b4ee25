//! Rules about a database and what kine is started with.

use std::path::Path;

use super::super::case::{DatabaseCase, Role};
use super::{Check, Rule};
use crate::data_source::{DataSource, Engine, KineTls};
use crate::kine_flags::{endpoint_among, value_among};
use crate::model::TlsFiles;

pub(super) const RULES: &[Rule] = &[
    Rule::error(
        "connector-with-data-source",
        "Both a connector and a data source. The platform's documentation rules it out and nothing checks it: one of the two is not used, and with it its data.",
        Check::Database(|case, say| {
            if case.connector.is_some() && case.source_is_written() {
                say.at(
                    case.key("connector"),
                    "both `connector` and `dataSource` say where the database is",
                    "keep `connector` to let the platform make a database, or `dataSource` for one that is there",
                );
            }
        }),
    ),
    Rule::error(
        "identity-provider-unknown",
        "An identity provider that kine does not know. It stops at its start.",
        Check::Database(|case, say| {
            if let Some((path, provider)) = case.identity_provider()
                && provider != "aws"
            {
                say.at(path, "kine knows the identity provider `aws` alone", "write `aws`, or remove it");
            }
        }),
    ),
    Rule::warning(
        "identity-provider-on-embedded-database",
        "An identity provider for the embedded database, where vCluster does not read it.",
        Check::Database(|case, say| {
            if case.role == Role::Embedded && case.written.identity_provider.is_some() {
                say.at(
                    case.key("identityProvider"),
                    "vCluster does not read the identity provider of an embedded database",
                    "remove it, or describe the database under `external`",
                );
            }
        }),
    ),
    Rule::warning(
        "identity-provider-with-password",
        "An identity provider and a password in the data source. The temporary password takes its place.",
        Check::Database(|case, say| {
            if case.identity_provider().is_some() && case.has_password() {
                say.at(
                    &case.source_path,
                    "the data source holds a password, in whose place the identity provider puts a temporary one",
                    "remove the password",
                );
            }
        }),
    ),
    Rule::warning(
        "identity-provider-without-verified-tls",
        "A database with `identityProvider: aws` whose server is not verified: the token goes in clear text inside the connection, on MySQL also where TLS is not offered.",
        Check::Database(|case, say| {
            let Some((path, "aws")) = case.identity_provider() else { return };
            // A connector's database comes with its own certificates.
            let is_verified = case.view.as_ref().is_none_or(|view| view.tls() >= KineTls::VerifiedAuthority);
            let is_server = matches!(case.engine(), Some(Engine::Postgres | Engine::Mysql));
            if is_server && !is_verified {
                say.at(
                    path,
                    "the token is sent to a server that nobody verifies",
                    "set `caFile` to the certificates of the service, and mount them",
                );
            }
        }),
    ),
    Rule::warning(
        "identity-provider-image",
        "An image whose kine may not know `--identity-provider`: the first with it were v1.33.6, v1.34.2 and v1.35.0.",
        Check::Database(|case, say| {
            let Some(image) = case.image.as_ref().filter(|_| case.identity_provider().is_some()) else {
                return;
            };
            let Some(version) = image.tag.and_then(Version::read) else { return };
            let knows = match (version.major, version.minor) {
                (1, 33) => version.patch >= 6,
                (1, 34) => version.patch >= 2,
                (major, minor) => (major, minor) >= (1, 35),
            };
            if !knows || version.is_fips {
                say.at(
                    image.path,
                    "the kine of this image may not know the identity provider",
                    "write v1.33.6, v1.34.2, v1.35.0 or later, and look at `kine --help` in the image",
                );
            }
        }),
    ),
    Rule::error(
        "certificate-without-key",
        "`certFile` without `keyFile`, or the other way round. The drivers refuse one without the other.",
        Check::Database(|case, say| {
            let TlsFiles { cert_file, key_file, .. } = &case.files;
            let is_refused = match &case.view {
                Some(view) => view.refusal().is_some(),
                None => cert_file.is_some() != key_file.is_some(),
            };
            if !is_refused {
                return;
            }
            let (there, missing) = match (cert_file, key_file) {
                (Some(_), None) => ("certFile", "keyFile"),
                (None, Some(_)) => ("keyFile", "certFile"),
                // The other half is among the parameters, or all that there is.
                _ => {
                    say.at(
                        &case.source_path,
                        "the data source has a client certificate without its key, or a key without its certificate",
                        "write both `sslcert` and `sslkey`, or name both with `certFile` and `keyFile`",
                    );
                    return;
                }
            };
            let flag = if there == "certFile" { "cert-file" } else { "key-file" };
            let path = match value_among(&case.written.extra_args, flag) {
                Some((index, _)) => format!("{}.extraArgs[{index}]", case.path),
                None => case.key(there),
            };
            say.at(
                path,
                format!("`{there}` without `{missing}`"),
                format!("set `{missing}` too, or remove `{there}`"),
            );
        }),
    ),
    Rule::warning(
        "tls-files-ignored",
        "TLS files that kine does not use: for SQLite, and for a MySQL data source that says `tls=` itself.",
        Check::Database(|case, say| {
            if case.view.as_ref().is_some_and(|view| view.ignores_tls_files()) {
                let message = match case.engine() {
                    Some(Engine::Mysql) => {
                        "`tls=` in the data source takes the place of `caFile`, `certFile` and `keyFile`, which kine does not use then"
                    }
                    _ => "this data source uses no TLS, and kine none of `caFile`, `certFile` and `keyFile`",
                };
                say.at(&case.source_path, message, "remove the files, or `tls=` from the data source");
            }
        }),
    ),
    Rule::warning(
        "embedded-database-elsewhere",
        "The embedded database's data source names a database server. kine is started on it, with one replica and a volume that holds nothing.",
        Check::Database(|case, say| {
            let elsewhere = matches!(case.engine(), Some(Engine::Postgres | Engine::Mysql));
            if case.role == Role::Embedded && elsewhere {
                say.at(
                    &case.source_path,
                    "an embedded database whose data source names a database server",
                    "describe it under `controlPlane.backingStore.database.external`, which allows several replicas",
                );
            }
        }),
    ),
    Rule::error(
        "external-database-in-a-file",
        "An external database whose data source is a SQLite file on no volume: its pods have none by default, so the data goes with them.",
        Check::Database(|case, say| {
            if case.role != Role::Embedded && case.is_file_lost(case.keeps_data) {
                let help = match case.role {
                    Role::Platform => "remove `config.database`, or name a PostgreSQL or MySQL server",
                    _ => {
                        "use `controlPlane.backingStore.database.embedded`, or name a PostgreSQL or MySQL server"
                    }
                };
                say.at(
                    &case.source_path,
                    "an external database in a SQLite file, which is on no volume and goes with the pod",
                    help,
                );
            }
        }),
    ),
    Rule::error(
        "embedded-database-off-volume",
        "An embedded database whose SQLite file is in memory, or outside of `/data` and of all mounted volumes: it goes with the pod.",
        Check::Database(|case, say| {
            // Without a claim for `/data` there is a warning of its own: that can be meant.
            if case.role == Role::Embedded && case.is_file_lost(true) {
                say.at(
                    &case.source_path,
                    "the file of the embedded database is on no volume, and goes with the pod",
                    "put it below `/data`, as in `sqlite:///data/state.db`, or mount a volume where it is",
                );
            }
        }),
    ),
    Rule::error(
        "database-is-etcd",
        "A database whose data source is an etcd. kine starts no server for one.",
        Check::Database(|case, say| {
            if case.engine() == Some(Engine::Etcd) {
                say.at(
                    &case.source_path,
                    "the data source of a database names an etcd, for which kine starts no server",
                    match case.role {
                        Role::Platform => "name a PostgreSQL or MySQL server",
                        _ => "describe it under `controlPlane.backingStore.etcd.external`",
                    },
                );
            }
        }),
    ),
    Rule::warning(
        "data-source-overridden",
        "`--endpoint` among `extraArgs` takes the place of `dataSource`.",
        Check::Database(|case, say| {
            let overridden =
                endpoint_among(&case.written.extra_args).is_some() && case.written.data_source.is_some();
            if overridden {
                say.at(
                    &case.source_path,
                    "`--endpoint` takes the place of `dataSource`, which is not used",
                    "keep one of them",
                );
            }
        }),
    ),
    Rule::warning(
        "data-source-in-values",
        "A password stands in the values: in the Secret that holds them all, on kine's command line and in the pod's log.",
        Check::Database(|case, say| {
            if case.has_password() {
                say.at(
                    &case.source_path,
                    "the password of the database stands in the values in clear text",
                    "use a connector, an identity provider or Kerberos, or keep the values as secret as the password",
                );
            }
        }),
    ),
    Rule::warning(
        "idle-connections-zero",
        "`--datastore-max-idle-connections=0`, which means the default to kine. A negative number keeps no idle connection.",
        Check::Database(|case, say| {
            let name = "datastore-max-idle-connections";
            let message = "0 idle connections means the default to kine: 2 before v0.16, 20 since";
            match value_among(&case.written.extra_args, name) {
                Some((index, "0")) => say.at(
                    format!("{}.extraArgs[{index}]", case.path),
                    message,
                    format!("write `--{name}=-1` to keep none"),
                ),
                // A flag beats its variable.
                None if case.env_value("KINE_DATASTORE_MAX_IDLE_CONNECTIONS") == Some("0") => {
                    say.at(
                        case.env_path,
                        message,
                        "set `KINE_DATASTORE_MAX_IDLE_CONNECTIONS` to -1 to keep none",
                    );
                }
                _ => {}
            }
        }),
    ),
];

impl DatabaseCase<'_> {
    fn source_is_written(&self) -> bool {
        self.written.data_source.is_some() || endpoint_among(&self.written.extra_args).is_some()
    }

    pub(super) fn engine(&self) -> Option<Engine> {
        self.source.as_ref().map(DataSource::engine)
    }

    /// Whether it is a SQLite database that no volume keeps, given whether `/data` is on one.
    fn is_file_lost(&self, keeps_data: bool) -> bool {
        let Some(DataSource::Sqlite(source)) = &self.source else { return false };
        // kine runs in `/data`.
        let file = Path::new("/data").join(source.path());
        let is_kept = !source.is_in_memory() && (self.is_mounted(&file) || in_data(&file) && keeps_data);
        self.in_pod && !is_kept
    }

    fn has_password(&self) -> bool {
        self.view.as_ref().is_some_and(|view| view.has_password())
    }
}

/// Whether a file is below `/data`, where the control plane keeps its own.
pub(super) fn in_data(file: &Path) -> bool {
    file.starts_with("/data")
}

/// The version of an image, as its tag says it.
pub(super) struct Version {
    pub(super) major: u32,
    pub(super) minor: u32,
    pub(super) patch: u32,
    /// FIPS images are built on another kine, without vCluster's changes (`fips/base-images/Dockerfile.kine` of
    /// loft-sh/kubernetes).
    pub(super) is_fips: bool,
}

impl Version {
    /// Reads `v1.36.1`, `1.36.1` or `v1.36.1-full`.
    pub(super) fn read(tag: &str) -> Option<Self> {
        let (numbers, rest) = match tag.find(['-', '+']) {
            Some(end) => tag.split_at(end),
            None => (tag, ""),
        };
        let mut parts = numbers.strip_prefix('v').unwrap_or(numbers).split('.').map(str::parse);
        let mut next = || parts.next()?.ok();
        let (major, minor) = (next()?, next()?);
        Some(Self { major, minor, patch: next().unwrap_or(0), is_fips: rest.contains("fips") })
    }
}
