//! Counts the values that open rows have now: [`ValueCandidate`]s, quoted where necessary.

use std::hash::Hash;
use std::net::IpAddr;

use hashbrown::HashMap;

use crate::fields::{EndSelector, Field, FieldKind, NumberField, SocketView, TextField};
use crate::filter::ast::{
    Condition, Filter, HostPart, HostTest, Node, NodeKind, ReachTest, TextTest, exactly,
};
use crate::filter::eval::FilterContext;
use crate::filter::network::IpNetwork;
use crate::filter::pattern::Substring;
use crate::filter::quick_filter::QuickFilter;
use crate::history::TrackedSocket;
use crate::net::port::Port;
use crate::net::process::{Process, distinct_processes};

pub(crate) struct ValueCandidate {
    /// The text to insert, quoted where necessary.
    pub text: String,
    /// The text to compare with what was typed.
    pub unquoted: String,
    /// The number of rows that have the value.
    pub count: usize,
    /// What kind of value it is, such as "process"; may be empty.
    pub description: String,
}

/// The open rows that pass the quick filter.
pub(crate) struct ValueSource<'a> {
    context: FilterContext<'a>,
    rows: Vec<&'a TrackedSocket>,
}

impl<'a> ValueSource<'a> {
    pub(crate) fn new(context: FilterContext<'a>, quick_filter: QuickFilter) -> Self {
        let rows = context.moment.rows().map(|row| &**row);
        let rows = rows.filter(|row| !row.is_closed() && quick_filter.matches(row));
        Self {
            context,
            rows: rows.collect(),
        }
    }

    /// Counts the rows that match the condition.
    pub(crate) fn count(&self, condition: &Condition) -> usize {
        let filter = Filter::from(Node {
            span: 0..0,
            kind: NodeKind::Condition(condition.clone()),
        });
        self.count_matching(&filter)
    }

    /// Counts the rows that match a filter given as text; 0 if it does not parse.
    pub(crate) fn count_text(&self, text: &str) -> usize {
        Filter::parse(text).map_or(0, |filter| self.count_matching(&filter))
    }

    fn count_matching(&self, filter: &Filter) -> usize {
        let matches = |row: &&&TrackedSocket| filter.matches(row, self.context);
        self.rows.iter().filter(matches).count()
    }

    /// Returns the values of a field; empty for fields with a fixed set of values or one value a row.
    pub(crate) fn for_field(&self, field: &Field) -> Vec<ValueCandidate> {
        match field.kind {
            FieldKind::Port(end) => self.ports(end),
            FieldKind::Address(end) => self.addresses(end, |address| {
                Condition::Address(end, vec![IpNetwork::single_host(address)])
            }),
            FieldKind::Host => self.addresses(EndSelector::Remote, |address| {
                let part = HostPart::Network(IpNetwork::single_host(address));
                Condition::Host(HostTest::OneOf(vec![part]))
            }),
            FieldKind::Reach => self.interfaces(),
            FieldKind::Text(_) if !field.values().is_empty() => Vec::new(),
            FieldKind::Text(text) => self.texts(text),
            FieldKind::Number(number) if number == NumberField::PID => self.pids(),
            FieldKind::Number(number) if number == NumberField::UID => self.uids(),
            FieldKind::Number(number) if number == NumberField::PARENT_PID => self.parents(),
            // Fixed sets are listed by `Field::values`; the other numbers differ from row to row or
            // from sample to sample.
            FieldKind::Number(_)
            | FieldKind::Endpoint(_)
            | FieldKind::Protocol
            | FieldKind::Family
            | FieldKind::State
            | FieldKind::Side => Vec::new(),
        }
    }

    /// Counts the rows by the keys that `keys_of` appends for a row. A row counts once for each key.
    fn count_by<K: Hash + Eq>(
        &self,
        keys_of: impl Fn(&'a TrackedSocket, &mut Vec<K>),
    ) -> HashMap<K, usize> {
        let mut counts = HashMap::new();
        let mut keys = Vec::new();
        for row in &self.rows {
            keys_of(row, &mut keys);
            // So few keys that a linear search costs less than hashing.
            while let Some(key) = keys.pop() {
                if !keys.contains(&key) {
                    *counts.entry(key).or_default() += 1;
                }
            }
        }
        counts
    }

    fn ports(&self, end: EndSelector) -> Vec<ValueCandidate> {
        let counts = self.count_by(|row, keys| {
            let ends = [
                Some(row.socket.local.port).filter(|_| end != EndSelector::Remote),
                Some(row.socket.remote_port()).filter(|_| end != EndSelector::Local),
            ];
            let ends = ends.into_iter().flatten().filter(|p| *p != Port::NONE);
            keys.extend(ends.map(|port| (port, row.socket.protocol())));
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
            value_candidate(&condition, port.to_string(), count, service.unwrap_or(""))
        });
        values.collect()
    }

    fn addresses(
        &self,
        end: EndSelector,
        condition: impl Fn(IpAddr) -> Condition,
    ) -> Vec<ValueCandidate> {
        let counts = self.count_by(|row, keys| {
            let local = (end != EndSelector::Remote).then(|| row.socket.local.canonical_ip());
            let remote = row.socket.remote.filter(|_| end != EndSelector::Local);
            keys.extend(
                [local, remote.map(|r| r.canonical_ip())]
                    .into_iter()
                    .flatten(),
            );
        });
        let values = counts.into_iter().map(|(address, count)| {
            let condition = condition(address);
            value_candidate(&condition, address.to_string(), count, "")
        });
        values.collect()
    }

    /// Returns the interfaces that listeners are bound to, as values of `reach`.
    fn interfaces(&self) -> Vec<ValueCandidate> {
        let mut found: Vec<ValueCandidate> = self.texts(TextField::INTERFACE);
        for value in &mut found {
            if let Some(part) = Substring::new(&value.unquoted) {
                let condition = Condition::Reach(vec![ReachTest::Interface(part)]);
                value.text = value_text(&condition);
                value.count = self.count(&condition);
            }
        }
        found.retain(|value| value.count > 0);
        found
    }

    fn texts(&self, field: TextField) -> Vec<ValueCandidate> {
        let counts = self.count_by(|row, keys| self.texts_of_row(row, field, keys));
        let values = merge_ignoring_case(counts)
            .into_iter()
            .filter_map(|(text, count)| {
                let part = Substring::new(&text)?;
                let condition = Condition::Text(field, TextTest::OneOf(vec![part]));
                Some(value_candidate(&condition, text, count, ""))
            });
        values.collect()
    }

    /// Returns every process, service, user, unit and container name, with its kind.
    pub(crate) fn names(&self) -> Vec<ValueCandidate> {
        const KINDS: [(TextField, &str); 5] = [
            (TextField::PROCESS, "process"),
            (TextField::SERVICE, "service"),
            (TextField::USER, "user"),
            (TextField::UNIT, "unit"),
            (TextField::CONTAINER, "container"),
        ];
        let mut kinds: HashMap<String, Vec<&str>> = HashMap::new();
        for (field, kind) in KINDS {
            let counts = self.count_by(|row, keys| self.texts_of_row(row, field, keys));
            for (text, _) in merge_ignoring_case(counts) {
                kinds.entry(text).or_default().push(kind);
            }
        }
        // A name of two kinds, such as a process and a service, counts each row once.
        let counts = self.count_by(|row, keys| {
            for (field, _) in KINDS {
                self.texts_of_row(row, field, keys);
            }
        });
        let values = merge_ignoring_case(counts)
            .into_iter()
            .filter_map(|(text, count)| {
                let condition = Condition::AnyName(Substring::new(&text)?);
                let what = kinds.get(&text).map(|k| k.join(", ")).unwrap_or_default();
                Some(ValueCandidate {
                    text: condition.to_string(),
                    unquoted: text,
                    count,
                    description: what,
                })
            });
        values.collect()
    }

    fn texts_of_row(
        &self,
        row: &'a TrackedSocket,
        field: TextField,
        out: &mut Vec<BorrowedName<'a>>,
    ) {
        let FilterContext { moment, services } = self.context;
        let view = SocketView {
            row,
            moment,
            services,
        };
        field
            .read
            .for_each(view, |name| out.push(BorrowedName(name)));
    }

    fn processes(&self, row: &'a TrackedSocket) -> impl Iterator<Item = &'a Process> + use<'a> {
        let known = &self.context.moment.directory.processes;
        let holders = row.ownership.last_holders();
        let keys = holders.into_iter().flat_map(|h| distinct_processes(h));
        keys.filter_map(move |key| known.get(&key).map(|p| &**p))
    }

    fn pids(&self) -> Vec<ValueCandidate> {
        let counts = self.count_by(|row, keys| {
            keys.extend(
                self.processes(row)
                    .map(|p| (p.key.pid.0, BorrowedName(&p.name))),
            );
        });
        let values = counts.into_iter().map(|((pid, name), count)| {
            numeric_candidate(NumberField::PID, pid.into(), count, name.0)
        });
        values.collect()
    }

    fn parents(&self) -> Vec<ValueCandidate> {
        let counts = self.count_by(|row, keys| {
            keys.extend(self.processes(row).filter_map(|p| Some(p.parent?.0)));
        });
        let values = counts
            .into_iter()
            .map(|(pid, count)| numeric_candidate(NumberField::PARENT_PID, pid.into(), count, ""));
        values.collect()
    }

    fn uids(&self) -> Vec<ValueCandidate> {
        let users = &self.context.moment.directory.users;
        let counts = self.count_by(|row, keys| keys.extend(row.socket.uid));
        let values = counts.into_iter().map(|(uid, count)| {
            let name = users.get(&uid).map_or("", |name| name);
            numeric_candidate(NumberField::UID, uid.0.into(), count, name)
        });
        values.collect()
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct BorrowedName<'a>(&'a str);

/// Adds up the counts of names that differ only in case, since filters ignore case.
fn merge_ignoring_case(counts: HashMap<BorrowedName<'_>, usize>) -> HashMap<String, usize> {
    let mut merged = HashMap::new();
    for (name, count) in counts {
        *merged.entry(name.0.to_lowercase()).or_default() += count;
    }
    merged
}

fn numeric_candidate(field: NumberField, number: u64, count: usize, what: &str) -> ValueCandidate {
    let condition = Condition::Number(field, exactly(number));
    value_candidate(&condition, number.to_string(), count, what)
}

fn value_candidate(
    condition: &Condition,
    bare: String,
    count: usize,
    what: &str,
) -> ValueCandidate {
    ValueCandidate {
        text: value_text(condition),
        unquoted: bare,
        count,
        description: what.into(),
    }
}

/// Returns the text of the condition after the colon.
fn value_text(condition: &Condition) -> String {
    let text = condition.to_string();
    match text.split_once(':') {
        Some((_, value)) => value.to_owned(),
        None => text,
    }
}
