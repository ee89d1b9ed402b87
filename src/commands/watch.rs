//! `portolan watch`: prints a line for every socket that opens, changes or closes.

use std::io;
use std::io::Write;

use super::config::Config;
use crate::collect::interval::DEFAULT_INTERVAL;
use crate::collect::{CloseEvents, OwnerMode, SampleScope};
use crate::commands::args::command_args::WatchArgs;
use crate::commands::args::values::EventFormat;
use crate::filter::FilterContext;
use crate::history::Moment;
use crate::net::services::Services;
use crate::output::{write_ndjson_event, write_plain_event};
use crate::query::{MatchEvent, MatchTracker};
use crate::runtime::exit::{Exit, Failure};
use crate::runtime::poller::{Poller, WaitEnd};

/// Runs `portolan watch` until its output is closed.
///
/// # Errors
/// Returns a usage error for an invalid filter, or the failed system call.
pub(crate) fn run(watch: &WatchArgs, config: &Config) -> Result<Exit, Failure> {
    let filter = watch.selection.parse_filter()?;
    let quick_filter = watch.selection.quick_filter();
    watch.common.init_log()?;
    let services = watch.common.services();
    let interval = watch
        .common
        .interval_or(config.interval.unwrap_or(DEFAULT_INTERVAL));
    let scope = SampleScope {
        ports: filter.required_ports(),
        owners: OwnerMode::Full,
        close_events: CloseEvents::On,
    };
    let (mut poller, first) = Poller::open(watch.common.source_kind(), interval, scope)?;
    let mut tracker = MatchTracker::default();
    let mut latest = Some(first);
    loop {
        if let Some(moment) = latest {
            let context = FilterContext {
                moment: &moment,
                services: &services,
            };
            let mut matcher = filter.matcher(context);
            let events = tracker.update(&moment, |row| {
                quick_filter.matches(row) && matcher.matches(row)
            });
            for event in events {
                print_event(watch.format, event, &moment, &services).map_err(Failure::Output)?;
            }
        }
        if poller.wait(None) == WaitEnd::OutputClosed {
            return Ok(Exit::Success);
        }
        latest = poller.poll();
    }
}

/// Prints an event with one write and flushes, so that a reader gets whole lines without delay.
fn print_event(
    format: EventFormat,
    event: MatchEvent,
    moment: &Moment,
    services: &Services,
) -> io::Result<()> {
    let mut line = Vec::new();
    match format {
        EventFormat::Plain => write_plain_event(event, moment, services, &mut line)?,
        EventFormat::Ndjson => write_ndjson_event(event, moment, services, &mut line)?,
    }
    let mut out = io::stdout().lock();
    out.write_all(&line)?;
    out.flush()
}
