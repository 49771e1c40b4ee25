//! Rules about Kerberos logins.

use std::net::IpAddr;
use std::path::Path;

use super::super::case::Role;
use super::database::{Version, in_data};
use super::{Check, Rule};
use crate::data_source::{DataSource, Engine, PostgresHost};

/// What asks for Kerberos in a data source.
pub(super) const PARAMETERS: [&str; 4] = ["krb5_keytab", "krb5_ccache", "krbsrvname", "krbspn"];

pub(super) const RULES: &[Rule] = &[
    Rule::error(
        "kerberos-login-invalid",
        "A Kerberos login that kine refuses: no principal, a principal that is none, or both a keytab and a credential cache.",
        Check::Source(|case, say| {
            if let DataSource::Postgres(source) = case.source
                && let Err(fault) = source.kerberos()
            {
                say.at(&case.path, format!("the data source has {}", fault.problem()), fault.help());
            }
        }),
    ),
    Rule::warning(
        "kerberos-principal-bare-at",
        "A principal with its `@` as it is. kine reads it; psql and other clients take what follows for the host.",
        Check::Source(|case, say| {
            if let DataSource::Postgres(source) = case.source
                && source.principal_at_is_bare()
            {
                say.at(
                    &case.path,
                    "the `@` of the principal is not percent-encoded",
                    "write `USER%40REALM@HOST`",
                );
            }
        }),
    ),
    Rule::warning(
        "kerberos-host",
        "A Kerberos host that is an address or a short name, while the server's principal has its full name.",
        Check::Source(|case, say| {
            let DataSource::Postgres(source) = case.source else { return };
            let Ok(Some(login)) = source.kerberos() else { return };
            if login.spn().is_some() {
                return;
            }
            let is_named = |host: &&PostgresHost| !host.is_unix_socket() && !host.host().is_empty();
            let hosts = source.hosts().iter().filter(is_named);
            for host in hosts.map(|host| host.host()) {
                let is_address = host.parse::<IpAddr>().is_ok();
                if is_address || !host.contains('.') {
                    let what = if is_address { "an address" } else { "a short name" };
                    say.at(
                        &case.path,
                        format!("the host is {what}, and the server's principal is looked for as `{}`", login.service_principal(host)),
                        "write the full name that the server's principal has, or name the principal with `krbspn`",
                    );
                }
            }
        }),
    ),
    Rule::error(
        "kerberos-on-mysql",
        "Kerberos parameters in a MySQL data source. kine has Kerberos for PostgreSQL alone, and MySQL refuses them as variables.",
        Check::Source(|case, say| {
            let DataSource::Mysql(source) = case.source else { return };
            for name in PARAMETERS.into_iter().filter(|name| source.params().contains(name)) {
                say.at(
                    &case.path,
                    format!("`{name}` in a MySQL data source; kine has Kerberos for PostgreSQL alone"),
                    "remove it, and log in with a password or with `identityProvider: aws`",
                );
            }
        }),
    ),
    Rule::warning(
        "kerberos-with-connector",
        "A connector beside settings for Kerberos. A connector's database has a user with a password.",
        Check::Database(|case, say| {
            if case.connector.is_none() {
                return;
            }
            let in_env = ["KRB5_KTNAME", "KRB5_CONFIG"].into_iter().find(|name| case.has_env(name));
            if let Some(name) = in_env {
                say.at(
                    case.key("connector"),
                    format!(
                        "a connector's database has a user with a password, and `{name}` is for Kerberos"
                    ),
                    format!(
                        "use a `dataSource` in the Kerberos form instead of the connector, or remove `{name}`"
                    ),
                );
            } else if case.kerberos().is_some() {
                say.at(
                    case.key("connector"),
                    "a connector's database has a user with a password; Kerberos needs a data source",
                    "keep `dataSource`, and remove `connector`",
                );
            }
        }),
    ),
    Rule::warning(
        "kerberos-with-identity-provider",
        "Kerberos and an identity provider. One login method is enough, and two do not go together.",
        Check::Database(|case, say| {
            if let Some((path, _)) = case.identity_provider().filter(|_| case.kerberos().is_some()) {
                say.at(
                    path,
                    "the data source logs in with Kerberos, and the identity provider with a temporary password",
                    "keep one of them",
                );
            }
        }),
    ),
    Rule::error(
        "kerberos-image",
        "Kerberos with an image of the products' own whose kine has none: before v1.36, and FIPS images.",
        Check::Database(|case, say| {
            let Some(image) = case.image.as_ref().filter(|_| case.kerberos().is_some()) else { return };
            let lacks_it = image.tag.and_then(Version::read).is_some_and(|version| version.has_no_kerberos());
            if lacks_it && image.is_original {
                say.at(image.path, "the kine of this image has no Kerberos", "write v1.36.3 or later");
            }
        }),
    ),
    Rule::warning(
        "kerberos-image-uncertain",
        "Kerberos with an image whose kine has it by the documentation (v1.36 or later) and not by the version that the image was built with: v1.36.0 and v1.36.1 name kine v0.14.10, the first with Kerberos is in v1.36.2. Also an older image of the same name in another registry.",
        Check::Database(|case, say| {
            let Some(image) = case.image.as_ref().filter(|_| case.kerberos().is_some()) else { return };
            let message = match image.tag.map(Version::read) {
                None => {
                    "no image is named, and the one that the chart names may hold a kine without Kerberos"
                }
                Some(Some(version)) if version.has_no_kerberos() && !image.is_original => {
                    "the kine of this image has no Kerberos, unless it is another build than the products' own"
                }
                Some(Some(version)) if (version.major, version.minor) == (1, 36) && version.patch < 2 => {
                    "the kine of this image may have no Kerberos"
                }
                Some(None) => "the tag of this image says no version, and its kine may have no Kerberos",
                _ => return,
            };
            say.at(
                image.path,
                message,
                "write v1.36.3 or later, or look for Kerberos in the log of kine in this image",
            );
        }),
    ),
    Rule::error(
        "keytab-not-mounted",
        "A keytab at a path where no volume is mounted. kine does not start without the file.",
        Check::Database(|case, say| {
            let Some(keytab) = case.keytab().filter(|_| case.in_pod) else { return };
            // kine runs in `/data`, the control plane's own folder.
            let file = Path::new("/data").join(&keytab);
            if keytab.starts_with("FILE:") {
                say.at(
                    &case.source_path,
                    "kine takes `FILE:` for a part of the keytab's path",
                    "write the path alone",
                );
            } else if !case.is_mounted(&file) && !in_data(&file) {
                let mounts = if case.role == Role::Platform {
                    "volumes` and `volumeMounts"
                } else {
                    "controlPlane.statefulSet.persistence.addVolumes` and `addVolumeMounts"
                };
                say.at(
                    &case.source_path,
                    "no volume is mounted where the keytab is looked for",
                    format!("mount a Secret that holds it with `{mounts}`"),
                );
            }
        }),
    ),
    Rule::warning(
        "krb5-config-missing",
        "Kerberos without the variable `KRB5_CONFIG`, or with one that names a file that no volume brings. Without it kine reads `/etc/krb5.conf`, which has to be there.",
        Check::Database(|case, say| {
            if case.kerberos().is_none() || !case.in_pod {
                return;
            }
            let is_there = |file: &Path| case.is_mounted(file) || in_data(file);
            let message = match case.env_value("KRB5_CONFIG") {
                Some(file) if !is_there(&Path::new("/data").join(file)) => {
                    "nothing is mounted where `KRB5_CONFIG` says that krb5.conf is"
                }
                _ if case.has_env("KRB5_CONFIG") => return,
                _ if is_there(Path::new("/etc/krb5.conf")) => {
                    "`KRB5_CONFIG` is not set; kine finds the mounted `/etc/krb5.conf`, other programs may look elsewhere"
                }
                _ => {
                    "`KRB5_CONFIG` is not set, and nothing is mounted at `/etc/krb5.conf`, where kine looks then"
                }
            };
            say.at(
                &case.source_path,
                message,
                format!("mount a krb5.conf, and set `KRB5_CONFIG` to its path in `{}`", case.env_path),
            );
        }),
    ),
    Rule::warning(
        "kerberos-half",
        "A PostgreSQL data source with `krbsrvname` or `krbspn`, and without a keytab or a credential cache: kine then has no Kerberos.",
        Check::Database(|case, say| {
            let Some(DataSource::Postgres(source)) = &case.source else { return };
            let named = ["krbsrvname", "krbspn"].into_iter().find(|name| source.params().contains(name));
            let Some(name) = named.filter(|_| case.engine() == Some(Engine::Postgres)) else { return };
            if matches!(source.kerberos(), Ok(None)) && !case.has_env("KRB5_KTNAME") {
                say.at(
                    &case.source_path,
                    format!(
                        "`{name}` without `krb5_keytab` or `krb5_ccache`: kine does not log in with Kerberos"
                    ),
                    "add `krb5_keytab=PATH`, or remove it",
                );
            }
        }),
    ),
];

impl Version {
    /// By the documentation v1.36 is the first; FIPS images are built on another kine.
    fn has_no_kerberos(&self) -> bool {
        (self.major, self.minor) < (1, 36) || self.is_fips
    }
}
