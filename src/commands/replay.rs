//! `portolan replay`: opens a recording in the dashboard, or prints one of its samples as a list.

use std::fs::File;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::config::Config;
use super::dashboard;
use super::list::ListPrinter;
use crate::collect::SampleOutcome;
use crate::commands::args::recording_args::{ReplayArgs, ReplayTime};
use crate::filter::Flag;
use crate::history::Moment;
use crate::history::state::History;
use crate::net::snapshot::Gap;
use crate::recording::file;
use crate::recording::reader::{OpenRecordingError, RecordingReader};
use crate::runtime::console::{can_draw_dashboard, print_stderr};
use crate::runtime::exit::{Exit, Failure};
use crate::runtime::player::ending_message;

/// Runs `portolan replay`.
///
/// # Errors
/// Returns a usage error, an invalid recording, or the failed system call.
pub(crate) fn run(replay: &ReplayArgs, config: Config) -> Result<Exit, Failure> {
    let path =
        crate::text::sanitize::sanitize(replay.file.as_os_str().as_encoded_bytes()).to_string();
    let reader = file::open_recording(&replay.file).map_err(|error| match error {
        OpenRecordingError::Io(error) => Failure::RecordingIo {
            path: path.clone(),
            error,
        },
        other => Failure::Recording {
            path: path.clone(),
            why: other.to_string(),
        },
    })?;
    if can_draw_dashboard() && replay.at.is_none() && !replay.output.has_explicit_format() {
        return dashboard::run_playback(reader, replay, config);
    }
    let printer = ListPrinter::new(
        &replay.selection,
        &replay.output,
        &replay.common,
        config.thresholds,
    )?;
    let host = reader.info().host.clone();
    let mut moment = moment_at(reader, replay.at, path)?;
    // Closed sockets are listed only if the filter has `closed`.
    if !replay.selection.parse_filter()?.contains_flag(Flag::Closed) {
        moment = Arc::new(moment.without_closed());
    }
    printer.print(moment, host.as_deref())
}

/// Returns the last moment that is not later than `at`. Prints the errors of the recording up to there
/// to stderr.
fn moment_at(
    mut reader: RecordingReader<File>,
    at: Option<ReplayTime>,
    path: String,
) -> Result<Arc<Moment>, Failure> {
    let mut history = History::default();
    let mut until = None;
    let mut found: Option<Arc<Moment>> = None;
    let mut reported: Vec<Gap> = Vec::new();
    for sampled in reader.by_ref() {
        let gaps = match sampled {
            SampleOutcome::Failed(gap) => vec![gap],
            SampleOutcome::Snapshot(mut snapshot) => {
                let until = *until.get_or_insert_with(|| resolve_time(at, snapshot.taken_at));
                if until.is_some_and(|until| snapshot.taken_at > until) {
                    break;
                }
                let moment = history.apply(&mut snapshot);
                let gaps = moment.gaps.clone();
                found = Some(moment);
                gaps
            }
        };
        // Other gaps belong to their moment and are printed with it.
        for gap in gaps {
            if matches!(gap, Gap::Sampler(_)) && !reported.contains(&gap) {
                print_stderr(format_args!("{gap}"));
                reported.push(gap);
            }
        }
    }
    let moment = found.ok_or_else(|| Failure::Recording {
        path,
        why: match at {
            Some(_) => "the recording has no sample as early as that".into(),
            None => "the recording has no sample to show".into(),
        },
    })?;
    let mut moment = Arc::unwrap_or_clone(moment);
    moment.gaps.retain(|gap| !reported.contains(gap));
    if let Some(sentence) = reader.recording_end().and_then(ending_message) {
        print_stderr(format_args!("{sentence} (after {})", moment.taken_at));
    }
    Ok(Arc::new(moment))
}

/// Converts `at` to a timestamp, relative to the start of the recording.
fn resolve_time(
    at: Option<ReplayTime>,
    recording_start: jiff::Timestamp,
) -> Option<jiff::Timestamp> {
    match at? {
        ReplayTime::Absolute(time) => Some(time),
        ReplayTime::Offset(span) => recording_start.checked_add(span).ok(),
        ReplayTime::TimeOfDay(time) => {
            let day = recording_start.to_zoned_datetime(TimeZone::system());
            // Include the whole second.
            let zoned = day
                .date()
                .to_datetime(time)
                .to_zoned_datetime(day.time_zone().clone());
            let last = std::time::Duration::from_nanos(999_999_999);
            zoned.ok()?.timestamp().checked_add(last).ok()
        }
    }
}
