//! Filters over all rows: what every key costs while somebody types one.

use std::sync::Arc;

use portolan::filter::FilterContext;
use portolan::filter::ast::Filter;
use portolan::history::Moment;
use portolan::net::services::Services;

use crate::stopwatch::Laps;
use crate::table::{Goals, ReportTable};

/// Milliseconds.
const FILTER_GOAL_MS: Goals = &[(1_000, 5.0), (10_000, 5.0), (100_000, 5.0)];

/// A port nobody has, names nobody and somebody has, a rare state, a pattern.
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

/// Measures them.
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
            let mut sieve = filter.matcher(context);
            moment.rows().filter(|row| sieve.matches(row)).count()
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
