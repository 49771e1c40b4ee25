//! The Kerberos form of a PostgreSQL data source, typed: `postgres://USER%40REALM@HOST/DATABASE?krb5_keytab=PATH`.
//!
//! The parameters `krb5_keytab` and `krb5_ccache` are those of vCluster's kine (`loft-sh/kine`,
//! `pkg/drivers/pgsql/pgsql.go` and `kerberos.go`). They are read here as it reads them; upstream's kine has
//! neither, and sends them to the server as settings.

use super::fault::Fault;
use super::postgres::PostgresSource;
use crate::error::ConfigError;

/// The service of PostgreSQL's principals where `krbsrvname` names none (pgx `krb5.go`, libpq).
const DEFAULT_SERVICE: &str = "postgres";

/// How a PostgreSQL data source logs in with Kerberos.
///
/// ```
/// use backingstore_config::{DataSource, KerberosCredentials};
///
/// let text = "postgres://kine%40EXAMPLE.COM@pg.example.com/kine?krb5_keytab=/etc/kine-keytab/krb5.keytab";
/// let DataSource::Postgres(source) = DataSource::parse(text)? else { unreachable!() };
/// let login = source.kerberos()?.expect("a keytab is named");
/// assert_eq!(login.user(), "kine");
/// assert_eq!(login.realm(), Some("EXAMPLE.COM"));
/// assert_eq!(*login.credentials(), KerberosCredentials::Keytab("/etc/kine-keytab/krb5.keytab".to_owned()));
/// assert_eq!(login.service_principal("pg.example.com"), "postgres/pg.example.com");
/// # Ok::<(), backingstore_config::ConfigError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KerberosLogin {
    user: String,
    realm: Option<String>,
    credentials: KerberosCredentials,
    service: String,
    spn: Option<String>,
}

/// Where the login's key or ticket is. The file is not looked at here.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KerberosCredentials {
    /// The path of a keytab, as it is written. vCluster's kine takes no `FILE:` off it, and finds no such file
    /// then; it does so for the variable `KRB5_KTNAME` alone.
    Keytab(String),
    /// A credential cache: the path of its file, without `FILE:`. None means the variable `KRB5CCNAME` where it
    /// begins with `FILE:`, else `/tmp/krb5cc_UID`.
    CredentialCache(Option<String>),
}

impl KerberosLogin {
    /// The user: what stands before the `@`. It is the role that the server is asked for, and the first part of
    /// the principal of a keytab.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The realm: what stands behind the `@`. None means the `default_realm` of krb5.conf. With a credential
    /// cache the tickets have the realm, and the one here is not used.
    pub fn realm(&self) -> Option<&str> {
        self.realm.as_deref()
    }

    /// The keytab or the credential cache.
    pub fn credentials(&self) -> &KerberosCredentials {
        &self.credentials
    }

    /// The service of the server's principal: `krbsrvname`, or `postgres`. Not used where [`spn`](Self::spn) is
    /// set.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The server's whole principal, from `krbspn`. None where it follows from service and host.
    pub fn spn(&self) -> Option<&str> {
        self.spn.as_deref()
    }

    /// The principal of the server at this host: `krbspn`, else `SERVICE/HOST`. The host is the one that the data
    /// source names, letter by letter, unless krb5.conf says `dns_canonicalize_hostname = true`.
    pub fn service_principal(&self, host: &str) -> String {
        match &self.spn {
            Some(spn) => spn.clone(),
            None => format!("{}/{host}", self.service),
        }
    }
}

impl PostgresSource {
    /// The Kerberos login that the data source asks for. None where it names neither a keytab nor a credential
    /// cache; kine then takes one from the variable `KRB5_KTNAME`: see
    /// [`kerberos_with_variable`](Self::kerberos_with_variable).
    ///
    /// # Errors
    ///
    /// [`InvalidDataSource`](crate::ConfigErrorKind::InvalidDataSource), each for what vCluster's kine does not
    /// start with: both `krb5_keytab` and `krb5_ccache`; no user; nothing before the `@` of the principal; with a
    /// keytab also nothing behind the `@`, or more than one `@`.
    pub fn kerberos(&self) -> Result<Option<KerberosLogin>, ConfigError> {
        self.kerberos_with_variable(None)
    }

    /// The same with what the variable `KRB5_KTNAME` holds where kine runs: a keytab for a data source that names neither
    /// a keytab nor a cache, with or without `FILE:` before it.
    ///
    /// # Errors
    ///
    /// As [`kerberos`](Self::kerberos).
    pub fn kerberos_with_variable(&self, ktname: Option<&str>) -> Result<Option<KerberosLogin>, ConfigError> {
        let value = |name| self.exposed_param(name);
        let ktname = ktname.map(|name| name.strip_prefix("FILE:").unwrap_or(name));
        // The fork's `kerberosAuthFromDSN`: the mere presence of both is its error, and of the cache its mode. An
        // empty keytab is none.
        let credentials = match (value("krb5_keytab"), value("krb5_ccache")) {
            (Some(_), Some(_)) => {
                return Err(Fault::invalid(
                    "both `krb5_keytab` and `krb5_ccache` among its parameters",
                    "keep one",
                ))?;
            }
            (_, Some(cache)) => KerberosCredentials::CredentialCache(file_of_cache(cache)),
            (Some(keytab), None) if !keytab.is_empty() => KerberosCredentials::Keytab(keytab.to_owned()),
            _ => match ktname.filter(|path| !path.is_empty()) {
                Some(keytab) => KerberosCredentials::Keytab(keytab.to_owned()),
                None => return Ok(None),
            },
        };
        let (user, realm) = principal(self.user().unwrap_or_default(), &credentials)?;
        let filled = |name| value(name).filter(|text| !text.is_empty()).map(str::to_owned);
        Ok(Some(KerberosLogin {
            user: user.to_owned(),
            realm: realm.map(str::to_owned),
            credentials,
            service: filled("krbsrvname").unwrap_or_else(|| DEFAULT_SERVICE.to_owned()),
            spn: filled("krbspn"),
        }))
    }

    /// Whether the `@` of a principal stands in the URL as it is, not as `%40`.
    ///
    /// It is read all the same: Go 1.26's `net/url` ends the user information at the last `@` before the path and
    /// lets `@` stand in it, and pgx v5.10 sees the user `kine@REALM` in `postgres://kine@REALM@host/db` as in
    /// `kine%40REALM@host/db`. RFC 3986 section 3.2.1 does not allow it, and libpq 15 ends the user at the first
    /// `@`: psql looks for a host `REALM@host`.
    pub fn principal_at_is_bare(&self) -> bool {
        self.written_user().is_some_and(|user| user.contains('@'))
    }
}

/// The fork's `resolveCCachePath`, as far as the data source decides it.
fn file_of_cache(written: &str) -> Option<String> {
    let path = written.strip_prefix("FILE:").unwrap_or(written);
    Some(path).filter(|path| !path.is_empty()).map(str::to_owned)
}

/// Cuts a principal in two, by the fork's `principalFromUser` and `roleFromUser`. Without any user the fork takes
/// the operating system's, whose name nobody has a key for: that is refused.
fn principal<'a>(
    text: &'a str,
    credentials: &KerberosCredentials,
) -> Result<(&'a str, Option<&'a str>), Fault> {
    const WRITE: &str = "write the principal as `USER%40REALM` before the `@` of the host";
    if text.is_empty() {
        return Err(Fault::invalid("a Kerberos login without a user", WRITE));
    }
    let Some((user, realm)) = text.split_once('@') else {
        return Ok((text, None));
    };
    if user.is_empty() {
        return Err(Fault::invalid("nothing before the `@` of its Kerberos principal", WRITE));
    }
    if let KerberosCredentials::CredentialCache(_) = credentials {
        return Ok((user, Some(realm).filter(|realm| !realm.is_empty() && !realm.contains('@'))));
    }
    if realm.is_empty() {
        return Err(Fault::invalid(
            "nothing behind the `@` of its Kerberos principal",
            "write `USER%40REALM`, or `USER` alone for the default realm of krb5.conf",
        ));
    }
    if realm.contains('@') {
        return Err(Fault::invalid("more than one `@` in its Kerberos principal", WRITE));
    }
    Ok((user, Some(realm)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ConfigErrorKind, DataSource};

    fn source(text: &str) -> PostgresSource {
        match DataSource::parse(&format!("postgres://{text}")).unwrap() {
            DataSource::Postgres(source) => source,
            other => panic!("{other}"),
        }
    }

    fn login(text: &str) -> KerberosLogin {
        source(text).kerberos().unwrap().unwrap()
    }

    fn problem(text: &str) -> String {
        let error = source(text).kerberos().unwrap_err();
        assert_eq!(error.kind(), ConfigErrorKind::InvalidDataSource);
        error.problem().to_owned()
    }

    #[test]
    fn the_documented_form_is_read_in_full() {
        let login = login(
            "kine%40EXAMPLE.COM@pg.example.com:5432/kubernetes?sslmode=disable&krbsrvname=postgres&krb5_keytab=/etc/kine-keytab/krb5.keytab",
        );
        assert_eq!(login.user(), "kine");
        assert_eq!(login.realm(), Some("EXAMPLE.COM"));
        assert_eq!(login.service(), "postgres");
        assert_eq!(login.spn(), None);
        assert_eq!(login.service_principal("pg.example.com"), "postgres/pg.example.com");
        let keytab = "/etc/kine-keytab/krb5.keytab".to_owned();
        assert_eq!(*login.credentials(), KerberosCredentials::Keytab(keytab));
    }

    #[test]
    fn without_a_keytab_and_a_cache_there_is_no_kerberos() {
        for text in ["u:p@h/d", "u%40R@h/d?krbsrvname=postgres", "u@h/d?krb5_keytab=", "u@h/d?krb5_keytab"] {
            assert_eq!(source(text).kerberos(), Ok(None), "{text}");
        }
    }

    #[test]
    fn a_cache_is_selected_by_its_presence_and_its_path_loses_the_prefix() {
        for (written, path) in [
            ("krb5_ccache", None),
            ("krb5_ccache=", None),
            ("krb5_ccache=FILE:", None),
            ("krb5_ccache=FILE:/tmp/cc", Some("/tmp/cc")),
            ("krb5_ccache=/tmp/cc", Some("/tmp/cc")),
            ("krb5_ccache=KEYRING:x", Some("KEYRING:x")),
        ] {
            let expected = KerberosCredentials::CredentialCache(path.map(str::to_owned));
            assert_eq!(*login(&format!("u@h/d?{written}")).credentials(), expected, "{written}");
        }
    }

    #[test]
    fn a_keytab_keeps_its_prefix_as_in_kine() {
        let expected = KerberosCredentials::Keytab("FILE:/k".to_owned());
        assert_eq!(*login("u@h/d?krb5_keytab=FILE:/k").credentials(), expected);
    }

    #[test]
    fn both_credentials_are_refused_whatever_they_hold() {
        for text in ["u@h/d?krb5_keytab=/k&krb5_ccache", "u@h/d?krb5_ccache=/c&krb5_keytab="] {
            assert_eq!(problem(text), "both `krb5_keytab` and `krb5_ccache` among its parameters");
        }
    }

    #[test]
    fn the_principal_of_a_keytab_has_one_at_and_no_empty_part() {
        for (user, expected) in [
            ("kine%40KINE.TEST", ("kine", Some("KINE.TEST"))),
            ("svc.kine%40EXAMPLE.COM", ("svc.kine", Some("EXAMPLE.COM"))),
            ("kine@KINE.TEST", ("kine", Some("KINE.TEST"))),
            ("kine", ("kine", None)),
        ] {
            let login = login(&format!("{user}@h/d?krb5_keytab=/k"));
            assert_eq!((login.user(), login.realm()), expected, "{user}");
        }
        for (login, expected) in [
            ("", "a Kerberos login without a user"),
            ("@", "a Kerberos login without a user"),
            ("%40KINE.TEST@", "nothing before the `@` of its Kerberos principal"),
            ("kine%40@", "nothing behind the `@` of its Kerberos principal"),
            ("kine%40KINE%40TEST@", "more than one `@` in its Kerberos principal"),
            ("kine@KINE@TEST@", "more than one `@` in its Kerberos principal"),
        ] {
            assert_eq!(problem(&format!("{login}h/d?krb5_keytab=/k")), expected, "{login}");
        }
    }

    #[test]
    fn with_a_cache_only_the_role_has_to_be_there() {
        for (user, expected) in [
            ("kine%40KINE.TEST", ("kine", Some("KINE.TEST"))),
            ("kine", ("kine", None)),
            ("kine%40", ("kine", None)),
            ("kine%40A%40B", ("kine", None)),
        ] {
            let login = login(&format!("{user}@h/d?krb5_ccache"));
            assert_eq!((login.user(), login.realm()), expected, "{user}");
        }
        assert_eq!(problem("h/d?krb5_ccache"), "a Kerberos login without a user");
        assert_eq!(problem("%40R@h/d?krb5_ccache"), "nothing before the `@` of its Kerberos principal");
    }

    #[test]
    fn the_user_among_the_parameters_is_the_principal_too() {
        let login = login("/d?host=h&user=kine@R&krb5_keytab=/k");
        assert_eq!((login.user(), login.realm()), ("kine", Some("R")));
    }

    #[test]
    fn the_servers_principal_follows_its_parameters() {
        for (params, service, principal) in [
            ("", "postgres", "postgres/h"),
            ("&krbsrvname=", "postgres", "postgres/h"),
            ("&krbsrvname=POSTGRES", "POSTGRES", "POSTGRES/h"),
            ("&krbsrvname=x&krbspn=pg/alias@R", "x", "pg/alias@R"),
            ("&krbspn=", "postgres", "postgres/h"),
        ] {
            let login = login(&format!("u@h/d?krb5_ccache{params}"));
            assert_eq!((login.service(), login.service_principal("h").as_str()), (service, principal));
        }
    }

    #[test]
    fn a_raw_at_in_the_user_is_told_from_an_encoded_one() {
        for (text, bare) in [
            ("kine@REALM@h/d", true),
            ("kine@REALM:p@h/d", true),
            ("kine%40REALM@h/d", false),
            ("kine:p@ss@h/d", false),
            ("/d?host=h&user=kine@REALM", false),
            ("", false),
        ] {
            assert_eq!(source(text).principal_at_is_bare(), bare, "{text}");
        }
        assert_eq!(source("kine@REALM@h/d").user(), Some("kine@REALM"));
    }
}
