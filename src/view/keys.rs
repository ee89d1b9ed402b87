//! What keys do: one table. The loop, the help, the footer and a test of the README read it.
//!
//! In: nothing. Out: [`BINDINGS`], from keys to [`Action`]s with the words for them.

mod action;
mod key;
mod lesson;
mod motion;
mod typing;

pub use action::Action;
pub use key::Key;
pub use lesson::{LESSON, LessonAction, LessonBinding, lesson_action_of};
pub use motion::{FoldMove, Motion, Travel};
pub use typing::{Hint, TYPING};

use crate::query::{Grouping, Joining};

/// Keys that do one thing, and the words for it.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// Any of these.
    pub keys: &'static [Key],
    /// What they do.
    pub action: Action,
    /// In the footer, one word.
    pub short: &'static str,
    /// In the help, one phrase.
    pub words: &'static str,
    /// The place in the footer, where it has one.
    pub footer: Option<u8>,
}

const fn bind(
    keys: &'static [Key],
    action: Action,
    short: &'static str,
    words: &'static str,
) -> Binding {
    Binding {
        keys,
        action,
        short,
        words,
        footer: None,
    }
}

impl Binding {
    const fn in_footer(mut self, place: u8) -> Self {
        self.footer = Some(place);
        self
    }
}

/// Every key.
pub const BINDINGS: &[Binding] = {
    use Key::{
        BackTab, Char, Ctrl, Down, End, Enter, Escape, F, Home, Left, PageDown, PageUp, Right, Tab,
        Up,
    };
    &[
        bind(
            &[Char('q'), Ctrl('c')],
            Action::Quit,
            "quit",
            "quit, at once",
        )
        .in_footer(20),
        bind(&[Char('?'), F(1)], Action::Help, "help", "this help").in_footer(0),
        bind(
            &[Char('/')],
            Action::Filter,
            "filter",
            "filter as you type; Enter keeps, Esc clears",
        )
        .in_footer(1),
        bind(
            &[Char('=')],
            Action::Pick(Joining::Only),
            "only",
            "show only what the row is: its port, process, host ...",
        )
        .in_footer(5),
        bind(
            &[Char('!')],
            Action::Pick(Joining::Without),
            "without",
            "leave out what the row is",
        ),
        bind(
            &[Char(':')],
            Action::Palette,
            "palette",
            "every command, view and named filter, by name",
        )
        .in_footer(10),
        bind(
            &[Escape],
            Action::Back,
            "back",
            "close what is open, then clear the filter",
        ),
        bind(
            &[Char(' ')],
            Action::Fold(FoldMove::Toggle),
            "open",
            "show or hide a group's sockets",
        )
        .in_footer(2),
        bind(
            &[Right, Char('l')],
            Action::Fold(FoldMove::Open),
            "open",
            "show a group's sockets",
        ),
        bind(
            &[Left, Char('h')],
            Action::Fold(FoldMove::Close),
            "close",
            "hide them, or go to the group",
        ),
        bind(
            &[Char('z')],
            Action::Fold(FoldMove::All),
            "all",
            "show or hide all sockets",
        ),
        bind(
            &[Enter],
            Action::Details,
            "details",
            "everything known of the row; again for the whole screen",
        )
        .in_footer(3),
        bind(
            &[Char('e')],
            Action::Explain,
            "explain",
            "the row in plain words; 1 to 4 look at it otherwise",
        )
        .in_footer(4),
        bind(
            &[Char('n')],
            Action::NextLook,
            "numbers",
            "the group's four numbers; again for its TCP states, for words",
        ),
        bind(
            &[Char('v')],
            Action::Difference,
            "socket or port",
            "the difference between a socket and a port, here and now",
        ),
        bind(
            &[Char('f')],
            Action::Findings,
            "findings",
            "what is stuck or odd; Enter goes there",
        )
        .in_footer(9),
        bind(
            &[Char('j'), Down],
            Action::Move(Motion::Down),
            "down",
            "down a line",
        ),
        bind(
            &[Char('k'), Up],
            Action::Move(Motion::Up),
            "up",
            "up a line",
        ),
        bind(
            &[Ctrl('d')],
            Action::Move(Motion::HalfDown),
            "down",
            "down half a screen",
        ),
        bind(
            &[Ctrl('u')],
            Action::Move(Motion::HalfUp),
            "up",
            "up half a screen",
        ),
        bind(
            &[PageDown, Ctrl('f')],
            Action::Move(Motion::PageDown),
            "down",
            "down a screen",
        ),
        bind(
            &[PageUp, Ctrl('b')],
            Action::Move(Motion::PageUp),
            "up",
            "up a screen",
        ),
        bind(
            &[Char('g')],
            Action::Move(Motion::First),
            "first",
            "to the first line",
        ),
        bind(
            &[Char('G')],
            Action::Move(Motion::Last),
            "last",
            "to the last line",
        ),
        bind(
            &[Home],
            Action::Travel(Travel::Oldest),
            "oldest",
            "to the first line; gone back in time, to the oldest moment",
        ),
        bind(
            &[End],
            Action::Travel(Travel::Newest),
            "newest",
            "to the last line; gone back in time, to the newest moment",
        ),
        bind(
            &[Char('1')],
            Action::View(Grouping::Ports),
            "ports",
            "grouped by shared port",
        ),
        bind(
            &[Char('2')],
            Action::View(Grouping::Processes),
            "processes",
            "grouped by process",
        ),
        bind(
            &[Char('3')],
            Action::View(Grouping::Hosts),
            "hosts",
            "grouped by remote address",
        ),
        bind(
            &[Char('4')],
            Action::View(Grouping::Sockets),
            "sockets",
            "every socket, not grouped",
        ),
        bind(
            &[Char('H')],
            Action::History,
            "history",
            "sockets that have closed; again to go back",
        )
        .in_footer(11),
        bind(&[Tab], Action::NextView, "view", "the next view").in_footer(6),
        bind(&[BackTab], Action::PreviousView, "view", "the view before"),
        bind(
            &[Char('s')],
            Action::NextSort,
            "sort",
            "order by the next column",
        )
        .in_footer(7),
        bind(
            &[Char('S')],
            Action::ReverseSort,
            "reverse",
            "turn the order round",
        ),
        bind(
            &[Char('p')],
            Action::Pause,
            "pause",
            "freeze the screen while collecting goes on; again to go on",
        )
        .in_footer(8),
        bind(
            &[Char('[')],
            Action::Travel(Travel::Back),
            "back",
            "back to the sample before",
        ),
        bind(
            &[Char(']')],
            Action::Travel(Travel::Forward),
            "forward",
            "on to the sample after",
        ),
        bind(
            &[Char('{')],
            Action::Travel(Travel::MinuteBack),
            "back",
            "a minute back",
        ),
        bind(
            &[Char('}')],
            Action::Travel(Travel::MinuteForward),
            "forward",
            "a minute on",
        ),
        bind(
            &[Char('R')],
            Action::Record,
            "record",
            "record into a file; again to end that",
        ),
        bind(&[Char('t')], Action::OnlyTcp, "tcp", "only TCP, or both"),
        bind(&[Char('u')], Action::OnlyUdp, "udp", "only UDP, or both"),
        bind(
            &[Char('o')],
            Action::NextPhase,
            "only",
            "all sockets, only listening, only established",
        ),
        bind(&[Char('r')], Action::Refresh, "refresh", "look now"),
        bind(&[Char('<')], Action::Faster, "faster", "shorter interval"),
        bind(&[Char('>')], Action::Slower, "slower", "longer interval"),
        bind(
            &[Char('c'), Char('y')],
            Action::Copy,
            "copy",
            "copy the endpoint, port or pid of the row",
        )
        .in_footer(12),
        bind(
            &[Char('L')],
            Action::Learn,
            "learn",
            "lessons on sockets and ports, with real ones",
        )
        .in_footer(13),
        bind(
            &[Char('P')],
            Action::Present,
            "present",
            "for a room: few columns, captions, high contrast; again for the usual chart",
        ),
        bind(
            &[Ctrl('l')],
            Action::Redraw,
            "redraw",
            "paint the screen anew",
        ),
        bind(
            &[Ctrl('z')],
            Action::Suspend,
            "suspend",
            "back to the shell; fg returns",
        ),
    ]
};

/// What a key does while browsing.
pub fn action_of(key: Key) -> Option<Action> {
    BINDINGS
        .iter()
        .find(|b| b.keys.contains(&key))
        .map(|b| b.action)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_does_two_things() {
        let mut seen: Vec<Key> = Vec::new();
        for key in BINDINGS.iter().flat_map(|b| b.keys) {
            assert!(!seen.contains(key), "{key} is bound twice");
            seen.push(*key);
        }
    }

    #[test]
    fn footer_places_are_told_apart() {
        let mut places: Vec<u8> = BINDINGS.iter().filter_map(|b| b.footer).collect();
        let count = places.len();
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), count);
    }
}
