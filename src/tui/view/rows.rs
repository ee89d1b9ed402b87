//! The cells of a socket's row.

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

/// What a lesson's table has room for, where there is not enough for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LessonColumns {
    /// Whose a row is.
    Owner,
    /// The queues.
    Queues,
    /// Of both a part.
    Both,
}

impl LessonColumns {
    /// What the step speaks of. A quiz may ask for anything.
    pub(crate) fn for_session(session: &Session) -> Self {
        let step = session.step().filter(|_| !session.is_quiz());
        match step.map(|step| step.highlight) {
            Some(Highlight::Queues) => Self::Queues,
            Some(_) => Self::Owner,
            None => Self::Both,
        }
    }
}

/// The columns of a lesson: what its sentences speak of, and no more. Ends of IPv4 fit into any of
/// them; what is over goes to the process and its pid first.
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
/// Nothing has a queue while its handshake is not finished.
const NARROW_STATE: TableColumn =
    TableColumn::sorted_by_field(ColumnContent::State, Field::named("state"), 0, 11, 12);
const LOCAL: TableColumn =
    TableColumn::sorted_by_field(ColumnContent::Local, Field::named("local"), 0, 15, 15);
const REMOTE: TableColumn =
    TableColumn::sorted_by_field(ColumnContent::Remote, Field::named("remote"), 0, 15, 15);
const OWNER: TableColumn =
    TableColumn::sorted_by_field(ColumnContent::Owner, Field::named("proc"), 1, 22, 40);
/// Room for a short queue, so that every word for the owner is read to its end.
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

/// The sign in front of a row, and its tone.
pub(crate) fn row_sign(row: &TrackedSocket, moment: &Moment) -> (&'static str, Option<Tone>) {
    match row.recent_transition(moment.elapsed) {
        Some(Transition::Opened(_)) => ("+", Some(Tone::Opened)),
        Some(Transition::Changed(_)) => ("~", Some(Tone::Changed)),
        Some(Transition::Closed(_)) => ("−", Some(Tone::Closed)),
        None => (" ", None),
    }
}

/// The cells of one row.
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
            // How many hold it says more than half a name.
            (ColumnContent::Owner, Overflow::Truncate) if width(&span.text) > sized.width => {
                let short = owner_display::format_owners_short(row, moment);
                sized.pad(short.as_deref().unwrap_or(&span.text))
            }
            _ => sized.pad(&span.text),
        };
        // A row that is gone, or just came, is of one tone from end to end.
        let tone = match transition_tone {
            Some(Tone::Closed | Tone::Opened) => transition_tone.unwrap_or(span.tone),
            Some(Tone::Changed) if sized.column.content == ColumnContent::State => Tone::Changed,
            _ => span.tone,
        };
        if highlighted == Some(sized.column.content) {
            // The text is lit, not the room beside it.
            let trimmed = text.trim_end().to_owned();
            let padding = " ".repeat(width(&text) - width(&trimmed));
            line.push(trimmed, Tone::Highlighted);
            line.push(padding, Tone::Plain);
            continue;
        }
        line.push(text, tone);
    }
}

/// An endpoint in a narrow column: the port is at the end, and must not be lost. Of a connection that
/// was dialled it is the local port that tells it from its neighbours; the remote one they share, and
/// their group names it.
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
        let owner = "waiting to be accepted";
        assert!(titles(LessonColumns::Owner, 76).contains(&("PROCESS", width(owner))));
        assert!(titles(LessonColumns::Owner, 76).contains(&("R/S", 4)));
    }
}
