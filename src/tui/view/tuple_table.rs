//! The 4-tuple table: addresses and ports of every connection, with equal values dim and different
//! values highlighted.
//!
//! ```text
//!  local                remote
//!  address    port      address    port
//!  same       same      same       3 differ
//!  127.0.0.1  40001     127.0.0.1  51000     ESTABLISHED  server 4711
//! ```

use super::cells::{align_left, truncate_middle};
use super::groups;
use super::screen::{StyledLine, Tone};
use crate::explain::{row_text, tuple_text};
use crate::query::{QueryResult, TupleDiff, TupleField, owner_display};
use crate::text::width::{truncate, width};
use crate::text::wrap::wrap;

/// The gap between two columns, in cells.
const COLUMN_GAP: usize = 2;

/// The minimum width of an address.
const ADDRESS_WIDTH: usize = 9;

/// The width of a port and of its summary, if there is room.
const PORT_WIDTH: usize = 9;

/// The minimum width of a port.
const MIN_PORT_WIDTH: usize = 7;

/// The width of the longest state.
const STATE_WIDTH: usize = 12;

/// Draws a sentence, the heads, and as many connections as fit on `height` lines.
pub(crate) fn draw_tuple_table(
    tuple_diff: &TupleDiff,
    result: &QueryResult,
    total: usize,
    height: usize,
) -> Vec<StyledLine> {
    let mut out = Vec::new();
    for phrase in tuple_text::describe_tuple_diff(tuple_diff) {
        let lines = wrap(&phrase.text, total.saturating_sub(2)).into_iter();
        out.extend(lines.map(|text| StyledLine::new(format!(" {text}"), phrase.certainty.into())));
    }
    if tuple_diff.connections == 0 {
        return out;
    }
    let room = height.saturating_sub(out.len() + 3);
    let rows: Vec<_> = tuple_diff
        .first_rows
        .iter()
        .take(room)
        .filter_map(|slot| {
            let row = result.row(*slot)?;
            Some((row, TupleCells::from_socket(&row.socket)?))
        })
        .collect();
    let widest =
        |text_of: fn(&TupleCells) -> &str| rows.iter().map(|(_, n)| width(text_of(n))).max();
    let port = total.saturating_sub(2 * ADDRESS_WIDTH + 3 * COLUMN_GAP + 1) / 2;
    let port = port.clamp(MIN_PORT_WIDTH, PORT_WIDTH);
    let spare = total.saturating_sub(2 * port + 3 * COLUMN_GAP + 1) / 2;
    let address = |text_of| {
        widest(text_of)
            .unwrap_or(0)
            .clamp(ADDRESS_WIDTH, spare.max(ADDRESS_WIDTH))
    };
    let cells = [address(|n| &n.0[0]), port, address(|n| &n.0[2]), port];
    let half = cells[0] + COLUMN_GAP + port + COLUMN_GAP;
    let mut head = StyledLine::new(format!(" {}", align_left("local", half)), Tone::Heading);
    head.push("remote", Tone::Heading);
    out.push(head);
    out.push(tuple_line(
        ["address", "port", "address", "port"].map(|word| (word.to_owned(), Tone::Dim)),
        cells,
    ));
    out.push(tuple_line(
        TupleField::ALL.map(|field| field_summary(tuple_diff, field, port)),
        cells,
    ));
    let used = 1 + cells.iter().sum::<usize>() + 3 * COLUMN_GAP;
    for (row, tuple) in rows {
        let toned = TupleField::ALL.map(|field| {
            let text = tuple.0[field as usize].clone();
            (text, field_tone(tuple_diff, field))
        });
        let mut line = tuple_line(toned, cells);
        if used + COLUMN_GAP + STATE_WIDTH < total {
            line.push("  ", Tone::Plain);
            let state = align_left(row_text::state_name(row), STATE_WIDTH);
            line.push(state, groups::tcp_state_tone(row.socket.tcp_state()));
            let rest = total.saturating_sub(used + 2 * COLUMN_GAP + STATE_WIDTH + 1);
            if rest > 0 {
                let owner = owner_display::describe_owner(row, &result.moment);
                line.push(format!("  {}", truncate(&owner.text, rest)), Tone::Dim);
            }
        }
        out.push(line);
    }
    let hidden_rows = tuple_diff.connections.saturating_sub(room);
    if hidden_rows > 0
        && let Some(last) = out.last_mut()
    {
        *last = StyledLine::new(format!(" … {} more", hidden_rows + 1), Tone::Dim);
    }
    out
}

/// A 4-tuple as text: local address and port, remote address and port.
struct TupleCells([String; 4]);

impl TupleCells {
    fn from_socket(socket: &crate::net::socket::Socket) -> Option<Self> {
        let (local, remote) = (socket.local, socket.remote?);
        Some(Self([
            local.canonical_ip().to_string(),
            local.port.to_string(),
            remote.canonical_ip().to_string(),
            remote.port.to_string(),
        ]))
    }
}

fn field_summary(tuple_diff: &TupleDiff, field: TupleField, room: usize) -> (String, Tone) {
    if tuple_diff.differs(field) {
        let counted_text = format!("{} differ", tuple_diff.distinct_count(field));
        let word = match width(&counted_text) <= room {
            true => counted_text,
            false => "differ".into(),
        };
        return (word, Tone::Accent);
    }
    ("same".into(), Tone::Dim)
}

const fn field_tone(tuple_diff: &TupleDiff, field: TupleField) -> Tone {
    if tuple_diff.differs(field) {
        Tone::Highlighted
    } else {
        Tone::Dim
    }
}

/// Returns a line of four cells. Only the text is highlighted, not its padding.
fn tuple_line(texts: [(String, Tone); 4], cells: [usize; 4]) -> StyledLine {
    let mut line = StyledLine::new(" ", Tone::Plain);
    for (index, ((text, tone), cells)) in texts.into_iter().zip(cells).enumerate() {
        if index > 0 {
            line.push("  ", Tone::Plain);
        }
        let text = truncate_middle(&text, cells);
        let rest = " ".repeat(cells.saturating_sub(width(&text)));
        line.push(text, tone);
        line.push(rest, Tone::Plain);
    }
    line
}
