//! Which row is which socket.
//!
//! In: identities as rows come and go. Out: the slot of an open row. Rows with a cookie, which are
//! all of them where the source tells cookies, have a map of their own: its entries take 16 bytes
//! where those of endpoints take 64, which is 5 MB at 100,000 sockets.

use hashbrown::HashMap;

use super::slot::Slot;
use crate::net::socket::{Cookie, SocketKey};

/// Slots by identity.
#[derive(Debug, Default)]
pub(crate) struct SocketIndex {
    cookies: HashMap<Cookie, Slot>,
    tuples: HashMap<SocketKey, Slot>,
}

impl SocketIndex {
    /// How many rows are open.
    pub(crate) fn len(&self) -> usize {
        self.cookies.len() + self.tuples.len()
    }

    pub(crate) fn get(&self, key: &SocketKey) -> Option<Slot> {
        match key {
            SocketKey::Cookie(cookie) => self.cookies.get(cookie),
            SocketKey::Tuple { .. } => self.tuples.get(key),
        }
        .copied()
    }

    pub(crate) fn insert(&mut self, key: SocketKey, slot: Slot) {
        match key {
            SocketKey::Cookie(cookie) => self.cookies.insert(cookie, slot),
            SocketKey::Tuple { .. } => self.tuples.insert(key, slot),
        };
    }

    pub(crate) fn remove(&mut self, key: &SocketKey) {
        match key {
            SocketKey::Cookie(cookie) => self.cookies.remove(cookie),
            SocketKey::Tuple { .. } => self.tuples.remove(key),
        };
    }
}
