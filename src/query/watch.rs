//! What happens to the sockets that match, from one moment to the next.
//!
//! In: one [`Moment`] after another, and which rows match. Out: [`Event`]s. What was there at the
//! first look is no event.

use hashbrown::HashMap;
use std::time::Duration;

use crate::history::{Mark, Moment, Since, Slot, Tracked};
use crate::socket::{SocketKey, TcpState};

/// Something that happened to a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// To which.
    pub slot: Slot,
    /// What.
    pub kind: EventKind,
}

/// What can happen. Ordered as it is told: what went makes room for what came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventKind {
    /// It is gone.
    Closed,
    /// Its state was this before.
    Changed {
        /// The state before.
        from: Option<TcpState>,
    },
    /// It does not match any more.
    Ceased,
    /// It was there before, and matches now.
    Began,
    /// It is new.
    Opened,
}

/// A socket also where the source gives no name that is never used again.
type Identity = (SocketKey, Duration);

/// What was told of a socket last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Told {
    state: Option<TcpState>,
    matching: bool,
}

/// Remembers which sockets ever matched, for as long as they live.
#[derive(Debug, Default)]
pub struct Watcher {
    told: HashMap<Identity, Told>,
    /// Kept for its memory only.
    next: HashMap<Identity, Told>,
    looks: u64,
}

impl Watcher {
    /// What happened since the moment before, the closed ones first.
    pub fn look(
        &mut self,
        moment: &Moment,
        mut matches: impl FnMut(&Tracked) -> bool,
    ) -> Vec<Event> {
        let mut events = Vec::new();
        self.next.clear();
        for row in moment.rows() {
            let identity = (row.key, row.first_seen.at());
            let before = self.told.get(&identity).copied();
            let kind = if row.is_closed() {
                let told = before.is_some_and(|before| before.matching);
                // Of what came and went between two looks nothing was told before; and a filter may
                // ask for what is closed, and only now find it.
                let just_now = row.mark == Some(Mark::Closed(moment.elapsed))
                    || row.first_seen == Since::Unsampled(moment.elapsed);
                (told || (just_now && matches(row))).then_some(EventKind::Closed)
            } else {
                let now = Told {
                    state: row.socket.tcp_state(),
                    matching: matches(row),
                };
                if before.is_some() || now.matching {
                    self.next.insert(identity, now);
                }
                happened(before, now, row.first_seen, moment.elapsed)
            };
            events.extend(kind.map(|kind| Event {
                slot: row.slot,
                kind,
            }));
        }
        std::mem::swap(&mut self.told, &mut self.next);
        self.looks += 1;
        if self.looks == 1 {
            return Vec::new();
        }
        events.sort_unstable_by_key(|event| (event.kind, event.slot));
        events
    }
}

fn happened(
    before: Option<Told>,
    now: Told,
    first_seen: Since,
    elapsed: Duration,
) -> Option<EventKind> {
    let Some(before) = before else {
        return now.matching.then_some(match first_seen {
            Since::Seen(at) if at == elapsed => EventKind::Opened,
            _ => EventKind::Began,
        });
    };
    match (before.matching, now.matching) {
        (true, false) => Some(EventKind::Ceased),
        (false, true) => Some(EventKind::Began),
        (true, true) if before.state != now.state => {
            Some(EventKind::Changed { from: before.state })
        }
        _ => None,
    }
}
