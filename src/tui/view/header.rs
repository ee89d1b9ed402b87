//! The first lines: the header with views and status, the filter line, the notice line.

use super::lesson_header;
use super::screen::{StyledLine, StyledSpan, Tone};
use super::time_status::{paused_short, time_status};
use crate::collect::SourceReason;
use crate::filter::quick_filter::{QuickFilter, StateFilter};
use crate::findings::finding::Severity;
use crate::net::port::Protocol;
use crate::net::snapshot::OwnerCoverage;
use crate::query::{Grouping, QueryResult};
use crate::text::units;
use crate::text::units::pluralize;
use crate::text::width::{truncate, width};
use crate::tui::state::lessons::{LessonsState, Session};
use crate::tui::state::view_state::{DisplayMode, Mode, NoticeKind, TimeMode, ViewState};

/// Draws the header: program, views, sampling status, counts, cost.
pub(crate) fn draw_header(
    state: &ViewState,
    result: Option<&QueryResult>,
    total: usize,
) -> StyledLine {
    if let Some(lessons) = &state.lessons {
        return lesson_header::lessons_title(lessons, state, result, total);
    }
    if state.display_mode == DisplayMode::Presentation {
        return lesson_header::presentation_title(state, result, total);
    }
    let full = total >= 72;
    let mut line = StyledLine::new(if full { " portolan " } else { " " }, Tone::Strong);
    for (index, view) in Grouping::LIVE.into_iter().enumerate() {
        let here = view == state.grouping;
        let title = if full || here {
            format!(" {}", view.title())
        } else {
            String::new()
        };
        let tone = if here { Tone::Accent } else { Tone::Dim };
        line.push(format!(" {}{title}", index + 1), tone);
        if full {
            line.push(" ", Tone::Plain);
        }
    }
    if state.grouping == Grouping::History {
        line.push(" H History", Tone::Accent);
    }
    // In order of importance: the first part without room is left out, and all after it.
    let mut right = StyledLine::default();
    let mut parts = status_parts(state, result);
    // The time is never left out unless it is live.
    let fits = |part: &StyledLine| line.width() + part.width() + 3 < total;
    if let Some(first) = parts.first_mut().filter(|first| !fits(first))
        && state.time_mode != TimeMode::Live
    {
        *first = paused_short(state, result);
    }
    for part in parts {
        if line.width() + right.width() + part.width() + 3 >= total {
            break;
        }
        if !right.spans.is_empty() {
            right.push("  ", Tone::Plain);
        }
        right.spans.extend(part.spans);
    }
    right.push(" ", Tone::Plain);
    line.push_right_aligned(right, total);
    line
}

fn status_parts(state: &ViewState, result: Option<&QueryResult>) -> Vec<StyledLine> {
    let mut parts = vec![time_status(state, result)];
    if let Some(recording) = &state.recording {
        let words = format!("● rec {}B", units::bytes(recording.bytes));
        parts.push(StyledLine::new(words, Tone::Closed));
    }
    let Some(result) = result else { return parts };
    let moment = &result.moment;
    if result.grouping == Grouping::History {
        let closed = pluralize(moment.open_rows, "closed socket", "closed sockets");
        parts.push(StyledLine::new(closed, Tone::Plain));
        parts.push(sampling_cost(state));
        return parts;
    }
    parts.push(StyledLine::new(
        pluralize(moment.open_rows, "socket", "sockets"),
        Tone::Plain,
    ));
    parts.extend(owner_scan_progress(&moment.sight));
    parts.extend(findings_part(state));
    if moment.hidden_rows > 0 {
        parts.push(StyledLine::new(
            format!("{} hidden", units::thousands(moment.hidden_rows)),
            Tone::Warning,
        ));
    }
    let best = state
        .source
        .as_ref()
        .is_none_or(|s| s.reason == SourceReason::Best);
    let source = StyledLine::new(
        moment.source.name(),
        if best { Tone::Dim } else { Tone::Warning },
    );
    if !best {
        parts.push(source.clone());
    }
    parts.push(sampling_cost(state));
    parts.push(StyledLine::new(
        pluralize(moment.port_count, "port", "ports"),
        Tone::Dim,
    ));
    parts.push(StyledLine::new(
        pluralize(moment.process_count, "process", "processes"),
        Tone::Dim,
    ));
    if best {
        parts.push(source);
    }
    parts
}

/// Returns the number of findings, if there are any.
fn findings_part(state: &ViewState) -> Option<StyledLine> {
    let all = state.findings.all();
    // The most urgent come first.
    let tone = match all.first()?.rule_spec().severity {
        Severity::Warning => Tone::Warning,
        Severity::Notice => Tone::Inference,
    };
    let words = pluralize(all.len(), "finding", "findings");
    Some(StyledLine::new(format!("! {words}"), tone))
}

/// Returns the progress of the first process scan; until it is complete, owners are missing.
fn owner_scan_progress(coverage: &OwnerCoverage) -> Option<StyledLine> {
    let scanned = u64::from(coverage.readable) + u64::from(coverage.hidden);
    let all = scanned + u64::from(coverage.unscanned);
    (coverage.unscanned > 0).then(|| {
        let share = scanned * 100 / all;
        StyledLine::new(format!("owners {share} %"), Tone::Warning)
    })
}

/// Returns duration and CPU share of a sample. The width is fixed: the values change with every
/// sample, and the neighbours should not move.
fn sampling_cost(state: &ViewState) -> StyledLine {
    let cpu = state.latest.cpu_share.map_or(String::new(), units::percent);
    let took = units::duration(state.latest.duration);
    StyledLine::new(format!("{took:>5} {cpu:>4}"), Tone::Dim)
}

/// Returns the filter line, and the column of its text cursor.
pub(crate) fn filter_line(
    state: &ViewState,
    result: Option<&QueryResult>,
    total: usize,
) -> (StyledLine, usize) {
    if state.mode == Mode::Palette {
        return palette_line(state, total);
    }
    let table = |lessons: &LessonsState| lessons.session().is_some_and(Session::shows_table);
    if state
        .lessons
        .as_ref()
        .is_some_and(|lessons| !table(lessons))
    {
        return (StyledLine::default(), 0);
    }
    let typing = state.mode == Mode::Filter;
    let mut line = StyledLine::new(" / ", if typing { Tone::Accent } else { Tone::Dim });
    let found = result.map(|a| match_count(state, a)).unwrap_or_default();
    let room = total.saturating_sub(4 + width(&found));
    let text = &state.filter.text;
    let before = text.get(..state.filter.cursor).unwrap_or(text);
    let column = 3 + width(before).min(room);
    if text.is_empty() && !typing && state.display_mode == DisplayMode::Presentation {
        return (StyledLine::default(), column);
    } else if text.is_empty() && !typing {
        line.push(
            truncate(
                "filter, such as 8080 · nginx · 10.0.0.0/8 · close-wait · age>1h · a or b · not a",
                room,
            ),
            Tone::Dim,
        );
    } else {
        let tone = if state.filter.error.is_some() {
            Tone::Error
        } else {
            Tone::Strong
        };
        line.push(visible_part(text, before, room), tone);
    }
    let only = match state.lessons.is_some() && !typing {
        true => "only this lesson's sockets".into(),
        false => describe_quick_filter(state.quick_filter),
    };
    if !only.is_empty() && line.width() + width(&only) + 2 < total.saturating_sub(width(&found)) {
        line.push(format!("  {only}"), Tone::Accent);
    }
    line.push_right_aligned(StyledLine::new(found, Tone::Dim), total);
    (line, column)
}

/// Returns the input line of the palette, which replaces the filter line.
fn palette_line(state: &ViewState, total: usize) -> (StyledLine, usize) {
    let mut line = StyledLine::new(" : ", Tone::Accent);
    let room = total.saturating_sub(4);
    let text = &state.palette.text;
    let before = text.get(..state.palette.cursor).unwrap_or(text);
    if text.is_empty() {
        line.push(truncate("command name or key", room), Tone::Dim);
    } else {
        line.push(visible_part(text, before, room), Tone::Strong);
    }
    (line, 3 + width(before).min(room))
}

/// Returns the part of a long text that contains the cursor.
fn visible_part(text: &str, before: &str, room: usize) -> String {
    if width(text) <= room {
        return text.into();
    }
    let hidden = width(before).saturating_sub(room.saturating_sub(1));
    let mut skipped = 0;
    let rest: String = text
        .chars()
        .skip_while(|c| {
            let skip = skipped < hidden;
            skipped += width(c.encode_utf8(&mut [0; 4]));
            skip
        })
        .collect();
    truncate(&rest, room)
}

fn match_count(state: &ViewState, result: &QueryResult) -> String {
    let all = result.moment.open_rows;
    if state.filter.text.is_empty() && state.quick_filter == QuickFilter::default() {
        return String::new();
    }
    let of = match result.grouping {
        Grouping::History => pluralize(all, "closed socket", "closed sockets"),
        _ => pluralize(all, "socket", "sockets"),
    };
    format!("{} of {of} ", units::thousands(result.matched))
}

/// Describes the active quick filters, such as `only TCP, only listening`.
pub(crate) fn describe_quick_filter(quick_filter: QuickFilter) -> String {
    let protocol = quick_filter.protocol.map(|p| match p {
        Protocol::Tcp => "only TCP",
        Protocol::Udp => "only UDP",
    });
    let family = quick_filter.family.map(|f| match f {
        crate::net::endpoint::Family::Ipv4 => "only IPv4",
        crate::net::endpoint::Family::Ipv6 => "only IPv6",
    });
    let phase = match quick_filter.state {
        StateFilter::All => None,
        StateFilter::Listening => Some("only listening"),
        StateFilter::ListeningOrEstablished => Some("only listening or established"),
        StateFilter::Established => Some("only established"),
    };
    let all: Vec<&str> = [protocol, family, phase].into_iter().flatten().collect();
    all.join(", ")
}

/// Returns the error of the filter, below its place; else the most important notice.
pub(crate) fn notice_line(state: &ViewState, total: usize) -> Option<StyledLine> {
    if let Some(error) = &state.filter.error {
        let before = state.filter.text.get(..error.span.start).unwrap_or("");
        let invalid = state.filter.text.get(error.span.clone()).unwrap_or("");
        let carets = "^".repeat(width(invalid).max(1));
        let place = 3 + width(before);
        let words = match state.filter.last_valid.as_str() {
            "" => error.to_string(),
            last_valid => format!("{error} (still filtering by \"{last_valid}\")"),
        };
        let text = if place + width(&carets) + 1 + width(&words) <= total {
            format!("{}{carets} {words}", " ".repeat(place))
        } else if width(&words) + 2 <= place && place + width(&carets) <= total {
            format!("{words:>end$} {carets}", end = place - 1)
        } else {
            // If there is no room for both, the message matters more than the carets.
            format!(" {words}")
        };
        return Some(StyledLine::new(truncate(&text, total), Tone::Error));
    }
    let first = state.notices.first()?;
    let more = match state.notices.len() {
        1 => String::new(),
        n => format!("  (and {} more: ?)", n - 1),
    };
    let tone = match first.kind {
        NoticeKind::Error => Tone::Error,
        NoticeKind::Info => Tone::Accent,
        NoticeKind::Limitation => Tone::Warning,
    };
    let room = total.saturating_sub(4 + width(&more));
    let text = truncate(&first.text, room);
    Some(StyledLine {
        spans: vec![StyledSpan::new(format!(" ! {text}{more}"), tone)],
        ..StyledLine::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owner_scan_shows_progress_until_it_is_complete() {
        let text = |readable, hidden, unscanned| {
            let coverage = OwnerCoverage {
                readable,
                hidden,
                unscanned,
            };
            owner_scan_progress(&coverage).map(|line| line.text())
        };
        assert_eq!(text(3, 1, 6).as_deref(), Some("owners 40 %"));
        assert_eq!(text(0, 0, 6).as_deref(), Some("owners 0 %"));
        assert_eq!(text(3, 1, 0), None);
    }
}
