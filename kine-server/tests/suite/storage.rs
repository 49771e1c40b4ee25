//! What happens under a server: the disk is full, may not be written any more, or the file is gone.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use kine_client::{Client, KeyRange, Revision};
use kine_server::{ErrorKind, ServerHandle};
use libtest_mimic::Trial;
use testbed::trial;
use tonic::Code;
use tonic::transport::Channel;

use crate::scene::{Tested, in_runtime, in_time, of_file, serve};
use crate::wire::{connect, kv, put, refused};

pub(crate) fn trials() -> Vec<Trial> {
    let mounts = [
        trial("a_full_disk_refuses_writes_and_loses_none_that_was_answered", &[], || in_runtime(full_disk())),
        trial("a_file_on_a_read_only_disk_is_refused_and_opens_once_it_is_writable", &[], || {
            in_runtime(read_only())
        }),
    ];
    let can_mount = Disk::new(1).is_ok();
    let mounts = mounts.into_iter().map(|trial| match can_mount {
        true => trial,
        false => trial.with_kind("needs the right to mount").with_ignored_flag(true),
    });
    let mut trials: Vec<_> = mounts.collect();
    trials.push(trial("a_removed_file_ends_the_server_and_no_write_to_it_is_answered", &[], || {
        in_runtime(taken_away(|path| std::fs::remove_file(path)))
    }));
    trials.push(trial("a_replaced_file_ends_the_server_and_no_write_to_it_is_answered", &[], || {
        in_runtime(taken_away(|path| {
            let other = path.with_extension("other");
            std::fs::write(&other, "")?;
            std::fs::rename(other, path)
        }))
    }));
    trials.push(trial("an_idle_server_notices_that_its_file_is_gone", &[], || in_runtime(idle())));
    trials
}

/// A small file system of its own, unmounted when it goes.
struct Disk {
    folder: tempfile::TempDir,
}

impl Disk {
    fn new(mebibytes: usize) -> Tested<Self> {
        let folder = tempfile::tempdir()?;
        let size = format!("size={mebibytes}m,mode=700");
        run(Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder.path()))?;
        Ok(Self { folder })
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("state.db")
    }

    fn change(&self, option: &str) -> Tested {
        run(Command::new("mount").args(["-o", &format!("remount,{option}")]).arg(self.folder.path()))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a test that failed may still have files open.
        let _ = run(Command::new("umount").arg("--lazy").arg(self.folder.path()));
    }
}

fn run(command: &mut Command) -> Tested {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("{command:?}: {status}").into()),
    }
}

struct Scene {
    handle: ServerHandle,
    client: Client,
    channel: Channel,
    answered: Vec<(String, i64)>,
}

impl Scene {
    async fn start(path: &Path) -> Tested<Self> {
        let (handle, client) = serve(path).await?;
        let channel = connect(handle.endpoint()).await?;
        Ok(Self { handle, client, channel, answered: Vec::new() })
    }

    async fn put(&mut self) -> Result<(), tonic::Status> {
        let key = format!("/{:04}", self.answered.len());
        let answer = kv(&self.channel).put(put(key.clone(), vec![7; 60_000])).await?.into_inner();
        self.answered.push((key, answer.header.map_or(0, |header| header.revision)));
        Ok(())
    }

    /// Every answered write is there, at its revision.
    async fn check(&self) -> Tested {
        let items = self.client.list(KeyRange::all()).collect().await?.items;
        let shown: Vec<_> =
            items.iter().map(|kv| (kv.key_str().into_owned(), kv.mod_revision.get())).collect();
        crate::content::same("what is shown and what was answered", &shown, &self.answered)?;
        assert!(items.iter().all(|kv| kv.value.len() == 60_000));
        Ok(())
    }
}

async fn full_disk() -> Tested {
    let disk = Disk::new(8)?;
    let mut scene = Scene::start(&disk.path()).await?;
    let status = loop {
        assert!(scene.answered.len() < 1000, "the disk is never full");
        if let Err(status) = scene.put().await {
            break status;
        }
    };
    refused(
        "a write",
        Err::<(), _>(status),
        Code::ResourceExhausted,
        "etcdserver: mvcc: database space exceeded",
    )?;
    assert!(scene.answered.len() > 10, "only {} writes had room", scene.answered.len());
    scene.check().await?;
    let again = scene.put().await;
    refused("another write", again, Code::ResourceExhausted, "database space exceeded")?;

    disk.change("size=64m")?;
    for _ in 0..50 {
        scene.put().await?;
    }
    scene.check().await?;
    scene.handle.stop().await?;
    let answered = scene.answered;
    let scene = Scene { answered, ..Scene::start(&disk.path()).await? };
    scene.check().await?;
    scene.handle.stop().await?;

    // One that is full from the start cannot be opened, and says why.
    let small = Disk::new(1)?;
    std::fs::write(small.folder.path().join("ballast"), vec![7; 2 << 20])
        .err()
        .ok_or("there is room left")?;
    let error = of_file(&small.path()).open().await.err().ok_or("it was opened on a full disk")?;
    assert_eq!(error.kind(), ErrorKind::NoSpace, "{error}");
    assert!(error.to_string().contains("free some on its file system"), "{error}");
    Ok(())
}

async fn read_only() -> Tested {
    let disk = Disk::new(8)?;
    let (handle, client) = serve(&disk.path()).await?;
    client.create("/a", "1").await?.committed()?;
    handle.stop().await?;
    disk.change("ro")?;
    let error = of_file(&disk.path()).open().await.err().ok_or("it was opened on a read-only disk")?;
    assert_eq!(error.kind(), ErrorKind::Storage, "{error}");
    assert!(error.to_string().contains("cannot be written: give this process write access"), "{error}");
    disk.change("rw")?;
    let (handle, client) = serve(&disk.path()).await?;
    assert_eq!(client.get("/a").await?.ok_or("it is gone")?.value_str(), "1");
    handle.stop().await?;
    Ok(())
}

fn is_gone(path: &Path, error: &kine_server::Error) {
    assert_eq!(error.kind(), ErrorKind::Gone, "{error}");
    let text = error.to_string();
    assert!(text.contains(&path.display().to_string()) && text.contains("was removed or replaced"), "{text}");
}

/// The file goes under load. Whatever was answered was committed while it was still there.
async fn taken_away(take: fn(&Path) -> std::io::Result<()>) -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    let mut scene = Scene::start(&path).await?;
    for _ in 0..20 {
        scene.put().await?;
    }
    take(&path)?;
    let refusal = scene.put().await;
    refused("a write to a file that is gone", refusal, Code::Unavailable, "etcdserver: ")?;
    let failed = in_time("the server gives up", scene.handle.failed()).await?;
    is_gone(&path, &failed);
    let stopped = scene.handle.stop().await.err().ok_or("it stopped as if nothing had happened")?;
    is_gone(&path, &stopped);
    let late = scene.client.get_at("/0000", Revision::ZERO.next()).await;
    assert!(late.is_err(), "a server without a file answers");
    Ok(())
}

async fn idle() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    let (handle, _) = serve(&path).await?;
    std::fs::remove_file(&path)?;
    let failed = in_time("the server gives up", handle.failed()).await?;
    is_gone(&path, &failed);
    // Another server can have the place.
    let (handle, client) = serve(&path).await?;
    assert_eq!(client.count(KeyRange::all()).await?, 0);
    handle.stop().await?;
    Ok(())
}
