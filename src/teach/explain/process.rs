//! A process in plain words: which ports it serves, whom it calls, with whom it shares.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use super::{Explanation, Known};
use crate::history::{Moment, Tracked};
use crate::port::{PortKey, PortSide};
use crate::process::{Process, ProcessKey};
use crate::quantity::count;
use crate::services::Services;
use crate::teach::Phrase;

/// Everything there is to say of a process that has sockets.
pub fn explain_process(process: &Process, known: Known<'_>) -> Explanation {
    let Known {
        moment, services, ..
    } = known;
    let key = process.key;
    let mut said = Explanation::of(format!("process {} {}", process.name, key.pid));
    let rows: Vec<&Arc<Tracked>> = moment
        .rows()
        .filter(|row| !row.is_closed())
        .filter(|row| {
            row.ownership
                .holders()
                .is_some_and(|held| held.any(|p| p == key))
        })
        .collect();
    said.say("What it is", what(process, moment, rows.len()));
    let ports = Ports::of(&rows);
    said.say(
        "Ports it serves",
        ports.say(PortSide::Here, moment, services),
    );
    said.say(
        "Ports it calls elsewhere",
        ports.say(PortSide::There, moment, services),
    );
    said.say("With whom it shares", shared(key, &rows, moment));
    said.say("Worth a look", stuck(&rows, known));
    said.commands = vec![
        format!("portolan list pid:{}", key.pid),
        format!("ss -tuanp | grep 'pid={},'", key.pid),
        format!("lsof -nP -a -i -p {}", key.pid),
    ];
    said
}

fn what(process: &Process, moment: &Moment, sockets: usize) -> Vec<Phrase> {
    let mut said = Vec::new();
    if let Some(command) = &process.command {
        said.push(Phrase::fact(format!("It was started as: {command}")));
    }
    if let Some(uid) = process.uid {
        let name = moment.directory.users.get(&uid);
        let user = name.map_or_else(|| format!("user {uid}"), |name| format!("user {name}"));
        said.push(Phrase::fact(format!("It runs as {user}.")));
    }
    said.push(Phrase::fact(match sockets {
        0 => "It has no TCP or UDP socket.".into(),
        n => format!(
            "It has {}: a process may have none, one or many, on as many ports as it likes.",
            count(n, "TCP or UDP socket", "TCP and UDP sockets")
        ),
    }));
    said
}

/// What is known of the sockets of one port.
#[derive(Default)]
struct Use {
    listeners: usize,
    connections: usize,
    hosts: BTreeSet<IpAddr>,
}

struct Ports(BTreeMap<PortKey, Use>);

impl Ports {
    fn of(rows: &[&Arc<Tracked>]) -> Self {
        let mut ports: BTreeMap<PortKey, Use> = BTreeMap::new();
        for row in rows {
            let entry = ports.entry(row.port_key()).or_default();
            if row.socket.is_listening() {
                entry.listeners += 1;
            } else {
                entry.connections += 1;
            }
            entry
                .hosts
                .extend(row.socket.remote.map(|remote| remote.plain()));
        }
        Self(ports)
    }

    fn say(&self, side: PortSide, moment: &Moment, services: &Services) -> Vec<Phrase> {
        let here = self.0.iter().filter(|(key, _)| key.side == side);
        here.map(|(key, used)| {
            let name = services.of(*key, moment.ephemeral);
            let name = name.map_or(String::new(), |name| format!(" ({name})"));
            let mut parts = Vec::new();
            if used.listeners > 0 {
                parts.push(count(used.listeners, "listener", "listeners"));
            }
            if used.connections > 0 {
                let hosts = count(used.hosts.len(), "host", "hosts");
                let preposition = match side {
                    PortSide::Here => "from",
                    PortSide::There => "to",
                };
                let connections = count(used.connections, "connection", "connections");
                parts.push(format!("{connections} {preposition} {hosts}"));
            }
            Phrase::fact(format!("{key}{name}: {}.", parts.join(", ")))
        })
        .collect()
    }
}

fn shared(key: ProcessKey, rows: &[&Arc<Tracked>], moment: &Moment) -> Option<Phrase> {
    let mut with: BTreeSet<String> = BTreeSet::new();
    let mut sockets = 0_usize;
    for row in rows {
        let Some(held) = row.ownership.holders() else {
            continue;
        };
        let others: Vec<ProcessKey> = held.processes().filter(|p| *p != key).collect();
        sockets += usize::from(!others.is_empty());
        with.extend(
            others
                .iter()
                .map(|other| match moment.directory.processes.get(other) {
                    Some(process) => format!("{} {}", process.name, other.pid),
                    None => format!("pid {}", other.pid),
                }),
        );
    }
    let names: Vec<String> = with.into_iter().collect();
    (sockets > 0).then(|| {
        Phrase::fact(format!(
            "{} it has in common with {}: a socket may have descriptors in several processes, inherited or passed on.",
            count(sockets, "socket", "sockets"),
            names.join(", ")
        ))
    })
}

/// What was found that concerns any of them, each said once, with its port.
fn stuck(rows: &[&Arc<Tracked>], known: Known<'_>) -> Vec<Phrase> {
    let found = known.findings.all().iter();
    let own = found.filter(|found| rows.iter().any(|row| found.concerns(row)));
    own.map(|found| {
        let phrase = found.sentence.clone();
        Phrase {
            text: format!("{}: {}", found.id.port, phrase.text),
            ..phrase
        }
    })
    .collect()
}
