//! The cells of a socket's row.

use crate::history::{Mark, Moment, Since, Tracked};
use crate::quantity;
use crate::query::SortColumn;
use crate::teach;
use crate::teach::lessons::LookAt;
use crate::view::cells::{cut, cut_middle, width};
use crate::view::columns::{Column, Content, Overlong, Sized};
use crate::view::course::Sitting;
use crate::view::groups::{rate, tone};
use crate::view::screen::{Line, Span, Tone};

const DOWN: Column = Column::new(Content::Down, "↓/s", 4, 6, 6)
    .right()
    .sorted(SortColumn::Rate);
const UP: Column = Column::new(Content::Up, "↑/s", 4, 6, 6).right();
const AGE: Column = Column::new(Content::Age, "SEEN", 3, 7, 7)
    .right()
    .sorted(SortColumn::Age);

/// The columns of a row under its group.
pub(super) const MEMBER: &[Column] = &[
    Column::new(Content::State, "", 0, 12, 12),
    Column::new(Content::End, "", 0, 21, 44),
    Column::new(Content::Owner, "", 1, 14, 40),
    // Wide enough for a listener's queue.
    Column::new(Content::Note, "", 2, 16, 60),
    AGE,
    DOWN,
    UP,
];

/// The columns of the flat view.
pub(super) const FLAT: &[Column] = &[
    Column::new(Content::Protocol, "", 2, 3, 3),
    Column::new(Content::State, "STATE", 0, 12, 12).sorted(SortColumn::State),
    Column::new(Content::Local, "LOCAL", 0, 17, 47).sorted(SortColumn::Local),
    Column::new(Content::Remote, "REMOTE", 1, 17, 47).sorted(SortColumn::Remote),
    Column::new(Content::Owner, "PROCESS", 1, 13, 28).sorted(SortColumn::Process),
    Column::new(Content::Note, "NOTES", 5, 16, 28).sorted(SortColumn::Queues),
    AGE,
    DOWN,
    UP,
];

/// What a lesson's table has room for, where there is not enough for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// Whose a row is.
    Owner,
    /// The queues.
    Queues,
    /// Of both a part.
    Both,
}

impl Need {
    /// What the step speaks of. A quiz may ask for anything.
    pub(super) fn of(sitting: &Sitting) -> Self {
        let step = sitting.step().filter(|_| !sitting.is_quiz());
        match step.map(|step| step.look_at) {
            Some(LookAt::Queues) => Self::Queues,
            Some(_) => Self::Owner,
            None => Self::Both,
        }
    }
}

/// The columns of a lesson: what its sentences speak of, and no more. Ends of IPv4 fit into any of
/// them; what is over goes to the process and its pid first.
pub(super) const fn lesson(need: Need, room: usize) -> &'static [Column] {
    match (need, room) {
        (Need::Queues, ..75) => &const { [STATE_OF_QUEUES, LOCAL, REMOTE, QUEUES] },
        (_, ..75) => &const { lesson_with(15, 8) },
        (Need::Owner, 75..100) => &const { [STATE, LOCAL, REMOTE, OWNER, SMALL_QUEUES] },
        (_, 75..100) => &const { lesson_with(15, 16) },
        _ => &const { lesson_with(26, 16) },
    }
}

const STATE: Column = Column::new(Content::State, "STATE", 0, 12, 12).sorted(SortColumn::State);
/// Nothing has a queue while its handshake is not finished.
const STATE_OF_QUEUES: Column =
    Column::new(Content::State, "STATE", 0, 11, 12).sorted(SortColumn::State);
const LOCAL: Column = Column::new(Content::Local, "LOCAL", 0, 15, 15).sorted(SortColumn::Local);
const REMOTE: Column = Column::new(Content::Remote, "REMOTE", 0, 15, 15).sorted(SortColumn::Remote);
const OWNER: Column = Column::new(Content::Owner, "PROCESS", 1, 22, 40).sorted(SortColumn::Process);
/// Room for a short queue, so that every word for the owner is read to its end.
const SMALL_QUEUES: Column = Column::new(Content::Queues, "R/S", 2, 4, 4)
    .right()
    .sorted(SortColumn::Queues);
const QUEUES: Column = Column::new(Content::Queues, "RECV/SEND", 0, 9, 9)
    .right()
    .sorted(SortColumn::Queues);

const fn lesson_with(end: usize, owner: usize) -> [Column; 5] {
    [
        STATE,
        Column::new(Content::Local, "LOCAL", 0, 15, end).sorted(SortColumn::Local),
        Column::new(Content::Remote, "REMOTE", 0, 15, end).sorted(SortColumn::Remote),
        Column::new(Content::Owner, "PROCESS", 1, owner, 40)
            .weight(8)
            .sorted(SortColumn::Process),
        Column::new(Content::Queues, "RECV/SEND", 2, 9, 9)
            .right()
            .sorted(SortColumn::Queues),
    ]
}

/// The sign in front of a row, and its tone.
pub(super) fn sign(row: &Tracked, moment: &Moment) -> (&'static str, Option<Tone>) {
    match row.fresh_mark(moment.elapsed) {
        Some(Mark::Opened(_)) => ("+", Some(Tone::Opened)),
        Some(Mark::Changed(_)) => ("~", Some(Tone::Changed)),
        Some(Mark::Closed(_)) => ("−", Some(Tone::Closed)),
        None => (" ", None),
    }
}

/// The cells of one row.
pub(super) fn cells(
    line: &mut Line,
    row: &Tracked,
    twin: Option<&Tracked>,
    moment: &Moment,
    columns: &[Sized],
    lit: Option<Content>,
) {
    let marked = sign(row, moment).1;
    for (index, sized) in columns.iter().enumerate() {
        if index > 0 {
            line.push("  ", Tone::Plain);
        }
        let span = cell(sized.column.content, row, twin, moment);
        let text = match (sized.column.content, sized.overlong) {
            (Content::Local | Content::Remote | Content::End, Overlong::Cut) => {
                sized.place(&endpoint(&span.text, sized.width))
            }
            // How many hold it says more than half a name.
            (Content::Owner, Overlong::Cut) if width(&span.text) > sized.width => {
                let short = teach::owners_in_short(row, moment);
                sized.place(short.as_deref().unwrap_or(&span.text))
            }
            _ => sized.place(&span.text),
        };
        // A row that is gone, or just came, is of one tone from end to end.
        let tone = match marked {
            Some(Tone::Closed | Tone::Opened) => marked.unwrap_or(span.tone),
            Some(Tone::Changed) if sized.column.content == Content::State => Tone::Changed,
            _ => span.tone,
        };
        if lit == Some(sized.column.content) {
            // The text is lit, not the room beside it.
            let bare = text.trim_end().to_owned();
            let rest = " ".repeat(width(&text) - width(&bare));
            line.push(bare, Tone::Lit);
            line.push(rest, Tone::Plain);
            continue;
        }
        line.push(text, tone);
    }
}

/// An endpoint in a narrow column: the port is at the end, and must not be lost. Of a connection that
/// was dialled it is the local port that tells it from its neighbours; the remote one they share, and
/// their group names it.
pub(super) fn endpoint(text: &str, cells: usize) -> String {
    if width(text) <= cells || !text.contains('→') {
        return cut_middle(text, cells);
    }
    let without_port = text
        .rfind(':')
        .and_then(|at| text.get(..at))
        .unwrap_or(text);
    cut(without_port, cells)
}

fn cell(content: Content, row: &Tracked, twin: Option<&Tracked>, moment: &Moment) -> Span {
    let socket = &row.socket;
    match content {
        Content::State => Span::new(teach::state(row), tone(socket.tcp_state())),
        Content::Protocol => Span::new(socket.protocol().name(), Tone::Dim),
        Content::Local => Span::new(teach::local(row, moment), Tone::Plain),
        Content::Remote => match teach::remote(row, moment) {
            Some(remote) => Span::new(remote, Tone::Plain),
            None => Span::new("*", Tone::Dim),
        },
        Content::End => {
            let tone = if row.evidence.is_guess() {
                Tone::Inference
            } else {
                Tone::Plain
            };
            Span::new(teach::end(row, twin, moment), tone)
        }
        Content::Owner => Span::phrase(teach::owner(row, moment)),
        Content::Queues => match (socket.backlog, socket.queues) {
            (Some(backlog), _) => {
                let limit = backlog.limit.map_or("?".into(), |limit| limit.to_string());
                Span::new(format!("{}/{limit}", backlog.waiting), Tone::Dim)
            }
            (None, Some(queues)) => {
                Span::new(format!("{}/{}", queues.recv, queues.send), Tone::Dim)
            }
            (None, None) => Span::new("—", Tone::Dim),
        },
        Content::Note => {
            let phrase = teach::note(row, moment);
            let span = Span::phrase(phrase);
            Span {
                tone: if span.tone == Tone::Plain {
                    Tone::Dim
                } else {
                    span.tone
                },
                ..span
            }
        }
        Content::Age => {
            let age = quantity::age(row.age(moment.elapsed));
            match row.first_seen {
                Since::Unsampled(_) => Span::new("—", Tone::Dim),
                Since::Seen(_) => Span::new(age, Tone::Dim),
                Since::BeforeFirstLook(_) => Span::new(format!("≥{age}"), Tone::Dim),
            }
        }
        Content::Down => rate(row.rates(moment.elapsed).map(|r| r.down)),
        Content::Up => rate(row.rates(moment.elapsed).map(|r| r.up)),
        _ => Span::new("", Tone::Plain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::columns::fit;

    #[test]
    fn a_lesson_shows_what_it_speaks_of() {
        let titles = |need, room| {
            let fitted = fit(lesson(need, room), room).into_iter();
            fitted
                .map(|sized| (sized.column.title, sized.width))
                .collect::<Vec<_>>()
        };
        // 60 and 80 columns.
        assert!(titles(Need::Queues, 56).contains(&("RECV/SEND", 9)));
        assert!(titles(Need::Queues, 76).contains(&("RECV/SEND", 9)));
        let owner = "waiting to be accepted";
        assert!(titles(Need::Owner, 76).contains(&("PROCESS", width(owner))));
        assert!(titles(Need::Owner, 76).contains(&("R/S", 4)));
    }
}
