//! `portolan record`: samples go into a file until somebody interrupts.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Instant;

use crate::app::cli::{Record, USUAL_INTERVAL};
use crate::app::config::Config;
use crate::app::excerpt::{self, Excerpt};
use crate::app::exit::{Exit, Failure};
use crate::app::print::say;
use crate::collect::recording::{self, Existing, Redactor, Summary};
use crate::collect::{Collector, pace};
use crate::quantity::{self, count};
use crate::snapshot::Gap;

/// Records.
///
/// # Errors
/// What the system refused; what was recorded until then is in the file, and whole.
pub(super) fn record(record: &Record, config: &Config) -> Result<Exit, Failure> {
    let filter = record.selection.filter()?;
    let narrow = record.selection.narrow();
    record.common.start_log()?;
    let services = record.common.services();
    let interval = record
        .common
        .interval(config.interval.unwrap_or(USUAL_INTERVAL));
    let mut collector = Collector::open(record.common.source(), Instant::now())?;
    let mut redactor = record.redact.then(Redactor::default);
    let about = excerpt::about(&record.selection.text(), redactor.is_some());
    let existing = match record.force {
        true => Existing::Replace,
        false => Existing::Keep,
    };
    let path = crate::text::readable(record.file.as_os_str().as_encoded_bytes()).to_string();
    let mut writer = recording::create(&record.file, existing, &about).map_err(|error| {
        let path = path.clone();
        match error.kind() {
            std::io::ErrorKind::AlreadyExists => Failure::Recording {
                path,
                why: "there is a file already; --force replaces it".into(),
            },
            _ => Failure::Tape { path, error },
        }
    })?;
    let wishes = wishes_to_end().map_err(Failure::Thread)?;
    let mut excerpt = Excerpt::of(Arc::new(filter), narrow, services);
    let until = record
        .span
        .and_then(|span| Instant::now().checked_add(span));
    let mut said: Vec<Gap> = Vec::new();
    let mut spare = Vec::new();
    loop {
        let begun = Instant::now();
        let written = match collector.sample(std::mem::take(&mut spare), interval) {
            Ok(mut snapshot) => {
                if let Some(excerpt) = &mut excerpt {
                    excerpt.keep_only(&mut snapshot);
                }
                if let Some(redactor) = &mut redactor {
                    redactor.redact(&mut snapshot);
                }
                snapshot.interval = pace(interval, snapshot.cost.wall);
                snapshot
                    .gaps
                    .iter()
                    .for_each(|gap| say_once(gap, &mut said));
                let written = writer.snapshot(&snapshot);
                spare = snapshot.sockets;
                written
            }
            Err(error) => {
                let gap = Collector::gap(&error);
                say_once(&gap, &mut said);
                writer.failed(&gap)
            }
        };
        let due = begun + pace(interval, begun.elapsed());
        let is_over = written.is_ok() && rest(&wishes, due, until) == Rest::End;
        let written = match is_over {
            true => writer.end().map(|_| ()),
            false => written,
        };
        if let Err(error) = written {
            writer.take_back();
            sum_up(writer.summary(), &path);
            return Err(Failure::Tape { path, error });
        }
        if is_over {
            sum_up(writer.summary(), &path);
            return Ok(Exit::Done);
        }
    }
}

fn sum_up(summary: Summary, path: &str) {
    let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    say(format_args!(
        "recorded {} of {}, {}, in {path}",
        count(number(summary.samples), "sample", "samples"),
        count(number(summary.sockets), "socket", "sockets"),
        quantity::bytes(summary.bytes),
    ));
}

fn say_once(gap: &Gap, said: &mut Vec<Gap>) {
    if !said.contains(gap) {
        say(format_args!("{gap}"));
        said.push(gap.clone());
    }
}

#[cfg(unix)]
fn wishes_to_end() -> std::io::Result<Receiver<()>> {
    crate::app::signals::wishes_to_end()
}

/// Here an interruption ends the program where it is: the file is whole up to the last sample.
#[cfg(not(unix))]
fn wishes_to_end() -> std::io::Result<Receiver<()>> {
    Ok(std::sync::mpsc::channel().1)
}

/// What ended a rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    /// The time for the next sample has come.
    Over,
    /// That was the last sample.
    End,
}

fn rest(wishes: &Receiver<()>, due: Instant, until: Option<Instant>) -> Rest {
    let end = until.map_or(due, |until| due.min(until));
    let left = end.saturating_duration_since(Instant::now());
    match wishes.recv_timeout(left) {
        Ok(()) => return Rest::End,
        Err(RecvTimeoutError::Timeout) => {}
        // Nobody can wish anything here.
        Err(RecvTimeoutError::Disconnected) => std::thread::sleep(left),
    }
    match until.is_some_and(|until| Instant::now() >= until) {
        true => Rest::End,
        false => Rest::Over,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rest_ends_when_it_is_due_when_time_is_up_and_when_told_to() {
        let (wish, wishes) = std::sync::mpsc::channel();
        let now = Instant::now();
        let later = now + std::time::Duration::from_secs(3600);
        assert_eq!(rest(&wishes, now, Some(later)), Rest::Over);
        assert_eq!(rest(&wishes, later, Some(now)), Rest::End);
        wish.send(()).unwrap();
        assert_eq!(rest(&wishes, later, None), Rest::End);
    }
}
