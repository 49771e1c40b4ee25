//! A data source in a YAML file, and the places of faults in one.

use backingstore_config::{ConfigError, Diagnostic};

use crate::data_source;
use crate::shown::Shown;

/// A file with a data source, of a form of [`data_source::PLACES`], for each `@`. Where the file ends in ` `, the data
/// source stands in it as it is, be that YAML or not; else as a quoted text. None where a part of the password is not one
/// to whoever reads it.
pub(crate) fn with_source(file: &str, form: usize, password: &str) -> Option<String> {
    let (before, after) = data_source::PLACES[form];
    let mut source = format!("{before}{password}{after}");
    let text = match file.strip_suffix(' ') {
        // Quoted as JSON, a text is YAML whatever it holds.
        None => file.replace('@', &serde_json::Value::from(source.as_str()).to_string()),
        Some(file) => {
            // With these it could make a key of its own, such as `connector`, whose value is a name and is shown.
            source.retain(|c| {
                !matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' | ',' | '"' | '\'')
            });
            file.replace('@', &source)
        }
    };
    let is_password = !data_source::completes_a_data_source(password);
    (is_password && !data_source::made_a_parameter(&source)).then_some(text)
}

/// # Panics
///
/// If a fault has a place that is not in the file.
pub(crate) fn stands_in(text: &str, error: &ConfigError) {
    let lines = text.split(['\n', '\r']).count();
    for fault in [error].into_iter().chain(error.others()) {
        if let Some(place) = fault.place() {
            assert!((1..=lines + 1).contains(&place.line) && place.column >= 1, "{fault} is not in {text:?}");
        }
    }
}

/// Adds a fault and those behind it.
pub(crate) fn show_error(error: &ConfigError, shown: &mut Shown) {
    shown.both("the error", error);
    for error in error.others() {
        shown.both("another error", error);
    }
}

/// Adds diagnostics in each form that they have.
pub(crate) fn show_diagnostics(diagnostics: &[Diagnostic], shown: &mut Shown) {
    for diagnostic in diagnostics {
        assert!(!diagnostic.message().is_empty() && !diagnostic.help().is_empty(), "{diagnostic:?}");
        shown.debug("a diagnostic", diagnostic);
        shown.display("a diagnostic as text", &diagnostic.in_file("vcluster.yaml"));
        shown.display("a diagnostic as JSON", &serde_json::json!(diagnostic));
    }
}
