//! One connection under two names.
//!
//! In: the rows that are new, and those that the sample did not have. Out: one row where the two are
//! the same connection. The kernel gives a socket its cookie when somebody first asks for it, and
//! what comes before and after the socket takes that cookie over when it is made: the request before
//! it is accepted (`inet_csk_clone_lock`), the TIME-WAIT row after it (`inet_twsk_alloc`). A dump
//! that asks for the first time a moment too late gives the two different ones. It happens to a few
//! connections in ten thousand that live shorter than an interval, on a busy machine.

use hashbrown::{HashMap, HashSet};

use super::close_events::tuple_key;
use super::row_store::Observation;
use super::slot::Slot;
use super::state::History;
use crate::net::socket::{Socket, SocketKey, TcpState};

impl History {
    /// To be called when every socket of the sample has met its row. Takes rows out of `fresh`.
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

/// Whether the kernel may have made the second of what had the first state.
fn can_follow(before: TcpState, after: &Socket) -> bool {
    match (before, after.tcp_state()) {
        (TcpState::Listen | TcpState::TimeWait | TcpState::Closed, _) => false,
        (TcpState::SynReceived, state) => state.is_some_and(|state| state != TcpState::Listen),
        // Without a descriptor it is what is left of a connection, not a new one.
        (_, Some(TcpState::TimeWait | TcpState::FinWait2)) => after.inode.is_none(),
        _ => false,
    }
}
