//! The looks at a port: what programs call to use it, how the kernel finds the socket behind it,
//! where the number stands in a header, what the standards say of it.

use super::{Explanation, Known, Look, place};
use crate::history::Tracked;
use crate::port::{Port, Protocol};
use crate::quantity::count;
use crate::socket::TcpState;
use crate::teach::Phrase;

/// One look at a port.
pub(super) fn look_at_port(
    port: Port,
    protocol: Option<Protocol>,
    look: Look,
    known: Known<'_>,
) -> Explanation {
    let name = match protocol {
        Some(protocol) => format!("{port}/{protocol}"),
        None => port.to_string(),
    };
    let mut said = Explanation::of(format!("port {name}"));
    match look {
        Look::Words => {}
        Look::Calls => calls(&mut said, port, known),
        Look::Kernel => kernel(&mut said, port, protocol, known),
        Look::Wire => wire(&mut said, port),
        Look::Standard => standard(&mut said, port, known),
    }
    said.commands = super::port::commands(port);
    said
}

fn calls(said: &mut Explanation, port: Port, known: Known<'_>) {
    said.say("To wait there", [
        Phrase::fact(format!(
            "socket(), bind(address, {port}), listen(), and for every call accept(). With UDP socket() and bind() are all."
        )),
        Phrase::fact(
            "The port is given by bind(), not by socket(); accept() gives no new one. Only after listen() can anybody connect.",
        ),
    ]);
    said.say("To call it", [Phrase::fact(format!(
        "socket(), connect(address, {port}). Who calls needs a number of its own: the kernel takes one from {} to {}, unless bind() was \
         called first.",
        known.moment.ephemeral.first, known.moment.ephemeral.last
    ))]);
    said.say("What may be refused", [
        Phrase::fact("bind(): EADDRINUSE if somebody has it at that address or at every address; EACCES if it is one for the privileged."),
        Phrase::fact("connect(): ECONNREFUSED if nobody waits there, at once; ETIMEDOUT if nothing at all comes back, after minutes."),
    ]);
}

fn kernel(said: &mut Explanation, port: Port, protocol: Option<Protocol>, known: Known<'_>) {
    said.say("What the kernel keeps of a port", [Phrase::fact(
        "Hardly anything: no object, no owner, no queue. It keeps sockets, and finds them by their ports.",
    )]);
    said.say("How a packet finds its socket", [
        Phrase::fact("First the connection all four numbers of which fit: both addresses, both ports."),
        Phrase::fact("Then whoever waits at the port: bound to that very address before bound to every address."),
        Phrase::fact("Then nobody: TCP answers RST (refused), UDP an ICMP message (port unreachable)."),
    ]);
    let rows = || {
        let open = known.moment.rows().filter(|row| !row.is_closed());
        open.filter(|row| row.socket.local.port == port)
            .filter(|row| protocol.is_none_or(|wanted| wanted == row.socket.protocol()))
    };
    let waiting = rows().filter(|row| row.socket.is_listening()).count();
    let state = |row: &&std::sync::Arc<Tracked>| row.socket.tcp_state() == Some(TcpState::TimeWait);
    let kept = rows().filter(state).count();
    let all = rows().count();
    said.say("Whom it would find here now", [Phrase::fact(format!(
        "{} with {port} as the own port: {} for anybody, {} one peer each, {} only kept (TIME-WAIT).",
        count(all, "socket", "sockets"),
        count(waiting, "waits", "wait"),
        count(all - waiting - kept, "has", "have"),
        count(kept, "is", "are"),
    ))]);
}

fn wire(said: &mut Explanation, port: Port) {
    said.say("Where the number stands", [
        Phrase::fact(format!(
            "In the first four bytes of every TCP and UDP header: 16 bits source port, 16 bits destination port. {port} is {:#06x} there.",
            port.number()
        )),
        Phrase::fact(
            "16 bits are the numbers 0 to 65,535; 0 is used by nobody. Addresses stand in the header before it, that of IP.",
        ),
    ]);
    said.say("In which direction", [Phrase::fact(format!(
        "In both: what is sent to {port} has it as destination, what {port} answers has it as source."
    ))]);
    said.say("Who looks at it", [
        Phrase::fact("The two ends, to find the socket. A router between them forwards by address and need not look."),
        Phrase::fact("Firewalls do look, and routers that translate addresses (NAT) even change it on the way (RFC 3022)."),
    ]);
}

fn standard(said: &mut Explanation, port: Port, known: Known<'_>) {
    said.say("The number", [
        Phrase::fact(place::class(port, known.moment.ephemeral)),
        Phrase::fact(
            "RFC 6335 §6 has three ranges: system 0 to 1023, user 1024 to 49151, dynamic 49152 to 65535. What a system hands out is its own \
             setting (RFC 6056 says: at random).",
        ),
    ]);
    said.say("The name", [Phrase::fact(
        "A registered name tells what a number is meant for. Nobody may conclude from it what runs there (RFC 7605; the notice of the \
         IANA registry says the same).",
    )]);
    said.say("The word", [
        Phrase::fact("TCP: the part of a connection's name that tells the sockets of one machine apart (RFC 9293 §4)."),
        Phrase::fact("UDP: a number of its own kind, for datagrams (RFC 768). The same number of the other protocol is another port."),
    ]);
}
