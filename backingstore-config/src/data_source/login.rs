//! The user and the password before the `@` of a data source.

use secrecy::{ExposeSecret, SecretString};

use super::fault::{Fault, REDACTED};
use crate::redaction::{MASK, Secrets};

/// User and password as they stand in a data source: for PostgreSQL encoded, for MySQL as they are.
#[derive(Clone)]
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: Option<SecretString>,
}

impl Login {
    /// Cuts at the first `:`.
    pub(super) fn split(text: &str) -> Result<Self, Fault> {
        match text.split_once(':') {
            Some((_, MASK)) => Err(REDACTED),
            Some((user, password)) => {
                Ok(Self { user: user.to_owned(), password: Some(SecretString::from(password)) })
            }
            None => Ok(Self { user: text.to_owned(), password: None }),
        }
    }

    /// One of these parts. None where there is neither.
    pub(super) fn of(user: Option<String>, password: Option<String>) -> Option<Self> {
        Self::filled(None, user, password)
    }

    /// A login with these parts in the place of its own.
    pub(super) fn filled(
        login: Option<Self>,
        user: Option<String>,
        password: Option<String>,
    ) -> Option<Self> {
        if user.is_none() && password.is_none() {
            return login;
        }
        let (old_user, old_password) =
            login.map_or((String::new(), None), |login| (login.user, login.password));
        Some(Self {
            user: user.unwrap_or(old_user),
            password: password.map(SecretString::from).or(old_password),
        })
    }

    /// With its `@`.
    pub(super) fn write(&self, out: &mut String, secrets: Secrets) {
        out.push_str(&self.user);
        if let Some(password) = &self.password {
            out.push(':');
            out.push_str(match secrets {
                Secrets::Exposed => password.expose_secret(),
                Secrets::Masked => MASK,
            });
        }
        out.push('@');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(login: &Login, secrets: Secrets) -> String {
        let mut out = String::new();
        login.write(&mut out, secrets);
        out
    }

    #[test]
    fn what_is_split_is_written_back_and_masked() {
        for (text, masked) in [("u:p:q", "u:***@"), ("u:", "u:***@"), ("u", "u@"), ("", "@"), (":p", ":***@")]
        {
            let login = Login::split(text).unwrap();
            assert_eq!(written(&login, Secrets::Exposed), format!("{text}@"));
            assert_eq!(written(&login, Secrets::Masked), masked);
        }
    }

    #[test]
    fn a_mask_is_no_password() {
        assert_eq!(Login::split("u:***").err(), Some(REDACTED));
        assert!(Login::split("u:****").is_ok());
    }

    #[test]
    fn parts_take_the_place_of_what_is_there() {
        let text = |part: &str| Some(part.to_owned());
        assert!(Login::of(None, None).is_none());
        let login = Login::of(None, text("p"));
        assert_eq!(written(login.as_ref().unwrap(), Secrets::Exposed), ":p@");
        let login = Login::filled(login, text("u"), None);
        assert_eq!(written(&login.unwrap(), Secrets::Exposed), "u:p@");
    }
}
