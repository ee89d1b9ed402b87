//! Does a row match?
//!
//! In: the tree, a row, the moment it belongs to. Out: yes or no, without allocating.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use super::Filter;
use super::condition::is_whole;
use super::fields::{Measure, TextField};
use super::search;
use super::tree::{
    Condition, End, Flag, HostPart, HostTest, Node, NodeKind, NumberTest, Part, ReachTest, TextTest,
};
use crate::endpoint::Scope;
use crate::history::{Mark, Moment, Rates, Tracked};
use crate::port::Port;
use crate::process::{Process, distinct_processes};
use crate::query::Phase;
use crate::services::Services;
use crate::snapshot::Cgroup;
use crate::socket::TcpInfo;

/// What a filter may look into besides the row.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The moment the row belongs to: names of processes, users and units.
    pub moment: &'a Moment,
    /// Names of ports.
    pub services: &'a Services,
}

impl Filter {
    /// Whether the row is one of those asked for. A fact the row does not have matches nothing,
    /// neither `rtt>1ms` nor `rtt<=1ms`; `not rtt>1ms` then matches.
    pub fn matches(&self, row: &Tracked, context: Context<'_>) -> bool {
        let look = Look { row, context };
        self.tree.as_ref().is_none_or(|node| look.matches(node))
    }
}

/// A row under test.
#[derive(Clone, Copy)]
struct Look<'a> {
    row: &'a Tracked,
    context: Context<'a>,
}

impl<'a> Look<'a> {
    fn matches(self, node: &Node) -> bool {
        match &node.kind {
            NodeKind::And(children) => children.iter().all(|child| self.matches(child)),
            NodeKind::Or(children) => children.iter().any(|child| self.matches(child)),
            NodeKind::Not(inner) => !self.matches(inner),
            NodeKind::Is(condition) => self.holds(condition),
        }
    }

    fn holds(self, condition: &Condition) -> bool {
        let socket = &self.row.socket;
        match condition {
            Condition::Port(end, test) => self.port(*end, |port| test.holds(port.0.into())),
            Condition::PortOf(protocol, wanted) => {
                socket.protocol() == *protocol && self.port(End::Either, |port| port == *wanted)
            }
            Condition::Endpoint(wanted) => {
                let mut ends = [Some(socket.local), socket.remote].into_iter().flatten();
                ends.any(|end| end.port == wanted.port && end.plain() == wanted.address)
            }
            Condition::Address(end, networks) => {
                self.address(*end, |address| networks.iter().any(|n| n.contains(address)))
            }
            Condition::Host(test) => self.host(test),
            Condition::Protocol(wanted) => wanted.contains(&socket.protocol()),
            Condition::Family(wanted) => wanted.contains(&socket.family()),
            Condition::State(wanted) => socket.tcp_state().is_some_and(|s| wanted.contains(&s)),
            Condition::Side(wanted) => wanted.contains(&self.row.side),
            Condition::Reach(wanted) => {
                socket.is_listening() && wanted.iter().any(|test| self.reach(test))
            }
            Condition::Text(field, test) => self.text(*field, test),
            Condition::Measure(measure, test) => self.measure(*measure, test),
            Condition::Name(part) => self.any_name(part),
            Condition::Flag(flag) => self.flag(*flag),
        }
    }

    /// Whether a port at that end passes. "No port" passes nothing.
    fn port(self, end: End, passes: impl Fn(Port) -> bool) -> bool {
        let passes = |port: Port| port != Port::NONE && passes(port);
        let socket = &self.row.socket;
        (end != End::Remote && passes(socket.local.port))
            || (end != End::Local && passes(socket.remote_port()))
    }

    fn address(self, end: End, passes: impl Fn(IpAddr) -> bool) -> bool {
        let socket = &self.row.socket;
        (end != End::Remote && passes(socket.local.plain()))
            || (end != End::Local && socket.remote.is_some_and(|r| passes(r.plain())))
    }

    fn host(self, test: &HostTest) -> bool {
        let Some(remote) = self.row.socket.remote else {
            return false;
        };
        let address = remote.plain();
        let mut text = AddressText::default();
        let mut written = false;
        let mut text_matches = |passes: &dyn Fn(&str) -> bool| {
            if !written {
                // The longest address fits, so this does not fail.
                written = write!(text, "{address}").is_ok();
            }
            passes(text.as_str())
        };
        match test {
            HostTest::OneOf(parts) => parts.iter().any(|part| match part {
                HostPart::Network(network) => network.contains(address),
                HostPart::Part(part) => text_matches(&|text| search::contains(text, part)),
            }),
            HostTest::Pattern(pattern) => text_matches(&|text| pattern.matches(text)),
        }
    }

    /// The row is a listener. As a group's reach is summed up, an interface comes before the
    /// address.
    fn reach(self, test: &ReachTest) -> bool {
        let socket = &self.row.socket;
        let scope = socket.local.scope();
        let bound = socket.interface.filter(|_| scope != Scope::LinkLocal);
        match test {
            ReachTest::Everyone => bound.is_none() && scope == Scope::Unspecified,
            ReachTest::ThisMachine => bound.is_none() && scope == Scope::Loopback,
            ReachTest::Network(network) => {
                scope != Scope::Unspecified && network.contains(socket.local.plain())
            }
            ReachTest::Interface(name) => {
                bound.is_some() && self.interface().is_some_and(|n| search::equals(n, name))
            }
        }
    }

    fn text(self, field: TextField, test: &TextTest) -> bool {
        let passes = |text: &str| match test {
            TextTest::OneOf(parts) if is_whole(field) => {
                parts.iter().any(|part| search::equals(text, part))
            }
            TextTest::OneOf(parts) => parts.iter().any(|part| search::contains(text, part)),
            TextTest::Pattern(pattern) => pattern.matches(text),
        };
        match field {
            TextField::Process => self.processes().any(|p| passes(&p.name)),
            TextField::Command => self
                .processes()
                .any(|p| p.command.as_deref().is_some_and(passes)),
            TextField::User => self.user().is_some_and(passes),
            TextField::Unit => self
                .cgroup()
                .and_then(|c| c.unit.as_deref())
                .is_some_and(passes),
            TextField::Container => self
                .cgroup()
                .and_then(|c| c.container.as_deref())
                .is_some_and(passes),
            TextField::Service => self.service().is_some_and(passes),
            TextField::Interface => self.interface().is_some_and(passes),
        }
    }

    /// Part of a name the row goes by; the service last, because it takes longest to find.
    fn any_name(self, part: &Part) -> bool {
        let has = |text: &str| search::contains(text, part);
        let in_cgroup = |cgroup: &Cgroup| {
            let names = [cgroup.unit.as_deref(), cgroup.container.as_deref()];
            names.into_iter().flatten().any(has)
        };
        self.processes().any(|p| has(&p.name))
            || self.user().is_some_and(has)
            || self.cgroup().is_some_and(in_cgroup)
            || self.service().is_some_and(has)
    }

    fn measure(self, measure: Measure, test: &NumberTest) -> bool {
        let socket = &self.row.socket;
        let counted = |number: Option<u64>| number.is_some_and(|n| test.holds(n));
        let tcp = |of: fn(&TcpInfo) -> Option<u32>| {
            counted(socket.tcp.as_ref().and_then(of).map(u64::from))
        };
        let rates = self.row.rates(self.context.moment.elapsed);
        let measured = |number: Option<f64>| number.is_some_and(|n| test.holds_measured(n));
        match measure {
            Measure::Pid => self.pids().any(|pid| test.holds(pid.into())),
            Measure::ParentPid => self
                .processes()
                .any(|p| counted(p.parent.map(|pid| pid.0.into()))),
            Measure::Uid => counted(socket.uid.map(|uid| uid.0.into())),
            Measure::Age => counted(Some(microseconds(
                self.row.age(self.context.moment.elapsed),
            ))),
            Measure::ReceiveQueue => counted(socket.queues.map(|q| q.recv.into())),
            Measure::SendQueue => counted(socket.queues.map(|q| q.send.into())),
            Measure::RoundTrip => tcp(|t| t.rtt_us.map(std::num::NonZero::get)),
            Measure::Retransmits => tcp(|t| Some(t.total_retransmits)),
            Measure::Rate => measured(rates.map(Rates::total)),
            Measure::Received => measured(rates.map(|r| r.down)),
            Measure::Sent => measured(rates.map(|r| r.up)),
            Measure::Inode => counted(socket.inode.map(|i| i.0.get())),
            Measure::Cookie => counted(socket.cookie.map(|c| c.0.get())),
        }
    }

    fn flag(self, flag: Flag) -> bool {
        match flag {
            Flag::Established => Phase::Established.includes(&self.row.socket),
            Flag::Loopback => {
                let socket = &self.row.socket;
                let mut ends = [Some(socket.local), socket.remote].into_iter().flatten();
                ends.any(|end| end.scope() == Scope::Loopback)
            }
            Flag::Closed => self.row.is_closed(),
            Flag::New => matches!(self.row.mark, Some(Mark::Opened(_))),
        }
    }

    fn pids(self) -> impl Iterator<Item = u32> + 'a {
        let holders = self.row.ownership.last_holders();
        let holders = holders.into_iter().flat_map(|h| h.iter());
        holders.map(|holder| holder.process.pid.0)
    }

    /// The processes that have it or had it last.
    fn processes(self) -> impl Iterator<Item = &'a Process> {
        let known = &self.context.moment.directory.processes;
        let holders = self.row.ownership.last_holders();
        let keys = holders.into_iter().flat_map(|h| distinct_processes(h));
        keys.filter_map(|key| known.get(&key).map(|p| &**p))
    }

    fn user(self) -> Option<&'a str> {
        let uid = self.row.socket.uid?;
        self.context.moment.directory.users.get(&uid).map(|u| &**u)
    }

    fn cgroup(self) -> Option<&'a Cgroup> {
        let id = self.row.socket.cgroup?;
        self.context.moment.directory.cgroups.get(&id).map(|c| &**c)
    }

    fn interface(self) -> Option<&'a str> {
        let index = self.row.socket.interface?;
        let names = &self.context.moment.directory.interfaces;
        names.get(&index).map(|name| &**name)
    }

    fn service(self) -> Option<&'a str> {
        let Context { moment, services } = self.context;
        services.of(self.row.port_key(), moment.ephemeral)
    }
}

fn microseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// The text of an address, without the heap: at most 45 characters (`INET6_ADDRSTRLEN` less its NUL).
struct AddressText {
    bytes: [u8; 45],
    length: usize,
}

impl Default for AddressText {
    fn default() -> Self {
        Self {
            bytes: [0; 45],
            length: 0,
        }
    }
}

impl AddressText {
    fn as_str(&self) -> &str {
        let written = self.bytes.get(..self.length);
        written
            .and_then(|b| std::str::from_utf8(b).ok())
            .unwrap_or("")
    }
}

impl std::fmt::Write for AddressText {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let end = self.length + text.len();
        let room = self
            .bytes
            .get_mut(self.length..end)
            .ok_or(std::fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}
