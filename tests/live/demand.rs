//! A sample of some ports against the sample of everything: the same rows, and of each the same.

use std::time::{Duration, Instant};

use portolan::collect::{Collector, Demand, OwnerSearch};
use portolan::history::{History, Moment, Ownership, Side, Tracked};
use portolan::query::Filter;
use portolan::snapshot::SourceKind;

use crate::network::own_network;
use crate::watch::until;
use crate::zoo;

/// Sees once, as a list does.
fn look(source: SourceKind, demand: Demand) -> std::sync::Arc<Moment> {
    let collector = Collector::open(Some(source), Instant::now()).expect("a source");
    let mut collector = collector.demanding(demand);
    let snapshot = collector.sample(Vec::new(), Duration::from_secs(1));
    let mut snapshot = snapshot.expect("a sample");
    assert_eq!(snapshot.gaps, []);
    History::default().apply(&mut snapshot)
}

fn is_asked_for(row: &Tracked, demand: &Demand) -> bool {
    let ports = demand.ports.as_ref().expect("ports");
    ports.contains(row.socket.local.port) || ports.contains(row.socket.remote_port())
}

/// What is concluded of a row. Not the figures, which change from sample to sample.
fn story(moment: &Moment, row: &Tracked) -> String {
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

/// The stories of the rows asked for.
fn stories(moment: &Moment, demand: &Demand) -> Vec<String> {
    let rows = moment.rows().filter(|row| is_asked_for(row, demand));
    let mut stories: Vec<_> = rows.map(|row| story(moment, row)).collect();
    stories.sort();
    stories
}

fn demand(filter: &str) -> Demand {
    Demand {
        ports: Filter::parse(filter).expect("a filter").ports(),
        ..Demand::default()
    }
}

#[test]
fn of_the_ports_asked_for_the_same_is_seen_as_of_everything() {
    let test = "demand::of_the_ports_asked_for_the_same_is_seen_as_of_everything";
    own_network(test, || {
        let _zoo = zoo::everything();
        for source in [SourceKind::SockDiag, SourceKind::Procfs] {
            for port in 18_080..=18_091 {
                agree(source, &format!("{port}"));
            }
            agree(source, "1-17999,18080,18082,18085-18086 or lport:18084");
            agree(source, "lport>=18087");
        }
    });
}

fn agree(source: SourceKind, filter: &str) {
    let demand = demand(filter);
    until(|| {
        let before = stories(&look(source, Demand::default()), &demand);
        let some = stories(&look(source, demand.clone()), &demand);
        let after = stories(&look(source, Demand::default()), &demand);
        match before == some && some == after && !some.is_empty() {
            true => Ok(()),
            false => Err(format!("{source} {filter}:\n{before:#?}\n{some:#?}")),
        }
    });
}

#[test]
fn the_kernel_leaves_out_what_nobody_asked_for_but_never_who_listens() {
    let test = "demand::the_kernel_leaves_out_what_nobody_asked_for_but_never_who_listens";
    own_network(test, || {
        let _zoo = zoo::everything();
        let demand = demand("18085");
        let everything = look(SourceKind::SockDiag, Demand::default());
        let some = look(SourceKind::SockDiag, demand.clone());
        let listening = |moment: &Moment| {
            let rows = moment.rows().filter(|row| row.socket.is_listening());
            rows.count()
        };
        assert_eq!(listening(&some), listening(&everything));
        let mut others = some.rows().filter(|row| !is_asked_for(row, &demand));
        // The kernel's word that nobody is at the other end is port 0.
        assert!(others.all(|row| row.socket.remote_port().0 == 0));
        let owned = some.rows().filter(|row| row.ownership.holders().is_some());
        let owned: Vec<_> = owned.collect();
        assert!(owned.len() > zoo::LEAKED);
        assert!(owned.iter().all(|row| is_asked_for(row, &demand)));
        assert!(!some.guesses_from_others());
        let serving = some.rows().filter(|row| row.side == Side::Serving);
        assert_eq!(serving.count(), zoo::LEAKED);
    });
}

#[test]
fn owners_that_nobody_seeks_are_not_told() {
    let test = "demand::owners_that_nobody_seeks_are_not_told";
    own_network(test, || {
        let _zoo = zoo::leak();
        let demand = Demand {
            owners: OwnerSearch::NotSought,
            ..demand("18085")
        };
        let moment = look(SourceKind::SockDiag, demand);
        assert!(moment.rows().count() > zoo::LEAKED);
        let with_inode = moment.rows().filter(|row| row.socket.inode.is_some());
        for row in with_inode {
            assert_eq!(row.ownership, Ownership::Untold);
        }
        assert!(moment.directory.processes.is_empty());
    });
}
