//! What a filter needs: a bound that no row escapes, and owners only where they decide.

use std::sync::Arc;

use proptest::prelude::*;

use super::super::tree::{Comparison, Condition, End, Interval, Node, NodeKind, NumberTest};
use super::laws::{node, tree};
use super::scene::Scene;
use crate::collect::OwnerSearch;
use crate::endpoint::Endpoint;
use crate::history::{Ownership, Tracked};
use crate::port::{Port, Protocol};
use crate::query::Filter;

/// Filters about ports, among them those that rows of the scene have.
fn about_ports() -> impl Strategy<Value = Node> {
    let known = prop::sample::select(vec![
        0_u64, 22, 53, 80, 443, 5432, 8080, 9000, 40_023, 50_000, 51_235, 65_535, 65_536,
    ]);
    let near = (known.clone(), -1..=1_i64).prop_map(|(n, by)| n.saturating_add_signed(by));
    let number = prop_oneof![known, near];
    let end = prop::sample::select(vec![End::Either, End::Local, End::Remote]);
    let comparison = prop::sample::select(vec![
        Comparison::Greater,
        Comparison::AtLeast,
        Comparison::Less,
        Comparison::AtMost,
    ]);
    let interval = (number.clone(), 0..500_u64).prop_map(|(low, more)| Interval {
        low,
        high: low + more,
    });
    let test = prop_oneof![
        prop::collection::vec(interval, 1..3).prop_map(NumberTest::OneOf),
        (comparison, number.clone()).prop_map(|(c, n)| NumberTest::Compare(c, n)),
    ];
    let port = number.prop_map(|n| Port(n as u16));
    let address = prop::sample::select(vec!["203.0.113.7", "10.0.0.5", "127.0.0.1"]);
    let endpoint = (address, port.clone())
        .prop_map(|(a, p)| Condition::Endpoint(Endpoint::new(a.parse().unwrap(), p)));
    let protocol = prop::sample::select(vec![Protocol::Tcp, Protocol::Udp]);
    let leaf = prop_oneof![
        4 => (end, test).prop_map(|(e, t)| Condition::Port(e, t)),
        1 => (protocol, port).prop_map(|(p, n)| Condition::PortOf(p, n)),
        1 => endpoint,
    ];
    let leaf = prop_oneof![
        8 => leaf.prop_map(|c| node(NodeKind::Is(c))),
        1 => tree(),
    ];
    leaf.prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            3 => prop::collection::vec(inner.clone(), 2..4).prop_map(|c| node(NodeKind::And(c))),
            3 => prop::collection::vec(inner.clone(), 2..4).prop_map(|c| node(NodeKind::Or(c))),
            1 => inner.prop_map(|i| node(NodeKind::Not(Box::new(i)))),
        ]
    })
}

/// Every row that matches has a port of the bound.
fn check_bound(scene: &Scene, filter: &Filter) -> Result<(), TestCaseError> {
    let Some(ports) = filter.ports() else {
        return Ok(());
    };
    for row in scene.matching(filter) {
        let (local, remote) = (row.socket.local.port, row.socket.remote_port());
        prop_assert!(
            ports.contains(local) || ports.contains(remote),
            "{} lets {} {} through, which is not in {:?}",
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
    fn no_row_that_matches_is_outside_of_the_ports(tree in about_ports()) {
        check_bound(&Scene::new(), &Filter::from(tree))?;
    }

    #[test]
    fn a_filter_that_asks_for_no_owners_says_the_same_without_them(
        tree in prop_oneof![about_ports(), tree()],
    ) {
        let mut scene = Scene::new();
        let filter = Filter::from(tree);
        check_bound(&scene, &filter)?;
        if filter.owners() == OwnerSearch::NotSought {
            let before = scene.picks(&filter);
            Arc::make_mut(&mut scene.moment.directory).processes.clear();
            let untold = |row: &Arc<Tracked>| Tracked {
                ownership: Ownership::Untold,
                ..Tracked::clone(row)
            };
            scene.moment.rows = scene.moment.rows().map(untold).collect();
            prop_assert_eq!(before, scene.picks(&filter), "{}", filter);
        }
    }
}

#[test]
fn the_ports_of_a_filter_are_few_and_enough() {
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
        let ports = filter.ports().map(|set| {
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
fn only_what_is_asked_of_processes_needs_them() {
    for (text, expected) in [
        ("", OwnerSearch::NotSought),
        ("443 listen", OwnerSearch::NotSought),
        (
            "user:root uid:0 unit:x container:y service:https",
            OwnerSearch::NotSought,
        ),
        ("nginx", OwnerSearch::Sought),
        ("443 not (80 or pid:1)", OwnerSearch::Sought),
        ("ppid>1", OwnerSearch::Sought),
        ("cmd:x", OwnerSearch::Sought),
        ("proc~x", OwnerSearch::Sought),
    ] {
        assert_eq!(Filter::parse(text).unwrap().owners(), expected, "{text}");
    }
}
