//! The sockets of a finding are recounted one by one, and every subject can be explained in every
//! perspective.

use std::time::Duration;

use portolan::explain::Perspective;
use portolan::explain::context::ExplainContext;
use portolan::explain::dispatch::build_explanation;
use portolan::explain::subject::ExplainSubject;
use portolan::findings::Thresholds;
use portolan::findings::evaluate::Findings;
use portolan::findings::finding::{Finding, Rule};
use portolan::history::{Moment, TrackedSocket};
use portolan::net::services::Services;
use portolan::net::socket::TcpState;
use portolan::query::GroupKey;
use proptest::prelude::*;

use crate::scenario::{config_with_cases, scenario};

/// Everything is a finding.
const LOWEST_THRESHOLDS: Thresholds = Thresholds {
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

/// Nothing is a finding.
const DISABLED: Thresholds = Thresholds {
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

fn carries_data(row: &TrackedSocket) -> bool {
    let state = row.socket.tcp_state();
    !matches!(state, Some(TcpState::Listen | TcpState::TimeWait))
}

/// Counts the sockets of the port that the rule is about, one by one; `None` if it is not about
/// single sockets.
fn recount(found: &Finding, moment: &Moment) -> Option<usize> {
    let in_state = |row: &TrackedSocket, state| row.socket.tcp_state() == Some(state);
    let is_meant: &dyn Fn(&TrackedSocket) -> bool = match found.id.rule {
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
    #![proptest_config(config_with_cases(64))]

    #[test]
    fn findings_count_their_sockets(scenario in scenario(12, 4)) {
        for moment in scenario.moments(|_| {}) {
            let findings = Findings::from_moment(&moment, &LOWEST_THRESHOLDS);
            prop_assert_eq!(&findings, &Findings::from_moment(&moment, &LOWEST_THRESHOLDS), "the same moment says the same");
            prop_assert!(Findings::from_moment(&moment, &DISABLED).all().is_empty());
            let ids: Vec<_> = findings.all().iter().map(|found| found.id).collect();
            prop_assert!(ids.is_sorted() && ids.windows(2).all(|pair| pair[0] != pair[1]));
            for found in findings.all() {
                if let Some(count) = recount(found, &moment) {
                    prop_assert_eq!(found.count as usize, count, "{:?}", found);
                }
                let open = || moment.rows().filter(|row| !row.is_closed());
                prop_assert!(open().any(|row| row.port_key() == found.id.port), "{:?}", found);
                prop_assert!(open().any(|row| found.concerns(row)), "{:?}", found);
                prop_assert!(found.sentence.text.ends_with('.'), "{:?}", found);
            }
            // And none is missing.
            for row in moment.rows().filter(|row| !row.is_closed()) {
                let leaked = row.socket.tcp_state() == Some(TcpState::CloseWait);
                let found = findings.for_port(row.port_key()).any(|f| f.id.rule == Rule::CloseWaitLeak);
                prop_assert!(!leaked || found, "{:?}", row);
            }
        }
    }

    #[test]
    fn every_subject_has_an_explanation(scenario in scenario(8, 3)) {
        let services = Services::registry();
        for moment in scenario.moments(|_| {}) {
            let findings = Findings::from_moment(&moment, &LOWEST_THRESHOLDS);
            let context = ExplainContext { moment: &moment, services: &services, findings: &findings };
            let mut subjects = vec![ExplainSubject::SocketVsPort, ExplainSubject::NoHost];
            for row in moment.rows() {
                subjects.push(ExplainSubject::Socket(row.key, row.slot));
                subjects.push(ExplainSubject::from_group(GroupKey::Port(row.port_key())));
                let remote = row.socket.remote.filter(|_| !row.is_closed());
                subjects.extend(remote.map(|remote| ExplainSubject::Host(remote.canonical_ip())));
            }
            for subject in subjects {
                for perspective in Perspective::ALL {
                    let said = build_explanation(subject, perspective, context);
                    prop_assert!(said.is_some(), "{:?}", subject);
                    for section in said.into_iter().flat_map(|said| said.sections) {
                        prop_assert!(!section.phrases.is_empty(), "{:?} {:?}", subject, section);
                        let whole = section.phrases.iter().all(|p| p.text.ends_with(['.', '!', '?']));
                        prop_assert!(whole, "{:?} {:?}", subject, section);
                    }
                }
            }
            let sockets = build_explanation(ExplainSubject::SocketVsPort, Perspective::Plain, context);
            let here = sockets.and_then(|said| Some(said.comparisons.first()?.observed.text.clone()));
            let begin = match moment.open_rows {
                0 => "There is none".to_owned(),
                open => portolan::text::units::pluralize(open, "socket here", "sockets here"),
            };
            prop_assert!(here.is_some_and(|text| text.starts_with(&begin)));
        }
    }
}
