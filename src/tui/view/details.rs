//! The details of the row under the cursor: in the pane below the table or on the full screen.

use super::cells::align_left;
use super::layout::ScreenLayout;
use super::screen::{StyledLine, Tone, titled_rule};
use super::{state_diagram, tuple_table};
use crate::explain::details::Detail;
use crate::explain::{closed, details, group_text, row_text};
use crate::history::TrackedSocket;
use crate::net::services::Services;
use crate::query::{
    Group, GroupKey, Grouping, LineId, QueryResult, TupleDiff, VisibleLine, VisibleLines,
};
use crate::text::phrase::Phrase;
use crate::text::width::{truncate, width};
use crate::text::wrap::wrap;
use crate::tui::state::pane_mode::PaneMode;
use crate::tui::state::view_state::{DetailsLevel, ViewState};

/// The texts about the row or group under the cursor.
struct DetailsText {
    title: String,
    brief: Vec<Phrase>,
    details: Vec<Detail>,
}

/// Draws the pane: a rule with a title, and `height - 1` lines of text.
pub(crate) fn draw_pane(
    state: &ViewState,
    result: Option<&QueryResult>,
    lines: &VisibleLines,
    services: &Services,
    total: usize,
    height: usize,
) -> Vec<StyledLine> {
    if state.pane_mode != PaneMode::Text {
        return draw_tuple_pane(state, result, lines, services, (total, height));
    }
    let details_text = result.and_then(|a| details_text(state, a, lines, services));
    let Some(details_text) = details_text else {
        return vec![titled_rule("", total)];
    };
    let mut out = vec![titled_rule(&details_text.title, total)];
    let room = height.saturating_sub(1);
    let text = match state.details {
        DetailsLevel::Brief => wrap_phrases(&details_text.brief, total),
        DetailsLevel::Pane | DetailsLevel::Full => labelled_lines(&details_text.details, total),
    };
    out.extend(truncate_lines(text, room, total, "Enter"));
    out.resize(height, StyledLine::default());
    out
}

/// Draws the 4-tuples or the state diagram of the group under the cursor or around the row there.
fn draw_tuple_pane(
    state: &ViewState,
    result: Option<&QueryResult>,
    lines: &VisibleLines,
    services: &Services,
    (total, height): (usize, usize),
) -> Vec<StyledLine> {
    let group = result.and_then(|result| {
        let path = match lines.id(result, state.cursor)? {
            LineId::Group(path) => path,
            LineId::Row { group, .. } => group?,
            LineId::Section(_) => return None,
        };
        let group = result.group(path)?;
        Some(group_text::group_title(group, result, services))
    });
    let title = group.unwrap_or_else(|| "all sockets shown".into());
    let mut out = vec![titled_rule(&title, total)];
    let room = height.saturating_sub(1);
    let text = match (result, state.tuple_diff.as_deref()) {
        (Some(result), Some(tuple_diff)) => {
            draw_pane_mode(state.pane_mode, tuple_diff, result, (total, room))
        }
        _ => vec![StyledLine::new(" loading …", Tone::Dim)],
    };
    out.extend(text);
    out.resize(height, StyledLine::default());
    out
}

/// Draws the 4-tuple table or the state diagram on at most `room` lines.
pub(crate) fn draw_pane_mode(
    pane_mode: PaneMode,
    tuple_diff: &TupleDiff,
    result: &QueryResult,
    (total, room): (usize, usize),
) -> Vec<StyledLine> {
    match pane_mode {
        PaneMode::StateDiagram => state_diagram::draw_state_diagram(tuple_diff, total, room),
        PaneMode::TupleTable | PaneMode::Text => {
            tuple_table::draw_tuple_table(tuple_diff, result, total, room)
        }
    }
}

/// Draws all details on `height` lines, scrolled.
pub(crate) fn draw_full_details(
    state: &ViewState,
    result: Option<&QueryResult>,
    lines: &VisibleLines,
    services: &Services,
    total: usize,
    height: usize,
) -> Vec<StyledLine> {
    let details_text = result.and_then(|a| details_text(state, a, lines, services));
    let Some(details_text) = details_text else {
        let gone = StyledLine::new(
            truncate(" this row is gone; Esc goes back", total),
            Tone::Dim,
        );
        return vec![titled_rule("", total), gone];
    };
    let mut out = vec![titled_rule(&details_text.title, total)];
    let text = labelled_lines(&details_text.details, total);
    let room = height.saturating_sub(1);
    let scroll = state.details_scroll.min(text.len().saturating_sub(room));
    out.extend(truncate_lines(
        text.into_iter().skip(scroll).collect(),
        room,
        total,
        "↓",
    ));
    out.resize(height, StyledLine::default());
    out
}

/// Returns the largest scroll position of the full details, in lines.
pub fn details_max_scroll(
    state: &ViewState,
    result: &QueryResult,
    lines: &VisibleLines,
    services: &Services,
) -> usize {
    let total = usize::from(state.size.0);
    let text = details_text(state, result, lines, services)
        .map_or(0, |s| labelled_lines(&s.details, total).len());
    text.saturating_sub(ScreenLayout::new(state).body_rows().saturating_sub(1))
}

/// Truncates to `room` lines; the last one then says how many are missing and which key shows them.
fn truncate_lines(
    mut text: Vec<StyledLine>,
    room: usize,
    total: usize,
    key: &str,
) -> Vec<StyledLine> {
    if text.len() > room && room > 0 {
        let left_out = text.len() - room + 1;
        text.truncate(room);
        if let Some(last) = text.last_mut() {
            let word = truncate(&format!(" … {left_out} more lines: {key}"), total);
            *last = StyledLine::new(word, Tone::Dim);
        }
    }
    text
}

fn details_text(
    state: &ViewState,
    result: &QueryResult,
    lines: &VisibleLines,
    services: &Services,
) -> Option<DetailsText> {
    let moment = &result.moment;
    let before = |key, listener: Option<&TrackedSocket>| {
        let listener = listener.filter(|row| row.socket.is_listening() && !row.is_closed());
        closed::past_listener_details(key, listener, moment, &state.time_zone)
    };
    let group_text = |group: &Group| {
        let mut details = details::group_details(group, result, &state.findings);
        if let GroupKey::Port(key) = group.key() {
            // Listeners come first.
            let first = result.rows.get(group.rows.start);
            let first = first.and_then(|slot| result.row(*slot));
            details.extend(before(key, first.map(|row| &**row)));
        }
        DetailsText {
            title: group_text::group_title(group, result, services),
            brief: group_text::describe_group(group, result, &state.findings),
            details,
        }
    };
    match lines.at(result, state.cursor)? {
        VisibleLine::Section(_) => None,
        VisibleLine::Group(index) => result.groups.get(index).map(group_text),
        VisibleLine::Subgroup(index) => result.subgroups.get(index).map(group_text),
        VisibleLine::Row { position, .. } => {
            let row = result.row(*result.rows.get(position)?)?;
            let mut details = details::row_details(row, &result.moment, services);
            if let Some(twin) = result.dual_stack_twin(row.slot) {
                let value = Phrase::fact(row_text::format_local(twin, &result.moment));
                details.push(Detail {
                    label: "second address",
                    value,
                });
                details.extend(
                    details::row_details(twin, &result.moment, services)
                        .into_iter()
                        .filter(|d| {
                            matches!(d.label, "inode" | "cookie" | "process" | "accept queue")
                        }),
                );
            }
            let mut brief = row_text::describe_row(row, &result.moment);
            if result.grouping == Grouping::History {
                // In the other views a closed row stays a few seconds only, and says so itself.
                let ended = closed::describe_closed(row, moment, &state.time_zone);
                let more = closed::closed_details(row, moment, &state.time_zone);
                if let (Some(first), Some(detail)) = (brief.first_mut(), details.first_mut()) {
                    (*first, detail.value) = (ended.clone(), ended);
                }
                let at = brief.len().min(details.len());
                details.splice(at..at, more);
            } else if row.socket.is_listening() {
                details.extend(before(row.port_key(), Some(row)));
            }
            Some(DetailsText {
                title: row_text::row_title(row, moment),
                brief,
                details,
            })
        }
    }
}

/// Wraps sentences one after another, each in its tone.
fn wrap_phrases(phrases: &[Phrase], total: usize) -> Vec<StyledLine> {
    let room = total.saturating_sub(2);
    let mut out = vec![StyledLine::new(" ", Tone::Plain)];
    for phrase in phrases {
        for word in phrase.text.split(' ') {
            let needed = width(word) + 1;
            let full = out
                .last()
                .is_some_and(|l| l.width() > 1 && l.width() + needed > room);
            if full {
                out.push(StyledLine::new(" ", Tone::Plain));
            }
            let Some(line) = out.last_mut() else { break };
            line.push(
                format!("{} ", truncate(word, room)),
                phrase.certainty.into(),
            );
        }
    }
    out
}

/// Wraps details beside a column of labels.
fn labelled_lines(details: &[Detail], total: usize) -> Vec<StyledLine> {
    const LABEL: usize = 14;
    let room = total.saturating_sub(LABEL + 3).max(10);
    let mut out = Vec::new();
    for detail in details {
        // A detail without a label before any label is a sentence: it has the whole width.
        let sentence =
            detail.label.is_empty() && !out.iter().any(|l: &StyledLine| l.spans.len() > 1);
        let (label, cells) = if sentence {
            (String::new(), total.saturating_sub(2))
        } else {
            (align_left(detail.label, LABEL), room)
        };
        for (index, text) in wrap(&detail.value.text, cells).into_iter().enumerate() {
            let tone = detail.value.certainty.into();
            let mut line = StyledLine::default();
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
