//! Formats rows and patterns as one line of text.
//!
//! In: a row or a pattern, and the [`LabNames`]. Out: `ESTABLISHED 127.0.0.1:41233 →
//! 127.0.0.1:50122 (lab-server) 5/0`, in the same format for both, so that they can be compared.

use super::lab_endpoint::LabEndpoint;
use super::lab_names::LabNames;
use super::row_pattern::{ExpectedOwner, ExpectedQueue, RowPattern};
use crate::history::{Ownership, TrackedSocket};
use crate::net::endpoint::Endpoint;
use crate::net::port::Port;
use crate::net::process::{Pid, distinct_processes};
use crate::net::socket::{Socket, TimerKind, Transport};
use crate::query::owner_display::unaccepted_text;

/// Formats a row: state, endpoints, owner, Recv-Q/Send-Q, timer.
pub fn lab_row_text(row: &TrackedSocket, lab_names: &LabNames) -> String {
    let socket = &row.socket;
    let remote = socket.remote.map(endpoint_text);
    let (received, sent) = queue_lengths(socket);
    let number = |n: Option<u32>| n.map_or_else(|| "?".to_owned(), |n| n.to_string());
    let timer = socket.timer.map_or(String::new(), |timer| {
        format!(" timer {}", timer_name(timer.kind))
    });
    format!(
        "{} ({}) {}/{}{timer}",
        tuple_text(
            socket.transport,
            &endpoint_text(socket.local),
            remote.as_deref(),
            socket.v6only
        ),
        owner_text(row, lab_names),
        number(received),
        number(sent),
    )
}

/// Formats the `n`-th repetition of a pattern, like a row.
pub fn row_pattern_text(pattern: &RowPattern, n: u8, lab_names: &LabNames) -> String {
    let end = |lab_endpoint: LabEndpoint| match lab_names.endpoint(lab_endpoint, n) {
        Some(end) => endpoint_text(end),
        None => lab_endpoint.text(n),
    };
    let remote = pattern.remote.map(end);
    let mut text = tuple_text(
        pattern.transport,
        &end(pattern.local),
        remote.as_deref(),
        pattern.v6only,
    );
    match pattern.owner {
        ExpectedOwner::Processes(roles) => {
            let names: Vec<&str> = roles.iter().map(|role| role.name()).collect();
            text.push_str(&format!(" ({})", names.join(", ")));
        }
        ExpectedOwner::Unaccepted => {
            text.push_str(&format!(" ({})", unaccepted_owner_text(pattern.transport)));
        }
        ExpectedOwner::Kernel => text.push_str(" (kernel)"),
        ExpectedOwner::Any => {}
    }
    if (pattern.recv_queue, pattern.send_queue) != (ExpectedQueue::Any, ExpectedQueue::Any) {
        text.push_str(&format!(
            " {}/{}",
            queue_text(pattern.recv_queue),
            queue_text(pattern.send_queue)
        ));
    }
    if let Some(timer) = pattern.timer {
        text.push_str(&format!(" timer {}", timer_name(timer)));
    }
    text
}

/// Returns Recv-Q and Send-Q; for a listener, the length of its accept queue and its backlog.
pub(crate) fn queue_lengths(socket: &Socket) -> (Option<u32>, Option<u32>) {
    match (socket.accept_queue, socket.queues) {
        (Some(queue), _) => (Some(queue.waiting), queue.limit),
        (None, Some(queues)) => (Some(queues.recv), Some(queues.send)),
        (None, None) => (None, None),
    }
}

fn queue_text(expected: ExpectedQueue) -> String {
    match expected {
        ExpectedQueue::Any => "any".into(),
        ExpectedQueue::Exactly(n) => n.to_string(),
        ExpectedQueue::NonZero => ">0".into(),
    }
}

fn timer_name(kind: TimerKind) -> &'static str {
    match kind {
        TimerKind::Retransmit => "retransmit",
        TimerKind::Keepalive => "keepalive",
        TimerKind::TimeWait => "time-wait",
        TimerKind::ZeroWindowProbe => "window probe",
        TimerKind::Other(_) => "unknown",
    }
}

fn tuple_text(
    transport: Transport,
    local: &str,
    remote: Option<&str>,
    v6only: Option<bool>,
) -> String {
    let state = match transport {
        Transport::Tcp(state) => state.name(),
        Transport::Udp => "UDP",
    };
    let v6only_suffix = match v6only {
        Some(true) => " (IPv6 only)",
        _ => "",
    };
    match remote {
        Some(remote) => format!("{state} {local} → {remote}"),
        None => format!("{state} {local}{v6only_suffix}"),
    }
}

/// Formats an endpoint with the address as the kernel stores it: an IPv4-mapped address is not
/// converted, because lesson 7 is about it.
fn endpoint_text(end: Endpoint) -> String {
    let port = match end.port {
        Port::NONE => "*".to_owned(),
        port => port.to_string(),
    };
    match end.address {
        std::net::IpAddr::V6(v6) => format!("[{v6}]:{port}"),
        std::net::IpAddr::V4(v4) => format!("{v4}:{port}"),
    }
}

/// Returns the owner text that the table shows for a connection that is not accepted yet.
const fn unaccepted_owner_text(transport: Transport) -> &'static str {
    match transport {
        Transport::Tcp(state) => unaccepted_text(Some(state)),
        Transport::Udp => unaccepted_text(None),
    }
}

/// Formats the owner of a row, with the lab's names for its processes.
fn owner_text(row: &TrackedSocket, lab_names: &LabNames) -> String {
    match &row.ownership {
        Ownership::Known(holders) => {
            let names: Vec<String> = distinct_processes(holders)
                .map(|process| process_name(process.pid, lab_names))
                .collect();
            names.join(", ")
        }
        Ownership::Unaccepted => unaccepted_owner_text(row.socket.transport).into(),
        Ownership::Kernel | Ownership::Former(_) => "kernel".into(),
        Ownership::FromListener(_) => "no owner seen".into(),
        Ownership::Hidden => "hidden".into(),
        Ownership::NotFound => "too brief to identify".into(),
        Ownership::Pending => "owner not read yet".into(),
        Ownership::Unsupported => "owner unknown".into(),
    }
}

fn process_name(pid: Pid, lab_names: &LabNames) -> String {
    match lab_names.role(pid) {
        Some(role) => role.name().to_owned(),
        None => format!("pid {pid}"),
    }
}
