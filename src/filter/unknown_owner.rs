//! Finds rows that a filter cannot decide because their owner is unknown.
//!
//! Without this check, a list that omits such a row, or a wait that ends because nothing matches,
//! would claim more than was observed.

use super::ast::{Filter, Node, NodeKind};
use super::eval::{FilterContext, RowEval};
use super::requirements::needs_processes;
use crate::history::{Ownership, TrackedSocket};

impl Filter {
    /// Returns whether the result for the row depends on its owner, and the owner is unknown
    /// (hidden, not found yet, or not supported by the source).
    pub fn depends_on_unknown_owner(
        &self,
        row: &TrackedSocket,
        context: FilterContext<'_>,
    ) -> bool {
        let unknown = matches!(
            row.ownership,
            Ownership::Hidden | Ownership::Pending | Ownership::Unsupported
        );
        let decided = |tree| evaluate(tree, RowEval { row, context });
        unknown && self.root().is_some_and(|tree| decided(tree).is_none())
    }
}

/// Evaluates in Kleene's three-valued logic; `None` means that it depends on the owner.
fn evaluate(node: &Node, row_eval: RowEval<'_>) -> Option<bool> {
    match &node.kind {
        NodeKind::And(children) => combine(children, row_eval, true),
        NodeKind::Or(children) => combine(children, row_eval, false),
        NodeKind::Not(inner) => evaluate(inner, row_eval).map(|decided| !decided),
        // A name may match the user, unit, container or service, which are known; so `true` is final.
        NodeKind::Condition(condition) => {
            match row_eval.matches(condition, &mut Default::default()) {
                false if needs_processes(node) => None,
                decided => Some(decided),
            }
        }
    }
}

/// Combines children: `neutral` is true for `and`, where one false decides, and false for `or`,
/// where one true decides.
fn combine(children: &[Node], row_eval: RowEval<'_>, neutral: bool) -> Option<bool> {
    let mut undecided = false;
    for child in children {
        match evaluate(child, row_eval) {
            Some(decided) if decided != neutral => return Some(!neutral),
            Some(_) => {}
            None => undecided = true,
        }
    }
    (!undecided).then_some(neutral)
}
