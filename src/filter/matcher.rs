//! A filter at work on one moment: it remembers what it found of those that many rows share.
//!
//! In: a filter, a moment, row after row. Out: which pass. Thousands of rows have the same process,
//! user, cgroup or port, whose names are looked up and compared once; what follows for a row is
//! the same as if it were the first.

use super::ast::{Condition, Filter, Node, NodeKind};
use super::eval::{FilterContext, RowEval};
use super::match_cache::MatchCache;
use crate::history::TrackedSocket;

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
