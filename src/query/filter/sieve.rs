//! A filter at work on one moment: it remembers what it found of those that many rows share.
//!
//! In: a filter, a moment, row after row. Out: which pass. Thousands of rows have the same process,
//! user, cgroup or port, whose names are looked up and compared once; what follows for a row is
//! the same as if it were the first.

use std::hash::Hash;

use hashbrown::HashMap;

use super::Filter;
use super::eval::{Context, Look};
use super::tree::{Condition, Node, NodeKind};
use crate::history::Tracked;
use crate::port::{PortKey, PortSide, Protocol};
use crate::process::{ProcessKey, Uid};
use crate::socket::CgroupId;

impl Filter {
    /// The filter, ready for the rows of one moment.
    pub fn sieve<'a>(&'a self, context: Context<'a>) -> Sieve<'a> {
        Sieve {
            mesh: self.tree().map(Mesh::of),
            context,
        }
    }

    /// Whether the row is one of those asked for. A fact the row does not have matches nothing,
    /// neither `rtt>1ms` nor `rtt<=1ms`; `not rtt>1ms` then matches. For many rows of a moment,
    /// [`Filter::sieve`].
    pub fn matches(&self, row: &Tracked, context: Context<'_>) -> bool {
        self.sieve(context).passes(row)
    }
}

/// A filter at work.
#[derive(Debug)]
pub struct Sieve<'a> {
    mesh: Option<Mesh<'a>>,
    context: Context<'a>,
}

impl Sieve<'_> {
    /// Whether the row, one of the moment's, is one of those asked for.
    pub fn passes(&mut self, row: &Tracked) -> bool {
        let look = Look {
            row,
            context: self.context,
        };
        self.mesh.as_mut().is_none_or(|mesh| mesh.passes(look))
    }
}

/// A part of the filter, each statement with a memory of its own.
#[derive(Debug)]
enum Mesh<'a> {
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    Is(&'a Condition, Box<Memory>),
}

impl<'a> Mesh<'a> {
    fn of(node: &'a Node) -> Self {
        match &node.kind {
            NodeKind::And(children) => Self::And(children.iter().map(Self::of).collect()),
            NodeKind::Or(children) => Self::Or(children.iter().map(Self::of).collect()),
            NodeKind::Not(inner) => Self::Not(Box::new(Self::of(inner))),
            NodeKind::Is(condition) => Self::Is(condition, Box::default()),
        }
    }

    fn passes(&mut self, look: Look<'_>) -> bool {
        match self {
            Self::And(children) => children.iter_mut().all(|child| child.passes(look)),
            Self::Or(children) => children.iter_mut().any(|child| child.passes(look)),
            Self::Not(inner) => !inner.passes(look),
            Self::Is(condition, memory) => look.holds(condition, memory),
        }
    }
}

/// What one statement was found to say of those that rows share.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Of processes.
    pub(super) processes: Verdicts<ProcessKey>,
    /// Of users.
    pub(super) users: Verdicts<Uid>,
    /// Of cgroups.
    pub(super) cgroups: Verdicts<CgroupId>,
    /// Of shared ports.
    pub(super) ports: PortVerdicts,
}

/// Yes or no by key.
#[derive(Debug)]
pub(super) struct Verdicts<K> {
    all: HashMap<K, bool>,
    /// The last one asked for: neighbours are often of one kind.
    last: Option<(K, bool)>,
}

impl<K> Default for Verdicts<K> {
    fn default() -> Self {
        Self {
            all: HashMap::new(),
            last: None,
        }
    }
}

impl<K: Copy + Eq + Hash> Verdicts<K> {
    /// The verdict on this key, decided when it is asked for the first time.
    pub(super) fn on(&mut self, key: K, decide: impl FnOnce() -> bool) -> bool {
        match self.last {
            Some((last, verdict)) if last == key => verdict,
            _ => {
                let verdict = *self.all.entry(key).or_insert_with(decide);
                self.last = Some((key, verdict));
                verdict
            }
        }
    }
}

/// Yes or no by port: a place for each there is, because there may be nearly as many as rows.
/// Empty until the first is asked for.
#[derive(Debug, Default)]
pub(super) struct PortVerdicts(Vec<Option<bool>>);

impl PortVerdicts {
    /// The verdict on this port, decided when it is asked for the first time.
    pub(super) fn on(&mut self, key: PortKey, decide: impl FnOnce() -> bool) -> bool {
        if self.0.is_empty() {
            self.0 = vec![None; 4 << 16];
        }
        let there = usize::from(key.side == PortSide::There);
        let udp = usize::from(key.protocol == Protocol::Udp);
        let place = (there << 1 | udp) << 16 | usize::from(key.port.number());
        match self.0.get_mut(place) {
            Some(verdict) => *verdict.get_or_insert_with(decide),
            None => decide(),
        }
    }
}
