//! Measures filters over all rows: the cost of every key while a filter is typed.

use std::sync::Arc;

use portolan::filter::FilterContext;
use portolan::filter::ast::Filter;
use portolan::history::Moment;
use portolan::net::services::Services;

use crate::stopwatch::Laps;
use crate::table::{Goals, ReportTable};

/// In milliseconds.
const FILTER_GOAL_MS: Goals = &[(1_000, 5.0), (10_000, 5.0), (100_000, 5.0)];

/// A port without sockets, process names without and with sockets, a rare state, a regular
/// expression.
const FILTERS: [(&str, &str); 5] = [
    ("filter: 443", "443"),
    ("filter: nginx", "nginx"),
    ("filter: cost (it has half of them)", "cost"),
    (
        "filter: state:close-wait and age>1m",
        "state:close-wait and age>1m",
    ),
    ("filter: proc~^py", "proc~^py"),
];

/// Measures every filter.
pub(crate) fn measure(table: &mut ReportTable, moment: &Arc<Moment>) {
    let services =
        Services::with_overrides(&portolan::collect::names::etc_services::read_etc_services());
    let context = FilterContext {
        moment,
        services: &services,
    };
    for (label, text) in FILTERS {
        let Ok(filter) = Filter::parse(text) else {
            continue;
        };
        let pick = || {
            let mut matcher = filter.matcher(context);
            moment.rows().filter(|row| matcher.matches(row)).count()
        };
        let laps = Laps::measure(pick);
        table.goal(
            label,
            laps.median().0.as_secs_f64() * 1e3,
            "ms",
            FILTER_GOAL_MS,
        );
    }
}
