//! What a filter cannot decide.
//!
//! In: a filter and a row whose owner is not known. Out: whether the filter hangs on that owner: a
//! list without the row, or a wait that ends because nothing matches, would then say more than was
//! seen.

use super::ast::{Filter, Node, NodeKind};
use super::eval::{FilterContext, RowEval};
use super::requirements::needs_processes;
use crate::history::{Ownership, TrackedSocket};

impl Filter {
    /// Whether the row might match, or might not, depending on who has it, and that is hidden.
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

/// Yes, no, or `None`: it depends on the owner (Kleene's three-valued logic).
fn evaluate(node: &Node, row_eval: RowEval<'_>) -> Option<bool> {
    match &node.kind {
        NodeKind::And(children) => combine(children, row_eval, true),
        NodeKind::Or(children) => combine(children, row_eval, false),
        NodeKind::Not(inner) => evaluate(inner, row_eval).map(|decided| !decided),
        // A part of a name may be that of the user or the service, which are known.
        NodeKind::Condition(condition) => {
            match row_eval.matches(condition, &mut Default::default()) {
                false if needs_processes(node) => None,
                decided => Some(decided),
            }
        }
    }
}

/// Of an `and` one `false` decides, of an `or` one `true`.
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
