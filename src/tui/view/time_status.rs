//! The time status in the header: live, paused, in the past, or replay.

use super::screen::{StyledLine, Tone};
use crate::explain::closed;
use crate::history::Totals;
use crate::query::QueryResult;
use crate::text::units;
use crate::tui::state::view_state::{Playback, PlaybackStatus, TimeMode, ViewState};

pub(crate) fn time_status(state: &ViewState, result: Option<&QueryResult>) -> StyledLine {
    if let Some(playback) = &state.playback {
        return replay_status(state, playback, result);
    }
    match state.time_mode {
        TimeMode::Live => match state.actual_interval {
            None => StyledLine::new(
                format!("● live {}", units::interval(state.interval)),
                Tone::Opened,
            ),
            Some(actual) => StyledLine::new(
                format!(
                    "● slowed to {} (set: {})",
                    units::interval(actual),
                    units::interval(state.interval)
                ),
                Tone::Warning,
            ),
        },
        TimeMode::Paused { totals, at } => {
            let ago = units::age(state.latest.elapsed.saturating_sub(at));
            changes_since(state, totals, format!("❚❚ paused {ago} "))
        }
        TimeMode::Past(_) => match result.map(|result| &result.moment) {
            None => StyledLine::new("❚❚", Tone::Warning),
            Some(moment) => {
                let ago = state.latest.elapsed.saturating_sub(moment.elapsed);
                let ago = units::age(ago);
                let clock = closed::format_clock(moment.elapsed, moment, &state.time_zone);
                changes_since(state, moment.totals, format!("❚❚ {clock}, {ago} ago "))
            }
        },
    }
}

/// Returns the time of the moment that is shown, short.
pub(super) fn paused_short(state: &ViewState, result: Option<&QueryResult>) -> StyledLine {
    let moment = result.map(|result| &result.moment);
    let clock = moment.map(|moment| closed::format_clock(moment.elapsed, moment, &state.time_zone));
    StyledLine::new(format!("❚❚ {}", clock.unwrap_or_default()), Tone::Warning)
}

/// Appends the changes since the moment that is shown.
fn changes_since(state: &ViewState, since: Totals, label: String) -> StyledLine {
    let Totals {
        opened,
        closed,
        changed,
    } = state.latest.totals.since(since);
    let mut line = StyledLine::new(label, Tone::Warning);
    line.push(format!(" +{opened}"), Tone::Opened);
    line.push(format!(" −{closed}"), Tone::Closed);
    line.push(format!(" ~{changed}"), Tone::Changed);
    line
}

/// Returns the recorded date and time, so that a replay is not mistaken for live data.
fn replay_status(
    state: &ViewState,
    playback: &Playback,
    result: Option<&QueryResult>,
) -> StyledLine {
    let time = result.map_or_else(String::new, |result| {
        let zoned = result
            .moment
            .taken_at
            .to_zoned_datetime(state.time_zone.clone());
        format!(" {}", zoned.strftime("%F %T"))
    });
    let speed = match playback.speed {
        1.0 => String::new(),
        speed => format!(" ×{speed}"),
    };
    match playback.status {
        _ if state.time_mode != TimeMode::Live => {
            StyledLine::new(format!("❚❚ replay{time}{speed}"), Tone::Warning)
        }
        PlaybackStatus::Playing => StyledLine::new(format!("▶ replay{time}{speed}"), Tone::Accent),
        PlaybackStatus::Ended => StyledLine::new(format!("■ end of replay{time}"), Tone::Warning),
    }
}
