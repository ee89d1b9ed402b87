//! Port 0: a number in the calls and in a header, and never a port of anybody.

use super::explanation::Explanation;
use crate::net::port::Protocol;
use crate::text::phrase::Phrase;

/// All there is to say, the same from everywhere.
pub(crate) fn explain_port_zero(protocol: Option<Protocol>) -> Explanation {
    let mut explanation = Explanation::new(match protocol {
        Some(protocol) => format!("port 0/{protocol}"),
        None => "port 0".into(),
    });
    explanation.push_section(
        "The number",
        [
            Phrase::fact("0 is reserved in the IANA registry: nobody has it as a port."),
            Phrase::fact(
                "No listener waits at it, and it stands in no table as anybody's own port.",
            ),
        ],
    );
    explanation.push_section("In a call", [Phrase::fact(
        "bind() to port 0 means: choose one for me. The kernel takes a free number, and getsockname() tells which. Only with that one \
         does the socket stand in the table.",
    )]);
    let udp = Phrase::fact(
        "As the source port of a UDP datagram 0 means none: no answer is expected (RFC 768).",
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
        "Other tools write a missing other end as 0.0.0.0:* or 0.0.0.0:0: that is no port 0, but nobody.",
    )]);
    explanation.commands = vec![
        "ss -tuan 'sport = :0'".into(),
        "portolan explain sockets".into(),
    ];
    explanation
}
