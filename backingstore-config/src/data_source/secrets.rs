//! The parts of a data source that its shown form hides, to be taken out of what others write about it.

use secrecy::{ExposeSecret, SecretString};

/// Collects secrets, each in the spellings in which a driver may show it.
#[derive(Default)]
pub(super) struct SecretParts(Vec<SecretString>);

impl SecretParts {
    /// Adds a text as it stands; an empty one is no secret.
    pub(super) fn add(&mut self, text: &str) {
        if !text.is_empty() && self.0.iter().all(|part| part.expose_secret() != text) {
            self.0.push(SecretString::from(text));
        }
    }

    /// Adds a text that was decoded, and how Go's `net/url` encodes it again: kine parses a URL and writes it anew
    /// (`pkg/drivers/pgsql`, `prepareDSN`).
    pub(super) fn add_decoded(&mut self, text: &str) {
        self.add(text);
        // `shouldEscape` of Go 1.26: what stays as it is in user information, and in a query.
        self.add(&encode(text, b"-_.~$&+,;=", "%20"));
        self.add(&encode(text, b"-_.~", "+"));
    }

    /// The longest first, so that masking one leaves no rest of a longer one that holds it.
    pub(super) fn into_vec(mut self) -> Vec<SecretString> {
        self.0.sort_by_key(|part| std::cmp::Reverse(part.expose_secret().len()));
        self.0
    }
}

fn encode(text: &str, kept: &[u8], space: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b' ' => out.push_str(space),
            byte if byte.is_ascii_alphanumeric() || kept.contains(&byte) => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::DataSource;
    use super::*;

    fn secrets(text: &str) -> Vec<String> {
        let source: DataSource = text.parse().unwrap();
        source.secrets().iter().map(|secret| secret.expose_secret().to_owned()).collect()
    }

    #[test]
    fn a_password_is_given_as_written_decoded_and_encoded_again() {
        let secrets = secrets("postgres://kine:p@ss%2fw%20d@db/kine?sslmode=disable");
        for expected in ["p@ss%2fw%20d", "p@ss/w d", "p%40ss%2Fw%20d", "p%40ss%2Fw+d"] {
            assert!(secrets.iter().any(|secret| secret == expected), "{expected}: {secrets:?}");
        }
        assert!(secrets.windows(2).all(|pair| pair[0].len() >= pair[1].len()), "{secrets:?}");
    }

    #[test]
    fn each_parameter_that_is_shown_masked_is_given() {
        let parameters = "password=one%21&sslpassword=two&new=three&four%21&sslmode=disable";
        let secrets = secrets(&format!("postgres://db/kine?{parameters}"));
        for expected in ["one%21", "one!", "two", "three", "four%21", "four!"] {
            assert!(secrets.iter().any(|secret| secret == expected), "{expected}: {secrets:?}");
        }
        assert!(!secrets.iter().any(|secret| secret.contains("disable")), "{secrets:?}");
    }

    #[test]
    fn a_mysql_password_is_given_whatever_it_holds() {
        let secrets = secrets("mysql://kine:p@ss:w/rd@tcp(db:3306)/kine?connectionAttributes=a:b&tls=true");
        for expected in ["p@ss:w/rd", "a:b"] {
            assert!(secrets.iter().any(|secret| secret == expected), "{expected}: {secrets:?}");
        }
    }

    #[test]
    fn without_a_secret_there_is_none() {
        for text in
            ["", "sqlite:///data/state.db?_journal=WAL", "https://etcd:2379", "mysql://kine:@tcp(db)/kine"]
        {
            assert!(secrets(text).is_empty(), "{text}");
        }
        assert_eq!(secrets("sqlite:///data/state.db?_auth_pass=x"), ["x"]);
        // kine's own default.
        assert_eq!(secrets("postgres://"), ["postgres"]);
    }
}
