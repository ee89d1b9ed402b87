//! Lesson 7: one listener, two families.

use std::net::{IpAddr, Ipv6Addr};

use crate::lessons::action::{accept, client, close, connect, listen, server, socket};
use crate::lessons::call::LabRole::{Client, Server};
use crate::lessons::call::{Call, ConnectMode, SocketKind, SocketOption};
use crate::lessons::call_error::CallError;
use crate::lessons::lab_endpoint::{LOOPBACK_V6, LabEndpoint, LabName, WILDCARD_V4, WILDCARD_V6};
use crate::lessons::lab_view::LabMetric;
use crate::lessons::question::{AnswerFormat, LessonQuestion, correct, incorrect};
use crate::lessons::row_pattern::{RowPattern, established, listener};
use crate::lessons::spec::{
    Capability, ExpectedCount, Highlight, Lesson, LessonStep, StepCondition, fact,
};
use crate::net::socket::TcpState::Listen;

/// ::ffff:127.0.0.1, how an IPv6 socket writes 127.0.0.1.
const MAPPED_LOOPBACK: IpAddr = IpAddr::V6(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0x7f00, 1));

const fn tcp6_socket(name: &'static str) -> Call {
    Call::Socket {
        new_socket: LabName(name),
        kind: SocketKind::Tcp6,
    }
}

const fn dual_stack_listener() -> RowPattern {
    listener("P")
        .with_local_addr(WILDCARD_V6)
        .owned_by(&[Server])
        .with_v6only(false)
}

const CONNECTIONS: [RowPattern; 4] = [
    established("C", "P").owned_by(&[Client]),
    established("P", "C")
        .with_local_addr(MAPPED_LOOPBACK)
        .with_remote_addr(MAPPED_LOOPBACK)
        .owned_by(&[Server]),
    established("D", "P")
        .with_local_addr(LOOPBACK_V6)
        .with_remote_addr(LOOPBACK_V6)
        .owned_by(&[Client]),
    established("P", "D")
        .with_local_addr(LOOPBACK_V6)
        .with_remote_addr(LOOPBACK_V6)
        .owned_by(&[Server]),
];

/// The lesson.
pub(crate) const LESSON: Lesson = Lesson {
    number: 7,
    title: "One listener, two families",
    idea: "A listener at [::] serves IPv4 as well, unless it was told to serve IPv6 only.",
    misconceptions: &[
        "IPv6 rows are connections over IPv6",
        "whoever serves both families needs two sockets",
        "0.0.0.0 is free as long as only [::] is listened at",
    ],
    prerequisites: &[5],
    roles: &[Server, Client],
    steps: &[
        LessonStep {
            title: "A listener at [::]",
            condition: StepCondition::With(Capability::Ipv6),
            actions: &[
                server(tcp6_socket("l")),
                server(Call::SetOption(LabName("l"), SocketOption::DualStack)),
                server(Call::Bind(
                    LabName("l"),
                    LabEndpoint::with_ephemeral_port(WILDCARD_V6),
                ))
                .with_port_name("P"),
                server(listen("l", 5)),
            ],
            expected_rows: &[dual_stack_listener()],
            highlight: Highlight::LocalAddress,
            explanation: &[fact(
                "[::] is to IPv6 what 0.0.0.0 is to IPv4: every address. The option IPV6_V6ONLY is off, so that IPv4 callers are served, too.",
                "ipv6(7) (IPV6_V6ONLY)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "One caller of each family",
            condition: StepCondition::With(Capability::Ipv6),
            questions: &[
                LessonQuestion {
                    text: "One client dials 127.0.0.1, one dials ::1; both are accepted. How many listeners does it take?",
                    answer_format: AnswerFormat::Number {
                        metric: LabMetric::RowsInState(Listen),
                        expected: 1,
                        proof: "There is one, and it has taken both: {P>}.",
                    },
                    hints: [
                        "Look at what is there already.",
                        "IPV6_V6ONLY is off.",
                        "One socket for both.",
                    ],
                },
                LessonQuestion {
                    text: "Which address does the server's end of the IPv4 connection show?",
                    answer_format: AnswerFormat::Choices(&[
                        incorrect(
                            "127.0.0.1",
                            "That is the client's end: {C>P}. The server's socket is an IPv6 socket: {P>C}.",
                        ),
                        correct(
                            "::ffff:127.0.0.1",
                            "It is an IPv6 socket, in which the IPv4 address is wrapped: {P>C}.",
                        ),
                        incorrect(
                            "::1",
                            "That is the other connection: {P>D}. This one: {P>C}.",
                        ),
                    ]),
                    hints: [
                        "accept() makes a socket of the listener's family.",
                        "An IPv6 socket has room for IPv6 addresses only.",
                        "There is a form of IPv6 address that has an IPv4 address in it.",
                    ],
                },
            ],
            actions: &[
                client(socket("c")),
                client(connect("c", "P")).with_port_name("C"),
                client(tcp6_socket("d")),
                client(Call::Connect(
                    LabName("d"),
                    LabEndpoint::with_named_port(LOOPBACK_V6, "P"),
                    ConnectMode::Blocking,
                ))
                .with_port_name("D"),
                server(accept("l", "s#")).times(2),
            ],
            expected_rows: &[
                dual_stack_listener(),
                CONNECTIONS[0],
                CONNECTIONS[1],
                CONNECTIONS[2],
                CONNECTIONS[3],
            ],
            expected_counts: &[ExpectedCount {
                metric: LabMetric::Connections,
                expected: 2,
                label: "connections",
            }],
            highlight: Highlight::LocalAddress,
            explanation: &[
                fact(
                    "The two halves of the IPv4 connection stand in two of the kernel's lists, IPv4 and IPv6: the client's with 127.0.0.1, the server's with ::ffff:127.0.0.1. It is one connection, and IPv4 on the wire.",
                    "RFC 4291 §2.5.5.2; RFC 3493 §3.7",
                ),
                fact(
                    "So a row in the IPv6 table need not be IPv6 traffic. Outside of this lesson this program writes such addresses in their IPv4 form.",
                    "ipv6(7)",
                ),
            ],
        },
        LessonStep {
            title: "0.0.0.0 at the same port",
            condition: StepCondition::With(Capability::Ipv6),
            questions: &[LessonQuestion {
                text: "Another socket wants 0.0.0.0, port {P}, IPv4 only. What comes of bind()?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect(
                        "It works: that is another family",
                        "bind() said {outcome}. The listener serves IPv4, too: {P>}.",
                    ),
                    correct(
                        "It fails: the listener at [::] has IPv4 as well",
                        "bind() said {outcome}. In the way is {P>}.",
                    ),
                ]),
                hints: [
                    "Who would get a call to 127.0.0.1 if it worked?",
                    "The listener at [::] gets it now.",
                    "Both families share the port numbers.",
                ],
            }],
            actions: &[
                server(socket("x")),
                server(Call::Bind(
                    LabName("x"),
                    LabEndpoint::with_named_port(WILDCARD_V4, "P"),
                ))
                .failing_with(CallError::AddrInUse),
                server(close("x")),
            ],
            expected_rows: &[
                dual_stack_listener(),
                CONNECTIONS[0],
                CONNECTIONS[1],
                CONNECTIONS[2],
                CONNECTIONS[3],
            ],
            highlight: Highlight::CallResult,
            explanation: &[fact(
                "IPv4 and IPv6 share the port numbers of a protocol. A listener for both takes the number in both.",
                "ipv6(7)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "IPv6 only",
            condition: StepCondition::With(Capability::Ipv6),
            questions: &[LessonQuestion {
                text: "One socket listens at 0.0.0.0. Another, with IPV6_V6ONLY, wants [::] at the same number. How many listeners will that number have?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::RowsWithLocalPort(LabName("Q")),
                    expected: 2,
                    proof: "One for each family, at port {Q}.",
                },
                hints: [
                    "The second one does not want IPv4.",
                    "So the two are not in each other's way.",
                    "Two sockets, one number.",
                ],
            }],
            actions: &[
                server(socket("m")),
                server(Call::Bind(
                    LabName("m"),
                    LabEndpoint::with_ephemeral_port(WILDCARD_V4),
                ))
                .with_port_name("Q"),
                server(listen("m", 5)),
                server(tcp6_socket("n")),
                server(Call::SetOption(LabName("n"), SocketOption::V6Only)),
                server(Call::Bind(
                    LabName("n"),
                    LabEndpoint::with_named_port(WILDCARD_V6, "Q"),
                )),
                server(listen("n", 5)),
            ],
            expected_rows: &[
                dual_stack_listener(),
                CONNECTIONS[0],
                CONNECTIONS[1],
                CONNECTIONS[2],
                CONNECTIONS[3],
                listener("Q")
                    .with_local_addr(WILDCARD_V4)
                    .owned_by(&[Server]),
                listener("Q")
                    .with_local_addr(WILDCARD_V6)
                    .owned_by(&[Server])
                    .with_v6only(true),
            ],
            highlight: Highlight::LocalAddress,
            explanation: &[fact(
                "Many servers do it like this: one socket for each family, and nothing is wrapped.",
                "ipv6(7) (IPV6_V6ONLY)",
            )],
            ..LessonStep::DEFAULT
        },
    ],
    explanation: &[fact(
        "The family of a row is the family of its socket, not of its packets. [::] may mean IPv6 only, or both: the address does not tell, a flag of the socket does.",
        "ipv6(7); RFC 3493 §5.3",
    )],
    background: &[
        fact(
            "What holds if a program does not say is a setting: net.ipv6.bindv6only, off almost everywhere.",
            "ip-sysctl (bindv6only)",
        ),
        fact(
            "The table in /proc/net/tcp6 shows zeros for both kinds of listener. Only the kernel's other interface, sock_diag, tells them apart; this program asks it.",
            "sock_diag(7); seen on Linux 6.18",
        ),
    ],
};
