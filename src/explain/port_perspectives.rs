//! The looks at a port: what programs call to use it, how the kernel finds the socket behind it,
//! where the number stands in a header, what the standards say of it.

use super::context::ExplainContext;
use super::endpoint_meaning;
use super::explanation::Explanation;
use super::perspective::Perspective;
use crate::history::TrackedSocket;
use crate::net::port::{Port, Protocol};
use crate::net::socket::TcpState;
use crate::text::phrase::Phrase;
use crate::text::units::pluralize;

/// One look at a port.
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
    explanation.push_section("To wait there", [
        Phrase::fact(format!(
            "socket(), bind(address, {port}), listen(), and for every call accept(). With UDP socket() and bind() are all."
        )),
        Phrase::fact(
            "The port is given by bind(), not by socket(); accept() gives no new one. Only after listen() can anybody connect.",
        ),
    ]);
    explanation.push_section("To call it", [Phrase::fact(format!(
        "socket(), connect(address, {port}). Who calls needs a number of its own: the kernel takes one from {} to {}, unless bind() was \
         called first.",
        context.moment.ephemeral.first, context.moment.ephemeral.last
    ))]);
    explanation.push_section("What may be refused", [
        Phrase::fact("bind(): EADDRINUSE if somebody has it at that address or at every address; EACCES if it is one for the privileged."),
        Phrase::fact("connect(): ECONNREFUSED if nobody waits there, at once; ETIMEDOUT if nothing at all comes back, after minutes."),
    ]);
}

fn add_kernel(
    explanation: &mut Explanation,
    port: Port,
    protocol: Option<Protocol>,
    context: ExplainContext<'_>,
) {
    explanation.push_section("What the kernel keeps of a port", [Phrase::fact(
        "Hardly anything: no object, no owner, no queue. It keeps sockets, and finds them by their ports.",
    )]);
    explanation.push_section("How a packet finds its socket", [
        Phrase::fact("First the connection all four numbers of which fit: both addresses, both ports."),
        Phrase::fact("Then whoever waits at the port: bound to that very address before bound to every address."),
        Phrase::fact("Then nobody: TCP answers RST (refused), UDP an ICMP message (port unreachable)."),
    ]);
    let rows = || {
        let open = context.moment.rows().filter(|row| !row.is_closed());
        open.filter(|row| row.socket.local.port == port)
            .filter(|row| protocol.is_none_or(|wanted| wanted == row.socket.protocol()))
    };
    let waiting = rows().filter(|row| row.socket.is_listening()).count();
    let state =
        |row: &&std::sync::Arc<TrackedSocket>| row.socket.tcp_state() == Some(TcpState::TimeWait);
    let time_wait = rows().filter(state).count();
    let all = rows().count();
    explanation.push_section("Whom it would find here now", [Phrase::fact(format!(
        "{} with {port} as the own port: {} for anybody, {} one peer each, {} only kept (TIME-WAIT).",
        pluralize(all, "socket", "sockets"),
        pluralize(waiting, "waits", "wait"),
        pluralize(all - waiting - time_wait, "has", "have"),
        pluralize(time_wait, "is", "are"),
    ))]);
}

fn add_wire(explanation: &mut Explanation, port: Port) {
    explanation.push_section("Where the number stands", [
        Phrase::fact(format!(
            "In the first four bytes of every TCP and UDP header: 16 bits source port, 16 bits destination port. {port} is {:#06x} there.",
            port.number()
        )),
        Phrase::fact(
            "16 bits are the numbers 0 to 65,535; 0 is used by nobody. Addresses stand in the header before it, that of IP.",
        ),
    ]);
    explanation.push_section("In which direction", [Phrase::fact(format!(
        "In both: what is sent to {port} has it as destination, what {port} answers has it as source."
    ))]);
    explanation.push_section("Who looks at it", [
        Phrase::fact("The two ends, to find the socket. A router between them forwards by address and need not look."),
        Phrase::fact("Firewalls do look, and routers that translate addresses (NAT) even change it on the way (RFC 3022)."),
    ]);
}

fn add_standard(explanation: &mut Explanation, port: Port, context: ExplainContext<'_>) {
    explanation.push_section("The number", [
        Phrase::fact(endpoint_meaning::port_class(port, context.moment.ephemeral)),
        Phrase::fact(
            "RFC 6335 §6 has three ranges: system 0 to 1023, user 1024 to 49151, dynamic 49152 to 65535. What a system hands out is its own \
             setting (RFC 6056 says: at random).",
        ),
    ]);
    explanation.push_section("The name", [Phrase::fact(
        "A registered name tells what a number is meant for. Nobody may conclude from it what runs there (RFC 7605; the notice of the \
         IANA registry says the same).",
    )]);
    explanation.push_section("The word", [
        Phrase::fact("TCP: the part of a connection's name that tells the sockets of one machine apart (RFC 9293 §4)."),
        Phrase::fact("UDP: a number of its own kind, for datagrams (RFC 768). The same number of the other protocol is another port."),
    ]);
}
