//! Tests of which rows a filter cannot decide because their owner is hidden.

use super::fixture::FilterFixture;
use super::matching::ALL_ROWS;
use crate::filter::ast::Filter;

#[test]
fn only_conditions_on_a_hidden_owner_are_undecided() {
    let fixture = FilterFixture::new();
    // `h` is the one row whose owner is hidden: port 22, opened by root.
    for (text, expected) in [
        ("proc:nginx", "h"),
        ("not proc:nginx", "h"),
        ("pid:1 port:22", "h"),
        ("proc:nginx port:443", ""),
        ("proc:nginx or port:22", ""),
        ("not (proc:nginx or port:22)", ""),
        ("sshd", "h"),
        ("root", ""),
        ("port:22", ""),
        ("", ""),
    ] {
        let filter = Filter::parse(text).unwrap();
        let everything = Filter::default();
        let rows = fixture.matching(&everything).zip(ALL_ROWS.chars());
        let undecided: String = rows
            .filter(|(row, _)| filter.depends_on_unknown_owner(row, fixture.context()))
            .map(|(_, letter)| letter)
            .collect();
        assert_eq!(undecided, expected, "{text}");
    }
}
