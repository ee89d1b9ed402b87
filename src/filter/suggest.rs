//! "Did you mean …?": the known word nearest to one that is not known.

use crate::fields::Field;

/// A word longer than this is no misspelling of anything.
const MAX_WORD_LEN: usize = 24;

/// The candidate that was most likely meant: one that the word begins, else the one with the fewest
/// slips of the finger (a letter too many, too few, wrong, or two the wrong way round). The first
/// of equals. `None` where nothing is near.
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
            let slips = edit_distance(&word, &letters);
            let is_prefix = word.len() >= 2 && letters.starts_with(&word);
            // All letters wrong is not a slip.
            let is_close = slips <= allowed && slips < word.len().min(letters.len());
            (is_prefix || is_close).then_some((!is_prefix, slips, candidate))
        })
        .min_by_key(|(other, slips, _)| (*other, *slips))
        .map(|(_, _, candidate)| candidate)
}

/// The name nearest to one that no field has.
pub(crate) fn closest_field(name: &str) -> Option<&'static str> {
    let names = Field::filters_in_order().flat_map(Field::names);
    let found = closest_match(name, names)?;
    Some(Field::find_filter(found)?.name)
}

/// The Damerau–Levenshtein distance, in which no part of a word is edited twice.
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
