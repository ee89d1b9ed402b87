//! Applies a snapshot to a history, pass by pass, and publishes the moment.

use std::sync::Arc;
use std::time::Duration;

use super::close_events::{CloseEventSet, CloseMatches};
use super::closed_log::{ClosedLog, ClosedLogStats, RetentionLimits};
use super::moment::{Moment, SelfCost};
use super::row_store;
use super::rows::SocketRows;
use super::slot::Slot;
use super::state::History;
use super::tracked_socket::TRANSITION_TTL;
use crate::net::snapshot::{Gap, OwnerCoverage, Snapshot};

/// For how many samples in a row that are not whole missing rows are kept.
const MAX_PARTIAL_SAMPLES: u32 = 3;
impl History {
    /// One that keeps the sockets that ended, within bounds.
    pub fn with_closed_log(bounds: RetentionLimits) -> Self {
        Self {
            closed_log: Some(ClosedLog::new(bounds)),
            ..Self::default()
        }
    }

    /// How many of the sockets that ended are kept.
    pub fn closed_log_stats(&self) -> ClosedLogStats {
        let chronicle = self.closed_log.as_ref();
        chronicle.map(ClosedLog::stats).unwrap_or_default()
    }

    /// The sockets that had ended by the given moment and are still kept, as a moment.
    pub fn closed_sockets_at(&self, by: &Moment) -> Arc<Moment> {
        Arc::new(match &self.closed_log {
            Some(chronicle) => chronicle.to_moment(by),
            None => by.with_rows(SocketRows::default()),
        })
    }

    /// Takes up one sample. The snapshot's socket list is emptied and can be filled again.
    pub fn apply(&mut self, snapshot: &mut Snapshot) -> Arc<Moment> {
        let now = snapshot.elapsed;
        self.remove_expired_rows(now);
        let mut ends = self
            .pending_closes
            .events_for_sample(std::mem::take(&mut snapshot.destroyed), now);
        let new_slots = self.match_rows(snapshot, &mut ends);
        let close_matches = self.apply_closes(ends, now);
        if self.can_detect_closes(snapshot) {
            self.close_missing(now, &close_matches);
        }
        self.infer_sides(&new_slots, snapshot.ephemeral);
        self.add_unsampled(&close_matches.unsampled, now, snapshot.ephemeral);
        self.listeners.expire(now);
        self.series.record_sample(now);
        self.update_closed_log(snapshot);
        let moment = self.publish(snapshot);
        self.samples += 1;
        self.previous_sample = Some((now, snapshot.cost));
        Arc::new(moment)
    }

    /// Keeps what ended in this sample.
    fn update_closed_log(&mut self, snapshot: &Snapshot) {
        let ended = std::mem::take(&mut self.newly_ended);
        let Some(chronicle) = &mut self.closed_log else {
            return;
        };
        for row in ended.iter().filter_map(|slot| self.store.row(*slot)) {
            chronicle.record(row, snapshot.elapsed, &snapshot.directory);
            if row.socket.is_listening() && row.is_closed() {
                Arc::make_mut(&mut self.past_listeners).record_closed(row, &snapshot.directory);
            }
        }
        chronicle.enforce_limits(snapshot.elapsed);
        // The list is long where much goes on; its room is used again.
        self.newly_ended = ended;
        self.newly_ended.clear();
    }

    /// Frees the rows that have been closed long enough.
    fn remove_expired_rows(&mut self, now: Duration) {
        let limit = now.saturating_sub(TRANSITION_TTL);
        while let Some(row) = self.store.remove_expired_closed(limit) {
            self.unlink_removed_row(&row);
        }
        while let Some(row) = self.store.remove_expired_unsampled(limit) {
            self.unlink_removed_row(&row);
        }
    }

    /// Meets every socket of the sample with its row; returns the rows that are new.
    fn match_rows(&mut self, snapshot: &mut Snapshot, ends: &mut CloseEventSet) -> Vec<Slot> {
        let now = snapshot.elapsed;
        let is_first_sample = self.samples == 0;
        let interval = self.previous_sample.map(|(at, _)| now.saturating_sub(at));
        let mut new_slots = Vec::new();
        self.store.begin_sample();
        // Without a single process to look into, nobody is looking and nobody will tell.
        let owners_unavailable = snapshot.owner_coverage == OwnerCoverage::default();
        let source = snapshot.source;
        let observation = |socket| row_store::Observation {
            socket,
            source,
            now,
            is_first_sample,
            owners_unavailable,
            interval,
        };
        for mut socket in snapshot.sockets.drain(..) {
            ends.fill_time_wait(&mut socket);
            match self.store.observe(observation(socket)) {
                row_store::Observed::New(slot) => {
                    new_slots.push(slot);
                    self.totals.opened += u64::from(!is_first_sample);
                }
                row_store::Observed::EndpointsChanged(slot, before) => {
                    self.totals.changed += 1;
                    self.remove_from_indexes(&before, now);
                    self.unlink_peer(&before);
                    new_slots.push(slot);
                }
                row_store::Observed::StateChanged(slot) => {
                    self.totals.changed += 1;
                    self.note_time_wait(slot);
                }
                row_store::Observed::Unchanged => {}
            }
        }
        self.merge_split_rows(&mut new_slots, observation);
        for &slot in &new_slots {
            self.note_time_wait(slot);
            let Some(row) = self.store.row(slot) else {
                continue;
            };
            self.peers.add_local_address(&row.socket);
            if row.socket.is_listening() {
                self.listeners.insert(slot, &row.socket);
            }
        }
        new_slots
    }

    /// A socket missing from a table that was read only in part is not gone. A source that is
    /// never whole must not keep dead rows for ever, though.
    fn can_detect_closes(&mut self, snapshot: &Snapshot) -> bool {
        let partial = snapshot
            .gaps
            .iter()
            .any(|gap| matches!(gap, Gap::Sockets(_)));
        self.partial_samples = if partial { self.partial_samples + 1 } else { 0 };
        !(1..=MAX_PARTIAL_SAMPLES).contains(&self.partial_samples)
    }

    /// Closes the rows this sample did not have.
    fn close_missing(&mut self, now: Duration, close_matches: &CloseMatches) {
        for slot in self.store.close_missing(now) {
            let Some(row) = self.store.row(slot) else {
                continue;
            };
            let row = Arc::clone(row);
            self.totals.closed += 1;
            self.newly_ended.push(slot);
            self.add_pending_close(&row, close_matches);
            self.remove_from_indexes(&row, now);
        }
    }

    fn publish(&self, snapshot: &mut Snapshot) -> Moment {
        let cost = SelfCost {
            sample: snapshot.cost.wall,
            cpu: self.previous_sample.and_then(|(at, cost)| {
                let wall = snapshot.elapsed.checked_sub(at)?.as_secs_f64();
                let cpu = snapshot
                    .cost
                    .cpu_total?
                    .checked_sub(cost.cpu_total?)?
                    .as_secs_f64();
                (wall > 0.0).then(|| cpu / wall)
            }),
        };
        Moment {
            number: self.samples,
            taken_at: snapshot.taken_at,
            elapsed: snapshot.elapsed,
            source: snapshot.source,
            rows: self.store.rows().clone(),
            open_rows: self.store.open_rows(),
            port_count: self.series.active_ports(),
            process_count: self.store.process_count(),
            directory: Arc::clone(&snapshot.directory),
            sight: snapshot.owner_coverage,
            hidden_rows: self.store.hidden_rows(),
            observer: snapshot.observer,
            ephemeral: snapshot.ephemeral,
            gaps: std::mem::take(&mut snapshot.gaps),
            totals: self.totals,
            series: Arc::new(self.series.to_map()),
            past_listeners: Arc::clone(&self.past_listeners),
            self_cost: cost,
            interval: snapshot.interval,
        }
    }
}
