//! The four numbers of every connection, side by side: what is the same for all is dim, what tells
//! them apart is lit.
//!
//! ```text
//!  local                remote
//!  address    port      address    port
//!  same       same      same       3 differ
//!  127.0.0.1  40001     127.0.0.1  51000     ESTABLISHED  server 4711
//! ```

use crate::query::{Answer, Quarter, Survey};
use crate::teach;
use crate::view::cells::{cut, cut_middle, left, width, wrap};
use crate::view::groups;
use crate::view::screen::{Line, Tone};

/// Cells between two columns.
const GAP: usize = 2;
/// Cells of an address, where there is no need for more.
const ADDRESS: usize = 9;
/// Cells of a port, or of what stands above it, where there is room.
const PORT: usize = 9;
/// Cells of a port anywhere.
const LEAST_PORT: usize = 7;
/// Cells of the longest state.
const STATE: usize = 12;

/// The sentence, the heads, and as many connections as fit on `height` lines.
pub(super) fn lens(survey: &Survey, answer: &Answer, total: usize, height: usize) -> Vec<Line> {
    let mut out = Vec::new();
    for phrase in teach::say_survey(survey) {
        let lines = wrap(&phrase.text, total.saturating_sub(2)).into_iter();
        out.extend(lines.map(|text| Line::of(format!(" {text}"), phrase.certainty.into())));
    }
    if survey.connections == 0 {
        return out;
    }
    let room = height.saturating_sub(out.len() + 3);
    let rows: Vec<_> = survey
        .first
        .iter()
        .take(room)
        .filter_map(|slot| {
            let row = answer.row(*slot)?;
            Some((row, Numbers::of(&row.socket)?))
        })
        .collect();
    let widest = |of: fn(&Numbers) -> &str| rows.iter().map(|(_, n)| width(of(n))).max();
    let port = total.saturating_sub(2 * ADDRESS + 3 * GAP + 1) / 2;
    let port = port.clamp(LEAST_PORT, PORT);
    let spare = total.saturating_sub(2 * port + 3 * GAP + 1) / 2;
    let address = |of| widest(of).unwrap_or(0).clamp(ADDRESS, spare.max(ADDRESS));
    let cells = [address(|n| &n.0[0]), port, address(|n| &n.0[2]), port];
    let half = cells[0] + GAP + port + GAP;
    let mut head = Line::of(format!(" {}", left("local", half)), Tone::Heading);
    head.push("remote", Tone::Heading);
    out.push(head);
    out.push(columns(
        ["address", "port", "address", "port"].map(|word| (word.to_owned(), Tone::Dim)),
        cells,
    ));
    out.push(columns(
        Quarter::ALL.map(|quarter| above(survey, quarter, port)),
        cells,
    ));
    let used = 1 + cells.iter().sum::<usize>() + 3 * GAP;
    for (row, numbers) in rows {
        let toned = Quarter::ALL.map(|quarter| {
            let text = numbers.0[quarter as usize].clone();
            (text, tone(survey, quarter))
        });
        let mut line = columns(toned, cells);
        if used + GAP + STATE < total {
            line.push("  ", Tone::Plain);
            let state = left(teach::state(row), STATE);
            line.push(state, groups::tone(row.socket.tcp_state()));
            let rest = total.saturating_sub(used + 2 * GAP + STATE + 1);
            if rest > 0 {
                let owner = teach::owner(row, &answer.moment);
                line.push(format!("  {}", cut(&owner.text, rest)), Tone::Dim);
            }
        }
        out.push(line);
    }
    let left_out = survey.connections.saturating_sub(room);
    if left_out > 0
        && let Some(last) = out.last_mut()
    {
        *last = Line::of(format!(" … {} more", left_out + 1), Tone::Dim);
    }
    out
}

/// The four numbers as text.
struct Numbers([String; 4]);

impl Numbers {
    fn of(socket: &crate::socket::Socket) -> Option<Self> {
        let (local, remote) = (socket.local, socket.remote?);
        Some(Self([
            local.plain().to_string(),
            local.port.to_string(),
            remote.plain().to_string(),
            remote.port.to_string(),
        ]))
    }
}

fn above(survey: &Survey, quarter: Quarter, room: usize) -> (String, Tone) {
    if survey.differs(quarter) {
        let counted = format!("{} differ", survey.distinct(quarter));
        let word = match width(&counted) <= room {
            true => counted,
            false => "differ".into(),
        };
        return (word, Tone::Accent);
    }
    ("same".into(), Tone::Dim)
}

const fn tone(survey: &Survey, quarter: Quarter) -> Tone {
    if survey.differs(quarter) {
        Tone::Lit
    } else {
        Tone::Dim
    }
}

/// Four cells. Only the text is lit, not the room behind it.
fn columns(texts: [(String, Tone); 4], cells: [usize; 4]) -> Line {
    let mut line = Line::of(" ", Tone::Plain);
    for (index, ((text, tone), cells)) in texts.into_iter().zip(cells).enumerate() {
        if index > 0 {
            line.push("  ", Tone::Plain);
        }
        let text = cut_middle(&text, cells);
        let rest = " ".repeat(cells.saturating_sub(width(&text)));
        line.push(text, tone);
        line.push(rest, Tone::Plain);
    }
    line
}
