//! What the program called, that the socket is as it is (socket(2), bind(2), listen(2), accept(2),
//! connect(2), shutdown(2), close(2), udp(7)).
//!
//! No call was watched: what the state cannot be without is a fact, the rest is concluded.

use super::context::ExplainContext;
use super::explanation::Explanation;
use crate::history::{Ownership, Side, TrackedSocket};
use crate::net::socket::{Socket, TcpState};
use crate::text::phrase::Phrase;

/// The calls that led here, what else may be called now, and what ends it.
pub(crate) fn add_syscalls(
    out: &mut Explanation,
    row: &TrackedSocket,
    context: ExplainContext<'_>,
) {
    out.push_section("How it came to be", creation_calls(row, context));
    if let Some(state) = row.socket.tcp_state() {
        out.push_section("What was called since", closing_calls(row, state));
    }
    out.push_section("What may be called now", possible_calls(row));
    out.push_section(
        "How this is known",
        [Phrase::unknown(
            "Portolan watches no calls. What the state cannot be without stands here as a fact; what is only likely is marked.",
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
        format!("socket({family}, {kind}) made it; it had no port then and stood in no table.");
    let listening = socket.is_listening();
    match (socket.tcp_state(), row.side) {
        (Some(TcpState::Listen), _) => {
            let mut out = vec![Phrase::fact(socket_call), bind_note(socket, context)];
            out.push(Phrase::fact(match socket.accept_queue.and_then(|b| b.limit) {
                Some(limit) => format!(
                    "listen() made it a listener; so many calls may wait: {limit} (what was asked for, or net.core.somaxconn if that \
                     is less)."
                ),
                None => "listen() made it a listener.".into(),
            }));
            out
        }
        (Some(TcpState::Closed | TcpState::Other(_)), _) => vec![
            Phrase::fact(socket_call),
            Phrase::unknown("What was called after that cannot be told from this state."),
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
                    "connect({to}) sent the SYN. A program that waits for its answer is still in this call."
                )),
                _ => Phrase::fact(format!(
                    "connect({to}) dialled; it came back when the handshake was done, whether or not anybody had accepted there."
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
                    "connect({to}) fixed its peer. For UDP that sends nothing: it only sets where send() goes and from whom anything \
                     is taken."
                )),
            ]
        }
    }
}

/// Where a guessed side decides what is said, that is a conclusion, too.
fn mark_guessed(row: &TrackedSocket, out: Vec<Phrase>) -> Vec<Phrase> {
    if !row.evidence.is_guess() {
        return out;
    }
    let probably = out.into_iter().map(|phrase| Phrase::inference(phrase.text));
    let why = Phrase::inference(
        "All of this holds if this end dialled, which is only a guess from the port numbers.",
    );
    probably.chain([why]).collect()
}

fn accept_calls(row: &TrackedSocket) -> Vec<Phrase> {
    let mut out = vec![Phrase::fact(
        "No program made it: the kernel did, when the call came to a listener. It has the listener's port, and no call gave it that.",
    )];
    out.push(match (&row.ownership, row.socket.tcp_state()) {
        (_, Some(TcpState::SynReceived)) => Phrase::fact(
            "Nothing can be called on it yet: accept() gives it out when the handshake is finished.",
        ),
        (Ownership::Unaccepted, _) => Phrase::fact(
            "accept() has not been called for it: the other end may send already, and nobody here reads.",
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
            out.push(Phrase::inference("All of this holds if the other end dialled, which is only a guess from the port numbers."));
            out
        }
    }
}

/// How an end that waits got its port.
fn bind_note(socket: &Socket, context: ExplainContext<'_>) -> Phrase {
    let end = socket.local;
    if context.moment.ephemeral.contains(end.port) {
        return Phrase::inference(format!(
            "bind({end}) gave it its port; or nobody asked for this one, and the kernel chose it: {} is one of those it hands out.",
            end.port
        ));
    }
    Phrase::fact(format!(
        "bind({end}) gave it its address and port; the kernel hands out no such number by itself."
    ))
}

/// How an end that dialled got its port.
fn connect_port_note(socket: &Socket, context: ExplainContext<'_>) -> Phrase {
    let port = socket.local.port;
    if context.moment.ephemeral.contains(port) {
        return Phrase::inference(format!(
            "bind() was probably not called: {port} is one of the numbers that connect() takes for a socket that has none."
        ));
    }
    Phrase::inference(format!(
        "bind() was probably called first: {port} is none of the numbers that the kernel hands out by itself."
    ))
}

/// What closing calls its state tells of.
fn closing_calls(row: &TrackedSocket, state: TcpState) -> Vec<Phrase> {
    let owned = matches!(row.ownership, Ownership::Known(_));
    let closing_call = match owned {
        true => {
            "shutdown(SHUT_WR): it has said that it will write no more, and keeps its descriptor to read on."
        }
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
            Phrase::fact("The program at the other end did the same before it heard of this."),
        ],
        TcpState::LastAck => vec![
            Phrase::fact("The program at the other end closed first."),
            closed("Then the program here"),
        ],
        TcpState::TimeWait => vec![Phrase::fact(
            "Both programs have closed, the one here first, or both at once. No call of any program reaches this row any more.",
        )],
        TcpState::CloseWait => {
            let unread = row.socket.queues.map(|queues| queues.recv);
            let mut out = vec![Phrase::fact(
                "The program at the other end called close() or shutdown(SHUT_WR), or it ended.",
            )];
            out.push(match unread {
                Some(0) => Phrase::fact(
                    "The program here has read to the end: read() has given it 0, and it has not called close() after that.",
                ),
                Some(_) => Phrase::fact(
                    "The program here has not read to the end: the read() that gives 0, the sign of the hang-up, is still to come.",
                ),
                None => Phrase::unknown("Whether the program here has read the hang-up is not told by this source."),
            });
            out
        }
        _ => Vec::new(),
    }
}

/// What calls do in this state, and which one ends it.
fn possible_calls(row: &TrackedSocket) -> Vec<Phrase> {
    if row.is_closed() {
        return vec![Phrase::fact("Nothing: it is gone.")];
    }
    match (&row.ownership, row.socket.tcp_state()) {
        (Ownership::Unaccepted, _) | (_, Some(TcpState::SynReceived)) => {
            return vec![Phrase::fact(
                "Nothing yet, for no program has a descriptor of it. accept() on the listener gives one.",
            )];
        }
        (Ownership::Kernel | Ownership::Former(_), Some(TcpState::TimeWait)) => {}
        (Ownership::Kernel | Ownership::Former(_), _) => {
            return vec![Phrase::fact(
                "Nothing, for no program has a descriptor of it any more.",
            )];
        }
        _ => {}
    }
    let Some(state) = row.socket.tcp_state() else {
        return vec![Phrase::fact(match row.socket.remote {
            None => {
                "recvfrom() gives a datagram and its sender, sendto() sends one to anybody; connect() fixes one peer; close() ends it."
            }
            Some(_) => {
                "send() and recv(), with that one peer; connect() again chooses another; close() ends it and tells nobody."
            }
        })];
    };
    vec![Phrase::fact(match state {
        TcpState::Listen => {
            "accept() takes the next finished call. It can neither read nor write (EPIPE, ENOTCONN), nor be connected (EISCONN). close() ends \
             it and resets the calls nobody accepted."
        }
        TcpState::SynSent => {
            "It can only be waited for, or given up by close(). When the kernel gives up, connect() says ETIMEDOUT."
        }
        TcpState::SynReceived => "Nothing: no program has it yet.",
        TcpState::Established => {
            "read() and write(); shutdown() ends one direction, close() both. listen() on it is refused (EINVAL), connect() as well \
             (EISCONN)."
        }
        TcpState::FinWait1 | TcpState::FinWait2 => {
            "With a descriptor read() still works; write() is refused (EPIPE), for the own direction is closed."
        }
        TcpState::CloseWait => {
            "write() still works, for only the other direction is closed. read() gives what is left and then 0. close() is what is missing."
        }
        TcpState::Closing | TcpState::LastAck => {
            "Nothing that would change it: both directions are closed."
        }
        TcpState::TimeWait => {
            "Nothing. bind() to its port is refused (EADDRINUSE) unless the old and the new socket have SO_REUSEADDR set."
        }
        TcpState::Closed => {
            "connect() or listen(), after which it is in another state; close() ends it."
        }
        TcpState::Other(_) => "That is not known for this state.",
    })]
}
