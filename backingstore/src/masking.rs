//! What kine writes, without what it was told in confidence.

use backingstore_config::DataSource;
use secrecy::{ExposeSecret, SecretString};

/// Shorter texts are not masked: they stand in every line, and guard nothing.
const SHORTEST: usize = 3;

/// The secrets of a kine, each in every spelling in which kine or its driver may write it.
#[derive(Clone)]
pub(crate) struct Mask(Vec<SecretString>);

impl Mask {
    /// Of the variables that kine is started with. A data source is more than one secret: a driver's message may hold the
    /// password alone.
    pub(crate) fn of(environment: &[(String, SecretString)]) -> Self {
        let mut texts = Vec::new();
        for (_, value) in environment {
            let value = value.expose_secret();
            texts.push(value.to_owned());
            match DataSource::parse(value) {
                Ok(source) => {
                    texts.extend(source.secrets().iter().map(|part| part.expose_secret().to_owned()))
                }
                // kine knows more of them than we do.
                Err(_) => texts.extend(guessed(value).map(str::to_owned)),
            }
            texts.extend(value.split_once("://").map(|(_, rest)| rest.to_owned()));
        }
        // kine's log quotes what has spaces in it, with backslashes before quotes and backslashes.
        let quoted: Vec<_> =
            texts.iter().map(|text| text.replace('\\', r"\\").replace('"', r#"\""#)).collect();
        texts.extend(quoted);
        texts.retain(|text| text.len() >= SHORTEST);
        // The longest first, so that no rest is left of one that holds another.
        texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        texts.dedup();
        Self(texts.into_iter().map(SecretString::from).collect())
    }

    /// The line with `***` in the place of each.
    pub(crate) fn apply(&self, line: &str) -> String {
        self.0.iter().fold(line.to_owned(), |line, secret| line.replace(secret.expose_secret(), "***"))
    }
}

/// What may be secret in a data source that cannot be parsed.
fn guessed(text: &str) -> impl Iterator<Item = &str> {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let user = rest.rsplit_once('@').map(|(user, _)| user);
    let password = user.and_then(|user| user.split_once(':')).map(|(_, password)| password);
    let values = rest.split(['?', '&']).filter_map(|part| part.split_once('=')).map(|(_, value)| value);
    password.into_iter().chain(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(endpoint: &str, line: &str) -> String {
        let variables = [("KINE_ENDPOINT".to_owned(), SecretString::from(endpoint))];
        Mask::of(&variables).apply(line)
    }

    #[test]
    fn the_data_source_is_masked_whole_and_without_its_scheme() {
        let source = "postgres://kine:pass@db/kine";
        assert_eq!(masked(source, &format!("bad endpoint {source}!")), "bad endpoint ***!");
        assert_eq!(masked(source, "kine:pass@db/kine: no host"), "***: no host");
    }

    #[test]
    fn a_password_is_masked_however_it_is_spelt() {
        let source = "postgres://kine:p@ss%2Fw%22rd@db/kine";
        for spelling in ["p@ss%2Fw%22rd", r#"p@ss/w"rd"#, "p%40ss%2Fw%22rd", r#"p@ss/w\"rd"#] {
            assert_eq!(masked(source, &format!("tried {spelling} in vain")), "tried *** in vain");
        }
        let source = "mysql://kine:p@ss:w/rd@tcp(db:3306)/kine";
        assert_eq!(masked(source, "tried p@ss:w/rd in vain"), "tried *** in vain");
    }

    #[test]
    fn parameters_that_may_be_secret_are_masked() {
        let source =
            "postgres://db/kine?user=kine&password=hunter%212&sslpassword=canary&token=abc&sslmode=disable";
        let line = "hunter%212 hunter!2 canary abc disable";
        assert_eq!(masked(source, line), "*** *** *** *** disable");
    }

    #[test]
    fn of_what_cannot_be_parsed_what_looks_secret_is_masked() {
        for source in ["nats://kine:p@ss@db", "redis://db?password=p@ss&x=y"] {
            assert!(DataSource::parse(source).is_err());
            assert_eq!(masked(source, "tried p@ss in vain"), "tried *** in vain", "{source}");
        }
    }

    #[test]
    fn each_secret_of_s3_is_masked() {
        let variables = [
            ("KINE_ENDPOINT".to_owned(), SecretString::from("")),
            ("AWS_SECRET_ACCESS_KEY".to_owned(), SecretString::from("canary/key")),
        ];
        assert_eq!(Mask::of(&variables).apply("with canary/key"), "with ***");
    }
}
