//! Derives filter conditions from a line of the display.
//!
//! Returns [`Condition`]s, the most useful first. Reads one row or one summary, so the cost does
//! not depend on the number of sockets.

use std::net::IpAddr;

use super::group::{GroupKey, UnownedReason};
use super::result::{Group, QueryResult};
use super::visible_lines::VisibleLine;
use crate::fields::EndSelector;
use crate::filter::ast::{Condition, TextTest, exactly};
use crate::filter::network::IpNetwork;
use crate::filter::pattern::Substring;
use crate::filter::{NumberField, TextField};
use crate::history::{Side, TrackedSocket};
use crate::net::port::{PortKey, PortSide};
use crate::net::process::{ProcessKey, Uid, distinct_processes};
use crate::net::snapshot::Cgroup;
use crate::net::socket::TcpState;

/// Maximum number of processes of one line to offer: more would hide the rest of the list.
const MAX_PROCESSES: usize = 3;

/// Returns conditions that match the line, the most useful first, without duplicates.
pub fn row_conditions(result: &QueryResult, line: VisibleLine) -> Vec<Condition> {
    let mut found = RowConditions {
        result,
        conditions: Vec::new(),
    };
    match line {
        VisibleLine::Section(_) => {}
        VisibleLine::Group(index) => result.groups.get(index).into_iter().for_each(|group| {
            found.add_group_key(group.key());
            found.add_group_members(group);
        }),
        VisibleLine::Subgroup(index) => result.subgroups.get(index).into_iter().for_each(|group| {
            found.add_group_key(group.key());
            found.add_group_key(group.path.top);
            found.add_group_members(group);
        }),
        VisibleLine::Row { position, .. } => {
            let slot = result.rows.get(position);
            if let Some(row) = slot.and_then(|slot| result.row(*slot)) {
                found.add_row(row);
            }
        }
    }
    found.conditions
}

struct RowConditions<'a> {
    result: &'a QueryResult,
    conditions: Vec<Condition>,
}

impl RowConditions<'_> {
    fn add(&mut self, condition: Condition) {
        if !self.conditions.contains(&condition) {
            self.conditions.push(condition);
        }
    }

    fn add_text(&mut self, field: TextField, name: &str) {
        // An empty name cannot be searched for.
        if let Some(part) = Substring::new(name) {
            self.add(Condition::Text(field, TextTest::OneOf(vec![part])));
        }
    }

    fn add_number(&mut self, measure: NumberField, number: u64) {
        self.add(Condition::Number(measure, exactly(number)));
    }

    fn add_port(&mut self, key: PortKey) {
        // Port 0 cannot be searched for.
        if key.port.number() > 0 {
            let test = exactly(key.port.number().into());
            self.add(Condition::Port(EndSelector::Either, test));
        }
    }

    fn add_process(&mut self, key: ProcessKey) {
        if let Some(process) = self.result.moment.directory.processes.get(&key) {
            let name = std::sync::Arc::clone(&process.name);
            self.add_text(TextField::PROCESS, &name);
        }
    }

    fn add_remote_address(&mut self, address: IpAddr) {
        let network = IpNetwork::single_host(address);
        self.add(Condition::Address(EndSelector::Remote, vec![network]));
    }

    fn add_user(&mut self, uid: Uid) {
        match self.result.moment.directory.users.get(&uid).cloned() {
            Some(name) => self.add_text(TextField::USER, &name),
            None => self.add_number(NumberField::UID, uid.0.into()),
        }
    }

    fn add_cgroup(&mut self, cgroup: &Cgroup) {
        if let Some(unit) = &cgroup.unit {
            self.add_text(TextField::UNIT, unit);
        }
        if let Some(container) = &cgroup.container {
            self.add_text(TextField::CONTAINER, container);
        }
    }

    fn add_group_key(&mut self, key: GroupKey) {
        match key {
            GroupKey::Port(port) => self.add_port(port),
            GroupKey::Process(process) => {
                self.add_process(process);
                self.add_number(NumberField::PID, process.pid.0.into());
            }
            GroupKey::Host(address) => self.add_remote_address(address),
            GroupKey::Unowned(UnownedReason::Hidden(Some(uid))) => self.add_user(uid),
            GroupKey::Unowned(_) | GroupKey::NoHost => {}
        }
    }

    /// Adds what all members of a group have in common.
    fn add_group_members(&mut self, group: &Group) {
        let summary = &group.summary;
        for process in summary.processes.iter().take(MAX_PROCESSES) {
            self.add_text(TextField::PROCESS, &process.name);
        }
        if let Some(host) = summary.host.filter(|_| summary.hosts == 1) {
            self.add_remote_address(host);
        }
        if let GroupKey::Port(port) = group.key() {
            self.add(Condition::Protocol(vec![port.protocol]));
            self.add(Condition::Side(match port.side {
                PortSide::Local => vec![Side::Listening, Side::Serving],
                PortSide::Remote => vec![Side::Outgoing],
            }));
        }
        let mut states = summary.states.iter();
        if let (Some((Some(state), _)), None) = (states.next(), states.next()) {
            self.add_state(state);
        }
        let result = self.result;
        let first = result.rows.get(group.rows.start);
        let first = first.and_then(|slot| result.row(*slot));
        // The user who created the socket may differ from the one the process runs as.
        if let (GroupKey::Process(_), Some(uid)) =
            (group.path.top, first.and_then(|r| r.socket.uid))
        {
            self.add_user(uid);
        }
        // The summary has the name of the unit, but not whether it is a unit or a container.
        let cgroup = first.and_then(|row| cgroup_of(result, row));
        if let (Some(cgroup), Some(_)) = (cgroup, &summary.unit) {
            self.add_cgroup(cgroup);
        }
    }

    fn add_state(&mut self, state: TcpState) {
        // A state without a name cannot be searched for.
        if !matches!(state, TcpState::Other(_)) {
            self.add(Condition::State(vec![state]));
        }
    }

    fn add_row(&mut self, row: &TrackedSocket) {
        self.add_port(row.port_key());
        let holders = row.ownership.last_holders();
        let processes = || holders.into_iter().flat_map(|h| distinct_processes(h));
        processes()
            .take(MAX_PROCESSES)
            .for_each(|process| self.add_process(process));
        processes()
            .take(MAX_PROCESSES)
            .for_each(|process| self.add_number(NumberField::PID, process.pid.0.into()));
        let socket = &row.socket;
        if let Some(remote) = socket.remote {
            self.add_remote_address(remote.canonical_ip());
        }
        match socket.tcp_state() {
            Some(state) => self.add_state(state),
            None => self.add(Condition::Protocol(vec![socket.protocol()])),
        }
        self.add(Condition::Side(vec![row.side]));
        if let Some(uid) = socket.uid {
            self.add_user(uid);
        }
        if let Some(cgroup) = cgroup_of(self.result, row) {
            self.add_cgroup(cgroup);
        }
        let interfaces = &self.result.moment.directory.interfaces;
        if let Some(name) = socket.interface.and_then(|i| interfaces.get(&i)).cloned() {
            self.add_text(TextField::INTERFACE, &name);
        }
    }
}

fn cgroup_of<'a>(result: &'a QueryResult, row: &TrackedSocket) -> Option<&'a Cgroup> {
    let cgroups = &result.moment.directory.cgroups;
    cgroups.get(&row.socket.cgroup?).map(|cgroup| &**cgroup)
}
