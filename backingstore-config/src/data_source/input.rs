//! What a program's argument says about a data source: where it is, so that it need not stand on the command line.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use secrecy::{ExposeSecret, SecretString};

use super::DataSource;
use super::parts::without_newline;
use crate::error::{ConfigError, ConfigErrorKind};

const FORMS: &str = "write `env:NAME`, `@FILE`, `-` for standard input, or the data source itself";

/// A data source as an argument names it: `env:NAME`, `@FILE`, `-` for standard input, or the data source itself.
///
/// Nothing is read here: the program brings the calls that do it.
///
/// ```
/// use backingstore_config::DataSourceInput;
/// use secrecy::SecretString;
///
/// let input: DataSourceInput = "env:DATABASE_URL".parse()?;
/// assert!(!input.is_literal());
/// let source = input.read_with(
///     |name| std::env::var(name).ok().or(Some("postgres://u:p@db/d".to_owned())).map(SecretString::from),
///     |path| std::fs::read_to_string(path).map(SecretString::from),
///     || std::io::read_to_string(std::io::stdin()).map(SecretString::from),
/// )?;
/// # assert_eq!(source.to_string(), "postgres://u:***@db/d");
/// # Ok::<(), backingstore_config::ConfigError>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub enum DataSourceInput {
    /// The data source itself.
    Literal(SecretString),
    /// The name of an environment variable.
    Env(String),
    /// The path of a file.
    File(PathBuf),
    /// Standard input.
    Stdin,
}

impl DataSourceInput {
    /// Reads an argument.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`](ConfigErrorKind::InvalidValue) for `env:` without the name of a variable (letters, digits and
    /// `_`), and for `@` alone.
    pub fn parse(argument: &str) -> Result<Self, ConfigError> {
        let refuse = |problem| ConfigError::new(ConfigErrorKind::InvalidValue, "argument", problem, FORMS);
        if argument == "-" {
            return Ok(Self::Stdin);
        }
        if let Some(path) = argument.strip_prefix('@') {
            if path.is_empty() {
                return Err(refuse("an `@` without a file"));
            }
            return Ok(Self::File(PathBuf::from(path)));
        }
        if let Some(name) = argument.strip_prefix("env:") {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            if name.is_empty() || !name.bytes().all(fits) {
                return Err(refuse("an `env:` without the name of a variable"));
            }
            return Ok(Self::Env(name.to_owned()));
        }
        Ok(Self::Literal(SecretString::from(argument)))
    }

    /// Whether the data source itself was given. A password in it was shown to whoever could list the machine's
    /// processes, and stays in the shell's history: a program warns about it.
    pub fn is_literal(&self) -> bool {
        matches!(self, Self::Literal(_))
    }

    /// Reads the data source, by the one call that it needs. `env` answers none for a variable that is not set. One
    /// newline at the end of what is read is taken off.
    ///
    /// # Errors
    ///
    /// [`Unreadable`](ConfigErrorKind::Unreadable) for a variable that is not set or is empty, and for a file that cannot
    /// be read or is empty; else what [`DataSource::parse`] refuses. The subject names the variable or the file. No error
    /// holds any text of the data source, nor of the message of an [`io::Error`].
    pub fn read_with(
        &self,
        env: impl FnOnce(&str) -> Option<SecretString>,
        file: impl FnOnce(&Path) -> io::Result<SecretString>,
        stdin: impl FnOnce() -> io::Result<SecretString>,
    ) -> Result<DataSource, ConfigError> {
        let text = self.read_text_with(env, file, stdin)?;
        DataSource::parse(text.expose_secret()).map_err(|error| match self {
            Self::Literal(_) => error,
            _ => error.about(self.subject()),
        })
    }

    /// Reads the text as [`read_with`](Self::read_with) does, and does not parse it: for those who
    /// [inspect](DataSource::inspect) it.
    ///
    /// # Errors
    ///
    /// [`Unreadable`](ConfigErrorKind::Unreadable) alone.
    pub fn read_text_with(
        &self,
        env: impl FnOnce(&str) -> Option<SecretString>,
        file: impl FnOnce(&Path) -> io::Result<SecretString>,
        stdin: impl FnOnce() -> io::Result<SecretString>,
    ) -> Result<SecretString, ConfigError> {
        let read = match self {
            Self::Literal(text) => return Ok(text.clone()),
            Self::Env(name) => env(name).ok_or(io::ErrorKind::NotFound),
            Self::File(path) => file(path).map_err(|error| error.kind()),
            Self::Stdin => stdin().map_err(|error| error.kind()),
        };
        let unreadable = |problem: String| {
            let help = match self {
                Self::Env(_) => "set it, or name another one",
                _ => "name a file that holds the data source and that this user may read",
            };
            ConfigError::new(ConfigErrorKind::Unreadable, self.subject(), problem, help)
        };
        let text = read.map_err(|kind| match self {
            Self::Env(_) => unreadable("not set, or not UTF-8".to_owned()),
            _ => unreadable(format!("cannot be read: {kind}")),
        })?;
        let text = without_newline(text.expose_secret());
        if text.is_empty() {
            // An empty data source would be kine's default, a new SQLite file.
            return Err(unreadable("empty".to_owned()));
        }
        Ok(SecretString::from(text))
    }

    fn subject(&self) -> String {
        match self {
            Self::Literal(_) => "data source".to_owned(),
            Self::Env(name) => format!("environment variable `{name}`"),
            Self::File(path) => format!("file `{}`", path.display()),
            Self::Stdin => "standard input".to_owned(),
        }
    }
}

impl FromStr for DataSourceInput {
    type Err = ConfigError;

    fn from_str(argument: &str) -> Result<Self, Self::Err> {
        Self::parse(argument)
    }
}

/// As it was written. A literal data source is redacted, or `***` where it is none.
impl fmt::Display for DataSourceInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(text) => match DataSource::parse(text.expose_secret()) {
                Ok(source) => write!(f, "{source}"),
                Err(_) => f.write_str(crate::redaction::MASK),
            },
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "@{}", path.display()),
            Self::Stdin => f.write_str("-"),
        }
    }
}

/// Redacted.
impl fmt::Debug for DataSourceInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataSourceInput({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "postgres://u:CANARY@db/d";

    fn read(argument: &str, content: io::Result<&str>) -> Result<DataSource, ConfigError> {
        let input: DataSourceInput = argument.parse().unwrap();
        let content = content.map(SecretString::from);
        let held = std::cell::Cell::new(Some(content));
        let take = || held.take().expect("one call is made");
        input.read_with(
            |name| {
                assert_eq!(name, "DATABASE_URL");
                take().ok()
            },
            |path| {
                assert_eq!(path, Path::new("/run/secret"));
                take()
            },
            take,
        )
    }

    #[test]
    fn each_form_is_read_by_its_own_call() {
        for argument in ["env:DATABASE_URL", "@/run/secret", "-"] {
            let source = read(argument, Ok(SOURCE)).unwrap();
            assert_eq!(source.expose().expose_secret(), SOURCE);
            let input = DataSourceInput::parse(argument).unwrap();
            assert!(!input.is_literal());
            assert_eq!(input.to_string(), argument);
        }
        let literal = read(SOURCE, Err(io::ErrorKind::Other.into())).unwrap();
        assert_eq!(literal.expose().expose_secret(), SOURCE);
        assert!(DataSourceInput::parse(SOURCE).unwrap().is_literal());
    }

    #[test]
    fn one_newline_at_the_end_is_taken_off() {
        for content in [format!("{SOURCE}\n"), format!("{SOURCE}\r\n")] {
            assert_eq!(read("-", Ok(&content)).unwrap().expose().expose_secret(), SOURCE);
        }
        assert!(read("-", Ok(&format!("{SOURCE}\n\n"))).is_err());
    }

    #[test]
    fn what_cannot_be_read_is_named_and_nothing_of_it_is_shown() {
        let broken = "postgres://u:CANARY/x@db/d";
        for (argument, content, kind, subject) in [
            ("env:DATABASE_URL", Err(""), ConfigErrorKind::Unreadable, "environment variable `DATABASE_URL`"),
            ("env:DATABASE_URL", Ok(""), ConfigErrorKind::Unreadable, "environment variable `DATABASE_URL`"),
            ("@/run/secret", Err("CANARY"), ConfigErrorKind::Unreadable, "file `/run/secret`"),
            ("@/run/secret", Ok("\n"), ConfigErrorKind::Unreadable, "file `/run/secret`"),
            ("@/run/secret", Ok(broken), ConfigErrorKind::InvalidDataSource, "file `/run/secret`"),
            ("-", Err("CANARY"), ConfigErrorKind::Unreadable, "standard input"),
            ("-", Ok("CANARY"), ConfigErrorKind::UnknownScheme, "standard input"),
            (broken, Ok(""), ConfigErrorKind::InvalidDataSource, "data source"),
        ] {
            let error = read(argument, content.map_err(io::Error::other)).unwrap_err();
            assert_eq!((error.kind(), error.subject()), (kind, subject), "{argument}");
            assert!(!format!("{error} {error:?}").contains("CANARY"), "{error}");
        }
    }

    #[test]
    fn a_form_without_its_name_is_refused() {
        for argument in ["env:", "env:A B", "env:postgres://u:CANARY@db/d", "@"] {
            let error = DataSourceInput::parse(argument).unwrap_err();
            assert_eq!(error.kind(), ConfigErrorKind::InvalidValue);
            assert!(!format!("{error} {error:?}").contains("CANARY"), "{error}");
        }
    }

    #[test]
    fn a_literal_is_shown_redacted() {
        for (argument, shown) in [(SOURCE, "postgres://u:***@db/d"), ("CANARY", "***"), ("", "sqlite://")] {
            let input = DataSourceInput::parse(argument).unwrap();
            assert!(input.to_string().starts_with(shown), "{input}");
            assert!(!format!("{input:?}").contains("CANARY"), "{input:?}");
        }
    }
}
