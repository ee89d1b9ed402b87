//! Rows and patterns in one line of words.
//!
//! In: a row, or a pattern, and the [`Cast`]. Out: `ESTABLISHED 127.0.0.1:41233 →
//! 127.0.0.1:50122 (lab-server) 5/0`, the same for both, so that they can be laid side by side.

use crate::endpoint::Endpoint;
use crate::history::{Ownership, Tracked};
use crate::port::Port;
use crate::process::{Pid, distinct_processes};
use crate::socket::{Socket, TimerKind, Transport};
use crate::teach::lessons::cast::Cast;
use crate::teach::lessons::pattern::{Amount, Pattern, Whose};
use crate::teach::lessons::place::Place;
use crate::teach::owner::unaccepted;

/// A row.
pub fn say_row(row: &Tracked, cast: &Cast) -> String {
    let socket = &row.socket;
    let remote = socket.remote.map(end_text);
    let (received, sent) = queues(socket);
    let number = |n: Option<u32>| n.map_or_else(|| "?".to_owned(), |n| n.to_string());
    let timer = socket.timer.map_or(String::new(), |timer| {
        format!(" timer {}", timer_name(timer.kind))
    });
    format!(
        "{} ({}) {}/{}{timer}",
        ends(
            socket.transport,
            &end_text(socket.local),
            remote.as_deref(),
            socket.v6only
        ),
        owner(row, cast),
        number(received),
        number(sent),
    )
}

/// What is asked of a row, the n-th time.
pub fn say_pattern(pattern: &Pattern, n: u8, cast: &Cast) -> String {
    let end = |place: Place| match cast.endpoint(place, n) {
        Some(end) => end_text(end),
        None => place.text(n),
    };
    let remote = pattern.remote.map(end);
    let mut text = ends(
        pattern.transport,
        &end(pattern.local),
        remote.as_deref(),
        pattern.v6only,
    );
    match pattern.whose {
        Whose::Of(actors) => {
            let names: Vec<&str> = actors.iter().map(|actor| actor.name()).collect();
            text.push_str(&format!(" ({})", names.join(", ")));
        }
        Whose::Unaccepted => text.push_str(&format!(" ({})", not_accepted(pattern.transport))),
        Whose::Kernel => text.push_str(" (kernel)"),
        Whose::Anybody => {}
    }
    if (pattern.received, pattern.sent) != (Amount::Any, Amount::Any) {
        text.push_str(&format!(
            " {}/{}",
            amount(pattern.received),
            amount(pattern.sent)
        ));
    }
    if let Some(timer) = pattern.timer {
        text.push_str(&format!(" timer {}", timer_name(timer)));
    }
    text
}

/// Recv-Q and Send-Q; of a listener, what waits and its backlog.
pub(super) fn queues(socket: &Socket) -> (Option<u32>, Option<u32>) {
    match (socket.backlog, socket.queues) {
        (Some(backlog), _) => (Some(backlog.waiting), backlog.limit),
        (None, Some(queues)) => (Some(queues.recv), Some(queues.send)),
        (None, None) => (None, None),
    }
}

fn amount(amount: Amount) -> String {
    match amount {
        Amount::Any => "any".into(),
        Amount::Exactly(n) => n.to_string(),
        Amount::Some => ">0".into(),
    }
}

fn timer_name(kind: TimerKind) -> &'static str {
    match kind {
        TimerKind::Retransmit => "retransmit",
        TimerKind::Keepalive => "keepalive",
        TimerKind::TimeWait => "time-wait",
        TimerKind::Probe => "window probe",
        TimerKind::Other(_) => "unknown",
    }
}

fn ends(transport: Transport, local: &str, remote: Option<&str>, v6only: Option<bool>) -> String {
    let state = match transport {
        Transport::Tcp(state) => state.name(),
        Transport::Udp => "UDP",
    };
    let only = match v6only {
        Some(true) => " (IPv6 only)",
        _ => "",
    };
    match remote {
        Some(remote) => format!("{state} {local} → {remote}"),
        None => format!("{state} {local}{only}"),
    }
}

/// With the address as the kernel keeps it: that an IPv4 address stands in an IPv6 socket is the
/// point where it happens.
fn end_text(end: Endpoint) -> String {
    let port = match end.port {
        Port::NONE => "*".to_owned(),
        port => port.to_string(),
    };
    match end.address {
        std::net::IpAddr::V6(v6) => format!("[{v6}]:{port}"),
        std::net::IpAddr::V4(v4) => format!("{v4}:{port}"),
    }
}

/// In the table's words.
const fn not_accepted(transport: Transport) -> &'static str {
    match transport {
        Transport::Tcp(state) => unaccepted(Some(state)),
        Transport::Udp => unaccepted(None),
    }
}

/// Whose, in the lab's words.
fn owner(row: &Tracked, cast: &Cast) -> String {
    match &row.ownership {
        Ownership::Known(held) => {
            let names: Vec<String> = distinct_processes(held)
                .map(|process| process_name(process.pid, cast))
                .collect();
            names.join(", ")
        }
        Ownership::Unaccepted => not_accepted(row.socket.transport).into(),
        Ownership::Kernel | Ownership::Remembered(_) => "kernel".into(),
        Ownership::OfListener(_) => "nobody seen".into(),
        Ownership::Hidden => "hidden".into(),
        Ownership::Vanished => "nobody found".into(),
        Ownership::NotYet => "not looked for yet".into(),
        Ownership::Untold => "not told".into(),
    }
}

fn process_name(pid: Pid, cast: &Cast) -> String {
    match cast.actor(pid) {
        Some(actor) => actor.name().to_owned(),
        None => format!("pid {pid}"),
    }
}
