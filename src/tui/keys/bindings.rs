//! What keys do: one table. The loop, the help, the footer and a test of the README read it.
//!
//! In: nothing. Out: [`KEY_BINDINGS`], from keys to [`KeyAction`]s with the words for them.

use super::action::KeyAction;
use super::key::Key;
use super::motion::{CursorMotion, FoldAction, TimeTravel};
use crate::filter::edit::FilterEdit;
use crate::query::Grouping;

/// Keys that do one thing, and the words for it.
#[derive(Clone, Copy, Debug)]
pub struct KeyBinding {
    /// Any of these.
    pub keys: &'static [Key],
    /// What they do.
    pub action: KeyAction,
    /// In the footer, one word.
    pub footer_label: &'static str,
    /// In the help, one phrase.
    pub help_text: &'static str,
    /// The place in the footer, where it has one.
    pub footer_position: Option<u8>,
}

const fn key_binding(
    keys: &'static [Key],
    action: KeyAction,
    footer_label: &'static str,
    help_text: &'static str,
) -> KeyBinding {
    KeyBinding {
        keys,
        action,
        footer_label,
        help_text,
        footer_position: None,
    }
}

impl KeyBinding {
    const fn in_footer(mut self, position: u8) -> Self {
        self.footer_position = Some(position);
        self
    }
}

/// Every key.
pub const KEY_BINDINGS: &[KeyBinding] = {
    use Key::{
        BackTab, Char, Ctrl, Down, End, Enter, Escape, F, Home, Left, PageDown, PageUp, Right, Tab,
        Up,
    };
    &[
        key_binding(
            &[Char('q'), Ctrl('c')],
            KeyAction::Quit,
            "quit",
            "quit, at once",
        )
        .in_footer(20),
        key_binding(&[Char('?'), F(1)], KeyAction::Help, "help", "this help").in_footer(0),
        key_binding(
            &[Char('/')],
            KeyAction::Filter,
            "filter",
            "filter as you type; Enter keeps, Esc clears",
        )
        .in_footer(1),
        key_binding(
            &[Char('=')],
            KeyAction::OpenFilterMenu(FilterEdit::Include),
            "only",
            "show only what the row is: its port, process, host ...",
        )
        .in_footer(5),
        key_binding(
            &[Char('!')],
            KeyAction::OpenFilterMenu(FilterEdit::Exclude),
            "without",
            "leave out what the row is",
        ),
        key_binding(
            &[Char(':')],
            KeyAction::Palette,
            "palette",
            "every command, view and named filter, by name",
        )
        .in_footer(10),
        key_binding(
            &[Escape],
            KeyAction::Back,
            "back",
            "close what is open, then clear the filter",
        ),
        key_binding(
            &[Char(' ')],
            KeyAction::Fold(FoldAction::Toggle),
            "open",
            "show or hide a group's sockets",
        )
        .in_footer(2),
        key_binding(
            &[Right, Char('l')],
            KeyAction::Fold(FoldAction::Open),
            "open",
            "show a group's sockets",
        ),
        key_binding(
            &[Left, Char('h')],
            KeyAction::Fold(FoldAction::Close),
            "close",
            "hide them, or go to the group",
        ),
        key_binding(
            &[Char('z')],
            KeyAction::Fold(FoldAction::All),
            "all",
            "show or hide all sockets",
        ),
        key_binding(
            &[Enter],
            KeyAction::Details,
            "details",
            "everything known of the row; again for the whole screen",
        )
        .in_footer(3),
        key_binding(
            &[Char('e')],
            KeyAction::Explain,
            "explain",
            "the row in plain words; 1 to 4 look at it otherwise",
        )
        .in_footer(4),
        key_binding(
            &[Char('n')],
            KeyAction::NextPaneMode,
            "numbers",
            "the group's four numbers; again for its TCP states, for words",
        ),
        key_binding(
            &[Char('v')],
            KeyAction::SocketVsPort,
            "socket or port",
            "the difference between a socket and a port, here and now",
        ),
        key_binding(
            &[Char('f')],
            KeyAction::Findings,
            "findings",
            "what is stuck or odd; Enter goes there",
        )
        .in_footer(9),
        key_binding(
            &[Char('j'), Down],
            KeyAction::Move(CursorMotion::Down),
            "down",
            "down a line",
        ),
        key_binding(
            &[Char('k'), Up],
            KeyAction::Move(CursorMotion::Up),
            "up",
            "up a line",
        ),
        key_binding(
            &[Ctrl('d')],
            KeyAction::Move(CursorMotion::HalfDown),
            "down",
            "down half a screen",
        ),
        key_binding(
            &[Ctrl('u')],
            KeyAction::Move(CursorMotion::HalfUp),
            "up",
            "up half a screen",
        ),
        key_binding(
            &[PageDown, Ctrl('f')],
            KeyAction::Move(CursorMotion::PageDown),
            "down",
            "down a screen",
        ),
        key_binding(
            &[PageUp, Ctrl('b')],
            KeyAction::Move(CursorMotion::PageUp),
            "up",
            "up a screen",
        ),
        key_binding(
            &[Char('g')],
            KeyAction::Move(CursorMotion::First),
            "first",
            "to the first line",
        ),
        key_binding(
            &[Char('G')],
            KeyAction::Move(CursorMotion::Last),
            "last",
            "to the last line",
        ),
        key_binding(
            &[Home],
            KeyAction::TimeTravel(TimeTravel::Oldest),
            "oldest",
            "to the first line; gone back in time, to the oldest moment",
        ),
        key_binding(
            &[End],
            KeyAction::TimeTravel(TimeTravel::Newest),
            "newest",
            "to the last line; gone back in time, to the newest moment",
        ),
        key_binding(
            &[Char('1')],
            KeyAction::SetView(Grouping::Ports),
            "ports",
            "grouped by shared port",
        ),
        key_binding(
            &[Char('2')],
            KeyAction::SetView(Grouping::Processes),
            "processes",
            "grouped by process",
        ),
        key_binding(
            &[Char('3')],
            KeyAction::SetView(Grouping::Hosts),
            "hosts",
            "grouped by remote address",
        ),
        key_binding(
            &[Char('4')],
            KeyAction::SetView(Grouping::Sockets),
            "sockets",
            "every socket, not grouped",
        ),
        key_binding(
            &[Char('H')],
            KeyAction::History,
            "history",
            "sockets that have closed; again to go back",
        )
        .in_footer(11),
        key_binding(&[Tab], KeyAction::NextView, "view", "the next view").in_footer(6),
        key_binding(
            &[BackTab],
            KeyAction::PreviousView,
            "view",
            "the view before",
        ),
        key_binding(
            &[Char('s')],
            KeyAction::NextSort,
            "sort",
            "order by the next column",
        )
        .in_footer(7),
        key_binding(
            &[Char('S')],
            KeyAction::ReverseSort,
            "reverse",
            "turn the order round",
        ),
        key_binding(
            &[Char('p')],
            KeyAction::Pause,
            "pause",
            "freeze the screen while collecting goes on; again to go on",
        )
        .in_footer(8),
        key_binding(
            &[Char('[')],
            KeyAction::TimeTravel(TimeTravel::PreviousSample),
            "back",
            "back to the sample before",
        ),
        key_binding(
            &[Char(']')],
            KeyAction::TimeTravel(TimeTravel::NextSample),
            "forward",
            "on to the sample after",
        ),
        key_binding(
            &[Char('{')],
            KeyAction::TimeTravel(TimeTravel::MinuteBack),
            "back",
            "a minute back",
        ),
        key_binding(
            &[Char('}')],
            KeyAction::TimeTravel(TimeTravel::MinuteForward),
            "forward",
            "a minute on",
        ),
        key_binding(
            &[Char('R')],
            KeyAction::Record,
            "record",
            "record into a file; again to end that",
        ),
        key_binding(&[Char('t')], KeyAction::OnlyTcp, "tcp", "only TCP, or both"),
        key_binding(&[Char('u')], KeyAction::OnlyUdp, "udp", "only UDP, or both"),
        key_binding(
            &[Char('o')],
            KeyAction::NextStateFilter,
            "only",
            "all sockets, only listening, only established",
        ),
        key_binding(&[Char('r')], KeyAction::Refresh, "refresh", "look now"),
        key_binding(
            &[Char('<')],
            KeyAction::Faster,
            "faster",
            "shorter interval",
        ),
        key_binding(&[Char('>')], KeyAction::Slower, "slower", "longer interval"),
        key_binding(
            &[Char('c'), Char('y')],
            KeyAction::Copy,
            "copy",
            "copy the endpoint, port or pid of the row",
        )
        .in_footer(12),
        key_binding(
            &[Char('L')],
            KeyAction::OpenLessons,
            "learn",
            "lessons on sockets and ports, with real ones",
        )
        .in_footer(13),
        key_binding(
            &[Char('P')],
            KeyAction::TogglePresentation,
            "present",
            "for a room: few columns, captions, high contrast; again for the usual chart",
        ),
        key_binding(
            &[Ctrl('l')],
            KeyAction::Redraw,
            "redraw",
            "paint the screen anew",
        ),
        key_binding(
            &[Ctrl('z')],
            KeyAction::Suspend,
            "suspend",
            "back to the shell; fg returns",
        ),
    ]
};

/// What a key does while browsing.
pub fn action_for_key(key: Key) -> Option<KeyAction> {
    KEY_BINDINGS
        .iter()
        .find(|b| b.keys.contains(&key))
        .map(|b| b.action)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_is_bound_once() {
        let mut seen: Vec<Key> = Vec::new();
        for key in KEY_BINDINGS.iter().flat_map(|b| b.keys) {
            assert!(!seen.contains(key), "{key} is bound twice");
            seen.push(*key);
        }
    }

    #[test]
    fn footer_positions_are_unique() {
        let mut positions: Vec<u8> = KEY_BINDINGS
            .iter()
            .filter_map(|b| b.footer_position)
            .collect();
        let count = positions.len();
        positions.sort_unstable();
        positions.dedup();
        assert_eq!(positions.len(), count);
    }
}
