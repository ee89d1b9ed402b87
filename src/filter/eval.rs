//! Evaluates a condition on a row.
//!
//! Results for a process, user, cgroup or shared port go into the condition's [`MatchCache`], since
//! other rows share them.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use super::ast::{Condition, Flag, HostPart, HostTest, NumberTest, ReachTest, TextTest};
use super::field_kind::{EndSelector, NumberField, TextField, is_exact_match};
use super::match_cache::MatchCache;
use super::pattern::Substring;
use super::quick_filter::StateFilter;
use super::substring_search;
use crate::history::{HolderSet, Moment, ObservedSince, Rates, TrackedSocket, Transition};
use crate::net::endpoint::AddressScope;
use crate::net::port::Port;
use crate::net::process::{Process, ProcessKey};
use crate::net::services::Services;
use crate::net::snapshot::Cgroup;
use crate::net::socket::TcpInfo;

/// The data a filter needs besides the row.
#[derive(Clone, Copy, Debug)]
pub struct FilterContext<'a> {
    /// The moment the row belongs to: names of processes, users and units.
    pub moment: &'a Moment,
    /// The names of ports.
    pub services: &'a Services,
}

/// A row to evaluate, with its context.
#[derive(Clone, Copy)]
pub(crate) struct RowEval<'a> {
    pub(crate) row: &'a TrackedSocket,
    pub(crate) context: FilterContext<'a>,
}

impl<'a> RowEval<'a> {
    /// Returns whether the condition matches. `cache` must belong to this condition.
    pub(crate) fn matches(self, condition: &Condition, cache: &mut MatchCache) -> bool {
        let socket = &self.row.socket;
        match condition {
            Condition::Port(end, test) => self.any_port(*end, |port| test.matches(port.0.into())),
            Condition::PortAndProtocol(protocol, wanted) => {
                socket.protocol() == *protocol
                    && self.any_port(EndSelector::Either, |port| port == *wanted)
            }
            Condition::Endpoint(wanted) => {
                let mut ends = [Some(socket.local), socket.remote].into_iter().flatten();
                ends.any(|end| end.port == wanted.port && end.canonical_ip() == wanted.address)
            }
            Condition::Address(end, networks) => {
                self.any_address(*end, |address| networks.iter().any(|n| n.contains(address)))
            }
            Condition::Host(test) => self.host(test),
            Condition::Protocol(wanted) => wanted.contains(&socket.protocol()),
            Condition::Family(wanted) => wanted.contains(&socket.family()),
            Condition::State(wanted) => socket.tcp_state().is_some_and(|s| wanted.contains(&s)),
            Condition::Side(wanted) => wanted.contains(&self.row.side),
            Condition::Reach(wanted) => {
                socket.is_listening() && wanted.iter().any(|test| self.reach(test))
            }
            Condition::Text(field, test) => self.text(*field, test, cache),
            Condition::Number(field, test) => self.number(*field, test),
            Condition::AnyName(part) => self.any_name(part, cache),
            Condition::Flag(flag) => self.flag(*flag),
        }
    }

    /// Returns whether a port at that end passes. [`Port::NONE`] never does.
    fn any_port(self, end: EndSelector, passes: impl Fn(Port) -> bool) -> bool {
        let passes = |port: Port| port != Port::NONE && passes(port);
        let socket = &self.row.socket;
        (end != EndSelector::Remote && passes(socket.local.port))
            || (end != EndSelector::Local && passes(socket.remote_port()))
    }

    fn any_address(self, end: EndSelector, passes: impl Fn(IpAddr) -> bool) -> bool {
        let socket = &self.row.socket;
        (end != EndSelector::Remote && passes(socket.local.canonical_ip()))
            || (end != EndSelector::Local
                && socket.remote.is_some_and(|r| passes(r.canonical_ip())))
    }

    fn host(self, test: &HostTest) -> bool {
        let Some(remote) = self.row.socket.remote else {
            return false;
        };
        let address = remote.canonical_ip();
        let mut text = AddressText::default();
        let mut written = false;
        let mut text_matches = |passes: &dyn Fn(&str) -> bool| {
            if !written {
                // Cannot fail: the longest address fits.
                written = write!(text, "{address}").is_ok();
            }
            passes(text.as_str())
        };
        match test {
            HostTest::OneOf(parts) => parts.iter().any(|part| match part {
                HostPart::Network(network) => network.contains(address),
                HostPart::Substring(part) => {
                    text_matches(&|text| substring_search::contains_ignore_case(text, part))
                }
            }),
            HostTest::Pattern(pattern) => text_matches(&|text| pattern.matches(text)),
        }
    }

    /// Evaluates a reach test on a listener. A bound interface takes precedence over the address,
    /// as in the reach of a group.
    fn reach(self, test: &ReachTest) -> bool {
        let socket = &self.row.socket;
        let scope = socket.local.scope();
        let bound = socket
            .interface
            .filter(|_| scope != AddressScope::LinkLocal);
        match test {
            ReachTest::Wildcard => bound.is_none() && scope == AddressScope::Unspecified,
            ReachTest::Loopback => bound.is_none() && scope == AddressScope::Loopback,
            ReachTest::Network(network) => {
                scope != AddressScope::Unspecified && network.contains(socket.local.canonical_ip())
            }
            ReachTest::Interface(name) => {
                bound.is_some()
                    && self
                        .interface()
                        .is_some_and(|n| substring_search::equals_ignore_case(n, name))
            }
        }
    }

    fn text(self, field: TextField, test: &TextTest, cache: &mut MatchCache) -> bool {
        let passes = |text: &str| match test {
            TextTest::OneOf(parts) if is_exact_match(field) => parts
                .iter()
                .any(|part| substring_search::equals_ignore_case(text, part)),
            TextTest::OneOf(parts) => parts
                .iter()
                .any(|part| substring_search::contains_ignore_case(text, part)),
            TextTest::Pattern(pattern) => pattern.matches(text),
        };
        let some_passes = |text: Option<&str>| text.is_some_and(passes);
        match field {
            TextField::Process => self.any_process(cache, |p| passes(&p.name)),
            TextField::Command => self.any_process(cache, |p| some_passes(p.command.as_deref())),
            TextField::User => self.user(cache, passes),
            TextField::Unit => self.cgroup(cache, |c| some_passes(c.unit.as_deref())),
            TextField::Container => self.cgroup(cache, |c| some_passes(c.container.as_deref())),
            TextField::Service => self.service(cache, passes),
            TextField::Interface => self.interface().is_some_and(passes),
        }
    }

    /// Returns whether a process, user, unit, container or service name contains the part.
    fn any_name(self, part: &Substring, cache: &mut MatchCache) -> bool {
        let has = |text: &str| substring_search::contains_ignore_case(text, part);
        let in_cgroup = |cgroup: &Cgroup| {
            let names = [cgroup.unit.as_deref(), cgroup.container.as_deref()];
            names.into_iter().flatten().any(has)
        };
        self.any_process(cache, |p| has(&p.name))
            || self.user(cache, has)
            || self.cgroup(cache, in_cgroup)
            || self.service(cache, has)
    }

    fn number(self, field: NumberField, test: &NumberTest) -> bool {
        let socket = &self.row.socket;
        let counted = |number: Option<u64>| number.is_some_and(|n| test.matches(n));
        let tcp = |of: fn(&TcpInfo) -> Option<u32>| {
            counted(socket.tcp.as_ref().and_then(of).map(u64::from))
        };
        let rates = self.row.rates(self.context.moment.elapsed);
        let measured = |number: Option<f64>| number.is_some_and(|n| test.matches_f64(n));
        match field {
            NumberField::Pid => self.pids().any(|pid| test.matches(pid.into())),
            NumberField::ParentPid => self
                .processes()
                .any(|p| counted(p.parent.map(|pid| pid.0.into()))),
            NumberField::Uid => counted(socket.uid.map(|uid| uid.0.into())),
            NumberField::Age => {
                let age = microseconds(self.row.age(self.context.moment.elapsed));
                match self.row.first_seen {
                    // The age is a lower bound, so `age<…` cannot be decided.
                    ObservedSince::BeforeFirstSample(_) => test.matches_all_from(age),
                    ObservedSince::Sampled(_) | ObservedSince::Unsampled(_) => test.matches(age),
                }
            }
            NumberField::Ended => {
                let now = self.context.moment.elapsed;
                let ago = self.row.closed_at();
                let ago = ago.map(|at| microseconds(now.saturating_sub(at)));
                match self.row.ended_before_first_sample() {
                    // The time since closing is a lower bound.
                    true => ago.is_some_and(|ago| test.matches_all_from(ago)),
                    false => counted(ago),
                }
            }
            NumberField::RecvQueue => counted(socket.queues.map(|q| q.recv.into())),
            NumberField::SendQueue => counted(socket.queues.map(|q| q.send.into())),
            NumberField::Rtt => tcp(|t| t.rtt_us.map(std::num::NonZero::get)),
            NumberField::TotalRetransmits => tcp(|t| Some(t.total_retransmits)),
            NumberField::Rate => measured(rates.map(Rates::total)),
            NumberField::Received => measured(rates.map(|r| r.down)),
            NumberField::Sent => measured(rates.map(|r| r.up)),
            NumberField::Inode => counted(socket.inode.map(|i| i.0.get())),
            NumberField::Cookie => counted(socket.cookie.map(|c| c.0.get())),
        }
    }

    fn flag(self, flag: Flag) -> bool {
        match flag {
            Flag::Established => StateFilter::Established.matches(&self.row.socket),
            Flag::Loopback => {
                let socket = &self.row.socket;
                let mut ends = [Some(socket.local), socket.remote].into_iter().flatten();
                ends.any(|end| end.scope() == AddressScope::Loopback)
            }
            Flag::Closed => self.row.is_closed(),
            Flag::New => matches!(self.row.transition, Some(Transition::Opened(_))),
        }
    }

    fn pids(self) -> impl Iterator<Item = u32> + 'a {
        self.process_keys().map(|key| key.pid.0)
    }

    /// Returns the processes that hold the socket or held it last.
    fn processes(self) -> impl Iterator<Item = &'a Process> {
        self.process_keys()
            .filter_map(move |key| self.process_info(key))
    }

    fn process_keys(self) -> impl Iterator<Item = ProcessKey> + 'a {
        let holders = self.row.ownership.last_holders();
        holders.into_iter().flat_map(HolderSet::processes)
    }

    fn process_info(self, key: ProcessKey) -> Option<&'a Process> {
        let known = &self.context.moment.directory.processes;
        known.get(&key).map(|process| &**process)
    }

    /// Returns whether one of the current or last holders passes.
    fn any_process(self, cache: &mut MatchCache, passes: impl Fn(&Process) -> bool) -> bool {
        let compute = |key| self.process_info(key).is_some_and(&passes);
        let holders = self.row.ownership.last_holders();
        holders.is_some_and(|holders| {
            holders.any(|key| cache.processes.get_or_compute(key, || compute(key)))
        })
    }

    fn user(self, cache: &mut MatchCache, passes: impl Fn(&str) -> bool) -> bool {
        let known = &self.context.moment.directory.users;
        let compute = |uid| known.get(&uid).is_some_and(|name| passes(name));
        let uid = self.row.socket.uid;
        uid.is_some_and(|uid| cache.users.get_or_compute(uid, || compute(uid)))
    }

    fn cgroup(self, cache: &mut MatchCache, passes: impl Fn(&Cgroup) -> bool) -> bool {
        let known = &self.context.moment.directory.cgroups;
        let compute = |id| known.get(&id).is_some_and(|cgroup| passes(cgroup));
        let id = self.row.socket.cgroup;
        id.is_some_and(|id| cache.cgroups.get_or_compute(id, || compute(id)))
    }

    fn service(self, cache: &mut MatchCache, passes: impl Fn(&str) -> bool) -> bool {
        let FilterContext { moment, services } = self.context;
        let key = self.row.port_key();
        let compute = || {
            services
                .shared_port_name(key, moment.ephemeral)
                .is_some_and(passes)
        };
        cache.ports.get_or_compute(key, compute)
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

/// The text of an address on the stack: at most 45 bytes (`INET6_ADDRSTRLEN` without the NUL).
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
