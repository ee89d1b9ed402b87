//! A line of the chart → what it is, in the words of the filter; and the filter with one of those
//! words more.
//!
//! In: an answer and one of its lines. Out: [`Condition`]s, the most obvious first, and the text
//! that [`joined`] makes of one of them and the filter in force. It looks at one row or one sum,
//! so it costs the same however many sockets there are.

use std::net::IpAddr;

use super::filter::tree::{
    Condition, End, Interval, Network, Node, NodeKind, NumberTest, Part, TextTest,
};
use super::filter::{Measure, TextField};
use super::group::{GroupKey, NoOwner};
use super::{Answer, Filter, Group, Line};
use crate::history::{Side, Tracked};
use crate::port::{PortKey, PortSide};
use crate::process::{ProcessKey, Uid, distinct_processes};
use crate::snapshot::Cgroup;
use crate::socket::TcpState;

/// How many processes of one line are named: more would hide the rest of the list.
const PROCESSES: usize = 3;

/// What is done with the sockets a condition holds for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Joining {
    /// Only they are shown.
    Only,
    /// They are left out.
    Without,
}

/// What the line is, the most obvious first; each is said once.
pub fn aspects(answer: &Answer, place: Line) -> Vec<Condition> {
    let mut found = Aspects {
        answer,
        all: Vec::new(),
    };
    match place {
        Line::Section(_) => {}
        Line::Group(index) => answer.groups.get(index).into_iter().for_each(|group| {
            found.key(group.key());
            found.members(group);
        }),
        Line::Inner(index) => answer.inner.get(index).into_iter().for_each(|group| {
            found.key(group.key());
            found.key(group.path.top);
            found.members(group);
        }),
        Line::Row { position, .. } => {
            let slot = answer.rows.get(position);
            if let Some(row) = slot.and_then(|slot| answer.row(*slot)) {
                found.row(row);
            }
        }
    }
    found.all
}

struct Aspects<'a> {
    answer: &'a Answer,
    all: Vec<Condition>,
}

impl Aspects<'_> {
    fn add(&mut self, condition: Condition) {
        if !self.all.contains(&condition) {
            self.all.push(condition);
        }
    }

    fn text(&mut self, field: TextField, name: &str) {
        // What has no name can be asked for by none.
        if let Some(part) = Part::new(name) {
            self.add(Condition::Text(field, TextTest::OneOf(vec![part])));
        }
    }

    fn number(&mut self, measure: Measure, number: u64) {
        self.add(Condition::Measure(measure, exactly(number)));
    }

    fn port(&mut self, key: PortKey) {
        // There is no port 0 to ask for.
        if key.port.number() > 0 {
            let test = exactly(key.port.number().into());
            self.add(Condition::Port(End::Either, test));
        }
    }

    fn process(&mut self, key: ProcessKey) {
        if let Some(process) = self.answer.moment.directory.processes.get(&key) {
            let name = std::sync::Arc::clone(&process.name);
            self.text(TextField::Process, &name);
        }
    }

    fn remote(&mut self, address: IpAddr) {
        let network = Network::host(address);
        self.add(Condition::Address(End::Remote, vec![network]));
    }

    fn user(&mut self, uid: Uid) {
        match self.answer.moment.directory.users.get(&uid).cloned() {
            Some(name) => self.text(TextField::User, &name),
            None => self.number(Measure::Uid, uid.0.into()),
        }
    }

    fn cgroup(&mut self, cgroup: &Cgroup) {
        if let Some(unit) = &cgroup.unit {
            self.text(TextField::Unit, unit);
        }
        if let Some(container) = &cgroup.container {
            self.text(TextField::Container, container);
        }
    }

    fn key(&mut self, key: GroupKey) {
        match key {
            GroupKey::Port(port) => self.port(port),
            GroupKey::Process(process) => {
                self.process(process);
                self.number(Measure::Pid, process.pid.0.into());
            }
            GroupKey::Host(address) => self.remote(address),
            GroupKey::NoProcess(NoOwner::Hidden(Some(uid))) => self.user(uid),
            GroupKey::NoProcess(_) | GroupKey::NoHost => {}
        }
    }

    /// What all members of a group have in common.
    fn members(&mut self, group: &Group) {
        let summary = &group.summary;
        for process in summary.processes.iter().take(PROCESSES) {
            self.text(TextField::Process, &process.name);
        }
        if let Some(host) = summary.host.filter(|_| summary.hosts == 1) {
            self.remote(host);
        }
        if let GroupKey::Port(port) = group.key() {
            self.add(Condition::Protocol(vec![port.protocol]));
            self.add(Condition::Side(match port.side {
                PortSide::Here => vec![Side::Listening, Side::Serving],
                PortSide::There => vec![Side::Outgoing],
            }));
        }
        let mut states = summary.states.iter();
        if let (Some((Some(state), _)), None) = (states.next(), states.next()) {
            self.state(state);
        }
        let answer = self.answer;
        let first = answer.rows.get(group.rows.start);
        let first = first.and_then(|slot| answer.row(*slot));
        // The user who opened the socket, who may be another than the process runs as.
        if let (GroupKey::Process(_), Some(uid)) =
            (group.path.top, first.and_then(|r| r.socket.uid))
        {
            self.user(uid);
        }
        // The sum says what the unit is called but not whether it is one or a container.
        let cgroup = first.and_then(|row| cgroup_of(answer, row));
        if let (Some(cgroup), Some(_)) = (cgroup, &summary.unit) {
            self.cgroup(cgroup);
        }
    }

    fn state(&mut self, state: TcpState) {
        // A state without a name cannot be asked for.
        if !matches!(state, TcpState::Other(_)) {
            self.add(Condition::State(vec![state]));
        }
    }

    fn row(&mut self, row: &Tracked) {
        self.port(row.port_key());
        let holders = row.ownership.last_holders();
        let processes = || holders.into_iter().flat_map(|h| distinct_processes(h));
        processes()
            .take(PROCESSES)
            .for_each(|process| self.process(process));
        processes()
            .take(PROCESSES)
            .for_each(|process| self.number(Measure::Pid, process.pid.0.into()));
        let socket = &row.socket;
        if let Some(remote) = socket.remote {
            self.remote(remote.plain());
        }
        match socket.tcp_state() {
            Some(state) => self.state(state),
            None => self.add(Condition::Protocol(vec![socket.protocol()])),
        }
        self.add(Condition::Side(vec![row.side]));
        if let Some(uid) = socket.uid {
            self.user(uid);
        }
        if let Some(cgroup) = cgroup_of(self.answer, row) {
            self.cgroup(cgroup);
        }
        let interfaces = &self.answer.moment.directory.interfaces;
        if let Some(name) = socket.interface.and_then(|i| interfaces.get(&i)).cloned() {
            self.text(TextField::Interface, &name);
        }
    }
}

fn cgroup_of<'a>(answer: &'a Answer, row: &Tracked) -> Option<&'a Cgroup> {
    let cgroups = &answer.moment.directory.cgroups;
    cgroups.get(&row.socket.cgroup?).map(|cgroup| &**cgroup)
}

fn exactly(number: u64) -> NumberTest {
    NumberTest::OneOf(vec![Interval {
        low: number,
        high: number,
    }])
}

/// A filter with one condition more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Joined {
    /// It said so already.
    Already(String),
    /// The text of the new filter.
    Text(String),
}

/// Joins a condition to the filter in force. `typed` is what the user wrote; it is kept as it was
/// written where it is what the filter came from.
pub fn joined(typed: &str, filter: &Filter, condition: Condition, joining: Joining) -> Joined {
    let kind = match joining {
        Joining::Only => NodeKind::Is(condition),
        Joining::Without => NodeKind::Not(Box::new(node(NodeKind::Is(condition)))),
    };
    let added = node(kind);
    let Some(tree) = filter.tree() else {
        return Joined::Text(added.to_string());
    };
    let said = match &tree.kind {
        NodeKind::And(children) => children.contains(&added),
        _ => *tree == added,
    };
    if said {
        return Joined::Already(added.to_string());
    }
    let in_force = match Filter::parse(typed) {
        Ok(written) if written == *filter => typed.trim().to_owned(),
        _ => filter.to_string(),
    };
    Joined::Text(match tree.kind {
        NodeKind::Or(_) => format!("({in_force}) and {added}"),
        _ => format!("{in_force} and {added}"),
    })
}

/// A node that was not read from any text.
const fn node(kind: NodeKind) -> Node {
    Node { span: 0..0, kind }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::Port;

    fn port(number: u16) -> Condition {
        Condition::Port(End::Either, exactly(Port(number).number().into()))
    }

    fn told(typed: &str, joining: Joining) -> String {
        let filter = Filter::parse(typed).unwrap();
        match joined(typed, &filter, port(443), joining) {
            Joined::Already(text) => format!("already {text}"),
            Joined::Text(text) => {
                Filter::parse(&text).unwrap();
                text
            }
        }
    }

    #[test]
    fn a_condition_is_joined_to_what_was_typed() {
        use Joining::{Only, Without};
        for (typed, joining, expected) in [
            ("", Only, "port:443"),
            ("", Without, "not port:443"),
            ("  NGINX ", Only, "NGINX and port:443"),
            ("a b", Without, "a b and not port:443"),
            ("a or b", Only, "(a or b) and port:443"),
            ("a or b", Without, "(a or b) and not port:443"),
            ("(a or b)", Only, "((a or b)) and port:443"),
            ("not (a b)", Only, "not (a b) and port:443"),
            ("443", Only, "already port:443"),
            ("tcp and port:443", Only, "already port:443"),
            ("tcp -443", Without, "already not port:443"),
            ("443 or tcp", Only, "(443 or tcp) and port:443"),
            ("not 443", Only, "not 443 and port:443"),
        ] {
            assert_eq!(told(typed, joining), expected, "{typed}");
        }
    }

    #[test]
    fn what_is_not_in_force_is_not_joined_to() {
        let filter = Filter::parse("tcp").unwrap();
        let text = joined("tcp prot:", &filter, port(443), Joining::Only);
        assert_eq!(text, Joined::Text("proto:tcp and port:443".into()));
    }
}
