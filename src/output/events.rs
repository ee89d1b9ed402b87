//! Writes events of `portolan watch`, one line each.

use std::io;
use std::io::Write;

use serde::Serialize;

use super::columns::{DEFAULT_COLUMNS, find_column};
use super::entry::OutputEntry;
use super::json::format_timestamp;
use super::json_records::{SocketRecord, to_millis};
use super::line_builder::LineBuilder;
use crate::history::{Moment, ObservedSince, TrackedSocket};
use crate::net::services::Services;
use crate::net::socket::{DeliveredBytes, SentBytes, TcpState};
use crate::query::{MatchEvent, MatchEventKind};

#[derive(Serialize)]
struct EventRecord<'a> {
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
    socket: SocketRecord<'a>,
}

const fn event_name(kind: MatchEventKind) -> &'static str {
    match kind {
        MatchEventKind::Opened => "opened",
        MatchEventKind::Closed => "closed",
        MatchEventKind::Changed { .. }
        | MatchEventKind::StartedMatching
        | MatchEventKind::StoppedMatching => "changed",
    }
}

/// Writes the event as one JSON object and a newline.
///
/// # Errors
/// Returns the error of writing to `out`.
pub fn write_ndjson_event(
    event: MatchEvent,
    moment: &Moment,
    services: &Services,
    mut out: impl Write,
) -> io::Result<()> {
    let Some(entry) = OutputEntry::from_slot(event.slot, moment, services) else {
        return Ok(());
    };
    let row = entry.row;
    let closed = event.kind == MatchEventKind::Closed;
    let sampled = closed && was_sampled(row);
    let record = EventRecord {
        event: event_name(event.kind),
        at: format_timestamp(moment.taken_at),
        from: match event.kind {
            MatchEventKind::Changed { previous: from } => from.map(TcpState::name),
            _ => None,
        },
        matches: match event.kind {
            MatchEventKind::StartedMatching => Some(true),
            MatchEventKind::StoppedMatching => Some(false),
            _ => None,
        },
        seen_ms: sampled.then(|| to_millis(row.age(moment.elapsed))),
        before_first_look: sampled.then(|| existed_before_first_sample(row)),
        sampled: closed.then(|| was_sampled(row)),
        socket: SocketRecord::new(entry),
    };
    serde_json::to_writer(&mut out, &record)?;
    out.write_all(b"\n")
}

/// Writes the event as one line: time, event, the default columns, and a note.
///
/// # Errors
/// Returns the error of writing to `out`.
pub fn write_plain_event(
    event: MatchEvent,
    moment: &Moment,
    services: &Services,
    out: &mut impl Write,
) -> io::Result<()> {
    let Some(entry) = OutputEntry::from_slot(event.slot, moment, services) else {
        return Ok(());
    };
    let mut line = LineBuilder::default();
    line.push(&format_timestamp(moment.taken_at), 24);
    line.push(event_name(event.kind), 7);
    let mut value = String::new();
    for column in DEFAULT_COLUMNS.iter().filter_map(|name| find_column(name)) {
        value.clear();
        column.write(entry, &mut value);
        line.push_value(&value, column);
    }
    if let Some(note) = event_note(event.kind, entry.row, moment) {
        line.push(&note, 0);
    }
    line.write_line(out)
}

/// Returns what the columns do not show: the previous state, or the duration and byte counts of a
/// closed socket.
fn event_note(kind: MatchEventKind, row: &TrackedSocket, moment: &Moment) -> Option<String> {
    match kind {
        MatchEventKind::Opened => None,
        MatchEventKind::Changed { previous: from } => Some(format!("from {}", from?.name())),
        MatchEventKind::StartedMatching => Some("matches now".into()),
        MatchEventKind::StoppedMatching => Some("no longer matches".into()),
        MatchEventKind::Closed => {
            let duration = row.age(moment.elapsed).as_secs_f64();
            let mut note = match row.first_seen {
                ObservedSince::Unsampled(_) => "in no sample".to_owned(),
                ObservedSince::BeforeFirstSample(_) => format!("seen ≥{duration:.1}s"),
                ObservedSince::Sampled(_) => format!("seen {duration:.1}s"),
            };
            let tcp = row.socket.tcp.as_ref();
            if let Some(SentBytes { bytes, .. }) = tcp.and_then(|t| t.sent) {
                note.push_str(&format!(", sent {bytes} B"));
            }
            if let Some(DeliveredBytes { received, .. }) = tcp.and_then(|t| t.delivered) {
                note.push_str(&format!(", received {received} B"));
            }
            Some(note)
        }
    }
}

const fn was_sampled(row: &TrackedSocket) -> bool {
    !matches!(row.first_seen, ObservedSince::Unsampled(_))
}

const fn existed_before_first_sample(row: &TrackedSocket) -> bool {
    matches!(row.first_seen, ObservedSince::BeforeFirstSample(_))
}
