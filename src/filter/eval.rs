//! Evaluates a condition on a row.
//!
//! Results for a process, user, cgroup or shared port go into the condition's [`MatchCache`], since
//! other rows share them.

use std::fmt::Write as _;
use std::net::IpAddr;

use super::ast::{Condition, Flag, HostPart, HostTest, NumberTest, ReachTest, TextTest};
use super::match_cache::MatchCache;
use super::pattern::Substring;
use super::quick_filter::StateFilter;
use super::substring_search;
use crate::fields::{
    EndSelector, NumberField, NumberReader, SocketView, TextField, TextMatching, TextReader,
};
use crate::history::{Moment, TrackedSocket, Transition};
use crate::net::endpoint::AddressScope;
use crate::net::port::Port;
use crate::net::process::{Process, ProcessKey};
use crate::net::services::Services;
use crate::net::snapshot::Cgroup;

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
                        .view()
                        .interface_name()
                        .is_some_and(|n| substring_search::equals_ignore_case(n, name))
            }
        }
    }

    fn text(self, field: TextField, test: &TextTest, cache: &mut MatchCache) -> bool {
        let passes = |text: &str| match (test, field.matching) {
            (TextTest::OneOf(parts), TextMatching::Part) => parts
                .iter()
                .any(|part| substring_search::contains_ignore_case(text, part)),
            (TextTest::OneOf(parts), TextMatching::Whole | TextMatching::Words(_)) => parts
                .iter()
                .any(|part| substring_search::equals_ignore_case(text, part)),
            (TextTest::Pattern(pattern), _) => pattern.matches(text),
        };
        let some_passes = |text: Option<&str>| text.is_some_and(passes);
        match field.read {
            TextReader::Process(read) => self.any_process(cache, |p| some_passes(read(p))),
            TextReader::PeerProcess(read) => self
                .view()
                .peer()
                .is_some_and(|peer| peer.process_infos().any(|p| some_passes(read(p)))),
            TextReader::User => self.user(cache, passes),
            TextReader::Cgroup(read) => self.cgroup(cache, |c| some_passes(read(c))),
            TextReader::Service => self.service(cache, passes),
            TextReader::OwnerStatus => passes(self.view().owner_status()),
            TextReader::Socket(read) => some_passes(read(self.view())),
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
        let view = self.view();
        match field.read {
            NumberReader::Socket(read) => {
                read(view).is_some_and(|number| test.matches_known(number))
            }
            NumberReader::Process(read) => view
                .processes()
                .any(|key| read(key, view.process_info(key)).is_some_and(|n| test.matches(n))),
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

    /// The row as the accessors of fields read it.
    const fn view(self) -> SocketView<'a> {
        SocketView {
            row: self.row,
            moment: self.context.moment,
            services: self.context.services,
        }
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
