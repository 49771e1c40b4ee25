//! Where a server listens, who is let in, and how it stops.

use std::collections::BTreeSet;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::try_join_all;
use kine_client::{Client, ErrorKind as ClientFault, KeyRange, TlsOptions};
use kine_proto::etcdserverpb::cluster_client::ClusterClient;
use kine_proto::etcdserverpb::{MemberListRequest, WatchCreateRequest};
use kine_server::{ErrorKind, ListenAddress, Server, ServerTls};
use libtest_mimic::Trial;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use rusqlite::Connection;
use testbed::trial;
use tokio::task::JoinSet;
use tonic::Code;
use tonic::transport::{Certificate, Channel, ClientTlsConfig};

use crate::scene::{Tested, in_runtime, in_time, of_file, serve, serve_built, until};
use crate::wire::{WireWatch, connect, kv, put, range, refused};

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
        trial("a_stop_does_not_wait_for_a_client_that_takes_nothing", &[], || {
            in_runtime(stop_without_reader())
        }),
        trial("the_member_has_the_address_that_the_client_used", &[], || in_runtime(member())),
        trial("a_stop_under_load_answers_what_it_accepted_and_keeps_it", &[], || {
            in_runtime(stop_under_load())
        }),
        trial("a_stop_answers_a_write_that_waits_for_the_disk", &[], || in_runtime(stop_in_flight())),
        trial("a_stop_ends_watches_as_unavailable_and_lets_go_of_file_and_socket", &[], || {
            in_runtime(stop_watches())
        }),
        trial("dropping_the_handle_stops_in_the_background", &[], || in_runtime(dropped())),
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

/// Writes until the server is gone. Answers the keys that were committed.
async fn load(channel: Channel, writer: usize) -> Vec<String> {
    let mut committed = Vec::new();
    loop {
        let key = format!("/{writer}/{}", committed.len());
        match kv(&channel).put(put(key.clone(), "1")).await {
            Ok(_) => committed.push(key),
            Err(_) => return committed,
        }
    }
}

async fn stop_under_load() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    let mut committed = BTreeSet::new();
    for round in 0..5 {
        let (handle, client) = serve(&path).await?;
        let mut writers = Vec::new();
        for writer in 0..16 {
            let channel = connect(handle.endpoint()).await?;
            writers.push(tokio::spawn(load(channel, round * 100 + writer)));
        }
        let enough = committed.len() as u64 + 200;
        until("there is some load", || async { Ok(client.count(KeyRange::all()).await? >= enough) }).await?;
        handle.stop().await?;
        for keys in try_join_all(writers).await? {
            committed.extend(keys);
        }
        // A write without an answer has met a connection that was closing, and must not be there: accepted is answered.
        let rows = Connection::open(&path)?;
        let mut select = rows.prepare("SELECT name FROM kine WHERE name LIKE '/%'")?;
        let stored = select.query_map([], |row| row.get(0))?;
        let stored: BTreeSet<String> = stored.collect::<Result<_, _>>()?;
        let difference: Vec<_> = stored.symmetric_difference(&committed).collect();
        assert!(difference.is_empty(), "in round {round} stored and answered differ in {difference:?}");
    }
    Ok(())
}

async fn stop_in_flight() -> Tested {
    const WRITES: usize = 6;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    let (handle, _) = serve_built(of_file(&path).write_queue(1, 64 << 20)).await?;
    let channel = connect(handle.endpoint()).await?;
    let holder = Connection::open(&path)?;
    holder.execute_batch("BEGIN IMMEDIATE")?;
    let mut writing = JoinSet::new();
    for number in 0..WRITES {
        let mut kv = kv(&channel);
        writing.spawn(async move { kv.put(put(format!("/{number}"), "1")).await });
    }
    // When all but two are refused, the queue is full and the writer is waiting too.
    for _ in 0..WRITES - 2 {
        let answer = in_time("a write is refused", writing.join_next()).await?.ok_or("none left")??;
        refused("a write", answer, Code::ResourceExhausted, "too many requests")?;
    }
    let endpoint = handle.endpoint().to_owned();
    let stopping = tokio::spawn(handle.stop());
    until("the server takes no more", || async { Ok(connect(&endpoint).await.is_err()) }).await?;
    drop(holder);
    let mut committed = 0;
    while let Some(answer) = in_time("the rest is answered", writing.join_next()).await? {
        match answer? {
            Ok(_) => committed += 1,
            // It had come before the writer took up the first one.
            answer => refused("a write", answer, Code::ResourceExhausted, "too many requests")?,
        }
    }
    assert!(committed > 0, "nothing that was accepted was answered");
    in_time("the server stops", stopping).await???;
    let rows = Connection::open(&path)?;
    let stored: i64 =
        rows.query_row("SELECT count(*) FROM kine WHERE name LIKE '/%'", [], |row| row.get(0))?;
    assert_eq!(stored, committed);
    Ok(())
}

async fn stop_without_reader() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    let (handle, client) = serve_built(of_file(&path).stop_timeout(Duration::from_millis(100))).await?;
    for number in 0..20 {
        client.create(format!("/{number}"), vec![7; 1 << 20]).await?.committed()?;
    }
    let address = handle.local_address().ok_or("no address")?;
    let mut wire = kv(&connect(handle.endpoint()).await?);
    let mut unread = wire.range_stream(range("/", "0")).await?.into_inner();
    in_time("the server stops", handle.stop()).await??;
    assert!(is_free(&path).await?, "the file is still held");
    // Half an answer must not look like a whole one.
    let mut taken = 0;
    loop {
        match in_time("the answer ends", unread.message()).await? {
            Ok(Some(part)) => taken += part.range_response.map_or(0, |part| part.kvs.len()),
            Ok(None) if taken == 20 => break,
            Ok(None) => return Err(format!("it ended well after {taken} of 20 keys").into()),
            Err(_) => break,
        }
    }
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "the address is still listened on");
    Ok(())
}

/// The file can be opened, and the socket is gone.
async fn is_let_go_of(path: &Path, socket: &Path) -> Tested {
    assert!(!socket.exists(), "the socket is left behind");
    let wal = path.with_extension("db-wal");
    assert!(!wal.exists(), "the WAL was not brought home");
    serve(path).await?.0.stop().await?;
    Ok(())
}

/// Whether nobody holds the file.
async fn is_free(path: &Path) -> Tested<bool> {
    match of_file(path).open().await {
        Ok(server) => {
            server.serve(ListenAddress::loopback()).await?.stop().await?;
            Ok(true)
        }
        Err(error) if error.kind() == ErrorKind::InUse => Ok(false),
        Err(error) => Err(error.into()),
    }
}

async fn stop_watches() -> Tested {
    let folder = tempfile::tempdir()?;
    let (path, socket) = (folder.path().join("state.db"), folder.path().join("kine.sock"));
    let handle = of_file(&path).open().await?.serve(ListenAddress::unix(&socket)).await?;
    let client = Client::connect([handle.endpoint()]).await?;
    client.put("/a", "1").await?.committed()?;
    handle.stop().await?;
    is_let_go_of(&path, &socket).await?;

    let memory = Server::in_memory().open().await?.serve(ListenAddress::loopback()).await?;
    let mut watch = WireWatch::open(&connect(memory.endpoint()).await?).await?;
    watch.create(WatchCreateRequest { key: "/".into(), range_end: "0".into(), ..Default::default() }).await?;
    assert!(watch.next().await?.created);
    memory.stop().await?;
    let end = watch.end().await?.ok_or("the watch ended as if it had been asked to")?;
    assert_eq!((end.code(), end.message()), (Code::Unavailable, "etcdserver: server stopped"));
    Ok(())
}

async fn dropped() -> Tested {
    let folder = tempfile::tempdir()?;
    let (path, socket) = (folder.path().join("state.db"), folder.path().join("kine.sock"));
    // Served, only open, and while it is being opened.
    for _ in 0..5 {
        let handle = of_file(&path).open().await?.serve(ListenAddress::unix(&socket)).await?;
        let client = Client::connect([handle.endpoint()]).await?;
        client.put("/a", "1").await?.committed()?;
        drop(client);
        drop(handle);
        until("the server has let go", || is_free(&path)).await?;
        assert!(!socket.exists(), "the socket is left behind");
        drop(of_file(&path).open().await?);
        until("a server that was only open has let go", || is_free(&path)).await?;
        drop(tokio::time::timeout(Duration::from_micros(300), of_file(&path).open()).await);
        until("one that was being opened has let go", || is_free(&path)).await?;
    }
    Ok(())
}
