//! A finding: the rule, its port, how many sockets, how long, who can mend it.

use std::sync::Arc;
use std::time::Duration;

use crate::history::{Slot, TrackedSocket};
use crate::net::port::PortKey;
use crate::net::process::ProcessKey;
use crate::text::phrase::Phrase;
use crate::text::units;

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// The other end has closed, the program here has not.
    CloseWaitLeak,
    /// A listener does not accept as fast as calls come.
    BacklogNearFull,
    /// A program does not read.
    UnreadInput,
    /// Nobody confirms what was sent.
    UndrainedOutput,
    /// A call has no answer.
    SynSentUnanswered,
    /// There are hardly any ports left for calls to one destination.
    EphemeralNearlyUsedUp,
    /// Very many connections are over and not forgotten yet.
    TimeWaitPile,
    /// A listener that could be reached from everywhere is only used from here.
    EveryAddressLocalClients,
}
/// How urgent it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Somebody waits, or will.
    Warning,
    /// It works, and might be meant otherwise.
    Notice,
}
/// By what a finding is found again in another moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FindingId {
    /// Which rule.
    pub rule: Rule,
    /// At which shared port.
    pub port: PortKey,
}
/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which rule, at which shared port.
    pub id: FindingId,
    /// How many sockets it is about; of a queue, how many calls.
    pub count: u32,
    /// Out of how many, where there is a limit.
    pub limit: Option<u32>,
    /// What waits in them.
    pub bytes: u64,
    /// For how long, the longest of them; `None` where age does not matter.
    pub duration: Option<ObservedDuration>,
    /// The socket it holds for longest, or the listener.
    pub slot: Option<Slot>,
    /// Whose the sockets are.
    pub owner: FindingOwner,
    /// From which address to which endpoint, where it is about one destination.
    pub flow_path: Option<(std::net::IpAddr, crate::net::endpoint::Endpoint)>,
    /// All of it in one sentence.
    pub sentence: Phrase,
}
impl Finding {
    /// For how long, in a column's width: `≥1m02s`.
    pub fn age(&self) -> String {
        self.duration.map_or(String::new(), |duration| {
            let sign = if duration.at_least { "≥" } else { "" };
            format!("{sign}{}", units::age(duration.observed))
        })
    }
}
/// "for 12s", "for at least 12s"; nothing where it was only just seen.
pub(super) fn duration_suffix(duration: Option<ObservedDuration>) -> String {
    match duration {
        Some(ObservedDuration {
            observed: seen,
            at_least,
        }) if seen >= Duration::from_secs(1) => {
            let at_least = if at_least { "at least " } else { "" };
            format!(" for {at_least}{}", units::age(seen))
        }
        _ => String::new(),
    }
}
/// For how long something has been so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObservedDuration {
    /// As long as it was seen.
    pub observed: Duration,
    /// Whether it may have begun before it was first seen.
    pub at_least: bool,
}
/// Whose the sockets are that a finding is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FindingOwner {
    /// Nobody's, or nobody knows.
    #[default]
    Unknown,
    /// One process's.
    Process(ProcessKey),
    /// Of several.
    Multiple,
}
impl FindingOwner {
    /// The same; where nobody was counted, whose this row is.
    pub(crate) fn or_owner_of(self, row: Option<&Arc<TrackedSocket>>) -> Self {
        match (self, row) {
            (Self::Unknown, Some(row)) => self.merge(row, 0),
            _ => self,
        }
    }

    /// Adds one more socket to `count` of them.
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
