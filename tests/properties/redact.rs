//! Redacted samples have the same structure as the originals.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use portolan::history::Moment;
use portolan::history::state::History;
use portolan::net::endpoint::Endpoint;
use portolan::net::process::Uid;
use portolan::net::snapshot::Snapshot;
use portolan::recording::redact::Redactor;
use proptest::prelude::*;

use crate::scenario::{config_with_cases, scenario};

fn endpoints(snapshot: &Snapshot) -> impl Iterator<Item = Endpoint> + '_ {
    let sockets = snapshot.sockets.iter();
    sockets.flat_map(|socket| [Some(socket.local), socket.remote].into_iter().flatten())
}

/// How the rows relate to each other, without identities.
fn row_relations(moment: &Moment) -> Vec<String> {
    let rows = moment.rows().map(|row| {
        let ports = (row.local_port(), row.socket.remote_port(), row.port_key());
        let state = (row.socket.transport, row.side, row.evidence);
        format!(
            "{:?} {ports:?} {state:?} {:?} {:?}",
            row.slot, row.peer, row.ownership
        )
    });
    rows.collect()
}

proptest! {
    #![proptest_config(config_with_cases(200))]

    #[test]
    fn pseudonyms_are_stable_distinct_and_of_the_same_kind(scenario in scenario(10, 6)) {
        let mut redactor = Redactor::default();
        let mut pseudonyms: BTreeMap<IpAddr, IpAddr> = BTreeMap::new();
        let (mut before, mut after) = (History::default(), History::default());
        for mut original in scenario.snapshots() {
            let mut redacted = original.clone();
            redactor.redact(&mut redacted);
            for (was, is) in endpoints(&original).zip(endpoints(&redacted)) {
                prop_assert_eq!(was.port, is.port);
                prop_assert_eq!((was.scope(), was.family()), (is.scope(), is.family()));
                prop_assert_eq!(was.is_ipv4_mapped(), is.is_ipv4_mapped());
                prop_assert_eq!(*pseudonyms.entry(was.canonical_ip()).or_insert(is.canonical_ip()), is.canonical_ip());
                if was.canonical_ip().is_loopback() || was.canonical_ip().is_unspecified() {
                    prop_assert_eq!(was, is);
                }
            }
            for process in redacted.directory.processes.values() {
                let original_process = &original.directory.processes[&process.key];
                prop_assert_eq!(&process.name, &original_process.name);
                prop_assert!(process.command.is_none() || process.command != original_process.command);
                prop_assert!(process.executable.is_none() || process.executable != original_process.executable);
            }
            let names = redacted.directory.users.iter();
            for (uid, name) in names.filter(|(uid, _)| **uid != Uid(0)) {
                prop_assert!(original.directory.users.get(uid) != Some(name));
            }
            prop_assert_eq!(
                row_relations(&before.apply(&mut original)),
                row_relations(&after.apply(&mut redacted))
            );
        }
        let different: BTreeSet<&IpAddr> = pseudonyms.values().collect();
        prop_assert_eq!(different.len(), pseudonyms.len());
    }
}

/// Every kind of address, and many of one.
#[test]
fn address_kinds_are_kept_and_pseudonyms_distinct() {
    let redacted_addresses = |addresses: &[IpAddr]| {
        let mut snapshot = snapshot_of_addresses(addresses);
        Redactor::default().redact(&mut snapshot);
        let locals = snapshot.sockets.iter().map(|socket| socket.local.address);
        locals
            .map(|address| address.to_string())
            .collect::<Vec<_>>()
    };
    let all = [
        "10.7.7.7",
        "172.20.1.1",
        "192.168.1.30",
        "100.64.9.9",
        "169.254.3.3",
        "8.8.8.8",
        "10.7.7.7",
        "::ffff:8.8.8.8",
        "fd12:3456::1",
        "fe80::aa:bbff:fecc:dd",
        "2a00:1450::7",
        "127.0.0.53",
        "::1",
        "0.0.0.0",
        "224.0.0.251",
        "ff02::fb",
        "255.255.255.255",
    ];
    let addresses = all.map(|text| text.parse().expect("an address"));
    assert_eq!(
        redacted_addresses(&addresses),
        [
            "10.0.0.1",
            "172.16.0.1",
            "192.168.0.1",
            "100.64.0.1",
            "169.254.0.1",
            "203.0.113.1",
            "10.0.0.1",
            "::ffff:203.0.113.1",
            "fd00::1",
            "fe80::1",
            "2001:db8::1",
            "127.0.0.53",
            "::1",
            "0.0.0.0",
            "224.0.0.251",
            "ff02::fb",
            "255.255.255.255",
        ]
    );
    let many: Vec<IpAddr> = (0..5_000_u32)
        .map(|n| IpAddr::from((0x0800_0000 + n).to_be_bytes()))
        .collect();
    let different: BTreeSet<String> = redacted_addresses(&many).into_iter().collect();
    assert_eq!(different.len(), many.len());
}

fn snapshot_of_addresses(addresses: &[IpAddr]) -> Snapshot {
    use portolan::net::port::Port;
    use portolan::net::socket::{Socket, Transport};
    let mut snapshot = crate::support::text_recording::load_recording("empty").remove(0);
    let socket =
        |address: &IpAddr| Socket::new(Transport::Udp, Endpoint::new(*address, Port(9)), None);
    snapshot.sockets = addresses.iter().map(socket).collect();
    snapshot
}
