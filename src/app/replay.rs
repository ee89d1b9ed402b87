//! `portolan replay`: a recording in the dashboard, or one moment of it as a list.

use std::fs::File;
use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::app::cli::{At, Replay, draws};
use crate::app::config::Config;
use crate::app::exit::{Exit, Failure};
use crate::app::feed;
use crate::app::print::{Printer, say};
use crate::collect::Sampled;
use crate::collect::recording::{self, Ending, Reader, Unreadable};
use crate::history::{History, Moment};
use crate::query::filter::Flag;
use crate::snapshot::Gap;

/// Replays.
///
/// # Errors
/// What the system refused, and a file that is no recording.
pub(super) fn replay(replay: &Replay, config: Config) -> Result<Exit, Failure> {
    let path = crate::text::readable(replay.file.as_os_str().as_encoded_bytes()).to_string();
    let reader = recording::open(&replay.file).map_err(|error| match error {
        Unreadable::Refused(error) => Failure::Tape {
            path: path.clone(),
            error,
        },
        other => Failure::Recording {
            path: path.clone(),
            why: other.to_string(),
        },
    })?;
    if draws() && replay.at.is_none() && !replay.layout.asks_for_format() {
        return feed::playback(reader, replay, config);
    }
    let printer = Printer::new(
        &replay.selection,
        &replay.layout,
        &replay.common,
        config.limits,
    )?;
    let host = reader.about().host.clone();
    let mut moment = moment(reader, replay.at, path)?;
    // A list has what is there, unless what is gone is asked for.
    if !replay.selection.filter()?.mentions(Flag::Closed) {
        moment = Arc::new(moment.without_closed());
    }
    printer.print(moment, host.as_deref())
}

/// The last moment that was not after the one asked for. What is wrong with the recording up to
/// there is said.
fn moment(mut reader: Reader<File>, at: Option<At>, path: String) -> Result<Arc<Moment>, Failure> {
    let mut history = History::default();
    let mut until = None;
    let mut found: Option<Arc<Moment>> = None;
    let mut said: Vec<Gap> = Vec::new();
    for sampled in reader.by_ref() {
        let gaps = match sampled {
            Sampled::Failed(gap) => vec![gap],
            Sampled::Snapshot(mut snapshot) => {
                let until = *until.get_or_insert_with(|| wall_clock(at, snapshot.taken_at));
                if until.is_some_and(|until| snapshot.taken_at > until) {
                    break;
                }
                let moment = history.apply(&mut snapshot);
                let gaps = moment.gaps.clone();
                found = Some(moment);
                gaps
            }
        };
        // The gaps of the moment that is shown are said with it.
        for gap in gaps {
            if matches!(gap, Gap::Sampler(_)) && !said.contains(&gap) {
                say(format_args!("{gap}"));
                said.push(gap);
            }
        }
    }
    let moment = found.ok_or_else(|| Failure::Recording {
        path,
        why: match at {
            Some(_) => "this recording has no moment as early as that".into(),
            None => "this recording has no moment that could be shown".into(),
        },
    })?;
    let mut moment = Arc::unwrap_or_clone(moment);
    moment.gaps.retain(|gap| !said.contains(gap));
    if let Some(sentence) = reader.ending().and_then(ending) {
        say(format_args!("{sentence} (after {})", moment.taken_at));
    }
    Ok(Arc::new(moment))
}

/// The moment asked for, in a recording that begins then.
fn wall_clock(at: Option<At>, begun: jiff::Timestamp) -> Option<jiff::Timestamp> {
    match at? {
        At::Time(time) => Some(time),
        At::After(span) => begun.checked_add(span).ok(),
        At::Clock(time) => {
            let day = begun.to_zoned_datetime(TimeZone::system());
            // The whole second counts, as nobody types the rest.
            let zoned = day
                .date()
                .to_datetime(time)
                .to_zoned_datetime(day.time_zone().clone());
            let last = std::time::Duration::from_nanos(999_999_999);
            zoned.ok()?.timestamp().checked_add(last).ok()
        }
    }
}

/// What is to be said of an ending that is none.
pub(super) fn ending(ending: &Ending) -> Option<String> {
    match ending {
        Ending::Whole => None,
        Ending::CutOff => Some("the recording is cut off here".into()),
        Ending::Refused(why) => Some(format!("the recording cannot be read any further: {why}")),
    }
}
