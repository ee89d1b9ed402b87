//! The table of rules.
//!
//! In: the [`PortStats`] of one port. Out: a [`Finding`] if the rule applies, and its texts.

use super::finding::{Finding, FindingId, FindingOwner, Rule, Severity, duration_suffix};
use super::port_stats::{Aggregate, PortStats, fill_percent, flow_path_threshold};
use super::thresholds::Thresholds;
use super::wording::{
    capitalize, format_bytes_with_unit, full_local_listener, responsible_process,
};
use crate::history::{Moment, TrackedSocket};
use crate::net::port::{Port, PortKey, PortSide, Protocol};
use crate::net::socket::{TcpState, TimerKind};
use crate::query::owner_display::describe_owner;
use crate::text::phrase::Phrase;
use crate::text::units::{pluralize, thousands};

impl Finding {
    /// Returns the row of its rule.
    pub fn rule_spec(&self) -> &'static RuleSpec {
        RuleSpec::for_rule(self.id.rule)
    }

    /// Formats the finding in a few words, to follow the port.
    pub fn summary(&self) -> String {
        (self.rule_spec().summary)(self)
    }

    /// Returns whether it concerns this row.
    pub fn concerns(&self, row: &TrackedSocket) -> bool {
        row.port_key() == self.id.port && !row.is_closed() && (self.rule_spec().concerns)(row)
    }
}

/// A rule: name, texts and check.
#[derive(Clone, Copy, Debug)]
pub struct RuleSpec {
    pub rule: Rule,
    /// The rule id in JSON output.
    pub name: &'static str,
    /// The label on a port, at most seven characters.
    pub label: &'static str,
    pub severity: Severity,
    /// What the rule checks, as a phrase.
    pub description: &'static str,
    /// Returns a finding if the rule applies to a port.
    pub(crate) check: fn(&PortStats, &Thresholds, &Moment) -> Option<Finding>,
    /// Returns whether a socket of the port is concerned.
    pub(crate) concerns: fn(&TrackedSocket) -> bool,
    /// Formats the finding as a sentence.
    pub(crate) sentence: fn(&Finding, &Moment) -> String,
    /// Formats the finding in a few words.
    pub(crate) summary: fn(&Finding) -> String,
}

impl RuleSpec {
    /// Returns the row of a rule.
    pub(crate) fn for_rule(rule: Rule) -> &'static Self {
        let row = RULES.iter().find(|row| row.rule == rule);
        row.unwrap_or(&RULES[0])
    }
}

/// All rules, the most urgent first.
pub const RULES: &[RuleSpec] = &[
    RuleSpec {
        rule: Rule::CloseWaitLeak,
        name: "close-wait-leak",
        label: "leak",
        severity: Severity::Warning,
        description: "connections the peer has closed and the program here has not (CLOSE-WAIT)",
        check: |stats, thresholds, _| {
            let many = thresholds.close_wait_count.is_some_and(|many| {
                let all = stats.close_wait.count;
                all >= many && all * 2 >= stats.connections
            });
            let aggregate = if many {
                stats.close_wait
            } else {
                stats.old_close_wait
            };
            finding_from_aggregate(aggregate)
        },
        concerns: |row| row.socket.tcp_state() == Some(TcpState::CloseWait),
        sentence: |finding, moment| {
            let (peers, them) = match finding.count {
                1 => ("the peer has", "it"),
                _ => ("the peers have", "them"),
            };
            let (subject, responsible) = responsible_process(finding, moment);
            format!(
                "{} in CLOSE-WAIT{}: {peers} closed and {subject} has not; only {responsible} can end {them}.",
                pluralize(finding.count as usize, "connection", "connections"),
                duration_suffix(finding.duration)
            )
        },
        summary: |finding| format!("{} not closed", finding.count),
    },
    RuleSpec {
        rule: Rule::BacklogNearFull,
        name: "backlog-near-full",
        label: "queue",
        severity: Severity::Warning,
        description: "listeners whose accept queue is full or nearly full",
        check: |stats, thresholds, _| {
            let (backlog, slot, duration) = stats.fullest_backlog?;
            if fill_percent(backlog) < thresholds.backlog_percent? {
                return None;
            }
            let mut finding = empty_finding();
            finding.count = backlog.waiting;
            finding.limit = backlog.limit;
            finding.slot = Some(slot);
            finding.duration = Some(duration);
            Some(finding)
        },
        concerns: |row| row.socket.accept_queue.is_some_and(|b| b.waiting > 0),
        sentence: |finding, moment| {
            let limit = finding.limit.unwrap_or_default();
            let (fill, then) = match finding.count > limit {
                true => ("is full", "new clients have to wait"),
                false => (
                    "is nearly full",
                    "once it is full, new clients have to wait",
                ),
            };
            let connections = pluralize(
                finding.count as usize,
                "connection waits",
                "connections wait",
            );
            let (subject, responsible) = responsible_process(finding, moment);
            let accepts = match duration_suffix(finding.duration) {
                none if none.is_empty() => capitalize(&format!("{subject} accepts too slowly")),
                span => capitalize(&format!("{subject} has accepted none{span}")),
            };
            format!(
                "The accept queue {fill}: {connections}, limit {} (Linux lets one more in); {then}. {accepts}; only {responsible} can \
                 accept them.",
                thousands(limit as usize)
            )
        },
        summary: |finding| {
            let limit = finding.limit.unwrap_or_default();
            match finding.count > limit {
                true => format!("queue full ({}, limit {limit})", finding.count),
                false => format!("queue {} (limit {limit})", finding.count),
            }
        },
    },
    RuleSpec {
        rule: Rule::UnreadInput,
        name: "unread-input",
        label: "unread",
        severity: Severity::Warning,
        description: "data that arrived and the program does not read",
        check: |stats, _, _| finding_from_aggregate(stats.unread),
        concerns: |row| row.stall.input.is_some(),
        sentence: |finding, moment| {
            let memory = match finding.id.port.protocol {
                Protocol::Tcp => "",
                Protocol::Udp => " of memory",
            };
            let (subject, responsible) = responsible_process(finding, moment);
            format!(
                "{} B{memory} unread in {}{}: {subject} does not read, and only {responsible} can.",
                thousands(finding.bytes as usize),
                pluralize(finding.count as usize, "socket", "sockets"),
                duration_suffix(finding.duration)
            )
        },
        summary: |finding| format!("{} unread", format_bytes_with_unit(finding.bytes)),
    },
    RuleSpec {
        rule: Rule::UndrainedOutput,
        name: "undrained-output",
        label: "unsent",
        severity: Severity::Warning,
        description: "data that was sent and the peer does not acknowledge",
        check: |stats, _, _| finding_from_aggregate(stats.unacknowledged),
        concerns: |row| row.stall.output.is_some(),
        sentence: |finding, moment| {
            let row = finding.slot.and_then(|slot| moment.row(slot));
            let probing = row
                .and_then(|row| row.socket.timer)
                .is_some_and(|timer| timer.kind == TimerKind::ZeroWindowProbe);
            let peer = row
                .and_then(|row| moment.peer_of(row))
                .filter(|peer| peer.ownership.holders().is_some())
                .map(|peer| describe_owner(peer, moment).text);
            let reason = match (probing, peer) {
                (true, Some(peer)) => format!(
                    "the peer has no room left, because {peer} does not read; only {peer} can fix that"
                ),
                (true, None) => "the peer has no room left: its program does not read, and only that program can fix it".into(),
                (false, _) => "the peer acknowledges nothing; the fix is there or on the way to it, or the kernel gives up after \
                               a quarter of an hour"
                    .into(),
            };
            format!(
                "{} B unacknowledged in {}{}: {reason}.",
                thousands(finding.bytes as usize),
                pluralize(finding.count as usize, "socket", "sockets"),
                duration_suffix(finding.duration)
            )
        },
        summary: |finding| format!("{} unacknowledged", format_bytes_with_unit(finding.bytes)),
    },
    RuleSpec {
        rule: Rule::SynSentUnanswered,
        name: "syn-sent-unanswered",
        label: "silent",
        severity: Severity::Warning,
        description: "connection attempts without an answer (SYN-SENT)",
        check: |stats, _, _| finding_from_aggregate(stats.unanswered),
        concerns: |row| row.socket.tcp_state() == Some(TcpState::SynSent),
        sentence: |finding, moment| {
            let (attempts, subject) = match finding.count {
                1 => ("1 connection attempt has".to_owned(), "It is"),
                n => (
                    format!("{} connection attempts have", thousands(n as usize)),
                    "They are",
                ),
            };
            if let Some(listener) = full_local_listener(finding, moment) {
                return format!(
                    "{attempts} had no answer{} (SYN-SENT): the accept queue of the listener, on this machine, is full. Only its \
                     program can fix that: {}.",
                    duration_suffix(finding.duration),
                    describe_owner(listener, moment).text
                );
            }
            format!(
                "{attempts} had no answer{} (SYN-SENT). {subject} lost or filtered on the way, or the peer's accept queue is full: a \
                 refusal would have come at once. The fix is at the peer, or on the way to it.",
                duration_suffix(finding.duration)
            )
        },
        summary: |finding| match finding.count {
            1 => "1 attempt unanswered".into(),
            n => format!("{n} attempts unanswered"),
        },
    },
    RuleSpec {
        rule: Rule::EphemeralNearlyUsedUp,
        name: "ephemeral-nearly-used-up",
        label: "ports",
        severity: Severity::Warning,
        description: "connections to one destination that use up the ephemeral ports",
        check: |stats, thresholds, moment| {
            let many = flow_path_threshold(moment, thresholds)?;
            let (flow_path, count) = stats.busiest_path.filter(|(_, count)| *count >= many)?;
            let mut finding = empty_finding();
            let range = moment.ephemeral;
            finding.count = count;
            finding.limit = Some(u32::from(range.last.0 - range.first.0) + 1);
            finding.flow_path = Some(flow_path);
            Some(finding)
        },
        concerns: |row| row.socket.remote.is_some(),
        sentence: |finding, moment| {
            let range = moment.ephemeral;
            let (from, to) = finding
                .flow_path
                .map_or_else(Default::default, |(from, to)| {
                    (from.to_string(), to.to_string())
                });
            format!(
                "{} of the {} ephemeral ports ({} to {}) are in use from {from} to {to}; with none left connect() fails \
                 (EADDRNOTAVAIL). The programs can fix it by keeping connections open, or root by widening the range.",
                thousands(finding.count as usize),
                thousands(finding.limit.unwrap_or_default() as usize),
                range.first,
                range.last
            )
        },
        summary: |finding| {
            let share =
                u64::from(finding.count) * 100 / u64::from(finding.limit.unwrap_or(1).max(1));
            format!("{share}% of ports used")
        },
    },
    RuleSpec {
        rule: Rule::TimeWaitPile,
        name: "time-wait-pile",
        label: "pile",
        severity: Severity::Notice,
        description: "very many closed connections that have not expired yet (TIME-WAIT)",
        check: |stats, thresholds, _| {
            let many = stats.time_wait >= thresholds.time_wait_count?.max(1);
            many.then(|| {
                let mut finding = empty_finding();
                finding.count = stats.time_wait;
                finding
            })
        },
        concerns: |row| row.socket.tcp_state() == Some(TcpState::TimeWait),
        sentence: |finding, _| {
            format!(
                "{} connections in TIME-WAIT: no leak, each expires within a minute; but the programs open and close so \
                 many that keeping them open would probably be cheaper.",
                thousands(finding.count as usize)
            )
        },
        summary: |finding| format!("{} in TIME-WAIT", thousands(finding.count as usize)),
    },
    RuleSpec {
        rule: Rule::EveryAddressLocalClients,
        name: "every-address-local-clients",
        label: "open",
        severity: Severity::Notice,
        description: "listeners on every address with clients from this machine only",
        check: |stats, thresholds, _| {
            let slot = stats.wildcard_listener?;
            let many = stats.local_clients >= thresholds.local_only_count?.max(1);
            (many && stats.remote_clients == 0).then(|| {
                let mut finding = empty_finding();
                finding.count = stats.local_clients;
                finding.slot = Some(slot);
                finding
            })
        },
        concerns: |row| row.socket.tcp_state() == Some(TcpState::Listen),
        sentence: |finding, moment| {
            let (subject, responsible) = responsible_process(finding, moment);
            let (all, come) = match finding.count {
                1 => ("the one connection".to_owned(), "comes"),
                n => (format!("all {} connections", thousands(n as usize)), "come"),
            };
            let subject = capitalize(&subject);
            format!(
                "{subject} listens on every address, but {all} it has now {come} from this machine: probably the loopback address would \
                 be enough; {responsible} or its configuration decides that."
            )
        },
        summary: |finding| match finding.count {
            1 => "1 client, from here".into(),
            n => format!("{n} clients, all from here"),
        },
    },
];

fn empty_finding() -> Finding {
    Finding {
        // The caller sets it.
        id: FindingId {
            rule: Rule::CloseWaitLeak,
            port: PortKey {
                side: PortSide::Local,
                port: Port::NONE,
                protocol: Protocol::Tcp,
            },
        },
        count: 0,
        limit: None,
        bytes: 0,
        duration: None,
        slot: None,
        owner: FindingOwner::Unknown,
        flow_path: None,
        sentence: Phrase::warning(""),
    }
}

fn finding_from_aggregate(aggregate: Aggregate) -> Option<Finding> {
    let (duration, slot) = aggregate.longest?;
    let mut finding = empty_finding();
    finding.count = aggregate.count;
    finding.bytes = aggregate.bytes;
    finding.duration = Some(duration);
    finding.slot = Some(slot);
    finding.owner = aggregate.owner;
    Some(finding)
}
