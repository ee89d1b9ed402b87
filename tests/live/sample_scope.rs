//! Compares samples of some ports with samples of everything: the same rows, with the same fields.

use std::time::{Duration, Instant};

use portolan::collect::{Collector, OwnerMode, SampleScope};
use portolan::filter::ast::Filter;
use portolan::history::state::History;
use portolan::history::{Moment, Ownership, Side, TrackedSocket};
use portolan::net::snapshot::SourceKind;

use crate::fixtures;
use crate::network_namespace::in_network_namespace;
use crate::pipeline::retry_until_ok;

/// Takes a single sample, as `portolan list` does.
fn sample_once(source: SourceKind, scope: SampleScope) -> std::sync::Arc<Moment> {
    let collector = Collector::open(Some(source), Instant::now()).expect("a source");
    let mut collector = collector.with_scope(scope);
    let snapshot = collector.sample(Vec::new(), Duration::from_secs(1));
    let mut snapshot = snapshot.expect("a sample");
    assert_eq!(snapshot.gaps, []);
    History::default().apply(&mut snapshot)
}

fn is_in_scope(row: &TrackedSocket, scope: &SampleScope) -> bool {
    let ports = scope.ports.as_ref().expect("ports");
    ports.contains(row.socket.local.port) || ports.contains(row.socket.remote_port())
}

/// Describes what was inferred of a row, without the counters, which change from sample to sample.
fn describe_row(moment: &Moment, row: &TrackedSocket) -> String {
    let peer = moment.peer_of(row).map(|peer| peer.key);
    let names = row.ownership.last_holders().map(|holders| {
        let processes = holders
            .iter()
            .map(|h| moment.directory.processes.get(&h.process));
        processes
            .map(|p| p.map(|p| p.name.clone()))
            .collect::<Vec<_>>()
    });
    let user = row
        .socket
        .uid
        .and_then(|uid| moment.directory.users.get(&uid));
    let cgroup = row
        .socket
        .cgroup
        .and_then(|id| moment.directory.cgroups.get(&id));
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {peer:?} {names:?} {user:?} {cgroup:?}",
        row.key, row.socket.transport, row.socket.inode, row.side, row.evidence, row.ownership,
    )
}

/// Describes the rows in scope.
fn described_rows(moment: &Moment, scope: &SampleScope) -> Vec<String> {
    let rows = moment.rows().filter(|row| is_in_scope(row, scope));
    let mut stories: Vec<_> = rows.map(|row| describe_row(moment, row)).collect();
    stories.sort();
    stories
}

fn scope_of_filter(filter: &str) -> SampleScope {
    SampleScope {
        ports: Filter::parse(filter).expect("a filter").required_ports(),
        ..SampleScope::default()
    }
}

#[test]
fn scoped_sample_equals_the_full_sample_for_its_ports() {
    let test = "sample_scope::scoped_sample_equals_the_full_sample_for_its_ports";
    in_network_namespace(test, || {
        let _fixtures = fixtures::all();
        for source in [SourceKind::SockDiag, SourceKind::Procfs] {
            for port in 18_080..=18_091 {
                assert_scoped_sample_agrees(source, &format!("{port}"));
            }
            assert_scoped_sample_agrees(source, "1-17999,18080,18082,18085-18086 or lport:18084");
            assert_scoped_sample_agrees(source, "lport>=18087");
        }
    });
}

fn assert_scoped_sample_agrees(source: SourceKind, filter: &str) {
    let scope = scope_of_filter(filter);
    retry_until_ok(|| {
        let before = described_rows(&sample_once(source, SampleScope::default()), &scope);
        let some = described_rows(&sample_once(source, scope.clone()), &scope);
        let after = described_rows(&sample_once(source, SampleScope::default()), &scope);
        match before == some && some == after && !some.is_empty() {
            true => Ok(()),
            false => Err(format!("{source} {filter}:\n{before:#?}\n{some:#?}")),
        }
    });
}

#[test]
fn scoped_dump_omits_other_connections_but_keeps_listeners() {
    let test = "sample_scope::scoped_dump_omits_other_connections_but_keeps_listeners";
    in_network_namespace(test, || {
        let _fixtures = fixtures::all();
        let scope = scope_of_filter("18085");
        let everything = sample_once(SourceKind::SockDiag, SampleScope::default());
        let some = sample_once(SourceKind::SockDiag, scope.clone());
        let listening = |moment: &Moment| {
            let rows = moment.rows().filter(|row| row.socket.is_listening());
            rows.count()
        };
        assert_eq!(listening(&some), listening(&everything));
        let mut others = some.rows().filter(|row| !is_in_scope(row, &scope));
        // The kernel's way of saying that there is no peer is port 0.
        assert!(others.all(|row| row.socket.remote_port().0 == 0));
        let owned = some.rows().filter(|row| row.ownership.holders().is_some());
        let owned: Vec<_> = owned.collect();
        assert!(owned.len() > fixtures::CLOSE_WAIT_LEAK_COUNT);
        assert!(owned.iter().all(|row| is_in_scope(row, &scope)));
        assert!(!some.needs_full_sample_for_sides());
        let serving = some.rows().filter(|row| row.side == Side::Serving);
        assert_eq!(serving.count(), fixtures::CLOSE_WAIT_LEAK_COUNT);
    });
}

#[test]
fn owner_mode_off_reports_no_owners() {
    let test = "sample_scope::owner_mode_off_reports_no_owners";
    in_network_namespace(test, || {
        let _fixtures = fixtures::close_wait_leak();
        let scope = SampleScope {
            owners: OwnerMode::Off,
            ..scope_of_filter("18085")
        };
        let moment = sample_once(SourceKind::SockDiag, scope);
        assert!(moment.rows().count() > fixtures::CLOSE_WAIT_LEAK_COUNT);
        let with_inode = moment.rows().filter(|row| row.socket.inode.is_some());
        for row in with_inode {
            assert_eq!(row.ownership, Ownership::Unsupported);
        }
        assert!(moment.directory.processes.is_empty());
    });
}
