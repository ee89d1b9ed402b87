//! The rows of the history: sockets that have ended.

use jiff::tz::TimeZone;

use crate::history::{Moment, Tracked};
use crate::quantity;
use crate::query::SortColumn;
use crate::teach;
use crate::view::columns::{Column, Content, Sized};
use crate::view::rows;
use crate::view::screen::{Line, Span, Tone};

/// The columns.
pub(super) const COLUMNS: &[Column] = &[
    Column::new(Content::Closed, "CLOSED", 0, 9, 9)
        .right()
        .sorted(SortColumn::Ended),
    Column::new(Content::Lasted, "LASTED", 3, 7, 7)
        .right()
        .sorted(SortColumn::Duration),
    Column::new(Content::Protocol, "", 4, 3, 3),
    Column::new(Content::Local, "LOCAL", 0, 15, 47).sorted(SortColumn::Local),
    Column::new(Content::Remote, "REMOTE", 1, 15, 47).sorted(SortColumn::Remote),
    Column::new(Content::Owner, "PROCESS", 1, 13, 32)
        .weight(2)
        .sorted(SortColumn::Process),
    Column::new(Content::Received, "RECEIVED", 2, 8, 8)
        .right()
        .sorted(SortColumn::Bytes),
    Column::new(Content::Sent, "SENT", 2, 6, 6).right(),
    Column::new(Content::Closer, "CLOSED FIRST", 5, 12, 12),
    Column::new(Content::Path, "STATES", 6, 12, 60),
];

/// One row.
pub(super) fn line(row: &Tracked, moment: &Moment, columns: &[Sized], zone: &TimeZone) -> Line {
    let mut line = Line::of("   ", Tone::Plain);
    for (index, sized) in columns.iter().enumerate() {
        if index > 0 {
            line.push("  ", Tone::Plain);
        }
        let span = cell(sized.column.content, row, moment, zone);
        let text = match sized.column.content {
            Content::Local | Content::Remote => {
                sized.place(&rows::endpoint(&span.text, sized.width))
            }
            _ => sized.place(&span.text),
        };
        line.push(text, span.tone);
    }
    line
}

fn cell(content: Content, row: &Tracked, moment: &Moment, zone: &TimeZone) -> Span {
    let tcp = row.socket.tcp.as_ref();
    match content {
        Content::Closed => {
            let at = row.ended().map(|at| teach::clock(at, moment, zone));
            let at = at.unwrap_or_default();
            match row.ended_before_first_look() {
                true => Span::new(format!("≤{at}"), Tone::Inference),
                false => Span::new(at, Tone::Plain),
            }
        }
        Content::Lasted => {
            let lasted = teach::lasted(row, moment);
            Span::new(lasted.unwrap_or_else(|| "—".into()), Tone::Dim)
        }
        Content::Protocol => Span::new(row.socket.protocol().name(), Tone::Dim),
        Content::Local => Span::new(teach::local(row, moment), Tone::Plain),
        Content::Remote => match teach::remote(row, moment) {
            Some(remote) => Span::new(remote, Tone::Plain),
            None => Span::new("*", Tone::Dim),
        },
        Content::Owner => Span::phrase(teach::last_owner(row, moment)),
        Content::Received => bytes(tcp.and_then(|tcp| Some(tcp.delivered?.received))),
        Content::Sent => bytes(tcp.and_then(crate::socket::TcpInfo::sent_once)),
        Content::Closer => Span::phrase(teach::closed_first(row, moment)),
        Content::Path => Span::phrase(teach::path(row)),
        _ => Span::new("", Tone::Plain),
    }
}

fn bytes(count: Option<u64>) -> Span {
    match count {
        Some(0) => Span::new("0", Tone::Dim),
        Some(count) => Span::new(quantity::bytes(count), Tone::Plain),
        None => Span::new("—", Tone::Dim),
    }
}
