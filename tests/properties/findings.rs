//! What is found is counted again by hand, and whatever is there can be explained in every look.

use std::time::Duration;

use portolan::history::{Moment, Tracked};
use portolan::query::GroupKey;
use portolan::services::Services;
use portolan::socket::TcpState;
use portolan::teach::findings::{Finding, Rule};
use portolan::teach::{Findings, Known, Limits, Look, Subject, explain};
use proptest::prelude::*;

use crate::world::{cases, world};

/// Everything is worth a look.
const LOW: Limits = Limits {
    close_wait_age: Some(Duration::ZERO),
    close_wait_count: None,
    unread_age: Some(Duration::ZERO),
    undrained_age: Some(Duration::ZERO),
    backlog_percent: Some(1),
    syn_sent_age: Some(Duration::ZERO),
    ephemeral_percent: Some(1),
    time_wait_count: Some(1),
    local_only_count: Some(1),
};

/// Nothing is.
const NEVER: Limits = Limits {
    close_wait_age: None,
    close_wait_count: None,
    unread_age: None,
    undrained_age: None,
    backlog_percent: None,
    syn_sent_age: None,
    ephemeral_percent: None,
    time_wait_count: None,
    local_only_count: None,
};

fn carries_data(row: &Tracked) -> bool {
    let state = row.socket.tcp_state();
    !matches!(state, Some(TcpState::Listen | TcpState::TimeWait))
}

/// How many sockets of the port the rule is about, counted one by one; `None` where it is not about
/// each of them.
fn counted(found: &Finding, moment: &Moment) -> Option<usize> {
    let in_state = |row: &Tracked, state| row.socket.tcp_state() == Some(state);
    let is_meant: &dyn Fn(&Tracked) -> bool = match found.id.rule {
        Rule::CloseWaitLeak => &|row| in_state(row, TcpState::CloseWait),
        Rule::SynSentUnanswered => &|row| in_state(row, TcpState::SynSent),
        Rule::TimeWaitPile => &|row| in_state(row, TcpState::TimeWait),
        Rule::UnreadInput => &|row| carries_data(row) && row.stall.input.is_some(),
        Rule::UndrainedOutput => &|row| carries_data(row) && row.stall.output.is_some(),
        _ => return None,
    };
    let rows = moment.rows().filter(|row| !row.is_closed());
    let own = rows.filter(|row| row.port_key() == found.id.port);
    Some(own.filter(|row| is_meant(row)).count())
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn findings_count_the_sockets_they_are_about(world in world(12, 4)) {
        for moment in world.moments(|_| {}) {
            let findings = Findings::of(&moment, &LOW);
            prop_assert_eq!(&findings, &Findings::of(&moment, &LOW), "the same moment says the same");
            prop_assert!(Findings::of(&moment, &NEVER).all().is_empty());
            let ids: Vec<_> = findings.all().iter().map(|found| found.id).collect();
            prop_assert!(ids.is_sorted() && ids.windows(2).all(|pair| pair[0] != pair[1]));
            for found in findings.all() {
                if let Some(count) = counted(found, &moment) {
                    prop_assert_eq!(found.count as usize, count, "{:?}", found);
                }
                let open = || moment.rows().filter(|row| !row.is_closed());
                prop_assert!(open().any(|row| row.port_key() == found.id.port), "{:?}", found);
                prop_assert!(open().any(|row| found.concerns(row)), "{:?}", found);
                prop_assert!(found.sentence.text.ends_with('.'), "{:?}", found);
            }
            // And nothing is left out.
            for row in moment.rows().filter(|row| !row.is_closed()) {
                let leaked = row.socket.tcp_state() == Some(TcpState::CloseWait);
                let found = findings.at(row.port_key()).any(|f| f.id.rule == Rule::CloseWaitLeak);
                prop_assert!(!leaked || found, "{:?}", row);
            }
        }
    }

    #[test]
    fn whatever_is_there_can_be_explained(world in world(8, 3)) {
        let services = Services::registry();
        for moment in world.moments(|_| {}) {
            let findings = Findings::of(&moment, &LOW);
            let known = Known { moment: &moment, services: &services, findings: &findings };
            let mut subjects = vec![Subject::Difference, Subject::NoHost];
            for row in moment.rows() {
                subjects.push(Subject::Row(row.key, row.slot));
                subjects.push(Subject::of(GroupKey::Port(row.port_key())));
                let remote = row.socket.remote.filter(|_| !row.is_closed());
                subjects.extend(remote.map(|remote| Subject::Host(remote.plain())));
            }
            for subject in subjects {
                for look in Look::ALL {
                    let said = explain(subject, look, known);
                    prop_assert!(said.is_some(), "{:?}", subject);
                    for passage in said.into_iter().flat_map(|said| said.passages) {
                        prop_assert!(!passage.said.is_empty(), "{:?} {:?}", subject, passage);
                        let whole = passage.said.iter().all(|p| p.text.ends_with(['.', '!', '?']));
                        prop_assert!(whole, "{:?} {:?}", subject, passage);
                    }
                }
            }
            let sockets = explain(Subject::Difference, Look::Words, known);
            let here = sockets.and_then(|said| Some(said.contrasts.first()?.here.text.clone()));
            let begin = match moment.open {
                0 => "There is none".to_owned(),
                open => portolan::quantity::count(open, "socket here", "sockets here"),
            };
            prop_assert!(here.is_some_and(|text| text.starts_with(&begin)));
        }
    }
}
