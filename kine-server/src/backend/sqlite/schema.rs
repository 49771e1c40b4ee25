//! kine's table and what stands beside it.
//!
//! Names, types and indexes are kine's (v0.16 and v0.17 alike), so that kine opens what this makes. Ours are a column
//! `version`, NULL in kine's rows, which kine neither reads nor writes, and a table of lease deadlines.

use rusqlite::Connection;

use super::failure;
use super::open::Location;
use crate::backend::COMPACT_KEY;
use crate::error::{Error, ErrorKind};

/// `version` stands before the values: SQLite reads a row up to the last column asked for, and what comes before a large
/// value is found without reading it.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS kine (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, created INTEGER, deleted INTEGER, create_revision INTEGER,
    prev_revision INTEGER, lease INTEGER, version INTEGER, value BLOB, old_value BLOB)";

/// AUTOINCREMENT is for the table sqlite_sequence, which is there when some table has it: a table `kine` that was copied
/// may have lost it.
const REST: &str = "
CREATE INDEX IF NOT EXISTS kine_name_index ON kine (name);
CREATE INDEX IF NOT EXISTS kine_name_id_index ON kine (name, id);
CREATE INDEX IF NOT EXISTS kine_id_deleted_index ON kine (id, deleted);
CREATE INDEX IF NOT EXISTS kine_prev_revision_index ON kine (prev_revision);
CREATE UNIQUE INDEX IF NOT EXISTS kine_name_prev_revision_uindex ON kine (name, prev_revision);
CREATE INDEX IF NOT EXISTS kine_id_compact_rev_key_with_prev_revision_index ON kine (id, name, prev_revision)
    WHERE name != 'compact_rev_key' AND prev_revision != 0;
CREATE TABLE IF NOT EXISTS kine_deadline (revision INTEGER PRIMARY KEY AUTOINCREMENT, deadline INTEGER NOT NULL);
";

const COLUMNS: [&str; 9] =
    ["id", "name", "created", "deleted", "create_revision", "prev_revision", "lease", "value", "old_value"];

/// Refuses a file whose table `kine` is not kine's. Changes nothing.
pub(super) fn check(location: &Location) -> Result<(), Error> {
    let columns = columns(&location.look()?).map_err(|error| failure::of_statement(&location.path, error))?;
    let missing: Vec<_> =
        COLUMNS.into_iter().filter(|name| !columns.iter().any(|column| column == name)).collect();
    if !columns.is_empty() && !missing.is_empty() {
        let message = format!(
            "the table kine in {} is not kine's: it has no column {}; name another file",
            location.path.display(),
            missing.join(", ")
        );
        return Err(Error::new(ErrorKind::NotKine, message));
    }
    Ok(())
}

/// Makes what is missing, in one transaction.
pub(super) fn prepare(location: &Location, connection: &mut Connection) -> Result<(), Error> {
    complete(connection).map_err(|error| failure::of_statement(&location.path, error))
}

fn columns(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare("SELECT name FROM pragma_table_info('kine')")?;
    let names = statement.query_map([], |row| row.get(0))?;
    names.collect()
}

fn complete(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    transaction.execute(TABLE, [])?;
    if !columns(&transaction)?.iter().any(|column| column == "version") {
        transaction.execute("ALTER TABLE kine ADD COLUMN version INTEGER", [])?;
    }
    // Two processes that started at once may each have made one. kine keeps the same one of them.
    transaction.execute(
        "DELETE FROM kine WHERE name = ?1
             AND id <> (SELECT id FROM kine WHERE name = ?1 ORDER BY prev_revision DESC, id LIMIT 1)",
        [COMPACT_KEY],
    )?;
    transaction.execute_batch(REST)?;
    // Its prev_revision is the compact revision.
    transaction.execute(
        "INSERT INTO kine(name, created, deleted, create_revision, prev_revision, lease, value)
         SELECT ?1, 1, 0, 0, 0, 0, x'' WHERE NOT EXISTS (SELECT 1 FROM kine WHERE name = ?1)",
        [COMPACT_KEY],
    )?;
    // A compaction by kine leaves them behind.
    transaction.execute("DELETE FROM kine_deadline WHERE revision NOT IN (SELECT id FROM kine)", [])?;
    transaction.commit()
}
