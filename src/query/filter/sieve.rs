//! A filter at work on one moment: it remembers what it found of those that many rows share.
//!
//! In: a filter, a moment, row after row. Out: which pass. Thousands of rows have the same process,
//! user, cgroup or port, whose names are looked up and compared once; what follows for a row is
//! the same as if it were the first.

use std::hash::Hash;

use hashbrown::HashMap;

use super::Filter;
use super::eval::{FilterContext, RowEval};
use super::tree::{Condition, Node, NodeKind};
use crate::history::TrackedSocket;
use crate::port::{PortKey, PortSide, Protocol};
use crate::process::{ProcessKey, Uid};
use crate::socket::CgroupId;

impl Filter {
    /// The filter, ready for the rows of one moment.
    pub fn matcher<'a>(&'a self, context: FilterContext<'a>) -> Matcher<'a> {
        Matcher {
            root: self.root().map(MatchNode::from_node),
            context,
        }
    }

    /// Whether the row is one of those asked for. A fact the row does not have matches nothing,
    /// neither `rtt>1ms` nor `rtt<=1ms`; `not rtt>1ms` then matches. For many rows of a moment,
    /// [`Filter::sieve`].
    pub fn matches(&self, row: &TrackedSocket, context: FilterContext<'_>) -> bool {
        self.matcher(context).matches(row)
    }
}

/// A filter at work.
#[derive(Debug)]
pub struct Matcher<'a> {
    root: Option<MatchNode<'a>>,
    context: FilterContext<'a>,
}

impl Matcher<'_> {
    /// Whether the row, one of the moment's, is one of those asked for.
    pub fn matches(&mut self, row: &TrackedSocket) -> bool {
        let row_eval = RowEval {
            row,
            context: self.context,
        };
        self.root.as_mut().is_none_or(|node| node.matches(row_eval))
    }
}

/// A part of the filter, each statement with a memory of its own.
#[derive(Debug)]
enum MatchNode<'a> {
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    Condition(&'a Condition, Box<MatchCache>),
}

impl<'a> MatchNode<'a> {
    fn from_node(node: &'a Node) -> Self {
        match &node.kind {
            NodeKind::And(children) => Self::And(children.iter().map(Self::from_node).collect()),
            NodeKind::Or(children) => Self::Or(children.iter().map(Self::from_node).collect()),
            NodeKind::Not(inner) => Self::Not(Box::new(Self::from_node(inner))),
            NodeKind::Condition(condition) => Self::Condition(condition, Box::default()),
        }
    }

    fn matches(&mut self, row_eval: RowEval<'_>) -> bool {
        match self {
            Self::And(children) => children.iter_mut().all(|child| child.matches(row_eval)),
            Self::Or(children) => children.iter_mut().any(|child| child.matches(row_eval)),
            Self::Not(inner) => !inner.matches(row_eval),
            Self::Condition(condition, cache) => row_eval.matches(condition, cache),
        }
    }
}

/// What one statement was found to say of those that rows share.
#[derive(Debug, Default)]
pub(super) struct MatchCache {
    /// Of processes.
    pub(super) processes: CachedResults<ProcessKey>,
    /// Of users.
    pub(super) users: CachedResults<Uid>,
    /// Of cgroups.
    pub(super) cgroups: CachedResults<CgroupId>,
    /// Of shared ports.
    pub(super) ports: CachedPortResults,
}

/// Yes or no by key.
#[derive(Debug)]
pub(super) struct CachedResults<K> {
    results: HashMap<K, bool>,
    /// The last one asked for: neighbours are often of one kind.
    last: Option<(K, bool)>,
}

impl<K> Default for CachedResults<K> {
    fn default() -> Self {
        Self {
            results: HashMap::new(),
            last: None,
        }
    }
}

impl<K: Copy + Eq + Hash> CachedResults<K> {
    /// The verdict on this key, decided when it is asked for the first time.
    pub(super) fn get_or_compute(&mut self, key: K, compute: impl FnOnce() -> bool) -> bool {
        match self.last {
            Some((last, result)) if last == key => result,
            _ => {
                let result = *self.results.entry(key).or_insert_with(compute);
                self.last = Some((key, result));
                result
            }
        }
    }
}

/// Yes or no by port: a place for each there is, because there may be nearly as many as rows.
/// Empty until the first is asked for.
#[derive(Debug, Default)]
pub(super) struct CachedPortResults(Vec<Option<bool>>);

impl CachedPortResults {
    /// The verdict on this port, decided when it is asked for the first time.
    pub(super) fn get_or_compute(&mut self, key: PortKey, compute: impl FnOnce() -> bool) -> bool {
        if self.0.is_empty() {
            self.0 = vec![None; 4 << 16];
        }
        let there = usize::from(key.side == PortSide::Remote);
        let udp = usize::from(key.protocol == Protocol::Udp);
        let index = (there << 1 | udp) << 16 | usize::from(key.port.number());
        match self.0.get_mut(index) {
            Some(result) => *result.get_or_insert_with(compute),
            None => compute(),
        }
    }
}
