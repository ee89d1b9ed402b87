//! `portolan wait`: waits until a socket matches, or until none does.

use std::time::{Duration, Instant};

use crate::collect::{CloseEvents, SampleScope};
use crate::commands::args::command_args::WaitArgs;
use crate::commands::args::values::Timeout;
use crate::filter::ast::Filter;
use crate::filter::quick_filter::QuickFilter;
use crate::filter::{FilterContext, Flag};
use crate::history::Moment;
use crate::net::services::Services;
use crate::net::snapshot::Gap;
use crate::runtime::console::print_stderr;
use crate::runtime::exit::{Exit, Failure};
use crate::runtime::poller::Poller;
use crate::text::units;

/// The default time between two samples: short, because a script is waiting.
const DEFAULT_INTERVAL: Duration = Duration::from_millis(200);

/// Runs `portolan wait`.
///
/// # Errors
/// Returns a usage error for a missing or invalid filter, or the failed system call.
pub(crate) fn run(wait: &WaitArgs) -> Result<Exit, Failure> {
    let filter = wait.selection.parse_filter()?;
    let quick_filter = wait.selection.quick_filter();
    if filter.is_empty() && quick_filter == QuickFilter::default() {
        return Err(Failure::Usage(
            "wait needs a filter, such as 'port:8080 listen'".into(),
        ));
    }
    wait.common.init_log()?;
    let services = wait.common.services();
    let interval = wait.common.interval_or(DEFAULT_INTERVAL);
    let scope = SampleScope {
        ports: filter.required_ports(),
        owners: filter.required_owners(),
        // With `closed` in the filter, a socket that opens and closes between two samples counts.
        close_events: match filter.contains_flag(Flag::Closed) {
            true => CloseEvents::On,
            false => CloseEvents::Off,
        },
    };
    let (mut poller, first) = Poller::open(wait.common.source_kind(), interval, scope)?;
    let condition = WaitCondition {
        filter,
        quick_filter,
        services: &services,
    };
    let deadline = match wait.timeout {
        Timeout::After(time) => Instant::now().checked_add(time),
        Timeout::Never => None,
    };
    let mut moment = Some(first);
    let mut is_last = deadline.is_some_and(|deadline| Instant::now() >= deadline);
    loop {
        let check = moment.map(|moment| condition.check(&moment));
        let is_done = match check {
            Some(WaitCheck { matching, .. }) if !wait.gone => matching > 0,
            // With --gone, an unread part of the table may still have a match.
            Some(WaitCheck { matching, complete }) => matching == 0 && complete,
            None => false,
        };
        if is_done {
            return Ok(Exit::Success);
        }
        if is_last {
            report_timeout(wait, check);
            return Ok(Exit::Negative);
        }
        poller.wait(deadline);
        // One more sample is taken after the deadline.
        is_last = deadline.is_some_and(|deadline| Instant::now() >= deadline);
        moment = poller.poll();
    }
}

struct WaitCondition<'a> {
    filter: Filter,
    quick_filter: QuickFilter,
    services: &'a Services,
}

/// The result of one sample.
#[derive(Clone, Copy)]
struct WaitCheck {
    /// Number of matching sockets.
    matching: usize,
    /// Whether the whole socket table was read and no match depends on an unknown owner.
    complete: bool,
}

impl WaitCondition<'_> {
    fn check(&self, moment: &Moment) -> WaitCheck {
        let context = FilterContext {
            moment,
            services: self.services,
        };
        // Closed sockets stay in the moment for a while; they count only if the filter has `closed`.
        let closed_too = self.filter.contains_flag(Flag::Closed);
        let mut matcher = self.filter.matcher(context);
        let matching = moment.rows().filter(|row| {
            (closed_too || !row.is_closed())
                && self.quick_filter.matches(row)
                && matcher.matches(row)
        });
        let matching = matching.count();
        let read = !moment.gaps.iter().any(|gap| matches!(gap, Gap::Sockets(_)));
        let undecided = moment.rows().filter(|row| {
            !row.is_closed()
                && self.quick_filter.matches(row)
                && self.filter.depends_on_unknown_owner(row, context)
        });
        WaitCheck {
            matching,
            complete: read && undecided.count() == 0,
        }
    }
}

fn report_timeout(wait: &WaitArgs, check: Option<WaitCheck>) {
    let Timeout::After(time) = wait.timeout else {
        return;
    };
    let time = units::interval(time);
    let text = wait.selection.filter_text();
    let condition = match text.is_empty() {
        true => "the options".to_owned(),
        false => crate::text::sanitize::sanitize(text.as_bytes()).to_string(),
    };
    match check {
        Some(WaitCheck { matching, .. }) if matching > 0 => {
            let sockets = units::pluralize(matching, "socket", "sockets");
            let verb = if matching == 1 { "matches" } else { "match" };
            print_stderr(format_args!(
                "after {time}, {sockets} still {verb} {condition}"
            ));
        }
        _ if wait.gone => print_stderr(format_args!(
            "after {time}, something may still match {condition}: some sockets or owners could not be read"
        )),
        _ => print_stderr(format_args!("nothing matched {condition} within {time}")),
    }
}
