//! TLS of the endpoint.

use std::fmt;
use std::sync::Arc;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use crate::error::{Error, ErrorKind};

/// The endpoint's certificate and key, and who may connect.
///
/// TLS 1.2 and 1.3, with ring. Without [`client_ca`](Self::client_ca) any client may connect; with it, only those with a
/// certificate from that authority.
#[derive(Clone)]
pub struct ServerTls {
    certificates: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
}

impl ServerTls {
    /// A certificate chain, leaf first, and its private key, both in PEM.
    pub fn new(certificates_pem: impl Into<Vec<u8>>, key_pem: impl Into<Vec<u8>>) -> Self {
        Self { certificates: certificates_pem.into(), key: key_pem.into(), client_ca: None }
    }

    /// Requires of clients a certificate that one of these authorities, in PEM, has signed.
    pub fn client_ca(mut self, authorities_pem: impl Into<Vec<u8>>) -> Self {
        self.client_ca = Some(authorities_pem.into());
        self
    }

    pub(crate) fn verifies_clients(&self) -> bool {
        self.client_ca.is_some()
    }

    pub(crate) fn acceptor(&self) -> Result<TlsAcceptor, Error> {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| refused("TLS is not available", error))?;
        let builder = match &self.client_ca {
            None => builder.with_no_client_auth(),
            Some(pem) => {
                let mut roots = RootCertStore::empty();
                for authority in certificates(pem, "client CA")? {
                    roots.add(authority).map_err(|error| refused("the client CA cannot be used", error))?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
                builder.with_client_cert_verifier(
                    verifier.map_err(|error| refused("the client CA cannot be used", error))?,
                )
            }
        };
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|error| refused("the server key holds no private key in PEM", error))?;
        let mut config = builder
            .with_single_cert(certificates(&self.certificates, "server certificate")?, key)
            .map_err(|error| refused("the server certificate and key do not go together", error))?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerTls")
            .field("verifies_clients", &self.verifies_clients())
            .finish_non_exhaustive()
    }
}

fn certificates(pem: &[u8], what: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
    let parsed: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let parsed = parsed.map_err(|error| refused(&format!("the {what} is not PEM"), error))?;
    if parsed.is_empty() {
        return Err(Error::new(ErrorKind::Tls, format!("the {what} holds no certificate in PEM")));
    }
    Ok(parsed)
}

fn refused(what: &str, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Tls, what).with_source(error)
}
