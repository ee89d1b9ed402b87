//! Lesson 4: port ranges, and running out of ports.

use crate::lessons::action::{LabAction, bind, client, close, connect, listen, server, socket};
use crate::lessons::call::LabRole::{Client, Server};
use crate::lessons::call::{Call, SocketOption};
use crate::lessons::call_error::CallError;
use crate::lessons::lab_endpoint::{LOOPBACK_V4, LabEndpoint, LabName, LabPort};
use crate::lessons::lab_view::LabMetric;
use crate::lessons::question::{AnswerFormat, LessonQuestion, correct, incorrect};
use crate::lessons::row_pattern::{RowPattern, established, listener};
use crate::lessons::spec::{
    Capability, ExpectedCount, Highlight, Lesson, LessonStep, StepCondition, fact,
};

const fn listener_with_queue(port: &'static str, connections: u32) -> RowPattern {
    listener(port)
        .owned_by(&[Server])
        .with_recv_queue(connections)
}

/// Chooses four free ports in a row, for the client alone.
const PICK_PORTS: LabAction = LabAction::new(
    crate::lessons::call::LabRole::Portolan,
    Call::PickFourPorts(LabName("X#")),
);

const fn set_port_range(name: &'static str) -> Call {
    Call::SetOption(LabName(name), SocketOption::LocalPortRange(LabName("X#")))
}

const fn set_reuse_addr(name: &'static str) -> Call {
    Call::SetOption(LabName(name), SocketOption::ReuseAddr)
}

const fn bind_to(name: &'static str, port: &'static str) -> Call {
    Call::Bind(
        LabName(name),
        LabEndpoint::with_named_port(LOOPBACK_V4, port),
    )
}

const ROWS_AFTER_FIRST_PORT: &[RowPattern] = &[
    listener_with_queue("P1", 4),
    listener_with_queue("P2", 0),
    established("X#", "P1").owned_by(&[Client]).times(4),
    established("P1", "X#").unaccepted().times(4),
];

const ROWS_AFTER_BOTH_PORTS: &[RowPattern] = &[
    listener_with_queue("P1", 4),
    listener_with_queue("P2", 4),
    established("X#", "P1").owned_by(&[Client]).times(4),
    established("P1", "X#").unaccepted().times(4),
    established("X#", "P2").owned_by(&[Client]).times(4),
    established("P2", "X#").unaccepted().times(4),
];

const FIFTH_CONNECT_QUESTION: LessonQuestion = LessonQuestion {
    text: "The client may use four port numbers for its ends: {X1}, {X2}, {X3}, {X4}. Four sockets have connected to {P1} with them, and a fifth tries. How many connections to {P1} will there be?",
    answer_format: AnswerFormat::Number {
        metric: LabMetric::ConnectionsWithPort(LabName("P1")),
        expected: 4,
        proof: "One for each number: {X1>P1}, and so on to {X4>P1}. The fifth connect(): {outcome}.",
    },
    hints: [
        "A connection needs four numbers that no other connection has.",
        "Three of them are the same for all five sockets.",
        "The fourth is one of four.",
    ],
};

const SECOND_PORT_QUESTION: LessonQuestion = LessonQuestion {
    text: "All four numbers are in use for {P1}. Now four sockets with the same numbers connect to the other port, {P2}. How many of them succeed?",
    answer_format: AnswerFormat::Number {
        metric: LabMetric::ConnectionsWithPort(LabName("P2")),
        expected: 4,
        proof: "The same four numbers again, to another port: {X1>P1} and {X1>P2} do not conflict.",
    },
    hints: [
        "Lesson 3: which numbers must not all be the same?",
        "The remote port differs.",
        "Each of the four numbers can be used again.",
    ],
};

pub(crate) const LESSON: Lesson = Lesson {
    number: 4,
    title: "Port ranges, and running out of ports",
    idea: "Ephemeral ports come from a range; a client runs out of them per destination (port exhaustion), not in total.",
    misconceptions: &[
        "a port number proves which service uses it",
        "65,535 ports mean 65,535 connections",
        "when the ports are used up, nothing can connect any more",
    ],
    prerequisites: &[3],
    roles: &[Server, Client],
    steps: &[
        LessonStep {
            title: "Not every user may bind a low port",
            condition: StepCondition::With(Capability::PrivilegedPorts),
            questions: &[LessonQuestion {
                text: "An ordinary user's server calls bind() to port 80. What happens?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect(
                        "It works, unless a web server runs here",
                        "bind(): {outcome}, whether or not another program uses the port.",
                    ),
                    correct(
                        "It is not allowed",
                        "bind(): {outcome}. There are {rows} rows.",
                    ),
                ]),
                hints: [
                    "Ports below 1024 were meant for the system's own services.",
                    "This user has no special privilege.",
                    "It does not matter whether the port is in use.",
                ],
            }],
            actions: &[
                server(socket("w")),
                server(Call::Bind(
                    LabName("w"),
                    LabEndpoint {
                        address: LOOPBACK_V4,
                        port: LabPort::Fixed(80),
                    },
                ))
                .failing_with(CallError::PermissionDenied),
                server(close("w")),
            ],
            expected_rows: &[],
            highlight: Highlight::CallResult,
            explanation: &[fact(
                "Ports 0 to 1023 are system ports. On Linux, bind() to 1 to 1023 needs a privilege (CAP_NET_BIND_SERVICE); the limit can be changed. bind() to 0 only means: choose for me. Connecting to any of them needs no privilege.",
                "RFC 6335 §6; ip(7) (ip_unprivileged_port_start)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "Two destinations, and four numbers",
            actions: &[
                server(socket("l1")),
                server(bind("l1")).with_port_name("P1"),
                server(listen("l1", 64)),
                server(socket("l2")),
                server(bind("l2")).with_port_name("P2"),
                server(listen("l2", 64)),
                PICK_PORTS,
            ],
            expected_rows: &[listener_with_queue("P1", 0), listener_with_queue("P2", 0)],
            highlight: Highlight::LocalPort,
            explanation: &[fact(
                "Linux has some 28,000 numbers for clients that do not choose one (ephemeral ports). To show them run out, the client here gets only four: {X1}, {X2}, {X3}, {X4}.",
                "ip(7) (ip_local_port_range)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "Five connections to the first port",
            condition: StepCondition::With(Capability::LocalPortRange),
            questions: &[FIFTH_CONNECT_QUESTION],
            actions: &[
                client(socket("a#")).times(4),
                client(set_port_range("a#")).times(4),
                client(connect("a#", "P1")).times(4),
                client(socket("f")),
                client(set_port_range("f")),
                client(connect("f", "P1")).failing_with(CallError::AddrNotAvailable),
            ],
            expected_rows: ROWS_AFTER_FIRST_PORT,
            highlight: Highlight::LocalPort,
            explanation: &[fact(
                "EADDRNOTAVAIL: no number is left for this destination. In practice this happens to a proxy that opens tens of thousands of connections to one server.",
                "connect(2); IP_LOCAL_PORT_RANGE(2const)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "Five connections to the first port",
            condition: StepCondition::Without(Capability::LocalPortRange),
            questions: &[FIFTH_CONNECT_QUESTION],
            actions: &[
                client(socket("a#")).times(4),
                client(set_reuse_addr("a#")).times(4),
                client(bind_to("a#", "X#")).times(4),
                client(connect("a#", "P1")).times(4),
                client(socket("f")),
                client(set_reuse_addr("f")),
                client(bind_to("f", "X1")),
                client(connect("f", "P1")).failing_with(CallError::AddrNotAvailable),
            ],
            expected_rows: ROWS_AFTER_FIRST_PORT,
            highlight: Highlight::LocalPort,
            explanation: &[fact(
                "EADDRNOTAVAIL: no number is left for this destination. In practice this happens to a proxy that opens tens of thousands of connections to one server.",
                "connect(2)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "Four connections to the second port",
            condition: StepCondition::With(Capability::LocalPortRange),
            questions: &[SECOND_PORT_QUESTION],
            actions: &[
                client(socket("b#")).times(4),
                client(set_port_range("b#")).times(4),
                client(connect("b#", "P2")).times(4),
            ],
            expected_rows: ROWS_AFTER_BOTH_PORTS,
            expected_counts: &[ExpectedCount {
                metric: LabMetric::Connections,
                expected: 8,
                label: "connections",
            }],
            highlight: Highlight::Remote,
            explanation: &[fact(
                "Eight connections with four client ports. Numbers run out for one destination, that is, one remote address and port, never for all.",
                "RFC 9293 §3.4.1; RFC 6056",
            )],
        },
        LessonStep {
            title: "Four connections to the second port",
            condition: StepCondition::Without(Capability::LocalPortRange),
            questions: &[SECOND_PORT_QUESTION],
            actions: &[
                client(socket("b#")).times(4),
                client(set_reuse_addr("b#")).times(4),
                client(bind_to("b#", "X#")).times(4),
                client(connect("b#", "P2")).times(4),
            ],
            expected_rows: ROWS_AFTER_BOTH_PORTS,
            expected_counts: &[ExpectedCount {
                metric: LabMetric::Connections,
                expected: 8,
                label: "connections",
            }],
            highlight: Highlight::Remote,
            explanation: &[fact(
                "Eight connections with four client ports. Numbers run out for one destination, that is, one remote address and port, never for all.",
                "RFC 9293 §3.4.1; RFC 6056",
            )],
        },
    ],
    explanation: &[fact(
        "Ranges are conventions and settings: system ports up to 1023, registered ports up to 49151, the rest free; and, separately, the range this kernel hands out. A name such as https next to a number is a label from a list: any program may use the number.",
        "RFC 6335 §6; RFC 7605",
    )],
    background: &[
        fact(
            "The registry defines three ranges: system ports 0 to 1023, user ports 1024 to 49151, dynamic ports 49152 to 65535. Linux hands out 32768 to 60999 by default, which overlaps two of them.",
            "RFC 6335 §6; ip(7) (ip_local_port_range)",
        ),
        fact(
            "The registry itself says that traffic on a registered port need not be the registered service.",
            "IANA, Service Name and Transport Protocol Port Number Registry",
        ),
        fact(
            "When no number is free, bind() fails with EADDRINUSE and connect() with EADDRNOTAVAIL. The second is easily mistaken for a wrong address.",
            "bind(2), connect(2)",
        ),
        fact(
            "Other things are also called port: a socket for a cable, and the numbers a processor uses to reach its devices. They have nothing to do with these.",
            "RFC 9293 §4 (port)",
        ),
    ],
};
