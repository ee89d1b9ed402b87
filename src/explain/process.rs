//! Explains a process in plain words: the ports it serves and connects to, the sockets it shares.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use super::context::ExplainContext;
use super::explanation::Explanation;
use crate::history::{Moment, TrackedSocket};
use crate::net::port::{PortKey, PortSide};
use crate::net::process::{Process, ProcessKey};
use crate::net::services::Services;
use crate::text::phrase::Phrase;
use crate::text::units::pluralize;

/// Explains a process that has sockets.
pub fn explain_process(process: &Process, context: ExplainContext<'_>) -> Explanation {
    let ExplainContext {
        moment, services, ..
    } = context;
    let key = process.key;
    let mut out = Explanation::new(format!("process {} {}", process.name, key.pid));
    let rows: Vec<&Arc<TrackedSocket>> = moment
        .rows()
        .filter(|row| !row.is_closed())
        .filter(|row| {
            row.ownership
                .holders()
                .is_some_and(|holder_set| holder_set.any(|p| p == key))
        })
        .collect();
    out.push_section("What it is", describe_process(process, moment, rows.len()));
    let ports = ProcessPorts::from_rows(&rows);
    out.push_section(
        "Ports it serves",
        ports.describe(PortSide::Local, moment, services),
    );
    out.push_section(
        "Remote ports it connects to",
        ports.describe(PortSide::Remote, moment, services),
    );
    out.push_section("Sockets it shares", shared_sockets(key, &rows, moment));
    out.push_section("Problems", process_findings(&rows, context));
    out.commands = vec![
        format!("portolan list pid:{}", key.pid),
        format!("ss -tuanp | grep 'pid={},'", key.pid),
        format!("lsof -nP -a -i -p {}", key.pid),
    ];
    out
}

fn describe_process(process: &Process, moment: &Moment, sockets: usize) -> Vec<Phrase> {
    let mut out = Vec::new();
    if let Some(command) = &process.command {
        out.push(Phrase::fact(format!("It was started as: {command}")));
    }
    if let Some(uid) = process.uid {
        let name = moment.directory.users.get(&uid);
        let user = name.map_or_else(|| format!("user {uid}"), |name| format!("user {name}"));
        out.push(Phrase::fact(format!("It runs as {user}.")));
    }
    out.push(Phrase::fact(match sockets {
        0 => "It has no TCP or UDP socket.".into(),
        n => format!(
            "It has {}: a process may have none, one or many, on any number of ports.",
            pluralize(n, "TCP or UDP socket", "TCP and UDP sockets")
        ),
    }));
    out
}

/// Counts of a process's sockets at one shared port.
#[derive(Default)]
struct ProcessPortUsage {
    listeners: usize,
    connections: usize,
    hosts: BTreeSet<IpAddr>,
}

struct ProcessPorts(BTreeMap<PortKey, ProcessPortUsage>);

impl ProcessPorts {
    fn from_rows(rows: &[&Arc<TrackedSocket>]) -> Self {
        let mut ports: BTreeMap<PortKey, ProcessPortUsage> = BTreeMap::new();
        for row in rows {
            let entry = ports.entry(row.port_key()).or_default();
            if row.socket.is_listening() {
                entry.listeners += 1;
            } else {
                entry.connections += 1;
            }
            entry
                .hosts
                .extend(row.socket.remote.map(|remote| remote.canonical_ip()));
        }
        Self(ports)
    }

    fn describe(&self, side: PortSide, moment: &Moment, services: &Services) -> Vec<Phrase> {
        let here = self.0.iter().filter(|(key, _)| key.side == side);
        here.map(|(key, usage)| {
            let name = services.shared_port_name(*key, moment.ephemeral);
            let name = name.map_or(String::new(), |name| format!(" ({name})"));
            let mut parts = Vec::new();
            if usage.listeners > 0 {
                parts.push(pluralize(usage.listeners, "listener", "listeners"));
            }
            if usage.connections > 0 {
                let hosts = pluralize(usage.hosts.len(), "host", "hosts");
                let preposition = match side {
                    PortSide::Local => "from",
                    PortSide::Remote => "to",
                };
                let connections = pluralize(usage.connections, "connection", "connections");
                parts.push(format!("{connections} {preposition} {hosts}"));
            }
            Phrase::fact(format!("{key}{name}: {}.", parts.join(", ")))
        })
        .collect()
    }
}

fn shared_sockets(
    key: ProcessKey,
    rows: &[&Arc<TrackedSocket>],
    moment: &Moment,
) -> Option<Phrase> {
    let mut with: BTreeSet<String> = BTreeSet::new();
    let mut sockets = 0_usize;
    for row in rows {
        let Some(holder_set) = row.ownership.holders() else {
            continue;
        };
        let others: Vec<ProcessKey> = holder_set.processes().filter(|p| *p != key).collect();
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
            "It shares {} with {}: a socket may have descriptors in several processes, inherited or passed on.",
            pluralize(sockets, "socket", "sockets"),
            names.join(", ")
        ))
    })
}

/// Returns the findings that concern any of the rows, each once, prefixed with its port.
fn process_findings(rows: &[&Arc<TrackedSocket>], context: ExplainContext<'_>) -> Vec<Phrase> {
    let found = context.findings.all().iter();
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
