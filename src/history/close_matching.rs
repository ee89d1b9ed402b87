//! Matches close events with rows, and gives the rows their final counters.

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
    /// Gives rows that are gone their final figures. To be called when every socket of the sample
    /// has met its row, and before the rows that were not met are closed.
    pub(crate) fn apply_closes(&mut self, ends: CloseEventSet, now: Duration) -> CloseMatches {
        let mut close_matches = CloseMatches::default();
        let mut unknown = Vec::new();
        for end in ends.into_unmatched() {
            let row = self.store.slot_of(&end.key());
            let row = row.or_else(|| self.store.slot_of(&end.tuple_key()));
            match row {
                Some(slot) if !self.store.is_in_sample(slot) => {
                    close_matches.matched_rows.insert(slot);
                    self.set_final_counters(slot, &end);
                }
                // It stood in the table after this: a namesake, or the table is older.
                Some(_) if end.at < now => {}
                Some(_) => self.pending_closes.deferred_events.push(end),
                None if self.match_pending(&end) => {}
                None => unknown.push(end),
            }
        }
        let mut rows_by_tuple = self.unmatched_rows_by_tuple(&unknown, &close_matches.matched_rows);
        for end in unknown {
            match rows_by_tuple.remove(&end.tuple_key()) {
                Some(slot) => {
                    close_matches.matched_rows.insert(slot);
                    self.set_final_counters(slot, &end);
                }
                None if end.at >= now => self.pending_closes.deferred_events.push(end),
                None => close_matches.unsampled.push(end),
            }
        }
        close_matches
    }

    /// The rows that are gone and of whose end nothing was heard under their own name, by their
    /// endpoints.
    fn unmatched_rows_by_tuple(
        &self,
        ends: &[Destroyed],
        announced: &HashSet<Slot>,
    ) -> HashMap<SocketKey, Slot> {
        if ends.is_empty() {
            return HashMap::new();
        }
        self.store
            .missing_rows()
            .filter(|row| row.socket.tcp_state().is_some() && !announced.contains(&row.slot))
            .map(|row| (tuple_key(&row.socket), row.slot))
            .collect()
    }

    /// Whether it is the end of a row that is closed already; then it gets its figures, too.
    fn match_pending(&mut self, end: &Destroyed) -> bool {
        let Some((key, slot)) = self.pending_closes.take_row(end) else {
            return false;
        };
        let row = self.store.row(slot);
        if row.is_some_and(|row| row.is_closed() && row.key == key) {
            self.set_final_counters(slot, end);
            self.newly_ended.push(slot);
        }
        true
    }

    fn set_final_counters(&mut self, slot: Slot, end: &Destroyed) {
        let Some(row) = self.store.row(slot) else {
            return;
        };
        let tcp_info = final_tcp_info(end, CloseState::from_row(row));
        // Counters only grow, unless the kernel has cleared them. What a sample had may count the FIN
        // already: the kernel reads the state before it locks the socket to read the figures
        // (`tcp_get_info`). So it is compared as it was announced, with the FIN.
        let grown = |last: &TcpInfo| {
            let before = row.socket.tcp.and_then(|tcp| tcp.delivered);
            before.is_none_or(|before| {
                last.delivered.is_some_and(|last| {
                    last.received >= before.received && last.acknowledged >= before.acknowledged
                })
            })
        };
        if end.tcp.as_ref().is_some_and(grown) {
            self.store.edit(slot, |row| row.socket.tcp = tcp_info);
        }
    }

    /// Remembers a row that closes and of whose end nothing was heard.
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
