//! What the program called, that the socket is as it is (socket(2), bind(2), listen(2), accept(2),
//! connect(2), shutdown(2), close(2), udp(7)).
//!
//! No call was watched: what the state cannot be without is a fact, the rest is concluded.

use super::{Explanation, Known};
use crate::history::{Ownership, Side, Tracked};
use crate::socket::{Socket, TcpState};
use crate::teach::Phrase;

/// The calls that led here, what else may be called now, and what ends it.
pub(super) fn calls(said: &mut Explanation, row: &Tracked, known: Known<'_>) {
    said.say("How it came to be", began(row, known));
    if let Some(state) = row.socket.tcp_state() {
        said.say("What was called since", ended(row, state));
    }
    said.say("What may be called now", may(row));
    said.say(
        "How this is known",
        [Phrase::ignorance(
            "Portolan watches no calls. What the state cannot be without stands here as a fact; what is only likely is marked.",
        )],
    );
}

fn began(row: &Tracked, known: Known<'_>) -> Vec<Phrase> {
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
    let made =
        format!("socket({family}, {kind}) made it; it had no port then and stood in no table.");
    let listening = socket.is_listening();
    match (socket.tcp_state(), row.side) {
        (Some(TcpState::Listen), _) => {
            let mut said = vec![Phrase::fact(made), named(socket, known)];
            said.push(Phrase::fact(match socket.backlog.and_then(|b| b.limit) {
                Some(limit) => format!(
                    "listen() made it a listener; so many calls may wait: {limit} (what was asked for, or net.core.somaxconn if that \
                     is less)."
                ),
                None => "listen() made it a listener.".into(),
            }));
            said
        }
        (Some(TcpState::Closed | TcpState::Other(_)), _) => vec![
            Phrase::fact(made),
            Phrase::ignorance("What was called after that cannot be told from this state."),
        ],
        (Some(_), Side::Serving | Side::Listening) => accepted(row),
        (Some(state), Side::Outgoing) => {
            let mut said = vec![Phrase::fact(made), dialled_from(socket, known)];
            let to = socket
                .remote
                .map_or_else(String::new, |end| end.to_string());
            said.push(match state {
                TcpState::SynSent => Phrase::fact(format!(
                    "connect({to}) sent the SYN. A program that waits for its answer is still in this call."
                )),
                _ => Phrase::fact(format!(
                    "connect({to}) dialled; it came back when the handshake was done, whether or not anybody had accepted there."
                )),
            });
            guessed(row, said)
        }
        (None, _) if listening => vec![Phrase::fact(made), named(socket, known)],
        (None, _) => {
            let to = socket
                .remote
                .map_or_else(String::new, |end| end.to_string());
            vec![
                Phrase::fact(made),
                Phrase::fact(format!(
                    "connect({to}) fixed its peer. For UDP that sends nothing: it only sets where send() goes and from whom anything \
                     is taken."
                )),
            ]
        }
    }
}

/// Where a guessed side decides what is said, that is a conclusion, too.
fn guessed(row: &Tracked, said: Vec<Phrase>) -> Vec<Phrase> {
    if !row.evidence.is_guess() {
        return said;
    }
    let probably = said
        .into_iter()
        .map(|phrase| Phrase::inference(phrase.text));
    let why = Phrase::inference(
        "All of this holds if this end dialled, which is only a guess from the port numbers.",
    );
    probably.chain([why]).collect()
}

fn accepted(row: &Tracked) -> Vec<Phrase> {
    let mut said = vec![Phrase::fact(
        "No program made it: the kernel did, when the call came to a listener. It has the listener's port, and no call gave it that.",
    )];
    said.push(match (&row.ownership, row.socket.tcp_state()) {
        (_, Some(TcpState::SynReceived)) => Phrase::fact(
            "Nothing can be called on it yet: accept() gives it out when the handshake is finished.",
        ),
        (Ownership::Unaccepted, _) => Phrase::fact(
            "accept() has not been called for it: the other end may send already, and nobody here reads.",
        ),
        (Ownership::Known(held), _) => match held.iter().find_map(|holder| holder.fd) {
            Some(fd) => Phrase::fact(format!(
                "accept() gave a program a new descriptor for it (now {}), not a new port.",
                fd.0
            )),
            None => Phrase::fact("accept() gave a program a new descriptor for it, not a new port."),
        },
        _ => Phrase::inference("accept() probably gave a program a new descriptor for it, not a new port."),
    });
    match row.evidence.is_guess() {
        false => said,
        true => {
            let mut said: Vec<Phrase> = said
                .into_iter()
                .map(|p| Phrase::inference(p.text))
                .collect();
            said.push(Phrase::inference("All of this holds if the other end dialled, which is only a guess from the port numbers."));
            said
        }
    }
}

/// How an end that waits got its port.
fn named(socket: &Socket, known: Known<'_>) -> Phrase {
    let end = socket.local;
    if known.moment.ephemeral.contains(end.port) {
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
fn dialled_from(socket: &Socket, known: Known<'_>) -> Phrase {
    let port = socket.local.port;
    if known.moment.ephemeral.contains(port) {
        return Phrase::inference(format!(
            "bind() was probably not called: {port} is one of the numbers that connect() takes for a socket that has none."
        ));
    }
    Phrase::inference(format!(
        "bind() was probably called first: {port} is none of the numbers that the kernel hands out by itself."
    ))
}

/// What closing calls its state tells of.
fn ended(row: &Tracked, state: TcpState) -> Vec<Phrase> {
    let owned = matches!(row.ownership, Ownership::Known(_));
    let by = match owned {
        true => {
            "shutdown(SHUT_WR): it has said that it will write no more, and keeps its descriptor to read on."
        }
        false => "close(), or it ended, which closes everything.",
    };
    let closed = |who: &str| {
        let text = format!("{who} called {by}");
        match (owned, &row.ownership) {
            (true, _) | (false, Ownership::Kernel | Ownership::Remembered(_)) => Phrase::fact(text),
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
            let mut said = vec![Phrase::fact(
                "The program at the other end called close() or shutdown(SHUT_WR), or it ended.",
            )];
            said.push(match unread {
                Some(0) => Phrase::fact(
                    "The program here has read to the end: read() has given it 0, and it has not called close() after that.",
                ),
                Some(_) => Phrase::fact(
                    "The program here has not read to the end: the read() that gives 0, the sign of the hang-up, is still to come.",
                ),
                None => Phrase::ignorance("Whether the program here has read the hang-up is not told by this source."),
            });
            said
        }
        _ => Vec::new(),
    }
}

/// What calls do in this state, and which one ends it.
fn may(row: &Tracked) -> Vec<Phrase> {
    if row.is_closed() {
        return vec![Phrase::fact("Nothing: it is gone.")];
    }
    match (&row.ownership, row.socket.tcp_state()) {
        (Ownership::Unaccepted, _) | (_, Some(TcpState::SynReceived)) => {
            return vec![Phrase::fact(
                "Nothing yet, for no program has a descriptor of it. accept() on the listener gives one.",
            )];
        }
        (Ownership::Kernel | Ownership::Remembered(_), Some(TcpState::TimeWait)) => {}
        (Ownership::Kernel | Ownership::Remembered(_), _) => {
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
