//! Merges two rows when the kernel gave one connection a new cookie.
//!
//! The kernel assigns a socket's cookie when it is first read, and what precedes and follows the
//! socket inherits it when it is created: the request socket before accept (`inet_csk_clone_lock`),
//! the TIME-WAIT row after close (`inet_twsk_alloc`). A dump that reads the cookie a moment too
//! late gives the two different ones. On a busy machine this affects a few in ten thousand
//! connections that live shorter than an interval.

use hashbrown::{HashMap, HashSet};

use super::close_events::tuple_key;
use super::row_store::Observation;
use super::slot::Slot;
use super::state::History;
use crate::net::socket::{Socket, SocketKey, TcpState};

impl History {
    /// Merges new rows with missing ones. To be called after every socket of the sample was matched
    /// with its row. Removes merged rows from `new_slots`.
    pub(crate) fn merge_split_rows(
        &mut self,
        new_slots: &mut Vec<Slot>,
        observation: impl Fn(Socket) -> Observation,
    ) {
        if new_slots.is_empty() {
            return;
        }
        let missing: HashMap<SocketKey, (Slot, TcpState)> = self
            .store
            .missing_rows()
            .filter_map(|row| Some((tuple_key(&row.socket), (row.slot, row.socket.tcp_state()?))))
            .collect();
        if missing.is_empty() {
            return;
        }
        let pairs: Vec<(Slot, Slot)> = new_slots
            .iter()
            .filter_map(|slot| {
                let socket = &self.store.row(*slot)?.socket;
                let &(old, before) = missing.get(&tuple_key(socket))?;
                can_follow(before, socket).then_some((old, *slot))
            })
            .collect();
        for &(old, new) in &pairs {
            self.store.merge(old, new, &observation);
            self.totals.opened -= 1;
            self.totals.changed += 1;
            self.note_time_wait(old);
        }
        let merged: HashSet<Slot> = pairs.into_iter().map(|(_, new)| new).collect();
        new_slots.retain(|slot| !merged.contains(slot));
    }
}

/// Returns whether the kernel may have created the second from a socket in the first state.
fn can_follow(before: TcpState, after: &Socket) -> bool {
    match (before, after.tcp_state()) {
        (TcpState::Listen | TcpState::TimeWait | TcpState::Closed, _) => false,
        (TcpState::SynReceived, state) => state.is_some_and(|state| state != TcpState::Listen),
        // Without a descriptor it is the remainder of a connection, not a new one.
        (_, Some(TcpState::TimeWait | TcpState::FinWait2)) => after.inode.is_none(),
        _ => false,
    }
}
