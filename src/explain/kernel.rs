//! Explains what the kernel stores for a socket, and how it finds the socket of a packet.

use super::context::ExplainContext;
use super::explanation::Explanation;
use super::relative_time::format_due_in;
use crate::history::{Ownership, TrackedSocket};
use crate::net::socket::{Socket, TcpState, TimerKind};
use crate::text::phrase::Phrase;
use crate::text::units;
use crate::text::units::{pluralize, thousands};

/// Adds identifiers, lookup, queues, timer, TCP counters and creator.
pub(crate) fn add_kernel(out: &mut Explanation, row: &TrackedSocket, context: ExplainContext<'_>) {
    out.push_section("Its identifiers", identifiers(row));
    out.push_section("How it is found", lookup_rules(&row.socket));
    out.push_section("Its queues", describe_queues(&row.socket));
    out.push_section("Its timer", [describe_timer(row, context)]);
    out.push_section("TCP counters", tcp_counters(&row.socket));
    out.push_section("Who opened it", describe_creator(&row.socket, context));
}

fn identifiers(row: &TrackedSocket) -> Vec<Phrase> {
    let socket = &row.socket;
    let mut out = Vec::new();
    out.push(match socket.inode {
        Some(inode) => Phrase::fact(format!(
            "inode {}: a descriptor of it reads socket:[{}] in /proc/PID/fd, which is how its processes are found.",
            inode.0, inode.0
        )),
        None => match &row.ownership {
            Ownership::Unsupported => Phrase::unknown("This source does not report its inode."),
            Ownership::Unaccepted => Phrase::fact(
                "No inode: it gets one when a program accepts it, so no descriptor refers to it now.",
            ),
            _ => Phrase::fact("No inode: no descriptor refers to it any more, so it cannot have a process."),
        },
    });
    out.push(match socket.cookie {
        Some(cookie) => Phrase::fact(format!(
            "cookie {:x}: a unique number until the machine is restarted; it normally stays the same in every state.",
            cookie.0
        )),
        None => Phrase::unknown("This source does not report its cookie, the kernel's own number for it."),
    });
    out
}

/// Says which packets belong to the socket.
fn lookup_rules(socket: &Socket) -> Vec<Phrase> {
    let protocol = socket.protocol().name().to_uppercase();
    let local = socket.local;
    match (socket.tcp_state(), socket.remote) {
        (_, Some(remote)) => vec![Phrase::fact(format!(
            "A packet belongs to it if all four numbers (4-tuple) match: {protocol} from {remote} to {local}. Other sockets may have \
             three of them the same."
        ))],
        (state, None) => {
            let packet = match state {
                Some(_) => "A SYN that matches no connection",
                None => "A datagram that matches no socket with that peer",
            };
            let address = match local.address.is_unspecified() {
                true => "whatever its destination address is",
                false => "if it is sent to exactly this address",
            };
            vec![
                Phrase::fact(format!(
                    "{packet} goes to it by port {}/{}, {address}.",
                    local.port,
                    socket.protocol()
                )),
                Phrase::fact(
                    "A socket bound to one address takes precedence over one bound to every address.",
                ),
            ]
        }
    }
}

fn describe_queues(socket: &Socket) -> Vec<Phrase> {
    if let Some(backlog) = socket.accept_queue {
        let limit = backlog
            .limit
            .map_or_else(|| "not reported".to_owned(), |limit| limit.to_string());
        return vec![Phrase::fact(format!(
            "ss shows Recv-Q {} (connections waiting for accept()) and Send-Q {limit} (the limit of that queue): a listener has no data.",
            backlog.waiting
        ))];
    }
    let Some(queues) = socket.queues else {
        return vec![Phrase::unknown("This source does not report its queues.")];
    };
    let (recv, send) = (
        thousands(queues.recv as usize),
        thousands(queues.send as usize),
    );
    let Some(state) = socket.tcp_state() else {
        return vec![Phrase::fact(format!(
            "Recv-Q {recv}, Send-Q {send}: bytes of memory, including the kernel's overhead for each datagram."
        ))];
    };
    let mut out = vec![Phrase::fact(format!(
        "Recv-Q {recv}: received in order and not read. Send-Q {send}: written and not acknowledged."
    ))];
    let note = match state {
        TcpState::SynSent | TcpState::SynReceived if queues.send > 0 => {
            "The SYN takes a sequence number and counts as 1."
        }
        TcpState::FinWait1 | TcpState::LastAck | TcpState::Closing if queues.send > 0 => {
            "The FIN takes a sequence number and counts as 1 in Send-Q."
        }
        TcpState::CloseWait if queues.recv > 0 => {
            "The peer's FIN takes a sequence number and counts as 1 in Recv-Q until the program reads it."
        }
        _ => return out,
    };
    out.push(Phrase::fact(note));
    out
}

fn describe_timer(row: &TrackedSocket, context: ExplainContext<'_>) -> Phrase {
    let Some(timer) = row.socket.timer.filter(|_| !row.is_closed()) else {
        return Phrase::fact("None reported: without a timer nothing happens here by itself.");
    };
    let due = format_due_in(timer.due.saturating_sub(context.moment.elapsed));
    let times = pluralize(timer.retransmits.into(), "time", "times");
    Phrase::fact(match timer.kind {
        TimerKind::Retransmit => format!(
            "Retransmission: what is not acknowledged is sent again {due}; that has happened {times}, at growing intervals."
        ),
        TimerKind::Keepalive => {
            format!("Keepalive: an empty segment checks {due} whether the peer is still there.")
        }
        TimerKind::TimeWait => format!("TIME-WAIT: it expires {due}."),
        TimerKind::ZeroWindowProbe => format!(
            "Zero-window probe: a segment checks {due} whether the peer has room again; {times} so far."
        ),
        TimerKind::Other(number) => {
            format!("Of a kind unknown to Portolan ({number}), due {due}.")
        }
    })
}

fn tcp_counters(socket: &Socket) -> Vec<Phrase> {
    let Some(tcp) = socket.tcp else {
        return Vec::new();
    };
    let mut out = Vec::new();
    if let Some(rtt) = tcp.rtt_us {
        out.push(Phrase::fact(format!(
            "Round-trip time {} (varies by {}); from it the kernel derives how long it waits before it retransmits.",
            units::rtt(rtt.get()),
            units::rtt(tcp.rtt_variation_us)
        )));
    }
    let algorithm = socket
        .congestion
        .map_or(String::new(), |c| format!(" (by {})", c.as_str()));
    out.push(Phrase::fact(format!(
        "Congestion window{algorithm}: {} of at most {} B may be in flight at a time.",
        pluralize(tcp.congestion_window as usize, "segment", "segments"),
        thousands(tcp.send_mss as usize)
    )));
    if let Some(delivered) = tcp.delivered {
        out.push(Phrase::fact(format!(
            "{} B received; {} B acknowledged by the peer.",
            thousands(delivered.received as usize),
            thousands(delivered.acknowledged as usize)
        )));
        out.push(Phrase::fact(
            "The acknowledged count includes what is not data: 1 for the SYN if this end connected, and 1 for its FIN once that is acknowledged.",
        ));
        if socket.tcp_state() == Some(TcpState::FinWait2) {
            out.push(Phrase::fact(
                "Here the FIN is acknowledged, and is included.",
            ));
        }
    }
    out
}

fn describe_creator(socket: &Socket, context: ExplainContext<'_>) -> Vec<Phrase> {
    let directory = &context.moment.directory;
    let mut out = vec![match socket.uid {
        Some(uid) => match directory.users.get(&uid) {
            Some(name) => Phrase::fact(format!(
                "uid {uid}, which is {name}: the user who created it; another may hold it now."
            )),
            None => Phrase::fact(format!(
                "uid {uid}: the user who created it; another may hold it now."
            )),
        },
        None => Phrase::unknown(
            "No user is known. If the kernel shows uid 0 for a row without an inode, that does not mean root.",
        ),
    }];
    if let Some(cgroup) = socket.cgroup.and_then(|id| directory.cgroups.get(&id)) {
        out.push(Phrase::fact(format!(
            "cgroup {}: where it was created.",
            cgroup.path
        )));
    }
    out
}
