//! The word somebody probably meant, for "did you mean …?" in an error.

/// The candidate with the fewest changed letters, unless even that one is another word altogether.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = normalized(word);
    candidates
        .into_iter()
        .map(|candidate| (distance(&word, &normalized(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(word.len()) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `Round_Robin` is not a misspelling of `round-robin` that should cost three letters.
fn normalized(word: &str) -> String {
    word.to_lowercase().replace('_', "-")
}

/// The Levenshtein distance: insertions, deletions and replacements of one letter cost one each.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, from) in from.chars().enumerate() {
        let mut diagonal = line;
        row[0] = line + 1;
        for (column, to) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: [&str; 4] = ["executions", "round-robin", "pct", "time"];

    #[test]
    fn distance_counts_changed_letters() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("same", "same"), 0);
    }

    #[test]
    fn a_slip_of_the_finger_finds_its_word() {
        assert_eq!(nearest("excutions", WORDS), Some("executions"));
        assert_eq!(nearest("Round_Robin", WORDS), Some("round-robin"));
        assert_eq!(nearest("tme", WORDS), Some("time"));
    }

    #[test]
    fn another_word_finds_nothing() {
        assert_eq!(nearest("colour", WORDS), None);
        assert_eq!(nearest("", WORDS), None);
    }
}
