//! Iterates over the rows of a query result in the order in which every format writes them.

pub(crate) use crate::fields::SocketView as OutputEntry;
use crate::history::Slot;
use crate::net::services::Services;
use crate::query::{Group, QueryResult};

/// Iterates over the rows of a result in order, each with its outer group, if any. The second socket of
/// a dual-stack pair, which has no line of its own in the chart, follows the first. Grouped by process,
/// a socket that several processes hold comes once in each group.
pub(crate) fn iter_entries<'a>(
    result: &'a QueryResult,
    services: &'a Services,
) -> impl Iterator<Item = (Option<&'a Group>, OutputEntry<'a>)> {
    let flat = result
        .groups
        .is_empty()
        .then_some((None, 0..result.rows.len()));
    let grouped = result.groups.iter().map(|g| (Some(g), g.rows.clone()));
    flat.into_iter()
        .chain(grouped)
        .flat_map(move |(group, rows)| {
            let slots = result.rows.get(rows).unwrap_or_default();
            let entry = |slot: Slot| OutputEntry::from_slot(slot, &result.moment, services);
            with_dual_stack_twins(result, slots).filter_map(move |slot| Some((group, entry(slot)?)))
        })
}

/// Iterates over slots, each followed by its dual-stack twin, if any.
pub(crate) fn with_dual_stack_twins<'a>(
    result: &'a QueryResult,
    slots: &'a [Slot],
) -> impl Iterator<Item = Slot> + 'a {
    let twin = |slot: Slot| result.dual_stack_twin(slot).map(|row| row.slot);
    slots
        .iter()
        .flat_map(move |slot| [Some(*slot), twin(*slot)])
        .flatten()
}
