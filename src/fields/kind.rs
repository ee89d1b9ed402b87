//! Types of the values that fields have, and how each is read from a socket.

use super::socket_view::SocketView;
use crate::net::process::{Process, ProcessKey};

/// What a field looks at, and so which values a filter may give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// A port.
    Port(EndSelector),
    /// An address.
    Address(EndSelector),
    /// An address with its port.
    Endpoint(EndSelector),
    /// The remote address or a part of its text.
    Host,
    /// TCP or UDP.
    Protocol,
    /// IPv4 or IPv6.
    Family,
    /// A TCP state.
    State,
    /// A side.
    Side,
    /// From where a listener can be reached.
    Reach,
    /// A name.
    Text(TextField),
    /// A number.
    Number(NumberField),
}

/// Which end of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndSelector {
    /// One of them.
    Either,
    /// This machine's.
    Local,
    /// The other one.
    Remote,
}

/// A number that sockets have. Two are equal when they have the same name.
#[derive(Clone, Copy, Debug)]
pub struct NumberField {
    /// The name of its field.
    pub name: &'static str,
    /// What it is printed in.
    pub unit: Unit,
    /// How it is read.
    pub read: NumberReader,
}

impl PartialEq for NumberField {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for NumberField {}

impl NumberField {
    /// Returns whether it is that one, where a constant is made.
    pub const fn is(self, other: Self) -> bool {
        is_same_text(self.name, other.name)
    }

    /// Returns what it counts, and so the units a filter may give it in.
    pub const fn dimension(self) -> Dimension {
        self.unit.dimension()
    }
}

/// How a number is read. Filters call it for every row, so it is a plain function and allocates nothing.
#[derive(Clone, Copy, Debug)]
pub enum NumberReader {
    /// From the socket.
    Socket(fn(SocketView<'_>) -> Option<Number>),
    /// From each process that has the socket, or had it last; `None` for a process nothing is known of.
    Process(fn(ProcessKey, Option<&Process>) -> Option<u64>),
}

/// A number as it is known: times in microseconds, sizes in bytes, rates in bytes per second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// Exactly this.
    Exact(u64),
    /// This or more: it began before the first sample.
    AtLeast(u64),
    /// A measurement, which may lie between two whole numbers.
    Measured(f64),
}

/// What a number is printed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A name in digits: comparing two of them says little.
    Id,
    /// Things.
    Count,
    /// Bytes.
    Bytes,
    /// Bytes per second.
    BytesPerSecond,
    /// Microseconds.
    Microseconds,
    /// Milliseconds.
    Milliseconds,
}

impl Unit {
    /// Returns what it measures.
    pub const fn dimension(self) -> Dimension {
        match self {
            Self::Id | Self::Count => Dimension::Count,
            Self::Bytes => Dimension::Bytes,
            Self::BytesPerSecond => Dimension::Rate,
            Self::Microseconds | Self::Milliseconds => Dimension::Time,
        }
    }

    /// Converts a number as it is known to a number in this unit.
    pub const fn from_known(self, number: u64) -> u64 {
        match self {
            Self::Milliseconds => number / 1000,
            _ => number,
        }
    }
}

/// What a number counts, and so which units a filter may give it in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// Things.
    Count,
    /// Bytes.
    Bytes,
    /// Bytes per second.
    Rate,
    /// Time.
    Time,
}

/// A name that sockets have. Two are equal when they have the same name of a field.
#[derive(Clone, Copy, Debug)]
pub struct TextField {
    /// The name of its field.
    pub name: &'static str,
    /// How a filter compares it.
    pub matching: TextMatching,
    /// How it is read.
    pub read: TextReader,
}

impl PartialEq for TextField {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for TextField {}

impl TextField {
    /// Returns whether it is that one, where a constant is made.
    pub const fn is(self, other: Self) -> bool {
        is_same_text(self.name, other.name)
    }
}

/// Compares two texts where a constant is made, which `==` cannot.
pub(super) const fn is_same_text(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut index = 0;
    while index < a.len() && index < b.len() && a[index] == b[index] {
        index += 1;
    }
    index == a.len() && index == b.len()
}

/// How a filter compares a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextMatching {
    /// A part of it is enough.
    Part,
    /// The whole name, so that `eth1` is not `eth10`.
    Whole,
    /// One of these words.
    Words(&'static [&'static str]),
}

/// How a name is read. Thousands of rows share a process, a user, a cgroup or a port, so a filter asks
/// for the names of these once and remembers the outcome.
#[derive(Clone, Copy, Debug)]
pub enum TextReader {
    /// From the socket.
    Socket(for<'a> fn(SocketView<'a>) -> Option<&'a str>),
    /// From each process that has the socket, or had it last.
    Process(for<'a> fn(&'a Process) -> Option<&'a str>),
    /// From each process that has the other end, where that is a socket of this machine.
    PeerProcess(for<'a> fn(&'a Process) -> Option<&'a str>),
    /// The word for how the owner is known.
    OwnerStatus,
    /// The user who opened it.
    User,
    /// From the cgroup it was opened in.
    Cgroup(for<'a> fn(&'a crate::net::snapshot::Cgroup) -> Option<&'a str>),
    /// The usual use of the shared port.
    Service,
}

impl TextReader {
    /// Calls `visit` with each name the socket has.
    pub fn for_each<'a>(self, view: SocketView<'a>, mut visit: impl FnMut(&'a str)) {
        match self {
            Self::Socket(read) => read(view).into_iter().for_each(visit),
            Self::Process(read) => view.process_infos().filter_map(read).for_each(visit),
            Self::PeerProcess(read) => {
                if let Some(peer) = view.peer() {
                    peer.process_infos().filter_map(read).for_each(visit);
                }
            }
            Self::OwnerStatus => visit(view.owner_status()),
            Self::User => view.user().into_iter().for_each(visit),
            Self::Cgroup(read) => view.cgroup().and_then(read).into_iter().for_each(visit),
            Self::Service => view.service().into_iter().for_each(visit),
        }
    }
}
