//! Events as they happen: a line each.

use std::io::{self, Write};

use serde::Serialize;

use crate::history::Moment;
use crate::history::{Since, Tracked};
use crate::query::{Event, EventKind};
use crate::report::columns::{USUAL, column};
use crate::report::document::time;
use crate::report::entry::Entry;
use crate::report::json::{Socket, milliseconds};
use crate::report::layout::Text;
use crate::services::Services;
use crate::socket::{Delivered, Sent, TcpState};

#[derive(Serialize)]
struct Record<'a> {
    event: &'static str,
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    matches: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seen_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before_first_look: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sampled: Option<bool>,
    socket: Socket<'a>,
}

/// The word for what happened.
const fn word(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Opened => "opened",
        EventKind::Closed => "closed",
        EventKind::Changed { .. } | EventKind::Began | EventKind::Ceased => "changed",
    }
}

/// Writes the event as one JSON object and a line's end.
///
/// # Errors
/// When `out` takes no more.
pub fn ndjson_event(
    event: Event,
    moment: &Moment,
    services: &Services,
    mut out: impl Write,
) -> io::Result<()> {
    let Some(entry) = Entry::at(event.slot, moment, services) else {
        return Ok(());
    };
    let row = entry.row;
    let closed = event.kind == EventKind::Closed;
    let seen = closed && was_sampled(row);
    let record = Record {
        event: word(event.kind),
        at: time(moment.taken_at),
        from: match event.kind {
            EventKind::Changed { from } => from.map(TcpState::name),
            _ => None,
        },
        matches: match event.kind {
            EventKind::Began => Some(true),
            EventKind::Ceased => Some(false),
            _ => None,
        },
        seen_ms: seen.then(|| milliseconds(row.age(moment.elapsed))),
        before_first_look: seen.then(|| was_there_before(row)),
        sampled: closed.then(|| was_sampled(row)),
        socket: Socket::new(entry),
    };
    serde_json::to_writer(&mut out, &record)?;
    out.write_all(b"\n")
}

/// Writes the event as one line: the time, what happened, the usual columns, and what else there is
/// to say.
///
/// # Errors
/// When `out` takes no more.
pub fn plain_event(
    event: Event,
    moment: &Moment,
    services: &Services,
    out: &mut impl Write,
) -> io::Result<()> {
    let Some(entry) = Entry::at(event.slot, moment, services) else {
        return Ok(());
    };
    let mut line = Text::default();
    line.add(&time(moment.taken_at), 24);
    line.add(word(event.kind), 7);
    let mut value = String::new();
    for column in USUAL.iter().filter_map(|name| column(name)) {
        value.clear();
        column.write(entry, &mut value);
        line.add_value(&value, column);
    }
    if let Some(note) = note(event.kind, entry.row, moment) {
        line.add(&note, 0);
    }
    line.print(out)
}

/// What the columns do not tell.
fn note(kind: EventKind, row: &Tracked, moment: &Moment) -> Option<String> {
    match kind {
        EventKind::Opened => None,
        EventKind::Changed { from } => Some(format!("from {}", from?.name())),
        EventKind::Began => Some("matches now".into()),
        EventKind::Ceased => Some("matches no more".into()),
        EventKind::Closed => {
            let seen = row.age(moment.elapsed).as_secs_f64();
            let mut note = match row.first_seen {
                Since::Unsampled(_) => "in no sample".to_owned(),
                Since::BeforeFirstLook(_) => format!("seen ≥{seen:.1}s"),
                Since::Seen(_) => format!("seen {seen:.1}s"),
            };
            let tcp = row.socket.tcp.as_ref();
            if let Some(Sent { bytes, .. }) = tcp.and_then(|t| t.sent) {
                note.push_str(&format!(", sent {bytes} B"));
            }
            if let Some(Delivered { received, .. }) = tcp.and_then(|t| t.delivered) {
                note.push_str(&format!(", received {received} B"));
            }
            Some(note)
        }
    }
}

const fn was_sampled(row: &Tracked) -> bool {
    !matches!(row.first_seen, Since::Unsampled(_))
}

const fn was_there_before(row: &Tracked) -> bool {
    matches!(row.first_seen, Since::BeforeFirstLook(_))
}
