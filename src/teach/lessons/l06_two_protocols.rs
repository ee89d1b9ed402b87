//! Lesson 6: a TCP port is not a UDP port; one UDP socket, many peers.

use crate::teach::lessons::call::Actor::{Client, Server};
use crate::teach::lessons::call::{Call, Kind, Patience};
use crate::teach::lessons::deed::{Outcome, bind, client, close, listen, server, socket};
use crate::teach::lessons::lesson::{Claim, Lesson, LookAt, Step, fact};
use crate::teach::lessons::pattern::{Amount, Pattern, listener, udp, udp_with};
use crate::teach::lessons::place::{EVERYWHERE, HERE, Name, Place};
use crate::teach::lessons::question::{Form, Question, right, wrong};
use crate::teach::lessons::refusal::Refusal;
use crate::teach::lessons::scene::Measure;

const fn udp_socket(name: &'static str) -> Call {
    Call::Socket {
        made: Name(name),
        kind: Kind::Udp,
    }
}

const fn fix(name: &'static str, port: &'static str) -> Call {
    Call::Connect(Name(name), Place::named(HERE, port), Patience::Waits)
}

/// The TCP listener, and the UDP socket beside it.
const fn tcp() -> Pattern {
    listener("P").of(&[Server])
}

const fn server_udp(received: Amount) -> Pattern {
    udp("P").of(&[Server]).queues(received, Amount::Exactly(0))
}

const SENDERS: Pattern = udp("U#").at(EVERYWHERE).of(&[Client]).each(3);

/// The lesson.
pub(super) const LESSON: Lesson = Lesson {
    number: 6,
    title: "A TCP port is not a UDP port; one UDP socket, many peers",
    idea: "TCP and UDP count their ports separately, and UDP has no connections to list.",
    dispels: &[
        "TCP 5000 and UDP 5000 are in each other's way",
        "ESTABLISHED for UDP means that somebody answered",
        "a UDP server has a socket for every client",
    ],
    after: &[2],
    actors: &[Server, Client],
    steps: &[
        Step {
            title: "The same number, twice",
            questions: &[Question {
                text: "A TCP socket listens at a port. Then a UDP socket is bound to the same number, at the same address. What comes of it?",
                form: Form::Choices(&[
                    wrong(
                        "It fails: the port is taken",
                        "bind() said {outcome}. At port {P} there are two sockets now.",
                    ),
                    right(
                        "It works: they are different ports",
                        "bind() said {outcome}. Two sockets have the number {P}, one of each protocol.",
                    ),
                ]),
                hints: [
                    "A packet says which protocol it is.",
                    "The kernel looks at the protocol before it looks at the port.",
                    "Each protocol has numbers of its own.",
                ],
            }],
            deeds: &[
                server(socket("t")),
                server(bind("t")).naming("P"),
                server(listen("t", 5)),
                server(udp_socket("u")),
                server(Call::Bind(Name("u"), Place::named(HERE, "P"))),
            ],
            rows: &[tcp(), server_udp(Amount::Exactly(0))],
            claims: &[Claim {
                measure: Measure::RowsAt(Name("P")),
                is: 2,
                what: "sockets with the number {P}",
            }],
            look_at: LookAt::LocalPort,
            explanation: &[fact(
                "{P} for TCP and {P} for UDP are two ports. That is why tools write 53/tcp and 53/udp.",
                "RFC 768; RFC 6335 §6",
            )],
            ..Step::PLAIN
        },
        Step {
            title: "Three senders",
            questions: &[Question {
                text: "Three UDP sockets of the client send a datagram to port {P}. How many sockets will there be with local port {P}, TCP and UDP together?",
                form: Form::Number {
                    measure: Measure::RowsAt(Name("P")),
                    right: 2,
                    proof: "The TCP listener and the one UDP socket, as before. The three new rows are the senders' own sockets, with ports {U1}, {U2}, {U3}.",
                },
                hints: [
                    "With TCP three callers would make three sockets here.",
                    "UDP has no handshake, so that there is nothing to make a socket for.",
                    "All three datagrams lie in one queue.",
                ],
            }],
            deeds: &[
                client(udp_socket("v#")).times(3),
                client(Call::SendTo(Name("v#"), Place::named(HERE, "P"), 3))
                    .naming("U#")
                    .times(3),
            ],
            rows: &[tcp(), server_udp(Amount::Some), SENDERS],
            look_at: LookAt::Queues,
            explanation: &[
                fact(
                    "One UDP socket receives from everybody. Who sent what, the program learns with each datagram.",
                    "udp(7), recvfrom(2)",
                ),
                fact(
                    "Recv-Q of the UDP socket is far more than the 9 bytes that were sent: for UDP it counts the memory that the waiting datagrams take.",
                    "seen on Linux 6.18 (832 for a datagram of 3 bytes)",
                ),
            ],
            ..Step::PLAIN
        },
        Step {
            title: "The server reads them",
            deeds: &[server(Call::Receive(Name("u"), 100))
                .that(Outcome::Gives(3))
                .times(3)],
            rows: &[tcp(), server_udp(Amount::Exactly(0)), SENDERS],
            look_at: LookAt::Queues,
            explanation: &[fact(
                "Three calls, one datagram each: UDP keeps messages apart, where TCP would give one stream of bytes.",
                "udp(7); RFC 768",
            )],
            ..Step::PLAIN
        },
        Step {
            title: "A UDP socket that is connected",
            questions: &[Question {
                text: "Another UDP socket of the client calls connect() to port {P}. Does the server's UDP row change?",
                form: Form::Choices(&[
                    wrong(
                        "Yes: it is connected now, too",
                        "It is as it was. Only the client's row has another end: {V>P}.",
                    ),
                    wrong(
                        "A new server row comes, as with TCP",
                        "No row came but the client's own: {V>P}.",
                    ),
                    right(
                        "No: only the client's socket has a peer",
                        "connect() sent nothing. It fixed the client's peer: {V>P}.",
                    ),
                ]),
                hints: [
                    "Has a packet been sent?",
                    "For UDP connect() is a note in one's own socket.",
                    "The server has heard nothing of it.",
                ],
            }],
            deeds: &[client(udp_socket("w")), client(fix("w", "P")).naming("V")],
            rows: &[
                tcp(),
                server_udp(Amount::Exactly(0)),
                SENDERS,
                udp_with("V", "P").of(&[Client]),
            ],
            look_at: LookAt::Remote,
            explanation: &[fact(
                "connect() on a UDP socket fixes where it sends and from whom it receives. Some tools call that ESTABLISHED. No handshake has happened.",
                "udp(7), connect(2)",
            )],
            ..Step::PLAIN
        },
        Step {
            title: "Connected to nobody",
            questions: &[Question {
                text: "A UDP socket connects to a port where nobody is. What comes of connect()?",
                form: Form::Choices(&[
                    wrong(
                        "It is refused",
                        "connect() worked: {D>Q}. Only the second send() said {outcome}.",
                    ),
                    right(
                        "It works",
                        "There is a row, and nobody at its other end: {D>Q}. The second send() said {outcome}.",
                    ),
                    wrong(
                        "It waits for an answer",
                        "It sent nothing, so that there is no answer to wait for: {D>Q}.",
                    ),
                ]),
                hints: [
                    "connect() sends nothing for UDP.",
                    "It cannot know whether anybody is there.",
                    "It will be known when something is sent, and not before.",
                ],
            }],
            deeds: &[
                // A number that nobody has.
                server(udp_socket("x")),
                server(bind("x")).naming("Q"),
                server(close("x")),
                client(udp_socket("d")),
                client(fix("d", "Q")).naming("D"),
                client(Call::Send(Name("d"), 1)),
                client(Call::Poll(Name("d"))),
                client(Call::Send(Name("d"), 1)).fails(Refusal::ConnectionRefused),
            ],
            rows: &[
                tcp(),
                server_udp(Amount::Exactly(0)),
                SENDERS,
                udp_with("V", "P").of(&[Client]),
                udp_with("D", "Q").of(&[Client]),
            ],
            look_at: LookAt::Outcome,
            explanation: &[fact(
                "The first datagram was answered by an ICMP message: no such port. The program learns of it with its next call.",
                "udp(7); RFC 1122 §4.1.3.1",
            )],
            ..Step::PLAIN
        },
    ],
    explanation: &[fact(
        "With TCP, N clients make 2N + 1 rows on one machine: a listener and two ends for each. With UDP the server has one row, however many send to it. A UDP row with a remote end tells what one program wants, not that anybody is there.",
        "udp(7); RFC 768",
    )],
    why: &[
        fact(
            "A UDP header has a source port, a destination port, a length and a checksum, and that is all: nothing to open, to acknowledge or to close.",
            "RFC 768",
        ),
        fact(
            "A connected UDP socket and an unconnected one may have the same local port. The kernel gives a datagram to the one whose peer it comes from.",
            "seen on Linux 6.18; udp(7)",
        ),
    ],
};
