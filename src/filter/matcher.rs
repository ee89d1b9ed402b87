//! Evaluates a filter on the rows of one moment, caching results that rows share.
//!
//! Thousands of rows have the same process, user, cgroup or port: their names are looked up and
//! compared once. The cache never changes a result.

use super::ast::{Condition, Filter, Node, NodeKind};
use super::eval::{FilterContext, RowEval};
use super::match_cache::MatchCache;
use crate::history::TrackedSocket;

impl Filter {
    /// Returns a matcher for the rows of one moment.
    pub fn matcher<'a>(&'a self, context: FilterContext<'a>) -> Matcher<'a> {
        Matcher {
            root: self.root().map(MatchNode::from_node),
            context,
        }
    }

    /// Returns whether the row matches. A value the row does not have matches no condition: neither
    /// `rtt>1ms` nor `rtt<=1ms`, but `not rtt>1ms`. For many rows of a moment use
    /// [`Filter::matcher`], which caches.
    pub fn matches(&self, row: &TrackedSocket, context: FilterContext<'_>) -> bool {
        self.matcher(context).matches(row)
    }
}

/// A filter prepared for the rows of one moment, with a cache for each condition.
#[derive(Debug)]
pub struct Matcher<'a> {
    root: Option<MatchNode<'a>>,
    context: FilterContext<'a>,
}

impl Matcher<'_> {
    /// Returns whether the row matches. It must be a row of the matcher's moment.
    pub fn matches(&mut self, row: &TrackedSocket) -> bool {
        let row_eval = RowEval {
            row,
            context: self.context,
        };
        self.root.as_mut().is_none_or(|node| node.matches(row_eval))
    }
}

/// A node of the filter; each condition has its own cache.
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
