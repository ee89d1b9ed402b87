//! Explains port 0: a placeholder in system calls and headers, never a port in use.

use super::explanation::Explanation;
use crate::net::port::Protocol;
use crate::text::phrase::Phrase;

/// Explains port 0; the text is the same for every perspective.
pub(crate) fn explain_port_zero(protocol: Option<Protocol>) -> Explanation {
    let mut explanation = Explanation::new(match protocol {
        Some(protocol) => format!("port 0/{protocol}"),
        None => "port 0".into(),
    });
    explanation.push_section(
        "The number",
        [
            Phrase::fact(
                "0 is reserved in the IANA registry: it is not a port that a service can have.",
            ),
            Phrase::fact(
                "Nothing listens on it, and no socket in the table has it as its local port.",
            ),
        ],
    );
    explanation.push_section("In a system call", [Phrase::fact(
        "bind() to port 0 means: choose one for me. The kernel picks a free port, and getsockname() returns it. Only with that port \
         is the socket in the table.",
    )]);
    let udp = Phrase::fact(
        "As the source port of a UDP datagram, 0 means none: no reply is expected (RFC 768).",
    );
    let tcp = Phrase::fact("In TCP it has no meaning: both ends have a port of their own.");
    explanation.push_section(
        "In a header",
        match protocol {
            Some(Protocol::Udp) => vec![udp],
            Some(Protocol::Tcp) => vec![tcp],
            None => vec![udp, tcp],
        },
    );
    explanation.push_section("In a table", [Phrase::fact(
        "Other tools show a missing peer as 0.0.0.0:* or 0.0.0.0:0: that is not port 0, but no peer.",
    )]);
    explanation.commands = vec![
        "ss -tuan 'sport = :0'".into(),
        "portolan explain sockets".into(),
    ];
    explanation
}
