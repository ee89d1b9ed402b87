//! Tests of `ended`: sockets whose close was sampled, and sockets that were in TIME-WAIT before the
//! first sample.

use std::time::Duration;

use super::fixture::FilterFixture;
use crate::filter::ast::Filter;
use crate::history::{ObservedSince, TrackedSocket, Transition};
use crate::net::socket::TcpState;

/// Returns the row of a connection that closed a minute ago, with this time and state of its first
/// sample.
fn closed_row(
    fixture: &FilterFixture,
    first_seen: ObservedSince,
    first_state: TcpState,
) -> TrackedSocket {
    let is_time_wait = |row: &&TrackedSocket| row.socket.tcp_state() == Some(TcpState::TimeWait);
    let everything = Filter::default();
    let mut rows = fixture.matching(&everything);
    let mut row = rows.find(is_time_wait).unwrap().clone();
    row.first_seen = first_seen;
    row.states = vec![first_state, TcpState::TimeWait];
    row.states.dedup();
    row.transition = Some(Transition::Closed(
        fixture.moment.elapsed - Duration::from_secs(60),
    ));
    row
}

#[test]
fn close_before_the_first_sample_has_only_a_minimum_age() {
    let fixture = FilterFixture::new();
    let sampled = ObservedSince::Sampled(Duration::from_secs(1));
    let before = ObservedSince::BeforeFirstSample(Duration::ZERO);
    let sampled_close = closed_row(&fixture, sampled, TcpState::TimeWait);
    let closed_before = closed_row(&fixture, before, TcpState::TimeWait);
    let opened_before = closed_row(&fixture, before, TcpState::Established);
    for (text, matches_sampled, matches_before) in [
        ("ended>30s", true, true),
        ("ended>=1m", true, true),
        ("ended>1m", false, false),
        // A maximum age is unknown for one that closed before the first sample.
        ("ended<1h", true, false),
        ("ended<=1m", true, false),
        ("ended:30s-1h", true, false),
        ("not ended<1h", false, true),
    ] {
        let filter = Filter::parse(text).unwrap();
        let matches = |row| filter.matches(row, fixture.context());
        assert_eq!(matches(&sampled_close), matches_sampled, "{text}");
        assert_eq!(matches(&opened_before), matches_sampled, "{text}");
        assert_eq!(matches(&closed_before), matches_before, "{text}");
    }
}

#[test]
fn open_sockets_never_match_ended() {
    let fixture = FilterFixture::new();
    for text in ["ended>=0", "ended<1d", "ended:0-1d"] {
        let filter = Filter::parse(text).unwrap();
        let mut matching = fixture.matching(&filter);
        assert!(matching.all(TrackedSocket::is_closed), "{text}");
        assert_eq!(fixture.matching(&filter).count(), 1, "{text}");
    }
}
