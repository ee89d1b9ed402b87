//! `0.0.0.0:80` and `[::]:80` of one server are one listener with two addresses.
//!
//! In: the ordered rows of one port. Out: the same rows, with the second of such a pair taken out
//! of the list and remembered beside the first. Counts are not touched: they are two sockets.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::history::{Moment, Slot, TrackedSocket};
use crate::net::endpoint::AddressScope;

/// The second socket of a listener, by the first.
pub(crate) type DualStackPairs = HashMap<Slot, Slot>;

/// Joins wildcard listeners of different families that the same processes hold.
pub(crate) fn merge_dual_stack_pairs(
    rows: &mut Vec<Slot>,
    moment: &Moment,
    pairs: &mut DualStackPairs,
) {
    let wildcards: Vec<&Arc<TrackedSocket>> = rows
        .iter()
        .map_while(|slot| moment.row(*slot).filter(|r| r.socket.is_listening()))
        .filter(|r| r.socket.local.scope() == AddressScope::Unspecified && !r.is_closed())
        .collect();
    if wildcards.len() < 2 {
        return;
    }
    let mut joined: Vec<Slot> = Vec::new();
    for first in wildcards.iter().filter(|r| !r.socket.local.is_ipv6()) {
        let second = wildcards.iter().find(|r| {
            r.socket.local.is_ipv6() && !joined.contains(&r.slot) && same_owners(first, r)
        });
        if let Some(second) = second {
            joined.push(second.slot);
            pairs.insert(first.slot, second.slot);
        }
    }
    rows.retain(|slot| !joined.contains(slot));
}

/// Held by the same processes, and known to be.
fn same_owners(a: &TrackedSocket, b: &TrackedSocket) -> bool {
    match (a.ownership.holders(), b.ownership.holders()) {
        (Some(a), Some(b)) => a.processes().eq(b.processes()),
        _ => false,
    }
}
