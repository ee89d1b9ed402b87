//! The TCP state diagram (RFC 9293, figure 5), with the states highlighted that sockets are in.
//!
//! In: a [`TupleDiff`]. Out: lines. `S2` before a state means two server sockets in it, `C1` after
//! it one client socket, so that no colour is needed. If there is no room for the diagram, the
//! states are shown as paths.

use super::screen::{StyledLine, Tone};
use crate::net::socket::TcpState;
use crate::query::{EndCounts, TupleDiff};
use crate::text::width::width;

/// The diagram, with room for the counts before and after every state. Rare transitions are left
/// out: LISTEN to SYN-SENT, and FIN-WAIT-1 to TIME-WAIT by a FIN and ACK in one segment.
const DIAGRAM: [&str; 15] = [
    "                            CLOSED",
    "        ┌───── listen() ───────┴─ connect(), SYN ┐",
    "        ▼                                        ▼",
    "     LISTEN                                  SYN-SENT",
    "        │ SYN, answered                          │",
    "        ▼                            SYN and ACK │",
    "    SYN-RECEIVED     ◀─ SYN: both connect ───────┤",
    "     │  └─ ACK ─────▶     ESTABLISHED     ◀──────┘",
    "     │  ┌─ close(), FIN ───────┴─ FIN, answered ─┐",
    "     ▼  ▼                                        ▼",
    "    FIN-WAIT-1    ─FIN─▶    CLOSING          CLOSE-WAIT",
    "        │ ACK                  │ ACK             │ close()",
    "        ▼                      ▼                 ▼",
    "    FIN-WAIT-2    ─FIN─▶    TIME-WAIT        LAST-ACK",
    "                               └ 60 s ▶ CLOSED ◀─┘ ACK",
];

/// The same as paths: what happens, and the states it leads through.
const STATE_PATHS: [(&str, &[TcpState]); 6] = [
    (
        "listens",
        &[
            TcpState::Listen,
            TcpState::SynReceived,
            TcpState::Established,
        ],
    ),
    ("connects", &[TcpState::SynSent, TcpState::Established]),
    (
        "closes first",
        &[TcpState::FinWait1, TcpState::FinWait2, TcpState::TimeWait],
    ),
    (
        "both at once",
        &[TcpState::FinWait1, TcpState::Closing, TcpState::TimeWait],
    ),
    ("closes second", &[TcpState::CloseWait, TcpState::LastAck]),
    ("closed", &[TcpState::Closed]),
];

/// The width of the diagram.
const DIAGRAM_WIDTH: usize = 60;

/// The width of the label before a path.
const LABEL_WIDTH: usize = 13;

/// The maximum width of a count such as `S12`.
const MAX_COUNT_WIDTH: usize = 3;

/// Draws the states as a diagram, or as paths if it does not fit.
pub(crate) fn draw_state_diagram(
    tuple_diff: &TupleDiff,
    total: usize,
    height: usize,
) -> Vec<StyledLine> {
    let mut out = if total >= DIAGRAM_WIDTH && height > DIAGRAM.len() {
        DIAGRAM
            .iter()
            .map(|row| diagram_line(row, tuple_diff))
            .collect()
    } else {
        draw_state_paths(tuple_diff, total)
    };
    out.push(legend(tuple_diff, total));
    out
}

/// Returns one line of the diagram with the counts in it.
fn diagram_line(row: &str, tuple_diff: &TupleDiff) -> StyledLine {
    let mut cells: Vec<(char, Tone)> = row.chars().map(|c| (c, Tone::Dim)).collect();
    for state in ALL_STATES {
        let name: Vec<char> = state.name().chars().collect();
        let Some(at) = find_state_name(&cells, &name) else {
            continue;
        };
        let end = at + name.len();
        let tone = state_tone(state, tuple_diff);
        // No row is ever in CLOSED: it is the state of a socket that does not exist.
        let ends = tuple_diff.count_in_state(state);
        for cell in cells.iter_mut().take(end).skip(at) {
            cell.1 = tone;
        }
        let (before, after) = count_labels(ends);
        let label_start = at.saturating_sub(width(&before) + 1);
        overwrite(&mut cells, label_start, &before);
        overwrite(&mut cells, end + 1, &after);
    }
    let mut line = StyledLine::default();
    for (c, tone) in cells {
        match line.spans.last_mut() {
            Some(last) if last.tone == tone => last.text.push(c),
            _ => line.push(c, tone),
        }
    }
    line
}

/// Returns where the name occurs as a whole word.
fn find_state_name(cells: &[(char, Tone)], name: &[char]) -> Option<usize> {
    let letter = |c: &(char, Tone)| c.0.is_ascii_uppercase() || c.0 == '-' || c.0.is_ascii_digit();
    let all = cells.windows(name.len()).enumerate();
    let here = |window: &[(char, Tone)]| window.iter().map(|c| c.0).eq(name.iter().copied());
    all.filter(|(_, window)| here(window))
        .map(|(at, _)| at)
        .find(|at| {
            let before = at.checked_sub(1).and_then(|before| cells.get(before));
            let after = cells.get(at + name.len());
            !before.is_some_and(letter) && !after.is_some_and(letter)
        })
}

fn overwrite(cells: &mut Vec<(char, Tone)>, at: usize, text: &str) {
    for (index, c) in text.chars().enumerate() {
        if cells.len() <= at + index {
            cells.resize(at + index + 1, (' ', Tone::Dim));
        }
        if let Some(cell) = cells.get_mut(at + index) {
            *cell = (c, Tone::Accent);
        }
    }
}

fn draw_state_paths(tuple_diff: &TupleDiff, total: usize) -> Vec<StyledLine> {
    let mut out = Vec::new();
    for (what, states) in STATE_PATHS {
        let mut line = StyledLine::new(format!(" {what:<LABEL_WIDTH$} "), Tone::Dim);
        for (index, state) in states.iter().enumerate() {
            let (before, after) = count_labels(tuple_diff.count_in_state(*state));
            let arrow = if index > 0 { " → " } else { "" };
            let needed = width(arrow)
                + width(state.name())
                + [&before, &after]
                    .map(|m| width(m) + usize::from(!m.is_empty()))
                    .iter()
                    .sum::<usize>();
            if line.width() + needed > total && index > 0 {
                out.push(std::mem::replace(
                    &mut line,
                    StyledLine::new(format!(" {:<LABEL_WIDTH$}", ""), Tone::Dim),
                ));
            }
            line.push(arrow, Tone::Dim);
            if !before.is_empty() {
                line.push(format!("{before} "), Tone::Accent);
            }
            line.push(state.name(), state_tone(*state, tuple_diff));
            if !after.is_empty() {
                line.push(format!(" {after}"), Tone::Accent);
            }
        }
        out.push(line);
    }
    out
}

/// Returns the labels for the server and client sockets; empty if there are none.
fn count_labels(ends: EndCounts) -> (String, String) {
    let label = |letter, count| match count {
        0 => String::new(),
        1..10 => format!("{letter}{count}"),
        10..100 => format!("{letter}{count}"),
        _ => format!("{letter}…"),
    };
    let (before, after) = (label('S', ends.server), label('C', ends.client));
    debug_assert!(
        before.chars().count() <= MAX_COUNT_WIDTH && after.chars().count() <= MAX_COUNT_WIDTH
    );
    (before, after)
}

fn state_tone(state: TcpState, tuple_diff: &TupleDiff) -> Tone {
    if tuple_diff.count_in_state(state) != EndCounts::default() {
        Tone::Highlighted
    } else if tuple_diff.states_seen.contains(&state) {
        Tone::Strong
    } else {
        Tone::Plain
    }
}

fn legend(tuple_diff: &TupleDiff, total: usize) -> StyledLine {
    let middle = " S: server, C: client sockets, with counts · bold: seen".to_owned();
    let long = format!("{middle}; brief states can be missed");
    let short = " S: server sockets, C: client sockets".to_owned();
    let empty = " no TCP sockets here".to_owned();
    let fits = |words: &String| width(words) <= total;
    let words = match tuple_diff.states.is_empty() {
        true => empty,
        false => [long, middle].into_iter().find(fits).unwrap_or(short),
    };
    StyledLine::new(words, Tone::Dim)
}

/// The states of RFC 9293.
const ALL_STATES: [TcpState; 11] = [
    TcpState::Listen,
    TcpState::SynSent,
    TcpState::SynReceived,
    TcpState::Established,
    TcpState::FinWait1,
    TcpState::FinWait2,
    TcpState::CloseWait,
    TcpState::Closing,
    TcpState::LastAck,
    TcpState::TimeWait,
    TcpState::Closed,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn tuple_diff(states: &[(TcpState, u32, u32)]) -> TupleDiff {
        TupleDiff {
            states: states
                .iter()
                .map(|(state, server, client)| {
                    let ends = EndCounts {
                        server: *server,
                        client: *client,
                    };
                    (*state, ends)
                })
                .collect(),
            ..TupleDiff::default()
        }
    }

    fn highlighted_text(lines: &[StyledLine]) -> Vec<&str> {
        let spans = lines.iter().flat_map(|line| &line.spans);
        spans
            .filter(|span| span.tone == Tone::Highlighted)
            .map(|span| span.text.as_str())
            .collect()
    }

    /// Returns the states that a row can be in.
    fn existing_socket_states() -> impl Iterator<Item = TcpState> {
        let closed = |state: &TcpState| *state == TcpState::Closed;
        ALL_STATES.into_iter().filter(move |state| !closed(state))
    }

    #[test]
    fn every_state_is_in_the_diagram_and_in_the_paths() {
        for state in existing_socket_states() {
            let tuple_diff = tuple_diff(&[(state, 99, 99)]);
            for (size, name) in [((60, 20), "diagram"), ((44, 12), "paths")] {
                let lines = draw_state_diagram(&tuple_diff, size.0, size.1);
                let found = highlighted_text(&lines);
                assert!(!found.is_empty(), "{state} in the {name}");
                assert!(found.iter().all(|text| *text == state.name()), "{found:?}");
                let text: Vec<String> = lines.iter().map(StyledLine::text).collect();
                let marked = format!("S99 {} C99", state.name());
                assert!(text.iter().any(|l| l.contains(&marked)), "{text:#?}");
                assert!(lines.iter().all(|l| l.width() <= size.0), "{text:#?}");
            }
        }
    }

    #[test]
    fn counts_overwrite_no_arrow() {
        let arrows = |tuple_diff: &TupleDiff| -> Vec<String> {
            let lines = draw_state_diagram(tuple_diff, 60, 20);
            lines
                .iter()
                .map(|l| {
                    l.text()
                        .chars()
                        .filter(|c| "─│┌┐└┘┴┤▼▶◀".contains(*c))
                        .collect()
                })
                .collect()
        };
        let all: Vec<_> = existing_socket_states()
            .map(|state| (state, 99, 99))
            .collect();
        assert_eq!(arrows(&tuple_diff(&all)), arrows(&tuple_diff(&[])));
    }
}
