//! `portolan wait`: until something matches, or nothing does any more.

use std::time::{Duration, Instant};

use crate::app::cli::{Timeout, Wait};
use crate::app::exit::{Exit, Failure};
use crate::app::looking::Looking;
use crate::app::print::say;
use crate::collect::{Closes, Demand};
use crate::history::Moment;
use crate::quantity;
use crate::query::filter::{Context, Flag};
use crate::query::{Filter, Narrow};
use crate::services::Services;
use crate::snapshot::Gap;

/// The time between two looks where none is asked for: somebody is waiting.
const USUAL_INTERVAL: Duration = Duration::from_millis(200);

/// Waits.
///
/// # Errors
/// What the system refused, and a wait for nothing in particular.
pub(super) fn wait(wait: &Wait) -> Result<Exit, Failure> {
    let filter = wait.selection.filter()?;
    let narrow = wait.selection.narrow();
    if filter.is_empty() && narrow == Narrow::default() {
        return Err(Failure::Usage(
            "wait needs to know for what: a filter such as 'port:8080 listen'".into(),
        ));
    }
    wait.common.start_log()?;
    let services = wait.common.services();
    let interval = wait.common.interval(USUAL_INTERVAL);
    let demand = Demand {
        ports: filter.ports(),
        owners: filter.owners(),
        // Whoever waits for a socket to be gone may wait for one that no sample has.
        closes: match filter.mentions(Flag::Closed) {
            true => Closes::Heard,
            false => Closes::NotHeard,
        },
    };
    let (mut looking, first) = Looking::open(wait.common.source(), interval, demand)?;
    let wanted = Wanted {
        filter,
        narrow,
        services: &services,
    };
    let until = match wait.timeout {
        Timeout::After(time) => Instant::now().checked_add(time),
        Timeout::Never => None,
    };
    let mut look = Some(first);
    let mut is_last = until.is_some_and(|until| Instant::now() >= until);
    loop {
        let seen = look.map(|moment| wanted.seen(&moment));
        let fulfilled = match seen {
            Some(Seen { matching, .. }) if !wait.gone => matching > 0,
            // What could not be seen may be what is waited for to go.
            Some(Seen { matching, whole }) => matching == 0 && whole,
            None => false,
        };
        if fulfilled {
            return Ok(Exit::Done);
        }
        if is_last {
            complain(wait, seen);
            return Ok(Exit::No);
        }
        looking.rest(until);
        // The last look is one that began when the time was up.
        is_last = until.is_some_and(|until| Instant::now() >= until);
        look = looking.look();
    }
}

struct Wanted<'a> {
    filter: Filter,
    narrow: Narrow,
    services: &'a Services,
}

/// What one look told.
#[derive(Clone, Copy)]
struct Seen {
    /// Sockets that match.
    matching: usize,
    /// Whether all of the socket table was read, and nothing hangs on an owner that is hidden.
    whole: bool,
}

impl Wanted<'_> {
    fn seen(&self, moment: &Moment) -> Seen {
        let context = Context {
            moment,
            services: self.services,
        };
        // A socket that is gone is still remembered for a while; it counts where it is asked for.
        let closed_too = self.filter.mentions(Flag::Closed);
        let mut sieve = self.filter.sieve(context);
        let matching = moment.rows().filter(|row| {
            (closed_too || !row.is_closed()) && self.narrow.lets_through(row) && sieve.passes(row)
        });
        let matching = matching.count();
        let read = !moment.gaps.iter().any(|gap| matches!(gap, Gap::Sockets(_)));
        let hangs = moment.rows().filter(|row| {
            !row.is_closed()
                && self.narrow.lets_through(row)
                && self.filter.hangs_on_owner(row, context)
        });
        Seen {
            matching,
            whole: read && hangs.count() == 0,
        }
    }
}

fn complain(wait: &Wait, seen: Option<Seen>) {
    let Timeout::After(time) = wait.timeout else {
        return;
    };
    let time = quantity::interval(time);
    let text = wait.selection.text();
    let what = match text.is_empty() {
        true => "the options".to_owned(),
        false => crate::text::readable(text.as_bytes()).to_string(),
    };
    match seen {
        Some(Seen { matching, .. }) if matching > 0 => {
            let sockets = quantity::count(matching, "socket", "sockets");
            let verb = if matching == 1 { "matches" } else { "match" };
            say(format_args!("after {time}, {sockets} still {verb} {what}"));
        }
        _ if wait.gone => say(format_args!(
            "after {time} it is not sure that nothing matches {what}: not all sockets, or not all of their owners, could be seen"
        )),
        _ => say(format_args!("nothing matched {what} within {time}")),
    }
}
