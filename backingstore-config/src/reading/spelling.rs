//! The known word that a misspelt one was most likely meant to be.

/// The nearest of the known words, if it is near enough to be meant.
pub(crate) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    // More than a third of the letters wrong is another word.
    let allowed = 1 + word.len() / 4;
    let lower = word.to_ascii_lowercase();
    known
        .iter()
        // Each letter more or less is one to add or to remove. A file can hold thousands of misspelt words.
        .filter(|candidate| candidate.len().abs_diff(word.len()) <= allowed)
        .map(|candidate| (edits(&lower, &candidate.to_ascii_lowercase()), *candidate))
        .min_by_key(|(steps, _)| *steps)
        .filter(|(steps, _)| *steps <= allowed)
        .map(|(_, candidate)| candidate)
}

/// Whether two words differ at most in case, and in the signs that part words.
pub(crate) fn is_same_word(one: &str, other: &str) -> bool {
    let letters = |word: &str| word.to_ascii_lowercase().replace(['-', '_'], "");
    letters(one) == letters(other)
}

/// How many letters to add, remove or change to make one word the other (Levenshtein).
fn edits(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (index, a) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, b) in to.chars().enumerate() {
            let change = diagonal + usize::from(a != b);
            diagonal = row[column + 1];
            row[column + 1] = change.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.chars().count()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        assert_eq!(edits("", ""), 0);
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("databse", "database"), 1);
        assert_eq!(edits("abc", ""), 3);
    }

    #[test]
    fn the_same_word_is_known_in_other_cases_and_with_hyphens() {
        assert!(
            is_same_word("backingstore", "backingStore") && is_same_word("Backing-Store", "backingStore")
        );
        assert!(!is_same_word("backingStores", "backingStore"));
    }

    #[test]
    fn the_nearest_key_is_found_whatever_its_case_and_another_word_is_not() {
        let known = ["enabled", "dataSource", "extraArgs", "caFile", "certFile"];
        assert_eq!(nearest("datasource", &known), Some("dataSource"));
        assert_eq!(nearest("enable", &known), Some("enabled"));
        assert_eq!(nearest("extraArg", &known), Some("extraArgs"));
        assert_eq!(nearest("connector", &known), None);
        assert_eq!(nearest("x", &[]), None);
    }
}
