//! `DataSourceInput`: what a program's argument says.

use backingstore_config::DataSourceInput;
use secrecy::{ExposeSecret, SecretString};

use crate::data_source;
use crate::input::{Input, without_newline};
use crate::shown::Shown;

/// An argument that is read is shown as one that is read the same, unless it is a secret, and its text comes from
/// where it says. Wherever a password stands, nothing shows it.
pub fn data_source_input(data: &[u8]) {
    match Input::read(data, [data_source::PLACES.len()]) {
        Input::Whole(text) => {
            let Ok(input) = DataSourceInput::parse(&text) else { return };
            if !input.is_literal() {
                assert_eq!(input.to_string(), text);
            }
            let read = input.read_text_with(
                |_| Some("from env\n".into()),
                |_| Ok("from a file\r\n".into()),
                || Ok("from standard input".into()),
            );
            let expected = match &input {
                DataSourceInput::Literal(text) => text.expose_secret(),
                DataSourceInput::Env(_) => "from env",
                DataSourceInput::File(_) => "from a file",
                _ => "from standard input",
            };
            assert_eq!(read.map(|text| text.expose_secret().to_owned()).as_deref(), Ok(expected));
        }
        Input::Password { place: [place], password } => {
            let (before, after) = data_source::PLACES[place];
            let text = format!("{before}{password}{after}");
            // As it is where it is an argument, and without the newline where it is read.
            if data_source::completes_a_data_source(&password) {
                return;
            }
            if [text.as_str(), without_newline(&text)].into_iter().any(data_source::made_a_parameter) {
                return;
            }
            let secret = || SecretString::from(text.as_str());
            for argument in [text.as_str(), "env:NAME", "@FILE", "-"] {
                let mut shown = Shown::default();
                match DataSourceInput::parse(argument) {
                    Ok(input) => {
                        shown.both("the argument", &input);
                        let source = input.read_with(|_| Some(secret()), |_| Ok(secret()), || Ok(secret()));
                        shown.debug("the data source", &source);
                    }
                    Err(error) => shown.both("the error", &error),
                }
                shown.holds_no_password();
            }
        }
    }
}
