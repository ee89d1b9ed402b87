//! Evaluates all rules on a moment.

use super::finding::{Finding, FindingId, FindingOwner, Severity};
use super::port_stats;
use super::rules::RULES;
use super::thresholds::Thresholds;
use crate::history::Moment;
use crate::net::port::PortKey;
use crate::net::process::ProcessKey;
use crate::text::phrase::Phrase;

/// All findings of a moment, the most urgent first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Ordered by rule, then by port.
    all: Vec<Finding>,
}

impl Findings {
    /// Evaluates all rules on a moment.
    pub fn from_moment(moment: &Moment, thresholds: &Thresholds) -> Self {
        let all_stats = port_stats::collect_port_stats(moment, thresholds);
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

    /// Returns all findings, ordered by rule, then by port.
    pub fn all(&self) -> &[Finding] {
        &self.all
    }

    /// Returns the findings at a shared port, the most urgent first. Searches by id, not through
    /// all: it is called for every line of a table.
    pub fn for_port(&self, port: PortKey) -> impl Iterator<Item = &Finding> {
        let ids = RULES.iter().map(move |row| FindingId {
            rule: row.rule,
            port,
        });
        ids.filter_map(|id| self.all.get(self.position(id)?))
    }

    /// Returns the findings whose sockets all belong to this process.
    pub fn for_process(&self, process: ProcessKey) -> impl Iterator<Item = &Finding> {
        let own = move |found: &&Finding| found.owner == FindingOwner::Process(process);
        self.all.iter().filter(own)
    }

    /// Returns the index of a finding in [`all`](Self::all).
    pub fn position(&self, id: FindingId) -> Option<usize> {
        self.all.binary_search_by_key(&id, |found| found.id).ok()
    }
}
