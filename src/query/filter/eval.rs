//! Does a statement hold of a row?
//!
//! In: the statement, a row, the moment it belongs to. Out: yes or no. What is said of a process, a
//! user, a cgroup or a shared port is kept in the statement's memory: it holds of other rows, too.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use super::condition::is_whole;
use super::fields::{Measure, TextField};
use super::search;
use super::sieve::Memory;
use super::tree::{
    Condition, End, Flag, HostPart, HostTest, NumberTest, Part, ReachTest, TextTest,
};
use crate::endpoint::Scope;
use crate::history::{Held, Mark, Moment, Rates, Since, Tracked};
use crate::port::Port;
use crate::process::{Process, ProcessKey};
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

/// A row under test.
#[derive(Clone, Copy)]
pub(super) struct Look<'a> {
    pub(super) row: &'a Tracked,
    pub(super) context: Context<'a>,
}

impl<'a> Look<'a> {
    /// Whether the statement, whose memory this is, holds.
    pub(super) fn holds(self, condition: &Condition, memory: &mut Memory) -> bool {
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
            Condition::Text(field, test) => self.text(*field, test, memory),
            Condition::Measure(measure, test) => self.measure(*measure, test),
            Condition::Name(part) => self.any_name(part, memory),
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

    fn text(self, field: TextField, test: &TextTest, memory: &mut Memory) -> bool {
        let passes = |text: &str| match test {
            TextTest::OneOf(parts) if is_whole(field) => {
                parts.iter().any(|part| search::equals(text, part))
            }
            TextTest::OneOf(parts) => parts.iter().any(|part| search::contains(text, part)),
            TextTest::Pattern(pattern) => pattern.matches(text),
        };
        let some_passes = |text: Option<&str>| text.is_some_and(passes);
        match field {
            TextField::Process => self.process(memory, |p| passes(&p.name)),
            TextField::Command => self.process(memory, |p| some_passes(p.command.as_deref())),
            TextField::User => self.user(memory, passes),
            TextField::Unit => self.cgroup(memory, |c| some_passes(c.unit.as_deref())),
            TextField::Container => self.cgroup(memory, |c| some_passes(c.container.as_deref())),
            TextField::Service => self.service(memory, passes),
            TextField::Interface => self.interface().is_some_and(passes),
        }
    }

    /// Part of a name the row goes by.
    fn any_name(self, part: &Part, memory: &mut Memory) -> bool {
        let has = |text: &str| search::contains(text, part);
        let in_cgroup = |cgroup: &Cgroup| {
            let names = [cgroup.unit.as_deref(), cgroup.container.as_deref()];
            names.into_iter().flatten().any(has)
        };
        self.process(memory, |p| has(&p.name))
            || self.user(memory, has)
            || self.cgroup(memory, in_cgroup)
            || self.service(memory, has)
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
            Measure::Age => {
                let age = microseconds(self.row.age(self.context.moment.elapsed));
                match self.row.first_seen {
                    // At least so old: that it is younger than something cannot be said.
                    Since::BeforeFirstLook(_) => test.holds_from(age),
                    Since::Seen(_) | Since::Unsampled(_) => test.holds(age),
                }
            }
            Measure::Ended => {
                let now = self.context.moment.elapsed;
                let ago = self.row.ended();
                let ago = ago.map(|at| microseconds(now.saturating_sub(at)));
                match self.row.ended_before_first_look() {
                    // At least so long ago.
                    true => ago.is_some_and(|ago| test.holds_from(ago)),
                    false => counted(ago),
                }
            }
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
        self.process_keys().map(|key| key.pid.0)
    }

    /// The processes that have it or had it last.
    fn processes(self) -> impl Iterator<Item = &'a Process> {
        self.process_keys()
            .filter_map(move |key| self.described(key))
    }

    fn process_keys(self) -> impl Iterator<Item = ProcessKey> + 'a {
        let holders = self.row.ownership.last_holders();
        holders.into_iter().flat_map(Held::processes)
    }

    fn described(self, key: ProcessKey) -> Option<&'a Process> {
        let known = &self.context.moment.directory.processes;
        known.get(&key).map(|process| &**process)
    }

    /// Whether one of those processes passes.
    fn process(self, memory: &mut Memory, passes: impl Fn(&Process) -> bool) -> bool {
        let decide = |key| self.described(key).is_some_and(&passes);
        let held = self.row.ownership.last_holders();
        held.is_some_and(|held| held.any(|key| memory.processes.on(key, || decide(key))))
    }

    fn user(self, memory: &mut Memory, passes: impl Fn(&str) -> bool) -> bool {
        let known = &self.context.moment.directory.users;
        let decide = |uid| known.get(&uid).is_some_and(|name| passes(name));
        let uid = self.row.socket.uid;
        uid.is_some_and(|uid| memory.users.on(uid, || decide(uid)))
    }

    fn cgroup(self, memory: &mut Memory, passes: impl Fn(&Cgroup) -> bool) -> bool {
        let known = &self.context.moment.directory.cgroups;
        let decide = |id| known.get(&id).is_some_and(|cgroup| passes(cgroup));
        let id = self.row.socket.cgroup;
        id.is_some_and(|id| memory.cgroups.on(id, || decide(id)))
    }

    fn service(self, memory: &mut Memory, passes: impl Fn(&str) -> bool) -> bool {
        let Context { moment, services } = self.context;
        let key = self.row.port_key();
        let decide = || services.of(key, moment.ephemeral).is_some_and(passes);
        memory.ports.on(key, decide)
    }

    fn interface(self) -> Option<&'a str> {
        let index = self.row.socket.interface?;
        let names = &self.context.moment.directory.interfaces;
        names.get(&index).map(|name| &**name)
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
