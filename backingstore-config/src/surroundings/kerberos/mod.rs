//! Kerberos around a PostgreSQL database: what the control plane's pod, the database server and the KDC each
//! need, all from one data source.
//!
//! Read [`krb5_conf`] and [`pod`] for the client's side, [`server`] for the database's, [`kadmin`] for the
//! KDC's.

mod kadmin;
mod kdc;
mod keytab;
mod krb5_conf;
mod pod;
mod server;

use secrecy::SecretSlice;

use super::invalid;
use super::manifest::{ConfigMapManifest, Metadata, SecretManifest, check_label};
use super::network_policy::{EgressRule, Peer, Protocol, egress};
use super::sql::kine_database;
use super::{AddressBlock, SqlScript};
use crate::data_source::{DataSource, KerberosCredentials, KerberosLogin, PostgresHost, PostgresSource};
use crate::error::{ConfigError, ConfigErrorKind};
use keytab::Keytab;

pub use kdc::KdcAddress;
pub use pod::{EnvVar, KerberosPlatformValues, KerberosValues, Volume, VolumeMount, VolumeSource};

/// Where the pod finds `krb5.conf`, and the key of its ConfigMap.
const KRB5_CONF_PATH: &str = "/etc/krb5.conf";
const KRB5_CONF_KEY: &str = "krb5.conf";

/// Everything around a PostgreSQL data source that logs in with Kerberos.
///
/// ```
/// use backingstore_config::DataSource;
/// use backingstore_config::surroundings::KerberosSetup;
///
/// let text = "postgres://kine%40EXAMPLE.COM@pg.example.com/tenant1?krb5_keytab=/etc/kine-keytab/krb5.keytab";
/// let DataSource::Postgres(source) = DataSource::parse(text)? else { unreachable!() };
/// let setup = KerberosSetup::new(&source, ["kdc.example.com".parse()?])?;
///
/// assert_eq!(setup.service_principals(), ["postgres/pg.example.com@EXAMPLE.COM"]);
/// assert!(setup.values_fragment().to_yaml().contains("mountPath: /etc/kine-keytab"));
/// assert_eq!(
///     setup.pg_hba(&["10.20.0.0/16".parse()?])?,
///     "host \"tenant1\" \"kine\" 10.20.0.0/16 gss include_realm=0 krb_realm=EXAMPLE.COM\n",
/// );
/// # Ok::<(), backingstore_config::ConfigError>(())
/// ```
#[derive(Debug, Clone)]
pub struct KerberosSetup {
    source: PostgresSource,
    login: KerberosLogin,
    realm: String,
    keytab: Option<Keytab>,
    kdcs: Vec<KdcAddress>,
    keytab_secret: String,
    config_map: String,
    namespace: Option<String>,
}

impl KerberosSetup {
    /// The surroundings of a data source whose principal names its realm, with the KDCs of that realm.
    ///
    /// # Errors
    ///
    /// - [`MissingSetting`](ConfigErrorKind::MissingSetting): the data source does not ask for Kerberos, has
    ///   no host, or names no realm ([`in_realm`](Self::in_realm) takes one); no KDC is given.
    /// - [`InvalidValue`](ConfigErrorKind::InvalidValue): a realm or a host that `krb5.conf` cannot hold, a
    ///   Unix socket, over which PostgreSQL has no GSSAPI, or a keytab whose folder cannot be mounted.
    /// - Those of [`PostgresSource::kerberos`].
    pub fn new(
        source: &PostgresSource,
        kdcs: impl IntoIterator<Item = KdcAddress>,
    ) -> Result<Self, ConfigError> {
        Self::build(source, None, kdcs.into_iter().collect())
    }

    /// The same for a principal that may leave its realm to the `default_realm` of `krb5.conf`, which is this
    /// one.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), and [`InvalidValue`](ConfigErrorKind::InvalidValue) if the principal names
    /// another realm.
    pub fn in_realm(
        source: &PostgresSource,
        realm: &str,
        kdcs: impl IntoIterator<Item = KdcAddress>,
    ) -> Result<Self, ConfigError> {
        Self::build(source, Some(realm), kdcs.into_iter().collect())
    }

    fn build(
        source: &PostgresSource,
        realm: Option<&str>,
        kdcs: Vec<KdcAddress>,
    ) -> Result<Self, ConfigError> {
        let missing = |problem, help| {
            Err(ConfigError::new(ConfigErrorKind::MissingSetting, "data source", problem, help))
        };
        let Some(login) = source.kerberos()? else {
            return missing(
                "it names neither a keytab nor a credential cache",
                "add `krb5_keytab=/etc/kine-keytab/krb5.keytab` to its parameters",
            );
        };
        let realm = match (login.realm(), realm) {
            (Some(written), Some(given)) if written != given => {
                return Err(invalid(
                    "realm",
                    "it is not the one that the data source's principal names",
                    "give the same realm, or none",
                ));
            }
            (Some(realm), _) | (None, Some(realm)) => realm.to_owned(),
            (None, None) => {
                return missing(
                    "its principal has no realm",
                    "write `USER%40REALM` before the host, or give the realm",
                );
            }
        };
        check_realm(&realm)?;
        check_hosts(source.hosts())?;
        if kdcs.is_empty() {
            return Err(ConfigError::new(
                ConfigErrorKind::MissingSetting,
                "KDC",
                "no KDC is given",
                "give the host of at least one, as in `kdc.example.com` or `kdc.example.com:88`",
            ));
        }
        let keytab = match login.credentials() {
            KerberosCredentials::Keytab(path) => Some(Keytab::parse(path)?),
            _ => None,
        };
        Ok(Self {
            source: source.clone(),
            login,
            realm,
            keytab,
            kdcs,
            keytab_secret: "kine-keytab".to_owned(),
            config_map: "krb5-conf".to_owned(),
            namespace: None,
        })
    }

    /// The Secret with the keytab, in the place of `kine-keytab`. The volume has the same name.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`](ConfigErrorKind::InvalidValue) if it is no name in Kubernetes, or the ConfigMap's.
    pub fn keytab_secret_name(mut self, name: &str) -> Result<Self, ConfigError> {
        check_label("keytab Secret", name)?;
        self.keytab_secret = name.to_owned();
        self.told_apart()
    }

    /// The ConfigMap with `krb5.conf`, in the place of `krb5-conf`. The volume has the same name.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`](ConfigErrorKind::InvalidValue) if it is no name in Kubernetes, or the Secret's.
    pub fn config_map_name(mut self, name: &str) -> Result<Self, ConfigError> {
        check_label("krb5.conf ConfigMap", name)?;
        self.config_map = name.to_owned();
        self.told_apart()
    }

    /// The namespace of both objects: the control plane's. Without it the manifests name none.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`](ConfigErrorKind::InvalidValue) if it is no name in Kubernetes.
    pub fn namespace(mut self, namespace: &str) -> Result<Self, ConfigError> {
        check_label("namespace", namespace)?;
        self.namespace = Some(namespace.to_owned());
        Ok(self)
    }

    fn told_apart(self) -> Result<Self, ConfigError> {
        if self.keytab_secret == self.config_map {
            return Err(invalid(
                "volume",
                "the Secret and the ConfigMap have one name, and so would two volumes of the pod",
                "give them different names",
            ));
        }
        Ok(self)
    }

    fn database(&self) -> Result<String, ConfigError> {
        kine_database(&DataSource::Postgres(self.source.clone()))
    }

    /// The login that the data source asks for.
    pub fn login(&self) -> &KerberosLogin {
        &self.login
    }

    /// The realm of the client, of the servers and of the KDCs.
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// The client's principal, with its realm.
    pub fn principal(&self) -> String {
        format!("{}@{}", self.login.user(), self.realm)
    }

    /// The principals of the servers, with their realm, each once: what the keytabs of the servers must hold,
    /// letter by letter.
    pub fn service_principals(&self) -> Vec<String> {
        let mut principals = Vec::new();
        for host in self.source.hosts() {
            let mut principal = self.login.service_principal(host.host());
            if !principal.contains('@') {
                principal = format!("{principal}@{}", self.realm);
            }
            if !principals.contains(&principal) {
                principals.push(principal);
            }
        }
        principals
    }

    /// The text of `krb5.conf`.
    ///
    /// No name is looked up in the DNS in place of another: the server's principal is the host that the data
    /// source names. The KDC is asked over TCP first, since tickets often exceed a datagram.
    pub fn krb5_conf(&self) -> String {
        krb5_conf::write(&self.realm, &self.kdcs, self.source.hosts())
    }

    /// The ConfigMap with `krb5.conf`, to be applied in the control plane's namespace.
    pub fn krb5_config_map(&self) -> ConfigMapManifest {
        let metadata = Metadata::named(&self.config_map, self.namespace.as_deref());
        ConfigMapManifest::new(metadata, [(KRB5_CONF_KEY.to_owned(), self.krb5_conf())])
    }

    /// The Secret with this keytab, to be applied in the control plane's namespace.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`](ConfigErrorKind::InvalidValue) for bytes that are no keytab of MIT's second version,
    /// [`MissingSetting`](ConfigErrorKind::MissingSetting) for a data source that uses a credential cache.
    pub fn keytab_secret(&self, keytab: SecretSlice<u8>) -> Result<SecretManifest, ConfigError> {
        use secrecy::ExposeSecret;
        let Some(path) = &self.keytab else {
            return Err(ConfigError::new(
                ConfigErrorKind::MissingSetting,
                "data source",
                "it uses a credential cache, not a keytab",
                "write `krb5_keytab=PATH` in the place of `krb5_ccache`",
            ));
        };
        // MIT's keytab format: 5, then the version. What was decoded from a text by mistake begins otherwise.
        if !keytab.expose_secret().starts_with(&[5, 2]) {
            return Err(invalid(
                "keytab",
                "its bytes are no keytab: those begin with 05 02",
                "give the bytes of the file that `ktadd` or `ktutil` wrote, not their base64",
            ));
        }
        let metadata = Metadata::named(&self.keytab_secret, self.namespace.as_deref());
        Ok(SecretManifest::new(metadata, [(path.file.clone(), keytab)]))
    }

    /// The variable `KRB5_CONFIG`, which kine needs to find `krb5.conf`.
    pub fn env(&self) -> Vec<EnvVar> {
        vec![EnvVar::new("KRB5_CONFIG", KRB5_CONF_PATH)]
    }

    /// The volumes: `krb5.conf`, and the keytab unless a credential cache is used.
    pub fn volumes(&self) -> Vec<Volume> {
        let keytab = self.keytab.as_ref().map(|_| Volume::secret(&self.keytab_secret));
        keytab.into_iter().chain([Volume::config_map(&self.config_map)]).collect()
    }

    /// Where the volumes are mounted: the keytab's folder, and `/etc/krb5.conf`.
    pub fn volume_mounts(&self) -> Vec<VolumeMount> {
        let keytab =
            self.keytab.as_ref().map(|keytab| VolumeMount::folder(&self.keytab_secret, &keytab.folder));
        let krb5_conf = VolumeMount::file(&self.config_map, KRB5_CONF_PATH, KRB5_CONF_KEY);
        keytab.into_iter().chain([krb5_conf]).collect()
    }

    /// Variable, volumes and mounts as a fragment of a vcluster.yaml.
    pub fn values_fragment(&self) -> KerberosValues {
        KerberosValues::new(self.env(), self.volumes(), self.volume_mounts())
    }

    /// The same as a fragment of the platform's values, in which `env` is a mapping.
    pub fn platform_values_fragment(&self) -> KerberosPlatformValues {
        KerberosPlatformValues::new(self.env(), self.volumes(), self.volume_mounts())
    }

    /// The egress rules that let the control plane reach its KDCs, over TCP and UDP. `blocks` stand for the
    /// KDCs that are names; for the database [`database_egress`](super::database_egress) gives the rules.
    ///
    /// # Errors
    ///
    /// [`MissingSetting`](ConfigErrorKind::MissingSetting) if a KDC is a name and no block is given.
    pub fn kdc_egress(&self, blocks: &[AddressBlock]) -> Result<Vec<EgressRule>, ConfigError> {
        let ends: Vec<_> = self.kdcs.iter().map(|kdc| (kdc.host().to_owned(), kdc.port())).collect();
        let names: Vec<_> = blocks.iter().cloned().map(Peer::from).collect();
        egress(&ends, &[Protocol::Tcp, Protocol::Udp], &names, "KDC")
    }

    /// The SQL for the role and its database. The role is the part of the principal before the `@`, has no
    /// password, and owns the database.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`](ConfigErrorKind::InvalidValue) for a name that PostgreSQL would cut or refuse,
    /// [`MissingSetting`](ConfigErrorKind::MissingSetting) for a `dbname=` without a name.
    pub fn sql(&self) -> Result<SqlScript, ConfigError> {
        server::sql(self.login.user(), &self.database()?)
    }

    /// The lines of `pg_hba.conf` that let this role into this database from these blocks, with Kerberos
    /// alone. The first line that matches counts, so they belong before wider ones.
    ///
    /// They match with TLS only (`hostssl`) if the data source demands TLS. They never demand GSSAPI's own
    /// encryption (`hostgssenc`), which kine's driver does not have. At its start kine also looks into the
    /// database `postgres`; that it is not let in there is a warning in its log and no more.
    ///
    /// # Errors
    ///
    /// [`MissingSetting`](ConfigErrorKind::MissingSetting) without a block and for a `dbname=` without a name,
    /// [`InvalidValue`](ConfigErrorKind::InvalidValue) for a block that leaves out others, and for a role or
    /// a database that the file cannot name: an empty one, one with a control character, and one with a `/`
    /// at its start, which makes it a regular expression.
    pub fn pg_hba(&self, clients: &[AddressBlock]) -> Result<String, ConfigError> {
        let demands_tls = self.source.ssl_mode().is_encrypted();
        server::pg_hba(self.login.user(), &self.database()?, &self.realm, demands_tls, clients)
    }

    /// The line of `postgresql.conf` that says where the server's keytab is.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`](ConfigErrorKind::InvalidValue) for a path that is not absolute or holds a control
    /// character.
    pub fn krb_server_keyfile(path: &str) -> Result<String, ConfigError> {
        server::krb_server_keyfile(path)
    }

    /// The commands for `kadmin` or `kadmin.local` that make the principals with random keys, and write their
    /// keytabs into a folder of the machine on which it runs: the client's under the name that the data
    /// source gives it, each server's as `HOST.keytab`.
    ///
    /// Give them to the program's standard input, a line each. `ktadd` makes new keys: run once more it makes
    /// every keytab that was written before useless.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`](ConfigErrorKind::InvalidValue) for a principal or a folder with other characters than
    /// letters, digits and `_`, `.`, `/`, `+`, `-`, and `$` in a principal: `kadmin` divides and unquotes what
    /// it reads.
    pub fn kadmin_commands(&self, folder: &str) -> Result<Vec<String>, ConfigError> {
        kadmin::commands(self, folder)
    }
}

/// A realm is put into `krb5.conf` as a tag and a value, and into `pg_hba.conf` as a word.
fn check_realm(realm: &str) -> Result<(), ConfigError> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    if !realm.is_empty() && realm.bytes().all(fits) {
        return Ok(());
    }
    Err(invalid(
        "realm",
        "a character that krb5.conf and pg_hba.conf give a meaning of their own",
        "take a realm of letters, digits, `.`, `-` and `_`, as in `EXAMPLE.COM`",
    ))
}

fn check_hosts(hosts: &[PostgresHost]) -> Result<(), ConfigError> {
    let has_name = |host: &&PostgresHost| !host.host().is_empty();
    if hosts.is_empty() || !hosts.iter().all(|host| has_name(&host)) {
        return Err(ConfigError::new(
            ConfigErrorKind::MissingSetting,
            "data source",
            "it names no host, and the server's principal has the host's name in it",
            "write the server's full name, as in `pg.example.com`",
        ));
    }
    if hosts.iter().any(PostgresHost::is_unix_socket) {
        return Err(invalid(
            "data source",
            "a Unix socket, over which PostgreSQL has no GSSAPI",
            "write the server's full name, as in `pg.example.com`",
        ));
    }
    // IPv6 has `:`, and `%` before a zone.
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':' | b'%');
    if !hosts.iter().all(|host| host.host().bytes().all(fits)) {
        return Err(invalid(
            "data source",
            "a host that is not of ASCII letters, digits, `.`, `-` and `_`",
            "write the name in its ASCII form (punycode)",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    pub(super) const DOCUMENTED: &str = "kine%40KINE.TEST@pg.example.com:5432/kubernetes?sslmode=disable&krbsrvname=postgres&krb5_keytab=/etc/kine-keytab/krb5.keytab";

    pub(super) fn setup(text: &str) -> Result<KerberosSetup, ConfigError> {
        KerberosSetup::new(&source(text), ["kdc.example.com".parse().unwrap()])
    }

    fn source(text: &str) -> PostgresSource {
        match DataSource::parse(&format!("postgres://{text}")).unwrap() {
            DataSource::Postgres(source) => source,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn the_principals_are_those_of_the_data_source() {
        let setup = setup(DOCUMENTED).unwrap();
        assert_eq!(setup.principal(), "kine@KINE.TEST");
        assert_eq!(setup.realm(), "KINE.TEST");
        assert_eq!(setup.login().user(), "kine");
        assert_eq!(setup.service_principals(), ["postgres/pg.example.com@KINE.TEST"]);
    }

    #[test]
    fn several_hosts_have_a_principal_each_and_krbspn_is_one_for_all() {
        let several = setup("k%40R@a.x:1,b.x:1,a.x:2/d?krb5_ccache&krbsrvname=POSTGRES").unwrap();
        assert_eq!(several.service_principals(), ["POSTGRES/a.x@R", "POSTGRES/b.x@R"]);
        let one = setup("k%40R@a.x:1,b.x:1/d?krb5_ccache&krbspn=postgres%2Fc.x%40S").unwrap();
        assert_eq!(one.service_principals(), ["postgres/c.x@S"]);
    }

    #[test]
    fn what_kerberos_cannot_be_set_up_for_is_refused_by_name() {
        for (text, kind, subject) in [
            ("k@h.x/d".to_owned(), ConfigErrorKind::MissingSetting, "data source"),
            ("k@h.x/d?krb5_ccache".to_owned(), ConfigErrorKind::MissingSetting, "data source"),
            ("k%40R@/d?krb5_ccache".to_owned(), ConfigErrorKind::MissingSetting, "data source"),
            ("k%40R@h/d?krb5_ccache&host=/run/pg".to_owned(), ConfigErrorKind::InvalidValue, "data source"),
            ("k%40R@h\u{e9}/d?krb5_ccache".to_owned(), ConfigErrorKind::InvalidValue, "data source"),
            ("k%40R%0A%7D@h.x/d?krb5_ccache".to_owned(), ConfigErrorKind::InvalidValue, "realm"),
            ("k%40R%20x@h.x/d?krb5_ccache".to_owned(), ConfigErrorKind::InvalidValue, "realm"),
            (
                "k%40R@h.x/d?krb5_ccache&krb5_keytab=/a/b".to_owned(),
                ConfigErrorKind::InvalidDataSource,
                "data source",
            ),
        ] {
            let error = setup(&text).unwrap_err();
            assert_eq!((error.kind(), error.subject()), (kind, subject), "{text}: {error}");
        }
        let error = KerberosSetup::new(&source(DOCUMENTED), []).unwrap_err();
        assert_eq!((error.kind(), error.subject()), (ConfigErrorKind::MissingSetting, "KDC"));
    }

    #[test]
    fn a_realm_can_be_given_for_a_principal_without_one() {
        let kdc: KdcAddress = "kdc".parse().unwrap();
        let setup = KerberosSetup::in_realm(&source("k@h.x/d?krb5_ccache"), "R", [kdc.clone()]).unwrap();
        assert_eq!(setup.principal(), "k@R");
        KerberosSetup::in_realm(&source(DOCUMENTED), "KINE.TEST", [kdc.clone()]).unwrap();
        let error = KerberosSetup::in_realm(&source(DOCUMENTED), "OTHER", [kdc]).unwrap_err();
        assert_eq!(error.subject(), "realm");
    }

    #[test]
    fn the_keytab_is_in_the_secret_byte_by_byte_and_nowhere_shown() {
        let setup = setup(DOCUMENTED).unwrap().namespace("tenants").unwrap();
        let bytes = [&[5, 2][..], b"CANARY\0\xff"].concat();
        let secret = setup.keytab_secret(SecretSlice::from(bytes.clone())).unwrap();
        assert_eq!(secret.expose("krb5.keytab"), Some(&bytes[..]));
        let expected = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: kine-keytab\n  namespace: tenants\ntype: Opaque\ndata:\n  \
                        krb5.keytab: BQJDQU5BUlkA/w==\n";
        assert_eq!(secret.to_yaml_exposing_secrets().expose_secret(), expected);
        assert!(!format!("{secret:?}").contains("CANARY"));
        let error = setup.keytab_secret(SecretSlice::from(b"BQJDQU5BUlk=".to_vec())).unwrap_err();
        assert_eq!((error.kind(), error.subject()), (ConfigErrorKind::InvalidValue, "keytab"));
        assert!(!format!("{error} {error:?}").contains("BQJ"));
    }

    #[test]
    fn a_credential_cache_needs_no_keytab_volume() {
        let setup = setup("k%40R@h.x/d?krb5_ccache=/cache/cc").unwrap();
        let names: Vec<_> = setup.volumes().into_iter().map(|volume| volume.name).collect();
        assert_eq!(names, ["krb5-conf"]);
        assert_eq!(setup.volume_mounts().len(), 1);
        let error = setup.keytab_secret(SecretSlice::from(vec![5, 2])).unwrap_err();
        assert_eq!(error.kind(), ConfigErrorKind::MissingSetting);
    }

    #[test]
    fn the_objects_can_have_other_names_but_not_one() {
        let setup = || setup(DOCUMENTED).unwrap();
        let renamed = setup().keytab_secret_name("keys").unwrap().config_map_name("conf").unwrap();
        assert_eq!(renamed.krb5_config_map().name(), "conf");
        assert_eq!(renamed.volumes()[0].name, "keys");
        assert_eq!(renamed.volume_mounts()[1].name, "conf");
        assert!(setup().keytab_secret_name("krb5-conf").is_err());
        assert!(setup().keytab_secret_name("{{ x }}").is_err());
        assert!(setup().config_map_name("A").is_err());
        assert!(setup().namespace("a/b").is_err());
    }

    #[test]
    fn the_kdcs_are_let_out_to_over_both_protocols() {
        let kdcs = ["10.0.0.2", "kdc.example.com:88", "kdc.example.com:750"].map(|kdc| kdc.parse().unwrap());
        let setup = KerberosSetup::new(&source(DOCUMENTED), kdcs).unwrap();
        let rules = setup.kdc_egress(&["10.1.0.0/16".parse().unwrap()]).unwrap();
        let ports = |rule: &EgressRule| -> Vec<_> {
            rule.ports.iter().map(|port| (port.port, port.protocol)).collect()
        };
        assert_eq!(rules.len(), 2);
        assert_eq!(ports(&rules[0]), [(88, Protocol::Tcp), (88, Protocol::Udp)]);
        assert_eq!(rules[0].to.len(), 2);
        assert_eq!(ports(&rules[1]), [(750, Protocol::Tcp), (750, Protocol::Udp)]);
        let error = setup.kdc_egress(&[]).unwrap_err();
        assert_eq!((error.kind(), error.subject()), (ConfigErrorKind::MissingSetting, "KDC"));
    }
}
