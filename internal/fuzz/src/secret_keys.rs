//! `DataSource::from_secret_keys`.

use backingstore_config::{ConfigError, DataSource, Engine};
use secrecy::{ExposeSecret, SecretString};

use crate::data_source;
use crate::input::{Input, without_newline};
use crate::shown::Shown;

/// The keys of a Secret, with `|` where the password stands.
const PLACES: &[&[(&str, &str)]] = &[
    &[("host", "db"), ("port", "5432"), ("user", "u"), ("password", "|"), ("dbname", "d")],
    &[("host", "db"), ("port", "3306"), ("username", "u"), ("password", "|"), ("database", "d")],
    &[("host", "db"), ("type", "postgres"), ("user", "u"), ("password", "|"), ("port", "|")],
    &[("uri", "postgres://u:|@db:5432/d"), ("password", "|"), ("user", "u")],
    &[("uri", "postgres://u@db:5432/d"), ("password", "|")],
    &[("url", "mysql://u:|@db:3306/d")],
    &[("url", "mysql://u:|@db:3306/d"), ("host", "db"), ("user", "u"), ("password", "|")],
    &[("dsn", "u:|@tcp(db:3306)/d")],
    &[("dataSource", "mysql://u@tcp(db:3306)/d"), ("password", "|")],
    &[
        ("jdbc-uri", "jdbc:postgresql://db:5432/d?user=u&password=|"),
        ("host", "db"),
        ("user", "u"),
        ("password", "|"),
    ],
    &[("uri", "jdbc:mysql://db/d?user=u&password=|")],
    &[("host", "db"), ("user", "u"), ("password", "|"), ("type", "|")],
    &[("host", "db"), ("pgpass", "db:5432:d:u:|"), ("user", "u"), ("password", "x|")],
    &[("host", "u:|@db"), ("port", "5432"), ("user", "u")],
];

/// What keys are read as can be parsed, and holds the password as it is in its key. Wherever a password stands, nothing
/// shows it. Of a whole text, each line is a key with its value behind a `=`.
pub fn secret_keys(data: &[u8]) {
    match Input::read(data, [PLACES.len()]) {
        Input::Whole(text) => {
            let keys: Vec<_> = text.split('\n').filter_map(|line| line.split_once('=')).collect();
            for engine in [None, Some(Engine::Postgres), Some(Engine::Mysql)] {
                if let Ok(source) = read(&keys, engine) {
                    assert!(engine.is_none_or(|engine| engine == source.engine()), "{keys:?}");
                    let again = DataSource::parse(source.expose().expose_secret());
                    assert_eq!(again, Ok(source), "{keys:?}");
                }
            }
        }
        Input::Password { place: [place], password } => {
            let values: Vec<_> =
                PLACES[place].iter().map(|(key, value)| (*key, value.replace('|', &password))).collect();
            let keys: Vec<_> = values.iter().map(|(key, value)| (*key, value.as_str())).collect();
            let source = read(&keys, None);
            if let Ok(source) = &source {
                let text = source.expose();
                if data_source::completes_a_data_source(&password)
                    || data_source::made_a_parameter(text.expose_secret())
                {
                    return;
                }
                data_source::shown_of(text.expose_secret()).holds_no_password();
                if place < 2 {
                    assert_eq!(password_of(source).as_deref(), Some(without_newline(&password)));
                }
            }
            let mut shown = Shown::default();
            shown.debug("the data source", &source);
            if let Err(error) = &source {
                shown.display("the error", error);
            }
            shown.holds_no_password();
        }
    }
}

fn read(keys: &[(&str, &str)], engine: Option<Engine>) -> Result<DataSource, ConfigError> {
    let keys = keys.iter().map(|(key, value)| (*key, SecretString::from(*value)));
    DataSource::from_secret_keys(keys, engine)
}

fn password_of(source: &DataSource) -> Option<String> {
    let password = match source {
        DataSource::Postgres(source) => source.password(),
        DataSource::Mysql(source) => source.password(),
        _ => None,
    };
    password.map(|password| password.expose_secret().to_owned())
}
