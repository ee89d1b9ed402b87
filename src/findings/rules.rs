//! The rules: one table.
//!
//! In: the tally of one port. Out: what is wrong there, if anything; and the words for it.

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
    /// The rule.
    pub fn rule_spec(&self) -> &'static RuleSpec {
        RuleSpec::for_rule(self.id.rule)
    }

    /// A few words to follow the name of a port.
    pub fn summary(&self) -> String {
        (self.rule_spec().summary)(self)
    }

    /// Whether it is about this row, too.
    pub fn concerns(&self, row: &TrackedSocket) -> bool {
        row.port_key() == self.id.port && !row.is_closed() && (self.rule_spec().concerns)(row)
    }
}

/// One rule in all its registers.
#[derive(Clone, Copy, Debug)]
pub struct RuleSpec {
    /// Which.
    pub rule: Rule,
    /// What programs call it.
    pub name: &'static str,
    /// The mark on a port, at most seven letters.
    pub label: &'static str,
    /// How urgent.
    pub severity: Severity,
    /// What is looked for, as a phrase.
    pub description: &'static str,
    /// Whether it is so at a port.
    pub(crate) check: fn(&PortStats, &Thresholds, &Moment) -> Option<Finding>,
    /// Which of the port's sockets it is about.
    pub(crate) concerns: fn(&TrackedSocket) -> bool,
    /// All of it in a sentence.
    pub(crate) sentence: fn(&Finding, &Moment) -> String,
    /// A few words.
    pub(crate) summary: fn(&Finding) -> String,
}

impl RuleSpec {
    /// The row of a rule.
    pub(crate) fn for_rule(rule: Rule) -> &'static Self {
        let row = RULES.iter().find(|row| row.rule == rule);
        row.unwrap_or(&RULES[0])
    }
}

/// Every rule, the most urgent first.
pub const RULES: &[RuleSpec] = &[
    RuleSpec {
        rule: Rule::CloseWaitLeak,
        name: "close-wait-leak",
        label: "leak",
        severity: Severity::Warning,
        description: "connections the other end has closed and the program here has not (CLOSE-WAIT)",
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
            let (ends, verb, them) = match finding.count {
                1 => ("the other end has", "hung up", "it"),
                _ => ("the other ends have", "hung up", "them"),
            };
            let (subject, responsible) = responsible_process(finding, moment);
            format!(
                "{} in CLOSE-WAIT{}: {ends} {verb} and {subject} has not closed; only {responsible} can end {them}.",
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
        description: "listeners whose queue of calls to accept is full or nearly so",
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
                true => ("is full", "new callers are made to wait"),
                false => ("is nearly full", "then new callers are made to wait"),
            };
            let calls = pluralize(finding.count as usize, "call waits", "calls wait");
            let (subject, responsible) = responsible_process(finding, moment);
            let accepts = match duration_suffix(finding.duration) {
                none if none.is_empty() => capitalize(&format!("{subject} accepts too slowly")),
                span => capitalize(&format!("{subject} has accepted none{span}")),
            };
            format!(
                "The accept queue {fill}: {calls}, the limit is {} (Linux lets one more in), and {then}. {accepts}; only {responsible} can \
                 take them out.",
                thousands(limit as usize)
            )
        },
        summary: |finding| {
            let limit = finding.limit.unwrap_or_default();
            format!("{} of {limit} wait", finding.count)
        },
    },
    RuleSpec {
        rule: Rule::UnreadInput,
        name: "unread-input",
        label: "unread",
        severity: Severity::Warning,
        description: "data that arrived and that the program does not read",
        check: |stats, _, _| finding_from_aggregate(stats.unread),
        concerns: |row| row.stall.input.is_some(),
        sentence: |finding, moment| {
            let memory = match finding.id.port.protocol {
                Protocol::Tcp => "",
                Protocol::Udp => " of memory",
            };
            let (subject, responsible) = responsible_process(finding, moment);
            format!(
                "{} B{memory} lie unread in {}{}: {subject} does not read, and only {responsible} can.",
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
        description: "data that was sent and that nobody confirms",
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
                    "the other end has no room left, because {peer} does not read; only {peer} can mend that"
                ),
                (true, None) => "the other end has no room left: its program does not read, and only that one can mend it".into(),
                (false, _) => "the other end confirms nothing; who runs it or the way to it can mend that, or the kernel gives up after \
                               a quarter of an hour"
                    .into(),
            };
            format!(
                "{} B in {} stay unconfirmed{}: {reason}.",
                thousands(finding.bytes as usize),
                pluralize(finding.count as usize, "socket", "sockets"),
                duration_suffix(finding.duration)
            )
        },
        summary: |finding| format!("{} unconfirmed", format_bytes_with_unit(finding.bytes)),
    },
    RuleSpec {
        rule: Rule::SynSentUnanswered,
        name: "syn-sent-unanswered",
        label: "silent",
        severity: Severity::Warning,
        description: "calls without an answer (SYN-SENT)",
        check: |stats, _, _| finding_from_aggregate(stats.unanswered),
        concerns: |row| row.socket.tcp_state() == Some(TcpState::SynSent),
        sentence: |finding, moment| {
            let (calls, they) = match finding.count {
                1 => ("1 call has".to_owned(), "It is"),
                n => (format!("{} calls have", thousands(n as usize)), "They are"),
            };
            if let Some(listener) = full_local_listener(finding, moment) {
                return format!(
                    "{calls} had no answer{} (SYN-SENT): the accept queue of the listener they go to, on this machine, is full. Only its \
                     program can mend that: {}.",
                    duration_suffix(finding.duration),
                    describe_owner(listener, moment).text
                );
            }
            format!(
                "{calls} had no answer{} (SYN-SENT). {they} lost or filtered on the way, or the other end's accept queue is full: a \
                 refusal would have come at once. Who runs the other end, or the way to it, can mend that.",
                duration_suffix(finding.duration)
            )
        },
        summary: |finding| match finding.count {
            1 => "1 call unanswered".into(),
            n => format!("{n} calls unanswered"),
        },
    },
    RuleSpec {
        rule: Rule::EphemeralNearlyUsedUp,
        name: "ephemeral-nearly-used-up",
        label: "ports",
        severity: Severity::Warning,
        description: "calls to one destination that use up the ephemeral ports",
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
                 (EADDRNOTAVAIL). The programs that call can mend it by keeping connections open, or root by a wider range.",
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
        description: "very many connections that are over and not forgotten yet (TIME-WAIT)",
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
                "{} connections in TIME-WAIT: no leak, the kernel forgets each within a minute; but the programs open and close so \
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
        description: "listeners on every address that only programs of this machine use",
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
                 do; {responsible} or its configuration decides that."
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
        // Put in by who asked the rule.
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
