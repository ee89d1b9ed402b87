//! Redacted samples have the same structure as the originals.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use portolan::history::Moment;
use portolan::history::state::History;
use portolan::net::endpoint::Endpoint;
use portolan::net::process::Uid;
use portolan::net::snapshot::{Cgroup, Snapshot};
use portolan::net::socket::CgroupId;
use portolan::recording::reader::RecordingEnd;
use portolan::recording::redact::Redactor;
use proptest::prelude::*;

use crate::blocks::split_blocks;
use crate::recording::{read_recording, snapshots, write_recording};
use crate::scenario::{Scenario, config_with_cases, scenario};

/// Both endpoints of every socket, open or destroyed.
fn endpoints(snapshot: &Snapshot) -> impl Iterator<Item = Endpoint> + '_ {
    let sockets = snapshot.sockets.iter().map(|s| (s.local, s.remote));
    let destroyed = snapshot.destroyed.iter().map(|d| (d.local, d.remote));
    let pairs = sockets.chain(destroyed);
    pairs.flat_map(|(local, remote)| [Some(local), remote].into_iter().flatten())
}

/// Every uid: of the sockets, of the processes, and of the observer.
fn uids(snapshot: &Snapshot) -> impl Iterator<Item = Option<Uid>> + '_ {
    let sockets = snapshot.sockets.iter().map(|socket| socket.uid);
    let processes: BTreeMap<_, _> = snapshot.directory.processes.iter().collect();
    let processes = processes.into_values().map(|process| process.uid);
    sockets.chain(processes).chain([snapshot.observer.uid])
}

/// Every address of the snapshots, IPv4-mapped ones as IPv4.
fn addresses(snapshots: &[Snapshot]) -> BTreeSet<IpAddr> {
    let all = snapshots.iter().flat_map(|snapshot| {
        let hosts = snapshot.directory.hosts.keys().copied();
        endpoints(snapshot).map(|end| end.address).chain(hosts)
    });
    all.map(|address| address.to_canonical()).collect()
}

/// Whether an address is the same on every machine and identifies none.
fn is_on_every_machine(address: &IpAddr) -> bool {
    let is_broadcast = matches!(address, IpAddr::V4(v4) if v4.is_broadcast());
    address.is_loopback() || address.is_unspecified() || address.is_multicast() || is_broadcast
}

/// Every text of the snapshots that redaction promises to replace.
fn identifying_texts(scenario: &Scenario, snapshots: &[Snapshot]) -> BTreeSet<String> {
    let mut texts: BTreeSet<String> = scenario.names().words().map(str::to_owned).collect();
    let units = scenario.names().units();
    let identifying_units: BTreeSet<u64> = units
        .filter(|(_, is_common)| !is_common)
        .map(|(id, _)| id.0)
        .collect();
    for directory in snapshots.iter().map(|snapshot| &snapshot.directory) {
        let users = directory.users.iter().filter(|(uid, _)| uid.0 != 0);
        let names = users.map(|(_, name)| name).chain(directory.hosts.values());
        let processes = directory.processes.values();
        let names = names.chain(processes.flat_map(|p| p.command.iter().chain(&p.executable)));
        let cgroups = directory.cgroups.iter().flat_map(|(id, cgroup)| {
            let unit = cgroup.unit.iter();
            let unit = unit.filter(|_| identifying_units.contains(&id.0));
            unit.chain(&cgroup.container).chain([&cgroup.path])
        });
        texts.extend(names.chain(cgroups).map(ToString::to_string));
    }
    texts
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    }
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
        let mut uid_pseudonyms: BTreeMap<Option<Uid>, Option<Uid>> = BTreeMap::new();
        let (mut before, mut after) = (History::default(), History::default());
        for mut original in scenario.snapshots_with_destroyed() {
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
            for (was, is) in uids(&original).zip(uids(&redacted)) {
                prop_assert_eq!(was == Some(Uid(0)), is == Some(Uid(0)));
                prop_assert_eq!(*uid_pseudonyms.entry(was).or_insert(is), is);
                prop_assert!(was != is || was.is_none_or(|uid| uid == Uid(0)), "{:?}", was);
                let name = |of: &Snapshot, uid| of.directory.users.get(&uid?).cloned();
                prop_assert_eq!(name(&original, was).is_some(), name(&redacted, is).is_some());
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
        let different: BTreeSet<&Option<Uid>> = uid_pseudonyms.values().collect();
        prop_assert_eq!(different.len(), uid_pseudonyms.len());
    }
}

proptest! {
    #![proptest_config(config_with_cases(200))]

    /// Checks what a reader of the file returns, and the bytes of the file.
    #[test]
    fn redacted_recording_contains_no_original(
        scenario in scenario(8, 5),
        samples in 1..4_u32,
    ) {
        let originals = scenario.snapshots_with_destroyed();
        let mut redactor = Redactor::default();
        let mut redacted = originals.clone();
        redacted.iter_mut().for_each(|snapshot| redactor.redact(snapshot));
        let (bytes, _) = write_recording(&redacted, samples);
        let (read, ending) = read_recording(&bytes).expect("a recording");
        prop_assert_eq!(ending, RecordingEnd::Complete);
        let read = snapshots(read);
        let bodies: Vec<u8> = split_blocks(&bytes).into_iter().flat_map(|block| block.body).collect();
        prop_assert_eq!(read.len(), originals.len());
        let printed = format!("{read:?}");
        for text in identifying_texts(&scenario, &originals) {
            prop_assert!(!printed.contains(&text), "{}", text);
            prop_assert!(!contains(&bodies, text.as_bytes()), "{}", text);
        }
        let remaining = addresses(&read);
        for address in addresses(&originals).into_iter().filter(|a| !is_on_every_machine(a)) {
            prop_assert!(!remaining.contains(&address), "{}", address);
            prop_assert!(!printed.contains(&address.to_string()), "{}", address);
            prop_assert!(!contains(&bodies, &octets(address)), "{}", address);
        }
    }

    #[test]
    fn redaction_keeps_what_is_common_to_all_machines(scenario in scenario(8, 5)) {
        let mut redactor = Redactor::default();
        for original in scenario.snapshots_with_destroyed() {
            let mut redacted = original.clone();
            redactor.redact(&mut redacted);
            let (was, is) = (&original.directory, &redacted.directory);
            prop_assert_eq!(&was.interfaces, &is.interfaces);
            prop_assert_eq!(was.users.get(&Uid(0)), is.users.get(&Uid(0)));
            for (id, _) in scenario.names().units().filter(|(_, is_common)| *is_common) {
                let unit = |cgroup: &Arc<Cgroup>| cgroup.unit.clone();
                prop_assert_eq!(was.cgroups.get(&id).map(unit), is.cgroups.get(&id).map(unit));
            }
            // Every host and user that has a name keeps one, and close events keep everything but
            // their addresses.
            prop_assert_eq!(was.hosts.len(), is.hosts.len());
            prop_assert_eq!(was.users.len(), is.users.len());
            prop_assert_eq!(original.destroyed.len(), redacted.destroyed.len());
            for (mut was, is) in original.destroyed.into_iter().zip(redacted.destroyed) {
                was.local.address = is.local.address;
                if let (Some(was), Some(is)) = (&mut was.remote, is.remote) {
                    was.address = is.address;
                }
                prop_assert_eq!(was, is);
            }
        }
    }

    #[test]
    fn same_originals_get_same_pseudonyms(scenario in scenario(8, 5)) {
        let redacted = || {
            let mut redactor = Redactor::default();
            let mut all = scenario.snapshots_with_destroyed();
            all.iter_mut().for_each(|snapshot| redactor.redact(snapshot));
            all
        };
        for (one, other) in redacted().iter().zip(redacted()) {
            prop_assert_eq!(&one.directory, &other.directory);
            prop_assert_eq!(endpoints(one).collect::<Vec<_>>(), endpoints(&other).collect::<Vec<_>>());
        }
    }
}

/// Redacts a cgroup.
fn redacted_cgroup(path: &str, unit: &str, container: &str) -> Cgroup {
    let some = |text: &str| (!text.is_empty()).then(|| text.into());
    let cgroup = Cgroup {
        path: path.into(),
        unit: some(unit),
        container: some(container),
    };
    let mut snapshot = snapshot_of_addresses(&[]);
    let directory = Arc::make_mut(&mut snapshot.directory);
    directory.cgroups.insert(CgroupId(7), Arc::new(cgroup));
    Redactor::default().redact(&mut snapshot);
    Cgroup::clone(&snapshot.directory.cgroups[&CgroupId(7)])
}

#[test]
fn units_of_users_instances_and_containers_are_replaced() {
    const ID: &str = "3f2a9c1b7d4e3f2a9c1b7d4e3f2a9c1b7d4e3f2a9c1b7d4e3f2a9c1b7d4e3f2a";
    for (path, unit, is_kept) in [
        ("/system.slice/nginx.service", "nginx.service", true),
        ("/init.scope", "init.scope", true),
        (
            "/docker/1/system.slice/deadbeef.service",
            "deadbeef.service",
            true,
        ),
        (
            "/user.slice/user-1000.slice/session-2.scope",
            "session-2.scope",
            false,
        ),
        (
            "/user.slice/user-1000.slice/user@1000.service/a.service",
            "a.service",
            false,
        ),
        ("/user.slice/a.service", "a.service", false),
        ("/user-1000.slice/a.service", "a.service", false),
        ("/user@1000.service/a.service", "a.service", false),
        (
            "/system.slice/openvpn@work.service",
            "openvpn@work.service",
            false,
        ),
        (
            "/system.slice/user-alice.service",
            "user-alice.service",
            false,
        ),
        ("/system.slice/docker-ID.scope", "docker-ID.scope", false),
        (
            "/system.slice/container-ID.service",
            "container-ID.service",
            false,
        ),
        (
            "/machine.slice/machine-payroll.scope",
            "machine-payroll.scope",
            false,
        ),
    ] {
        let with_id = |text: &str| text.replace("ID", ID);
        let redacted = redacted_cgroup(&with_id(path), &with_id(unit), "");
        let expected = if is_kept { unit } else { "unit 1" };
        assert_eq!(redacted.unit.as_deref(), Some(expected), "{path}");
        assert!(redacted.path.starts_with("cgroup "), "{}", redacted.path);
    }
}

#[test]
fn container_name_is_replaced_and_engine_kept() {
    for (container, expected) in [
        ("docker 3f2a9c1b7d4e", "docker 1"),
        ("lxc payroll of March", "lxc 1"),
        // Without an engine the whole text is a name.
        ("payroll", "container 1"),
    ] {
        let redacted = redacted_cgroup("/", "", container);
        assert_eq!(redacted.container.as_deref(), Some(expected));
    }
}

/// The first pseudonyms are addresses that common routers use.
#[test]
fn no_address_is_its_own_pseudonym() {
    let first = [
        "10.0.0.1",
        "192.168.0.1",
        "203.0.113.1",
        "fd00::1",
        "fe80::1",
    ];
    let second = [
        "10.0.0.2",
        "192.168.0.2",
        "203.0.113.2",
        "fd00::2",
        "fe80::2",
    ];
    let parse = |text: &str| text.parse::<IpAddr>().expect("an address");
    let mut snapshot = snapshot_of_addresses(&first.map(parse));
    Redactor::default().redact(&mut snapshot);
    let locals: Vec<IpAddr> = endpoints(&snapshot).map(|end| end.address).collect();
    assert_eq!(locals, second.map(parse));
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
