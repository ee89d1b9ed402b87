//! Lesson 6: a TCP port is not a UDP port; one UDP socket, many peers.

use crate::lessons::action::{ExpectedResult, bind, client, close, listen, server, socket};
use crate::lessons::call::LabRole::{Client, Server};
use crate::lessons::call::{Call, ConnectMode, SocketKind};
use crate::lessons::call_error::CallError;
use crate::lessons::lab_endpoint::{LOOPBACK_V4, LabEndpoint, LabName, WILDCARD_V4};
use crate::lessons::lab_view::LabMetric;
use crate::lessons::question::{AnswerFormat, LessonQuestion, correct, incorrect};
use crate::lessons::row_pattern::{ExpectedQueue, RowPattern, connected_udp, listener, udp};
use crate::lessons::spec::{ExpectedCount, Highlight, Lesson, LessonStep, fact};

const fn udp_socket(name: &'static str) -> Call {
    Call::Socket {
        new_socket: LabName(name),
        kind: SocketKind::Udp,
    }
}

const fn connect_udp(name: &'static str, port: &'static str) -> Call {
    Call::Connect(
        LabName(name),
        LabEndpoint::with_named_port(LOOPBACK_V4, port),
        ConnectMode::Blocking,
    )
}

const fn tcp_listener() -> RowPattern {
    listener("P").owned_by(&[Server])
}

const fn server_udp_row(received: ExpectedQueue) -> RowPattern {
    udp("P")
        .owned_by(&[Server])
        .with_queues(received, ExpectedQueue::Exactly(0))
}

const CLIENT_UDP_ROWS: RowPattern = udp("U#")
    .with_local_addr(WILDCARD_V4)
    .owned_by(&[Client])
    .times(3);

pub(crate) const LESSON: Lesson = Lesson {
    number: 6,
    title: "A TCP port is not a UDP port; one UDP socket, many peers",
    idea: "TCP and UDP have separate port numbers, and UDP has no connections to list.",
    misconceptions: &[
        "TCP 5000 and UDP 5000 conflict",
        "ESTABLISHED for UDP means that the peer answered",
        "a UDP server has a socket for each client",
    ],
    prerequisites: &[2],
    roles: &[Server, Client],
    steps: &[
        LessonStep {
            title: "The same port number, twice",
            questions: &[LessonQuestion {
                text: "A TCP socket listens on a port. Then a UDP socket binds the same number at the same address. What happens?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect(
                        "It fails: the port is taken",
                        "bind(): {outcome}. Port {P} has two sockets now.",
                    ),
                    correct(
                        "It works: they are different ports",
                        "bind(): {outcome}. Two sockets have the number {P}, one per protocol.",
                    ),
                ]),
                hints: [
                    "A packet says which protocol it uses.",
                    "The kernel checks the protocol before the port.",
                    "Each protocol has its own numbers.",
                ],
            }],
            actions: &[
                server(socket("t")),
                server(bind("t")).with_port_name("P"),
                server(listen("t", 5)),
                server(udp_socket("u")),
                server(Call::Bind(
                    LabName("u"),
                    LabEndpoint::with_named_port(LOOPBACK_V4, "P"),
                )),
            ],
            expected_rows: &[tcp_listener(), server_udp_row(ExpectedQueue::Exactly(0))],
            expected_counts: &[ExpectedCount {
                metric: LabMetric::RowsWithLocalPort(LabName("P")),
                expected: 2,
                label: "sockets with the number {P}",
            }],
            highlight: Highlight::LocalPort,
            explanation: &[fact(
                "{P} for TCP and {P} for UDP are two ports. That is why tools write 53/tcp and 53/udp.",
                "RFC 768; RFC 6335 §6",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "Three senders",
            questions: &[LessonQuestion {
                text: "Three UDP sockets of the client each send a datagram to port {P}. How many sockets will have local port {P}, TCP and UDP together?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::RowsWithLocalPort(LabName("P")),
                    expected: 2,
                    proof: "The TCP listener and the one UDP socket, as before. The three new rows are the senders' own sockets, with ports {U1}, {U2}, {U3}.",
                },
                hints: [
                    "With TCP, three clients would make three new sockets here.",
                    "UDP has no handshake, so there is nothing to create a socket for.",
                    "All three datagrams are in one queue.",
                ],
            }],
            actions: &[
                client(udp_socket("v#")).times(3),
                client(Call::SendTo(
                    LabName("v#"),
                    LabEndpoint::with_named_port(LOOPBACK_V4, "P"),
                    3,
                ))
                .with_port_name("U#")
                .times(3),
            ],
            expected_rows: &[
                tcp_listener(),
                server_udp_row(ExpectedQueue::NonZero),
                CLIENT_UDP_ROWS,
            ],
            highlight: Highlight::Queues,
            explanation: &[
                fact(
                    "One UDP socket receives from every sender. Each datagram tells the program who sent it.",
                    "udp(7), recvfrom(2)",
                ),
                fact(
                    "Recv-Q of the UDP socket is far more than the 9 bytes sent: for UDP it counts the memory that the waiting datagrams use.",
                    "seen on Linux 6.18 (832 for a datagram of 3 bytes)",
                ),
            ],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The server reads them",
            actions: &[server(Call::Recv(LabName("u"), 100))
                .expecting(ExpectedResult::Bytes(3))
                .times(3)],
            expected_rows: &[
                tcp_listener(),
                server_udp_row(ExpectedQueue::Exactly(0)),
                CLIENT_UDP_ROWS,
            ],
            highlight: Highlight::Queues,
            explanation: &[fact(
                "Three calls, one datagram each: UDP keeps messages separate, while TCP delivers one stream of bytes.",
                "udp(7); RFC 768",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "A connected UDP socket",
            questions: &[LessonQuestion {
                text: "Another UDP socket of the client calls connect() to port {P}. Does the server's UDP row change?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect(
                        "Yes: it is now connected too",
                        "It is unchanged. Only the client's row has a peer: {V>P}.",
                    ),
                    incorrect(
                        "A new server row appears, as with TCP",
                        "The only new row is the client's own: {V>P}.",
                    ),
                    correct(
                        "No: only the client's socket has a peer",
                        "connect() sent nothing. It set the client's peer: {V>P}.",
                    ),
                ]),
                hints: [
                    "Has a packet been sent?",
                    "For UDP, connect() only stores the peer in the local socket.",
                    "The server has received nothing.",
                ],
            }],
            actions: &[
                client(udp_socket("w")),
                client(connect_udp("w", "P")).with_port_name("V"),
            ],
            expected_rows: &[
                tcp_listener(),
                server_udp_row(ExpectedQueue::Exactly(0)),
                CLIENT_UDP_ROWS,
                connected_udp("V", "P").owned_by(&[Client]),
            ],
            highlight: Highlight::Remote,
            explanation: &[fact(
                "connect() on a UDP socket sets where it sends to and from whom it receives. Some tools call that ESTABLISHED. There was no handshake.",
                "udp(7), connect(2)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "Connected to an unused port",
            questions: &[LessonQuestion {
                text: "A UDP socket connects to a port that no socket uses. What happens to connect()?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect(
                        "It is refused",
                        "connect() worked: {D>Q}. Only the second send() failed: {outcome}.",
                    ),
                    correct(
                        "It works",
                        "There is a row, although no socket is at the peer's port: {D>Q}. The second send(): {outcome}.",
                    ),
                    incorrect(
                        "It waits for a reply",
                        "It sent nothing, so there is no reply to wait for: {D>Q}.",
                    ),
                ]),
                hints: [
                    "connect() sends nothing for UDP.",
                    "It cannot know whether a socket is there.",
                    "An error can come only after something is sent.",
                ],
            }],
            actions: &[
                // Finds a port that no socket uses.
                server(udp_socket("x")),
                server(bind("x")).with_port_name("Q"),
                server(close("x")),
                client(udp_socket("d")),
                client(connect_udp("d", "Q")).with_port_name("D"),
                client(Call::Send(LabName("d"), 1)),
                client(Call::Poll(LabName("d"))),
                client(Call::Send(LabName("d"), 1)).failing_with(CallError::ConnectionRefused),
            ],
            expected_rows: &[
                tcp_listener(),
                server_udp_row(ExpectedQueue::Exactly(0)),
                CLIENT_UDP_ROWS,
                connected_udp("V", "P").owned_by(&[Client]),
                connected_udp("D", "Q").owned_by(&[Client]),
            ],
            highlight: Highlight::CallResult,
            explanation: &[fact(
                "An ICMP message answered the first datagram: port unreachable. The program gets the error with its next call.",
                "udp(7); RFC 1122 §4.1.3.1",
            )],
            ..LessonStep::DEFAULT
        },
    ],
    explanation: &[fact(
        "With TCP, N clients make 2N + 1 rows on one machine: a listener and two ends for each. With UDP the server has one row, however many clients send to it. A UDP row with a peer shows what one program set, not that a socket is there.",
        "udp(7); RFC 768",
    )],
    background: &[
        fact(
            "A UDP header has only a source port, a destination port, a length and a checksum: nothing to open, acknowledge or close.",
            "RFC 768",
        ),
        fact(
            "A connected UDP socket and an unconnected one may have the same local port. The kernel gives a datagram to the one whose peer sent it.",
            "seen on Linux 6.18; udp(7)",
        ),
    ],
};
