//! Parameters where none are read: the `?` before the first is missing, or another sign stands in the place of `?` or
//! `&`. A password among them would be shown as a part of the name or of the value that it stands in.

use super::fault::Fault;

const BEFORE_QUESTION_MARK: Fault = Fault::invalid(
    "what looks like a parameter before any `?`",
    "write `?` before the first parameter and `&` between them; in a database's name, percent-encode `&`, `;` and `=`: `%26`, `%3B`, `%3D`",
);

const IN_A_VALUE: Fault = Fault::invalid(
    "what looks like a parameter in the value of another",
    "put `&` between parameters, without a space",
);

/// Refuses a name or a path, as it is written, that a parameter may have become a part of: one with a `&` or a `;`, or
/// with a `=` behind what sounds like a secret.
pub(super) fn refuse_in_name(written: &str) -> Result<(), Fault> {
    if written.contains(['&', ';']) { Err(BEFORE_QUESTION_MARK) } else { refuse_secret(written) }
}

/// Refuses a name, decoded or not, with a `=` behind what sounds like a secret.
pub(super) fn refuse_secret(name: &str) -> Result<(), Fault> {
    if names_a_secret(name) { Err(BEFORE_QUESTION_MARK) } else { Ok(()) }
}

/// Likewise in a parameter's value.
pub(super) fn refuse_secret_in_value(value: &str) -> Result<(), Fault> {
    if names_a_secret(value) { Err(IN_A_VALUE) } else { Ok(()) }
}

/// Whether there is a `=` behind a word that sounds like a secret: `x.db;_auth_pass=`, `kine password=`.
pub(super) fn names_a_secret(text: &str) -> bool {
    let is_of_a_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let mut before: Vec<&str> = text.split('=').collect();
    before.pop();
    before.iter().any(|text| {
        let text = text.trim_end();
        sounds_secret(text.rsplit(|c| !is_of_a_word(c)).next().unwrap_or_default())
    })
}

/// Whether a parameter that is not known holds a secret by its name.
pub(super) fn sounds_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["pas", "pw", "secret", "token", "key", "cred", "auth"].iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::super::DataSource;
    use super::*;

    #[test]
    fn a_secret_is_known_by_the_word_before_its_equals_sign() {
        for text in ["d password=x", "x.db;_auth_pass =x", "d/PWD=", "a=b,secret=c", "sslpassword=x"] {
            assert!(names_a_secret(text), "{text}");
        }
        for text in ["", "password", "a=password", "password/a=b", "/data/tenant=1/state.db", "=="] {
            assert!(!names_a_secret(text), "{text}");
        }
    }

    #[test]
    fn a_parameter_without_its_question_mark_is_answered_with_it() {
        for text in [
            "postgres://u@h/d&password=CANARY",
            "postgres://u@h/d&password=CANARY?sslmode=disable",
            "postgres://u@h/d;password=CANARY",
            "postgres://u@h/d password=CANARY",
            "postgres://u@h/d%3Fpassword%3DCANARY",
            "postgres://u&password=CANARY@h/d",
            "mysql://u:p@tcp(h)/d&password=CANARY",
            "mysql://u:p@tcp(h)/d#password=CANARY",
            "mysql://u:p@h/d&tls=true",
            "mysql://u&password=CANARY@tcp(h)/d",
            "mysql://u:p@tcp(h)/d&password=x@/CANARY",
            "mysql://u@unix(/run/my.sock?password=CANARY)/d",
            "sqlite:///x.db&_auth_pass=CANARY",
            "sqlite:///x.db;_auth_pass=CANARY",
            "sqlite://file:x.db _auth_pass=CANARY",
            "unix:///run/etcd.sock&password=CANARY",
        ] {
            let error = DataSource::parse(text).unwrap_err();
            assert_eq!(error.problem(), BEFORE_QUESTION_MARK.problem, "{text}");
            assert!(error.help().contains("write `?` before the first parameter"), "{error}");
        }
    }

    #[test]
    fn a_parameter_in_another_ones_value_is_refused() {
        for text in [
            "postgres://u@h/d?application_name=a password=CANARY",
            "postgres:///d?host=h%20password=CANARY",
            "mysql://u@tcp(h)/d?collation=utf8mb4_bin;password=CANARY",
            "sqlite:///x.db?vfs=unix,_auth_pass=CANARY",
        ] {
            let error = DataSource::parse(text).unwrap_err();
            assert_eq!(error.problem(), IN_A_VALUE.problem, "{text}");
        }
    }

    #[test]
    fn settings_among_the_options_are_masked_where_one_sounds_secret() {
        let source = DataSource::parse("postgres://u@h/d?options=-c%20password_encryption%3Dmd5").unwrap();
        assert_eq!(source.to_string(), "postgres://u@h/d?options=***");
        let source = DataSource::parse("postgres://u@h/d?options=-c%20work_mem%3D1MB").unwrap();
        assert!(source.to_string().ends_with("work_mem%3D1MB"), "{source}");
    }

    #[test]
    fn an_encoded_sign_is_a_part_of_the_name() {
        for (text, name) in
            [("postgres://h/a%26b%3Bc%3Dd", "a&b;c=d"), ("mysql://u@tcp(h)/a%26b%3Bc%3Dd", "a&b;c=d")]
        {
            let view = DataSource::parse(text).unwrap().as_kine_reads(&Default::default());
            assert_eq!(view.database(), Some(name), "{text}");
        }
    }
}
