//! Lesson 4: numbers come from ranges, and can run out.

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

/// The four ports, chosen by nobody else.
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
    text: "The client may use four port numbers for its own ends: {X1}, {X2}, {X3}, {X4}. Four sockets have connected to {P1} with them, and a fifth tries. How many connections to {P1} will there be?",
    answer_format: AnswerFormat::Number {
        metric: LabMetric::ConnectionsWithPort(LabName("P1")),
        expected: 4,
        proof: "One for each number: {X1>P1}, and so on to {X4>P1}. The fifth connect() said {outcome}.",
    },
    hints: [
        "A connection needs four numbers that nobody else has.",
        "Three of them are the same for all five.",
        "The fourth is one of four.",
    ],
};

const SECOND_PORT_QUESTION: LessonQuestion = LessonQuestion {
    text: "All four numbers are used up for {P1}. Now four sockets with the same numbers connect to the other port, {P2}. How many of them succeed?",
    answer_format: AnswerFormat::Number {
        metric: LabMetric::ConnectionsWithPort(LabName("P2")),
        expected: 4,
        proof: "The same four numbers once more, to another port: {X1>P1} and {X1>P2} do not disturb each other.",
    },
    hints: [
        "Lesson 3: which numbers must not all be the same?",
        "The remote port is another one.",
        "Each of the four numbers can be used again.",
    ],
};

/// The lesson.
pub(crate) const LESSON: Lesson = Lesson {
    number: 4,
    title: "Numbers come from ranges, and can run out",
    idea: "Port numbers are handed out from ranges; a client runs out of them for one destination, not for all.",
    misconceptions: &[
        "a port number proves which service it is",
        "65,535 ports mean 65,535 connections",
        "when the ports are used up, nothing can connect any more",
    ],
    prerequisites: &[3],
    roles: &[Server, Client],
    steps: &[
        LessonStep {
            title: "A small number is not for everybody",
            condition: StepCondition::With(Capability::PrivilegedPorts),
            questions: &[LessonQuestion {
                text: "An ordinary user's server calls bind() to port 80. What comes of it?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect(
                        "It works, unless a web server runs here",
                        "bind() said {outcome}, whoever else has it or not.",
                    ),
                    correct(
                        "It is not allowed",
                        "bind() said {outcome}. There are {rows} rows.",
                    ),
                ]),
                hints: [
                    "Ports below 1024 were meant for the services of the machine itself.",
                    "The user who runs this has no special right.",
                    "It has nothing to do with who uses the port.",
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
                "Ports 0 to 1023 are system ports. On Linux bind() to 1 to 1023 wants a privilege (CAP_NET_BIND_SERVICE); the limit can be set. bind() to 0 only says: choose for me. To connect to any of them wants no privilege.",
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
                "Linux hands out some 28,000 numbers to clients that do not ask for one. To see them run out, the client here gets only four: {X1}, {X2}, {X3}, {X4}.",
                "ip(7) (ip_local_port_range)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "Five connections to the first",
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
                "EADDRNOTAVAIL: for this destination there is no number left. In real life this befalls a proxy that opens tens of thousands of connections to one server.",
                "connect(2); IP_LOCAL_PORT_RANGE(2const)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "Five connections to the first",
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
                "EADDRNOTAVAIL: for this destination there is no number left. In real life this befalls a proxy that opens tens of thousands of connections to one server.",
                "connect(2)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "Four connections to the second",
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
                "Eight connections with four client ports. Numbers run out for one destination, that is, for one address and port over there, never for all.",
                "RFC 9293 §3.4.1; RFC 6056",
            )],
        },
        LessonStep {
            title: "Four connections to the second",
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
                "Eight connections with four client ports. Numbers run out for one destination, that is, for one address and port over there, never for all.",
                "RFC 9293 §3.4.1; RFC 6056",
            )],
        },
    ],
    explanation: &[fact(
        "Ranges are conventions and settings: system ports to 1023, registered ones to 49151, the rest free; and, apart from that, the range this kernel hands out. A name such as https beside a number is a label from a list: any program may use the number.",
        "RFC 6335 §6; RFC 7605",
    )],
    background: &[
        fact(
            "The registry keeps three ranges: system ports 0 to 1023, user ports 1024 to 49151, dynamic ports 49152 to 65535. Linux hands out 32768 to 60999 unless told otherwise, which overlaps two of them.",
            "RFC 6335 §6; ip(7) (ip_local_port_range)",
        ),
        fact(
            "The registry says itself that traffic on a registered port need not be the registered service.",
            "IANA, Service Name and Transport Protocol Port Number Registry",
        ),
        fact(
            "bind() that finds no number says EADDRINUSE; connect() says EADDRNOTAVAIL. The second one is easily taken for a wrong address.",
            "bind(2), connect(2)",
        ),
        fact(
            "There are other things called port: a plug for a cable, and the numbers by which a processor reaches its devices. None of them has to do with these.",
            "RFC 9293 §4 (port)",
        ),
    ],
};
