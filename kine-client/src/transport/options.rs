//! What a connection is made of.

use std::fmt;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

use super::Transport;
use crate::{Client, Error};

/// How to connect: endpoints, TLS and timeouts.
///
/// ```no_run
/// # async fn example(key_pem: String) -> Result<(), kine_client::Error> {
/// use kine_client::{ConnectOptions, TlsOptions};
/// use std::time::Duration;
///
/// let tls = TlsOptions::new()
///     .ca_certificate_pem(std::fs::read("/etc/kine/ca.crt").unwrap())
///     .client_certificate_pem(std::fs::read("/etc/kine/client.crt").unwrap(), key_pem);
/// let client = ConnectOptions::new()
///     .endpoints(["https://10.0.0.1:2379", "https://10.0.0.2:2379"])
///     .tls(tls)
///     .request_timeout(Duration::from_secs(5))
///     .connect()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is connected until connect or connect_lazy is called"]
pub struct ConnectOptions {
    pub(super) endpoints: Vec<String>,
    pub(super) tls: Option<TlsOptions>,
    pub(super) request_timeout: Duration,
    pub(super) connect_timeout: Duration,
}

impl ConnectOptions {
    /// No endpoints yet, TLS by the system's roots, 10 s for a request, 3 s for a connection.
    pub fn new() -> Self {
        Self {
            endpoints: Vec::new(),
            tls: None,
            request_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(3),
        }
    }

    /// Adds an endpoint: `http://HOST:PORT`, `https://HOST:PORT` or `unix:///PATH`.
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoints.push(endpoint.into());
        self
    }

    /// Adds endpoints. All must serve the same store. The first is used for as long as it answers, then the next.
    pub fn endpoints<I>(mut self, endpoints: I) -> Self
    where
        I: IntoIterator<Item: Into<String>>,
    {
        self.endpoints.extend(endpoints.into_iter().map(Into::into));
        self
    }

    /// Sets the TLS options for the `https` endpoints.
    pub fn tls(mut self, tls: TlsOptions) -> Self {
        self.tls = Some(tls);
        self
    }

    /// How long a call may take in all, retries included: 10 s unless set.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// How long one attempt to reach an endpoint may take: 3 s unless set.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Connects to the first endpoint that answers.
    ///
    /// Each endpoint is asked for its status once, in order, within the request timeout. Dropping the future gives the
    /// attempt up.
    ///
    /// # Errors
    ///
    /// - [`Config`](crate::ErrorKind::Config): an endpoint or the TLS options cannot be used.
    /// - [`Tls`](crate::ErrorKind::Tls): a certificate was refused.
    /// - [`Unavailable`](crate::ErrorKind::Unavailable): none answered. The text says why for each.
    pub async fn connect(self) -> Result<Client, Error> {
        let client = self.connect_lazy()?;
        client.transport().find_an_endpoint_that_answers().await?;
        Ok(client)
    }

    /// Makes a client that connects when it is first used. Nothing is sent now.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): an endpoint or the TLS options cannot be used, or no Tokio runtime is
    /// running here.
    pub fn connect_lazy(self) -> Result<Client, Error> {
        Ok(Client::new(Transport::new(self)?))
    }
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// Whom to trust, who we are, and under which name the server is known.
#[derive(Clone, Default)]
#[must_use = "TLS options do nothing until they are given to ConnectOptions::tls"]
pub struct TlsOptions {
    ca: Option<Vec<u8>>,
    identity: Option<(Vec<u8>, SecretString)>,
    server_name: Option<String>,
}

impl TlsOptions {
    /// The system's roots, no client certificate, and the endpoint's own host as the server's name.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts these CA certificates, in PEM form, and no others.
    pub fn ca_certificate_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.ca = Some(pem.into());
        self
    }

    /// Presents this certificate (chain) with its private key, both in PEM form.
    pub fn client_certificate_pem(
        mut self,
        certificate: impl Into<Vec<u8>>,
        key: impl Into<SecretString>,
    ) -> Self {
        self.identity = Some((certificate.into(), key.into()));
        self
    }

    /// Verifies the server's certificate against this name or IP address instead of the endpoint's host.
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.server_name = Some(name.into());
        self
    }

    pub(super) fn to_config(&self) -> Result<ClientTlsConfig, Error> {
        let mut config = ClientTlsConfig::new();
        config = match &self.ca {
            Some(pem) => {
                must_hold("the CA certificate", pem, "CERTIFICATE")?;
                config.ca_certificate(Certificate::from_pem(pem))
            }
            None => config.with_native_roots(),
        };
        if let Some((certificate, key)) = &self.identity {
            must_hold("the client certificate", certificate, "CERTIFICATE")?;
            must_hold("the client's private key", key.expose_secret().as_bytes(), "PRIVATE KEY")?;
            config = config.identity(Identity::from_pem(certificate, key.expose_secret()));
        }
        if let Some(name) = &self.server_name {
            config = config.domain_name(name);
        }
        Ok(config)
    }
}

impl fmt::Debug for TlsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsOptions")
            .field("ca", &self.ca.is_some())
            .field("client_certificate", &self.identity.is_some())
            .field("server_name", &self.server_name)
            .finish()
    }
}

/// A PEM file without the section it is for would make an empty trust store or a puzzling handshake error later.
fn must_hold(what: &str, pem: &[u8], section: &str) -> Result<(), Error> {
    let text = String::from_utf8_lossy(pem);
    let found = text.lines().any(|line| line.starts_with("-----BEGIN ") && line.contains(section));
    if found { Ok(()) } else { Err(Error::config(format!("{what} holds no PEM section {section:?}"))) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn debug_tells_which_parts_are_set_and_shows_none() {
        let key = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n";
        let tls = TlsOptions::new().client_certificate_pem("cert", key).server_name("kine.test");
        let shown = format!("{:?}", ConnectOptions::new().tls(tls));
        assert!(shown.contains("kine.test") && shown.contains("client_certificate: true"), "{shown}");
        assert!(!shown.contains("c2VjcmV0"), "{shown}");
    }

    #[tokio::test]
    async fn options_that_cannot_work_are_refused_before_anything_is_sent() {
        let refused = |options: ConnectOptions, reason: &str| {
            let error = options.connect_lazy().expect_err(reason);
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains(reason), "{error}");
        };
        refused(ConnectOptions::new(), "no endpoint");
        refused(
            ConnectOptions::new().endpoint("http://127.0.0.1:1").tls(TlsOptions::new()),
            "no endpoint is https",
        );
        let not_pem = TlsOptions::new().ca_certificate_pem("nonsense");
        refused(ConnectOptions::new().endpoint("https://127.0.0.1:1").tls(not_pem), "CA certificate");
        let swapped = TlsOptions::new().client_certificate_pem("-----BEGIN CERTIFICATE-----", "not a key");
        refused(ConnectOptions::new().endpoint("https://127.0.0.1:1").tls(swapped), "private key");
        refused(
            ConnectOptions::new().endpoint("http://127.0.0.1:1").request_timeout(Duration::ZERO),
            "timeout",
        );
    }

    #[test]
    fn without_a_runtime_the_error_says_so() {
        let error = ConnectOptions::new().endpoint("http://127.0.0.1:1").connect_lazy().unwrap_err();
        assert!(error.to_string().contains("Tokio runtime"), "{error}");
    }
}
