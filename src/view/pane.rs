//! What there is to say of the row under the cursor.

use crate::history::Tracked;
use crate::query::{Answer, Group, GroupKey, Grouping, Line as Place, LineId, Lines, Survey};
use crate::services::Services;
use crate::teach::{self, Detail, Phrase};
use crate::view::areas::Areas;
use crate::view::cells::{cut, left, width, wrap};
use crate::view::screen::{Line, Tone, rule};
use crate::view::state::{Details, Look, ViewState};
use crate::view::{diagram, lens};

/// What the cursor is on, in words.
struct Subject {
    title: String,
    brief: Vec<Phrase>,
    details: Vec<Detail>,
}

/// A rule with a title, and `height - 1` lines of text.
pub(super) fn pane(
    state: &ViewState,
    answer: Option<&Answer>,
    lines: &Lines,
    services: &Services,
    total: usize,
    height: usize,
) -> Vec<Line> {
    if state.look != Look::Words {
        return surveyed(state, answer, lines, services, (total, height));
    }
    let subject = answer.and_then(|a| subject(state, a, lines, services));
    let Some(subject) = subject else {
        return vec![rule("", total)];
    };
    let mut out = vec![rule(&subject.title, total)];
    let room = height.saturating_sub(1);
    let text = match state.details {
        Details::Brief => sentences(&subject.brief, total),
        Details::Pane | Details::Full => labelled(&subject.details, total),
    };
    out.extend(shortened(text, room, total, "Enter"));
    out.resize(height, Line::default());
    out
}

/// The group under the cursor, or around the row there, as a whole.
fn surveyed(
    state: &ViewState,
    answer: Option<&Answer>,
    lines: &Lines,
    services: &Services,
    (total, height): (usize, usize),
) -> Vec<Line> {
    let group = answer.and_then(|answer| {
        let path = match lines.id(answer, state.cursor)? {
            LineId::Group(path) => path,
            LineId::Row { group, .. } => group?,
            LineId::Section(_) => return None,
        };
        let group = answer.group(path)?;
        Some(teach::group_title(group, answer, services))
    });
    let title = group.unwrap_or_else(|| "all that is shown".into());
    let mut out = vec![rule(&title, total)];
    let room = height.saturating_sub(1);
    let text = match (answer, state.survey.as_deref()) {
        (Some(answer), Some(survey)) => look(state.look, survey, answer, (total, room)),
        _ => vec![Line::of(" looking …", Tone::Dim)],
    };
    out.extend(text);
    out.resize(height, Line::default());
    out
}

/// One of the two looks at many sockets.
pub(super) fn look(
    look: Look,
    survey: &Survey,
    answer: &Answer,
    (total, room): (usize, usize),
) -> Vec<Line> {
    match look {
        Look::States => diagram::diagram(survey, total, room),
        Look::Numbers | Look::Words => lens::lens(survey, answer, total, room),
    }
}

/// Everything, on `height` lines, scrolled.
pub(super) fn full(
    state: &ViewState,
    answer: Option<&Answer>,
    lines: &Lines,
    services: &Services,
    total: usize,
    height: usize,
) -> Vec<Line> {
    let subject = answer.and_then(|a| subject(state, a, lines, services));
    let Some(subject) = subject else {
        let gone = Line::of(
            cut(
                " nothing is under the cursor any more; Esc goes back",
                total,
            ),
            Tone::Dim,
        );
        return vec![rule("", total), gone];
    };
    let mut out = vec![rule(&subject.title, total)];
    let text = labelled(&subject.details, total);
    let room = height.saturating_sub(1);
    let scroll = state.details_scroll.min(text.len().saturating_sub(room));
    out.extend(shortened(
        text.into_iter().skip(scroll).collect(),
        room,
        total,
        "↓",
    ));
    out.resize(height, Line::default());
    out
}

/// How far the full details can be scrolled.
pub fn details_height(
    state: &ViewState,
    answer: &Answer,
    lines: &Lines,
    services: &Services,
) -> usize {
    let total = usize::from(state.size.0);
    let text =
        subject(state, answer, lines, services).map_or(0, |s| labelled(&s.details, total).len());
    text.saturating_sub(Areas::of(state).body().saturating_sub(1))
}

/// At most `room` lines; when some are left out, the last one says so, and which key shows them.
fn shortened(mut text: Vec<Line>, room: usize, total: usize, key: &str) -> Vec<Line> {
    if text.len() > room && room > 0 {
        let left_out = text.len() - room + 1;
        text.truncate(room);
        if let Some(last) = text.last_mut() {
            let word = cut(&format!(" … {left_out} more lines: {key}"), total);
            *last = Line::of(word, Tone::Dim);
        }
    }
    text
}

fn subject(
    state: &ViewState,
    answer: &Answer,
    lines: &Lines,
    services: &Services,
) -> Option<Subject> {
    let moment = &answer.moment;
    let before = |key, listener: Option<&Tracked>| {
        let listener = listener.filter(|row| row.socket.is_listening() && !row.is_closed());
        teach::port_history(key, listener, moment, &state.zone)
    };
    let of_group = |group: &Group| {
        let mut details = teach::group_details(group, answer, &state.findings);
        if let GroupKey::Port(key) = group.key() {
            // Listeners come first.
            let first = answer.rows.get(group.rows.start);
            let first = first.and_then(|slot| answer.row(*slot));
            details.extend(before(key, first.map(|row| &**row)));
        }
        Subject {
            title: teach::group_title(group, answer, services),
            brief: teach::say_group(group, answer, &state.findings),
            details,
        }
    };
    match lines.at(answer, state.cursor)? {
        Place::Section(_) => None,
        Place::Group(index) => answer.groups.get(index).map(of_group),
        Place::Inner(index) => answer.inner.get(index).map(of_group),
        Place::Row { position, .. } => {
            let row = answer.row(*answer.rows.get(position)?)?;
            let mut details = teach::row_details(row, &answer.moment, services);
            if let Some(twin) = answer.twin(row.slot) {
                let value = Phrase::fact(teach::local(twin, &answer.moment));
                details.push(Detail {
                    label: "second address",
                    value,
                });
                details.extend(
                    teach::row_details(twin, &answer.moment, services)
                        .into_iter()
                        .filter(|d| {
                            matches!(d.label, "inode" | "cookie" | "process" | "accept queue")
                        }),
                );
            }
            let mut brief = teach::say_row(row, &answer.moment);
            if answer.grouping == Grouping::History {
                // In the other views a row that is gone stays for some seconds only, and says so.
                let ended = teach::say_ended(row, moment, &state.zone);
                let more = teach::ended_details(row, moment, &state.zone);
                if let (Some(first), Some(detail)) = (brief.first_mut(), details.first_mut()) {
                    (*first, detail.value) = (ended.clone(), ended);
                }
                let at = brief.len().min(details.len());
                details.splice(at..at, more);
            } else if row.socket.is_listening() {
                details.extend(before(row.port_key(), Some(row)));
            }
            Some(Subject {
                title: teach::row_title(row, moment),
                brief,
                details,
            })
        }
    }
}

/// Sentences one after another, broken between words, each in its tone.
fn sentences(phrases: &[Phrase], total: usize) -> Vec<Line> {
    let room = total.saturating_sub(2);
    let mut out = vec![Line::of(" ", Tone::Plain)];
    for phrase in phrases {
        for word in phrase.text.split(' ') {
            let needed = width(word) + 1;
            let full = out
                .last()
                .is_some_and(|l| l.width() > 1 && l.width() + needed > room);
            if full {
                out.push(Line::of(" ", Tone::Plain));
            }
            let Some(line) = out.last_mut() else { break };
            line.push(format!("{} ", cut(word, room)), phrase.certainty.into());
        }
    }
    out
}

/// Facts with their labels in a column of their own.
fn labelled(details: &[Detail], total: usize) -> Vec<Line> {
    const LABEL: usize = 14;
    let room = total.saturating_sub(LABEL + 3).max(10);
    let mut out = Vec::new();
    for detail in details {
        // A detail without a label before any label is a sentence: it has the whole width.
        let sentence = detail.label.is_empty() && !out.iter().any(|l: &Line| l.spans.len() > 1);
        let (label, cells) = if sentence {
            (String::new(), total.saturating_sub(2))
        } else {
            (left(detail.label, LABEL), room)
        };
        for (index, text) in wrap(&detail.value.text, cells).into_iter().enumerate() {
            let tone = detail.value.certainty.into();
            let mut line = Line::default();
            if sentence {
                line.push(format!(" {text}"), tone);
            } else {
                let label = if index == 0 {
                    label.clone()
                } else {
                    " ".repeat(LABEL)
                };
                line.push(format!(" {label} "), Tone::Dim);
                line.push(text, tone);
            }
            out.push(line);
        }
    }
    out
}
