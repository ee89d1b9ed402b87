//! Everything known of a row or a group, as labelled facts.

use std::sync::Arc;

use crate::history::{Moment, Since, Tracked};
use crate::process::{Holder, Process};
use crate::quantity;
use crate::query::{Answer, Group, GroupKey};
use crate::services::Services;
use crate::socket::{Timer, TimerKind};
use crate::teach::{
    Certainty, Findings, Phrase, evidence, local, owner, queues, remote, say_group, say_row,
};

/// One labelled fact. An empty label continues the one above.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// What it is about, a word or two.
    pub label: &'static str,
    /// What is known of it.
    pub value: Phrase,
}

/// Collects details; absent facts leave no trace.
#[derive(Default)]
struct Details(Vec<Detail>);

impl Details {
    fn add(&mut self, label: &'static str, value: impl Into<String>) {
        self.0.push(Detail {
            label,
            value: Phrase::fact(value),
        });
    }

    fn say(&mut self, label: &'static str, value: Phrase) {
        self.0.push(Detail { label, value });
    }

    fn maybe(&mut self, label: &'static str, value: Option<String>) {
        if let Some(value) = value {
            self.add(label, value);
        }
    }
}

/// Everything known of a socket.
pub fn row_details(row: &Tracked, moment: &Moment, services: &Services) -> Vec<Detail> {
    let mut details = Details::default();
    for phrase in say_row(row, moment) {
        details.say("", phrase);
    }
    identity(&mut details, row, moment, services);
    owners(&mut details, row, moment);
    figures(&mut details, row, moment);
    details.0
}

fn identity(details: &mut Details, row: &Tracked, moment: &Moment, services: &Services) {
    let socket = &row.socket;
    let key = row.port_key();
    let service = services
        .of(key, moment.ephemeral)
        .map_or(String::new(), |s| format!(" ({s})"));
    details.add("shared port", format!("{key}{service}"));
    let side = format!("{}: {}", row.side.name(), evidence(row));
    let side = if row.evidence.is_guess() {
        Phrase::inference(side)
    } else {
        Phrase::fact(side)
    };
    details.say("side", side);
    let mapped = if socket.local.is_mapped() {
        ", IPv4 on an IPv6 socket"
    } else {
        ""
    };
    details.add("local", format!("{}{mapped}", local(row, moment)));
    details.maybe("remote", remote(row, moment));
    details.maybe(
        "interface",
        socket
            .interface
            .map(|i| match moment.directory.interfaces.get(&i) {
                Some(name) => name.to_string(),
                None => i.0.to_string(),
            }),
    );
    let path: Vec<&str> = row.path.iter().map(|s| s.name()).collect();
    if !path.is_empty() {
        details.add("state", path.join(" → "));
    }
    let seen = quantity::age(row.age(moment.elapsed));
    details.add(
        "seen",
        match row.first_seen {
            Since::Unsampled(_) => "in no sample: it opened and closed between two".into(),
            Since::Seen(_) => format!("for {seen}, since it appeared"),
            Since::BeforeFirstLook(_) => format!("for {seen}; it was there before the first look"),
        },
    );
    details.maybe(
        "IPv6 only",
        socket
            .v6only
            .map(|only| if only { "yes" } else { "no, IPv4 too" }.into()),
    );
    details.maybe("inode", socket.inode.map(|i| i.0.to_string()));
    details.maybe("cookie", socket.cookie.map(|c| c.0.to_string()));
}

fn owners(details: &mut Details, row: &Tracked, moment: &Moment) {
    details.say("owner", owner(row, moment));
    let user = row
        .socket
        .uid
        .map(|uid| match moment.directory.users.get(&uid) {
            Some(name) => format!("{name} ({uid})"),
            None => uid.to_string(),
        });
    details.maybe("opened by", user);
    if let Some(cgroup) = row
        .socket
        .cgroup
        .and_then(|id| moment.directory.cgroups.get(&id))
    {
        details.maybe("unit", cgroup.unit.as_ref().map(ToString::to_string));
        details.maybe(
            "container",
            cgroup.container.as_ref().map(ToString::to_string),
        );
        details.add("cgroup", cgroup.path.to_string());
    }
    for holder in row
        .ownership
        .last_holders()
        .into_iter()
        .flat_map(|h| h.iter())
    {
        details.add("process", holder_line(holder, moment));
    }
    if let Some(other) = moment.peer_of(row) {
        details.say("other end", owner(other, moment));
        for holder in other
            .ownership
            .last_holders()
            .into_iter()
            .flat_map(|h| h.iter())
        {
            details.add("", holder_line(holder, moment));
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
            command_of(process)
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

fn command_of(process: &Process) -> String {
    match process.command.as_ref().or(process.executable.as_ref()) {
        Some(command) => command.to_string(),
        None => "command not readable".into(),
    }
}

fn figures(details: &mut Details, row: &Tracked, moment: &Moment) {
    let socket = &row.socket;
    if let Some(backlog) = socket.backlog {
        details.add(
            "accept queue",
            match backlog.limit {
                Some(limit) => format!("{} waiting, {limit} may wait", backlog.waiting),
                None => format!("{} waiting", backlog.waiting),
            },
        );
    }
    details.maybe("queues", queues::both(socket));
    details.maybe("timer", socket.timer.map(|timer| timer_line(timer, moment)));
    details.maybe(
        "rate",
        row.rates(moment.elapsed).map(|r| {
            format!(
                "↓ {} B/s, ↑ {} B/s",
                quantity::rate(r.down),
                quantity::rate(r.up)
            )
        }),
    );
    let Some(tcp) = socket.tcp else { return };
    details.maybe(
        "bytes",
        tcp.delivered.map(|d| {
            let sent = tcp
                .sent
                .map_or(d.acknowledged, |s| s.bytes.saturating_sub(s.repeated));
            format!(
                "{} received, {} sent",
                quantity::thousands(d.received as usize),
                quantity::thousands(sent as usize)
            )
        }),
    );
    details.maybe(
        "round trip",
        tcp.rtt_us.map(|rtt| {
            let least = tcp.min_rtt_us.map_or(String::new(), |min| {
                format!(", at best {}", quantity::round_trip(min.get()))
            });
            format!(
                "{} ± {}{least}",
                quantity::round_trip(rtt.get()),
                quantity::round_trip(tcp.rtt_variation_us)
            )
        }),
    );
    details.add(
        "sent again",
        quantity::count(tcp.total_retransmits as usize, "segment", "segments"),
    );
    let algorithm = socket
        .congestion
        .map_or(String::new(), |c| format!("{}, ", c.as_str()));
    details.add(
        "congestion",
        format!(
            "{algorithm}window {} segments of {} bytes",
            tcp.congestion_window, tcp.send_mss
        ),
    );
}

fn timer_line(timer: Timer, moment: &Moment) -> String {
    let left = quantity::age(timer.due.saturating_sub(moment.elapsed));
    match timer.kind {
        TimerKind::Retransmit => format!("sends again in {left} (so far ×{})", timer.retransmits),
        TimerKind::Keepalive => format!("keepalive probe in {left}"),
        TimerKind::TimeWait => format!("the kernel forgets it in {left}"),
        TimerKind::Probe => format!("asks in {left} whether the other end reads again"),
        TimerKind::Other(number) => format!("kind {number}, due in {left}"),
    }
}

/// Everything known of a group.
pub fn group_details(group: &Group, answer: &Answer, findings: &Findings) -> Vec<Detail> {
    let moment = &answer.moment;
    let mut details = Details::default();
    for phrase in say_group(group, answer, findings) {
        details.say("", phrase);
    }
    let summary = &group.summary;
    let states: Vec<String> = summary
        .states
        .iter()
        .map(|(state, n)| format!("{} {n}", state.map_or("UDP", |s| s.name())))
        .collect();
    details.add("states", states.join(", "));
    details.maybe("opened in", summary.unit.as_ref().map(ToString::to_string));
    let certainty = summary.processes.first().map(|p| p.tense);
    for (index, process) in summary.processes.iter().enumerate() {
        let text = match process.count {
            1 => format!("{} {}", process.name, process.pid),
            n => format!("{} ×{n} (first pid {})", process.name, process.pid),
        };
        let value = match certainty {
            Some(crate::query::Tense::Past) => Phrase::inference(format!("was {text}")),
            _ => Phrase::fact(text),
        };
        details.say(if index == 0 { "processes" } else { "" }, value);
    }
    for (reason, n) in &summary.unowned {
        let why = crate::teach::no_owner(*reason, moment);
        let sockets = quantity::count(*n as usize, "socket", "sockets");
        details.say(
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
        process_details(&mut details, process, moment);
    }
    details.0
}

fn process_details(details: &mut Details, process: &Arc<Process>, moment: &Moment) {
    details.add("process", process_line(process, moment));
    details.say("executable", known_or_not(process.executable.as_ref()));
    details.say("command", known_or_not(process.command.as_ref()));
    details.maybe("parent", process.parent.map(|p| p.to_string()));
}

fn known_or_not(text: Option<&Arc<str>>) -> Phrase {
    match text {
        Some(text) => Phrase::fact(text.to_string()),
        None => Phrase {
            text: "not readable".into(),
            certainty: Certainty::Ignorance,
        },
    }
}
