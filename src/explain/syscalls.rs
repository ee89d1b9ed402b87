//! Explains which system calls led to a socket's state and which are possible now (socket(2),
//! bind(2), listen(2), accept(2), connect(2), shutdown(2), close(2), udp(7)).
//!
//! No call is traced: calls that the state requires are facts, the rest is inferred.

use super::context::ExplainContext;
use super::explanation::Explanation;
use crate::history::{Ownership, Side, TrackedSocket};
use crate::net::socket::{Socket, TcpState};
use crate::text::phrase::Phrase;

/// Adds the calls that created and closed the socket, and those that are possible now.
pub(crate) fn add_syscalls(
    out: &mut Explanation,
    row: &TrackedSocket,
    context: ExplainContext<'_>,
) {
    out.push_section("How it was created", creation_calls(row, context));
    if let Some(state) = row.socket.tcp_state() {
        out.push_section("Closing calls", closing_calls(row, state));
    }
    out.push_section("Calls that work now", possible_calls(row));
    out.push_section(
        "How this is known",
        [Phrase::unknown(
            "Portolan does not trace calls. Calls that the state requires are facts; what is only likely is marked.",
        )],
    );
}

fn creation_calls(row: &TrackedSocket, context: ExplainContext<'_>) -> Vec<Phrase> {
    let socket = &row.socket;
    let kind = match socket.tcp_state() {
        Some(_) => "SOCK_STREAM",
        None => "SOCK_DGRAM",
    };
    let family = if socket.local.is_ipv6() {
        "AF_INET6"
    } else {
        "AF_INET"
    };
    let socket_call =
        format!("socket({family}, {kind}) created it; it had no port then and was in no table.");
    let listening = socket.is_listening();
    match (socket.tcp_state(), row.side) {
        (Some(TcpState::Listen), _) => {
            let mut out = vec![Phrase::fact(socket_call), bind_note(socket, context)];
            out.push(Phrase::fact(match socket.accept_queue.and_then(|b| b.limit) {
                Some(limit) => format!(
                    "listen() made it a listener with an accept queue limit of {limit} (the backlog asked for, or net.core.somaxconn if \
                     that is less)."
                ),
                None => "listen() made it a listener.".into(),
            }));
            out
        }
        (Some(TcpState::Closed | TcpState::Other(_)), _) => vec![
            Phrase::fact(socket_call),
            Phrase::unknown("This state does not show what was called after that."),
        ],
        (Some(_), Side::Serving | Side::Listening) => accept_calls(row),
        (Some(state), Side::Outgoing) => {
            let mut out = vec![
                Phrase::fact(socket_call),
                connect_port_note(socket, context),
            ];
            let to = socket
                .remote
                .map_or_else(String::new, |end| end.to_string());
            out.push(match state {
                TcpState::SynSent => Phrase::fact(format!(
                    "connect({to}) sent the SYN. A program that waits for the answer is still in this call."
                )),
                _ => Phrase::fact(format!(
                    "connect({to}) sent the SYN; it succeeded when the handshake was done, whether or not the peer's program had accepted."
                )),
            });
            mark_guessed(row, out)
        }
        (None, _) if listening => vec![Phrase::fact(socket_call), bind_note(socket, context)],
        (None, _) => {
            let to = socket
                .remote
                .map_or_else(String::new, |end| end.to_string());
            vec![
                Phrase::fact(socket_call),
                Phrase::fact(format!(
                    "connect({to}) set its peer. For UDP that sends nothing: it only sets where send() goes and from where datagrams \
                     are accepted."
                )),
            ]
        }
    }
}

/// Turns the phrases into inferences if they depend on a guessed side.
fn mark_guessed(row: &TrackedSocket, out: Vec<Phrase>) -> Vec<Phrase> {
    if !row.evidence.is_guess() {
        return out;
    }
    let probably = out.into_iter().map(|phrase| Phrase::inference(phrase.text));
    let why = Phrase::inference(
        "All of this holds if this end connected, which is only a guess from the port numbers.",
    );
    probably.chain([why]).collect()
}

fn accept_calls(row: &TrackedSocket) -> Vec<Phrase> {
    let mut out = vec![Phrase::fact(
        "No program created it: the kernel did, when a client connected to a listener. It has the listener's port; no call gave it one.",
    )];
    out.push(match (&row.ownership, row.socket.tcp_state()) {
        (_, Some(TcpState::SynReceived)) => Phrase::fact(
            "No call works on it yet: accept() delivers it when the handshake is done.",
        ),
        (Ownership::Unaccepted, _) => Phrase::fact(
            "accept() has not been called for it: the peer may already send, but no program here reads.",
        ),
        (Ownership::Known(holders), _) => match holders.iter().find_map(|holder| holder.fd) {
            Some(fd) => Phrase::fact(format!(
                "accept() gave a program a new descriptor for it (now {}), not a new port.",
                fd.0
            )),
            None => Phrase::fact("accept() gave a program a new descriptor for it, not a new port."),
        },
        _ => Phrase::inference("accept() probably gave a program a new descriptor for it, not a new port."),
    });
    match row.evidence.is_guess() {
        false => out,
        true => {
            let mut out: Vec<Phrase> = out.into_iter().map(|p| Phrase::inference(p.text)).collect();
            out.push(Phrase::inference("All of this holds if the peer connected, which is only a guess from the port numbers."));
            out
        }
    }
}

/// Says how a listening or unconnected socket got its port.
fn bind_note(socket: &Socket, context: ExplainContext<'_>) -> Phrase {
    let end = socket.local;
    if context.moment.ephemeral.contains(end.port) {
        return Phrase::inference(format!(
            "bind({end}) gave it its port; or no port was requested, and the kernel chose it: {} is in the ephemeral range.",
            end.port
        ));
    }
    Phrase::fact(format!(
        "bind({end}) gave it its address and port; the kernel does not choose this port by itself."
    ))
}

/// Says how a socket that connected got its local port.
fn connect_port_note(socket: &Socket, context: ExplainContext<'_>) -> Phrase {
    let port = socket.local.port;
    if context.moment.ephemeral.contains(port) {
        return Phrase::inference(format!(
            "bind() was probably not called: {port} is in the ephemeral range, from which connect() picks a port."
        ));
    }
    Phrase::inference(format!(
        "bind() was probably called first: {port} is outside the ephemeral range."
    ))
}

/// Says which closing calls the state implies.
fn closing_calls(row: &TrackedSocket, state: TcpState) -> Vec<Phrase> {
    let owned = matches!(row.ownership, Ownership::Known(_));
    let closing_call = match owned {
        true => "shutdown(SHUT_WR): it will write no more, and keeps its descriptor to read on.",
        false => "close(), or it ended, which closes everything.",
    };
    let closed = |who: &str| {
        let text = format!("{who} called {closing_call}");
        match (owned, &row.ownership) {
            (true, _) | (false, Ownership::Kernel | Ownership::Former(_)) => Phrase::fact(text),
            _ => Phrase::inference(text.replace(" called ", " probably called ")),
        }
    };
    match state {
        TcpState::FinWait1 | TcpState::FinWait2 => vec![closed("The program here")],
        TcpState::Closing => vec![
            closed("The program here"),
            Phrase::fact("The peer's program did the same before this end's FIN arrived there."),
        ],
        TcpState::LastAck => vec![
            Phrase::fact("The peer's program closed first."),
            closed("Then the program here"),
        ],
        TcpState::TimeWait => vec![Phrase::fact(
            "Both programs have closed, the one here first, or both at once. No system call reaches this row any more.",
        )],
        TcpState::CloseWait => {
            let unread = row.socket.queues.map(|queues| queues.recv);
            let mut out = vec![Phrase::fact(
                "The peer's program called close() or shutdown(SHUT_WR), or it ended.",
            )];
            out.push(match unread {
                Some(0) => Phrase::fact(
                    "The program here has read to the end (read() returned 0), but has not called close().",
                ),
                Some(_) => Phrase::fact(
                    "The program here has not read to the end: the read() that returns 0 (end of file) is still to come.",
                ),
                None => Phrase::unknown("This source does not report whether the program here has read the FIN."),
            });
            out
        }
        _ => Vec::new(),
    }
}

/// Says what system calls do in this state, and which one ends it.
fn possible_calls(row: &TrackedSocket) -> Vec<Phrase> {
    if row.is_closed() {
        return vec![Phrase::fact("Nothing: it is closed.")];
    }
    match (&row.ownership, row.socket.tcp_state()) {
        (Ownership::Unaccepted, _) | (_, Some(TcpState::SynReceived)) => {
            return vec![Phrase::fact(
                "Nothing yet: no program has a descriptor of it. accept() on the listener gives one.",
            )];
        }
        (Ownership::Kernel | Ownership::Former(_), Some(TcpState::TimeWait)) => {}
        (Ownership::Kernel | Ownership::Former(_), _) => {
            return vec![Phrase::fact(
                "Nothing: no program has a descriptor of it any more.",
            )];
        }
        _ => {}
    }
    let Some(state) = row.socket.tcp_state() else {
        return vec![Phrase::fact(match row.socket.remote {
            None => {
                "recvfrom() returns a datagram and its sender, sendto() sends one to any address; connect() sets one peer; close() ends it."
            }
            Some(_) => {
                "send() and recv(), with that one peer; connect() again sets another; close() ends it without a message to the peer."
            }
        })];
    };
    vec![Phrase::fact(match state {
        TcpState::Listen => {
            "accept() returns the next connection. Reading, writing (ENOTCONN, EPIPE) and connecting (EISCONN) fail. close() ends \
             it and resets the connections not accepted yet."
        }
        TcpState::SynSent => {
            "The program can only wait, or give up with close(). When the kernel gives up, connect() fails with ETIMEDOUT."
        }
        TcpState::SynReceived => "Nothing: no program has it yet.",
        TcpState::Established => {
            "read() and write(); shutdown() ends one direction, close() both. listen() on it fails (EINVAL), connect() as well \
             (EISCONN)."
        }
        TcpState::FinWait1 | TcpState::FinWait2 => {
            "With a descriptor, read() still works; write() fails (EPIPE), as this direction is closed."
        }
        TcpState::CloseWait => {
            "write() still works, as only the peer's direction is closed. read() returns what is left and then 0. close() is missing."
        }
        TcpState::Closing | TcpState::LastAck => {
            "Nothing that would change it: both directions are closed."
        }
        TcpState::TimeWait => {
            "Nothing. bind() to its port fails (EADDRINUSE) unless the old and the new socket have SO_REUSEADDR set."
        }
        TcpState::Closed => {
            "connect() or listen(), after which it is in another state; close() ends it."
        }
        TcpState::Other(_) => "That is not known for this state.",
    })]
}
