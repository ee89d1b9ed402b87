//! What a filter cannot decide.
//!
//! In: a filter and a row whose owner is not known. Out: whether the filter hangs on that owner: a
//! list without the row, or a wait that ends because nothing matches, would then say more than was
//! seen.

use super::Filter;
use super::demand::asks_for_processes;
use super::eval::{Context, Look};
use super::tree::{Node, NodeKind};
use crate::history::{Ownership, Tracked};

impl Filter {
    /// Whether the row might match, or might not, depending on who has it, and that is hidden.
    pub fn hangs_on_owner(&self, row: &Tracked, context: Context<'_>) -> bool {
        let unknown = matches!(
            row.ownership,
            Ownership::Hidden | Ownership::NotYet | Ownership::Untold
        );
        let decided = |tree| decide(tree, Look { row, context });
        unknown && self.tree().is_some_and(|tree| decided(tree).is_none())
    }
}

/// Yes, no, or `None`: it depends on the owner (Kleene's three-valued logic).
fn decide(node: &Node, look: Look<'_>) -> Option<bool> {
    match &node.kind {
        NodeKind::And(children) => all(children, look, true),
        NodeKind::Or(children) => all(children, look, false),
        NodeKind::Not(inner) => decide(inner, look).map(|decided| !decided),
        // A part of a name may be that of the user or the service, which are known.
        NodeKind::Is(condition) => match look.holds(condition, &mut Default::default()) {
            false if asks_for_processes(node) => None,
            decided => Some(decided),
        },
    }
}

/// Of an `and` one `false` decides, of an `or` one `true`.
fn all(children: &[Node], look: Look<'_>, usual: bool) -> Option<bool> {
    let mut open = false;
    for child in children {
        match decide(child, look) {
            Some(decided) if decided != usual => return Some(!usual),
            Some(_) => {}
            None => open = true,
        }
    }
    (!open).then_some(usual)
}
