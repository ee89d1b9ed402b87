//! `portolan watch`: a line for every socket that opens, changes or closes.

use std::io::{self, Write};

use crate::app::cli::{StreamChoice, USUAL_INTERVAL, Watch};
use crate::app::config::Config;
use crate::app::exit::{Exit, Failure};
use crate::app::looking::{Looking, Rest};
use crate::collect::{Closes, Demand, OwnerSearch};
use crate::history::Moment;
use crate::query::filter::Context;
use crate::query::{Event, Watcher};
use crate::report::{ndjson_event, plain_event};
use crate::services::Services;

/// Prints what happens until nobody reads it any more.
///
/// # Errors
/// What the system refused.
pub(super) fn watch(watch: &Watch, config: &Config) -> Result<Exit, Failure> {
    let filter = watch.selection.filter()?;
    let narrow = watch.selection.narrow();
    watch.common.start_log()?;
    let services = watch.common.services();
    let interval = watch
        .common
        .interval(config.interval.unwrap_or(USUAL_INTERVAL));
    let demand = Demand {
        ports: filter.ports(),
        owners: OwnerSearch::Sought,
        closes: Closes::Heard,
    };
    let (mut looking, first) = Looking::open(watch.common.source(), interval, demand)?;
    let mut watcher = Watcher::default();
    let mut seen = Some(first);
    loop {
        if let Some(moment) = seen {
            let context = Context {
                moment: &moment,
                services: &services,
            };
            let mut sieve = filter.sieve(context);
            let events = watcher.look(&moment, |row| narrow.lets_through(row) && sieve.passes(row));
            for event in events {
                print(watch.format, event, &moment, &services).map_err(Failure::Output)?;
            }
        }
        if looking.rest(None) == Rest::ReaderGone {
            return Ok(Exit::Done);
        }
        seen = looking.look();
    }
}

/// One event, one line, one write: whoever reads gets whole lines, at once.
fn print(
    format: StreamChoice,
    event: Event,
    moment: &Moment,
    services: &Services,
) -> io::Result<()> {
    let mut line = Vec::new();
    match format {
        StreamChoice::Plain => plain_event(event, moment, services, &mut line)?,
        StreamChoice::Ndjson => ndjson_event(event, moment, services, &mut line)?,
    }
    let mut out = io::stdout().lock();
    out.write_all(&line)?;
    out.flush()
}
