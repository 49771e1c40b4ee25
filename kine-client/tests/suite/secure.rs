//! TLS and mutual TLS against kine, with certificates made here.

use std::error::Error;
use std::fs;

use kine_client::{Client, ErrorKind, TlsOptions};
use libtest_mimic::Trial;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use tempfile::TempDir;
use testbed::{Kine, KineBackend, Need, trial};

use crate::scene::{KINE, Tested, in_runtime};

pub(crate) fn trials() -> Vec<Trial> {
    let kine = &[Need::Kine(KINE)][..];
    vec![
        trial("tls_is_verified_against_the_given_ca_and_the_ip_address", kine, || in_runtime(verified())),
        trial("mutual_tls_needs_the_client_certificate", kine, || in_runtime(mutual())),
    ]
}

/// A CA of its own, a server certificate for 127.0.0.1 and `kine.test`, a client certificate.
struct Authority {
    ca: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    fn new() -> Result<Self, Box<dyn Error>> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let authority = Self { ca, folder: TempDir::new()? };
        let server = authority.issue(&["127.0.0.1", "kine.test"], ExtendedKeyUsagePurpose::ServerAuth)?;
        fs::write(authority.file("ca.crt"), authority.ca.pem())?;
        fs::write(authority.file("server.crt"), &server.0)?;
        fs::write(authority.file("server.key"), &server.1)?;
        Ok(authority)
    }

    fn issue(
        &self,
        names: &[&str],
        usage: ExtendedKeyUsagePurpose,
    ) -> Result<(String, String), Box<dyn Error>> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names)?;
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate()?;
        Ok((params.signed_by(&key, &self.ca)?.pem(), key.serialize_pem()))
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn kine(&self, mutual: bool) -> Result<(Kine, String), Box<dyn Error>> {
        let mut options = Kine::options(KINE)
            .arg(format!("--server-cert-file={}", self.file("server.crt")))
            .arg(format!("--server-key-file={}", self.file("server.key")));
        if mutual {
            options = options.arg(format!("--trusted-ca-file={}", self.file("ca.crt")));
        }
        let kine = options.start(KineBackend::Sqlite)?;
        let endpoint = kine.endpoint().replace("http://", "https://");
        Ok((kine, endpoint))
    }

    fn trusted(&self) -> TlsOptions {
        TlsOptions::new().ca_certificate_pem(self.ca.pem())
    }
}

async fn verified() -> Tested {
    let authority = Authority::new()?;
    let (_kine, endpoint) = authority.kine(false)?;
    let connect = |tls| Client::builder().endpoint(&endpoint).tls(tls).connect();

    let client = connect(authority.trusted()).await?;
    client.create("/a", "1").await?.committed()?;
    connect(authority.trusted().server_name("kine.test")).await?;

    let stranger = Authority::new()?;
    for (tls, what) in [
        (TlsOptions::new(), "the system's roots"),
        (stranger.trusted(), "another CA"),
        (authority.trusted().server_name("other.test"), "another name"),
    ] {
        let Err(error) = connect(tls).await else { return Err(format!("accepted with {what}").into()) };
        assert_eq!(error.kind(), ErrorKind::Tls, "{what}: {error}");
        assert!(error.to_string().contains("certificate"), "{what}: {error}");
    }
    Ok(())
}

async fn mutual() -> Tested {
    let authority = Authority::new()?;
    let (_kine, endpoint) = authority.kine(true)?;
    let connect = |tls| Client::builder().endpoint(&endpoint).tls(tls).connect();

    let (certificate, key) = authority.issue(&["client"], ExtendedKeyUsagePurpose::ClientAuth)?;
    let client = connect(authority.trusted().client_certificate_pem(certificate, key)).await?;
    client.create("/a", "1").await?.committed()?;

    let Err(error) = connect(authority.trusted()).await else { return Err("accepted without".into()) };
    assert!(matches!(error.kind(), ErrorKind::Tls | ErrorKind::Unavailable), "{error:?}");
    let (certificate, key) = Authority::new()?.issue(&["client"], ExtendedKeyUsagePurpose::ClientAuth)?;
    let stranger = authority.trusted().client_certificate_pem(certificate, key);
    let Err(error) = connect(stranger).await else { return Err("accepted a stranger".into()) };
    assert!(matches!(error.kind(), ErrorKind::Tls | ErrorKind::Unavailable), "{error:?}");
    Ok(())
}
