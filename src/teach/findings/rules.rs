//! The rules: one table.
//!
//! In: the tally of one port. Out: what is wrong there, if anything; and the words for it.

use super::tally::{Heap, Tally, fullness, many_ways};
use super::wording::{amount, capital, full_listener, whose};
use super::{Finding, FindingId, Gravity, Limits, Rule, Whose, for_how_long};
use crate::history::{Moment, Tracked};
use crate::port::{Port, PortKey, PortSide, Protocol};
use crate::quantity::{count, thousands};
use crate::socket::{TcpState, TimerKind};
use crate::teach::{Phrase, owner};

/// One rule in all its registers.
#[derive(Clone, Copy, Debug)]
pub struct RuleRow {
    /// Which.
    pub rule: Rule,
    /// What programs call it.
    pub name: &'static str,
    /// The mark on a port, at most seven letters.
    pub mark: &'static str,
    /// How urgent.
    pub gravity: Gravity,
    /// What is looked for, as a phrase.
    pub looks_for: &'static str,
    /// Whether it is so at a port.
    pub(super) check: fn(&Tally, &Limits, &Moment) -> Option<Finding>,
    /// Which of the port's sockets it is about.
    pub(super) concerns: fn(&Tracked) -> bool,
    /// All of it in a sentence.
    pub(super) sentence: fn(&Finding, &Moment) -> String,
    /// A few words.
    pub(super) summary: fn(&Finding) -> String,
}

impl RuleRow {
    /// The row of a rule.
    pub(super) fn of(rule: Rule) -> &'static Self {
        let row = RULES.iter().find(|row| row.rule == rule);
        row.unwrap_or(&RULES[0])
    }
}

/// Every rule, the most urgent first.
pub const RULES: &[RuleRow] = &[
    RuleRow {
        rule: Rule::CloseWaitLeak,
        name: "close-wait-leak",
        mark: "leak",
        gravity: Gravity::Stuck,
        looks_for: "connections the other end has closed and the program here has not (CLOSE-WAIT)",
        check: |tally, limits, _| {
            let many = limits.close_wait_count.is_some_and(|many| {
                let all = tally.close_wait.count;
                all >= many && all * 2 >= tally.connections
            });
            let heap = if many { tally.close_wait } else { tally.leaked };
            found(heap)
        },
        concerns: |row| row.socket.tcp_state() == Some(TcpState::CloseWait),
        sentence: |found, moment| {
            let (ends, verb, them) = match found.count {
                1 => ("the other end has", "hung up", "it"),
                _ => ("the other ends have", "hung up", "them"),
            };
            let (who, only) = whose(found, moment);
            format!(
                "{} in CLOSE-WAIT{}: {ends} {verb} and {who} has not closed; only {only} can end {them}.",
                count(found.count as usize, "connection", "connections"),
                for_how_long(found.lasting)
            )
        },
        summary: |found| format!("{} not closed", found.count),
    },
    RuleRow {
        rule: Rule::BacklogNearFull,
        name: "backlog-near-full",
        mark: "queue",
        gravity: Gravity::Stuck,
        looks_for: "listeners whose queue of calls to accept is full or nearly so",
        check: |tally, limits, _| {
            let (backlog, slot, lasting) = tally.fullest?;
            if fullness(backlog) < limits.backlog_percent? {
                return None;
            }
            let mut found = empty();
            found.count = backlog.waiting;
            found.limit = backlog.limit;
            found.slot = Some(slot);
            found.lasting = Some(lasting);
            Some(found)
        },
        concerns: |row| row.socket.backlog.is_some_and(|b| b.waiting > 0),
        sentence: |found, moment| {
            let limit = found.limit.unwrap_or_default();
            let (fill, then) = match found.count > limit {
                true => ("is full", "new callers are made to wait"),
                false => ("is nearly full", "then new callers are made to wait"),
            };
            let calls = count(found.count as usize, "call waits", "calls wait");
            let (who, only) = whose(found, moment);
            let accepts = match for_how_long(found.lasting) {
                none if none.is_empty() => capital(&format!("{who} accepts too slowly")),
                span => capital(&format!("{who} has accepted none{span}")),
            };
            format!(
                "The accept queue {fill}: {calls}, the limit is {} (Linux lets one more in), and {then}. {accepts}; only {only} can \
                 take them out.",
                thousands(limit as usize)
            )
        },
        summary: |found| {
            let limit = found.limit.unwrap_or_default();
            format!("{} of {limit} wait", found.count)
        },
    },
    RuleRow {
        rule: Rule::UnreadInput,
        name: "unread-input",
        mark: "unread",
        gravity: Gravity::Stuck,
        looks_for: "data that arrived and that the program does not read",
        check: |tally, _, _| found(tally.unread),
        concerns: |row| row.stall.input.is_some(),
        sentence: |found, moment| {
            let memory = match found.id.port.protocol {
                Protocol::Tcp => "",
                Protocol::Udp => " of memory",
            };
            let (who, only) = whose(found, moment);
            format!(
                "{} B{memory} lie unread in {}{}: {who} does not read, and only {only} can.",
                thousands(found.bytes as usize),
                count(found.count as usize, "socket", "sockets"),
                for_how_long(found.lasting)
            )
        },
        summary: |found| format!("{} unread", amount(found.bytes)),
    },
    RuleRow {
        rule: Rule::UndrainedOutput,
        name: "undrained-output",
        mark: "unsent",
        gravity: Gravity::Stuck,
        looks_for: "data that was sent and that nobody confirms",
        check: |tally, _, _| found(tally.undrained),
        concerns: |row| row.stall.output.is_some(),
        sentence: |found, moment| {
            let row = found.slot.and_then(|slot| moment.row(slot));
            let probing = row
                .and_then(|row| row.socket.timer)
                .is_some_and(|timer| timer.kind == TimerKind::Probe);
            let peer = row
                .and_then(|row| moment.peer_of(row))
                .filter(|peer| peer.ownership.holders().is_some())
                .map(|peer| owner(peer, moment).text);
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
                thousands(found.bytes as usize),
                count(found.count as usize, "socket", "sockets"),
                for_how_long(found.lasting)
            )
        },
        summary: |found| format!("{} unconfirmed", amount(found.bytes)),
    },
    RuleRow {
        rule: Rule::SynSentUnanswered,
        name: "syn-sent-unanswered",
        mark: "silent",
        gravity: Gravity::Stuck,
        looks_for: "calls without an answer (SYN-SENT)",
        check: |tally, _, _| found(tally.unanswered),
        concerns: |row| row.socket.tcp_state() == Some(TcpState::SynSent),
        sentence: |found, moment| {
            let (calls, they) = match found.count {
                1 => ("1 call has".to_owned(), "It is"),
                n => (format!("{} calls have", thousands(n as usize)), "They are"),
            };
            if let Some(listener) = full_listener(found, moment) {
                return format!(
                    "{calls} had no answer{} (SYN-SENT): the accept queue of the listener they go to, on this machine, is full. Only its \
                     program can mend that: {}.",
                    for_how_long(found.lasting),
                    owner(listener, moment).text
                );
            }
            format!(
                "{calls} had no answer{} (SYN-SENT). {they} lost or filtered on the way, or the other end's accept queue is full: a \
                 refusal would have come at once. Who runs the other end, or the way to it, can mend that.",
                for_how_long(found.lasting)
            )
        },
        summary: |found| match found.count {
            1 => "1 call unanswered".into(),
            n => format!("{n} calls unanswered"),
        },
    },
    RuleRow {
        rule: Rule::EphemeralNearlyUsedUp,
        name: "ephemeral-nearly-used-up",
        mark: "ports",
        gravity: Gravity::Stuck,
        looks_for: "calls to one destination that use up the ephemeral ports",
        check: |tally, limits, moment| {
            let many = many_ways(moment, limits)?;
            let (way, count) = tally.busiest.filter(|(_, count)| *count >= many)?;
            let mut found = empty();
            let range = moment.ephemeral;
            found.count = count;
            found.limit = Some(u32::from(range.last.0 - range.first.0) + 1);
            found.way = Some(way);
            Some(found)
        },
        concerns: |row| row.socket.remote.is_some(),
        sentence: |found, moment| {
            let range = moment.ephemeral;
            let (from, to) = found.way.map_or_else(Default::default, |(from, to)| {
                (from.to_string(), to.to_string())
            });
            format!(
                "{} of the {} ephemeral ports ({} to {}) are in use from {from} to {to}; with none left connect() fails \
                 (EADDRNOTAVAIL). The programs that call can mend it by keeping connections open, or root by a wider range.",
                thousands(found.count as usize),
                thousands(found.limit.unwrap_or_default() as usize),
                range.first,
                range.last
            )
        },
        summary: |found| {
            let share = u64::from(found.count) * 100 / u64::from(found.limit.unwrap_or(1).max(1));
            format!("{share}% of ports used")
        },
    },
    RuleRow {
        rule: Rule::TimeWaitPile,
        name: "time-wait-pile",
        mark: "pile",
        gravity: Gravity::Odd,
        looks_for: "very many connections that are over and not forgotten yet (TIME-WAIT)",
        check: |tally, limits, _| {
            let many = tally.time_wait >= limits.time_wait_count?.max(1);
            many.then(|| {
                let mut found = empty();
                found.count = tally.time_wait;
                found
            })
        },
        concerns: |row| row.socket.tcp_state() == Some(TcpState::TimeWait),
        sentence: |found, _| {
            format!(
                "{} connections in TIME-WAIT: no leak, the kernel forgets each within a minute; but the programs open and close so \
                 many that keeping them open would probably be cheaper.",
                thousands(found.count as usize)
            )
        },
        summary: |found| format!("{} in TIME-WAIT", thousands(found.count as usize)),
    },
    RuleRow {
        rule: Rule::EveryAddressLocalClients,
        name: "every-address-local-clients",
        mark: "open",
        gravity: Gravity::Odd,
        looks_for: "listeners on every address that only programs of this machine use",
        check: |tally, limits, _| {
            let slot = tally.wildcard?;
            let many = tally.from_here >= limits.local_only_count?.max(1);
            (many && tally.from_elsewhere == 0).then(|| {
                let mut found = empty();
                found.count = tally.from_here;
                found.slot = Some(slot);
                found
            })
        },
        concerns: |row| row.socket.tcp_state() == Some(TcpState::Listen),
        sentence: |found, moment| {
            let (who, only) = whose(found, moment);
            let (all, come) = match found.count {
                1 => ("the one connection".to_owned(), "comes"),
                n => (format!("all {} connections", thousands(n as usize)), "come"),
            };
            let who = capital(&who);
            format!(
                "{who} listens on every address, but {all} it has now {come} from this machine: probably the loopback address would \
                 do; {only} or its configuration decides that."
            )
        },
        summary: |found| match found.count {
            1 => "1 client, from here".into(),
            n => format!("{n} clients, all from here"),
        },
    },
];

fn empty() -> Finding {
    Finding {
        // Put in by who asked the rule.
        id: FindingId {
            rule: Rule::CloseWaitLeak,
            port: PortKey {
                side: PortSide::Here,
                port: Port::NONE,
                protocol: Protocol::Tcp,
            },
        },
        count: 0,
        limit: None,
        bytes: 0,
        lasting: None,
        slot: None,
        whose: Whose::Nobodys,
        way: None,
        sentence: Phrase::warning(""),
    }
}

fn found(heap: Heap) -> Option<Finding> {
    let (lasting, slot) = heap.longest?;
    let mut found = empty();
    found.count = heap.count;
    found.bytes = heap.bytes;
    found.lasting = Some(lasting);
    found.slot = Some(slot);
    found.whose = heap.whose;
    Some(found)
}
