//! Where a server listens, and who is let in.

use std::collections::BTreeSet;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kine_client::{Client, ErrorKind as ClientFault, TlsOptions};
use kine_proto::etcdserverpb::MemberListRequest;
use kine_proto::etcdserverpb::cluster_client::ClusterClient;
use kine_server::{ErrorKind, ListenAddress, Server, ServerTls};
use libtest_mimic::Trial;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use testbed::trial;
use tonic::transport::{Certificate, Channel, ClientTlsConfig};

use crate::scene::{Tested, in_runtime, in_time, of_file};
use crate::wire::connect;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "a_unix_socket_is_for_its_owner_alone_from_the_first_moment",
            &[],
            || in_runtime(unix_socket()),
        ),
        trial("tls_shows_the_certificate_and_lets_no_plain_text_in", &[], || in_runtime(tls())),
        trial("mutual_tls_lets_in_who_has_a_certificate_of_the_authority", &[], || in_runtime(mutual_tls())),
        trial("certificates_that_cannot_be_used_are_refused", &[], || in_runtime(bad_certificates())),
        trial("a_client_that_never_finishes_its_handshake_keeps_nobody_waiting", &[], || {
            in_runtime(dawdler())
        }),
        trial("the_member_has_the_address_that_the_client_used", &[], || in_runtime(member())),
    ]
}

async fn unix_socket() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("kine.sock");
    // Looks all the time, so that it would see a mode that is wider for a moment.
    let done = Arc::new(AtomicBool::new(false));
    let looking = std::thread::spawn({
        let (done, folder) = (done.clone(), folder.path().to_owned());
        move || {
            let mut modes = BTreeSet::new();
            while !done.load(Ordering::Relaxed) {
                let sockets = std::fs::read_dir(&folder).into_iter().flatten().flatten();
                let found = sockets.filter_map(|entry| entry.metadata().ok());
                modes.extend(
                    found
                        .filter(|meta| meta.file_type().is_socket())
                        .map(|meta| meta.permissions().mode() & 0o777),
                );
            }
            modes
        }
    });
    for _ in 0..20 {
        let server = of_file(&folder.path().join("state.db")).open().await?;
        let handle = server.serve(ListenAddress::unix(&path)).await?;
        assert_eq!(handle.endpoint(), format!("unix://{}", path.display()));
        assert_eq!(handle.local_address(), None);
        assert_eq!(std::fs::metadata(&path)?.permissions().mode() & 0o777, 0o600);
        let client = Client::connect([handle.endpoint()]).await?;
        client.put("/a", "1").await?.committed()?;
        handle.stop().await?;
        assert!(!path.exists());
    }
    done.store(true, Ordering::Relaxed);
    let modes = looking.join().map_err(|_| "the looking thread panicked")?;
    assert!(modes.iter().all(|mode| *mode == 0o600), "{modes:?}");
    let left: Vec<_> = std::fs::read_dir(folder.path())?.flatten().map(|entry| entry.file_name()).collect();
    assert!(left.iter().all(|name| name.to_string_lossy().starts_with("state.db")), "{left:?}");
    Ok(())
}

/// An authority of its own, with certificates for a server on loopback and for a client.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Tested<Self> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Ok(Self(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?))
    }

    fn issue(&self, usage: ExtendedKeyUsagePurpose) -> Tested<(String, String)> {
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned(), "localhost".to_owned()])?;
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate()?;
        Ok((params.signed_by(&key, &self.0)?.pem(), key.serialize_pem()))
    }

    fn server(&self) -> Tested<ServerTls> {
        let (certificate, key) = self.issue(ExtendedKeyUsagePurpose::ServerAuth)?;
        Ok(ServerTls::new(certificate, key))
    }

    fn trusted(&self) -> TlsOptions {
        TlsOptions::new().ca_certificate_pem(self.0.pem())
    }
}

async fn connected(endpoint: &str, tls: TlsOptions) -> Result<Client, kine_client::Error> {
    let client = Client::builder().endpoint(endpoint).tls(tls).connect().await?;
    client.revision().await?;
    Ok(client)
}

async fn tls() -> Tested {
    let authority = Authority::new()?;
    let handle =
        Server::in_memory().open().await?.serve_tls(ListenAddress::loopback(), authority.server()?).await?;
    assert!(handle.endpoint().starts_with("https://127.0.0.1:"), "{}", handle.endpoint());
    connected(handle.endpoint(), authority.trusted()).await?.put("/a", "1").await?.committed()?;
    let error = connected(handle.endpoint(), Authority::new()?.trusted()).await.err();
    let error = error.ok_or("a server of another authority was trusted")?;
    assert_eq!(error.kind(), ClientFault::Tls, "{error}");
    let plain = handle.endpoint().replace("https", "http");
    let plain = Client::builder().endpoint(plain).request_timeout(Duration::from_secs(1));
    let answered = match plain.connect().await {
        Ok(client) => client.revision().await.is_ok(),
        Err(_) => false,
    };
    assert!(!answered, "plain text was answered");
    handle.stop().await?;
    Ok(())
}

async fn mutual_tls() -> Tested {
    let (authority, stranger) = (Authority::new()?, Authority::new()?);
    let server = authority.server()?.client_ca(authority.0.pem());
    // With client certificates an address for everybody needs no dangerous word.
    let everywhere: ListenAddress = "0.0.0.0:0".parse()?;
    let handle = Server::in_memory().open().await?.serve_tls(everywhere, server).await?;
    let endpoint = format!("https://127.0.0.1:{}", handle.local_address().ok_or("no port")?.port());

    let (certificate, key) = authority.issue(ExtendedKeyUsagePurpose::ClientAuth)?;
    let known = authority.trusted().client_certificate_pem(certificate, key);
    connected(&endpoint, known).await?.put("/a", "1").await?.committed()?;

    let (certificate, key) = stranger.issue(ExtendedKeyUsagePurpose::ClientAuth)?;
    let unknown = authority.trusted().client_certificate_pem(certificate, key);
    for (tls, who) in [(authority.trusted(), "nobody"), (unknown, "a client of another authority")] {
        let client = Client::builder().endpoint(&endpoint).tls(tls).request_timeout(Duration::from_secs(1));
        let answered = match client.connect().await {
            Ok(client) => client.revision().await.is_ok(),
            Err(_) => false,
        };
        assert!(!answered, "{who} was let in");
    }
    handle.stop().await?;
    Ok(())
}

async fn dawdler() -> Tested {
    let authority = Authority::new()?;
    let handle =
        Server::in_memory().open().await?.serve_tls(ListenAddress::loopback(), authority.server()?).await?;
    let address = handle.local_address().ok_or("no address")?;
    let silent: Vec<_> = (0..100).map(|_| std::net::TcpStream::connect(address)).collect::<Result<_, _>>()?;
    let client = connected(handle.endpoint(), authority.trusted()).await?;
    client.put("/a", "1").await?.committed()?;
    drop(client);
    in_time("the server stops", handle.stop()).await??;
    drop(silent);
    Ok(())
}

async fn bad_certificates() -> Tested {
    let authority = Authority::new()?;
    let (certificate, key) = authority.issue(ExtendedKeyUsagePurpose::ServerAuth)?;
    let (_, other_key) = authority.issue(ExtendedKeyUsagePurpose::ServerAuth)?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    for (tls, words) in [
        (ServerTls::new("no PEM at all", &key[..]), "server certificate holds no certificate in PEM"),
        (ServerTls::new(&certificate[..], "no PEM at all"), "server key holds no private key in PEM"),
        (ServerTls::new(&certificate[..], &other_key[..]), "do not go together"),
        (ServerTls::new(&certificate[..], &key[..]).client_ca(""), "client CA holds no certificate in PEM"),
    ] {
        let shown = format!("{tls:?}");
        assert!(!shown.contains("PRIVATE") && !shown.contains("CERTIFICATE"), "{shown}");
        let refused = of_file(&path).open().await?.serve_tls(ListenAddress::loopback(), tls).await;
        let error = refused.err().ok_or_else(|| format!("accepted: {words}"))?;
        assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
        let text = error.to_string();
        assert!(text.contains(words) && !text.contains("PRIVATE"), "{text}");
    }
    let on_socket = ListenAddress::unix(folder.path().join("kine.sock"));
    let refused = of_file(&path).open().await?.serve_tls(on_socket, authority.server()?).await;
    assert_eq!(refused.err().ok_or("TLS on a Unix socket")?.kind(), ErrorKind::Config);
    Ok(())
}

async fn member() -> Tested {
    async fn urls(channel: Channel) -> Tested<Vec<String>> {
        let answer = ClusterClient::new(channel).member_list(MemberListRequest::default()).await?;
        Ok(answer.into_inner().members.into_iter().flat_map(|member| member.client_ur_ls).collect())
    }
    let handle = Server::in_memory().open().await?.serve(ListenAddress::loopback()).await?;
    assert_eq!(urls(connect(handle.endpoint()).await?).await?, [handle.endpoint()]);
    let by_name = handle.endpoint().replace("127.0.0.1", "localhost");
    assert_eq!(urls(connect(&by_name).await?).await?, [by_name]);
    handle.stop().await?;

    let authority = Authority::new()?;
    let handle =
        Server::in_memory().open().await?.serve_tls(ListenAddress::loopback(), authority.server()?).await?;
    let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(authority.0.pem()));
    let channel = Channel::from_shared(handle.endpoint().to_owned())?.tls_config(tls)?.connect().await?;
    assert_eq!(urls(channel).await?, [handle.endpoint()]);
    handle.stop().await?;
    Ok(())
}
