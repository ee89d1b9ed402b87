//! Merges the wildcard listeners `0.0.0.0:80` and `[::]:80` of one server into one row.
//!
//! Removes the second socket of such a pair from the rows of a port and records it with the first.
//! Counts are unaffected: they are two sockets.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::history::{Moment, Slot, TrackedSocket};
use crate::net::endpoint::AddressScope;

/// The IPv6 socket of a pair, by the IPv4 one.
pub(crate) type DualStackPairs = HashMap<Slot, Slot>;

/// Merges wildcard listeners of different families held by the same processes.
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
    let mut merged: Vec<Slot> = Vec::new();
    for first in wildcards.iter().filter(|r| !r.socket.local.is_ipv6()) {
        let second = wildcards.iter().find(|r| {
            r.socket.local.is_ipv6() && !merged.contains(&r.slot) && same_owners(first, r)
        });
        if let Some(second) = second {
            merged.push(second.slot);
            pairs.insert(first.slot, second.slot);
        }
    }
    rows.retain(|slot| !merged.contains(slot));
}

/// Returns whether both are known to be held by the same processes.
fn same_owners(a: &TrackedSocket, b: &TrackedSocket) -> bool {
    match (a.ownership.holders(), b.ownership.holders()) {
        (Some(a), Some(b)) => a.processes().eq(b.processes()),
        _ => false,
    }
}
