//! The columns and cells of socket rows.

use super::cells::truncate_middle;
use super::columns::{ColumnContent, Overflow, SizedColumn, TableColumn};
use super::groups::{rate_span, tcp_state_tone};
use super::screen::{StyledLine, StyledSpan, Tone};
use crate::explain::row_text;
use crate::fields::Field;
use crate::history::{Moment, ObservedSince, TrackedSocket, Transition};
use crate::lessons::Highlight;
use crate::query::{SortColumn, owner_display};
use crate::text::units;
use crate::text::width::{truncate, width};
use crate::tui::state::lessons::Session;

const RECEIVE_RATE: TableColumn =
    TableColumn::for_field(ColumnContent::ReceiveRate, Field::named("rx"), 4, 6, 6)
        .sort_by(SortColumn::Rate);
const SEND_RATE: TableColumn =
    TableColumn::for_field(ColumnContent::SendRate, Field::named("tx"), 4, 6, 6);
const AGE: TableColumn =
    TableColumn::sorted_by_field(ColumnContent::Age, Field::named("age"), 3, 7, 7);

/// The columns of a row under its group.
pub(crate) const GROUPED_ROW_COLUMNS: &[TableColumn] = &[
    TableColumn::new(ColumnContent::State, "", 0, 12, 12),
    TableColumn::new(ColumnContent::Endpoint, "", 0, 21, 44),
    TableColumn::new(ColumnContent::Owner, "", 1, 14, 40),
    // Wide enough for a listener's queue.
    TableColumn::new(ColumnContent::Notes, "", 2, 16, 60),
    AGE,
    RECEIVE_RATE,
    SEND_RATE,
];

/// The columns of the flat view.
pub(crate) const FLAT_ROW_COLUMNS: &[TableColumn] = &[
    TableColumn::new(ColumnContent::Protocol, "", 2, 3, 3),
    TableColumn::sorted_by_field(ColumnContent::State, Field::named("state"), 0, 12, 12),
    TableColumn::sorted_by_field(ColumnContent::Local, Field::named("local"), 0, 17, 47),
    TableColumn::sorted_by_field(ColumnContent::Remote, Field::named("remote"), 1, 17, 47),
    TableColumn::sorted_by_field(ColumnContent::Owner, Field::named("proc"), 1, 13, 28),
    TableColumn::new(ColumnContent::Notes, "NOTES", 5, 16, 28).sort_by(SortColumn::Queues),
    AGE,
    RECEIVE_RATE,
    SEND_RATE,
];

/// The columns that the table of a lesson favours if there is no room for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LessonColumns {
    Owner,
    Queues,
    /// Both, each narrower.
    Both,
}

impl LessonColumns {
    /// Returns the columns that the current step discusses; a quiz may ask about any.
    pub(crate) fn for_session(session: &Session) -> Self {
        let step = session.step().filter(|_| !session.is_quiz());
        match step.map(|step| step.highlight) {
            Some(Highlight::Queues) => Self::Queues,
            Some(_) => Self::Owner,
            None => Self::Both,
        }
    }
}

/// Returns the columns of a lesson: those its sentences discuss, and no more. IPv4 endpoints fit
/// into all of them; spare width goes to the process first.
pub(crate) const fn lesson_columns(
    columns_needed: LessonColumns,
    room: usize,
) -> &'static [TableColumn] {
    match (columns_needed, room) {
        (LessonColumns::Queues, ..75) => &const { [NARROW_STATE, LOCAL, REMOTE, QUEUES] },
        (_, ..75) => &const { wide_lesson_columns(15, 8) },
        (LessonColumns::Owner, 75..100) => &const { [STATE, LOCAL, REMOTE, OWNER, NARROW_QUEUES] },
        (_, 75..100) => &const { wide_lesson_columns(15, 16) },
        _ => &const { wide_lesson_columns(26, 16) },
    }
}

const STATE: TableColumn =
    TableColumn::sorted_by_field(ColumnContent::State, Field::named("state"), 0, 12, 12);
/// One cell narrower, which may cut SYN-RECEIVED: a socket has no queue before its handshake is
/// complete.
const NARROW_STATE: TableColumn =
    TableColumn::sorted_by_field(ColumnContent::State, Field::named("state"), 0, 11, 12);
const LOCAL: TableColumn =
    TableColumn::sorted_by_field(ColumnContent::Local, Field::named("local"), 0, 15, 15);
const REMOTE: TableColumn =
    TableColumn::sorted_by_field(ColumnContent::Remote, Field::named("remote"), 0, 15, 15);
const OWNER: TableColumn =
    TableColumn::sorted_by_field(ColumnContent::Owner, Field::named("proc"), 1, 22, 40);
/// Room for a short queue, so that every owner text is shown in full.
const NARROW_QUEUES: TableColumn = TableColumn::new(ColumnContent::Queues, "R/S", 2, 4, 4)
    .align_right()
    .sort_by(SortColumn::Queues);
const QUEUES: TableColumn = TableColumn::new(ColumnContent::Queues, "RECV/SEND", 0, 9, 9)
    .align_right()
    .sort_by(SortColumn::Queues);

const fn wide_lesson_columns(end: usize, owner: usize) -> [TableColumn; 5] {
    [
        STATE,
        TableColumn::sorted_by_field(ColumnContent::Local, Field::named("local"), 0, 15, end),
        TableColumn::sorted_by_field(ColumnContent::Remote, Field::named("remote"), 0, 15, end),
        TableColumn::sorted_by_field(ColumnContent::Owner, Field::named("proc"), 1, owner, 40)
            .weight(8),
        TableColumn::new(ColumnContent::Queues, "RECV/SEND", 2, 9, 9)
            .align_right()
            .sort_by(SortColumn::Queues),
    ]
}

/// Returns the sign before a row, and its tone.
pub(crate) fn row_sign(row: &TrackedSocket, moment: &Moment) -> (&'static str, Option<Tone>) {
    match row.recent_transition(moment.elapsed) {
        Some(Transition::Opened(_)) => ("+", Some(Tone::Opened)),
        Some(Transition::Changed(_)) => ("~", Some(Tone::Changed)),
        Some(Transition::Closed(_)) => ("−", Some(Tone::Closed)),
        None => (" ", None),
    }
}

/// Appends the cells of one row.
pub(crate) fn push_row_cells(
    line: &mut StyledLine,
    row: &TrackedSocket,
    twin: Option<&TrackedSocket>,
    moment: &Moment,
    columns: &[SizedColumn],
    highlighted: Option<ColumnContent>,
) {
    let transition_tone = row_sign(row, moment).1;
    for (index, sized) in columns.iter().enumerate() {
        if index > 0 {
            line.push("  ", Tone::Plain);
        }
        let span = row_cell(sized.column.content, row, twin, moment);
        let text = match (sized.column.content, sized.overflow) {
            (
                ColumnContent::Local | ColumnContent::Remote | ColumnContent::Endpoint,
                Overflow::Truncate,
            ) => sized.pad(&truncate_endpoint(&span.text, sized.width)),
            // The number of owners says more than half a name.
            (ColumnContent::Owner, Overflow::Truncate) if width(&span.text) > sized.width => {
                let short = owner_display::format_owners_short(row, moment);
                sized.pad(short.as_deref().unwrap_or(&span.text))
            }
            _ => sized.pad(&span.text),
        };
        // A row that just opened or closed has one tone from end to end.
        let tone = match transition_tone {
            Some(Tone::Closed | Tone::Opened) => transition_tone.unwrap_or(span.tone),
            Some(Tone::Changed) if sized.column.content == ColumnContent::State => Tone::Changed,
            _ => span.tone,
        };
        if highlighted == Some(sized.column.content) {
            // Only the text is highlighted, not its padding.
            let trimmed = text.trim_end().to_owned();
            let padding = " ".repeat(width(&text) - width(&trimmed));
            line.push(trimmed, Tone::Highlighted);
            line.push(padding, Tone::Plain);
            continue;
        }
        line.push(text, tone);
    }
}

/// Truncates an endpoint, keeping the port at its end. An outgoing connection is distinguished by
/// its local port; its remote port, which its group names, is dropped instead.
pub(crate) fn truncate_endpoint(text: &str, cells: usize) -> String {
    if width(text) <= cells || !text.contains('→') {
        return truncate_middle(text, cells);
    }
    let without_port = text
        .rfind(':')
        .and_then(|at| text.get(..at))
        .unwrap_or(text);
    truncate(without_port, cells)
}

fn row_cell(
    content: ColumnContent,
    row: &TrackedSocket,
    twin: Option<&TrackedSocket>,
    moment: &Moment,
) -> StyledSpan {
    let socket = &row.socket;
    match content {
        ColumnContent::State => StyledSpan::new(
            row_text::state_name(row),
            tcp_state_tone(socket.tcp_state()),
        ),
        ColumnContent::Protocol => StyledSpan::new(socket.protocol().name(), Tone::Dim),
        ColumnContent::Local => StyledSpan::new(row_text::format_local(row, moment), Tone::Plain),
        ColumnContent::Remote => match row_text::format_remote(row, moment) {
            Some(remote) => StyledSpan::new(remote, Tone::Plain),
            None => StyledSpan::new("*", Tone::Dim),
        },
        ColumnContent::Endpoint => {
            let tone = if row.evidence.is_guess() {
                Tone::Inference
            } else {
                Tone::Plain
            };
            StyledSpan::new(row_text::distinguishing_endpoint(row, twin, moment), tone)
        }
        ColumnContent::Owner => StyledSpan::from_phrase(owner_display::describe_owner(row, moment)),
        ColumnContent::Queues => match (socket.accept_queue, socket.queues) {
            (Some(backlog), _) => {
                let limit = backlog.limit.map_or("?".into(), |limit| limit.to_string());
                StyledSpan::new(format!("{}/{limit}", backlog.waiting), Tone::Dim)
            }
            (None, Some(queues)) => {
                StyledSpan::new(format!("{}/{}", queues.recv, queues.send), Tone::Dim)
            }
            (None, None) => StyledSpan::new("—", Tone::Dim),
        },
        ColumnContent::Notes => {
            let phrase = row_text::row_note(row, moment);
            let span = StyledSpan::from_phrase(phrase);
            StyledSpan {
                tone: if span.tone == Tone::Plain {
                    Tone::Dim
                } else {
                    span.tone
                },
                ..span
            }
        }
        ColumnContent::Age => {
            let age = units::age(row.age(moment.elapsed));
            match row.first_seen {
                ObservedSince::Unsampled(_) => StyledSpan::new("—", Tone::Dim),
                ObservedSince::Sampled(_) => StyledSpan::new(age, Tone::Dim),
                ObservedSince::BeforeFirstSample(_) => {
                    StyledSpan::new(format!("≥{age}"), Tone::Dim)
                }
            }
        }
        ColumnContent::ReceiveRate => rate_span(row.rates(moment.elapsed).map(|r| r.down)),
        ColumnContent::SendRate => rate_span(row.rates(moment.elapsed).map(|r| r.up)),
        _ => StyledSpan::new("", Tone::Plain),
    }
}

#[cfg(test)]
mod tests {
    use super::super::columns::fit_columns;
    use super::*;

    #[test]
    fn lesson_columns_show_the_data_of_the_step() {
        let titles = |columns_needed, room| {
            let fitted = fit_columns(lesson_columns(columns_needed, room), room).into_iter();
            fitted
                .map(|sized| (sized.column.title, sized.width))
                .collect::<Vec<_>>()
        };
        // 60 and 80 columns.
        assert!(titles(LessonColumns::Queues, 56).contains(&("RECV/SEND", 9)));
        assert!(titles(LessonColumns::Queues, 76).contains(&("RECV/SEND", 9)));
        let owner = "too brief to identify";
        let titles_with_owner = titles(LessonColumns::Owner, 76);
        let owner_column = titles_with_owner
            .iter()
            .find(|(title, _)| *title == "PROCESS");
        assert!(owner_column.is_some_and(|(_, cells)| *cells >= width(owner)));
        assert!(titles(LessonColumns::Owner, 76).contains(&("R/S", 4)));
    }
}
