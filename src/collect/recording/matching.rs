//! Which sockets of a sample are those of the sample before.

use hashbrown::HashMap;

use crate::socket::{Socket, SocketKey};

/// No further place.
const NONE: usize = usize::MAX;

/// Gives each socket of `now` its place in `before`, or none where it is new. Sockets that nothing
/// tells apart meet in their order.
pub(super) fn places(before: &[Socket], now: &[Socket]) -> Vec<Option<usize>> {
    let mut first: HashMap<SocketKey, usize> = HashMap::with_capacity(before.len());
    // The next place with the same key, for each place.
    let mut next = vec![NONE; before.len()];
    for (place, socket) in before.iter().enumerate().rev() {
        if let Some(later) = first.insert(socket.key(), place) {
            next[place] = later;
        }
    }
    let find = |socket: &Socket| {
        let place = first.get_mut(&socket.key())?;
        let found = *place;
        *place = *next.get(found)?;
        Some(found)
    };
    now.iter().map(find).collect()
}
