//! Each server starts, answers, comes back after a kill, and is gone after drop.

use std::io::Write;
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use libtest_mimic::Trial;
use testbed::{Etcd, Kine, KineBackend, KineVersion, MariaDb, Need, Peer, Postgres, trial, wait_until};

use crate::Outcome;

const SOON: Duration = Duration::from_secs(30);

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = vec![
        trial("etcd_answers_again_after_a_kill_and_is_gone_after_drop", &[Need::Etcd], etcd),
        trial("postgres_keeps_its_data_over_a_kill_and_is_gone_after_drop", &[Need::Postgres], postgres),
        trial("mariadb_keeps_its_data_over_a_kill_and_is_gone_after_drop", &[Need::MariaDb], mariadb),
        trial("a_program_with_kines_command_line_is_started_like_kine", &[], compatible),
        trial("a_server_that_ends_early_is_reported_with_its_log", &[Need::Etcd], bad_flag),
    ];
    for version in KineVersion::ALL {
        let kine = Need::Kine(version);
        let add = |name: &str, needs: &[Need], test: fn(KineVersion) -> Outcome| {
            trial(format!("kine_{version}_{name}"), needs, move || test(version))
        };
        trials.push(add("serves_sqlite_on_tcp_and_stops", &[kine], kine_sqlite));
        trials.push(add("serves_a_unix_socket", &[kine], kine_unix));
        trials.push(add("serves_postgres", &[kine, Need::Postgres], kine_postgres));
        trials.push(add("serves_mariadb", &[kine, Need::MariaDb], kine_mariadb));
        trials.push(add("does_not_show_its_data_source_to_other_users", &[kine], kine_command_line));
    }
    for peer in Peer::all() {
        let name = format!("peer_{}_starts", peer.to_string().replace(' ', "_"));
        trials.push(trial(name, &peer.needs(), move || peer_starts(peer)));
    }
    trials
}

/// Whether a process of this id exists, other than as a zombie that nobody has waited for.
pub(crate) fn is_alive(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| stat.rsplit(')').next().is_some_and(|rest| !rest.trim_start().starts_with('Z')))
}

fn assert_gone(pid: u32, folder: &Path) -> Outcome {
    assert!(!is_alive(pid), "process {pid} still runs");
    wait_until("the folder is gone", SOON, || !folder.exists())?;
    Ok(())
}

/// The first bytes of an HTTP/2 connection (RFC 9113, section 3.4), answered by a SETTINGS frame (type 4).
fn speaks_http2(mut stream: impl std::io::Read + Write) -> Outcome {
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")?;
    let mut frame = [0; 9];
    stream.read_exact(&mut frame)?;
    assert_eq!(frame[3], 4, "{frame:?}");
    Ok(())
}

fn connect(endpoint: &str) -> std::io::Result<TcpStream> {
    let address = endpoint.trim_start_matches("http://");
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(SOON))?;
    Ok(stream)
}

fn etcd() -> Outcome {
    let mut etcd = Etcd::start()?;
    let endpoint = etcd.endpoint();
    speaks_http2(connect(&endpoint)?)?;
    assert!(etcd.process().is_running());
    etcd.kill();
    assert!(!etcd.process().is_running());
    assert!(TcpStream::connect(etcd.address()).is_err());
    etcd.restart()?;
    assert_eq!(etcd.endpoint(), endpoint);
    speaks_http2(connect(&endpoint)?)?;
    let (pid, folder) = (etcd.process().pid(), etcd.folder().to_path_buf());
    drop(etcd);
    assert_gone(pid, &folder)
}

fn postgres() -> Outcome {
    let mut postgres = Postgres::start()?;
    let database = postgres.create_database()?;
    assert_ne!(database, postgres.create_database()?);
    postgres.sql(&database, "CREATE TABLE t (n int); INSERT INTO t VALUES (41), (42)")?;
    postgres.kill();
    postgres.restart()?;
    assert_eq!(postgres.sql(&database, "SELECT sum(n), current_user FROM t")?, "83|postgres\n");
    let refused = postgres.sql("nowhere", "SELECT 1").expect_err("there is no such database");
    assert!(refused.to_string().contains("\"nowhere\" does not exist"), "{refused}");
    let (pid, folder) = (postgres.process().pid(), postgres.folder().to_path_buf());
    drop(postgres);
    assert_gone(pid, &folder)
}

fn mariadb() -> Outcome {
    let mut mariadb = MariaDb::start()?;
    let database = mariadb.create_database()?;
    assert_ne!(database, mariadb.create_database()?);
    mariadb.sql(&database, "CREATE TABLE t (n int); INSERT INTO t VALUES (41), (42)")?;
    mariadb.stop()?;
    mariadb.restart()?;
    assert_eq!(mariadb.sql(&database, "SELECT sum(n), 'x' FROM t")?, "83\tx\n");
    let refused = mariadb.sql("nowhere", "SELECT 1").expect_err("there is no such database");
    assert!(refused.to_string().contains("Unknown database 'nowhere'"), "{refused}");
    let (pid, folder) = (mariadb.process().pid(), mariadb.folder().to_path_buf());
    drop(mariadb);
    assert_gone(pid, &folder)
}

fn bad_flag() -> Outcome {
    let error = Etcd::start_with_args(&["--no-such-flag"]).expect_err("etcd refuses the flag");
    assert!(!error.is_missing());
    assert!(error.to_string().contains("no-such-flag"), "{error}");
    Ok(())
}

fn compatible() -> Outcome {
    let missing =
        Kine::compatible("/nowhere/kine-serve").start(KineBackend::Sqlite).expect_err("it is not there");
    assert!(missing.is_missing());
    assert!(missing.to_string().contains("/nowhere/kine-serve"), "{missing}");

    let folder = tempfile::tempdir()?;
    let program = folder.path().join("serve");
    std::fs::write(&program, "#!/bin/sh\necho \"$KINE_ENDPOINT available at $2\"\nexec sleep 600\n")?;
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let mut kine = Kine::compatible(&program).start(KineBackend::DataSource("sqlite://x"))?;
    assert_eq!(kine.process().log(), format!("sqlite://x available at {}\n", kine.endpoint()));
    kine.stop()?;
    Ok(())
}

fn kine_sqlite(version: KineVersion) -> Outcome {
    let mut kine = Kine::start(version, KineBackend::Sqlite)?;
    speaks_http2(connect(kine.endpoint())?)?;
    kine.stop()?;
    assert!(!kine.process().is_running());
    kine.restart()?;
    speaks_http2(connect(kine.endpoint())?)?;
    assert!(kine.folder().join("state.db").exists());
    let (pid, folder) = (kine.process().pid(), kine.folder().to_path_buf());
    drop(kine);
    assert_gone(pid, &folder)
}

fn kine_unix(version: KineVersion) -> Outcome {
    let kine = Kine::options(version).unix_socket().start(KineBackend::Sqlite)?;
    let path = kine.endpoint().strip_prefix("unix://").expect("a Unix socket");
    let stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(SOON))?;
    speaks_http2(stream)
}

fn kine_postgres(version: KineVersion) -> Outcome {
    let postgres = Postgres::start()?;
    let mut kine = Kine::start(version, KineBackend::Postgres(&postgres))?;
    assert!(postgres.sql("testbed_0", "SELECT count(*) FROM kine")?.trim().parse::<u32>()? >= 1);
    kine.kill();
    kine.restart()?;
    speaks_http2(connect(kine.endpoint())?)
}

fn kine_mariadb(version: KineVersion) -> Outcome {
    let mariadb = MariaDb::start()?;
    let mut kine = Kine::start(version, KineBackend::MariaDb(&mariadb))?;
    assert!(mariadb.sql("testbed_0", "SELECT count(*) FROM kine")?.trim().parse::<u32>()? >= 1);
    kine.kill();
    kine.restart()?;
    speaks_http2(connect(kine.endpoint())?)
}

fn kine_command_line(version: KineVersion) -> Outcome {
    let mut kine = Kine::start(version, KineBackend::Sqlite)?;
    let arguments = std::fs::read_to_string(format!("/proc/{}/cmdline", kine.process().pid()))?;
    assert!(arguments.contains("--listen-address"), "{arguments}");
    assert!(!arguments.contains("sqlite://"), "{arguments}");
    Ok(())
}

fn peer_starts(peer: Peer) -> Outcome {
    let mut running = peer.start()?;
    speaks_http2(connect(&running.endpoint())?)?;
    assert!(running.data_folder().exists());
    assert!(running.processes().iter_mut().all(|process| process.is_running()));
    Ok(())
}
