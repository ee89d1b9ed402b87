//! Matches close events with rows, and sets their final counters.

use std::time::Duration;

use hashbrown::{HashMap, HashSet};

use super::close_events::{CloseEventSet, CloseMatches, CloseState, final_tcp_info, tuple_key};
use super::slot::Slot;
use super::state::History;
use super::tracked_socket::TrackedSocket;
use crate::net::destroyed::Destroyed;
use crate::net::port::Protocol;
use crate::net::socket::{SocketKey, TcpInfo, TcpState};

impl History {
    /// Sets the final counters of rows that are gone. To be called after every socket of the sample
    /// was matched with its row, and before the unmatched rows are closed.
    pub(crate) fn apply_closes(&mut self, closes: CloseEventSet, now: Duration) -> CloseMatches {
        let mut close_matches = CloseMatches::default();
        let mut unknown = Vec::new();
        for close in closes.into_unmatched() {
            let row = self.store.slot_of(&close.key());
            let row = row.or_else(|| self.store.slot_of(&close.tuple_key()));
            match row {
                Some(slot) if !self.store.is_in_sample(slot) => {
                    close_matches.matched_rows.insert(slot);
                    self.set_final_counters(slot, &close);
                }
                // The row is in the table although the event came before the dump: another socket
                // with the same key.
                Some(_) if close.at < now => {}
                Some(_) => self.pending_closes.deferred_events.push(close),
                None if self.match_pending(&close) => {}
                None => unknown.push(close),
            }
        }
        let mut rows_by_tuple = self.unmatched_rows_by_tuple(&unknown, &close_matches.matched_rows);
        for close in unknown {
            match rows_by_tuple.remove(&close.tuple_key()) {
                Some(slot) => {
                    close_matches.matched_rows.insert(slot);
                    self.set_final_counters(slot, &close);
                }
                None if close.at >= now => self.pending_closes.deferred_events.push(close),
                None => close_matches.unsampled.push(close),
            }
        }
        close_matches
    }

    /// Returns by tuple the missing rows for which no close event with their own key was received.
    fn unmatched_rows_by_tuple(
        &self,
        closes: &[Destroyed],
        matched: &HashSet<Slot>,
    ) -> HashMap<SocketKey, Slot> {
        if closes.is_empty() {
            return HashMap::new();
        }
        self.store
            .missing_rows()
            .filter(|row| row.socket.tcp_state().is_some() && !matched.contains(&row.slot))
            .map(|row| (tuple_key(&row.socket), row.slot))
            .collect()
    }

    /// Returns whether the event belongs to a row that is already closed; if so, sets its counters.
    fn match_pending(&mut self, close: &Destroyed) -> bool {
        let Some((key, slot)) = self.pending_closes.take_row(close) else {
            return false;
        };
        let row = self.store.row(slot);
        if row.is_some_and(|row| row.is_closed() && row.key == key) {
            self.set_final_counters(slot, close);
            self.newly_ended.push(slot);
        }
        true
    }

    fn set_final_counters(&mut self, slot: Slot, close: &Destroyed) {
        let Some(row) = self.store.row(slot) else {
            return;
        };
        let tcp_info = final_tcp_info(close, CloseState::from_row(row));
        // Counters only grow, unless the kernel has cleared them. Those of the sample may already
        // count the FIN: the kernel reads the state before it locks the socket to read the counters
        // (`tcp_get_info`). So they are compared with the event's counters including the FIN.
        let grown = |last: &TcpInfo| {
            let before = row.socket.tcp.and_then(|tcp| tcp.delivered);
            before.is_none_or(|before| {
                last.delivered.is_some_and(|last| {
                    last.received >= before.received && last.acknowledged >= before.acknowledged
                })
            })
        };
        if close.tcp.as_ref().is_some_and(grown) {
            self.store.edit(slot, |row| row.socket.tcp = tcp_info);
        }
    }

    /// Remembers a row that closes without a close event.
    pub(crate) fn add_pending_close(&mut self, row: &TrackedSocket, close_matches: &CloseMatches) {
        let has_figures =
            row.socket.tcp_state() == Some(TcpState::TimeWait) && row.socket.tcp.is_some();
        let is_matched = close_matches.matched_rows.contains(&row.slot) || has_figures;
        let has_no_close_event =
            row.socket.protocol() == Protocol::Tcp && row.socket.remote.is_none();
        if !is_matched && !has_no_close_event {
            self.pending_closes.insert_row(row);
        }
    }
}
