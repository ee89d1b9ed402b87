//! Explains a port from each perspective: the system calls that use it, how the kernel finds its
//! socket, its place in a header, what the standards say.

use super::context::ExplainContext;
use super::endpoint_meaning;
use super::explanation::Explanation;
use super::perspective::Perspective;
use crate::history::TrackedSocket;
use crate::net::port::{Port, Protocol};
use crate::net::socket::TcpState;
use crate::text::phrase::Phrase;
use crate::text::units::pluralize;

/// Explains a port from one perspective other than [`Perspective::Plain`].
pub(crate) fn explain_port_from(
    port: Port,
    protocol: Option<Protocol>,
    perspective: Perspective,
    context: ExplainContext<'_>,
) -> Explanation {
    let name = match protocol {
        Some(protocol) => format!("{port}/{protocol}"),
        None => port.to_string(),
    };
    let mut explanation = Explanation::new(format!("port {name}"));
    match perspective {
        Perspective::Plain => {}
        Perspective::Syscalls => add_syscalls(&mut explanation, port, context),
        Perspective::Kernel => add_kernel(&mut explanation, port, protocol, context),
        Perspective::Wire => add_wire(&mut explanation, port),
        Perspective::Standard => add_standard(&mut explanation, port, context),
    }
    explanation.commands = super::port::related_commands(port);
    explanation
}

fn add_syscalls(explanation: &mut Explanation, port: Port, context: ExplainContext<'_>) {
    explanation.push_section("Listen", [
        Phrase::fact(format!(
            "socket(), bind(address, {port}), listen(), and accept() for every connection. With UDP, socket() and bind() are enough."
        )),
        Phrase::fact(
            "bind() sets the port, not socket(); accept() gives no new one. Only after listen() can clients connect.",
        ),
    ]);
    explanation.push_section("Connect", [Phrase::fact(format!(
        "socket(), connect(address, {port}). The client needs a port of its own: the kernel picks one from {} to {}, unless bind() was \
         called first.",
        context.moment.ephemeral.first, context.moment.ephemeral.last
    ))]);
    explanation.push_section("Errors", [
        Phrase::fact("bind(): EADDRINUSE if another socket has it at that address or at every address; EACCES if the port needs a privilege."),
        Phrase::fact("connect(): ECONNREFUSED, at once, if nothing listens there; ETIMEDOUT, after minutes, if nothing at all comes back."),
    ]);
}

fn add_kernel(
    explanation: &mut Explanation,
    port: Port,
    protocol: Option<Protocol>,
    context: ExplainContext<'_>,
) {
    explanation.push_section("What the kernel stores for a port", [Phrase::fact(
        "Hardly anything: no object, no owner, no queue. It stores sockets, and finds them by their ports.",
    )]);
    explanation.push_section("How a packet finds its socket", [
        Phrase::fact("First a connection with the same four numbers (4-tuple): both addresses, both ports."),
        Phrase::fact("Then a listener on the port: one bound to that very address before one bound to every address."),
        Phrase::fact("If there is none: TCP answers RST (refused), UDP an ICMP message (port unreachable)."),
    ]);
    let rows = || {
        let open = context.moment.rows().filter(|row| !row.is_closed());
        open.filter(|row| row.socket.local.port == port)
            .filter(|row| protocol.is_none_or(|protocol| protocol == row.socket.protocol()))
    };
    let unconnected = rows().filter(|row| row.socket.is_listening()).count();
    let is_time_wait =
        |row: &&std::sync::Arc<TrackedSocket>| row.socket.tcp_state() == Some(TcpState::TimeWait);
    let time_wait = rows().filter(is_time_wait).count();
    let all = rows().count();
    explanation.push_section(
        "What it would find here now",
        [Phrase::fact(format!(
            "{} with local port {port}: {} no peer, {} one peer each, {} in TIME-WAIT.",
            pluralize(all, "socket", "sockets"),
            pluralize(unconnected, "has", "have"),
            pluralize(all - unconnected - time_wait, "has", "have"),
            pluralize(time_wait, "is", "are"),
        ))],
    );
}

fn add_wire(explanation: &mut Explanation, port: Port) {
    explanation.push_section("Where the number is", [
        Phrase::fact(format!(
            "In the first four bytes of every TCP and UDP header: 16 bits source port, 16 bits destination port. {port} is {:#06x} there.",
            port.number()
        )),
        Phrase::fact(
            "16 bits hold the numbers 0 to 65,535; 0 is not a port in use. The addresses are in the IP header before it.",
        ),
    ]);
    explanation.push_section(
        "Direction",
        [Phrase::fact(format!(
            "Both: packets to {port} have it as destination, replies from {port} have it as source."
        ))],
    );
    explanation.push_section("Who reads it", [
        Phrase::fact("The two ends, to find the socket. A router between them forwards by address and need not read it."),
        Phrase::fact("Firewalls do read it, and NAT routers even change it on the way (RFC 3022)."),
    ]);
}

fn add_standard(explanation: &mut Explanation, port: Port, context: ExplainContext<'_>) {
    explanation.push_section("The number", [
        Phrase::fact(endpoint_meaning::port_class(port, context.moment.ephemeral)),
        Phrase::fact(
            "RFC 6335 §6 has three ranges: system 0 to 1023, user 1024 to 49151, dynamic 49152 to 65535. Which ports a system assigns is its own \
             setting (RFC 6056 says: at random).",
        ),
    ]);
    explanation.push_section("The name", [Phrase::fact(
        "A registered name says what a number is meant for, not what runs there (RFC 7605; the notice of the \
         IANA registry says the same).",
    )]);
    explanation.push_section("The word", [
        Phrase::fact("TCP: the part of a connection's identity that tells the sockets of one machine apart (RFC 9293 §4)."),
        Phrase::fact("UDP: a separate number space, for datagrams (RFC 768). The same number of the other protocol is another port."),
    ]);
}
