//! What happens to the sockets that match, from one moment to the next.
//!
//! In: one [`Moment`] after another, and which rows match. Out: [`MatchEvent`]s. What was there at the
//! first look is no event.

use std::time::Duration;

use hashbrown::HashMap;

use crate::history::{Moment, ObservedSince, Slot, TrackedSocket, Transition};
use crate::net::socket::{SocketKey, TcpState};

/// Something that happened to a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatchEvent {
    /// To which.
    pub slot: Slot,
    /// What.
    pub kind: MatchEventKind,
}

/// What can happen. Ordered as it is told: what went makes room for what came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MatchEventKind {
    /// It is gone.
    Closed,
    /// Its state was this before.
    Changed {
        /// The state before.
        previous: Option<TcpState>,
    },
    /// It does not match any more.
    StoppedMatching,
    /// It was there before, and matches now.
    StartedMatching,
    /// It is new.
    Opened,
}

/// A socket also where the source gives no name that is never used again.
type RowIdentity = (SocketKey, Duration);

/// What was told of a socket last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct LastReported {
    state: Option<TcpState>,
    matching: bool,
}

/// Remembers which sockets ever matched, for as long as they live.
#[derive(Debug, Default)]
pub struct MatchTracker {
    reported: HashMap<RowIdentity, LastReported>,
    /// Kept for its memory only.
    next: HashMap<RowIdentity, LastReported>,
    sample_count: u64,
}

impl MatchTracker {
    /// What happened since the moment before, the closed ones first.
    pub fn update(
        &mut self,
        moment: &Moment,
        mut matches: impl FnMut(&TrackedSocket) -> bool,
    ) -> Vec<MatchEvent> {
        let mut events = Vec::new();
        self.next.clear();
        for row in moment.rows() {
            let identity = (row.key, row.first_seen.time());
            let before = self.reported.get(&identity).copied();
            let kind = if row.is_closed() {
                let was_matching = before.is_some_and(|before| before.matching);
                // Of what came and went between two looks nothing was told before; and a filter may
                // ask for what is closed, and only now find it.
                let just_now = row.transition == Some(Transition::Closed(moment.elapsed))
                    || row.first_seen == ObservedSince::Unsampled(moment.elapsed);
                (was_matching || (just_now && matches(row))).then_some(MatchEventKind::Closed)
            } else {
                let now = LastReported {
                    state: row.socket.tcp_state(),
                    matching: matches(row),
                };
                if before.is_some() || now.matching {
                    self.next.insert(identity, now);
                }
                event_kind(before, now, row.first_seen, moment.elapsed)
            };
            events.extend(kind.map(|kind| MatchEvent {
                slot: row.slot,
                kind,
            }));
        }
        std::mem::swap(&mut self.reported, &mut self.next);
        self.sample_count += 1;
        if self.sample_count == 1 {
            return Vec::new();
        }
        events.sort_unstable_by_key(|event| (event.kind, event.slot));
        events
    }
}

fn event_kind(
    before: Option<LastReported>,
    now: LastReported,
    first_seen: ObservedSince,
    elapsed: Duration,
) -> Option<MatchEventKind> {
    let Some(before) = before else {
        return now.matching.then_some(match first_seen {
            ObservedSince::Sampled(at) if at == elapsed => MatchEventKind::Opened,
            _ => MatchEventKind::StartedMatching,
        });
    };
    match (before.matching, now.matching) {
        (true, false) => Some(MatchEventKind::StoppedMatching),
        (false, true) => Some(MatchEventKind::StartedMatching),
        (true, true) if before.state != now.state => Some(MatchEventKind::Changed {
            previous: before.state,
        }),
        _ => None,
    }
}
