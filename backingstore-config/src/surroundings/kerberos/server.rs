//! What the PostgreSQL server needs: a role with a database, lines of `pg_hba.conf`, a setting.

use std::fmt::Write as _;

use super::super::sql::postgres_tenant;
use super::super::{AddressBlock, SqlScript, invalid};
use crate::error::{ConfigError, ConfigErrorKind};

pub(super) fn sql(role: &str, database: &str) -> Result<SqlScript, ConfigError> {
    postgres_tenant(role, database).map(SqlScript::new)
}

/// The realm has been checked to be one word.
pub(super) fn pg_hba(
    role: &str,
    database: &str,
    realm: &str,
    demands_tls: bool,
    clients: &[AddressBlock],
) -> Result<String, ConfigError> {
    if clients.is_empty() {
        return Err(ConfigError::new(
            ConfigErrorKind::MissingSetting,
            "pg_hba.conf",
            "no block of addresses to let in",
            "give the blocks that the control planes' connections come from",
        ));
    }
    let connection = if demands_tls { "hostssl" } else { "host" };
    let database = quote(database)?;
    let role = quote(role)?;
    let mut lines = String::new();
    for block in clients {
        if block.excepted().next().is_some() {
            return Err(invalid(
                "pg_hba.conf",
                "a block that leaves out others, which the file cannot say",
                "give the blocks that remain",
            ));
        }
        let cidr = block.cidr();
        // Writing to a `String` does not fail.
        let _ =
            writeln!(lines, "{connection} {database} {role} {cidr} gss include_realm=0 krb_realm={realm}");
    }
    Ok(lines)
}

/// In quotes a word such as `all` is a name, and a `"` is written twice (PostgreSQL `hba.c`, `next_token`).
fn quote(name: &str) -> Result<String, ConfigError> {
    // Since PostgreSQL 16 a `/` at the start makes a regular expression, in quotes too.
    if name.is_empty() || name.starts_with('/') || name.contains(|c: char| c.is_control()) {
        return Err(invalid(
            "pg_hba.conf",
            "a role or a database that the file cannot name",
            "take a name that does not begin with `/` and holds no control character",
        ));
    }
    Ok(format!("\"{}\"", name.replace('"', "\"\"")))
}

pub(super) fn krb_server_keyfile(path: &str) -> Result<String, ConfigError> {
    if !path.starts_with('/') || path.contains(|c: char| c.is_control()) {
        return Err(invalid(
            "krb_server_keyfile",
            "it is no absolute path",
            "write it as `/etc/postgresql/krb5.keytab`",
        ));
    }
    // A backslash escapes in `'…'` of postgresql.conf, whatever `standard_conforming_strings` says.
    let path = path.replace('\\', "\\\\").replace('\'', "''");
    Ok(format!("krb_server_keyfile = '{path}'\n"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::KerberosSetup;
    use super::super::tests::{DOCUMENTED, setup};
    use super::*;

    fn blocks(blocks: &[&str]) -> Vec<AddressBlock> {
        blocks.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn each_block_is_let_in_on_a_line_of_its_own() {
        let hba = setup(DOCUMENTED).unwrap().pg_hba(&blocks(&["10.0.0.0/8", "2001:db8::/32"])).unwrap();
        let expected = "\
host \"kubernetes\" \"kine\" 10.0.0.0/8 gss include_realm=0 krb_realm=KINE.TEST
host \"kubernetes\" \"kine\" 2001:db8::/32 gss include_realm=0 krb_realm=KINE.TEST
";
        assert_eq!(hba, expected);
    }

    #[test]
    fn a_data_source_that_demands_tls_is_let_in_with_tls_alone() {
        for (ssl_mode, word) in [("prefer", "host "), ("require", "hostssl "), ("verify-full", "hostssl ")] {
            let setup = setup(&format!("k%40R@h.x/d?krb5_ccache&sslmode={ssl_mode}")).unwrap();
            assert!(setup.pg_hba(&blocks(&["10.0.0.1"])).unwrap().starts_with(word), "{ssl_mode}");
        }
    }

    #[test]
    fn what_the_file_cannot_say_is_refused() {
        let setup = setup(DOCUMENTED).unwrap();
        assert_eq!(setup.pg_hba(&[]).unwrap_err().kind(), ConfigErrorKind::MissingSetting);
        let [block] = &blocks(&["10.0.0.0/8"])[..] else { unreachable!() };
        let block = block.clone().except(blocks(&["10.1.0.0/16"])).unwrap();
        assert_eq!(setup.pg_hba(&[block]).unwrap_err().kind(), ConfigErrorKind::InvalidValue);
        for name in ["/x", "", "a\nb"] {
            assert!(quote(name).is_err(), "{name}");
        }
    }

    #[test]
    fn the_role_is_the_user_of_the_principal_and_the_database_in_lower_case() {
        let sql = setup("Svc%22Kine%40R@h.x/Tenant?krb5_ccache").unwrap().sql().unwrap();
        assert_eq!(sql.statements()[0], "CREATE ROLE \"Svc\"\"Kine\" LOGIN");
        assert!(
            sql.statements()[2].starts_with("CREATE DATABASE \"tenant\" OWNER \"Svc\"\"Kine\" "),
            "{sql}"
        );
    }

    #[test]
    fn the_key_file_is_a_quoted_setting() {
        let line = |path| KerberosSetup::krb_server_keyfile(path);
        assert_eq!(line("/etc/pg/k.keytab").unwrap(), "krb_server_keyfile = '/etc/pg/k.keytab'\n");
        assert_eq!(line("/a'b\\c").unwrap(), "krb_server_keyfile = '/a''b\\\\c'\n");
        for path in ["", "k", "FILE:/k", "/k\n"] {
            assert!(line(path).is_err(), "{path}");
        }
    }

    proptest! {
        #[test]
        fn no_name_ends_its_quotes_or_its_line(role in "[a-b\"'\\\\, #+@/\n\t]{0,8}", database in "[a-b\"\\\\ ,@]{0,8}") {
            if let Ok(line) = pg_hba(&role, &database, "R", false, &blocks(&["10.0.0.1"])) {
                let rest = line.strip_prefix("host ").unwrap();
                let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
                let rest = rest.strip_prefix(&quoted(&database)).and_then(|rest| rest.strip_prefix(' ')).unwrap();
                let rest = rest.strip_prefix(&quoted(&role)).unwrap();
                prop_assert_eq!(rest, " 10.0.0.1/32 gss include_realm=0 krb_realm=R\n");
                prop_assert_eq!(line.lines().count(), 1);
            }
        }
    }
}
