//! The first lines: what is shown, how it is collected, what it costs; the filter; a notice.

use crate::collect::Reason;
use crate::history::Totals;
use crate::port::Protocol;
use crate::quantity::{self, count};
use crate::query::{Answer, Grouping, Narrow, Phase};
use crate::snapshot::Sight;
use crate::teach;
use crate::teach::findings::Gravity;
use crate::view::banner;
use crate::view::cells::{cut, width};
use crate::view::course::{Course, Sitting};
use crate::view::screen::{Line, Span, Tone};
use crate::view::state::{Feed, Manner, Mode, NoticeKind, Playback, Stage, ViewState};

/// Program, views, how the collecting goes, what there is, what it costs.
pub(super) fn header(state: &ViewState, answer: Option<&Answer>, total: usize) -> Line {
    if let Some(course) = &state.course {
        return banner::taught(course, state, answer, total);
    }
    if state.manner == Manner::Presenter {
        return banner::presented(state, answer, total);
    }
    let full = total >= 72;
    let mut line = Line::of(if full { " portolan " } else { " " }, Tone::Strong);
    for (index, view) in Grouping::ALL.into_iter().enumerate() {
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
    // From the most to the least important: what has no room is left out, and all after it.
    let mut right = Line::default();
    let mut parts = parts(state, answer);
    // Which moment is shown is never left out where it is not the newest.
    let fits = |part: &Line| line.width() + part.width() + 3 < total;
    if let Some(first) = parts.first_mut().filter(|first| !fits(first))
        && state.feed != Feed::Live
    {
        *first = stopped(state, answer);
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
    line.push_right(right, total);
    line
}

fn parts(state: &ViewState, answer: Option<&Answer>) -> Vec<Line> {
    let mut parts = vec![feed(state, answer)];
    if let Some(tape) = &state.tape {
        let words = format!("● rec {}B", quantity::bytes(tape.bytes));
        parts.push(Line::of(words, Tone::Closed));
    }
    let Some(answer) = answer else { return parts };
    let moment = &answer.moment;
    if answer.grouping == Grouping::History {
        let closed = count(moment.open, "closed socket", "closed sockets");
        parts.push(Line::of(closed, Tone::Plain));
        parts.push(cost(state));
        return parts;
    }
    parts.push(Line::of(
        count(moment.open, "socket", "sockets"),
        Tone::Plain,
    ));
    parts.extend(looking(&moment.sight));
    parts.extend(findings(state));
    if moment.hidden_rows > 0 {
        parts.push(Line::of(
            format!("{} hidden", quantity::thousands(moment.hidden_rows)),
            Tone::Warning,
        ));
    }
    let best = state
        .source
        .as_ref()
        .is_none_or(|s| s.reason == Reason::Best);
    let source = Line::of(
        moment.source.name(),
        if best { Tone::Dim } else { Tone::Warning },
    );
    if !best {
        parts.push(source.clone());
    }
    parts.push(cost(state));
    parts.push(Line::of(count(moment.ports, "port", "ports"), Tone::Dim));
    parts.push(Line::of(
        count(moment.processes, "process", "processes"),
        Tone::Dim,
    ));
    if best {
        parts.push(source);
    }
    parts
}

/// How much is stuck or odd, where anything is.
fn findings(state: &ViewState) -> Option<Line> {
    let all = state.findings.all();
    // The most urgent come first.
    let tone = match all.first()?.row().gravity {
        Gravity::Stuck => Tone::Warning,
        Gravity::Odd => Tone::Inference,
    };
    let words = count(all.len(), "finding", "findings");
    Some(Line::of(format!("! {words}"), tone))
}

pub(super) fn feed(state: &ViewState, answer: Option<&Answer>) -> Line {
    if let Some(playback) = &state.playback {
        return replayed(state, playback, answer);
    }
    match state.feed {
        Feed::Live => match state.stretched {
            None => Line::of(
                format!("● live {}", quantity::interval(state.interval)),
                Tone::Opened,
            ),
            Some(real) => Line::of(
                format!(
                    "● live {} (wished {})",
                    quantity::interval(real),
                    quantity::interval(state.interval)
                ),
                Tone::Warning,
            ),
        },
        Feed::Paused { until, at } => {
            let ago = quantity::age(state.newest.elapsed.saturating_sub(at));
            missed(state, until, format!("❚❚ paused {ago} "))
        }
        Feed::Past(_) => match answer.map(|answer| &answer.moment) {
            None => Line::of("❚❚", Tone::Warning),
            Some(moment) => {
                let ago = state.newest.elapsed.saturating_sub(moment.elapsed);
                let ago = quantity::age(ago);
                let clock = teach::clock(moment.elapsed, moment, &state.zone);
                missed(state, moment.totals, format!("❚❚ {clock}, {ago} ago "))
            }
        },
    }
}

/// Which moment is shown, in few words.
fn stopped(state: &ViewState, answer: Option<&Answer>) -> Line {
    let moment = answer.map(|answer| &answer.moment);
    let clock = moment.map(|moment| teach::clock(moment.elapsed, moment, &state.zone));
    Line::of(format!("❚❚ {}", clock.unwrap_or_default()), Tone::Warning)
}

/// What happened since the moment that is shown.
fn missed(state: &ViewState, until: Totals, words: String) -> Line {
    let Totals {
        opened,
        closed,
        changed,
    } = state.newest.totals.since(until);
    let mut line = Line::of(words, Tone::Warning);
    line.push(format!(" +{opened}"), Tone::Opened);
    line.push(format!(" −{closed}"), Tone::Closed);
    line.push(format!(" ~{changed}"), Tone::Changed);
    line
}

/// The recorded time, so that nobody takes it for now.
fn replayed(state: &ViewState, playback: &Playback, answer: Option<&Answer>) -> Line {
    let time = answer.map_or_else(String::new, |answer| {
        let zoned = answer.moment.taken_at.to_zoned_datetime(state.zone.clone());
        format!(" {}", zoned.strftime("%F %T"))
    });
    let speed = match playback.speed {
        1.0 => String::new(),
        speed => format!(" ×{speed}"),
    };
    match playback.stage {
        _ if state.feed != Feed::Live => Line::of(format!("❚❚ replay{time}{speed}"), Tone::Warning),
        Stage::Running => Line::of(format!("▶ replay{time}{speed}"), Tone::Accent),
        Stage::Over => Line::of(format!("■ end of replay{time}"), Tone::Warning),
    }
}

/// How far the first look into the processes is, while it lasts: until then owners are missing.
fn looking(sight: &Sight) -> Option<Line> {
    let seen = u64::from(sight.readable) + u64::from(sight.hidden);
    let all = seen + u64::from(sight.unvisited);
    (sight.unvisited > 0).then(|| {
        let share = seen * 100 / all;
        Line::of(format!("owners {share} %"), Tone::Warning)
    })
}

/// As wide as it ever gets: it changes with every sample, and its neighbours should not move.
fn cost(state: &ViewState) -> Line {
    let cpu = state.newest.cpu.map_or(String::new(), quantity::share);
    let took = quantity::took(state.newest.sample);
    Line::of(format!("{took:>5} {cpu:>4}"), Tone::Dim)
}

/// The filter line, and the column of its text cursor.
pub(super) fn filter(state: &ViewState, answer: Option<&Answer>, total: usize) -> (Line, usize) {
    if state.mode == Mode::Palette {
        return palette(state, total);
    }
    let table = |course: &Course| course.sitting().is_some_and(Sitting::shows_table);
    if state.course.as_ref().is_some_and(|course| !table(course)) {
        return (Line::default(), 0);
    }
    let typing = state.mode == Mode::Filter;
    let mut line = Line::of(" / ", if typing { Tone::Accent } else { Tone::Dim });
    let found = answer.map(|a| matched(state, a)).unwrap_or_default();
    let room = total.saturating_sub(4 + width(&found));
    let text = &state.filter.text;
    let before = text.get(..state.filter.cursor).unwrap_or(text);
    let column = 3 + width(before).min(room);
    if text.is_empty() && !typing && state.manner == Manner::Presenter {
        return (Line::default(), column);
    } else if text.is_empty() && !typing {
        line.push(
            cut(
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
        line.push(visible(text, before, room), tone);
    }
    let only = match state.course.is_some() && !typing {
        true => "only this lesson's sockets".into(),
        false => switches(state.narrow),
    };
    if !only.is_empty() && line.width() + width(&only) + 2 < total.saturating_sub(width(&found)) {
        line.push(format!("  {only}"), Tone::Accent);
    }
    line.push_right(Line::of(found, Tone::Dim), total);
    (line, column)
}

/// The line of the palette, in the place of the filter line.
fn palette(state: &ViewState, total: usize) -> (Line, usize) {
    let mut line = Line::of(" : ", Tone::Accent);
    let room = total.saturating_sub(4);
    let text = &state.palette.text;
    let before = text.get(..state.palette.cursor).unwrap_or(text);
    if text.is_empty() {
        line.push(
            cut("part of a command's words, or its key", room),
            Tone::Dim,
        );
    } else {
        line.push(visible(text, before, room), Tone::Strong);
    }
    (line, 3 + width(before).min(room))
}

/// The part of a long text in which the cursor is.
fn visible(text: &str, before: &str, room: usize) -> String {
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
    cut(&rest, room)
}

fn matched(state: &ViewState, answer: &Answer) -> String {
    let all = answer.moment.open;
    if state.filter.text.is_empty() && state.narrow == Narrow::default() {
        return String::new();
    }
    let of = match answer.grouping {
        Grouping::History => count(all, "closed socket", "closed sockets"),
        _ => count(all, "socket", "sockets"),
    };
    format!("{} of {of} ", quantity::thousands(answer.matched))
}

/// The switches that are on, in words.
pub(super) fn switches(narrow: Narrow) -> String {
    let protocol = narrow.protocol.map(|p| match p {
        Protocol::Tcp => "only TCP",
        Protocol::Udp => "only UDP",
    });
    let family = narrow.family.map(|f| match f {
        crate::endpoint::Family::Ipv4 => "only IPv4",
        crate::endpoint::Family::Ipv6 => "only IPv6",
    });
    let phase = match narrow.phase {
        Phase::All => None,
        Phase::Listening => Some("only listening"),
        Phase::ListeningOrEstablished => Some("only listening or established"),
        Phase::Established => Some("only established"),
    };
    let all: Vec<&str> = [protocol, family, phase].into_iter().flatten().collect();
    all.join(", ")
}

/// What is wrong with the filter, under the place; else the most important notice.
pub(super) fn notice(state: &ViewState, total: usize) -> Option<Line> {
    if let Some(error) = &state.filter.error {
        let before = state.filter.text.get(..error.span.start).unwrap_or("");
        let wrong = state.filter.text.get(error.span.clone()).unwrap_or("");
        let carets = "^".repeat(width(wrong).max(1));
        let place = 3 + width(before);
        let words = match state.filter.good.as_str() {
            "" => error.to_string(),
            good => format!("{error} (in force meanwhile: {good})"),
        };
        let text = if place + width(&carets) + 1 + width(&words) <= total {
            format!("{}{carets} {words}", " ".repeat(place))
        } else if width(&words) + 2 <= place && place + width(&carets) <= total {
            format!("{words:>end$} {carets}", end = place - 1)
        } else {
            // Where the caret would leave no room for the words, the words matter more.
            format!(" {words}")
        };
        return Some(Line::of(cut(&text, total), Tone::Error));
    }
    let first = state.notices.first()?;
    let more = match state.notices.len() {
        1 => String::new(),
        n => format!("  (and {} more: ?)", n - 1),
    };
    let tone = match first.kind {
        NoticeKind::Trouble => Tone::Error,
        NoticeKind::Done => Tone::Accent,
        NoticeKind::Unseen => Tone::Warning,
    };
    let room = total.saturating_sub(4 + width(&more));
    let text = cut(&first.text, room);
    Some(Line {
        spans: vec![Span::new(format!(" ! {text}{more}"), tone)],
        ..Line::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_look_says_how_far_it_is_and_then_nothing() {
        let text = |readable, hidden, unvisited| {
            let sight = Sight {
                readable,
                hidden,
                unvisited,
            };
            looking(&sight).map(|line| line.text())
        };
        assert_eq!(text(3, 1, 6).as_deref(), Some("owners 40 %"));
        assert_eq!(text(0, 0, 6).as_deref(), Some("owners 0 %"));
        assert_eq!(text(3, 1, 0), None);
    }
}
