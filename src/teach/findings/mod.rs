//! What is stuck or odd: found in one pass, said in one sentence, with how long and who can mend it.
//!
//! In: a moment and the [`Thresholds`]. Out: [`Findings`]. They are about all sockets of a port, also
//! those that a filter leaves out, and the same moment always gives the same. Each rule is one row
//! of [`RULES`]: what it looks at, the sentence, the few words, the mark on the port.

mod limits;
mod rules;
mod tally;
mod wording;

use std::time::Duration;

pub use limits::Thresholds;
pub use rules::{RULES, RuleSpec};
pub use tally::{FindingOwner, ObservedDuration};

use crate::history::{Moment, Slot, TrackedSocket};
use crate::port::PortKey;
use crate::process::ProcessKey;
use crate::quantity;
use crate::teach::Phrase;

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
    pub flow_path: Option<(std::net::IpAddr, crate::endpoint::Endpoint)>,
    /// All of it in one sentence.
    pub sentence: Phrase,
}

impl Finding {
    /// The rule.
    pub fn rule_spec(&self) -> &'static RuleSpec {
        RuleSpec::for_rule(self.id.rule)
    }

    /// A few words to follow the name of a port.
    pub fn summary(&self) -> String {
        (self.rule_spec().summary)(self)
    }

    /// For how long, in a column's width: `≥1m02s`.
    pub fn age(&self) -> String {
        self.duration.map_or(String::new(), |duration| {
            let sign = if duration.at_least { "≥" } else { "" };
            format!("{sign}{}", quantity::age(duration.observed))
        })
    }

    /// Whether it is about this row, too.
    pub fn concerns(&self, row: &TrackedSocket) -> bool {
        row.port_key() == self.id.port && !row.is_closed() && (self.rule_spec().concerns)(row)
    }
}

/// All that was found in a moment, the most urgent first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Ordered by rule, then by port.
    all: Vec<Finding>,
}

impl Findings {
    /// Looks through a moment.
    pub fn from_moment(moment: &Moment, thresholds: &Thresholds) -> Self {
        let all_stats = tally::collect_port_stats(moment, thresholds);
        let mut all: Vec<Finding> = Vec::new();
        for (port, stats) in &all_stats {
            let port = *port;
            for row in RULES {
                if let Some(mut found) = (row.check)(stats, thresholds, moment) {
                    found.id = FindingId {
                        rule: row.rule,
                        port,
                    };
                    found.owner = found
                        .owner
                        .or_owner_of(found.slot.and_then(|slot| moment.row(slot)));
                    let sentence = (row.sentence)(&found, moment);
                    found.sentence = match row.severity {
                        Severity::Warning => Phrase::warning(sentence),
                        Severity::Notice => Phrase::inference(sentence),
                    };
                    all.push(found);
                }
            }
        }
        all.sort_unstable_by_key(|finding| finding.id);
        Self { all }
    }

    /// All of them.
    pub fn all(&self) -> &[Finding] {
        &self.all
    }

    /// Those at a shared port, the most urgent first; looked up, for every line of the chart asks.
    pub fn for_port(&self, port: PortKey) -> impl Iterator<Item = &Finding> {
        let ids = RULES.iter().map(move |row| FindingId {
            rule: row.rule,
            port,
        });
        ids.filter_map(|id| self.all.get(self.position(id)?))
    }

    /// Those that are about sockets of this process alone.
    pub fn for_process(&self, process: ProcessKey) -> impl Iterator<Item = &Finding> {
        let own = move |found: &&Finding| found.owner == FindingOwner::Process(process);
        self.all.iter().filter(own)
    }

    /// Where the finding stands among all.
    pub fn position(&self, id: FindingId) -> Option<usize> {
        self.all.binary_search_by_key(&id, |found| found.id).ok()
    }
}

/// "for 12s", "for at least 12s"; nothing where it was only just seen.
fn duration_suffix(duration: Option<ObservedDuration>) -> String {
    match duration {
        Some(ObservedDuration {
            observed: seen,
            at_least,
        }) if seen >= Duration::from_secs(1) => {
            let at_least = if at_least { "at least " } else { "" };
            format!(" for {at_least}{}", quantity::age(seen))
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests;
