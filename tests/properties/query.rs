//! Moment → result → lines: groups contain every match once, sums are right, orders are total, and
//! every line is found again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use portolan::fields::FIELDS;
use portolan::filter::FilterContext;
use portolan::filter::ast::Filter;
use portolan::filter::quick_filter::{QuickFilter, StateFilter};
use portolan::history::{Moment, TrackedSocket};
use portolan::net::endpoint::Family;
use portolan::net::port::Protocol;
use portolan::net::process::distinct_processes;
use portolan::net::services::Services;
use portolan::query::run::Query;
use portolan::query::{
    Folds, Group, GroupKey, Grouping, LineId, QueryResult, SortColumn, SortDirection, SortOrder,
    VisibleLine, VisibleLines, run,
};
use proptest::prelude::*;

use crate::scenario::scenario;

const FILTERS: [&str; 7] = [
    "",
    "80",
    "nginx",
    "127.0.0.1",
    "listen",
    "tcp 443",
    "nobody-has-this",
];

/// Every order there is.
fn sort_columns() -> Vec<SortColumn> {
    let of_groups_or_sums = [SortColumn::Sockets, SortColumn::Queues];
    let of_fields = FIELDS.iter().filter_map(SortColumn::for_field);
    of_groups_or_sums.into_iter().chain(of_fields).collect()
}

fn query() -> impl Strategy<Value = Query> {
    let grouping = proptest::sample::select(&Grouping::LIVE[..]);
    let column = proptest::sample::select(sort_columns());
    let direction = prop_oneof![
        Just(SortDirection::Ascending),
        Just(SortDirection::Descending)
    ];
    let filter = prop_oneof![4 => Just(""), 1 => proptest::sample::select(&FILTERS[..])];
    let protocol = proptest::option::weighted(0.1, Just(Protocol::Tcp));
    let family = proptest::option::weighted(0.1, Just(Family::Ipv6));
    let phase = prop_oneof![8 => Just(StateFilter::All), 1 => Just(StateFilter::Listening), 1 => Just(StateFilter::Established)];
    (grouping, column, direction, filter, protocol, family, phase).prop_map(
        |(grouping, column, direction, filter, protocol, family, phase)| Query {
            filter: Arc::new(Filter::parse(filter).expect("a filter")),
            quick_filter: QuickFilter {
                protocol,
                family,
                state: phase,
            },
            grouping,
            sort_order: SortOrder { column, direction },
            services: Arc::new(Services::registry()),
        },
    )
}

/// Identifies a row independently of its slot: a closed row and a new one may have the same
/// endpoints.
fn row_identity(row: &TrackedSocket) -> String {
    format!("{:?} {:?}", row.key, row.first_seen)
}

fn matching<'a>(moment: &'a Moment, query: &Query) -> Vec<&'a Arc<TrackedSocket>> {
    let context = FilterContext {
        moment,
        services: &query.services,
    };
    moment
        .rows()
        .filter(|row| query.quick_filter.matches(row) && query.filter.matches(row, context))
        .collect()
}

/// The groups a row should be in, outer and inner.
fn expected_groups(grouping: Grouping, row: &TrackedSocket) -> Vec<(String, Option<GroupKey>)> {
    let port = GroupKey::Port(row.port_key());
    match grouping {
        Grouping::Ports => vec![(format!("{port:?}"), None)],
        Grouping::Hosts => vec![(
            format!("{:?}", row.socket.remote.map(|r| r.canonical_ip())),
            Some(port),
        )],
        Grouping::Processes => match row.ownership.holders() {
            Some(list) => distinct_processes(list)
                .map(|process| (format!("{process:?}"), Some(port)))
                .collect(),
            None => vec![("none".into(), Some(port))],
        },
        Grouping::Sockets | Grouping::History => Vec::new(),
    }
}

fn group_label(key: GroupKey) -> String {
    match key {
        GroupKey::Port(_) => format!("{key:?}"),
        GroupKey::Host(address) => format!("{:?}", Some(address)),
        GroupKey::NoHost => format!("{:?}", None::<std::net::IpAddr>),
        GroupKey::Process(process) => format!("{process:?}"),
        GroupKey::Unowned(_) => "none".into(),
    }
}

/// The rows of a group, including the second sockets of dual-stack listeners.
fn members(result: &QueryResult, group: &Group) -> Vec<Arc<TrackedSocket>> {
    let rows = result.rows[group.rows.clone()].iter();
    rows.flat_map(|slot| [result.row(*slot), result.dual_stack_twin(*slot)])
        .flatten()
        .cloned()
        .collect()
}

fn check_sums(result: &QueryResult, group: &Group) -> Result<(), TestCaseError> {
    let rows = members(result, group);
    let open = || rows.iter().filter(|r| !r.is_closed());
    let summary = &group.summary;
    prop_assert_eq!(summary.sockets as usize, open().count());
    prop_assert_eq!(
        summary.recently_closed as usize,
        rows.len() - open().count()
    );
    prop_assert_eq!(
        summary.listeners as usize,
        open().filter(|r| r.socket.is_listening()).count()
    );
    let states: u32 = summary.states.iter().map(|(_, n)| n).sum();
    prop_assert_eq!(states, summary.sockets);
    let unowned: u32 = summary.unowned.iter().map(|(_, n)| n).sum();
    prop_assert_eq!(
        unowned as usize,
        open().filter(|r| r.ownership.holders().is_none()).count()
    );
    let hosts: BTreeSet<_> = open()
        .filter_map(|r| Some(r.socket.remote?.canonical_ip()))
        .collect();
    prop_assert_eq!(summary.hosts as usize, hosts.len());
    // Every listener on the port counts, even if the filter excludes it.
    let listens = |row: &Arc<TrackedSocket>| {
        !row.is_closed()
            && row.socket.is_listening()
            && GroupKey::Port(row.port_key()) == group.key()
    };
    let reachable = result.moment.rows().any(listens);
    prop_assert_eq!(summary.reach.is_some(), reachable);
    prop_assert_eq!(
        summary.rates.is_some(),
        open().any(|r| r.rates(result.moment.elapsed).is_some())
    );
    Ok(())
}

fn check_partition(result: &QueryResult, query: &Query) -> Result<(), TestCaseError> {
    let matched = matching(&result.moment, query);
    let open = matched.iter().filter(|r| !r.is_closed()).count();
    prop_assert_eq!(result.matched, open);
    let mut expected: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for row in &matched {
        for (outer, inner) in expected_groups(query.grouping, row) {
            expected
                .entry((outer, format!("{inner:?}")))
                .or_default()
                .push(row_identity(row));
        }
    }
    let mut found: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    let leaves = result
        .groups
        .iter()
        .filter(|g| g.subgroups.is_empty())
        .chain(&result.subgroups);
    for group in leaves {
        let rows = members(result, group);
        prop_assert!(!rows.is_empty(), "a group without rows");
        let key = (group_label(group.path.top), format!("{:?}", group.path.sub));
        found
            .entry(key)
            .or_default()
            .extend(rows.iter().map(|r| row_identity(r)));
    }
    expected
        .values_mut()
        .chain(found.values_mut())
        .for_each(|list| list.sort());
    if query.grouping == Grouping::Sockets {
        let names = |rows: Vec<&Arc<TrackedSocket>>| {
            rows.iter()
                .map(|r| row_identity(r))
                .collect::<BTreeSet<_>>()
        };
        let rows: Vec<_> = result.rows.iter().filter_map(|s| result.row(*s)).collect();
        prop_assert_eq!(rows.len(), matched.len());
        prop_assert_eq!(names(rows), names(matched));
    } else {
        prop_assert_eq!(found, expected);
    }
    Ok(())
}

fn check_runs(result: &QueryResult) -> Result<(), TestCaseError> {
    for group in result.groups.iter().chain(&result.subgroups) {
        check_sums(result, group)?;
        prop_assert!(result.group(group.path) == Some(group));
    }
    let mut next = (0, 0);
    for (index, section) in result.sections.iter().enumerate() {
        prop_assert!(index == 0 || result.sections[index - 1].kind < section.kind);
        for group in &result.groups[section.groups.clone()] {
            prop_assert_eq!((group.rows.start, group.subgroups.start), next);
            next = (group.rows.end, group.subgroups.end);
        }
        let groups = &result.groups[section.groups.clone()];
        let open = groups
            .iter()
            .flat_map(|g| members(result, g))
            .filter(|r| !r.is_closed());
        let open: BTreeSet<_> = open.map(|r| r.slot).collect();
        prop_assert_eq!(section.sockets as usize, open.len());
        prop_assert_eq!(
            section.active_groups,
            groups.iter().filter(|g| g.summary.sockets > 0).count()
        );
    }
    if result.grouping != Grouping::Sockets {
        prop_assert_eq!(next, (result.rows.len(), result.subgroups.len()));
    }
    Ok(())
}

fn check_lines(result: &QueryResult, lines: &VisibleLines) -> Result<(), TestCaseError> {
    prop_assert!(
        lines.at(result, lines.len()).is_none() && lines.id(result, lines.len()).is_none()
    );
    let mut seen = Vec::new();
    for number in 0..lines.len() {
        let line = lines.at(result, number);
        prop_assert!(line.is_some() && !seen.contains(&line), "{:?} twice", line);
        seen.push(line);
        let id = lines.id(result, number).expect("every line is something");
        prop_assert_eq!(lines.find(result, id), Some(number), "{:?}", id);
        if let LineId::Row {
            group: Some(path), ..
        } = id
        {
            prop_assert!(lines.folds().is_open(path), "a line of a folded group");
        }
    }
    let rows = seen
        .iter()
        .filter(|l| matches!(l, Some(VisibleLine::Row { .. })))
        .count();
    let shown = |group: &&Group| {
        let outer = group
            .path
            .parent()
            .is_none_or(|parent| lines.folds().is_open(parent));
        outer && group.subgroups.is_empty() && lines.folds().is_open(group.path)
    };
    let expected: usize = match result.grouping {
        Grouping::Sockets | Grouping::History => result.rows.len(),
        _ => {
            let all = result.groups.iter().chain(&result.subgroups).filter(shown);
            all.map(|g| g.rows.len()).sum()
        }
    };
    prop_assert_eq!(rows, expected, "a row is not on the screen");
    let sections = seen
        .iter()
        .filter(|l| matches!(l, Some(VisibleLine::Section(_))))
        .count();
    prop_assert_eq!(sections, result.sections.len());
    Ok(())
}

/// Everything visible of the order, without slots.
fn visible_order(result: &QueryResult) -> Vec<String> {
    let groups = result.groups.iter().chain(&result.subgroups);
    let groups = groups.map(|g| {
        format!(
            "{:?} {:?} {:?} {:?}",
            g.path, g.rows, g.subgroups, g.summary
        )
    });
    let sections = result.sections.iter().map(|s| format!("{s:?}"));
    let rows = result.rows.iter().filter_map(|slot| result.row(*slot));
    sections
        .chain(groups)
        .chain(rows.map(|row| row_identity(row)))
        .collect()
}

proptest! {
    #![proptest_config(crate::scenario::config_with_cases(256))]

    #[test]
    fn query_results_add_up_and_lines_are_found_again(
        scenario in scenario(12, 4),
        query in query(),
        everything_open in any::<bool>(),
        toggled in proptest::collection::vec(any::<proptest::sample::Index>(), 0..6),
    ) {
        let moment = scenario.moments(|_| ()).pop().expect("a moment");
        let result = run(moment, &query);
        check_partition(&result, &query)?;
        check_runs(&result)?;
        let mut folds = if everything_open { Folds::all_open() } else { Folds::default() };
        let paths: Vec<_> = result.groups.iter().chain(&result.subgroups).map(|g| g.path).collect();
        for index in toggled.iter().filter(|_| !paths.is_empty()) {
            folds.toggle(*index.get(&paths));
        }
        check_lines(&result, &VisibleLines::new(&result, &folds))?;
    }

    #[test]
    fn sorting_is_independent_of_socket_order(scenario in scenario(12, 4), query in query(), by in 0usize..12) {
        let usual = scenario.moments(|_| ()).pop().expect("a moment");
        let reordered = scenario.moments(|sockets| {
            let by = by.min(sockets.len());
            sockets.rotate_left(by);
            sockets.reverse();
        });
        let reordered = reordered.last().cloned().expect("a moment");
        prop_assert_eq!(visible_order(&run(usual, &query)), visible_order(&run(reordered, &query)));
    }
}
