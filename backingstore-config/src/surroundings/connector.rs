//! The connector: a Secret beside the platform, with which it makes a database and a user for each tenant.

use std::net::IpAddr;

use secrecy::{ExposeSecret, SecretSlice, SecretString};

use super::invalid;
use super::manifest::{Metadata, SecretManifest, check_label};
use crate::data_source::SslMode;
use crate::error::{ConfigError, ConfigErrorKind};

/// The label by which the platform finds its connectors, and what it must say.
const LABEL: (&str, &str) = ("loft.sh/connector-type", "shared-database");
const BOUNDARY_ANNOTATION: &str = "connector.platform.vcluster.com/aws-permission-boundary-policy-arn";

/// A connector's Secret, to be filled in and built.
///
/// ```
/// use backingstore_config::surroundings::{ConnectorEngine, ConnectorSecret};
/// use secrecy::{ExposeSecret, SecretString};
///
/// let secret = ConnectorSecret::new("shared-pg", ConnectorEngine::Postgres, "pg.example.com", "platform")
///     .namespace("vcluster-platform")
///     .password(SecretString::from("s3cret"))
///     .build()?;
/// assert_eq!(secret.labels()["loft.sh/connector-type"], "shared-database");
/// assert_eq!(secret.expose("port"), Some(&b"5432"[..]));
/// assert!(secret.to_yaml_exposing_secrets().expose_secret().starts_with("apiVersion: v1\nkind: Secret\n"));
/// # Ok::<(), backingstore_config::ConfigError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "`build` makes the Secret"]
pub struct ConnectorSecret {
    name: String,
    namespace: Option<String>,
    engine: ConnectorEngine,
    endpoint: String,
    port: u16,
    user: String,
    password: Option<SecretString>,
    aws: bool,
    permission_boundary: Option<String>,
    ca_cert: Option<String>,
    ssl_mode: Option<SslMode>,
}

/// The database server behind a connector: its key `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConnectorEngine {
    /// `mysql`: MySQL or MariaDB.
    Mysql,
    /// `postgres`.
    Postgres,
}

impl ConnectorSecret {
    /// A connector of this name for a server at this host, with a user that may make databases and users
    /// there. The port is the engine's own, 3306 or 5432.
    ///
    /// `name` is what `controlPlane.backingStore.database.external.connector` says.
    pub fn new(
        name: impl Into<String>,
        engine: ConnectorEngine,
        endpoint: impl Into<String>,
        user: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            namespace: None,
            engine,
            endpoint: endpoint.into(),
            port: match engine {
                ConnectorEngine::Mysql => 3306,
                ConnectorEngine::Postgres => 5432,
            },
            user: user.into(),
            password: None,
            aws: false,
            permission_boundary: None,
            ca_cert: None,
            ssl_mode: None,
        }
    }

    /// The namespace. The platform looks in its own alone: `vcluster-platform`, or `loft` for older ones.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// The server's port.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The user's password.
    pub fn password(mut self, password: SecretString) -> Self {
        self.password = Some(password);
        self
    }

    /// Logs in with IAM and without a password: `identityProvider: aws`.
    pub fn aws_iam(mut self) -> Self {
        self.aws = true;
        self
    }

    /// With IAM: the ARN of the policy that bounds the roles that the platform makes for its tenants.
    /// [`ConnectPolicy`](super::ConnectPolicy) writes that policy.
    pub fn permission_boundary(mut self, arn: impl Into<String>) -> Self {
        self.permission_boundary = Some(arn.into());
        self
    }

    /// PostgreSQL, platform 4.10 and later: the certificates that the server's certificate must lead to, PEM.
    /// The platform and its tenants use `sslmode=verify-full` then, unless [`ssl_mode`](Self::ssl_mode) says
    /// otherwise.
    pub fn ca_cert(mut self, pem: impl Into<String>) -> Self {
        self.ca_cert = Some(pem.into());
        self
    }

    /// PostgreSQL, platform 4.10 and later: libpq's `sslmode`. Without it the platform takes `verify-full` if
    /// there are certificates, and `require` if not.
    pub fn ssl_mode(mut self, ssl_mode: SslMode) -> Self {
        self.ssl_mode = Some(ssl_mode);
        self
    }

    /// The Secret. `type` is always written: where it is blank, the platform takes MySQL.
    ///
    /// # Errors
    ///
    /// [`MissingSetting`](ConfigErrorKind::MissingSetting) without a password and without IAM, and
    /// [`InvalidValue`](ConfigErrorKind::InvalidValue) for what the platform could not use: a name that is
    /// none, an endpoint with a scheme or a port, a user or password that is empty or holds a control
    /// character (mostly the newline at the end of a file), a password beside IAM, a boundary without it,
    /// certificates that are not PEM, and `caCert` or `sslMode` for MySQL.
    pub fn build(self) -> Result<SecretManifest, ConfigError> {
        check_label("connector name", &self.name)?;
        if let Some(namespace) = &self.namespace {
            check_label("connector namespace", namespace)?;
        }
        check_endpoint(&self.endpoint)?;
        if self.port == 0 {
            return Err(invalid("port", "it is 0, where no server listens", "give the server's port"));
        }
        check_line("user", &self.user)?;
        self.check_login()?;
        self.check_tls()?;

        let mut metadata = Metadata::named(&self.name, self.namespace.as_deref());
        metadata.labels.insert(LABEL.0.to_owned(), LABEL.1.to_owned());
        if let Some(arn) = self.permission_boundary {
            metadata.annotations.insert(BOUNDARY_ANNOTATION.to_owned(), arn);
        }
        let engine = match self.engine {
            ConnectorEngine::Mysql => "mysql",
            ConnectorEngine::Postgres => "postgres",
        };
        let password = self.password.map(|password| password.expose_secret().to_owned());
        let entries = [
            ("type", Some(engine.to_owned())),
            ("endpoint", Some(self.endpoint)),
            ("port", Some(self.port.to_string())),
            ("user", Some(self.user)),
            ("password", password),
            ("identityProvider", self.aws.then(|| "aws".to_owned())),
            ("caCert", self.ca_cert),
            ("sslMode", self.ssl_mode.map(|mode| mode.as_str().to_owned())),
        ];
        let data = entries
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), SecretSlice::from(value?.into_bytes()))));
        Ok(SecretManifest::new(metadata, data))
    }

    fn check_login(&self) -> Result<(), ConfigError> {
        match &self.password {
            Some(_) if self.aws => {
                return Err(invalid(
                    "password",
                    "a password beside IAM, which takes its place",
                    "leave out the password, or `aws_iam`",
                ));
            }
            Some(password) => check_line("password", password.expose_secret())?,
            None if self.aws => {}
            None => {
                return Err(ConfigError::new(
                    ConfigErrorKind::MissingSetting,
                    "password",
                    "neither a password nor IAM",
                    "give the user's password, or `aws_iam` for RDS",
                ));
            }
        }
        let Some(arn) = &self.permission_boundary else { return Ok(()) };
        if !self.aws {
            return Err(invalid(
                "permission boundary",
                "a permission boundary without IAM",
                "leave it out, or add `aws_iam`",
            ));
        }
        let parts: Vec<_> = arn.splitn(6, ':').collect();
        let fits = matches!(parts[..], ["arn", partition, "iam", "", account, resource]
            if partition.starts_with("aws") && (account == "aws" || account.len() == 12) && resource.starts_with("policy/"));
        if !fits || arn.contains(|c: char| c.is_control() || c.is_whitespace()) {
            return Err(invalid(
                "permission boundary",
                "it is no ARN of an IAM policy",
                "write it as `arn:aws:iam::ACCOUNT:policy/NAME`",
            ));
        }
        Ok(())
    }

    fn check_tls(&self) -> Result<(), ConfigError> {
        if self.engine != ConnectorEngine::Postgres && (self.ca_cert.is_some() || self.ssl_mode.is_some()) {
            let subject = if self.ca_cert.is_some() { "caCert" } else { "sslMode" };
            return Err(invalid(
                subject,
                "the platform reads it for PostgreSQL alone",
                "leave it out for MySQL",
            ));
        }
        if self.ca_cert.as_deref().is_some_and(|pem| !is_certificate(pem)) {
            return Err(invalid(
                "caCert",
                "it is no certificate in PEM",
                "give the text with its `-----BEGIN CERTIFICATE-----` and `-----END CERTIFICATE-----`, and no private key",
            ));
        }
        Ok(())
    }
}

/// A private key here would go to every tenant.
fn is_certificate(pem: &str) -> bool {
    pem.contains("-----BEGIN CERTIFICATE-----")
        && pem.contains("-----END CERTIFICATE-----")
        && !pem.contains("PRIVATE KEY")
}

fn check_endpoint(endpoint: &str) -> Result<(), ConfigError> {
    let is_name = !endpoint.is_empty()
        && endpoint.len() <= 253
        && endpoint.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
    if is_name || endpoint.parse::<IpAddr>().is_ok() {
        return Ok(());
    }
    Err(invalid("endpoint", "it is no host", "write the host alone; the port has a key of its own"))
}

fn check_line(subject: &'static str, text: &str) -> Result<(), ConfigError> {
    if text.is_empty() || text.contains(|c: char| c.is_control()) {
        return Err(invalid(
            subject,
            "it is empty or holds a control character",
            "give it without the newline at the end of a file",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

    fn postgres() -> ConnectorSecret {
        ConnectorSecret::new("c", ConnectorEngine::Postgres, "pg.example.com", "admin")
    }

    fn with_password() -> ConnectorSecret {
        postgres().password(SecretString::from("CANARYx7Qz"))
    }

    fn text<'a>(secret: &'a SecretManifest, key: &str) -> Option<&'a str> {
        secret.expose(key).map(|value| std::str::from_utf8(value).unwrap())
    }

    #[test]
    fn every_key_is_a_text_and_the_type_is_always_there() {
        let secret = with_password()
            .namespace("loft")
            .port(6432)
            .ca_cert(PEM)
            .ssl_mode(SslMode::VerifyCa)
            .build()
            .unwrap();
        let expected = [
            ("caCert", PEM),
            ("endpoint", "pg.example.com"),
            ("password", "CANARYx7Qz"),
            ("port", "6432"),
            ("sslMode", "verify-ca"),
            ("type", "postgres"),
            ("user", "admin"),
        ];
        let keys: Vec<_> = secret.keys().collect();
        assert_eq!(keys, expected.map(|(key, _)| key));
        for (key, value) in expected {
            assert_eq!(text(&secret, key), Some(value), "{key}");
        }
        assert_eq!(secret.namespace(), Some("loft"));
        let mysql = ConnectorSecret::new("c", ConnectorEngine::Mysql, "2001:db8::1", "a");
        let mysql = mysql.password(SecretString::from("p")).build().unwrap();
        assert_eq!((text(&mysql, "type"), text(&mysql, "port")), (Some("mysql"), Some("3306")));
    }

    #[test]
    fn iam_stands_in_the_place_of_a_password() {
        let arn = "arn:aws:iam::123456789012:policy/boundary";
        let secret = postgres().aws_iam().permission_boundary(arn).build().unwrap();
        assert_eq!(text(&secret, "identityProvider"), Some("aws"));
        assert_eq!(text(&secret, "password"), None);
        assert_eq!(secret.annotations()[BOUNDARY_ANNOTATION], arn);
        let expected = "\
apiVersion: v1
kind: Secret
metadata:
  name: c
  labels:
    loft.sh/connector-type: shared-database
  annotations:
    connector.platform.vcluster.com/aws-permission-boundary-policy-arn: arn:aws:iam::123456789012:policy/boundary
type: Opaque
data:
  endpoint: cGcuZXhhbXBsZS5jb20=
  identityProvider: YXdz
  port: NTQzMg==
  type: cG9zdGdyZXM=
  user: YWRtaW4=
";
        assert_eq!(secret.to_yaml_exposing_secrets().expose_secret(), expected);
    }

    #[test]
    fn what_the_platform_could_not_use_is_refused_by_name() {
        let named = |name: &str| {
            ConnectorSecret::new(name, ConnectorEngine::Mysql, "db", "u").password(SecretString::from("p"))
        };
        let at = |endpoint: &str| {
            ConnectorSecret::new("c", ConnectorEngine::Mysql, endpoint, "u").password(SecretString::from("p"))
        };
        let user = |user: &str| {
            ConnectorSecret::new("c", ConnectorEngine::Mysql, "db", user).password(SecretString::from("p"))
        };
        for (connector, subject) in [
            (named("Shared"), "connector name"),
            (named("c").namespace(""), "connector namespace"),
            (at(""), "endpoint"),
            (at("db:3306"), "endpoint"),
            (at("mysql://db"), "endpoint"),
            (at("tcp(db)"), "endpoint"),
            (named("c").port(0), "port"),
            (user(""), "user"),
            (user("u\n"), "user"),
            (postgres(), "password"),
            (postgres().password(SecretString::from("CANARYx7Qz\n")), "password"),
            (postgres().password(SecretString::from("")), "password"),
            (with_password().aws_iam(), "password"),
            (
                with_password().permission_boundary("arn:aws:iam::123456789012:policy/b"),
                "permission boundary",
            ),
            (
                postgres().aws_iam().permission_boundary("arn:aws:iam::123456789012:role/b"),
                "permission boundary",
            ),
            (postgres().aws_iam().permission_boundary("boundary"), "permission boundary"),
            (named("c").ca_cert(PEM), "caCert"),
            (named("c").ssl_mode(SslMode::Require), "sslMode"),
            (with_password().ca_cert("/etc/ca.pem"), "caCert"),
            (
                with_password()
                    .ca_cert(format!("{PEM}-----BEGIN PRIVATE KEY-----\nA\n-----END PRIVATE KEY-----\n")),
                "caCert",
            ),
        ] {
            let error = connector.clone().build().unwrap_err();
            assert_eq!(error.subject(), subject, "{connector:?}");
            assert!(!format!("{error} {error:?} {connector:?}").contains("CANARY"));
        }
        assert_eq!(postgres().build().unwrap_err().kind(), ConfigErrorKind::MissingSetting);
    }

    #[test]
    fn no_password_is_shown() {
        let connector = with_password();
        let secret = connector.clone().build().unwrap();
        let yaml = secret.to_yaml_exposing_secrets();
        for shown in [format!("{connector:?}"), format!("{secret:?}"), format!("{yaml:?}")] {
            assert!(!shown.contains("CANARY") && !shown.contains("Q0FOQVJZ"), "{shown}");
        }
        assert!(yaml.expose_secret().contains("Q0FOQVJZ"));
    }
}
