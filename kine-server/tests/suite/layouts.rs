//! Files that older releases of kine made, and rows that kine keeps for itself.

use std::path::Path;

use kine_client::{Client, ErrorKind, Revision};
use kine_server::ErrorKind as Refusal;
use libtest_mimic::Trial;
use rusqlite::{Connection, params};
use testbed::{KineVersion, Need, trial};
use tonic::Code;

use crate::content::{changes, contents, same};
use crate::interop::kine;
use crate::scene::{Tested, in_runtime, of_file, serve};
use crate::wire::{connect, kv, put, refused};

pub(crate) fn trials() -> Vec<Trial> {
    let kine = &[Need::Kine(KineVersion::V0_16_4)][..];
    vec![
        trial("a_file_whose_names_are_declared_integer_is_served", &[], || in_runtime(integer_names())),
        trial("kines_own_rows_are_not_shown_counted_or_watched", &[], || in_runtime(own_rows())),
        trial("a_key_that_is_no_text_is_named_with_its_row", &[], || in_runtime(no_text())),
        trial("of_two_compact_rows_the_higher_one_counts_and_stays", &[], || in_runtime(two_compact_rows())),
        trial("a_table_without_autoincrement_is_served", &[], || in_runtime(without_autoincrement())),
        trial("an_old_file_that_was_served_here_opens_in_kine", kine, || in_runtime(on_to_kine())),
        trial("revisions_go_on_where_kine_has_compacted_the_newest_row_away", kine, || {
            in_runtime(newest_row_gone())
        }),
    ]
}

/// kine's table before v0.16.3, whose column `name` was declared INTEGER (kine, `pkg/drivers/sqlite`).
const OLD: &str = "CREATE TABLE kine (id INTEGER PRIMARY KEY AUTOINCREMENT, name INTEGER, created INTEGER,
    deleted INTEGER, create_revision INTEGER, prev_revision INTEGER, lease INTEGER, value BLOB, old_value BLOB)";

struct File(Connection);

impl File {
    fn new(path: &Path, table: &str) -> Tested<Self> {
        let connection = Connection::open(path)?;
        connection.execute(table, [])?;
        Ok(Self(connection))
    }

    /// A row with an id, what it does, its create revision and its previous one.
    fn row(
        &self,
        id: i64,
        name: &str,
        does: Does,
        create: i64,
        previous: i64,
        value: Option<&str>,
    ) -> Tested {
        let insert = "INSERT INTO kine(id, name, created, deleted, create_revision, prev_revision, lease, value, \
             old_value) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, (SELECT value FROM kine WHERE id = ?6))";
        let (created, deleted) = (does == Does::Create, does == Does::Delete);
        let value = value.map(str::as_bytes);
        self.0.execute(insert, params![id, name, created, deleted, create, previous, value])?;
        Ok(())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Does {
    Create,
    Update,
    Delete,
}

/// A compact row, the health key, two keys with a history, a filled gap.
fn old_file(path: &Path, table: &str) -> Tested {
    let file = File::new(path, table)?;
    file.row(1, "compact_rev_key", Does::Create, 0, 0, Some(""))?;
    file.row(2, "/registry/health", Does::Create, 0, 0, Some(r#"{"health":"true"}"#))?;
    file.row(3, "/registry/a", Does::Create, 0, 0, Some("a1"))?;
    file.row(4, "/registry/b", Does::Create, 0, 0, Some("b1"))?;
    file.row(5, "gap-5", Does::Delete, 0, 0, None)?;
    file.row(6, "/registry/a", Does::Update, 3, 3, Some("a2"))?;
    file.row(7, "/registry/b", Does::Delete, 0, 4, None)?;
    file.row(8, "gap-8", Does::Delete, 0, 0, None)
}

async fn is_served(path: &Path) -> Tested {
    let (handle, client) = serve(path).await?;
    assert_eq!(client.revision().await?.get(), 8);
    let held = contents(&client, "/registry/", None).await?;
    let shown: Vec<_> =
        held.iter().map(|held| (&held.key[..], &held.value[..], held.created, held.modified)).collect();
    assert_eq!(shown, [(&b"/registry/a"[..], &b"a2"[..], 3, 6)]);
    let past = contents(&client, "/registry/", Revision::new(5)).await?;
    assert_eq!(past.iter().map(|held| held.modified).collect::<Vec<_>>(), [3, 4]);

    let at = held[0].modified;
    let updated =
        client.update("/registry/a", "a3", Revision::new(at).ok_or("no revision")?).await?.committed()?;
    assert_eq!(updated.get(), 9);
    assert_eq!(client.create("/registry/b", "b2").await?.committed()?.get(), 10);
    let seen = changes(&client, "/registry/", Revision::new(3).ok_or("no revision")?, updated.next()).await?;
    assert_eq!(seen.iter().map(|change| change.revision).collect::<Vec<_>>(), [3, 4, 6, 7, 9, 10]);
    assert_eq!(seen[3].before, Some(("b1".into(), 4)));
    handle.stop().await?;

    // What was written goes by the text of the key, however the column was declared.
    let (handle, client) = serve(path).await?;
    let values: Vec<_> =
        contents(&client, "/registry/", None).await?.into_iter().map(|held| held.value).collect();
    assert_eq!(values, ["a3", "b2"]);
    handle.stop().await?;
    Ok(())
}

async fn integer_names() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    old_file(&path, OLD)?;
    is_served(&path).await?;

    // SQLite makes a number of such a key in this column: `07` would be the key `7`.
    let (handle, client) = serve(&path).await?;
    let channel = connect(handle.endpoint()).await?;
    client.create("7", "seven").await?.committed()?;
    for key in ["07", "7.0", "1e3", " 7"] {
        let refusal = kv(&channel).put(put(key, "other")).await;
        refused(key, refusal, Code::InvalidArgument, "looks like a number")?;
        assert!(client.get(key).await?.is_none(), "{key:?} is shown");
    }
    client.create("/registry/07", "path").await?.committed()?;
    handle.stop().await?;
    let (handle, client) = serve(&path).await?;
    assert_eq!(client.get("7").await?.ok_or("an answered write is lost")?.value_str(), "seven");
    assert_eq!(client.get("/registry/07").await?.ok_or("it is gone")?.value_str(), "path");
    handle.stop().await?;
    Ok(())
}

async fn without_autoincrement() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    old_file(&path, &OLD.replace("AUTOINCREMENT", ""))?;
    is_served(&path).await
}

async fn own_rows() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    old_file(&path, OLD)?;
    let (handle, client) = serve(&path).await?;
    let everything = client.list(kine_client::KeyRange::all()).collect().await?;
    let keys: Vec<_> = everything.items.iter().map(|kv| kv.key_str().into_owned()).collect();
    assert_eq!(keys, ["/registry/a"]);
    assert_eq!(client.count(kine_client::KeyRange::all()).await?, 1);
    for key in ["compact_rev_key", "/registry/health", "gap-5", "gap-8"] {
        assert!(client.get(key).await?.is_none(), "{key} is shown");
    }
    // A client that writes such a key means it.
    let mine = client.create("gap-5", "mine").await?.committed()?;
    let health = client.create("/registry/health", "mine too").await?.committed()?;
    assert_eq!(client.count(kine_client::KeyRange::all()).await?, 3);
    assert_eq!(client.get("gap-5").await?.ok_or("it is hidden")?.create_revision, mine);
    assert_eq!(client.get("/registry/health").await?.ok_or("it is hidden")?.create_revision, health);
    handle.stop().await?;
    let (handle, client) = serve(&path).await?;
    assert_eq!(client.count(kine_client::KeyRange::all()).await?, 3, "after a restart");
    handle.stop().await?;
    Ok(())
}

async fn no_text() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    old_file(&path, OLD)?;
    let rows = Connection::open(&path)?;
    rows.execute("UPDATE kine SET name = CAST(x'2f61ff' AS TEXT) WHERE id = 4", [])?;
    drop(rows);
    let error = of_file(&path).open().await.err().ok_or("it was opened")?;
    assert_eq!(error.kind(), Refusal::NotKine, "{error}");
    let text = error.to_string();
    for words in
        ["the key of row 4 is not UTF-8", &path.display().to_string(), "mend it, or name another file"]
    {
        assert!(text.contains(words), "{text}");
    }
    Ok(())
}

async fn two_compact_rows() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    let file = File::new(&path, OLD)?;
    file.row(1, "compact_rev_key", Does::Create, 0, 2, Some(""))?;
    file.row(3, "/k", Does::Create, 0, 0, Some("1"))?;
    file.row(4, "/k", Does::Update, 3, 3, Some("2"))?;
    file.row(5, "compact_rev_key", Does::Create, 0, 4, Some(""))?;
    file.row(6, "/k", Does::Update, 3, 4, Some("3"))?;
    drop(file);
    let (handle, client) = serve(&path).await?;
    assert_eq!(client.revision().await?.get(), 6);
    let read = |at| client.get_at("/k", Revision::new(at).unwrap_or_default());
    assert_eq!(read(4).await?.ok_or("the key is gone")?.value_str(), "2");
    let kind = read(3).await.err().map(|error| error.kind());
    assert!(matches!(kind, Some(ErrorKind::Compacted { .. })), "{kind:?}");
    client.compact(Revision::new(6).ok_or("no revision")?).await?;
    handle.stop().await?;
    let rows = Connection::open(&path)?;
    let select = "SELECT count(*), min(prev_revision) FROM kine WHERE name = 'compact_rev_key'";
    let (count, compacted): (i64, i64) = rows.query_row(select, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    assert_eq!((count, compacted), (1, 6));
    Ok(())
}

async fn on_to_kine() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    old_file(&path, OLD)?;
    is_served(&path).await?;
    let (handle, client) = serve(&path).await?;
    let here = contents(&client, "/registry/", None).await?;
    handle.stop().await?;
    let kine = kine(KineVersion::V0_16_4, &path)?;
    let client = Client::connect([kine.endpoint()]).await?;
    // kine shows its health key, which was there first.
    let there = contents(&client, "/registry/", None).await?;
    let there: Vec<_> = there.into_iter().filter(|held| held.key != "/registry/health").collect();
    same("the keys", &here, &there)
}

/// kine deletes a tombstone that is compacted even where it is the newest row, and `MAX(id)` goes back.
async fn newest_row_gone() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.db");
    let mut first = kine(KineVersion::V0_16_4, &path)?;
    let client = Client::connect([first.endpoint()]).await?;
    let kept = client.create("/kept", "1").await?.committed()?;
    let created = client.create("/gone", "1").await?.committed()?;
    let deleted = client.delete("/gone", created).await?.committed()?;
    client.compact(deleted).await?;
    first.stop()?;
    let rows = Connection::open(&path)?;
    let newest: i64 = rows.query_row("SELECT max(id) FROM kine", [], |row| row.get(0))?;
    assert!(newest < deleted.get(), "kine has left the tombstone, and this test shows nothing");
    drop(rows);

    let (handle, client) = serve(&path).await?;
    assert_eq!(client.revision().await?, deleted, "the revision went back");
    assert_eq!(client.create("/next", "1").await?.committed()?, deleted.next());
    handle.stop().await?;
    let second = kine(KineVersion::V0_16_4, &path)?;
    let client = Client::connect([second.endpoint()]).await?;
    let at: Vec<_> = contents(&client, "/", None).await?.iter().map(|held| held.modified).collect();
    assert_eq!(at, [kept.get(), deleted.next().get(), 2]);
    Ok(())
}
