//! The rows of the history view: closed sockets.

use jiff::tz::TimeZone;

use super::columns::{ColumnContent, SizedColumn, TableColumn};
use super::rows;
use super::screen::{StyledLine, StyledSpan, Tone};
use crate::explain::{closed, row_text};
use crate::fields::Field;
use crate::history::{Moment, TrackedSocket};
use crate::query::SortColumn;
use crate::text::units;

/// The columns of the history view.
pub(crate) const CLOSED_ROW_COLUMNS: &[TableColumn] = &[
    TableColumn::sorted_by_field(ColumnContent::ClosedAt, Field::named("ended"), 0, 9, 9),
    TableColumn::new(ColumnContent::Duration, "LASTED", 3, 7, 7)
        .align_right()
        .sort_by(SortColumn::Duration),
    TableColumn::new(ColumnContent::Protocol, "", 4, 3, 3),
    TableColumn::sorted_by_field(ColumnContent::Local, Field::named("local"), 0, 15, 47),
    TableColumn::sorted_by_field(ColumnContent::Remote, Field::named("remote"), 1, 15, 47),
    TableColumn::sorted_by_field(ColumnContent::Owner, Field::named("proc"), 1, 13, 32).weight(2),
    TableColumn::for_field(
        ColumnContent::BytesReceived,
        Field::named("received"),
        2,
        8,
        8,
    )
    .sort_by(SortColumn::Bytes),
    TableColumn::new(ColumnContent::BytesSent, "SENT", 2, 6, 6).align_right(),
    TableColumn::new(ColumnContent::ClosedFirst, "CLOSED FIRST", 5, 12, 12),
    TableColumn::new(ColumnContent::StateHistory, "STATES", 6, 12, 60),
];

/// Returns the line of one closed socket.
pub(crate) fn closed_row(
    row: &TrackedSocket,
    moment: &Moment,
    columns: &[SizedColumn],
    zone: &TimeZone,
) -> StyledLine {
    let mut line = StyledLine::new("   ", Tone::Plain);
    for (index, sized) in columns.iter().enumerate() {
        if index > 0 {
            line.push("  ", Tone::Plain);
        }
        let span = closed_row_cell(sized.column.content, row, moment, zone);
        let text = match sized.column.content {
            ColumnContent::Local | ColumnContent::Remote => {
                sized.pad(&rows::truncate_endpoint(&span.text, sized.width))
            }
            _ => sized.pad(&span.text),
        };
        line.push(text, span.tone);
    }
    line
}

fn closed_row_cell(
    content: ColumnContent,
    row: &TrackedSocket,
    moment: &Moment,
    zone: &TimeZone,
) -> StyledSpan {
    let tcp = row.socket.tcp.as_ref();
    match content {
        ColumnContent::ClosedAt => {
            let at = row
                .closed_at()
                .map(|at| closed::format_clock(at, moment, zone));
            let at = at.unwrap_or_default();
            match row.ended_before_first_sample() {
                true => StyledSpan::new(format!("≤{at}"), Tone::Inference),
                false => StyledSpan::new(at, Tone::Plain),
            }
        }
        ColumnContent::Duration => {
            let lasted = closed::format_lifetime(row, moment);
            StyledSpan::new(lasted.unwrap_or_else(|| "—".into()), Tone::Dim)
        }
        ColumnContent::Protocol => StyledSpan::new(row.socket.protocol().name(), Tone::Dim),
        ColumnContent::Local => StyledSpan::new(row_text::format_local(row, moment), Tone::Plain),
        ColumnContent::Remote => match row_text::format_remote(row, moment) {
            Some(remote) => StyledSpan::new(remote, Tone::Plain),
            None => StyledSpan::new("*", Tone::Dim),
        },
        ColumnContent::Owner => StyledSpan::from_phrase(closed::describe_last_owner(row, moment)),
        ColumnContent::BytesReceived => {
            byte_count(tcp.and_then(|tcp| Some(tcp.delivered?.received)))
        }
        ColumnContent::BytesSent => {
            byte_count(tcp.and_then(crate::net::socket::TcpInfo::unique_bytes_sent))
        }
        ColumnContent::ClosedFirst => {
            StyledSpan::from_phrase(closed::describe_first_close(row, moment))
        }
        ColumnContent::StateHistory => StyledSpan::from_phrase(closed::describe_state_path(row)),
        _ => StyledSpan::new("", Tone::Plain),
    }
}

fn byte_count(count: Option<u64>) -> StyledSpan {
    match count {
        Some(0) => StyledSpan::new("0", Tone::Dim),
        Some(count) => StyledSpan::new(units::bytes(count), Tone::Plain),
        None => StyledSpan::new("—", Tone::Dim),
    }
}
