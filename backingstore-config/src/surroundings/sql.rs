//! SQL that an administrator runs once, with names quoted so that none can end its quotes.

use std::fmt;

use super::invalid;
use crate::data_source::DataSource;
use crate::error::{ConfigError, ConfigErrorKind};
use crate::model::TlsFiles;

/// SQL statements, in the order in which they are run.
///
/// Run them one by one: several of them refuse a transaction block, and a driver makes one of statements
/// that it is given as one text. `psql -f` and `mysql <` run them one by one. They hold no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlScript {
    statements: Vec<String>,
}

impl SqlScript {
    pub(super) fn new(statements: Vec<String>) -> Self {
        Self { statements }
    }

    /// The statements, without the semicolon at the end of each.
    pub fn statements(&self) -> &[String] {
        &self.statements
    }

    /// The statements as text, each on a line of its own with a semicolon.
    pub fn to_sql(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for SqlScript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.statements.iter().try_for_each(|statement| writeln!(f, "{statement};"))
    }
}

/// The database that kine uses: its default where none is named, and for PostgreSQL in lower case.
pub(super) fn kine_database(source: &DataSource) -> Result<String, ConfigError> {
    let view = source.as_kine_reads(&TlsFiles::default());
    view.database().map(str::to_owned).ok_or_else(|| {
        ConfigError::new(
            ConfigErrorKind::MissingSetting,
            "data source",
            "it says that its database has no name, and the server takes the user's",
            "name the database behind the hosts: `/DATABASE`",
        )
    })
}

/// The statements that make a login role without a password and a database that it owns. They work for a
/// superuser, and for an administrator with no more than `CREATEDB` and `CREATEROLE`, as managed services
/// have them, on PostgreSQL 14 and later.
pub(super) fn postgres_tenant(role: &str, database: &str) -> Result<Vec<String>, ConfigError> {
    let role = postgres_role(role)?;
    let database = postgres_database(database)?;
    Ok(vec![
        format!("CREATE ROLE {role} LOGIN"),
        // Since 16 the creator of a role may not act as it, and before 16 it is not a member: without this
        // `OWNER` fails with 42501.
        format!("GRANT {role} TO CURRENT_USER"),
        // kine needs UTF8, and sets the collation of its keys itself. `template1` can be in use (55006) and
        // of another encoding. No connections until PUBLIC has lost its right to connect.
        format!(
            "CREATE DATABASE {database} OWNER {role} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' ALLOW_CONNECTIONS false"
        ),
        // As the owner: an administrator that does not inherit from it gets a mere warning (01006).
        format!("SET ROLE {role}"),
        format!("REVOKE ALL ON DATABASE {database} FROM PUBLIC"),
        format!("ALTER DATABASE {database} ALLOW_CONNECTIONS true"),
        "RESET ROLE".to_owned(),
        format!("REVOKE {role} FROM CURRENT_USER"),
    ])
}

/// A role's name in quotes.
pub(super) fn postgres_role(name: &str) -> Result<String, ConfigError> {
    // Reserved even in quotes (42939, PostgreSQL's `IsReservedName` and `RoleSpec`).
    if name.starts_with("pg_") || matches!(name, "public" | "none") {
        return Err(invalid(
            "user",
            "a name that PostgreSQL keeps for itself",
            "take a name that is not `public` or `none` and does not begin with `pg_`",
        ));
    }
    postgres_identifier("user", name)
}

/// A database's name in quotes.
pub(super) fn postgres_database(name: &str) -> Result<String, ConfigError> {
    postgres_identifier("database", name)
}

fn postgres_identifier(subject: &'static str, name: &str) -> Result<String, ConfigError> {
    // `NAMEDATALEN` is 64 with its NUL. PostgreSQL cuts a longer name with no more than a notice (42622).
    check_name(subject, name, name.len() <= 63, "take a name of 1 to 63 bytes, without control characters")?;
    Ok(format!("\"{}\"", name.replace('"', "\"\"")))
}

fn check_name(subject: &'static str, name: &str, fits: bool, help: &'static str) -> Result<(), ConfigError> {
    if name.is_empty() {
        return Err(invalid(subject, "an empty name", help));
    }
    if name.contains(|c: char| c.is_control()) {
        return Err(invalid(subject, "a control character in a name", help));
    }
    if !fits {
        return Err(invalid(subject, "a name that the server would cut or refuse", help));
    }
    Ok(())
}

/// How a MySQL server reads the database's name in a `GRANT`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GrantNames {
    /// As a pattern, in which `_` stands for any character and `%` for any text. Both are escaped, for
    /// otherwise the grant on `vc_a` opens `vcXa` too. MariaDB always reads it so, and MySQL by default.
    #[default]
    Patterns,
    /// Letter by letter: MySQL with `partial_revokes=ON`, which Aurora 3 always has.
    Literal,
}

/// A database's name in quotes.
pub(super) fn mysql_database(name: &str) -> Result<String, ConfigError> {
    const HELP: &str = "take a name of 1 to 64 characters of the Basic Multilingual Plane, without control characters and with no space at the end";
    let fits = name.chars().count() <= 64 && is_mysql_name(name);
    check_name("database", name, fits, HELP)?;
    Ok(quote_mysql(name))
}

/// A database's name as a `GRANT` takes it.
pub(super) fn mysql_grant_target(name: &str, names: GrantNames) -> Result<String, ConfigError> {
    mysql_database(name)?;
    if names == GrantNames::Literal {
        return Ok(quote_mysql(name));
    }
    if name.contains('\\') {
        return Err(invalid(
            "database",
            "a backslash in a name that is granted on, where it escapes what follows",
            "take a name without a backslash",
        ));
    }
    Ok(quote_mysql(&name.replace('_', "\\_").replace('%', "\\%")))
}

/// `USER@HOST` in quotes, for a user who may come from anywhere.
pub(super) fn mysql_account(user: &str) -> Result<String, ConfigError> {
    const HELP: &str = "take a name of 1 to 32 characters, without control characters";
    check_name("user", user, user.chars().count() <= 32 && is_mysql_name(user), HELP)?;
    Ok(format!("{}@`%`", quote_mysql(user)))
}

fn is_mysql_name(name: &str) -> bool {
    !name.ends_with(' ') && name.chars().all(|c| u32::from(c) <= 0xffff)
}

/// Backticks, in which a backslash is itself whatever `sql_mode` says. In `'…'` it is not.
fn quote_mysql(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads a quoted name as SQL does: the quote doubled is itself, alone it ends the name.
    fn unquoted(text: &str, quote: char) -> Option<(String, &str)> {
        let mut rest = text.strip_prefix(quote)?;
        let mut name = String::new();
        loop {
            let end = rest.find(quote)?;
            name.push_str(&rest[..end]);
            rest = &rest[end + quote.len_utf8()..];
            match rest.strip_prefix(quote) {
                Some(more) => {
                    name.push(quote);
                    rest = more;
                }
                None => return Some((name, rest)),
            }
        }
    }

    proptest! {
        #[test]
        fn no_name_ends_its_quotes(name in "[a-b\"'`\\\\;$_% \n\0-]{0,12}|\\PC{0,70}") {
            if let Ok(quoted) = postgres_database(&name) {
                prop_assert_eq!(unquoted(&quoted, '"'), Some((name.clone(), "")));
            }
            if let Ok(quoted) = mysql_database(&name) {
                prop_assert_eq!(unquoted(&quoted, '`'), Some((name.clone(), "")));
            }
            if let Ok(quoted) = mysql_account(&name) {
                prop_assert_eq!(unquoted(&quoted, '`'), Some((name.clone(), "@`%`")));
            }
            if let Ok(quoted) = mysql_grant_target(&name, GrantNames::Patterns) {
                let (pattern, rest) = unquoted(&quoted, '`').unwrap();
                prop_assert_eq!(rest, "");
                prop_assert_eq!(pattern.replace("\\_", "_").replace("\\%", "%"), name.clone());
                let wildcards = name.matches(['_', '%']).count();
                prop_assert_eq!(pattern.matches("\\_").count() + pattern.matches("\\%").count(), wildcards);
            }
        }
    }

    #[test]
    fn names_that_a_server_cuts_refuses_or_keeps_are_refused() {
        let long = "a".repeat(64);
        for name in ["", "a\nb", "a\0", long.as_str(), "pg_kine", "public", "none"] {
            let error = postgres_role(name).unwrap_err();
            assert_eq!((error.kind(), error.subject()), (ConfigErrorKind::InvalidValue, "user"), "{name}");
        }
        let longer = "a".repeat(65);
        for name in ["", "a ", "a\tb", "\u{1f600}", longer.as_str()] {
            assert_eq!(mysql_database(name).unwrap_err().subject(), "database", "{name}");
        }
        assert!(mysql_account(&"a".repeat(33)).is_err());
        assert!(mysql_grant_target("a\\b", GrantNames::Patterns).is_err());
        assert_eq!(mysql_grant_target("a\\b_c", GrantNames::Literal).unwrap(), "`a\\b_c`");
    }

    #[test]
    fn the_database_is_the_one_that_kine_uses() {
        for (text, database) in [
            ("postgres://u@db/Tenant", "tenant"),
            ("postgres://u@db", "kubernetes"),
            ("mysql://u@tcp(db)/Tenant", "Tenant"),
            ("mysql://u@tcp(db)/", "kubernetes"),
        ] {
            assert_eq!(kine_database(&DataSource::parse(text).unwrap()).unwrap(), database, "{text}");
        }
        let nameless = DataSource::parse("postgres://u@db/?dbname=").unwrap();
        assert_eq!(kine_database(&nameless).unwrap_err().kind(), ConfigErrorKind::MissingSetting);
    }

    #[test]
    fn the_owner_closes_its_database_before_anyone_can_connect() {
        let script = SqlScript::new(postgres_tenant("kine", "te\"nant").unwrap());
        let expected = "\
CREATE ROLE \"kine\" LOGIN;
GRANT \"kine\" TO CURRENT_USER;
CREATE DATABASE \"te\"\"nant\" OWNER \"kine\" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' ALLOW_CONNECTIONS false;
SET ROLE \"kine\";
REVOKE ALL ON DATABASE \"te\"\"nant\" FROM PUBLIC;
ALTER DATABASE \"te\"\"nant\" ALLOW_CONNECTIONS true;
RESET ROLE;
REVOKE \"kine\" FROM CURRENT_USER;
";
        assert_eq!(script.to_sql(), expected);
        assert_eq!(script.statements().len(), 8);
    }
}
