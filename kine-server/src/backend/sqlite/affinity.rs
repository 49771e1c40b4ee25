//! Which keys the column `name` stores as they are.
//!
//! Before v0.16.3 kine declared that column INTEGER, which a file from then keeps. SQLite turns text that reads as a number
//! into that number there (sqlite.org/datatype3.html, "Type Affinity"): `07` would become `7`, another key.

use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension};

/// What the declared type of `name` does to text.
pub(super) struct Affinity {
    /// A table of one row in memory, whose column is declared alike: SQLite itself is asked. None where it changes nothing.
    probe: Option<Mutex<Connection>>,
}

impl Affinity {
    /// That of the file's table `kine`.
    pub(super) fn of_names(file: &Connection) -> rusqlite::Result<Self> {
        let declared = "SELECT type FROM pragma_table_info('kine') WHERE name = 'name' COLLATE NOCASE";
        let declared: Option<String> = file.query_row(declared, [], |row| row.get(0)).optional()?;
        Self::of_declared(&declared.unwrap_or_default())
    }

    fn of_declared(declared: &str) -> rusqlite::Result<Self> {
        let probe = Connection::open_in_memory()?;
        // A quoted type means the same.
        let declared = declared.replace('"', "\"\"");
        let table = match declared.is_empty() {
            true => "CREATE TABLE probe (name)".to_owned(),
            false => format!("CREATE TABLE probe (name \"{declared}\")"),
        };
        probe.execute(&table, [])?;
        probe.execute("INSERT INTO probe VALUES (NULL)", [])?;
        let changes_numbers = !keeps(&probe, "07")?;
        Ok(Self { probe: changes_numbers.then(|| Mutex::new(probe)) })
    }

    /// Whether this key is read back as it was written.
    pub(super) fn keeps(&self, key: &str) -> bool {
        match &self.probe {
            None => true,
            // A probe that fails answers for nothing.
            Some(probe) => keeps(&probe.lock(), key).unwrap_or(false),
        }
    }
}

fn keeps(probe: &Connection, key: &str) -> rusqlite::Result<bool> {
    probe.prepare_cached("UPDATE probe SET name = ?")?.execute([key])?;
    // The bytes are compared, so that no affinity applies to the comparison as well.
    let mut read =
        probe.prepare_cached("SELECT CAST(CAST(name AS TEXT) AS BLOB) = CAST(? AS BLOB) FROM probe")?;
    read.query_row([key], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBERS: [&str; 6] = ["07", "1e3", " 7", "+7", "7.50", "99999999999999999999"];

    #[test]
    fn a_column_of_text_keeps_every_key() {
        for declared in ["TEXT", "VARCHAR(630)", "text", "BLOB", ""] {
            let affinity = Affinity::of_declared(declared).unwrap();
            assert!(affinity.probe.is_none(), "{declared}");
            for key in NUMBERS {
                assert!(affinity.keeps(key), "{declared} {key:?}");
            }
        }
    }

    #[test]
    fn a_column_of_numbers_keeps_what_comes_back_unchanged() {
        for declared in ["INTEGER", "int", "NUMERIC", "REAL", "strange"] {
            let affinity = Affinity::of_declared(declared).unwrap();
            for key in NUMBERS {
                assert!(!affinity.keeps(key), "{declared} {key:?}");
            }
            for key in ["/registry/07", "0x10", "gap-7", "7a", "compact_rev_key"] {
                assert!(affinity.keeps(key), "{declared} {key:?}");
            }
        }
        assert!(Affinity::of_declared("INTEGER").unwrap().keeps("7"));
    }
}
