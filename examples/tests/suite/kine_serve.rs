//! kine's command line on our server.

use std::error::Error;
use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;

use kine_client::{Client, TlsOptions};
use libtest_mimic::Trial;

use crate::program::{Serving, Tested, example, run};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        testbed::trial("kine_serve_serves_until_it_is_terminated", &[], it_serves_until_terminated),
        testbed::trial("kine_serve_takes_its_flags_from_the_environment", &[], it_takes_variables),
        testbed::trial("kine_serve_takes_every_flag_that_means_something", &[], it_takes_every_flag),
        testbed::trial("kine_serve_refuses_flags_that_mean_nothing_here", &[], it_refuses_meaningless_flags),
        testbed::trial("kine_serve_says_in_one_line_why_it_cannot_start", &[], it_says_why_it_cannot_start),
        testbed::trial(
            "kine_serve_takes_an_empty_variable_for_none",
            &[],
            it_takes_an_empty_variable_for_none,
        ),
        testbed::trial("kine_serve_answers_help_and_version_as_kine_does", &[], it_answers_help_and_version),
        testbed::trial(
            "kine_serve_says_in_one_line_what_is_wrong_with_its_flags",
            &[],
            it_says_what_is_wrong,
        ),
        testbed::trial("kine_serve_has_a_metrics_page", &[], it_has_a_metrics_page),
        testbed::trial("kine_serve_asks_for_client_certificates", &[], it_asks_for_client_certificates),
    ]
}

/// kine-serve on a fresh file.
fn serve(folder: &Path) -> Result<Command, Box<dyn Error>> {
    let mut command = example("kine-serve")?;
    command.arg(format!("--endpoint=sqlite://{}/state.db", folder.display()));
    Ok(command)
}

fn block_on<T>(work: impl Future<Output = Result<T, kine_client::Error>>) -> Result<T, Box<dyn Error>> {
    Ok(tokio::runtime::Runtime::new()?.block_on(work)?)
}

/// Writes a key and reads it back.
fn use_it(endpoint: &str) -> Tested {
    block_on(async {
        let client = Client::connect([endpoint]).await?;
        let created = client.create(format!("/{}", std::process::id()), "1").await?.committed()?;
        assert!(
            client
                .get(format!("/{}", std::process::id()))
                .await?
                .is_some_and(|kv| kv.mod_revision == created)
        );
        Ok(())
    })
}

fn it_serves_until_terminated() -> Tested {
    let folder = tempfile::tempdir()?;
    let serving = Serving::start(serve(folder.path())?.args(["--listen-address", "127.0.0.1:0"]))?;
    assert!(serving.endpoint.starts_with("http://127.0.0.1:"), "{}", serving.endpoint);
    use_it(&serving.endpoint)?;
    let (status, errors) = serving.terminate()?;
    assert!(status.success(), "{status}: {errors}");
    // All is in the one file: the WAL was brought home.
    assert!(!folder.path().join("state.db-wal").exists());
    Ok(())
}

fn it_takes_variables() -> Tested {
    let folder = tempfile::tempdir()?;
    let socket = folder.path().join("kine.sock");
    let mut command = example("kine-serve")?;
    command
        .env("KINE_ENDPOINT", format!("sqlite://{}/state.db", folder.path().display()))
        .env("KINE_LISTEN_ADDRESS", format!("unix://{}", socket.display()))
        .env("KINE_DEBUG", "true")
        .env("KINE_LOG_FORMAT", "json");
    let serving = Serving::start(&mut command)?;
    assert_eq!(serving.endpoint, format!("unix://{}", socket.display()));
    use_it(&serving.endpoint)?;
    let (status, errors) = serving.terminate()?;
    assert!(status.success() && !socket.exists());
    assert!(errors.lines().all(|line| line.starts_with('{')) && errors.contains("DEBUG"), "{errors}");
    Ok(())
}

fn it_takes_every_flag() -> Tested {
    let folder = tempfile::tempdir()?;
    let serving = Serving::start(serve(folder.path())?.args([
        "--listen-address=http://127.0.0.1:0",
        "--log-format=plain",
        "--metrics-bind-address=0",
        "--metrics-ignore-tls-config",
        "--slow-sql-threshold=1s",
        "--slow-sql-warning-threshold=1m30s",
        "--watch-progress-notify-interval=500ms",
        "--emulated-etcd-version=3.5.13",
        "--compact-interval=5m",
        "--compact-interval-jitter=10",
        "--compact-min-retain=500",
        "--compact-batch-size=100",
        "--poll-batch-size=500",
        "--debug=false",
    ]))?;
    let version =
        block_on(async { Ok(Client::connect([&serving.endpoint]).await?.status().await?.version) })?;
    assert_eq!(version, "3.5.13");
    Ok(())
}

fn it_refuses_meaningless_flags() -> Tested {
    for flag in [
        "--ca-file=x",
        "--cert-file=x",
        "--key-file=x",
        "--skip-verify",
        "--datastore-max-idle-connections=1",
        "--datastore-max-open-connections=1",
        "--datastore-connection-max-lifetime=1s",
        "--datastore-connection-max-idle-time=1s",
        "--compact-timeout=5s",
        "--metrics-enable-profiling",
        "--peer-bind-address=x",
        "--s3-bucket=x",
        "--s3-ca-bundle=x",
    ] {
        let said = run(example("kine-serve")?.arg(flag))?;
        assert_eq!(said.code, Some(1), "{flag}: {said:?}");
        let name = flag.split('=').next().unwrap_or(flag);
        assert!(said.errors.contains(&format!("{name} means nothing here: ")), "{said:?}");
        assert_eq!(said.errors.lines().count(), 1, "{said:?}");
    }
    let said = run(example("kine-serve")?.env("KINE_PEER_ADVERTISE_ADDRESS", "x"))?;
    assert!(
        said.code == Some(1) && said.errors.contains("KINE_PEER_ADVERTISE_ADDRESS means nothing here"),
        "{said:?}"
    );
    let said = run(example("kine-serve")?.env("KINE_SCHEMA_MIGRATION", "1"))?;
    assert!(said.code == Some(1) && said.errors.contains("KINE_SCHEMA_MIGRATION"), "{said:?}");
    Ok(())
}

fn it_says_why_it_cannot_start() -> Tested {
    let folder = tempfile::tempdir()?;
    let not_a_database = folder.path().join("text.db");
    std::fs::write(&not_a_database, "this is no database, however long it may be".repeat(100))?;
    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?.to_string();
    let here = format!("sqlite://{}/state.db", folder.path().display());
    for (endpoint, listen, expected) in [
        ("sqlite:///nowhere/at/all.db", "127.0.0.1:0", "/nowhere/at"),
        (&*format!("sqlite://{}", not_a_database.display()), "127.0.0.1:0", "is not a SQLite database"),
        ("mystery://x", "127.0.0.1:0", "scheme"),
        ("postgres://kine:hunter2canary@db/kine", "127.0.0.1:0", "does not serve postgres"),
        (&*here, &*address, "in use"),
        (&*here, "0.0.0.0:0", "client certificates"),
        (&*here, "127.0.0.1", "listen address"),
    ] {
        let said = run(example("kine-serve")?.args(["--endpoint", endpoint, "--listen-address", listen]))?;
        assert_eq!(said.code, Some(1), "{endpoint} {listen}: {said:?}");
        assert!(
            said.errors.starts_with("kine-serve: ") && said.errors.contains(expected),
            "{expected}: {said:?}"
        );
        assert_eq!(said.errors.lines().count(), 1, "{said:?}");
        assert!(!said.errors.contains("hunter2canary"));
    }
    Ok(())
}

fn it_takes_an_empty_variable_for_none() -> Tested {
    let folder = tempfile::tempdir()?;
    let mut command = example("kine-serve")?;
    for variable in [
        "KINE_ENDPOINT",
        "KINE_LOG_FORMAT",
        "KINE_METRICS_BIND_ADDRESS",
        "KINE_SERVER_CERT_FILE",
        "KINE_COMPACT_INTERVAL",
        "KINE_POLL_BATCH_SIZE",
        "KINE_DEBUG",
        "KINE_CA_FILE",
        "KINE_S3_BUCKET",
        "KINE_SCHEMA_MIGRATION",
    ] {
        command.env(variable, "");
    }
    command.current_dir(folder.path()).arg("--listen-address=127.0.0.1:0");
    let serving = Serving::start(&mut command)?;
    use_it(&serving.endpoint)?;
    let (status, errors) = serving.terminate()?;
    assert!(status.success(), "{status}: {errors}");
    // kine's default, where no data source is named.
    assert!(folder.path().join("db/state.db").is_file());
    Ok(())
}

fn it_answers_help_and_version() -> Tested {
    for flag in ["-v", "--version"] {
        let said = run(example("kine-serve")?.arg(flag))?;
        assert_eq!((said.code, said.errors.as_str()), (Some(0), ""), "{flag}");
        assert_eq!(said.output, format!("kine-serve {}\n", env!("CARGO_PKG_VERSION")), "{flag}");
    }
    let said = run(example("kine-serve")?.arg("--help"))?;
    assert_eq!((said.code, said.errors.as_str()), (Some(0), ""));
    // Unlike kine, it is not offered to other hosts unless told so.
    assert!(said.output.contains("[default: 127.0.0.1:2379]"), "{}", said.output);
    assert!(!said.output.contains("--s3-ca-bundle"), "{}", said.output);
    Ok(())
}

fn it_says_what_is_wrong() -> Tested {
    for (arguments, expected) in [
        (&["--nonsense=hunter2canary"][..], "there is no flag --nonsense"),
        (&["postgres://kine:hunter2canary@db/x"], "belongs to no flag"),
        (&["--s3-secret-key", "x", "hunter2canary"], "belongs to no flag"),
        (&["--endpoint"], "--endpoint"),
        (&["--compact-interval=soon"], "--compact-interval"),
        (&["--log-format=xml"], "[possible values: plain, json]"),
        (&["--compact-batch-size=1"], "--compact-batch-size"),
        (&["--debug=true", "--debug=true"], "--debug"),
    ] {
        let said = run(example("kine-serve")?.args(arguments))?;
        assert_eq!(said.code, Some(1), "{arguments:?}: {said:?}");
        assert!(said.errors.starts_with("kine-serve: ") && said.errors.contains(expected), "{said:?}");
        assert_eq!(said.errors.lines().count(), 1, "{said:?}");
        assert!(!said.errors.contains("hunter2canary") && !said.errors.contains("error:"), "{said:?}");
    }
    Ok(())
}

fn it_has_a_metrics_page() -> Tested {
    let folder = tempfile::tempdir()?;
    let metrics = format!("127.0.0.1:{}", testbed::free_port()?);
    let mut command = serve(folder.path())?;
    let serving =
        Serving::start(command.args(["--listen-address=127.0.0.1:0", "--metrics-bind-address", &metrics]))?;
    use_it(&serving.endpoint)?;
    let mut page = String::new();
    let mut connection = std::net::TcpStream::connect(&metrics)?;
    connection.write_all(b"GET /metrics HTTP/1.0\r\nHost: x\r\n\r\n")?;
    connection.read_to_string(&mut page)?;
    assert!(page.contains("kine_sql_total{name=\"Insert\",error_code=\"\"} 1"), "{page}");
    assert!(page.contains("kine_sql_time_seconds"), "{page}");
    // Somebody has the address now.
    let said = run(serve(folder.path())?.args([
        "--listen-address=127.0.0.1:0",
        "--metrics-bind-address",
        &metrics,
    ]))?;
    assert!(said.code == Some(1) && said.errors.contains(&metrics), "{said:?}");
    Ok(())
}

fn it_asks_for_client_certificates() -> Tested {
    let folder = tempfile::tempdir()?;
    let write = |name: &str, pem: &str| -> Result<String, Box<dyn Error>> {
        let path = folder.path().join(name);
        std::fs::write(&path, pem)?;
        Ok(path.display().to_string())
    };
    let mut authority = rcgen::CertificateParams::default();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_key = rcgen::KeyPair::generate()?;
    let authority_pem = authority.self_signed(&authority_key)?.pem();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let issue = || -> Result<(String, String), Box<dyn Error>> {
        let key = rcgen::KeyPair::generate()?;
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let certificate = rcgen::CertificateParams::new(names)?.signed_by(&key, &issuer)?;
        Ok((certificate.pem(), key.serialize_pem()))
    };
    let (server, server_key) = issue()?;
    let (client, client_key) = issue()?;
    // With client certificates, an address that others can reach is no danger.
    let mut command = serve(folder.path())?;
    let serving = Serving::start(command.args([
        "--listen-address=0.0.0.0:0",
        &format!("--server-cert-file={}", write("server.pem", &server)?),
        &format!("--server-key-file={}", write("server.key", &server_key)?),
        &format!("--trusted-ca-file={}", write("ca.pem", &authority_pem)?),
    ]))?;
    let endpoint = serving.endpoint.replace("0.0.0.0", "127.0.0.1");
    assert!(endpoint.starts_with("https://"), "{endpoint}");
    let tls = TlsOptions::new().ca_certificate_pem(authority_pem.as_bytes());
    let with_certificate = tls.clone().client_certificate_pem(client.as_bytes(), client_key.as_str());
    let connect = |tls| {
        Client::builder().endpoint(&endpoint).tls(tls).request_timeout(std::time::Duration::from_secs(5))
    };
    block_on(async {
        connect(with_certificate).connect().await?.create("/a", "1").await?.committed()?;
        let without = async { connect(tls).connect().await?.get("/a").await };
        assert!(without.await.is_err(), "a client without a certificate was served");
        Ok(())
    })
}
