//! Where the first document of a file ends.

use crate::error::Place;

/// The text of the first document, if nothing stands behind it but markers and comments: Helm takes such a file. Else the
/// place where the second one begins.
pub(super) fn first_document(text: &str) -> Result<&str, Place> {
    let mut begun = false;
    let mut end = None;
    let mut offset = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let written = if index == 0 { line.trim_start_matches('\u{feff}') } else { line };
        let (behind, is_marker) = match marker(written) {
            Some(behind) => (behind, true),
            None => (written, false),
        };
        let says_nothing = matches!(behind.trim_start().chars().next(), None | Some('#'));
        match end {
            None if is_marker && begun => end = Some((offset, Place::new(index + 1, 1))),
            None if is_marker || !(says_nothing || written.starts_with('%')) => begun = true,
            _ => {}
        }
        if let Some((_, place)) = end
            && !says_nothing
        {
            return Err(place);
        }
        offset += line.len();
    }
    Ok(end.map_or(text, |(end, _)| &text[..end]))
}

/// What stands behind `---` or `...` at the beginning of a line. Neither can be a part of a value there (YAML 1.2.2, 9.1.2).
fn marker(line: &str) -> Option<&str> {
    let behind = line.strip_prefix("---").or_else(|| line.strip_prefix("..."))?;
    behind.chars().next().is_none_or(char::is_whitespace).then_some(behind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_before_the_document_and_one_behind_it_are_no_second_document() {
        for (text, document) in [
            ("a: 1\n", "a: 1\n"),
            ("---\na: 1\n", "---\na: 1\n"),
            ("# c\n%YAML 1.2\n---\na: 1", "# c\n%YAML 1.2\n---\na: 1"),
            ("\u{feff}---\na: 1\n---\n", "\u{feff}---\na: 1\n"),
            ("a: 1\n---\n", "a: 1\n"),
            ("a: 1\r\n---\r\n", "a: 1\r\n"),
            ("a: 1\n...\n# c\n", "a: 1\n"),
            ("a: 1\n--- # c\n\n...\n---", "a: 1\n"),
            ("a: |\n  ---\n  b\n", "a: |\n  ---\n  b\n"),
            ("---a: 1\n", "---a: 1\n"),
            ("", ""),
        ] {
            assert_eq!(first_document(text), Ok(document), "{text:?}");
        }
    }

    #[test]
    fn a_second_document_is_found_where_it_begins() {
        for (text, line) in [
            ("a: 1\n---\nb: 2\n", 2),
            ("---\na: 1\n\n--- {b: 2}\n", 4),
            ("---\n---\na: 1\n", 2),
            ("a: 1\n...\n---\nb: 2\n", 2),
        ] {
            assert_eq!(first_document(text), Err(Place::new(line, 1)), "{text:?}");
        }
    }
}
