//! Lesson 5: which address?

use crate::lessons::action::{accept, client, close, listen, server, socket};
use crate::lessons::call::LabRole::{Client, Server};
use crate::lessons::call::{Call, ConnectMode};
use crate::lessons::call_error::CallError;
use crate::lessons::lab_endpoint::{LOOPBACK_V4, LabEndpoint, LabName, WILDCARD_V4, loopback_v4};
use crate::lessons::lab_view::LabMetric;
use crate::lessons::question::{AnswerFormat, LessonQuestion, correct, incorrect};
use crate::lessons::row_pattern::{RowPattern, established, listener};
use crate::lessons::spec::{ExpectedCount, Highlight, Lesson, LessonStep, fact};

const fn bind_loopback(name: &'static str, n: u8) -> Call {
    Call::Bind(
        LabName(name),
        LabEndpoint::with_named_port(loopback_v4(n), "P"),
    )
}

const fn bind_wildcard(name: &'static str) -> Call {
    Call::Bind(
        LabName(name),
        LabEndpoint::with_named_port(WILDCARD_V4, "P"),
    )
}

const fn connect_to(name: &'static str, n: u8) -> Call {
    Call::Connect(
        LabName(name),
        LabEndpoint::with_named_port(loopback_v4(n), "P"),
        ConnectMode::Blocking,
    )
}

const TWO_LISTENERS: &[RowPattern] = &[
    listener("P").owned_by(&[Server]),
    listener("P")
        .with_local_addr(loopback_v4(2))
        .owned_by(&[Server]),
];

/// The lesson.
pub(crate) const LESSON: Lesson = Lesson {
    number: 5,
    title: "Which address? 127.0.0.1, 127.0.0.2, 0.0.0.0",
    idea: "A port is taken for one address; 0.0.0.0 takes it for all.",
    misconceptions: &[
        "a port number can be used once on a machine",
        "0.0.0.0 is an address that one can be reached at",
        "0.0.0.0 and 127.0.0.1 are the same",
    ],
    prerequisites: &[3],
    roles: &[Server, Client],
    steps: &[
        LessonStep {
            title: "Two listeners, one number",
            questions: &[LessonQuestion {
                text: "One socket is to listen at 127.0.0.1 and another at 127.0.0.2, both at the same port number. How many listeners will there be?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::RowsWithLocalPort(LabName("P")),
                    expected: 2,
                    proof: "Both listen at {P}, each at its own address. One of them: {P>}.",
                },
                hints: [
                    "127.0.0.1 and 127.0.0.2 are both this machine.",
                    "A caller says which address it wants.",
                    "So the kernel can tell the two apart.",
                ],
            }],
            actions: &[
                // A number that is free at every address.
                server(socket("t")),
                server(Call::Bind(
                    LabName("t"),
                    LabEndpoint::with_ephemeral_port(WILDCARD_V4),
                ))
                .with_port_name("P"),
                server(close("t")),
                server(socket("a")),
                server(bind_loopback("a", 1)),
                server(listen("a", 5)),
                server(socket("b")),
                server(bind_loopback("b", 2)),
                server(listen("b", 5)),
            ],
            expected_rows: TWO_LISTENERS,
            highlight: Highlight::LocalAddress,
            explanation: &[fact(
                "The same port number twice, at two addresses: no conflict. Listeners are in each other's way at one address of one protocol, not on a whole machine. (The first socket only found a number that is free at all addresses.)",
                "bind(2), ip(7)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "A third address",
            questions: &[LessonQuestion {
                text: "A client dials 127.0.0.3, port {P}. That is this machine, too. What comes of it?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect(
                        "One of the two answers: it is the same machine",
                        "connect() said {outcome}. There is no row with 127.0.0.3.",
                    ),
                    correct(
                        "It is refused at once",
                        "connect() said {outcome}: at that address nobody listens.",
                    ),
                    incorrect(
                        "No answer, until the time is up",
                        "The answer came at once: {outcome}. Silence would mean a firewall, or an address that nobody has.",
                    ),
                ]),
                hints: [
                    "The kernel looks for a listener with this address and this port.",
                    "There are two listeners. At which addresses?",
                    "Neither is at 127.0.0.3, and the kernel itself is there to say so.",
                ],
            }],
            actions: &[
                client(socket("c")),
                client(connect_to("c", 3)).failing_with(CallError::ConnectionRefused),
                client(close("c")),
            ],
            expected_rows: TWO_LISTENERS,
            highlight: Highlight::CallResult,
            explanation: &[fact(
                "A server that listens at 127.0.0.1 alone is there for this machine alone, at that address alone. Not to be reached from elsewhere is often exactly this.",
                "ip(7)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "Every address at once",
            questions: &[LessonQuestion {
                text: "A third socket wants 0.0.0.0, port {P}: every address. What comes of bind()?",
                answer_format: AnswerFormat::Choices(&[
                    correct(
                        "It fails: at two of the addresses the port is taken",
                        "bind() said {outcome}. In the way is, for one, {P>}.",
                    ),
                    incorrect(
                        "It works: 0.0.0.0 is another address",
                        "bind() said {outcome}. 0.0.0.0 stands for all addresses, and at one of them there is {P>}.",
                    ),
                    incorrect(
                        "It works for the addresses that are left",
                        "bind() said {outcome}: all or none.",
                    ),
                ]),
                hints: [
                    "0.0.0.0 is no address of its own.",
                    "It stands for all of them.",
                    "All of them includes 127.0.0.1.",
                ],
            }],
            actions: &[
                server(socket("x")),
                server(bind_wildcard("x")).failing_with(CallError::AddrInUse),
                server(close("x")),
            ],
            expected_rows: TWO_LISTENERS,
            highlight: Highlight::CallResult,
            explanation: &[fact(
                "The wildcard collides with every single address, and every single address with the wildcard.",
                "bind(2), ip(7) (INADDR_ANY)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "Only the wildcard",
            questions: &[LessonQuestion {
                text: "Both listeners are closed and one listens at 0.0.0.0. A client dials 127.0.0.3 again and is accepted. Which local address does the accepted socket show?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect(
                        "0.0.0.0, as the listener",
                        "The listener shows it: {P>}. The connection shows the address that was dialled: {P>C}.",
                    ),
                    incorrect(
                        "127.0.0.1",
                        "That is the client's end: {C>P}. The server's end: {P>C}.",
                    ),
                    correct(
                        "127.0.0.3, the one that was dialled",
                        "A packet needs a real address: {P>C}.",
                    ),
                ]),
                hints: [
                    "What stands in the packets that go back to the client?",
                    "The client would not know what to do with an answer from 0.0.0.0.",
                    "The answer comes from where the question went.",
                ],
            }],
            actions: &[
                server(close("a")),
                server(close("b")),
                server(socket("w")),
                server(bind_wildcard("w")),
                server(listen("w", 5)),
                client(socket("d")),
                client(connect_to("d", 3)).with_port_name("C"),
                server(accept("w", "s")),
            ],
            expected_rows: &[
                listener("P")
                    .with_local_addr(WILDCARD_V4)
                    .owned_by(&[Server]),
                established("P", "C")
                    .with_local_addr(loopback_v4(3))
                    .owned_by(&[Server]),
                established("C", "P")
                    .with_local_addr(LOOPBACK_V4)
                    .with_remote_addr(loopback_v4(3))
                    .owned_by(&[Client]),
            ],
            expected_counts: &[ExpectedCount {
                metric: LabMetric::Connections,
                expected: 1,
                label: "connection",
            }],
            highlight: Highlight::LocalAddress,
            explanation: &[fact(
                "0.0.0.0 is a rule for listening, and never on the wire. A connection always has two real addresses.",
                "ip(7) (INADDR_ANY); RFC 1122 §3.2.1.3",
            )],
            ..LessonStep::DEFAULT
        },
    ],
    explanation: &[fact(
        "Look at the address of a listener first: 127.0.0.1 serves this machine only, 0.0.0.0 whoever the firewall lets through. This program cannot see the firewall.",
        "ip(7); RFC 1122 §3.2.1.3",
    )],
    background: &[
        fact(
            "All of 127.0.0.0/8 is loopback: what is sent there never leaves the machine. On Linux each of these addresses works at once; other systems may have only 127.0.0.1.",
            "RFC 1122 §3.2.1.3; seen on Linux 6.18",
        ),
        fact(
            "To connect to 0.0.0.0 on Linux ends at this machine. It is a habit of the kernel, and nothing to rely on.",
            "seen on Linux 6.18",
        ),
        fact(
            "A container has loopback addresses of its own. A server in it that listens at 127.0.0.1 cannot be reached from the outside, whatever port is published.",
            "network_namespaces(7)",
        ),
    ],
};
