//! Which sockets of a sample are those of the sample before.

use hashbrown::HashMap;

use crate::net::socket::{Socket, SocketKey};

/// No further place.
const NO_NEXT: usize = usize::MAX;

/// Gives each socket of `now` its place in `before`, or none where it is new. Sockets that nothing
/// tells apart meet in their order.
pub(crate) fn match_rows(before: &[Socket], now: &[Socket]) -> Vec<Option<usize>> {
    let mut first: HashMap<SocketKey, usize> = HashMap::with_capacity(before.len());
    // The next place with the same key, for each place.
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
