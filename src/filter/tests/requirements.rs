//! What a filter requires: ports that bound every matching row, and owners only where they matter.

use std::sync::Arc;

use proptest::prelude::*;

use super::fixture::FilterFixture;
use super::properties::{any_node, node};
use crate::collect::OwnerMode;
use crate::fields::EndSelector;
use crate::filter::ast::{Comparison, Condition, Filter, Node, NodeKind, NumberRange, NumberTest};
use crate::history::{Ownership, TrackedSocket};
use crate::net::endpoint::Endpoint;
use crate::net::port::{Port, Protocol};

/// Generates filters about ports, including those of the fixture's rows.
fn port_filter() -> impl Strategy<Value = Node> {
    let known = prop::sample::select(vec![
        0_u64, 22, 53, 80, 443, 5432, 8080, 9000, 40_023, 50_000, 51_235, 65_535, 65_536,
    ]);
    let near = (known.clone(), -1..=1_i64).prop_map(|(n, by)| n.saturating_add_signed(by));
    let number = prop_oneof![known, near];
    let end = prop::sample::select(vec![
        EndSelector::Either,
        EndSelector::Local,
        EndSelector::Remote,
    ]);
    let comparison = prop::sample::select(vec![
        Comparison::Greater,
        Comparison::AtLeast,
        Comparison::Less,
        Comparison::AtMost,
    ]);
    let range = (number.clone(), 0..500_u64).prop_map(|(low, more)| NumberRange {
        low,
        high: low + more,
    });
    let test = prop_oneof![
        prop::collection::vec(range, 1..3).prop_map(NumberTest::InRanges),
        (comparison, number.clone()).prop_map(|(c, n)| NumberTest::Compare(c, n)),
    ];
    let port = number.prop_map(|n| Port(n as u16));
    let address = prop::sample::select(vec!["203.0.113.7", "10.0.0.5", "127.0.0.1"]);
    let endpoint = (address, port.clone())
        .prop_map(|(a, p)| Condition::Endpoint(Endpoint::new(a.parse().unwrap(), p)));
    let protocol = prop::sample::select(vec![Protocol::Tcp, Protocol::Udp]);
    let leaf = prop_oneof![
        4 => (end, test).prop_map(|(e, t)| Condition::Port(e, t)),
        1 => (protocol, port).prop_map(|(p, n)| Condition::PortAndProtocol(p, n)),
        1 => endpoint,
    ];
    let leaf = prop_oneof![
        8 => leaf.prop_map(|c| node(NodeKind::Condition(c))),
        1 => any_node(),
    ];
    leaf.prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            3 => prop::collection::vec(inner.clone(), 2..4).prop_map(|c| node(NodeKind::And(c))),
            3 => prop::collection::vec(inner.clone(), 2..4).prop_map(|c| node(NodeKind::Or(c))),
            1 => inner.prop_map(|i| node(NodeKind::Not(Box::new(i)))),
        ]
    })
}

/// Checks that every matching row has a port of the bound.
fn check_required_ports(fixture: &FilterFixture, filter: &Filter) -> Result<(), TestCaseError> {
    let Some(ports) = filter.required_ports() else {
        return Ok(());
    };
    for row in fixture.matching(filter) {
        let (local, remote) = (row.socket.local.port, row.socket.remote_port());
        prop_assert!(
            ports.contains(local) || ports.contains(remote),
            "{} matches {} {}, which is not in {:?}",
            filter,
            local,
            remote,
            ports
        );
    }
    Ok(())
}

proptest! {
    #[test]
    fn every_matching_row_has_a_required_port(tree in port_filter()) {
        check_required_ports(&FilterFixture::new(), &Filter::from(tree))?;
    }

    #[test]
    fn filter_without_required_owners_matches_the_same_without_owners(
        tree in prop_oneof![port_filter(), any_node()],
    ) {
        let mut fixture = FilterFixture::new();
        let filter = Filter::from(tree);
        check_required_ports(&fixture, &filter)?;
        if filter.required_owners() == OwnerMode::Off {
            let before = fixture.matching_letters(&filter);
            Arc::make_mut(&mut fixture.moment.directory).processes.clear();
            let without_owner = |row: &Arc<TrackedSocket>| TrackedSocket {
                ownership: Ownership::Unsupported,
                ..TrackedSocket::clone(row)
            };
            fixture.moment.rows = fixture.moment.rows().map(without_owner).collect();
            prop_assert_eq!(before, fixture.matching_letters(&filter), "{}", filter);
        }
    }
}

#[test]
fn required_ports_are_minimal() {
    for (text, expected) in [
        ("", None),
        ("nginx", None),
        ("not 443", None),
        ("443 or nginx", None),
        ("state:listen", None),
        ("443", Some("443")),
        ("8000-8100,443", Some("443 8000-8100")),
        ("lport<1024", Some("1-1023")),
        ("rport>=65535", Some("65535")),
        ("443/tcp nginx", Some("443")),
        ("port>80 443", Some("443")),
        ("443 or 80 or [::1]:81", Some("80-81 443")),
        ("(443 or nginx) 22", Some("22")),
        ("22 or 443 and 8000-8100", Some("22 443")),
    ] {
        let filter = Filter::parse(text).unwrap();
        let ports = filter.required_ports().map(|set| {
            let ranges = set.ranges().iter().map(|r| match r.first == r.last {
                true => r.first.to_string(),
                false => format!("{}-{}", r.first, r.last),
            });
            ranges.collect::<Vec<_>>().join(" ")
        });
        assert_eq!(ports.as_deref(), expected, "{text}");
    }
}

#[test]
fn only_process_conditions_require_owners() {
    for (text, expected) in [
        ("", OwnerMode::Off),
        ("443 listen", OwnerMode::Off),
        (
            "user:root uid:0 unit:x container:y service:https",
            OwnerMode::Off,
        ),
        ("nginx", OwnerMode::Full),
        ("443 not (80 or pid:1)", OwnerMode::Full),
        ("ppid>1", OwnerMode::Full),
        ("cmd:x", OwnerMode::Full),
        ("proc~x", OwnerMode::Full),
    ] {
        assert_eq!(
            Filter::parse(text).unwrap().required_owners(),
            expected,
            "{text}"
        );
    }
}
