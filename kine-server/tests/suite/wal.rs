//! SQLite's write-ahead log stays short: under load, and when nothing happens any more.

use std::fs;
use std::path::Path;

use kine_client::Client;
use kine_server::Synchronous;
use libtest_mimic::Trial;
use rusqlite::{Connection, OpenFlags};
use testbed::trial;

use crate::scene::{Tested, in_runtime, of_file, serve_built, until};
use crate::serve::in_a_process;
use crate::wire::{connect, kv, put};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("few_but_large_writes_keep_the_log_short", &[], || in_runtime(large())),
        trial("an_idle_store_has_all_in_its_file_after_a_compaction_too", &[], || in_runtime(idle())),
    ]
}

const MEBIBYTE: u64 = 1 << 20;

async fn large() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    // Not what is asked here, and a disk takes long.
    let (handle, _) = serve_built(of_file(&path).synchronous(Synchronous::Off)).await?;
    let channel = connect(handle.endpoint()).await?;
    let log = || Ok::<_, std::io::Error>(fs::metadata(folder.path().join("state.db-wal"))?.len());
    let mut longest = 0;
    // Each row has the value before it too: 400 MiB in all, in far fewer rows than a checkpoint waits for.
    for _ in 0..200 {
        kv(&channel).put(put("/a", vec![7; MEBIBYTE as usize])).await?;
        longest = longest.max(log()?);
    }
    assert!(longest < 256 * MEBIBYTE, "the log grew to {} MiB", longest / MEBIBYTE);
    assert!(longest > 64 * MEBIBYTE, "the log was never long, and this test shows nothing");
    // Once nothing is written any more, nothing is left of it.
    until("the file of the log is cut", async || Ok(log()? == 0)).await?;
    kv(&channel).put(put("/a", "small")).await?;
    assert!(log()? > 0, "a write went past the log");
    handle.stop().await?;
    Ok(())
}

/// The rows of keys that the file has without its log. None while a checkpoint is on its way.
fn at_home(path: &Path, copy: &Path) -> Tested<Option<i64>> {
    fs::copy(path, copy)?;
    // Without its log, the copy says that it needs one; it is only looked at.
    let name = format!("file:{}?immutable=1", copy.display());
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let file = Connection::open_with_flags(name, flags)?;
    let count = "SELECT count(*) FROM kine WHERE name LIKE '/k/%'";
    Ok(file.query_row(count, [], |row| row.get(0)).ok())
}

async fn idle() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    let copy = folder.path().join("copy.db");
    // In a process of its own: closing the file here would drop the locks that SQLite has in this one.
    let process = in_a_process(&path)?;
    let client = Client::connect([process.endpoint()]).await?;
    let mut newest = client.create("/k/a", "0").await?.committed()?;
    for value in 1..50 {
        newest = client.update("/k/a", value.to_string(), newest).await?.committed()?;
    }
    until("all rows are in the file", async || Ok(at_home(&path, &copy)? == Some(50))).await?;
    client.compact(newest).await?;
    until("none of the compacted rows is in the file", async || Ok(at_home(&path, &copy)? == Some(1)))
        .await?;
    assert_eq!(client.get("/k/a").await?.ok_or("it is gone")?.value_str(), "49");
    Ok(())
}
