//! The finding type: rule, port, number of sockets, duration, owner.

use std::sync::Arc;
use std::time::Duration;

use crate::history::{Slot, TrackedSocket};
use crate::net::port::PortKey;
use crate::net::process::ProcessKey;
use crate::text::phrase::Phrase;
use crate::text::units;

/// A rule, in order of urgency; [`RULES`](super::RULES) has its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// The peer has closed, the program here has not (CLOSE-WAIT).
    CloseWaitLeak,
    /// An accept queue is full or nearly full.
    BacklogNearFull,
    /// A program does not read its receive queue.
    UnreadInput,
    /// The peer does not acknowledge what was sent.
    UndrainedOutput,
    /// A SYN has no answer (SYN-SENT).
    SynSentUnanswered,
    /// The ephemeral ports for connections to one destination are nearly used up.
    EphemeralNearlyUsedUp,
    /// Very many connections are in TIME-WAIT.
    TimeWaitPile,
    /// A listener on every address has clients from this machine only.
    EveryAddressLocalClients,
}

/// The urgency of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Something is stuck, or will be.
    Warning,
    /// It works, but may not be intended.
    Notice,
}

/// Identifies a finding across moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FindingId {
    pub rule: Rule,
    pub port: PortKey,
}

/// A rule that applies to a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub id: FindingId,
    /// Number of sockets concerned; for an accept queue, of connections in it.
    pub count: u32,
    /// The limit of the accept queue, or the size of the ephemeral range.
    pub limit: Option<u32>,
    /// Bytes in the queues of the sockets concerned.
    pub bytes: u64,
    /// The longest duration among them; `None` where age does not matter.
    pub duration: Option<ObservedDuration>,
    /// The socket with the longest duration, or the listener.
    pub slot: Option<Slot>,
    /// The owner of the sockets.
    pub owner: FindingOwner,
    /// Local address and remote endpoint, if the rule concerns one destination.
    pub flow_path: Option<(std::net::IpAddr, crate::net::endpoint::Endpoint)>,
    /// The finding in one sentence.
    pub sentence: Phrase,
}

impl Finding {
    /// Formats the duration for a column: `≥1m02s`.
    pub fn age(&self) -> String {
        self.duration.map_or(String::new(), |duration| {
            let sign = if duration.at_least { "≥" } else { "" };
            format!("{sign}{}", units::age(duration.observed))
        })
    }
}

/// Formats " for 12s" or " for at least 12s"; empty below one second.
pub(super) fn duration_suffix(duration: Option<ObservedDuration>) -> String {
    match duration {
        Some(ObservedDuration { observed, at_least }) if observed >= Duration::from_secs(1) => {
            let at_least = if at_least { "at least " } else { "" };
            format!(" for {at_least}{}", units::age(observed))
        }
        _ => String::new(),
    }
}

/// A duration as observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObservedDuration {
    pub observed: Duration,
    /// Whether it may have begun before the first sample.
    pub at_least: bool,
}

/// The owner of the sockets of a finding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FindingOwner {
    /// None, or not known.
    #[default]
    Unknown,
    Process(ProcessKey),
    /// Several processes.
    Multiple,
}

impl FindingOwner {
    /// Returns `self`, or the owner of `row` if `self` is unknown.
    pub(crate) fn or_owner_of(self, row: Option<&Arc<TrackedSocket>>) -> Self {
        match (self, row) {
            (Self::Unknown, Some(row)) => self.merge(row, 0),
            _ => self,
        }
    }

    /// Returns the common owner after adding `row` to `count` sockets.
    pub(super) fn merge(self, row: &TrackedSocket, count: u32) -> Self {
        let own = row.ownership.holders();
        let own = own.and_then(|holders| holders.processes().next());
        let own = own.map_or(Self::Unknown, Self::Process);
        match count {
            0 => own,
            _ if own == self => self,
            _ => Self::Multiple,
        }
    }
}
