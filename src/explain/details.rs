//! Lists everything known of a row or a group as labelled facts.

use std::sync::Arc;

use super::group_text::describe_group;
use super::queue_text;
use super::row_text::{describe_row, evidence_text, format_local, format_remote};
use crate::findings::evaluate::Findings;
use crate::history::{Moment, ObservedSince, TrackedSocket};
use crate::net::process::{Holder, Process};
use crate::net::services::Services;
use crate::net::socket::{SocketTimer, TimerKind};
use crate::query::owner_display::describe_owner;
use crate::query::{Group, GroupKey, QueryResult};
use crate::text::phrase::{Certainty, Phrase};
use crate::text::units;

/// One labelled fact. An empty label continues the one above.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Detail {
    /// One or two words, at most 14 cells.
    pub label: &'static str,
    pub value: Phrase,
}

/// Collects details; skips absent facts.
#[derive(Default)]
struct DetailList(Vec<Detail>);

impl DetailList {
    fn push_fact(&mut self, label: &'static str, value: impl Into<String>) {
        self.0.push(Detail {
            label,
            value: Phrase::fact(value),
        });
    }

    fn push(&mut self, label: &'static str, value: Phrase) {
        self.0.push(Detail { label, value });
    }

    fn push_optional(&mut self, label: &'static str, value: Option<String>) {
        if let Some(value) = value {
            self.push_fact(label, value);
        }
    }
}

/// Lists everything known of a socket.
pub(crate) fn row_details(
    row: &TrackedSocket,
    moment: &Moment,
    services: &Services,
) -> Vec<Detail> {
    let mut details = DetailList::default();
    for phrase in describe_row(row, moment) {
        details.push("", phrase);
    }
    add_identity(&mut details, row, moment, services);
    add_owners(&mut details, row, moment);
    add_counters(&mut details, row, moment);
    details.0
}

fn add_identity(
    details: &mut DetailList,
    row: &TrackedSocket,
    moment: &Moment,
    services: &Services,
) {
    let socket = &row.socket;
    let key = row.port_key();
    let service = services
        .shared_port_name(key, moment.ephemeral)
        .map_or(String::new(), |s| format!(" ({s})"));
    details.push_fact("shared port", format!("{key}{service}"));
    let side = format!("{}: {}", row.side.name(), evidence_text(row));
    let side = if row.evidence.is_guess() {
        Phrase::inference(side)
    } else {
        Phrase::fact(side)
    };
    details.push("side", side);
    let mapped = if socket.local.is_ipv4_mapped() {
        ", IPv4 on an IPv6 socket"
    } else {
        ""
    };
    details.push_fact("local", format!("{}{mapped}", format_local(row, moment)));
    details.push_optional("remote", format_remote(row, moment));
    details.push_optional(
        "interface",
        socket
            .interface
            .map(|i| match moment.directory.interfaces.get(&i) {
                Some(name) => name.to_string(),
                None => i.0.to_string(),
            }),
    );
    let path: Vec<&str> = row.states.iter().map(|s| s.name()).collect();
    if !path.is_empty() {
        details.push_fact("state", path.join(" → "));
    }
    let seen = units::age(row.age(moment.elapsed));
    details.push_fact(
        "seen",
        match row.first_seen {
            ObservedSince::Unsampled(_) => "in no sample: it opened and closed between two".into(),
            ObservedSince::Sampled(_) => format!("for {seen}, since it appeared"),
            ObservedSince::BeforeFirstSample(_) => {
                format!("for {seen}; it was in the first sample")
            }
        },
    );
    details.push_optional(
        "IPv6 only",
        socket
            .v6only
            .map(|only| if only { "yes" } else { "no, IPv4 too" }.into()),
    );
    details.push_optional("inode", socket.inode.map(|i| i.0.to_string()));
    details.push_optional("cookie", socket.cookie.map(|c| c.0.to_string()));
}

fn add_owners(details: &mut DetailList, row: &TrackedSocket, moment: &Moment) {
    details.push("owner", describe_owner(row, moment));
    let user = row
        .socket
        .uid
        .map(|uid| match moment.directory.users.get(&uid) {
            Some(name) => format!("{name} ({uid})"),
            None => uid.to_string(),
        });
    details.push_optional("opened by", user);
    if let Some(cgroup) = row
        .socket
        .cgroup
        .and_then(|id| moment.directory.cgroups.get(&id))
    {
        details.push_optional("unit", cgroup.unit.as_ref().map(ToString::to_string));
        details.push_optional(
            "container",
            cgroup.container.as_ref().map(ToString::to_string),
        );
        details.push_fact("cgroup", cgroup.path.to_string());
    }
    for holder in row
        .ownership
        .last_holders()
        .into_iter()
        .flat_map(|h| h.iter())
    {
        details.push_fact("process", holder_line(holder, moment));
    }
    if let Some(peer) = moment.peer_of(row) {
        details.push("peer", describe_owner(peer, moment));
        for holder in peer
            .ownership
            .last_holders()
            .into_iter()
            .flat_map(|h| h.iter())
        {
            details.push_fact("", holder_line(holder, moment));
        }
    }
}

fn holder_line(holder: &Holder, moment: &Moment) -> String {
    let fd = holder
        .fd
        .map_or(String::new(), |fd| format!(", descriptor {}", fd.0));
    match moment.directory.processes.get(&holder.process) {
        Some(process) => format!(
            "{}{fd}, {}",
            process_line(process, moment),
            command_text(process)
        ),
        None => format!("pid {}{fd}", holder.process.pid),
    }
}

fn process_line(process: &Process, moment: &Moment) -> String {
    let user = process.uid.map_or(String::new(), |uid| {
        match moment.directory.users.get(&uid) {
            Some(name) => format!(", user {name}"),
            None => format!(", user {uid}"),
        }
    });
    format!("{} {}{user}", process.name, process.key.pid)
}

fn command_text(process: &Process) -> String {
    match process.command.as_ref().or(process.executable.as_ref()) {
        Some(command) => command.to_string(),
        None => "command not readable".into(),
    }
}

fn add_counters(details: &mut DetailList, row: &TrackedSocket, moment: &Moment) {
    let socket = &row.socket;
    if let Some(backlog) = socket.accept_queue {
        details.push_fact(
            "accept queue",
            match backlog.limit {
                Some(limit) => format!("{} not accepted yet, limit {limit}", backlog.waiting),
                None => format!("{} not accepted yet", backlog.waiting),
            },
        );
    }
    details.push_optional("queues", queue_text::describe_queues(socket));
    details.push_optional("timer", socket.timer.map(|timer| timer_line(timer, moment)));
    details.push_optional(
        "rate",
        row.rates(moment.elapsed)
            .map(|r| format!("↓ {} B/s, ↑ {} B/s", units::rate(r.down), units::rate(r.up))),
    );
    let Some(tcp) = socket.tcp else { return };
    details.push_optional(
        "bytes",
        tcp.delivered.map(|d| {
            let sent = tcp
                .sent
                .map_or(d.acknowledged, |s| s.bytes.saturating_sub(s.retransmitted));
            format!(
                "{} received, {} sent",
                units::thousands(d.received as usize),
                units::thousands(sent as usize)
            )
        }),
    );
    details.push_optional(
        "round trip",
        tcp.rtt_us.map(|rtt| {
            let least = tcp.min_rtt_us.map_or(String::new(), |min| {
                format!(", at best {}", units::rtt(min.get()))
            });
            format!(
                "{} ± {}{least}",
                units::rtt(rtt.get()),
                units::rtt(tcp.rtt_variation_us)
            )
        }),
    );
    details.push_fact(
        "retransmits",
        units::pluralize(tcp.total_retransmits as usize, "segment", "segments"),
    );
    let algorithm = socket
        .congestion
        .map_or(String::new(), |c| format!("{}, ", c.as_str()));
    details.push_fact(
        "congestion",
        format!(
            "{algorithm}window {} segments of {} bytes",
            tcp.congestion_window, tcp.send_mss
        ),
    );
}

fn timer_line(timer: SocketTimer, moment: &Moment) -> String {
    let left = units::age(timer.due.saturating_sub(moment.elapsed));
    match timer.kind {
        TimerKind::Retransmit => format!("retransmit in {left} (×{} so far)", timer.retransmits),
        TimerKind::Keepalive => format!("keepalive probe in {left}"),
        TimerKind::TimeWait => format!("TIME-WAIT expires in {left}"),
        TimerKind::ZeroWindowProbe => {
            format!("zero-window probe in {left}: the peer is not reading")
        }
        TimerKind::Other(number) => format!("kind {number}, due in {left}"),
    }
}

/// Lists everything known of a group.
pub(crate) fn group_details(
    group: &Group,
    result: &QueryResult,
    findings: &Findings,
) -> Vec<Detail> {
    let moment = &result.moment;
    let mut details = DetailList::default();
    for phrase in describe_group(group, result, findings) {
        details.push("", phrase);
    }
    let summary = &group.summary;
    let states: Vec<String> = summary
        .states
        .iter()
        .map(|(state, n)| format!("{} {n}", state.map_or("UDP", |s| s.name())))
        .collect();
    details.push_fact("states", states.join(", "));
    details.push_optional("opened in", summary.unit.as_ref().map(ToString::to_string));
    let certainty = summary.processes.first().map(|p| p.status);
    for (index, process) in summary.processes.iter().enumerate() {
        let text = match process.count {
            1 => format!("{} {}", process.name, process.pid),
            n => format!("{} ×{n} (first pid {})", process.name, process.pid),
        };
        let value = match certainty {
            Some(crate::query::HolderStatus::Former) => Phrase::inference(format!("was {text}")),
            _ => Phrase::fact(text),
        };
        details.push(if index == 0 { "processes" } else { "" }, value);
    }
    for (reason, n) in &summary.unowned {
        let why = crate::query::owner_display::describe_unowned(*reason, moment);
        let sockets = units::pluralize(*n as usize, "socket", "sockets");
        details.push(
            "no process",
            Phrase {
                text: format!("{sockets}: {}", why.text),
                ..why
            },
        );
    }
    if let GroupKey::Process(key) = group.key()
        && let Some(process) = moment.directory.processes.get(&key)
    {
        add_process(&mut details, process, moment);
    }
    details.0
}

fn add_process(details: &mut DetailList, process: &Arc<Process>, moment: &Moment) {
    details.push_fact("process", process_line(process, moment));
    details.push(
        "executable",
        fact_or_unreadable(process.executable.as_ref()),
    );
    details.push("command", fact_or_unreadable(process.command.as_ref()));
    details.push_optional("parent", process.parent.map(|p| p.to_string()));
}

fn fact_or_unreadable(text: Option<&Arc<str>>) -> Phrase {
    match text {
        Some(text) => Phrase::fact(text.to_string()),
        None => Phrase {
            text: "not readable".into(),
            certainty: Certainty::Unknown,
        },
    }
}
