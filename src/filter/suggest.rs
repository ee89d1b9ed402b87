//! "Did you mean …?": finds the known word closest to an unknown one.

use crate::fields::Field;

/// Words longer than this, in characters, are not considered misspellings.
const MAX_WORD_LEN: usize = 24;

/// Returns the candidate that was probably meant: one that starts with the word, else the one with the
/// smallest edit distance (insertion, deletion, substitution, or transposition of two letters). The
/// first wins a tie. `None` if nothing is close.
pub(crate) fn closest_match<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let word: Vec<char> = word.chars().flat_map(char::to_lowercase).collect();
    if word.is_empty() || word.len() > MAX_WORD_LEN {
        return None;
    }
    let allowed = match word.len() {
        0..=4 => 1,
        5..=7 => 2,
        _ => 3,
    };
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let letters: Vec<char> = candidate.chars().collect();
            let distance = edit_distance(&word, &letters);
            let is_prefix = word.len() >= 2 && letters.starts_with(&word);
            // A distance as large as the word means that every letter is wrong.
            let is_close = distance <= allowed && distance < word.len().min(letters.len());
            (is_prefix || is_close).then_some((!is_prefix, distance, candidate))
        })
        .min_by_key(|(other, distance, _)| (*other, *distance))
        .map(|(_, _, candidate)| candidate)
}

/// Returns the name of the field that was probably meant by an unknown one.
pub(crate) fn closest_field(name: &str) -> Option<&'static str> {
    let names = Field::filters_in_order().flat_map(Field::names);
    let found = closest_match(name, names)?;
    Some(Field::find_filter(found)?.name)
}

/// Computes the optimal string alignment distance: Damerau–Levenshtein, but no substring is edited
/// twice.
fn edit_distance(a: &[char], b: &[char]) -> usize {
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, &letter) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for (j, &other) in b.iter().enumerate() {
            let mut cost = (last[j] + usize::from(letter != other))
                .min(last[j + 1] + 1)
                .min(row[j] + 1);
            if i > 0 && j > 0 && letter == b[j - 1] && a[i - 1] == other {
                cost = cost.min(before[j - 1] + 1);
            }
            row.push(cost);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edit_distance_counts_typos() {
        let of = |a: &str, b: &str| {
            let letters = |s: &str| s.chars().collect::<Vec<_>>();
            edit_distance(&letters(a), &letters(b))
        };
        for (a, b, expected) in [
            ("port", "port", 0),
            ("prot", "port", 1),
            ("adr", "addr", 1),
            ("statte", "state", 1),
            ("", "abc", 3),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(of(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn prefix_wins_and_distant_words_are_not_suggested() {
        let known = ["port", "proto", "state", "addr"];
        assert_eq!(closest_match("prot", known), Some("proto"));
        assert_eq!(closest_match("PROT", known), Some("proto"));
        assert_eq!(closest_match("pott", known), Some("port"));
        assert_eq!(closest_match("st", known), Some("state"));
        assert_eq!(closest_match("adr", known), Some("addr"));
        assert_eq!(closest_match("xyzzy", known), None);
        assert_eq!(closest_match("", known), None);
        assert_eq!(closest_match(&"p".repeat(1000), known), None);
    }
}
