//! `portolan record`: writes samples to a file until interrupted.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Instant;

use super::config::Config;
use crate::collect::interval::DEFAULT_INTERVAL;
use crate::collect::{Collector, effective_interval};
use crate::commands::args::recording_args::RecordArgs;
use crate::net::snapshot::Gap;
use crate::recording::file;
use crate::recording::file::ExistingFile;
use crate::recording::redact::Redactor;
use crate::recording::writer::RecordingSummary;
use crate::runtime::console::print_stderr;
use crate::runtime::exit::{Exit, Failure};
use crate::runtime::recording_filter;
use crate::runtime::recording_filter::RecordingFilter;
use crate::text::units;
use crate::text::units::pluralize;

/// Runs `portolan record`.
///
/// # Errors
/// Returns a usage error or the failed system call; the samples written so far remain readable.
pub(crate) fn run(record: &RecordArgs, config: &Config) -> Result<Exit, Failure> {
    let filter = record.selection.parse_filter()?;
    let quick_filter = record.selection.quick_filter();
    record.common.init_log()?;
    let services = record.common.services();
    let interval = record
        .common
        .interval_or(config.interval.unwrap_or(DEFAULT_INTERVAL));
    let mut collector = Collector::open(record.common.source_kind(), Instant::now())?;
    let mut redactor = record.redact.then(Redactor::default);
    let metadata =
        recording_filter::recording_metadata(&record.selection.filter_text(), redactor.is_some());
    let existing = match record.force {
        true => ExistingFile::Replace,
        false => ExistingFile::Keep,
    };
    let path =
        crate::text::sanitize::sanitize(record.file.as_os_str().as_encoded_bytes()).to_string();
    let mut writer =
        file::create_recording(&record.file, existing, &metadata).map_err(|error| {
            let path = path.clone();
            match error.kind() {
                std::io::ErrorKind::AlreadyExists => Failure::Recording {
                    path,
                    why: "the file exists; --force replaces it".into(),
                },
                _ => Failure::RecordingIo { path, error },
            }
        })?;
    let stop_requests = stop_requests().map_err(Failure::Thread)?;
    let mut recording_filter =
        RecordingFilter::for_filter(Arc::new(filter), quick_filter, services);
    let deadline = record
        .duration
        .and_then(|span| Instant::now().checked_add(span));
    let mut reported: Vec<Gap> = Vec::new();
    let mut buffer = Vec::new();
    loop {
        let started = Instant::now();
        let written = match collector.sample(std::mem::take(&mut buffer), interval) {
            Ok(mut snapshot) => {
                if let Some(recording_filter) = &mut recording_filter {
                    recording_filter.apply(&mut snapshot);
                }
                if let Some(redactor) = &mut redactor {
                    redactor.redact(&mut snapshot);
                }
                snapshot.interval = effective_interval(interval, snapshot.cost.wall);
                snapshot
                    .gaps
                    .iter()
                    .for_each(|gap| report_once(gap, &mut reported));
                let written = writer.write_snapshot(&snapshot);
                buffer = snapshot.sockets;
                written
            }
            Err(error) => {
                let gap = Collector::gap_from_error(&error);
                report_once(&gap, &mut reported);
                writer.write_failure(&gap)
            }
        };
        let due = started + effective_interval(interval, started.elapsed());
        let is_finished = written.is_ok()
            && wait_for_next_sample(&stop_requests, due, deadline) == RecordWait::Stop;
        let written = match is_finished {
            true => writer.finish().map(|_| ()),
            false => written,
        };
        if let Err(error) = written {
            writer.truncate_partial_block();
            print_summary(writer.summary(), &path);
            return Err(Failure::RecordingIo { path, error });
        }
        if is_finished {
            print_summary(writer.summary(), &path);
            return Ok(Exit::Success);
        }
    }
}

fn print_summary(summary: RecordingSummary, path: &str) {
    let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    print_stderr(format_args!(
        "recorded {} of {}, {}, in {path}",
        pluralize(number(summary.samples), "sample", "samples"),
        pluralize(number(summary.sockets), "socket", "sockets"),
        units::bytes(summary.bytes),
    ));
}

fn report_once(gap: &Gap, reported: &mut Vec<Gap>) {
    if !reported.contains(gap) {
        print_stderr(format_args!("{gap}"));
        reported.push(gap.clone());
    }
}

#[cfg(unix)]
fn stop_requests() -> std::io::Result<Receiver<()>> {
    crate::runtime::signals::stop_requests()
}

/// Returns a channel without a sender: an interrupt ends the program at once. The file is complete up to
/// the last sample.
#[cfg(not(unix))]
fn stop_requests() -> std::io::Result<Receiver<()>> {
    Ok(std::sync::mpsc::channel().1)
}

/// Why waiting for the next sample ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RecordWait {
    /// The next sample is due.
    NextSample,
    /// The deadline has passed, or a signal arrived.
    Stop,
}

fn wait_for_next_sample(
    stop_requests: &Receiver<()>,
    due: Instant,
    deadline: Option<Instant>,
) -> RecordWait {
    let end = deadline.map_or(due, |deadline| due.min(deadline));
    let left = end.saturating_duration_since(Instant::now());
    match stop_requests.recv_timeout(left) {
        Ok(()) => return RecordWait::Stop,
        Err(RecvTimeoutError::Timeout) => {}
        // Not Unix: there is no sender.
        Err(RecvTimeoutError::Disconnected) => std::thread::sleep(left),
    }
    match deadline.is_some_and(|deadline| Instant::now() >= deadline) {
        true => RecordWait::Stop,
        false => RecordWait::NextSample,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wait_ends_when_due_at_the_deadline_and_on_a_stop_request() {
        let (stop_sender, stop_requests) = std::sync::mpsc::channel();
        let now = Instant::now();
        let later = now + std::time::Duration::from_secs(3600);
        assert_eq!(
            wait_for_next_sample(&stop_requests, now, Some(later)),
            RecordWait::NextSample
        );
        assert_eq!(
            wait_for_next_sample(&stop_requests, later, Some(now)),
            RecordWait::Stop
        );
        stop_sender.send(()).unwrap();
        assert_eq!(
            wait_for_next_sample(&stop_requests, later, None),
            RecordWait::Stop
        );
    }
}
