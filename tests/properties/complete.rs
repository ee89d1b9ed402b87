//! What completion offers is a filter, and finds the rows it was counted for; what `=` and `!` make
//! of a line finds the line, or leaves it out.

use std::sync::Arc;

use portolan::history::{History, Moment};
use portolan::query::filter::Context;
use portolan::query::{
    Answer, Filter, Folds, Joined, Joining, Line, Lines, Narrow, Phase, Query, Typed, answer,
    aspects, complete, joined,
};
use portolan::services::Services;
use proptest::prelude::*;

use crate::support::scene::recording;
use crate::world::world;

/// What may stand before the cursor.
const BEGUN: [&str; 26] = [
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
    let samples = recording(name).into_iter();
    samples
        .map(|mut sample| history.apply(&mut sample))
        .collect()
}

/// Every candidate of every place.
fn check(moment: &Moment, narrow: Narrow) -> Result<(), TestCaseError> {
    let services = Services::registry();
    let context = Context {
        moment,
        services: &services,
    };
    let open = || moment.rows().filter(|row| !row.is_closed());
    for begun in BEGUN
        .into_iter()
        .chain(["state:", "side:", "proto:", "family:", "ppid:"])
    {
        let typed = Typed {
            text: begun.into(),
            cursor: begun.len(),
        };
        let found = complete(&typed, context, narrow);
        let head = &begun[..found.replace.start];
        for candidate in &found.candidates {
            let Some(count) = candidate.count else {
                continue;
            };
            // Alone: what stands before may leave it out.
            let field = begun.split_once(':').map_or("", |(field, _)| field);
            let alone = match field {
                "" => candidate.text.clone(),
                field => format!("{field}:{}", candidate.text),
            };
            let filter = Filter::parse(&alone);
            prop_assert!(filter.is_ok(), "{alone}: {filter:?}");
            let filter = filter.expect("just looked");
            let matching =
                open().filter(|row| narrow.lets_through(row) && filter.matches(row, context));
            let matching = matching.count();
            prop_assert!(matching >= count, "{alone} finds {matching} of {count}");
            let all = format!("{head}{}", candidate.text);
            let closed = all.matches('(').count() > all.matches(')').count();
            let all = if closed { format!("{all})") } else { all };
            prop_assert!(Filter::parse(&all).is_ok(), "{all}");
        }
        if let Some(common) = &found.common {
            let common_to = |c: &portolan::query::Candidate| c.text.starts_with(&**common);
            prop_assert!(found.candidates.iter().all(common_to), "{common}");
        }
    }
    Ok(())
}

/// Every line of an answer.
fn check_lines(answer: &Answer, services: &Services) -> Result<(), TestCaseError> {
    let context = Context {
        moment: &answer.moment,
        services,
    };
    let lines = Lines::new(answer, &Folds::everything_open());
    for number in 0..lines.len() {
        let Some(place) = lines.at(answer, number) else {
            continue;
        };
        let rows = match place {
            Line::Section(_) => continue,
            Line::Group(index) => answer.groups[index].rows.clone(),
            Line::Inner(index) => answer.inner[index].rows.clone(),
            Line::Row { position, .. } => position..position + 1,
        };
        let rows = answer.rows[rows]
            .iter()
            .filter_map(|slot| answer.row(*slot));
        for condition in aspects(answer, place) {
            let text = |joining| {
                let typed = "loopback or not loopback";
                let before = Filter::parse(typed).expect("a filter");
                match joined(typed, &before, condition.clone(), joining) {
                    Joined::Text(text) | Joined::Already(text) => text,
                }
            };
            let parse = |text: &str| {
                Filter::parse(text).map_err(|e| TestCaseError::fail(format!("{text}: {e}")))
            };
            let only = parse(&text(Joining::Only))?;
            let without = parse(&text(Joining::Without))?;
            let mut any = false;
            for row in rows.clone() {
                let kept = only.matches(row, context);
                prop_assert_ne!(kept, without.matches(row, context), "{}", only);
                any |= kept;
            }
            prop_assert!(any, "{only} finds nothing of the line");
            if matches!(place, Line::Row { .. }) {
                prop_assert!(rows.clone().all(|row| only.matches(row, context)), "{only}");
            }
        }
    }
    Ok(())
}

#[test]
fn what_is_offered_in_the_recordings_is_a_filter_and_finds_its_rows() {
    for name in [
        "web",
        "zoo",
        "names",
        "ipv6",
        "unprivileged",
        "changes",
        "empty",
    ] {
        for moment in moments(name) {
            check(&moment, Narrow::default()).expect("candidates");
            let services = Arc::new(Services::registry());
            let mut query = Query::everything(Arc::clone(&services));
            for grouping in portolan::query::Grouping::ALL {
                query.grouping = grouping;
                query.order = grouping.usual_order();
                let answer = answer(Arc::clone(&moment), &query);
                check_lines(&answer, &services).expect("lines");
            }
        }
    }
}

#[test]
fn the_best_comes_first() {
    let moments = moments("web");
    let services = Services::registry();
    let context = Context {
        moment: &moments[0],
        services: &services,
    };
    let best = |text: &str| {
        let typed = Typed {
            text: text.into(),
            cursor: text.len(),
        };
        let found = complete(&typed, context, Narrow::default());
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
    assert_eq!(best("rec"), "recvq>");
    assert_eq!(best("tcp a"), "addr:, age>, and");
    assert_eq!(best("a"), "addr:, age>, ada 5");
    assert_eq!(best("prot:x"), "");
}

proptest! {
    #![proptest_config(crate::world::cases(48))]

    #[test]
    fn what_is_offered_is_a_filter_and_finds_its_rows(world in world(10, 3), established: bool) {
        let mut history = History::default();
        let phase = if established { Phase::Established } else { Phase::All };
        let narrow = Narrow { phase, ..Narrow::default() };
        for mut snapshot in world.snapshots() {
            check(&history.apply(&mut snapshot), narrow)?;
        }
    }
}
