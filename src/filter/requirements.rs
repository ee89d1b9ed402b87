//! Computes what must be sampled to evaluate a filter.
//!
//! The ports that bound the matching rows, so that a list of one port need not dump every socket,
//! and whether processes are needed.

use super::ast::{Comparison, Condition, Filter, Node, NodeKind, NumberTest};
use crate::collect::OwnerMode;
use crate::fields::{NumberReader, TextReader};
use crate::net::port::{Port, PortRange, PortSet};

impl Filter {
    /// Returns ports of which every matching row has one at its local or remote end; `None` if there
    /// is no such bound. The set may be larger than necessary.
    pub fn required_ports(&self) -> Option<PortSet> {
        self.root().and_then(port_bound)
    }

    /// Returns [`OwnerMode::Full`] if the filter depends on the processes that hold a socket, else
    /// [`OwnerMode::Off`].
    pub fn required_owners(&self) -> OwnerMode {
        match self.root() {
            Some(node) if needs_processes(node) => OwnerMode::Full,
            _ => OwnerMode::Off,
        }
    }
}

fn port_bound(node: &Node) -> Option<PortSet> {
    match &node.kind {
        // A row may have one port in the first set and its other port in the second, so the
        // intersection is not a bound; each set by itself is.
        NodeKind::And(children) => children
            .iter()
            .filter_map(port_bound)
            .min_by_key(PortSet::len),
        NodeKind::Or(children) => {
            let bounds: Option<Vec<PortSet>> = children.iter().map(port_bound).collect();
            let ranges = bounds?;
            let ranges = ranges.iter().flat_map(|set| set.ranges().iter().copied());
            Some(PortSet::new(ranges))
        }
        NodeKind::Not(_) => None,
        NodeKind::Condition(condition) => match condition {
            Condition::Port(_, test) => Some(ports_matching(test)),
            Condition::PortAndProtocol(_, port) => Some(single_port(*port)),
            // Rows may have port 0, which is outside every set.
            Condition::Endpoint(end) => (end.port != Port::NONE).then(|| single_port(end.port)),
            _ => None,
        },
    }
}

fn single_port(port: Port) -> PortSet {
    PortSet::new([PortRange {
        first: port,
        last: port,
    }])
}

/// Returns the ports that pass the test.
fn ports_matching(test: &NumberTest) -> PortSet {
    let range = |low: u64, high: u64| {
        Some(PortRange {
            first: Port(u16::try_from(low).ok()?),
            last: Port(u16::try_from(high).unwrap_or(u16::MAX)),
        })
    };
    match test {
        NumberTest::InRanges(all) => PortSet::new(all.iter().filter_map(|i| range(i.low, i.high))),
        NumberTest::Compare(comparison, limit) => PortSet::new(match comparison {
            Comparison::Greater => range(limit.saturating_add(1), u64::MAX),
            Comparison::AtLeast => range(*limit, u64::MAX),
            Comparison::Less => limit.checked_sub(1).and_then(|last| range(0, last)),
            Comparison::AtMost => range(0, *limit),
        }),
    }
}

pub(crate) fn needs_processes(node: &Node) -> bool {
    match &node.kind {
        NodeKind::And(children) | NodeKind::Or(children) => children.iter().any(needs_processes),
        NodeKind::Not(inner) => needs_processes(inner),
        NodeKind::Condition(condition) => match condition {
            Condition::AnyName(_) => true,
            // User, cgroup, port and interface are properties of the socket.
            Condition::Text(field, _) => matches!(
                field.read,
                TextReader::Process(_) | TextReader::PeerProcess(_) | TextReader::OwnerStatus
            ),
            Condition::Number(field, _) => matches!(field.read, NumberReader::Process(_)),
            Condition::Port(..)
            | Condition::PortAndProtocol(..)
            | Condition::Endpoint(_)
            | Condition::Address(..)
            | Condition::Host(_)
            | Condition::Protocol(_)
            | Condition::Family(_)
            | Condition::State(_)
            | Condition::Side(_)
            | Condition::Reach(_)
            | Condition::Flag(_) => false,
        },
    }
}
