//! Matches the sockets of a sample to those of the previous one.

use hashbrown::HashMap;

use crate::net::socket::{Socket, SocketKey};

/// No further index.
const NO_NEXT: usize = usize::MAX;

/// Returns for each socket of `now` its index in `before`, or `None` if it is new. Sockets with
/// equal keys match in order.
pub(crate) fn match_rows(before: &[Socket], now: &[Socket]) -> Vec<Option<usize>> {
    let mut first: HashMap<SocketKey, usize> = HashMap::with_capacity(before.len());
    // For each index, the next index with the same key.
    let mut next = vec![NO_NEXT; before.len()];
    for (index, socket) in before.iter().enumerate().rev() {
        if let Some(later) = first.insert(socket.key(), index) {
            next[index] = later;
        }
    }
    let find = |socket: &Socket| {
        let index = first.get_mut(&socket.key())?;
        let found = *index;
        *index = *next.get(found)?;
        Some(found)
    };
    now.iter().map(find).collect()
}
