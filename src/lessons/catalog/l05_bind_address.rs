//! Lesson 5: the address of a listener; the wildcard address.

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

pub(crate) const LESSON: Lesson = Lesson {
    number: 5,
    title: "Which address? 127.0.0.1, 127.0.0.2, 0.0.0.0",
    idea: "A port is taken for one address; 0.0.0.0 takes it for all.",
    misconceptions: &[
        "a port number can be used only once on a machine",
        "0.0.0.0 is an address you can connect to",
        "0.0.0.0 and 127.0.0.1 are the same",
    ],
    prerequisites: &[3],
    roles: &[Server, Client],
    steps: &[
        LessonStep {
            title: "Two listeners, one port number",
            questions: &[LessonQuestion {
                text: "One socket listens on 127.0.0.1 and another on 127.0.0.2, both on the same port number. How many listeners will there be?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::RowsWithLocalPort(LabName("P")),
                    expected: 2,
                    proof: "Both listen on {P}, each at its own address. One of them: {P>}.",
                },
                hints: [
                    "127.0.0.1 and 127.0.0.2 are both this machine.",
                    "A client connects to one of the addresses.",
                    "So the kernel can tell the two listeners apart.",
                ],
            }],
            actions: &[
                // Finds a port that is free at every address.
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
                "The same port number twice, at two addresses: no conflict. Listeners conflict on one address of one protocol, not on a whole machine. (The first socket only found a number that is free at all addresses.)",
                "bind(2), ip(7)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "A third address",
            questions: &[LessonQuestion {
                text: "A client connects to 127.0.0.3, port {P}. That is also this machine. What happens?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect(
                        "One of the two listeners answers: same machine",
                        "connect(): {outcome}. There is no row with 127.0.0.3.",
                    ),
                    correct(
                        "It is refused at once",
                        "connect(): {outcome}. There is no listener at that address.",
                    ),
                    incorrect(
                        "No reply, until connect() times out",
                        "The reply came at once: {outcome}. No reply would mean a firewall, or an address that no machine has.",
                    ),
                ]),
                hints: [
                    "The kernel looks for a listener on this address and port.",
                    "There are two listeners. On which addresses?",
                    "Neither is on 127.0.0.3, and this machine's kernel can refuse at once.",
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
                "A server that listens only on 127.0.0.1 can be reached only from this machine, and only at that address. This is often why a service cannot be reached from elsewhere.",
                "ip(7)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "Every address at once (wildcard)",
            questions: &[LessonQuestion {
                text: "A third socket binds 0.0.0.0, port {P}: every address. What happens to bind()?",
                answer_format: AnswerFormat::Choices(&[
                    correct(
                        "It fails: the port is taken at two of the addresses",
                        "bind(): {outcome}. One socket that conflicts: {P>}.",
                    ),
                    incorrect(
                        "It works: 0.0.0.0 is a different address",
                        "bind(): {outcome}. 0.0.0.0 stands for all addresses, and one of them has {P>}.",
                    ),
                    incorrect(
                        "It works for the remaining addresses",
                        "bind(): {outcome}. It is all or none.",
                    ),
                ]),
                hints: [
                    "0.0.0.0 is not a single address.",
                    "It stands for all of them.",
                    "All of them include 127.0.0.1.",
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
                "The wildcard address conflicts with every single address, and every single address with the wildcard.",
                "bind(2), ip(7) (INADDR_ANY)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "Only the wildcard",
            questions: &[LessonQuestion {
                text: "Both listeners are closed, and one socket listens on 0.0.0.0. A client connects to 127.0.0.3 again and is accepted. Which local address does the accepted socket show?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect(
                        "0.0.0.0, like the listener",
                        "The listener shows it: {P>}. The connection shows the address the client connected to: {P>C}.",
                    ),
                    incorrect(
                        "127.0.0.1",
                        "That is the client's end: {C>P}. The server's end: {P>C}.",
                    ),
                    correct(
                        "127.0.0.3, the address the client used",
                        "A packet needs a real address: {P>C}.",
                    ),
                ]),
                hints: [
                    "What is the source address of the packets to the client?",
                    "The client could not match a reply from 0.0.0.0.",
                    "The reply comes from the address the client connected to.",
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
                "0.0.0.0 is a rule for listening; it never appears in the packets. A connection always has two real addresses.",
                "ip(7) (INADDR_ANY); RFC 1122 §3.2.1.3",
            )],
            ..LessonStep::DEFAULT
        },
    ],
    explanation: &[fact(
        "Look first at a listener's address: 127.0.0.1 serves only this machine; 0.0.0.0 serves every client that the firewall lets through. This program cannot see the firewall.",
        "ip(7); RFC 1122 §3.2.1.3",
    )],
    background: &[
        fact(
            "All of 127.0.0.0/8 is loopback: packets to it never leave the machine. On Linux each of these addresses works at once; other systems may have only 127.0.0.1.",
            "RFC 1122 §3.2.1.3; seen on Linux 6.18",
        ),
        fact(
            "On Linux, connecting to 0.0.0.0 reaches this machine. Do not rely on it.",
            "seen on Linux 6.18",
        ),
        fact(
            "A container has its own loopback addresses. A server in it that listens on 127.0.0.1 cannot be reached from outside, whatever port is published.",
            "network_namespaces(7)",
        ),
    ],
};
