//! Lesson 3: four numbers identify a connection (4-tuple).

use crate::lessons::action::{bind, client, connect, listen, server, socket};
use crate::lessons::call::LabRole::{Client, Server};
use crate::lessons::call::{Call, SocketOption};
use crate::lessons::call_error::CallError;
use crate::lessons::lab_endpoint::{LabEndpoint, LabName, loopback_v4};
use crate::lessons::lab_view::LabMetric;
use crate::lessons::question::{AnswerFormat, LessonQuestion, correct, incorrect};
use crate::lessons::row_pattern::{ExpectedQueue, RowPattern, established, listener};
use crate::lessons::spec::{ExpectedCount, Highlight, Lesson, LessonStep, fact};

const BACKLOG: ExpectedQueue = ExpectedQueue::Exactly(16);

const fn listener_with_queue(port: &'static str, connections: u32) -> RowPattern {
    listener(port)
        .owned_by(&[Server])
        .with_queues(ExpectedQueue::Exactly(connections), BACKLOG)
}

const fn bind_to_port_x(name: &'static str, n: u8) -> Call {
    Call::Bind(
        LabName(name),
        LabEndpoint::with_named_port(loopback_v4(n), "X"),
    )
}

const fn set_reuse_addr(name: &'static str) -> Call {
    Call::SetOption(LabName(name), SocketOption::ReuseAddr)
}

pub(crate) const LESSON: Lesson = Lesson {
    number: 3,
    title: "Four numbers identify a connection (4-tuple)",
    idea: "Two addresses and two ports identify a connection; it is enough that one of the four differs.",
    misconceptions: &[
        "my browser uses my port 80",
        "a client's port can be used for only one connection",
        "a machine can have 65,535 connections at most",
    ],
    prerequisites: &[2],
    roles: &[Server, Client],
    steps: &[
        LessonStep {
            title: "A server listens on two ports",
            actions: &[
                server(socket("l1")),
                server(bind("l1")).with_port_name("P1"),
                server(listen("l1", 16)),
                server(socket("l2")),
                server(bind("l2")).with_port_name("P2"),
                server(listen("l2", 16)),
            ],
            expected_rows: &[listener_with_queue("P1", 0), listener_with_queue("P2", 0)],
            highlight: Highlight::LocalPort,
            explanation: &[fact(
                "One process, two listeners, two ports: {P1} and {P2}.",
                "listen(2)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "A client connects to the first",
            questions: &[LessonQuestion {
                text: "A client connects to port {P1}. Which port does the client's own end have?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect(
                        "{P1}, the same as the server's",
                        "The client's row says otherwise: {X>P1}. Its own port is on the left.",
                    ),
                    correct(
                        "A different port of its own",
                        "In the client's row its own port is on the left, the server's on the right: {X>P1}.",
                    ),
                    incorrect(
                        "None: only servers have ports",
                        "Both ends of a connection have a port. The client's is {X}: {X>P1}.",
                    ),
                ]),
                hints: [
                    "The server's replies must find their way back.",
                    "A packet has a source port and a destination port.",
                    "Look at the left end of the client's row.",
                ],
            }],
            actions: &[
                client(socket("a")),
                client(set_reuse_addr("a")),
                client(bind("a")).with_port_name("X"),
                client(connect("a", "P1")),
            ],
            expected_rows: &[
                listener_with_queue("P1", 1),
                listener_with_queue("P2", 0),
                established("X", "P1").owned_by(&[Client]),
                established("P1", "X").unaccepted(),
            ],
            highlight: Highlight::LocalPort,
            explanation: &[
                fact(
                    "The client's end has port {X}. Most clients take the port that connect() gives them; this one bound its port first, to use the number again.",
                    "ip(7), connect(2)",
                ),
                fact(
                    "The two rows are the two ends of one connection, with left and right exchanged. So a port has no direction: a reply goes to the port the packet came from.",
                    "RFC 9293 §3.1 (source port, destination port)",
                ),
            ],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The same client port, to the other server port",
            questions: &[LessonQuestion {
                text: "A second client socket also has port {X}, and connects to port {P2}. Does it work?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect(
                        "No: the first connection uses {X}",
                        "It does, and yet both exist: {X>P1}, and {X>P2}. The remote port differs.",
                    ),
                    correct(
                        "Yes: the remote port is different",
                        "Three of the four numbers are the same, the remote port differs: {X>P1}; {X>P2}.",
                    ),
                ]),
                hints: [
                    "What must differ so that a reply finds the right socket?",
                    "A reply from {P2} has a different source port than one from {P1}.",
                    "One different number out of four is enough.",
                ],
            }],
            actions: &[
                client(socket("b")),
                client(set_reuse_addr("b")),
                client(bind_to_port_x("b", 1)),
                client(connect("b", "P2")),
            ],
            expected_rows: &[
                listener_with_queue("P1", 1),
                listener_with_queue("P2", 1),
                established("X", "P1").owned_by(&[Client]),
                established("P1", "X").unaccepted(),
                established("X", "P2").owned_by(&[Client]),
                established("P2", "X").unaccepted(),
            ],
            highlight: Highlight::Remote,
            explanation: &[fact(
                "Port {X} is now the client's end of two connections. The remote port tells them apart.",
                "RFC 9293 §3.4.1",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The same two ports, from another address",
            questions: &[LessonQuestion {
                text: "A third socket connects from port {X} to {P1} again, but from the address 127.0.0.2. How many connections will have {X} as the client's port?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::ConnectionsWithPort(LabName("X")),
                    expected: 3,
                    proof: "Both ports are the same as in the first connection, the client's address differs. Two connections wait to be accepted at {P1}: {P1>}.",
                },
                hints: [
                    "Which of the four numbers differs this time?",
                    "127.0.0.2 is also this machine, but a different address.",
                    "The two existing ones stay, and one is added.",
                ],
            }],
            actions: &[
                client(socket("c")),
                client(set_reuse_addr("c")),
                client(bind_to_port_x("c", 2)),
                client(connect("c", "P1")),
            ],
            expected_rows: &[
                listener_with_queue("P1", 2),
                listener_with_queue("P2", 1),
                established("X", "P1").owned_by(&[Client]),
                established("P1", "X").unaccepted(),
                established("X", "P2").owned_by(&[Client]),
                established("P2", "X").unaccepted(),
                established("X", "P1")
                    .with_local_addr(loopback_v4(2))
                    .owned_by(&[Client]),
                established("P1", "X")
                    .with_remote_addr(loopback_v4(2))
                    .unaccepted(),
            ],
            highlight: Highlight::LocalAddress,
            explanation: &[fact(
                "Three connections, one client port. Only all four numbers together must be unique.",
                "RFC 9293 §3.4.1",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The first connection again, exactly",
            questions: &[LessonQuestion {
                text: "Now a fourth socket: from 127.0.0.1, port {X}, to 127.0.0.1, port {P1}, like the first. What happens to connect()?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect(
                        "It works, like the others",
                        "connect(): {outcome}. There is already a row with these four numbers: {X>P1}.",
                    ),
                    correct(
                        "It fails: these four numbers are taken",
                        "connect(): {outcome}. A packet with these four numbers belongs to {X>P1}.",
                    ),
                    incorrect(
                        "It works and replaces the first connection",
                        "The first is unchanged: {X>P1}. connect(): {outcome}.",
                    ),
                ]),
                hints: [
                    "Count the numbers that differ from the first.",
                    "None differs.",
                    "If it worked, which socket would get a reply from {P1} to {X}?",
                ],
            }],
            actions: &[
                client(socket("d")),
                client(set_reuse_addr("d")),
                client(bind_to_port_x("d", 1)),
                client(connect("d", "P1")).failing_with(CallError::AddrNotAvailable),
            ],
            expected_rows: &[
                listener_with_queue("P1", 2),
                listener_with_queue("P2", 1),
                established("X", "P1").owned_by(&[Client]),
                established("P1", "X").unaccepted(),
                established("X", "P2").owned_by(&[Client]),
                established("P2", "X").unaccepted(),
                established("X", "P1")
                    .with_local_addr(loopback_v4(2))
                    .owned_by(&[Client]),
                established("P1", "X")
                    .with_remote_addr(loopback_v4(2))
                    .unaccepted(),
            ],
            expected_counts: &[ExpectedCount {
                metric: LabMetric::Connections,
                expected: 3,
                label: "connections",
            }],
            highlight: Highlight::CallResult,
            explanation: &[fact(
                "Only the exact repetition fails: EADDRNOTAVAIL.",
                "connect(2)",
            )],
            ..LessonStep::DEFAULT
        },
    ],
    explanation: &[fact(
        "Besides the protocol, four numbers count: an address and a port at each end (the 4-tuple). Two connections may agree in three of them. So a server's port does not run out of connections: every client brings its own address and port.",
        "RFC 9293 §3.4.1",
    )],
    background: &[
        fact(
            "For one server address and port, IPv4 allows 2^32 client addresses times 2^16 client ports. Memory and file descriptors run out long before.",
            "RFC 9293 §3.4.1; RFC 791 (addresses have 32 bits)",
        ),
        fact(
            "The client's side does run out: the kernel hands out some 28,000 ports per client address, for one server address and port. Lesson 4 shows that.",
            "ip(7), ip_local_port_range",
        ),
        fact(
            "SO_REUSEADDR is set so that a second socket can bind {X} while the first has it. It does not affect connections: what fails at the end is the connection.",
            "socket(7)",
        ),
    ],
};
