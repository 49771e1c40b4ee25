//! A database behind the user's own kine.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use backingstore::config::{DataSource, Store, VirtualClusterConfig};
use backingstore::server::ListenAddress;
use backingstore::{BackingStore, ErrorKind, OpenOptions};
use libtest_mimic::Trial;
use testbed::{KineVersion, Need, Postgres, wait_until};

use crate::{Tested, block_on};

/// Set for this program when it is to open a store and be killed.
const ABANDONED: &str = "BACKINGSTORE_TEST_ABANDONED_STORE";
const SOON: Duration = Duration::from_secs(30);
const CANARY: &str = "hunter2canary";

pub(crate) fn trials() -> Vec<Trial> {
    let kine = [Need::Kine(KineVersion::V0_16_4)];
    let postgres = [Need::Kine(KineVersion::V0_16_4), Need::Postgres];
    vec![
        testbed::trial(
            "a_postgresql_database_is_opened_through_kine_and_its_password_is_not_in_argv",
            &postgres,
            a_postgresql_database_is_opened,
        ),
        testbed::trial("a_kine_that_dies_is_started_again_and_the_client_goes_on", &kine, || {
            block_on(a_kine_that_dies_is_started_again())
        }),
        testbed::trial("a_dropped_store_takes_its_kine_along", &kine, || {
            block_on(a_dropped_store_takes_kine_along())
        }),
        testbed::trial("a_killed_process_takes_its_kine_along", &kine, a_killed_process_takes_kine_along),
        testbed::trial("a_kine_that_cannot_start_says_why_and_not_the_password", &kine, || {
            block_on(a_kine_that_cannot_start_says_why())
        }),
        testbed::trial("a_secret_that_is_also_a_word_of_kines_log_breaks_nothing", &kine, || {
            block_on(a_secret_may_be_a_word_of_the_log())
        }),
        testbed::trial("kine_is_not_offered_to_other_hosts_unless_told", &kine, || {
            block_on(kine_is_not_offered_to_other_hosts())
        }),
        testbed::trial("kine_is_refused_a_port_that_the_system_chooses", &[], || {
            block_on(kine_is_refused_a_port_that_the_system_chooses())
        }),
        testbed::trial("without_kine_the_error_says_how_to_get_one", &[], || block_on(without_kine())),
    ]
}

fn kine() -> Result<PathBuf, testbed::Error> {
    KineVersion::V0_16_4.program()
}

fn external(source: &str) -> Result<Store, Box<dyn std::error::Error>> {
    let config = format!(
        "controlPlane: {{backingStore: {{database: {{external: {{enabled: true, dataSource: '{source}'}}}}}}}}"
    );
    Ok(VirtualClusterConfig::from_yaml(&config)?.store()?)
}

fn on_sqlite(folder: &std::path::Path) -> Result<Store, Box<dyn std::error::Error>> {
    external(&format!("sqlite://{}/kine.db?_journal_mode=WAL&_busy_timeout=30000", folder.display()))
}

/// Processes whose command line holds the text, and all their command lines.
fn processes(text: &str) -> Vec<(u32, String)> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let lines = pids.filter_map(|pid| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        Some((pid, String::from_utf8_lossy(&line).replace('\0', " ")))
    });
    lines.filter(|(_, line)| line.contains(text)).collect()
}

/// The kine itself, not the shell that watches it.
fn kine_of(running: &BackingStore) -> Result<u32, Box<dyn std::error::Error>> {
    let found = processes(running.endpoint());
    let kine = found.iter().find(|(_, line)| !line.starts_with("/bin/sh"));
    Ok(kine.ok_or_else(|| format!("no kine listens on {}: {found:?}", running.endpoint()))?.0)
}

fn a_postgresql_database_is_opened() -> Tested {
    let postgres = Postgres::start()?;
    let database = postgres.create_database()?;
    postgres.sql(
        &database,
        &format!("CREATE ROLE tenant LOGIN PASSWORD '{CANARY}'; GRANT ALL ON SCHEMA public TO tenant"),
    )?;
    let source =
        format!("postgres://tenant:{CANARY}@127.0.0.1:{}/{database}?sslmode=disable", postgres.port());
    block_on(async move {
        let running = OpenOptions::new().kine_program(kine()?).open(&external(&source)?).await?;
        let client = running.client();
        let created = client.create("/a", "1").await?.committed()?;
        assert_eq!(client.get("/a").await?.ok_or("the key is gone")?.mod_revision, created);
        let exposing = processes(CANARY);
        assert!(exposing.is_empty(), "the password is in a command line: {exposing:?}");
        let shown = format!("{running:?} {:?}", source.parse::<DataSource>()?);
        assert!(!shown.contains(CANARY), "{shown}");
        running.stop().await?;
        Ok(())
    })
}

async fn a_kine_that_dies_is_started_again() -> Tested {
    let folder = tempfile::tempdir()?;
    let running = OpenOptions::new().kine_program(kine()?).open(&on_sqlite(folder.path())?).await?;
    let client = running.client();
    let created = client.create("/a", "1").await?.committed()?;
    let first = kine_of(&running)?;
    Command::new("kill").args(["-KILL", &first.to_string()]).status()?;
    wait_until("kine is started again", SOON, || kine_of(&running).is_ok_and(|kine| kine != first))?;
    // The client waits for the socket within its request timeout.
    assert_eq!(client.get("/a").await?.ok_or("the key is gone")?.mod_revision, created);
    let updated = client.update("/a", "2", created).await?.committed()?;
    assert!(updated > created);
    Ok(running.stop().await?)
}

async fn a_dropped_store_takes_kine_along() -> Tested {
    let folder = tempfile::tempdir()?;
    let running = OpenOptions::new().kine_program(kine()?).open(&on_sqlite(folder.path())?).await?;
    let endpoint = running.endpoint().to_owned();
    kine_of(&running)?;
    drop(running);
    tokio::task::spawn_blocking(move || wait_until("kine is gone", SOON, || processes(&endpoint).is_empty()))
        .await??;
    Ok(())
}

pub(crate) fn is_abandoned_parent() -> bool {
    std::env::var_os(ABANDONED).is_some()
}

/// Opens a store, says where, and waits to be killed.
pub(crate) fn be_an_abandoned_parent() {
    let opened = block_on(async {
        let folder = std::env::var(ABANDONED)?;
        let running = OpenOptions::new().kine_program(kine()?).open(&on_sqlite(folder.as_ref())?).await?;
        std::fs::write(format!("{folder}/endpoint"), running.endpoint())?;
        std::future::pending().await
    });
    panic!("no store was opened: {opened:?}");
}

fn a_killed_process_takes_kine_along() -> Tested {
    let folder = tempfile::tempdir()?;
    let mut parent = Command::new(std::env::current_exe()?)
        .env(ABANDONED, folder.path())
        .stdout(Stdio::null())
        .stdin(Stdio::null())
        .spawn()?;
    let said = folder.path().join("endpoint");
    let opened =
        wait_until("the store is open", SOON, || std::fs::read_to_string(&said).is_ok_and(|s| !s.is_empty()));
    let endpoint = std::fs::read_to_string(&said).unwrap_or_default();
    let had_kine = !processes(&endpoint).is_empty();
    parent.kill()?;
    parent.wait()?;
    opened?;
    assert!(had_kine);
    Ok(wait_until("kine is gone", SOON, || processes(&endpoint).is_empty())?)
}

async fn a_kine_that_cannot_start_says_why() -> Tested {
    // kine refuses the data source: the file is not there.
    let source =
        format!("postgres://kine:{CANARY}@127.0.0.1:1/x?sslmode=verify-full&sslrootcert=/nowhere/ca.crt");
    let options = OpenOptions::new().kine_program(kine()?);
    let error = options.open(&external(&source)?).await.err().ok_or("it was opened")?;
    assert_eq!(error.kind(), ErrorKind::Kine);
    assert!(error.to_string().contains("ended before it listened"), "{error}");
    assert!(error.to_string().contains("it wrote:"), "{error}");
    assert!(!format!("{error} {error:?}").contains(CANARY), "{error}");
    Ok(())
}

async fn a_secret_may_be_a_word_of_the_log() -> Tested {
    let folder = tempfile::tempdir()?;
    let source = format!("sqlite://{}/kine.db?_journal_mode=WAL&token=kine", folder.path().display());
    let running = OpenOptions::new().kine_program(kine()?).open(&external(&source)?).await?;
    assert!(running.endpoint().ends_with("/kine.sock"), "{}", running.endpoint());
    Ok(running.stop().await?)
}

async fn kine_is_not_offered_to_other_hosts() -> Tested {
    let folder = tempfile::tempdir()?;
    let address: ListenAddress = format!("0.0.0.0:{}", testbed::free_port()?).parse()?;
    let options = OpenOptions::new().kine_program(kine()?).listen(address);
    let store = on_sqlite(folder.path())?;
    let error = options.clone().open(&store).await.err().ok_or("it was opened")?;
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("can be reached from other hosts"), "{error}");
    // Nor by an argument of the config.
    for arguments in ["'--listen-address=0.0.0.0:1'", "'-listen-address', ':1'"] {
        let database = format!("enabled: true, dataSource: 'sqlite://x.db', extraArgs: [{arguments}]");
        let config = format!("controlPlane: {{backingStore: {{database: {{external: {{{database}}}}}}}}}");
        let store = VirtualClusterConfig::from_yaml(&config)?.store()?;
        let error =
            OpenOptions::new().kine_program(kine()?).open(&store).await.err().ok_or("it was opened")?;
        assert_eq!(error.kind(), ErrorKind::Config, "{arguments}: {error}");
        assert!(error.to_string().contains(":1 can be reached from other hosts"), "{error}");
    }
    let running = options.dangerous().allow_remote_without_client_certificates().open(&store).await?;
    assert!(running.client().get("/a").await?.is_none());
    Ok(running.stop().await?)
}

async fn kine_is_refused_a_port_that_the_system_chooses() -> Tested {
    let options = OpenOptions::new().kine_program("/nowhere/kine").listen(ListenAddress::loopback());
    let source = format!("postgres://kine:{CANARY}@127.0.0.1:1/x");
    let error = options.open(&external(&source)?).await.err().ok_or("it was opened")?;
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("name a port"), "{error}");
    Ok(())
}

async fn without_kine() -> Tested {
    let options = OpenOptions::new().kine_program("/nowhere/kine");
    let source = format!("postgres://kine:{CANARY}@127.0.0.1:1/x");
    let error = options.open(&external(&source)?).await.err().ok_or("it was opened")?;
    assert_eq!(error.kind(), ErrorKind::KineMissing);
    assert!(error.to_string().contains("/nowhere/kine"), "{error}");
    assert!(!format!("{error} {error:?}").contains(CANARY), "{error}");
    // Where none is named, a process without any on its PATH says how to get one.
    if std::env::var_os("KINE_BIN").is_none() && !kine_is_on_the_path() {
        let error = backingstore::open(&external(&source)?).await.err().ok_or("it was opened")?;
        assert_eq!(error.kind(), ErrorKind::KineMissing);
        assert!(error.to_string().contains("go install"), "{error}");
    }
    Ok(())
}

fn kine_is_on_the_path() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join("kine").is_file())
}
