//! The embedded database, and what is refused.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};

use backingstore::config::{Store, VirtualClusterConfig};
use backingstore::server::ListenAddress;
use backingstore::{ErrorKind, OpenOptions};
use libtest_mimic::Trial;

use crate::{Tested, block_on};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        testbed::trial("keys_of_an_embedded_database_are_there_after_a_restart", &[], || {
            block_on(keys_are_there_after_a_restart())
        }),
        testbed::trial("the_socket_of_an_embedded_database_is_for_its_user_alone", &[], || {
            block_on(the_socket_is_for_its_user_alone())
        }),
        testbed::trial("an_embedded_database_listens_where_it_is_told", &[], || {
            block_on(it_listens_where_told())
        }),
        testbed::trial("a_dropped_store_lets_its_database_go", &[], || block_on(a_dropped_store_lets_go())),
        testbed::trial("every_etcd_is_refused_by_name", &[], || block_on(every_etcd_is_refused())),
        testbed::trial("a_connector_without_a_data_source_is_refused", &[], || {
            block_on(a_connector_is_refused())
        }),
        testbed::trial("arguments_for_kine_are_warned_of_without_their_values", &[], || {
            block_on(arguments_are_warned_of())
        }),
        testbed::trial("a_data_directory_may_have_any_characters_of_a_data_source_in_its_name", &[], || {
            block_on(a_data_directory_may_have_any_characters())
        }),
        testbed::trial("a_data_directory_that_is_no_text_is_refused_by_name", &[], || {
            block_on(a_data_directory_that_is_no_text_is_refused())
        }),
        testbed::trial("an_embedded_database_is_not_offered_to_other_hosts_unless_told", &[], || {
            block_on(it_is_not_offered_to_other_hosts())
        }),
        testbed::trial("a_database_that_cannot_be_opened_is_named", &[], || {
            block_on(a_bad_database_is_named())
        }),
    ]
}

fn store(backing_store: &str) -> Result<Store, backingstore::config::ConfigError> {
    VirtualClusterConfig::from_yaml(&format!("controlPlane: {{backingStore: {backing_store}}}"))?.store()
}

const EMBEDDED: &str = "{database: {embedded: {enabled: true}}}";

async fn keys_are_there_after_a_restart() -> Tested {
    let folder = tempfile::tempdir()?;
    let options = OpenOptions::new().data_dir(folder.path());
    let running = options.clone().open(&store(EMBEDDED)?).await?;
    assert_eq!(running.kind().as_str(), "embedded-database");
    let revision = running.client().create("/a", "1").await?.committed()?;
    running.stop().await?;
    let running = options.open(&store("{}")?).await?;
    let found = running.client().get("/a").await?.ok_or("the key is gone")?;
    assert_eq!((found.value_str().as_ref(), found.mod_revision), ("1", revision));
    Ok(running.stop().await?)
}

async fn the_socket_is_for_its_user_alone() -> Tested {
    let folder = tempfile::tempdir()?;
    let running = OpenOptions::new().data_dir(folder.path()).open(&store(EMBEDDED)?).await?;
    let socket = running.endpoint().strip_prefix("unix://").ok_or("the endpoint is no socket")?.to_owned();
    let mode = |path: &std::path::Path| {
        Ok::<_, std::io::Error>(std::fs::metadata(path)?.permissions().mode() & 0o777)
    };
    let path = std::path::Path::new(&socket);
    assert_eq!(mode(path)?, 0o600);
    assert_eq!(mode(path.parent().ok_or("no folder")?)?, 0o700);
    running.stop().await?;
    assert!(!path.exists(), "the socket is still there");
    Ok(())
}

async fn it_listens_where_told() -> Tested {
    let folder = tempfile::tempdir()?;
    let options = OpenOptions::new().data_dir(folder.path()).listen(ListenAddress::loopback());
    let running = options.open(&store(EMBEDDED)?).await?;
    assert!(running.endpoint().starts_with("http://127.0.0.1:"), "{}", running.endpoint());
    assert!(running.client().get("/a").await?.is_none());
    Ok(running.stop().await?)
}

async fn a_dropped_store_lets_go() -> Tested {
    let folder = tempfile::tempdir()?;
    let options = OpenOptions::new().data_dir(folder.path());
    drop(options.clone().open(&store(EMBEDDED)?).await?);
    // In the background: the lock is free soon.
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        match options.clone().open(&store(EMBEDDED)?).await {
            Ok(running) => return Ok(running.stop().await?),
            Err(error) if tokio::time::Instant::now() > deadline => return Err(error.into()),
            Err(error) => assert!(error.to_string().contains("another server has the database"), "{error}"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

async fn every_etcd_is_refused() -> Tested {
    for (config, name) in [
        ("{etcd: {embedded: {enabled: true}}}", "embedded-etcd"),
        ("{etcd: {deploy: {enabled: true}}}", "deployed-etcd"),
        ("{etcd: {external: {enabled: true, endpoint: 'https://etcd:2379'}}}", "external-etcd"),
    ] {
        let error = backingstore::open(&store(config)?).await.err().ok_or("it was opened")?;
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains(name), "{error}");
    }
    Ok(())
}

async fn a_connector_is_refused() -> Tested {
    let config = "{database: {external: {enabled: true, connector: shared-db}}}";
    let error = backingstore::open(&store(config)?).await.err().ok_or("it was opened")?;
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("connector"), "{error}");
    Ok(())
}

async fn a_bad_database_is_named() -> Tested {
    let folder = tempfile::tempdir()?;
    let missing = folder.path().join("missing");
    let error =
        OpenOptions::new().data_dir(&missing).open(&store(EMBEDDED)?).await.err().ok_or("it was opened")?;
    assert_eq!(error.kind(), ErrorKind::Server);
    assert!(error.to_string().contains(&missing.display().to_string()), "{error}");
    Ok(())
}

/// Collects what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().map_err(|_| io::Error::other("poisoned"))?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

async fn arguments_are_warned_of() -> Tested {
    let folder = tempfile::tempdir()?;
    let config = "{database: {embedded: {enabled: true, extraArgs: [\
                  '--s3-secret-key', hunter2canary, '--s3-session-token=hunter2canary', \
                  'postgres://u:hunter2canary@db/x', '-hunter2canary@db']}}}";
    let log = Log::default();
    let written = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || written.clone()).finish();
    let running = {
        // The test's own future stays on this thread.
        let _logging = tracing_subscriber::util::SubscriberInitExt::set_default(subscriber);
        OpenOptions::new().data_dir(folder.path()).open(&store(config)?).await?
    };
    running.stop().await?;
    let said = String::from_utf8(log.0.lock().map_err(|_| "poisoned")?.clone())?;
    assert!(!said.contains("hunter2canary"), "{said}");
    let flags: Vec<_> =
        said.lines().filter_map(|line| line.split_once("flag=")).map(|(_, flag)| flag).collect();
    assert_eq!(
        flags,
        [r#""--s3-secret-key""#, r#""***""#, r#""--s3-session-token""#, r#""***""#, r#""***""#],
        "{said}"
    );
    Ok(())
}

async fn a_data_directory_may_have_any_characters() -> Tested {
    let folder = tempfile::tempdir()?;
    for name in ["a?b", "a#b", "a%3Fb", "a?b=c&d e"] {
        let directory = folder.path().join(name);
        std::fs::create_dir(&directory)?;
        let running = OpenOptions::new().data_dir(&directory).open(&store(EMBEDDED)?).await?;
        running.client().create("/a", "1").await?.committed()?;
        running.stop().await?;
        assert!(directory.join("state.db").is_file(), "{name}");
    }
    // And nothing beside them.
    assert_eq!(std::fs::read_dir(folder.path())?.count(), 4);
    Ok(())
}

async fn a_data_directory_that_is_no_text_is_refused() -> Tested {
    let directory = std::ffi::OsStr::from_bytes(b"/srv/\xff-here");
    let options = OpenOptions::new().data_dir(directory);
    let error = options.open(&store(EMBEDDED)?).await.err().ok_or("it was opened")?;
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("-here") && error.to_string().contains("UTF-8"), "{error}");
    Ok(())
}

async fn it_is_not_offered_to_other_hosts() -> Tested {
    let folder = tempfile::tempdir()?;
    let options = OpenOptions::new().data_dir(folder.path()).listen("0.0.0.0:0".parse::<ListenAddress>()?);
    let error = options.clone().open(&store(EMBEDDED)?).await.err().ok_or("it was opened")?;
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("0.0.0.0:0 can be reached from other hosts"), "{error}");
    assert!(!folder.path().join("state.db").exists());
    let options = options.dangerous().allow_remote_without_client_certificates();
    let running = options.open(&store(EMBEDDED)?).await?;
    assert!(running.client().get("/a").await?.is_none());
    Ok(running.stop().await?)
}
