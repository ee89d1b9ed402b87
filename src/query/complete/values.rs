//! The values that the open rows have now, and how many rows have each.
//!
//! In: a moment and the switches. Out: [`Value`]s, written as the language wants them.

use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Arc;

use hashbrown::HashMap;

use crate::history::Tracked;
use crate::port::Port;
use crate::process::{Process, distinct_processes};
use crate::query::Narrow;
use crate::query::filter::tree::{
    Condition, End, HostPart, HostTest, Interval, Network, Node, NodeKind, NumberTest, Part,
    ReachTest, TextTest,
};
use crate::query::filter::{Context, Field, FieldKind, Filter, Measure, TextField};
use crate::snapshot::Cgroup;

/// A value.
pub(super) struct Value {
    /// As it is inserted.
    pub text: String,
    /// As it is compared with what was typed.
    pub bare: String,
    /// How many rows have it.
    pub count: usize,
    /// What it is, in words.
    pub what: String,
}

/// Where values are taken from.
pub(super) struct Values<'a> {
    context: Context<'a>,
    rows: Vec<&'a Tracked>,
}

impl<'a> Values<'a> {
    pub(super) fn new(context: Context<'a>, narrow: Narrow) -> Self {
        let rows = context.moment.rows().map(|row| &**row);
        let rows = rows.filter(|row| !row.is_closed() && narrow.lets_through(row));
        Self {
            context,
            rows: rows.collect(),
        }
    }

    /// How many rows the condition holds for.
    pub(super) fn count(&self, condition: &Condition) -> usize {
        let filter = Filter::from(Node {
            span: 0..0,
            kind: NodeKind::Is(condition.clone()),
        });
        self.matching(&filter)
    }

    /// The same for a text that is a filter.
    pub(super) fn count_text(&self, text: &str) -> usize {
        Filter::parse(text).map_or(0, |filter| self.matching(&filter))
    }

    fn matching(&self, filter: &Filter) -> usize {
        let matches = |row: &&&Tracked| filter.matches(row, self.context);
        self.rows.iter().filter(matches).count()
    }

    /// The values of a field among the rows.
    pub(super) fn of(&self, field: &Field) -> Vec<Value> {
        match field.kind {
            FieldKind::Port(end) => self.ports(end),
            FieldKind::Address(end) => self.addresses(end, |address| {
                Condition::Address(end, vec![Network::host(address)])
            }),
            FieldKind::Host => self.addresses(End::Remote, |address| {
                let part = HostPart::Network(Network::host(address));
                Condition::Host(HostTest::OneOf(vec![part]))
            }),
            FieldKind::Reach => self.interfaces(),
            FieldKind::Text(text) => self.texts(text),
            FieldKind::Measure(Measure::Pid) => self.pids(),
            FieldKind::Measure(Measure::Uid) => self.uids(),
            FieldKind::Measure(Measure::ParentPid) => self.parents(),
            // Every row has another one, or they change with every look.
            FieldKind::Measure(_)
            | FieldKind::Protocol
            | FieldKind::Family
            | FieldKind::State
            | FieldKind::Side => Vec::new(),
        }
    }

    /// How many rows have each of what `of` tells of a row; a row counts once for each.
    fn counted<K: Hash + Eq>(&self, of: impl Fn(&'a Tracked, &mut Vec<K>)) -> HashMap<K, usize> {
        let mut counts = HashMap::new();
        let mut here = Vec::new();
        for row in &self.rows {
            of(row, &mut here);
            // Few, so that looking through them costs less than hashing them.
            while let Some(key) = here.pop() {
                if !here.contains(&key) {
                    *counts.entry(key).or_default() += 1;
                }
            }
        }
        counts
    }

    fn ports(&self, end: End) -> Vec<Value> {
        let counts = self.counted(|row, here| {
            let ends = [
                Some(row.socket.local.port).filter(|_| end != End::Remote),
                Some(row.socket.remote_port()).filter(|_| end != End::Local),
            ];
            let ends = ends.into_iter().flatten().filter(|p| *p != Port::NONE);
            here.extend(ends.map(|port| (port, row.socket.protocol())));
        });
        let mut ports: HashMap<Port, (usize, Option<&str>)> = HashMap::new();
        for ((port, protocol), count) in counts {
            let entry = ports.entry(port).or_default();
            entry.0 += count;
            entry.1 = entry
                .1
                .or_else(|| self.context.services.name(port, protocol));
        }
        let values = ports.into_iter().map(|(port, (count, service))| {
            let condition = Condition::Port(end, exactly(port.number().into()));
            value(&condition, port.to_string(), count, service.unwrap_or(""))
        });
        values.collect()
    }

    fn addresses(&self, end: End, condition: impl Fn(IpAddr) -> Condition) -> Vec<Value> {
        let counts = self.counted(|row, here| {
            let local = (end != End::Remote).then(|| row.socket.local.plain());
            let remote = row.socket.remote.filter(|_| end != End::Local);
            here.extend([local, remote.map(|r| r.plain())].into_iter().flatten());
        });
        let values = counts.into_iter().map(|(address, count)| {
            let condition = condition(address);
            value(&condition, address.to_string(), count, "")
        });
        values.collect()
    }

    /// The names of interfaces that sockets are bound to, as a reach.
    fn interfaces(&self) -> Vec<Value> {
        let mut found: Vec<Value> = self.texts(TextField::Interface);
        for value in &mut found {
            if let Some(part) = Part::new(&value.bare) {
                let condition = Condition::Reach(vec![ReachTest::Interface(part)]);
                value.text = written(&condition);
                value.count = self.count(&condition);
            }
        }
        found.retain(|value| value.count > 0);
        found
    }

    fn texts(&self, field: TextField) -> Vec<Value> {
        let counts = self.counted(|row, here| self.texts_of(row, field, here));
        let values = merged(counts).into_iter().filter_map(|(text, count)| {
            let part = Part::new(&text)?;
            let condition = Condition::Text(field, TextTest::OneOf(vec![part]));
            Some(value(&condition, text, count, ""))
        });
        values.collect()
    }

    /// Every name rows go by, with what it is the name of.
    pub(super) fn names(&self) -> Vec<Value> {
        const KINDS: [(TextField, &str); 5] = [
            (TextField::Process, "process"),
            (TextField::Service, "service"),
            (TextField::User, "user"),
            (TextField::Unit, "unit"),
            (TextField::Container, "container"),
        ];
        let mut kinds: HashMap<String, Vec<&str>> = HashMap::new();
        for (field, kind) in KINDS {
            let counts = self.counted(|row, here| self.texts_of(row, field, here));
            for (text, _) in merged(counts) {
                kinds.entry(text).or_default().push(kind);
            }
        }
        // What is a process here and a service there counts each row once.
        let counts = self.counted(|row, here| {
            for (field, _) in KINDS {
                self.texts_of(row, field, here);
            }
        });
        let values = merged(counts).into_iter().filter_map(|(text, count)| {
            let condition = Condition::Name(Part::new(&text)?);
            let what = kinds.get(&text).map(|k| k.join(", ")).unwrap_or_default();
            Some(Value {
                text: condition.to_string(),
                bare: text,
                count,
                what,
            })
        });
        values.collect()
    }

    fn texts_of(&self, row: &'a Tracked, field: TextField, out: &mut Vec<Name<'a>>) {
        let directory = &self.context.moment.directory;
        let cgroup = || -> Option<&'a Cgroup> {
            let cgroups = &directory.cgroups;
            row.socket
                .cgroup
                .and_then(|id| cgroups.get(&id))
                .map(|c| &**c)
        };
        let shared = |text: &'a Arc<str>| Name(text);
        match field {
            TextField::Process => out.extend(self.processes(row).map(|p| shared(&p.name))),
            TextField::Command => {
                let commands = self.processes(row).filter_map(|p| p.command.as_ref());
                out.extend(commands.map(shared));
            }
            TextField::User => {
                let user = row.socket.uid.and_then(|uid| directory.users.get(&uid));
                out.extend(user.map(shared));
            }
            TextField::Unit => out.extend(cgroup().and_then(|c| c.unit.as_ref()).map(shared)),
            TextField::Container => {
                out.extend(cgroup().and_then(|c| c.container.as_ref()).map(shared));
            }
            TextField::Service => {
                let Context { moment, services } = self.context;
                let name = services.of(row.port_key(), moment.ephemeral);
                out.extend(name.map(Name));
            }
            TextField::Interface => {
                let names = &directory.interfaces;
                let name = row.socket.interface.and_then(|index| names.get(&index));
                out.extend(name.map(shared));
            }
        }
    }

    fn processes(&self, row: &'a Tracked) -> impl Iterator<Item = &'a Process> + use<'a> {
        let known = &self.context.moment.directory.processes;
        let holders = row.ownership.last_holders();
        let keys = holders.into_iter().flat_map(|h| distinct_processes(h));
        keys.filter_map(move |key| known.get(&key).map(|p| &**p))
    }

    fn pids(&self) -> Vec<Value> {
        let counts = self.counted(|row, here| {
            here.extend(self.processes(row).map(|p| (p.key.pid.0, Name(&p.name))));
        });
        let values = counts
            .into_iter()
            .map(|((pid, name), count)| number(Measure::Pid, pid.into(), count, name.0));
        values.collect()
    }

    fn parents(&self) -> Vec<Value> {
        let counts = self.counted(|row, here| {
            here.extend(self.processes(row).filter_map(|p| Some(p.parent?.0)));
        });
        let values = counts
            .into_iter()
            .map(|(pid, count)| number(Measure::ParentPid, pid.into(), count, ""));
        values.collect()
    }

    fn uids(&self) -> Vec<Value> {
        let users = &self.context.moment.directory.users;
        let counts = self.counted(|row, here| here.extend(row.socket.uid));
        let values = counts.into_iter().map(|(uid, count)| {
            let name = users.get(&uid).map_or("", |name| name);
            number(Measure::Uid, uid.0.into(), count, name)
        });
        values.collect()
    }
}

/// A name, without a copy of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Name<'a>(&'a str);

/// Names that are one to the language, which knows no case.
fn merged(counts: HashMap<Name<'_>, usize>) -> HashMap<String, usize> {
    let mut merged = HashMap::new();
    for (name, count) in counts {
        *merged.entry(name.0.to_lowercase()).or_default() += count;
    }
    merged
}

fn exactly(number: u64) -> NumberTest {
    NumberTest::OneOf(vec![Interval {
        low: number,
        high: number,
    }])
}

fn number(measure: Measure, number: u64, count: usize, what: &str) -> Value {
    let condition = Condition::Measure(measure, exactly(number));
    value(&condition, number.to_string(), count, what)
}

fn value(condition: &Condition, bare: String, count: usize, what: &str) -> Value {
    Value {
        text: written(condition),
        bare,
        count,
        what: what.into(),
    }
}

/// The condition without its field: what stands behind the colon.
fn written(condition: &Condition) -> String {
    let text = condition.to_string();
    match text.split_once(':') {
        Some((_, value)) => value.to_owned(),
        None => text,
    }
}
