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

/// For how many consecutive partial samples missing rows are kept open.
const MAX_PARTIAL_SAMPLES: u32 = 3;

impl History {
    /// Creates a history that keeps closed sockets within `bounds`.
    pub fn with_closed_log(bounds: RetentionLimits) -> Self {
        Self {
            closed_log: Some(ClosedLog::new(bounds)),
            ..Self::default()
        }
    }

    /// Returns how many closed sockets are kept.
    pub fn closed_log_stats(&self) -> ClosedLogStats {
        let closed_log = self.closed_log.as_ref();
        closed_log.map(ClosedLog::stats).unwrap_or_default()
    }

    /// Returns the kept sockets that had closed by the given moment, as a moment.
    pub fn closed_sockets_at(&self, by: &Moment) -> Arc<Moment> {
        Arc::new(match &self.closed_log {
            Some(closed_log) => closed_log.to_moment(by),
            None => by.with_rows(SocketRows::default()),
        })
    }

    /// Applies one sample. Drains the snapshot's socket list, which can be filled again.
    pub fn apply(&mut self, snapshot: &mut Snapshot) -> Arc<Moment> {
        let now = snapshot.elapsed;
        self.remove_expired_rows(now);
        let mut closes = self
            .pending_closes
            .events_for_sample(std::mem::take(&mut snapshot.destroyed), now);
        let new_slots = self.match_rows(snapshot, &mut closes);
        let close_matches = self.apply_closes(closes, now);
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

    /// Adds the sockets that ended in this sample to the closed log.
    fn update_closed_log(&mut self, snapshot: &Snapshot) {
        let ended = std::mem::take(&mut self.newly_ended);
        let Some(closed_log) = &mut self.closed_log else {
            return;
        };
        for row in ended.iter().filter_map(|slot| self.store.row(*slot)) {
            closed_log.record(row, snapshot.elapsed, &snapshot.directory);
            if row.socket.is_listening() && row.is_closed() {
                Arc::make_mut(&mut self.past_listeners).record_closed(row, &snapshot.directory);
            }
        }
        closed_log.enforce_limits(snapshot.elapsed);
        // Keeps the allocation: the list is long on a busy machine.
        self.newly_ended = ended;
        self.newly_ended.clear();
    }

    /// Removes rows that closed more than [`TRANSITION_TTL`] ago.
    fn remove_expired_rows(&mut self, now: Duration) {
        let limit = now.saturating_sub(TRANSITION_TTL);
        while let Some(row) = self.store.remove_expired_closed(limit) {
            self.unlink_removed_row(&row);
        }
        while let Some(row) = self.store.remove_expired_unsampled(limit) {
            self.unlink_removed_row(&row);
        }
    }

    /// Matches every socket of the sample with its row; returns the new rows.
    fn match_rows(&mut self, snapshot: &mut Snapshot, closes: &mut CloseEventSet) -> Vec<Slot> {
        let now = snapshot.elapsed;
        let is_first_sample = self.samples == 0;
        let interval = self.previous_sample.map(|(at, _)| now.saturating_sub(at));
        let mut new_slots = Vec::new();
        self.store.begin_sample();
        // Without a single process to inspect, owners are not searched and will never be known.
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
            closes.fill_time_wait(&mut socket);
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

    /// Returns whether a missing row means a closed socket. A socket missing from a partial table is not
    /// closed; but a source that is never complete must not keep dead rows for ever.
    fn can_detect_closes(&mut self, snapshot: &Snapshot) -> bool {
        let partial = snapshot
            .gaps
            .iter()
            .any(|gap| matches!(gap, Gap::Sockets(_)));
        self.partial_samples = if partial { self.partial_samples + 1 } else { 0 };
        !(1..=MAX_PARTIAL_SAMPLES).contains(&self.partial_samples)
    }

    /// Closes the rows that are not in this sample.
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
