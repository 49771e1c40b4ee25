//! The line of the file that a diagnostic points at, without its secrets.
//!
//! A values file can hold a password anywhere, also in a comment and half of one on a line by itself. So a line
//! is not shown with its secrets taken out: it is made of what is known to be none. Shown are keys that look
//! like names, values of keys that are known to hold no secret, data sources in their redacted form, and the
//! signs that hold YAML together; anything else is `***`.

use std::collections::HashSet;

use super::harmless::{SECRET, show};
use crate::error::Place;
use crate::redaction::{MASK, is_plain_word};
use crate::yaml::{Entry, Node, Span, Value};

/// The longest line that is shown, in characters: a caret beyond it helps nobody.
const MAX_LINE: usize = 240;

/// No plain word is longer, so no key that is shown.
const LONGEST_WORD: usize = 63;

/// A line that can be shown, and the column of its caret, in characters from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Excerpt {
    line: String,
    caret: usize,
}

impl Excerpt {
    pub(super) fn line(&self) -> &str {
        &self.line
    }

    pub(super) fn caret(&self) -> usize {
        self.caret
    }
}

/// A file's text with what may be shown of it.
pub(super) struct Excerpts<'a> {
    lines: Vec<&'a str>,
    /// How many characters stand before each line.
    starts: Vec<usize>,
    shown: Vec<Shown>,
    /// The keys that are shown, for another one of the same name: the tree has the last alone.
    keys: HashSet<&'a str>,
    /// How many characters stand before each alias.
    aliases: HashSet<usize>,
    /// The line that was drawn last.
    drawn: Option<(usize, Drawn)>,
}

/// A line as it is shown.
struct Drawn {
    line: String,
    /// Where the caret stands for each character of the file's line, as far as there is one.
    carets: Vec<usize>,
    /// Whether the line goes on behind what is shown.
    is_cut: bool,
}

/// What stands for a piece of the file.
struct Shown {
    span: Span,
    text: String,
    is_key: bool,
}

impl<'a> Excerpts<'a> {
    /// Of a file that was read to this tree. None of it is kept where the file is no YAML.
    pub(super) fn new(text: &'a str, tree: &'a Node) -> Self {
        let mut starts = Vec::new();
        let mut lines = Vec::new();
        let mut before = 0;
        for line in text.split_inclusive('\n') {
            starts.push(before);
            before += line.chars().count();
            lines.push(line.trim_end_matches(['\n', '\r']));
        }
        let mut shown = Vec::new();
        let mut keys = HashSet::new();
        let mut aliases = HashSet::new();
        collect(
            tree,
            None,
            None,
            text,
            &mut Pieces { shown: &mut shown, keys: &mut keys, aliases: &mut aliases },
        );
        shown.sort_by_key(|piece| piece.span.offset);
        Self { lines, starts, shown, keys, aliases, drawn: None }
    }

    /// The line of a place. None where the caret would stand too far to the right.
    pub(super) fn at(&mut self, place: Place) -> Option<Excerpt> {
        let index = place.line.checked_sub(1)?;
        // A file can be one long line with a fault in every word: it is drawn once, not for each of them.
        if self.drawn.as_ref().is_none_or(|(last, _)| *last != index) {
            self.drawn = Some((index, self.draw(index)?));
        }
        let (_, drawn) = self.drawn.as_ref()?;
        let caret = match drawn.carets.get(place.column.checked_sub(1)?) {
            Some(caret) => *caret,
            None if drawn.is_cut => return None,
            // Behind the end of the line, or in its comment.
            None => 0,
        };
        Some(Excerpt { line: drawn.line.clone(), caret })
    }

    fn draw(&self, index: usize) -> Option<Drawn> {
        let (line, start) = (*self.lines.get(index)?, *self.starts.get(index)?);
        let mut out = String::new();
        // The characters of `out`.
        let mut length = 0;
        let mut carets = Vec::new();
        let mut masked = false;
        let mut characters = line.chars().enumerate().peekable();
        while length <= MAX_LINE
            && let Some((column, character)) = characters.next()
        {
            carets.push(length);
            let before = out.len();
            let offset = start + column;
            if let Some(piece) = self.covering(offset) {
                let begins_here = piece.span.offset == offset;
                let end = piece.span.offset + piece.span.length.max(1);
                let is_within = |(column, _): (usize, char)| start + column < end;
                let mut is_blank = character.is_whitespace();
                while let Some((_, next)) = characters.next_if(|next| is_within(*next)) {
                    carets.push(length);
                    is_blank &= next.is_whitespace();
                }
                // What stands in braces without a `:` is a key by its form alone.
                let has_value = characters.clone().find(|(_, next)| !next.is_whitespace());
                let is_bare = piece.is_key && has_value.is_none_or(|(_, next)| next != ':');
                // What began on a line before is not shown again.
                let text = if begins_here && !is_bare { &piece.text } else { MASK };
                match character {
                    // A block of lines ends with the indentation of what follows it.
                    _ if is_blank => out.extend((length..carets.len()).map(|_| ' ')),
                    // Quotes are a part of the type: `"true"` is a text.
                    '"' | '\'' if begins_here => {
                        out.extend([character].into_iter().chain(text.chars()).chain([character]));
                    }
                    _ => out.push_str(text),
                }
                masked = false;
            } else if character == '*' && self.aliases.contains(&offset) {
                let mut name = String::new();
                let is_name = |next: char| !next.is_whitespace() && !matches!(next, ',' | ']' | '}');
                while let Some((_, next)) = characters.next_if(|(_, next)| is_name(*next)) {
                    carets.push(length);
                    name.push(next);
                }
                // Its anchor is there, or this were no YAML: so it is no password that begins with the sign.
                out.push_str(&if is_plain_word(&name) { format!("*{name}") } else { MASK.to_owned() });
                masked = false;
            } else if character == '#' && (out.is_empty() || out.ends_with(' ')) {
                break;
            } else if is_sign(character, characters.peek().map(|(_, next)| *next)) {
                out.push(if character.is_whitespace() { ' ' } else { character });
                masked = false;
            } else if character == '<' && characters.peek().is_some_and(|(_, next)| *next == '<') {
                // The key that merges another mapping.
                characters.next();
                carets.push(length);
                out.push_str("<<");
            } else if masked {
                // One mask stands for all of it.
            } else if let Some(key) = self.key_at(&mut characters, character) {
                carets.extend(key.chars().skip(1).map(|_| length));
                out.push_str(key);
            } else {
                out.push_str(MASK);
                masked = true;
            }
            length += out[before..].chars().count();
        }
        carets.truncate(carets.partition_point(|caret| *caret <= MAX_LINE));
        let is_cut = length > MAX_LINE;
        let line = match out.char_indices().nth(MAX_LINE) {
            Some((cut, _)) => format!("{} ...", &out[..cut]),
            None => out.trim_end().to_owned(),
        };
        Some(Drawn { line, carets, is_cut })
    }

    /// The key that stands here, if one of that name is shown elsewhere. Its characters are taken then.
    fn key_at(
        &self,
        rest: &mut (impl Iterator<Item = (usize, char)> + Clone),
        first: char,
    ) -> Option<&'a str> {
        let behind = rest.clone().map(|(_, character)| character).take_while(|character| *character != ':');
        let word: String = [first].into_iter().chain(behind.take(LONGEST_WORD)).collect();
        let key = self.keys.get(word.as_str()).copied()?;
        let mut after = rest.clone().skip(key.chars().count() - 1);
        if !matches!(after.next(), Some((_, ':'))) {
            return None;
        }
        rest.by_ref().take(key.chars().count() - 1).for_each(drop);
        Some(key)
    }

    /// The piece that this character belongs to.
    fn covering(&self, offset: usize) -> Option<&Shown> {
        let after = self.shown.partition_point(|piece| piece.span.offset <= offset);
        let piece = &self.shown[..after].last()?;
        (offset < piece.span.offset + piece.span.length.max(1)).then_some(*piece)
    }
}

/// Whether a character outside of keys and values is one that holds YAML together.
fn is_sign(character: char, next: Option<char>) -> bool {
    match character {
        '{' | '}' | '[' | ']' | ',' => true,
        // Between a key and a value, and before an item.
        ':' | '-' => next.is_none_or(char::is_whitespace),
        other => other.is_whitespace(),
    }
}

/// What is gathered of the tree.
struct Pieces<'p, 'a> {
    shown: &'p mut Vec<Shown>,
    keys: &'p mut HashSet<&'a str>,
    aliases: &'p mut HashSet<usize>,
}

/// What may be shown of the tree's scalars and keys.
fn collect<'a>(
    node: &'a Node,
    parent: Option<&str>,
    previous: Option<&Value>,
    file: &str,
    pieces: &mut Pieces<'_, 'a>,
) {
    if let Some(span) = node.span.filter(|span| span.is_alias) {
        // What it stands for is shown where that is written.
        pieces.aliases.insert(span.offset);
        return;
    }
    match &node.value {
        Value::Map(entries) => {
            for Entry { key, key_span, node } in entries {
                match key_span {
                    // Of a merged mapping.
                    Some(span) if span.is_alias => {
                        pieces.aliases.insert(span.offset);
                        continue;
                    }
                    Some(span) => {
                        // What stands where a secret belongs can be a part of it, also as a key.
                        let is_plain =
                            is_plain_word(key) && !parent.is_some_and(|parent| SECRET.contains(&parent));
                        if is_plain {
                            pieces.keys.insert(key);
                        }
                        let text = if is_plain { key.clone() } else { MASK.to_owned() };
                        pieces.shown.push(Shown { span: *span, text, is_key: true });
                    }
                    None => {}
                }
                collect(node, Some(key), None, file, pieces);
            }
        }
        Value::List(items) => {
            let mut previous = None;
            for item in items {
                collect(item, parent, previous.replace(&item.value), file, pieces);
            }
        }
        // An empty value has a place of its own, and no text.
        Value::Null => {}
        scalar => {
            if let Some(span) = node.span {
                let mut text = show(parent.unwrap_or_default(), previous, scalar);
                // `yes` and `010`, not what they mean.
                if text != MASK && !matches!(scalar, Value::Text(_)) {
                    let written = node.source.clone().and_then(|source| file.get(source));
                    let is_harmless = |text: &&str| {
                        text.len() <= 20
                            && text
                                .bytes()
                                .all(|byte| byte.is_ascii_alphanumeric() || b"+-_.".contains(&byte))
                    };
                    text = written.filter(is_harmless).map_or(text, str::to_owned);
                }
                pieces.shown.push(Shown { span, text, is_key: false });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(text: &str, line: usize, column: usize) -> (String, usize) {
        let tree = Node::from_yaml(text).unwrap();
        let excerpt = Excerpts::new(text, &tree).at(Place::new(line, column)).unwrap();
        (excerpt.line, excerpt.caret)
    }

    #[test]
    fn keys_and_harmless_values_are_shown_under_their_columns() {
        assert_eq!(excerpt("a:\n  connector: shared\n", 2, 14), ("  connector: shared".to_owned(), 13));
        assert_eq!(
            excerpt("{enabled: true, connector: x}", 1, 28),
            ("{enabled: true, connector: x}".to_owned(), 27)
        );
        assert_eq!(excerpt("- tag: v1.2\r\n- tag: v2", 1, 8), ("- tag: v1.2".to_owned(), 7));
    }

    #[test]
    fn a_data_source_is_shown_redacted_and_the_caret_follows() {
        let text = "{dataSource: 'postgres://u:longpassword@h/d', connector: c}";
        let (line, caret) = excerpt(text, 1, text.find(" c}").unwrap() + 2);
        assert_eq!(line, "{dataSource: 'postgres://u:***@h/d', connector: c}");
        assert_eq!(caret, line.find(" c}").unwrap() + 1);
    }

    #[test]
    fn what_is_not_known_to_be_harmless_is_masked() {
        for (text, line, expected) in [
            ("password: CANARY # CANARY", 1, "password: ***"),
            ("a: &CANARY x", 1, "a: *** ***"),
            ("a: !CANARY x", 1, "a: *** ***"),
            ("connector: u:CANARY@h", 1, "connector: ***"),
            ("endpoint: https://u:CANARY@h", 1, "endpoint: ***"),
            ("endpoint: u:CANARY", 1, "endpoint: ***"),
            ("dataSource: nonsense CANARY", 1, "dataSource: ***"),
            ("dataSource: [CANARY: 1]", 1, "dataSource: [***: ***]"),
            ("enabled: CANARY", 1, "enabled: ***"),
            ("port: 1\npassword: 12345", 2, "password: ***"),
            ("'u:CANARY@h': 1", 1, "'***': ***"),
            (
                "extraArgs: [--endpoint=CANARY, CANARY, --n=7, --debug]",
                1,
                "extraArgs: [--endpoint=***, ***, --n=7, --debug]",
            ),
            (
                "extraArgs: [--n, '0', --o, 7, --endpoint, 'postgres://u:CANARY@h/d', 8, --o, CANARY]",
                1,
                "extraArgs: [--n, '0', --o, 7, --endpoint, 'postgres://u:***@h/d', ***, --o, ***]",
            ),
            ("a: |\n  CANARY one\n  CANARY two\nb: 1", 3, "***"),
            ("a: >\n  CANARY", 1, "a: ***"),
            ("a: 'CANARY\n  CANARY'", 2, "***"),
            ("a: {b: 1}\nb: |\n  b: CANARY", 3, "***"),
            ("a: 1 # a: CANARY", 1, "a: ***"),
            ("password: {CANARY}", 1, "password: {***}"),
            ("password: {CANARY, 'CANARY2' }", 1, "password: {***, '***' }"),
            ("a: >-\n    CANARY\nb: 1", 3, "b: ***"),
        ] {
            let (shown, _) = excerpt(text, line, 1);
            assert!(!shown.contains("CANARY"), "{text}: {shown}");
            assert_eq!(shown.trim_start(), expected, "{text}");
        }
    }

    #[test]
    fn quotes_stay_since_they_say_the_type() {
        assert_eq!(excerpt("enabled: \"true\"", 1, 10), ("enabled: \"true\"".to_owned(), 9));
        assert_eq!(excerpt("password: 'x'", 1, 11), ("password: '***'".to_owned(), 10));
    }

    #[test]
    fn a_doubled_key_is_shown_by_the_name_of_the_last() {
        let text = "a: CANARY\n'a': CANARY\nb: 2\na: CANARY\n";
        let (tree, _) = Node::read(text).unwrap();
        let mut excerpts = Excerpts::new(text, &tree);
        assert_eq!(excerpts.at(Place::new(1, 1)).unwrap().line, "a: ***");
        assert_eq!(excerpts.at(Place::new(2, 1)).unwrap().line, "***: ***");
        assert_eq!(excerpts.at(Place::new(4, 1)).unwrap().line, "a: ***");
    }

    #[test]
    fn an_alias_is_not_what_it_stands_for() {
        let text = "x: &a {tag: v1, connector: c}\ny: {<<: *a, tag: v2}\nz: [*a]\n";
        assert_eq!(excerpt(text, 2, 9), ("y: {<<: *a, tag: v2}".to_owned(), 8));
        assert_eq!(excerpt(text, 3, 5), ("z: [*a]".to_owned(), 4));
        let text = "x: &dsn postgres://u:CANARY@h/d\ndataSource: *dsn # CANARY\ny: [*dsn , *dsn]\n";
        assert_eq!(excerpt(text, 2, 13), ("dataSource: *dsn".to_owned(), 12));
        assert_eq!(excerpt(text, 3, 12), ("y: [*dsn , *dsn]".to_owned(), 11));
        let text = "x: &a {tag: v1}\ny:\n  <<: *a\nz:\n  <<: [*a]\n";
        assert_eq!(excerpt(text, 3, 3), ("  <<: *a".to_owned(), 2));
        assert!(["  <<: [*a]", "  <<: [***]"].contains(&excerpt(text, 5, 3).0.as_str()));
        assert_eq!(excerpt("x: &CANARY@ 1\ny: *CANARY@\n", 2, 4).0, "y: ***");
    }

    #[test]
    fn booleans_and_numbers_are_shown_as_they_are_written() {
        assert_eq!(excerpt("enabled: yes", 1, 10).0, "enabled: yes");
        assert_eq!(excerpt("replicas: 010", 1, 11).0, "replicas: 010");
        assert_eq!(excerpt("password: 010", 1, 11).0, "password: ***");
    }

    #[test]
    fn endpoints_of_etcd_are_shown() {
        let text = "endpoint: https://a:2379,https://b:2379";
        assert_eq!(excerpt(text, 1, 11), (text.to_owned(), 10));
    }

    #[test]
    fn a_long_line_is_cut_and_has_no_caret_behind_the_cut() {
        let text = format!("[{}{{connector: x}}]", "{tag: v1}, ".repeat(100));
        let tree = Node::from_yaml(&text).unwrap();
        let mut excerpts = Excerpts::new(&text, &tree);
        let near = excerpts.at(Place::new(1, 8)).unwrap();
        assert_eq!(near.caret, 7);
        assert_eq!(near.line.chars().count(), MAX_LINE + " ...".len());
        assert_eq!(excerpts.at(Place::new(1, text.len() - 3)), None);
        assert_eq!(excerpts.at(Place::new(1, 8)), Some(near));
    }

    #[test]
    fn columns_are_characters() {
        assert_eq!(excerpt("{é: {tag: é}, tag: v1}", 1, 20), ("{***: {tag: ***}, tag: v1}".to_owned(), 23));
    }
}
