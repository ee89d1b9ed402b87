//! Snapshots → what changed, since when, who had it.
//!
//! In: one [`Snapshot`] after another. Out: one [`Moment`] after another. From here on nothing
//! reads a clock and nothing fails: time is the snapshot's own, what could not be seen is a gap.
//!
//! A sample is taken up in passes: match every socket with its row by identity; give the rows that
//! are announced to be gone their final figures; close the rows that were not met; judge the side of
//! new rows, when all listeners of the sample are known; make rows of what came and went unsampled;
//! and publish.

mod chronicle;
mod closing;
mod ends;
mod index;
mod listeners;
mod moment;
mod ownership;
mod passing;
mod past;
mod peers;
mod reunion;
mod rows;
mod series;
mod side;
mod sides;
mod stall;
mod store;
mod tenants;
mod tracked;

use std::sync::Arc;
use std::time::Duration;

pub use chronicle::{Bounds, Kept};
pub use closing::{Closer, closer};
pub use moment::{LINGER, Moment, SelfCost, Totals};
pub use ownership::{Held, Ownership};
pub use past::{Past, Spot, Track};
pub use rows::Rows;
pub use series::{BUCKET, BUCKETS, Series};
pub use side::{Evidence, Side};
pub use stall::Stall;
pub use tenants::{Tenancy, Tenants};
pub use tracked::{Flow, Mark, Rates, Since, Slot, Tracked};

use crate::snapshot::{Cost, Gap, Sight, Snapshot};
use crate::socket::TcpState;
use chronicle::Chronicle;
use ends::{Ends, Farewells, Waiting};
use listeners::Listeners;
use peers::Peers;
use series::AllSeries;
use store::Store;

/// For how many samples in a row that are not whole missing rows are kept.
const PARTIAL_SAMPLES_BELIEVED: u32 = 3;

/// The memory of the program.
#[derive(Debug, Default)]
pub struct History {
    store: Store,
    listeners: Listeners,
    peers: Peers,
    series: AllSeries,
    waiting: Waiting,
    totals: Totals,
    samples: u64,
    before: Option<(Duration, Cost)>,
    /// How many samples in a row were not whole.
    partial_samples: u32,
    /// Rows whose side is only guessed, and the listeners they were judged by.
    guessed: Vec<Slot>,
    judged_by: u64,
    /// The sockets that ended in the sample at hand, or of whose end more was heard.
    ended: Vec<Slot>,
    chronicle: Option<Chronicle>,
    tenants: Arc<Tenants>,
}

impl History {
    /// One that keeps the sockets that ended, within bounds.
    pub fn keeping(bounds: Bounds) -> Self {
        Self {
            chronicle: Some(Chronicle::new(bounds)),
            ..Self::default()
        }
    }

    /// How many of the sockets that ended are kept.
    pub fn kept(&self) -> Kept {
        let chronicle = self.chronicle.as_ref();
        chronicle.map(Chronicle::kept).unwrap_or_default()
    }

    /// The sockets that had ended by the given moment and are still kept, as a moment.
    pub fn ended(&self, by: &Moment) -> Arc<Moment> {
        Arc::new(match &self.chronicle {
            Some(chronicle) => chronicle.moment(by),
            None => by.with_rows(Rows::default()),
        })
    }

    /// Takes up one sample. The snapshot's socket list is emptied and can be filled again.
    pub fn apply(&mut self, snapshot: &mut Snapshot) -> Arc<Moment> {
        let now = snapshot.elapsed;
        self.reap(now);
        let mut ends = self
            .waiting
            .ends(std::mem::take(&mut snapshot.destroyed), now);
        let fresh = self.match_rows(snapshot, &mut ends);
        let farewells = self.bid_farewell(ends, now);
        if self.can_tell_what_is_gone(snapshot) {
            self.close_unmet(now, &farewells);
        }
        self.judge(&fresh, snapshot.ephemeral);
        self.pass(&farewells.unsampled, now, snapshot.ephemeral);
        self.listeners.tick(now);
        self.series.sample(now);
        self.chronicle(snapshot);
        let moment = self.publish(snapshot);
        self.samples += 1;
        self.before = Some((now, snapshot.cost));
        Arc::new(moment)
    }

    /// Keeps what ended in this sample.
    fn chronicle(&mut self, snapshot: &Snapshot) {
        let ended = std::mem::take(&mut self.ended);
        let Some(chronicle) = &mut self.chronicle else {
            return;
        };
        for row in ended.iter().filter_map(|slot| self.store.row(*slot)) {
            chronicle.tell(row, snapshot.elapsed, &snapshot.directory);
            if row.socket.is_listening() && row.is_closed() {
                Arc::make_mut(&mut self.tenants).left(row, &snapshot.directory);
            }
        }
        chronicle.tick(snapshot.elapsed);
        // The list is long where much goes on; its room is used again.
        self.ended = ended;
        self.ended.clear();
    }

    /// Frees the rows that have been closed long enough.
    fn reap(&mut self, now: Duration) {
        let limit = now.saturating_sub(LINGER);
        while let Some(row) = self.store.reap_one(limit) {
            self.take_out(&row);
        }
        while let Some(row) = self.store.reap_passed(limit) {
            self.take_out(&row);
        }
    }

    fn take_out(&mut self, row: &Tracked) {
        self.part(row);
        if let Some(chronicle) = &mut self.chronicle {
            chronicle.part(row.slot);
        }
    }

    /// Meets every socket of the sample with its row; returns the rows that are new.
    fn match_rows(&mut self, snapshot: &mut Snapshot, ends: &mut Ends) -> Vec<Slot> {
        let now = snapshot.elapsed;
        let first_look = self.samples == 0;
        let interval = self.before.map(|(at, _)| now.saturating_sub(at));
        let mut fresh = Vec::new();
        self.store.begin_sample();
        // Without a single process to look into, nobody is looking and nobody will tell.
        let blind = snapshot.sight == Sight::default();
        let source = snapshot.source;
        let met = |socket| store::Met {
            socket,
            source,
            now,
            first_look,
            blind,
            interval,
        };
        for mut socket in snapshot.sockets.drain(..) {
            ends.complete(&mut socket);
            match self.store.meet(met(socket)) {
                store::Meeting::New(slot) => {
                    fresh.push(slot);
                    self.totals.opened += u64::from(!first_look);
                }
                store::Meeting::Moved(slot, before) => {
                    self.totals.changed += 1;
                    self.unlist(&before, now);
                    self.part(&before);
                    fresh.push(slot);
                }
                store::Meeting::StateChanged(slot) => {
                    self.totals.changed += 1;
                    self.note_remains(slot);
                }
                store::Meeting::Same => {}
            }
        }
        self.reunite(&mut fresh, met);
        for &slot in &fresh {
            self.note_remains(slot);
            let Some(row) = self.store.row(slot) else {
                continue;
            };
            self.peers.learn_address(&row.socket);
            if row.socket.is_listening() {
                self.listeners.opened(slot, &row.socket);
            }
        }
        fresh
    }

    /// What TCP keeps of a connection tells that its socket has ended.
    fn note_remains(&mut self, slot: Slot) {
        let row = self.store.row(slot);
        let state = row.and_then(|row| row.socket.tcp_state());
        if state == Some(TcpState::TimeWait) {
            self.ended.push(slot);
        }
    }

    /// A socket missing from a table that was read only in part is not gone. A source that is
    /// never whole must not keep dead rows for ever, though.
    fn can_tell_what_is_gone(&mut self, snapshot: &Snapshot) -> bool {
        let partial = snapshot
            .gaps
            .iter()
            .any(|gap| matches!(gap, Gap::Sockets(_)));
        self.partial_samples = if partial { self.partial_samples + 1 } else { 0 };
        !(1..=PARTIAL_SAMPLES_BELIEVED).contains(&self.partial_samples)
    }

    /// Closes the rows this sample did not have.
    fn close_unmet(&mut self, now: Duration, farewells: &Farewells) {
        for slot in self.store.close_unmet(now) {
            let Some(row) = self.store.row(slot) else {
                continue;
            };
            let row = Arc::clone(row);
            self.totals.closed += 1;
            self.ended.push(slot);
            self.await_end(&row, farewells);
            self.unlist(&row, now);
        }
    }

    /// Takes a row out of every index but the store's own.
    fn unlist(&mut self, row: &Tracked, now: Duration) {
        self.series.closed(row.port_key());
        self.peers.closed(row.slot, &row.socket);
        if row.socket.is_listening() {
            self.listeners.closed(row.slot, &row.socket, now);
        }
    }

    fn publish(&self, snapshot: &mut Snapshot) -> Moment {
        let cost = SelfCost {
            sample: snapshot.cost.wall,
            cpu: self.before.and_then(|(at, cost)| {
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
            open: self.store.open(),
            ports: self.series.ports(),
            processes: self.store.processes(),
            directory: Arc::clone(&snapshot.directory),
            sight: snapshot.sight,
            hidden_rows: self.store.hidden(),
            observer: snapshot.observer,
            ephemeral: snapshot.ephemeral,
            gaps: std::mem::take(&mut snapshot.gaps),
            totals: self.totals,
            series: Arc::new(self.series.all()),
            tenants: Arc::clone(&self.tenants),
            cost,
            interval: snapshot.interval,
        }
    }
}
