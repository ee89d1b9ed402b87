//! Every completion is a valid filter and matches the rows it was counted for; what `=` and `!`
//! make of a line matches the line, or excludes it.

use portolan::filter::complete::complete;
use std::sync::Arc;

use portolan::filter::FilterContext;
use portolan::filter::ast::Filter;
use portolan::filter::complete::CompletionInput;
use portolan::filter::edit::{EditedFilter, FilterEdit, edit_filter};
use portolan::filter::quick_filter::{QuickFilter, StateFilter};
use portolan::history::Moment;
use portolan::history::state::History;
use portolan::net::services::Services;
use portolan::query::run::Query;
use portolan::query::{Folds, QueryResult, VisibleLine, VisibleLines, row_conditions, run};
use proptest::prelude::*;

use crate::scenario::scenario;
use crate::support::text_recording::load_recording;

/// Texts before the cursor.
const PREFIXES: [&str; 26] = [
    "",
    "p",
    "tcp and ",
    "not(",
    "-",
    "\"",
    "\"n",
    "proc:",
    "proc:\"",
    "proc:nginx,",
    "cmd:",
    "user:",
    "unit:",
    "container:",
    "service:",
    "interface:",
    "port:",
    "lport:",
    "rport:4",
    "addr:",
    "laddr:",
    "raddr:1",
    "host:",
    "reach:",
    "pid:",
    "uid:",
];

fn moments(name: &str) -> Vec<Arc<Moment>> {
    let mut history = History::default();
    let samples = load_recording(name).into_iter();
    samples
        .map(|mut sample| history.apply(&mut sample))
        .collect()
}

/// Checks every candidate at every position.
fn check_candidates(moment: &Moment, quick_filter: QuickFilter) -> Result<(), TestCaseError> {
    let services = Services::registry();
    let context = FilterContext {
        moment,
        services: &services,
    };
    let open = || moment.rows().filter(|row| !row.is_closed());
    for prefix in PREFIXES
        .into_iter()
        .chain(["state:", "side:", "proto:", "family:", "ppid:"])
    {
        let typed = CompletionInput {
            text: prefix.into(),
            cursor: prefix.len(),
        };
        let found = complete(&typed, context, quick_filter);
        let head = &prefix[..found.replace.start];
        for candidate in &found.candidates {
            let Some(count) = candidate.count else {
                continue;
            };
            // On its own: the text before may exclude it.
            let field = prefix.split_once(':').map_or("", |(field, _)| field);
            let alone = match field {
                "" => candidate.text.clone(),
                field => format!("{field}:{}", candidate.text),
            };
            let filter = Filter::parse(&alone);
            prop_assert!(filter.is_ok(), "{alone}: {filter:?}");
            let filter = filter.expect("checked above");
            let matching =
                open().filter(|row| quick_filter.matches(row) && filter.matches(row, context));
            let matching = matching.count();
            prop_assert!(matching >= count, "{alone} finds {matching} of {count}");
            let all = format!("{head}{}", candidate.text);
            let closed = all.matches('(').count() > all.matches(')').count();
            let all = if closed { format!("{all})") } else { all };
            prop_assert!(Filter::parse(&all).is_ok(), "{all}");
        }
        if let Some(common) = &found.common_prefix {
            let common_to =
                |c: &portolan::filter::complete::Candidate| c.text.starts_with(&**common);
            prop_assert!(found.candidates.iter().all(common_to), "{common}");
        }
    }
    Ok(())
}

/// Checks the conditions of every line of a result.
fn check_lines(result: &QueryResult, services: &Services) -> Result<(), TestCaseError> {
    let context = FilterContext {
        moment: &result.moment,
        services,
    };
    let lines = VisibleLines::new(result, &Folds::all_open());
    for number in 0..lines.len() {
        let Some(line) = lines.at(result, number) else {
            continue;
        };
        let rows = match line {
            VisibleLine::Section(_) => continue,
            VisibleLine::Group(index) => result.groups[index].rows.clone(),
            VisibleLine::Subgroup(index) => result.subgroups[index].rows.clone(),
            VisibleLine::Row { position, .. } => position..position + 1,
        };
        let rows = result.rows[rows]
            .iter()
            .filter_map(|slot| result.row(*slot));
        for condition in row_conditions(result, line) {
            let text = |edit| {
                let typed = "loopback or not loopback";
                let before = Filter::parse(typed).expect("a filter");
                match edit_filter(typed, &before, condition.clone(), edit) {
                    EditedFilter::Text(text) | EditedFilter::Unchanged(text) => text,
                }
            };
            let parse = |text: &str| {
                Filter::parse(text).map_err(|e| TestCaseError::fail(format!("{text}: {e}")))
            };
            let only = parse(&text(FilterEdit::Include))?;
            let without = parse(&text(FilterEdit::Exclude))?;
            let mut any = false;
            for row in rows.clone() {
                let kept = only.matches(row, context);
                prop_assert_ne!(kept, without.matches(row, context), "{}", only);
                any |= kept;
            }
            prop_assert!(any, "{only} finds nothing of the line");
            if matches!(line, VisibleLine::Row { .. }) {
                prop_assert!(rows.clone().all(|row| only.matches(row, context)), "{only}");
            }
        }
    }
    Ok(())
}

#[test]
fn completions_for_recordings_parse_and_match_their_rows() {
    for name in [
        "web",
        "socket-kinds",
        "names",
        "ipv6",
        "unprivileged",
        "changes",
        "empty",
    ] {
        for moment in moments(name) {
            check_candidates(&moment, QuickFilter::default()).expect("candidates");
            let services = Arc::new(Services::registry());
            let mut query = Query::unfiltered(Arc::clone(&services));
            for grouping in portolan::query::Grouping::LIVE {
                query.grouping = grouping;
                query.sort_order = grouping.default_order();
                let result = run(Arc::clone(&moment), &query);
                check_lines(&result, &services).expect("lines");
            }
        }
    }
}

#[test]
fn completions_are_ranked() {
    let moments = moments("web");
    let services = Services::registry();
    let context = FilterContext {
        moment: &moments[0],
        services: &services,
    };
    let best = |text: &str| {
        let typed = CompletionInput {
            text: text.into(),
            cursor: text.len(),
        };
        let found = complete(&typed, context, QuickFilter::default());
        let three = found.candidates.into_iter().take(3).map(|c| match c.count {
            Some(count) => format!("{} {count}", c.text),
            None => c.text,
        });
        three.collect::<Vec<_>>().join(", ")
    };
    assert_eq!(best("proc:"), "nginx 8, firefox 4, postgres 4");
    assert_eq!(best("proc:s"), "sshd 2, systemd-resolve 2, sshd-session 1");
    assert_eq!(best("port:4"), "443 11, 41000 2, 41002 2");
    assert_eq!(best("state:CL"), "close-wait 1, closed 0, closing 0");
    assert_eq!(best("state:closew"), "close-wait 1");
    assert_eq!(best("rec"), "recvq>, received>");
    assert_eq!(best("recv"), "recvq>");
    assert_eq!(best("tcp a"), "addr:, age>, and");
    assert_eq!(best("a"), "addr:, age>, ada 5");
    assert_eq!(best("prot:x"), "");
}

proptest! {
    #![proptest_config(crate::scenario::config_with_cases(48))]

    #[test]
    fn completions_parse_and_match_their_rows(scenario in scenario(10, 3), established: bool) {
        let mut history = History::default();
        let phase = if established { StateFilter::Established } else { StateFilter::All };
        let quick_filter = QuickFilter { state: phase, ..QuickFilter::default() };
        for mut snapshot in scenario.snapshots() {
            check_candidates(&history.apply(&mut snapshot), quick_filter)?;
        }
    }
}
