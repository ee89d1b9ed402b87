//! The table of key bindings, read by the event loop, the help, the footer and a test of the
//! README.
//!
//! In: nothing. Out: [`KEY_BINDINGS`], from keys to [`KeyAction`]s with their texts.

use super::action::KeyAction;
use super::key::Key;
use super::motion::{CursorMotion, FoldAction, TimeTravel};
use crate::filter::edit::FilterEdit;
use crate::query::Grouping;

/// Keys with one action, and its texts.
#[derive(Clone, Copy, Debug)]
pub struct KeyBinding {
    pub keys: &'static [Key],
    pub action: KeyAction,
    /// One or two words, for footer and palette.
    pub footer_label: &'static str,
    /// One phrase, for help, palette and README.
    pub help_text: &'static str,
    /// The position in the footer, lowest first; `None` if it is not there.
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

/// All keys that work while browsing.
pub const KEY_BINDINGS: &[KeyBinding] = {
    use Key::{
        BackTab, Char, Ctrl, Down, End, Enter, Escape, F, Home, Left, PageDown, PageUp, Right, Tab,
        Up,
    };
    &[
        key_binding(&[Char('q'), Ctrl('c')], KeyAction::Quit, "quit", "quit").in_footer(20),
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
            "show only this port, process, host ...",
        )
        .in_footer(5),
        key_binding(
            &[Char('!')],
            KeyAction::OpenFilterMenu(FilterEdit::Exclude),
            "without",
            "exclude this port, process, host ...",
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
            "hide a group's sockets, or go to the group",
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
            "details (again: full screen)",
        )
        .in_footer(3),
        key_binding(
            &[Char('e')],
            KeyAction::Explain,
            "explain",
            "explain the row in plain words; 1 to 4: other perspectives",
        )
        .in_footer(4),
        key_binding(
            &[Char('n')],
            KeyAction::NextPaneMode,
            "numbers",
            "the group's addresses and ports (4-tuples); again: TCP states, text",
        ),
        key_binding(
            &[Char('v')],
            KeyAction::SocketVsPort,
            "socket or port",
            "a socket and a port compared, with examples from this machine",
        ),
        key_binding(
            &[Char('f')],
            KeyAction::Findings,
            "findings",
            "problems: what is stuck or unusual; Enter goes there",
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
            "to the first line; when paused, to the oldest moment",
        ),
        key_binding(
            &[End],
            KeyAction::TimeTravel(TimeTravel::Newest),
            "newest",
            "to the last line; when paused, to the newest moment",
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
            "closed sockets; again to go back",
        )
        .in_footer(11),
        key_binding(&[Tab], KeyAction::NextView, "view", "the next view").in_footer(6),
        key_binding(
            &[BackTab],
            KeyAction::PreviousView,
            "view",
            "the previous view",
        ),
        key_binding(
            &[Char('s')],
            KeyAction::NextSort,
            "sort",
            "sort by the next column",
        )
        .in_footer(7),
        key_binding(
            &[Char('S')],
            KeyAction::ReverseSort,
            "reverse",
            "reverse sort",
        ),
        key_binding(
            &[Char('p')],
            KeyAction::Pause,
            "pause",
            "pause the screen (sampling continues); again to resume",
        )
        .in_footer(8),
        key_binding(
            &[Char('[')],
            KeyAction::TimeTravel(TimeTravel::PreviousSample),
            "back",
            "to the previous sample",
        ),
        key_binding(
            &[Char(']')],
            KeyAction::TimeTravel(TimeTravel::NextSample),
            "forward",
            "to the next sample",
        ),
        key_binding(
            &[Char('{')],
            KeyAction::TimeTravel(TimeTravel::MinuteBack),
            "back",
            "back one minute",
        ),
        key_binding(
            &[Char('}')],
            KeyAction::TimeTravel(TimeTravel::MinuteForward),
            "forward",
            "forward one minute",
        ),
        key_binding(
            &[Char('R')],
            KeyAction::Record,
            "record",
            "record to a file; again to stop",
        ),
        key_binding(&[Char('t')], KeyAction::OnlyTcp, "tcp", "only TCP, or both"),
        key_binding(&[Char('u')], KeyAction::OnlyUdp, "udp", "only UDP, or both"),
        key_binding(
            &[Char('o')],
            KeyAction::NextStateFilter,
            "only",
            "all sockets, only listening, only established",
        ),
        key_binding(&[Char('r')], KeyAction::Refresh, "refresh", "refresh"),
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
            "copy the endpoint, address, port or pid of the row",
        )
        .in_footer(12),
        key_binding(
            &[Char('L')],
            KeyAction::OpenLessons,
            "learn",
            "lessons about sockets and ports, with real sockets",
        )
        .in_footer(13),
        key_binding(
            &[Char('P')],
            KeyAction::TogglePresentation,
            "present",
            "presentation mode; again to leave it",
        ),
        key_binding(&[Ctrl('l')], KeyAction::Redraw, "redraw", "redraw"),
        key_binding(
            &[Ctrl('z')],
            KeyAction::Suspend,
            "suspend",
            "suspend to the shell; fg returns",
        ),
    ]
};

/// Returns the action of a key while browsing.
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
