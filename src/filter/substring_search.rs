//! Case-insensitive substring search without allocation.

use super::pattern::Substring;

/// Returns whether the text contains the part.
pub(crate) fn contains_ignore_case(text: &str, part: &Substring) -> bool {
    let needle = part.as_str();
    if !text.is_ascii() {
        return contains_unicode(text, needle);
    }
    let (text, needle) = (text.as_bytes(), needle.as_bytes());
    let (Some(&first), Some(last_start)) = (needle.first(), text.len().checked_sub(needle.len()))
    else {
        return needle.is_empty();
    };
    // The first byte alone rules out most positions.
    let starts = text.get(..=last_start).unwrap_or_default();
    starts.iter().enumerate().any(|(at, byte)| {
        byte.to_ascii_lowercase() == first
            && text
                .get(at..at + needle.len())
                .is_some_and(|window| window.eq_ignore_ascii_case(needle))
    })
}

/// Returns whether the text equals the part.
pub(crate) fn equals_ignore_case(text: &str, part: &Substring) -> bool {
    lowercase_chars(text).eq(part.as_str().chars())
}

fn contains_unicode(text: &str, needle: &str) -> bool {
    text.char_indices().any(|(at, _)| {
        let mut rest = lowercase_chars(text.get(at..).unwrap_or(""));
        needle
            .chars()
            .all(|needle_char| rest.next() == Some(needle_char))
    })
}

fn lowercase_chars(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().flat_map(char::to_lowercase)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn has(text: &str, part: &str) -> bool {
        contains_ignore_case(text, &Substring::new(part).unwrap())
    }

    #[test]
    fn search_ignores_case_in_any_script() {
        for (text, part, expected) in [
            ("nginx", "GIN", true),
            ("NGINX", "nginx", true),
            ("nginx", "nginxx", false),
            ("", "a", false),
            ("Été", "été", true),
            ("ÉTÉ", "té", true),
            ("日本語", "本", true),
            ("日本語", "x", false),
            ("aab", "ab", true),
        ] {
            assert_eq!(has(text, part), expected, "{text} {part}");
        }
        let eth1 = Substring::new("ETH1").unwrap();
        assert!(
            equals_ignore_case("eth1", &eth1)
                && !equals_ignore_case("eth10", &eth1)
                && !equals_ignore_case("eth", &eth1)
        );
    }

    proptest! {
        #[test]
        fn agrees_with_lowercase_and_contains(text in "[aAbBcé]{0,12}", part in "[aAbBcé]{1,4}") {
            prop_assert_eq!(has(&text, &part), text.to_lowercase().contains(&part.to_lowercase()));
        }
    }
}
