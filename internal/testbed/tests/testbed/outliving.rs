//! No server outlives its owner, not even one that is killed.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use libtest_mimic::Trial;
use testbed::{Etcd, Kine, KineBackend, KineVersion, MariaDb, Need, Postgres, trial, wait_until};

use crate::Outcome;
use crate::servers::is_alive;

/// Names the server that this program, run again as an owner, starts.
const OWN: &str = "TESTBED_TEST_OWN";
const SOON: Duration = Duration::from_secs(60);

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("etcd_is_gone_after_its_owner_is_killed", &[Need::Etcd], || killed_owner("etcd")),
        trial("postgres_is_gone_after_its_owner_is_killed", &[Need::Postgres], || killed_owner("postgres")),
        trial("mariadb_is_gone_after_its_owner_is_killed", &[Need::MariaDb], || killed_owner("mariadb")),
        trial("kine_is_gone_after_its_owner_is_killed", &[Need::Kine(KineVersion::V0_16_4)], || {
            killed_owner("kine")
        }),
        trial("a_server_outlives_the_thread_that_started_it", &[Need::Etcd], thread_ends),
    ]
}

pub(crate) fn is_owner() -> bool {
    std::env::var_os(OWN).is_some()
}

/// Starts a server, says which, and waits to be killed.
pub(crate) fn own() -> ExitCode {
    let wait = |pid: u32, folder: &std::path::Path| {
        println!("{pid} {}", folder.display());
        // Ends when the test closes the pipe, should it fail before the kill.
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
    };
    let owned = std::env::var(OWN).unwrap_or_default();
    let result = match owned.as_str() {
        "etcd" => Etcd::start().map(|mut etcd| wait(etcd.process().pid(), etcd.folder())),
        "postgres" => Postgres::start().map(|mut postgres| wait(postgres.process().pid(), postgres.folder())),
        "mariadb" => MariaDb::start().map(|mut mariadb| wait(mariadb.process().pid(), mariadb.folder())),
        _ => Kine::start(KineVersion::V0_16_4, KineBackend::Sqlite)
            .map(|mut kine| wait(kine.process().pid(), kine.folder())),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn killed_owner(server: &str) -> Outcome {
    let mut owner = Command::new(std::env::current_exe()?)
        .env(OWN, server)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    BufReader::new(owner.stdout.take().expect("it is piped")).read_line(&mut line)?;
    let (pid, folder) = line.trim_end().split_once(' ').expect("the owner says what it started");
    let (pid, folder) = (pid.parse()?, PathBuf::from(folder));
    assert!(is_alive(pid), "process {pid} does not run");
    assert!(folder.exists());

    // SIGKILL: nothing in the owner can react to it.
    owner.kill()?;
    owner.wait()?;
    wait_until("the server is gone", SOON, || !is_alive(pid))?;
    wait_until("its folder is gone", SOON, || !folder.exists())?;
    Ok(())
}

fn thread_ends() -> Outcome {
    let started = std::thread::spawn(Etcd::start).join();
    let mut etcd = started.expect("the thread does not panic")?;
    assert!(etcd.process().is_running());
    etcd.restart()?;
    assert!(etcd.process().is_running());
    Ok(())
}
