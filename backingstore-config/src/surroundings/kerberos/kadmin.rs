//! The commands that make principals and keytabs at an MIT KDC.

use super::super::invalid;
use super::KerberosSetup;
use crate::error::ConfigError;

pub(super) fn commands(setup: &KerberosSetup, folder: &str) -> Result<Vec<String>, ConfigError> {
    const FOLDER: &str = "give a folder such as `/root/keytabs`";
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'/' | b'+' | b'-');
    if !folder.starts_with('/') || !folder.bytes().all(plain) {
        return Err(invalid("kadmin", "a folder that is not absolute, or that kadmin cannot read", FOLDER));
    }
    let folder = folder.trim_end_matches('/');
    let client = check_principal(setup.principal())?;
    let servers: Vec<_> =
        setup.service_principals().into_iter().map(check_principal).collect::<Result<_, _>>()?;

    let principals = [&client].into_iter().chain(&servers);
    let mut commands: Vec<_> = principals.map(|principal| format!("addprinc -randkey {principal}")).collect();
    // A credential cache needs the client's key elsewhere, or none at all.
    if let Some(keytab) = &setup.keytab {
        commands.push(format!("ktadd -k {folder}/{} {client}", keytab.file));
    }
    for server in &servers {
        let name = server.split('@').next().unwrap_or(server);
        let host = name.rsplit('/').next().unwrap_or(name);
        commands.push(format!("ktadd -k {folder}/{host}.keytab {server}"));
    }
    Ok(commands)
}

/// kadmin divides a line at white space and takes quotes away; the principal's own parser reads a backslash.
fn check_principal(principal: String) -> Result<String, ConfigError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_./+-$".contains(&b);
    let parts = principal.split_once('@');
    let fits = parts.is_some_and(|(name, realm)| {
        !name.is_empty() && !realm.is_empty() && name.bytes().all(plain) && realm.bytes().all(plain)
    });
    // A `-` at the start would be an option.
    if !fits || principal.starts_with('-') {
        return Err(invalid(
            "kadmin",
            "a principal with a character that kadmin gives a meaning of its own",
            "take a principal of letters, digits and `_`, `.`, `/`, `+`, `-`, `$`",
        ));
    }
    Ok(principal)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{DOCUMENTED, setup};
    use crate::ConfigErrorKind;

    #[test]
    fn each_principal_gets_a_random_key_and_a_keytab() {
        let commands = setup(DOCUMENTED).unwrap().kadmin_commands("/root/keytabs/").unwrap();
        let expected = [
            "addprinc -randkey kine@KINE.TEST",
            "addprinc -randkey postgres/pg.example.com@KINE.TEST",
            "ktadd -k /root/keytabs/krb5.keytab kine@KINE.TEST",
            "ktadd -k /root/keytabs/pg.example.com.keytab postgres/pg.example.com@KINE.TEST",
        ];
        assert_eq!(commands, expected);
    }

    #[test]
    fn what_kadmin_would_divide_or_unquote_is_refused() {
        for user in ["a%20b", "a%22b", "a%5Cb", "a%0Aquit", "-x", "a%27"] {
            let setup = setup(&format!("{user}%40R@h.x/d?krb5_keytab=/k/k")).unwrap();
            let error = setup.kadmin_commands("/k").unwrap_err();
            assert_eq!(error.kind(), ConfigErrorKind::InvalidValue, "{user}");
        }
        let setup = setup(DOCUMENTED).unwrap();
        for folder in ["", "k", "/a b", "/a\nquit", "/a\"b", "/a;b"] {
            assert!(setup.kadmin_commands(folder).is_err(), "{folder}");
        }
    }
}
