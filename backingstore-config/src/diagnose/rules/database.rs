//! Rules about a database and what kine is started with.

use secrecy::ExposeSecret;

use super::super::case::{DatabaseCase, Role};
use super::{Check, Rule};
use crate::data_source::{DataSource, Engine};
use crate::kine_flags::{endpoint_among, value_among};

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
            if let Some(provider) = &case.written.identity_provider
                && provider != "aws"
                && case.role != Role::Embedded
            {
                say.at(
                    case.key("identityProvider"),
                    "kine knows the identity provider `aws` alone",
                    "write `aws`, or remove it",
                );
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
            if case.has_identity() && case.password().is_some() {
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
            if !case.has_identity() || case.written.tls.ca_file.is_some() {
                return;
            }
            let verified = match &case.source {
                Some(DataSource::Mysql(source)) => source.tls_mode().is_verified(),
                Some(DataSource::Postgres(source)) => source.ssl_mode().is_verified(),
                _ => true,
            };
            if !verified {
                say.at(
                    case.key("identityProvider"),
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
            let Some(image) =
                case.image.as_ref().filter(|_| case.has_identity() && case.role == Role::External)
            else {
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
            let tls = &case.written.tls;
            let (there, missing) = match (&tls.cert_file, &tls.key_file) {
                (Some(_), None) => ("certFile", "keyFile"),
                (None, Some(_)) => ("keyFile", "certFile"),
                _ => return,
            };
            say.at(
                case.key(there),
                format!("`{there}` without `{missing}`"),
                format!("set `{missing}` too, or remove `{there}`"),
            );
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
        "An external database whose data source is a SQLite file: its pods have no volume, so the data goes with them.",
        Check::Database(|case, say| {
            if case.role != Role::Embedded && case.engine() == Some(Engine::Sqlite) {
                say.at(
                    &case.source_path,
                    "an external database in a SQLite file, in a pod that has no volume",
                    "use `controlPlane.backingStore.database.embedded`, or name a PostgreSQL or MySQL server",
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
                    "describe it under `controlPlane.backingStore.etcd.external`",
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
            if case.password().is_some() {
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
            if let Some((index, "0")) = value_among(&case.written.extra_args, name) {
                say.at(
                    format!("{}.extraArgs[{index}]", case.path),
                    "0 idle connections means the default to kine: 2 before v0.16, 20 since",
                    format!("write `--{name}=-1` to keep none"),
                );
            }
        }),
    ),
];

impl DatabaseCase<'_> {
    fn source_is_written(&self) -> bool {
        self.written.data_source.is_some() || endpoint_among(&self.written.extra_args).is_some()
    }

    /// Whether kine asks an identity provider for passwords.
    fn has_identity(&self) -> bool {
        self.role != Role::Embedded && self.written.identity_provider.is_some()
    }

    pub(super) fn engine(&self) -> Option<Engine> {
        self.source.as_ref().map(DataSource::engine)
    }

    fn password(&self) -> Option<()> {
        let password = match self.source.as_ref()? {
            DataSource::Postgres(source) => source.password(),
            DataSource::Mysql(source) => source.password(),
            _ => None,
        };
        password.filter(|password| !password.expose_secret().is_empty()).map(|_| ())
    }
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
