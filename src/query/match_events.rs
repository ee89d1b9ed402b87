//! Reports what happens to matching sockets from one moment to the next.
//!
//! Sockets of the first moment are not reported as events.

use std::time::Duration;

use hashbrown::HashMap;

use crate::history::{Moment, ObservedSince, Slot, TrackedSocket, Transition};
use crate::net::socket::{SocketKey, TcpState};

/// A change of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatchEvent {
    pub slot: Slot,
    pub kind: MatchEventKind,
}

/// The kinds of changes, in the order they are reported: closed before opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MatchEventKind {
    Closed,
    /// Its TCP state changed.
    Changed {
        /// The state before.
        previous: Option<TcpState>,
    },
    /// It no longer matches.
    StoppedMatching,
    /// It was open before, and matches now.
    StartedMatching,
    Opened,
}

/// Identifies a socket even if the source has no cookies and endpoints are reused.
type RowIdentity = (SocketKey, Duration);

/// What was last reported about a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct LastReported {
    state: Option<TcpState>,
    matching: bool,
}

/// Tracks which sockets have ever matched, while they are open.
#[derive(Debug, Default)]
pub struct MatchTracker {
    reported: HashMap<RowIdentity, LastReported>,
    /// Kept only to reuse its allocation.
    next: HashMap<RowIdentity, LastReported>,
    sample_count: u64,
}

impl MatchTracker {
    /// Returns the changes since the previous moment, closed sockets first.
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
                // A socket that opened and closed between two samples was never reported before;
                // and a filter on closed sockets matches it only now.
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
