//! Lesson 7: one listener for IPv4 and IPv6 (dual stack).

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

/// The IPv4-mapped address ::ffff:127.0.0.1 (RFC 4291 §2.5.5.2).
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

pub(crate) const LESSON: Lesson = Lesson {
    number: 7,
    title: "One listener for IPv4 and IPv6 (dual stack)",
    idea: "A listener on [::] also serves IPv4, unless it is set to IPv6 only.",
    misconceptions: &[
        "IPv6 rows are connections over IPv6",
        "serving both families takes two sockets",
        "0.0.0.0 is free as long as only [::] has a listener",
    ],
    prerequisites: &[5],
    roles: &[Server, Client],
    steps: &[
        LessonStep {
            title: "A listener on [::]",
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
                "[::] is to IPv6 what 0.0.0.0 is to IPv4: every address. The option IPV6_V6ONLY is off, so IPv4 clients are served too.",
                "ipv6(7) (IPV6_V6ONLY)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "One client of each family",
            condition: StepCondition::With(Capability::Ipv6),
            questions: &[
                LessonQuestion {
                    text: "One client connects to 127.0.0.1, one to ::1; both are accepted. How many listeners does it take?",
                    answer_format: AnswerFormat::Number {
                        metric: LabMetric::RowsInState(Listen),
                        expected: 1,
                        proof: "There is one, and both came through it: {P>}.",
                    },
                    hints: [
                        "Look at what is already there.",
                        "IPV6_V6ONLY is off.",
                        "One socket serves both.",
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
                            "It is an IPv6 socket, so the IPv4 address is written as IPv6 (IPv4-mapped): {P>C}.",
                        ),
                        incorrect(
                            "::1",
                            "That is the other connection: {P>D}. This one: {P>C}.",
                        ),
                    ]),
                    hints: [
                        "accept() creates a socket of the listener's family.",
                        "An IPv6 socket can hold only IPv6 addresses.",
                        "One form of IPv6 address contains an IPv4 address.",
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
                    "The two ends of the IPv4 connection are in two of the kernel's lists, IPv4 and IPv6: the client's with 127.0.0.1, the server's with ::ffff:127.0.0.1. It is one connection, and its packets are IPv4.",
                    "RFC 4291 §2.5.5.2; RFC 3493 §3.7",
                ),
                fact(
                    "So a row in the IPv6 table need not be IPv6 traffic. Outside this lesson, this program shows such addresses in their IPv4 form.",
                    "ipv6(7)",
                ),
            ],
        },
        LessonStep {
            title: "0.0.0.0 on the same port",
            condition: StepCondition::With(Capability::Ipv6),
            questions: &[LessonQuestion {
                text: "Another socket binds 0.0.0.0, port {P}, IPv4 only. What happens to bind()?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect(
                        "It works: that is a different family",
                        "bind(): {outcome}. The listener also serves IPv4: {P>}.",
                    ),
                    correct(
                        "It fails: the listener on [::] also has IPv4",
                        "bind(): {outcome}. It conflicts with {P>}.",
                    ),
                ]),
                hints: [
                    "Which socket would get a connection to 127.0.0.1 if it worked?",
                    "The listener on [::] gets it now.",
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
                text: "One socket listens on 0.0.0.0. Another, with IPV6_V6ONLY, binds [::] with the same number. How many listeners will that number have?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::RowsWithLocalPort(LabName("Q")),
                    expected: 2,
                    proof: "One for each family, on port {Q}.",
                },
                hints: [
                    "The second one does not serve IPv4.",
                    "So the two do not conflict.",
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
                "Many servers do this: one socket for each family, and no IPv4-mapped addresses.",
                "ipv6(7) (IPV6_V6ONLY)",
            )],
            ..LessonStep::DEFAULT
        },
    ],
    explanation: &[fact(
        "The family of a row is the family of its socket, not of its packets. [::] may mean IPv6 only, or both: the address does not show which, a flag of the socket does.",
        "ipv6(7); RFC 3493 §5.3",
    )],
    background: &[
        fact(
            "The default for programs that do not set it is net.ipv6.bindv6only, which is off almost everywhere.",
            "ip-sysctl (bindv6only)",
        ),
        fact(
            "The table in /proc/net/tcp6 shows zeros for both kinds of listener. Only the kernel's other interface, sock_diag, tells them apart; this program uses it.",
            "sock_diag(7); seen on Linux 6.18",
        ),
    ],
};
