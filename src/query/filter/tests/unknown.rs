//! Which rows a filter cannot decide because their owner is hidden.

use super::Filter;
use super::picks::ALL;
use super::scene::Scene;

#[test]
fn only_what_depends_on_a_hidden_owner_is_open() {
    let scene = Scene::new();
    // `h` is the one row whose owner is hidden: port 22, opened by root.
    for (text, open) in [
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
        let rows = scene.matching(&everything).zip(ALL.chars());
        let hanging: String = rows
            .filter(|(row, _)| filter.hangs_on_owner(row, scene.context()))
            .map(|(_, letter)| letter)
            .collect();
        assert_eq!(hanging, open, "{text}");
    }
}
