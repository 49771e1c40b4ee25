//! What cannot be opened or listened on: each with its kind, the thing it is about, and what to do next.

use std::fs;
use std::os::unix::net::UnixListener;
use std::path::Path;

use kine_client::Client;
use kine_server::{Error, ErrorKind, ListenAddress, Server, ServerHandle};
use libtest_mimic::Trial;
use rusqlite::Connection;
use testbed::trial;

use crate::scene::{Tested, in_runtime, of_file, serve};
use crate::serve::in_a_process;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("a_directory_that_cannot_be_written_is_named", &[], || in_runtime(no_directory())),
        trial("a_file_that_is_not_sqlite_is_refused_unchanged", &[], || in_runtime(not_sqlite())),
        trial("a_foreign_table_kine_is_refused_unchanged", &[], || in_runtime(foreign_table())),
        trial("a_file_that_was_made_in_vain_is_removed", &[], || in_runtime(made_in_vain())),
        trial("a_parameter_that_would_be_passed_over_is_refused", &[], || in_runtime(parameters())),
        trial("a_second_server_on_one_file_is_refused", &[], || in_runtime(second_server())),
        trial("a_port_in_use_is_named", &[], || in_runtime(port_in_use())),
        trial("a_socket_in_use_is_refused_and_a_stale_one_replaced", &[], || in_runtime(sockets())),
        trial("a_remote_address_needs_client_certificates_or_a_dangerous_word", &[], || in_runtime(remote())),
        trial("a_data_source_of_another_kind_is_unsupported", &[], || in_runtime(other_sources())),
    ]
}

fn expect<T>(what: &str, result: Result<T, Error>, kind: ErrorKind, words: &[&str]) -> Tested {
    let error = result.err().ok_or_else(|| format!("{what} was accepted"))?;
    let text = error.to_string();
    let missing = words.iter().find(|word| !text.contains(**word));
    if error.kind() != kind || missing.is_some() {
        return Err(
            format!("{what}: {:?} {text:?}, which lacks {missing:?} or {kind:?}", error.kind()).into()
        );
    }
    Ok(())
}

async fn no_directory() -> Tested {
    let folder = tempfile::tempdir()?;
    let absent = folder.path().join("absent");
    expect(
        "a directory that is not there",
        of_file(&absent.join("state.db")).open().await,
        ErrorKind::Storage,
        &[&absent.display().to_string(), "make it, or name another path"],
    )?;
    assert!(!absent.exists(), "a directory was made that nobody asked for");

    let file = folder.path().join("file");
    fs::write(&file, "")?;
    // Nobody may make files in /proc, not even root.
    for path in [file.join("state.db"), "/proc/state.db".into()] {
        expect(
            "a directory that takes no files",
            of_file(&path).open().await,
            ErrorKind::Storage,
            &[&path.display().to_string(), "write access to its directory, or name another path"],
        )?;
    }
    Ok(())
}

/// What else is in the folder besides the lock, which stays.
fn others(folder: &Path) -> Tested<Vec<String>> {
    let names = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let names: Vec<_> = names.collect::<std::io::Result<_>>()?;
    Ok(names.into_iter().filter(|name| !name.ends_with(".lock")).collect())
}

async fn not_sqlite() -> Tested {
    for content in [
        "not a database, but long enough to be asked for its header\n".repeat(100),
        "too short for a header".to_owned(),
    ] {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("state.db");
        fs::write(&path, &content)?;
        expect(
            "a text",
            of_file(&path).open().await,
            ErrorKind::NotKine,
            &[&path.display().to_string(), "is not a SQLite database", "name another file"],
        )?;
        assert_eq!(fs::read_to_string(&path)?, content);
        assert_eq!(others(folder.path())?, ["state.db"]);
    }
    Ok(())
}

async fn foreign_table() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    let foreign = Connection::open(&path)?;
    foreign.execute_batch(
        "CREATE TABLE kine (id INTEGER, name TEXT, horns INTEGER); INSERT INTO kine VALUES (1, 'cow', 2)",
    )?;
    drop(foreign);
    let before = fs::read(&path)?;
    expect(
        "a foreign table",
        of_file(&path).open().await,
        ErrorKind::NotKine,
        &[&path.display().to_string(), "is not kine's", "created", "name another file"],
    )?;
    assert!(fs::read(&path)? == before, "the file was changed");
    assert_eq!(others(folder.path())?, ["state.db"]);
    // And it was let go of.
    Connection::open(&path)?.execute("UPDATE kine SET horns = 0", [])?;
    Ok(())
}

async fn made_in_vain() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    // SQLite cannot make its journal where a directory is.
    let journal = folder.path().join("state.db-journal");
    fs::create_dir(&journal)?;
    expect(
        "a file without a journal",
        of_file(&path).open().await,
        ErrorKind::Storage,
        &[&path.display().to_string()],
    )?;
    assert_eq!(others(folder.path())?, ["state.db-journal"]);

    // One that somebody else has made stays, empty or not.
    fs::write(&path, "")?;
    expect("an empty file without a journal", of_file(&path).open().await, ErrorKind::Storage, &[])?;
    assert_eq!(fs::read(&path)?, b"");
    fs::remove_dir(&journal)?;
    let (handle, _) = serve(&path).await?;
    handle.stop().await?;
    Ok(())
}

async fn parameters() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    for name in ["mode", "immutable", "vfs"] {
        let value = if name == "mode" { "ro" } else { "1" };
        let source = format!("sqlite://file:{}?{name}={value}", path.display());
        expect(
            &source,
            Server::builder(source.parse()?).open().await,
            ErrorKind::Config,
            &[&format!("`{name}`"), &path.display().to_string(), "leave it out"],
        )?;
    }
    assert!(others(folder.path())?.is_empty(), "something was made");
    Ok(())
}

async fn second_server() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    let (handle, client) = serve(&path).await?;
    client.create("/a", "1").await?.committed()?;
    let words =
        ["another server has the database", &path.display().to_string(), "stop it, or name another file"];
    expect("a second server in this process", of_file(&path).open().await, ErrorKind::InUse, &words)?;
    let other = in_a_process(&path).err().ok_or("a second process was let in")?;
    for word in words {
        assert!(other.to_string().contains(word), "{other}");
    }
    // By another name it is the same file.
    let link = folder.path().join("link.d");
    std::os::unix::fs::symlink(folder.path(), &link)?;
    expect("a second name", of_file(&link.join("state.db")).open().await, ErrorKind::InUse, &words[..1])?;
    let link = folder.path().join("other.db");
    std::os::unix::fs::symlink(&path, &link)?;
    expect("a link to the file", of_file(&link).open().await, ErrorKind::InUse, &words)?;
    assert_eq!(client.get("/a").await?.ok_or("it is gone")?.value_str(), "1");
    handle.stop().await?;

    // And whoever has it by the link has it by its name.
    let (handle, client) = serve(&link).await?;
    assert_eq!(client.get("/a").await?.ok_or("it is gone")?.value_str(), "1");
    expect("the name of a linked file", of_file(&path).open().await, ErrorKind::InUse, &words)?;
    handle.stop().await?;

    let process = in_a_process(&path)?;
    expect("a server beside a process", of_file(&path).open().await, ErrorKind::InUse, &words)?;
    let client = Client::connect([process.endpoint()]).await?;
    assert_eq!(client.get("/a").await?.ok_or("it is gone")?.value_str(), "1");
    Ok(())
}

/// Opens a fresh store and serves it there.
async fn listen(folder: &Path, address: ListenAddress) -> Result<ServerHandle, Error> {
    of_file(&folder.join("state.db")).open().await?.serve(address).await
}

async fn port_in_use() -> Tested {
    let folder = tempfile::tempdir()?;
    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?;
    let words = [&address.to_string()[..], "in use by another process", "listen on another address"];
    expect("a port in use", listen(folder.path(), address.into()).await, ErrorKind::InUse, &words)?;
    // The database was let go of, so the next try has it.
    drop(taken);
    listen(folder.path(), address.into()).await?.stop().await?;
    Ok(())
}

async fn sockets() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("kine.sock");
    let address = ListenAddress::unix(&path);
    let words = ["kine.sock", "in use by another process", "listen on another address"];

    let live = UnixListener::bind(&path)?;
    expect("a live socket", listen(folder.path(), address.clone()).await, ErrorKind::InUse, &words)?;
    assert!(path.exists(), "a live socket was removed");
    // Closing does not remove it: it is stale now.
    drop(live);
    let handle = listen(folder.path(), address.clone()).await?;
    let client = Client::connect([handle.endpoint()]).await?;
    client.create("/a", "1").await?.committed()?;
    let elsewhere = tempfile::tempdir()?;
    expect("our own socket", listen(elsewhere.path(), address.clone()).await, ErrorKind::InUse, &words)?;
    assert_eq!(client.get("/a").await?.ok_or("it is gone")?.value_str(), "1");
    handle.stop().await?;
    assert!(!path.exists(), "the socket is left behind");

    // What is no socket is nobody's to remove.
    fs::write(&path, "precious")?;
    expect("a file", listen(folder.path(), address).await, ErrorKind::InUse, &words[..1])?;
    assert_eq!(fs::read_to_string(&path)?, "precious");
    let nowhere = ListenAddress::unix(folder.path().join("absent/kine.sock"));
    expect("no directory", listen(folder.path(), nowhere).await, ErrorKind::Listen, &["absent/kine.sock"])?;
    Ok(())
}

async fn remote() -> Tested {
    let folder = tempfile::tempdir()?;
    let everywhere: ListenAddress = "0.0.0.0:0".parse()?;
    expect(
        "an address for everybody",
        listen(folder.path(), everywhere.clone()).await,
        ErrorKind::Config,
        &["0.0.0.0:0", "other hosts", "require client certificates", "loopback", "dangerous"],
    )?;
    let server =
        of_file(&folder.path().join("state.db")).dangerous().allow_remote_without_client_certificates();
    let handle = server.open().await?.serve(everywhere).await?;
    let port = handle.local_address().ok_or("no port")?.port();
    let client = Client::connect([format!("http://127.0.0.1:{port}")]).await?;
    client.create("/a", "1").await?.committed()?;
    handle.stop().await?;
    Ok(())
}

async fn other_sources() -> Tested {
    for (source, name) in [
        ("postgres://user:hunter2@db.test/kine", "postgres"),
        ("mysql://user:hunter2@tcp(db.test:3306)/kine", "mysql"),
        ("http://etcd.test:2379", "etcd"),
    ] {
        let result = Server::builder(source.parse()?).open().await;
        if let Err(error) = &result {
            assert!(!error.to_string().contains("hunter2"), "the password is shown");
        }
        let result = result.map_err(|error| {
            assert!(error.to_string().to_lowercase().contains(name), "{error}");
            error
        });
        expect(
            source,
            result,
            ErrorKind::Unsupported,
            &["run kine on this data source, or give it a SQLite file"],
        )?;
    }
    Ok(())
}
