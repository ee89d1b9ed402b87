//! Lesson 2: one port, many sockets.

use crate::lessons::action::{accept, bind, client, close, connect, listen, server, socket};
use crate::lessons::call::LabRole::{Client, Server};
use crate::lessons::lab_endpoint::LabName;
use crate::lessons::lab_view::LabMetric;
use crate::lessons::question::{AnswerFormat, LessonQuestion, correct, incorrect};
use crate::lessons::row_pattern::{ExpectedQueue, established, listener};
use crate::lessons::spec::{ExpectedCount, Highlight, Lesson, LessonStep, fact};
use crate::net::socket::TcpState;

pub(crate) const LESSON: Lesson = Lesson {
    number: 2,
    title: "One port, many sockets",
    idea: "An accepted socket keeps the port of its listener.",
    misconceptions: &[
        "accept() moves the client to a new port",
        "a port can serve only one connection at a time",
        "process, port and socket are the same thing",
    ],
    prerequisites: &[1],
    roles: &[Server, Client],
    steps: &[
        LessonStep {
            title: "A server listens",
            actions: &[
                server(socket("l")),
                server(bind("l")).with_port_name("P"),
                server(listen("l", 16)),
            ],
            expected_rows: &[listener("P")
                .owned_by(&[Server])
                .with_queues(ExpectedQueue::Exactly(0), ExpectedQueue::Exactly(16))],
            highlight: Highlight::LocalPort,
            explanation: &[fact(
                "One socket, one row: it listens on port {P} and is not a connection. The kernel chose the number, because the server bound port 0.",
                "listen(2), ip(7)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "Three clients connect",
            questions: &[LessonQuestion {
                text: "Three clients connect to this port. How many rows will the table have?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::Rows,
                    expected: 7,
                    proof: "The listener is still there: {P>}. And every connection has a socket at each end, both on this machine: {P>C1} is one end, {C1>P} is the other.",
                },
                hints: [
                    "The listener stays as it is.",
                    "A connection has two ends, and both are on this machine.",
                    "One listener, and two rows for each of three connections.",
                ],
            }],
            actions: &[
                client(socket("c#")).times(3),
                client(connect("c#", "P")).with_port_name("C#").times(3),
            ],
            expected_rows: &[
                listener("P")
                    .owned_by(&[Server])
                    .with_queues(ExpectedQueue::Exactly(3), ExpectedQueue::Exactly(16)),
                established("P", "C#").unaccepted().times(3),
                established("C#", "P").owned_by(&[Client]).times(3),
            ],
            expected_counts: &[ExpectedCount {
                metric: LabMetric::Connections,
                expected: 3,
                label: "connections",
            }],
            highlight: Highlight::Rows,
            explanation: &[
                fact(
                    "Three connections, each with a row for either end: what is local in one row is remote in the other.",
                    "RFC 9293 §4 (connection, socket)",
                ),
                fact(
                    "The server has not called accept() yet. The kernel completed these connections, so the server's ends have no process yet, and the listener counts them in Recv-Q.",
                    "listen(2)",
                ),
            ],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The server accepts all three",
            questions: &[
                LessonQuestion {
                    text: "The server calls accept() three times. How many different local port numbers will its sockets have?",
                    answer_format: AnswerFormat::Number {
                        metric: LabMetric::LocalPortsOfProcess(Server),
                        expected: 1,
                        proof: "All of them have port {P}: {P>}, and {P>C1}, and {P>C2}, and {P>C3}.",
                    },
                    hints: [
                        "Look at the rows already there: the connections exist.",
                        "The clients send everything to port {P}. No message told them about another port.",
                        "accept() returns a new descriptor. The row does not change.",
                    ],
                },
                LessonQuestion {
                    text: "How does the kernel know which of these sockets a packet for port {P} belongs to?",
                    answer_format: AnswerFormat::Choices(&[
                        incorrect(
                            "Each accepted socket has its own port",
                            "They all have local port {P}: compare {P>C1} and {P>C2}.",
                        ),
                        correct(
                            "By the peer: the client's address and port",
                            "The local ends are the same, the remote ends differ: {P>C1}; {P>C2}; {P>C3}.",
                        ),
                        incorrect(
                            "It goes to the process, which sorts it out",
                            "One process has all of these sockets, and each has its own queue: {P>C1}; {P>C2}.",
                        ),
                    ]),
                    hints: [
                        "Compare two of the server's rows, column by column.",
                        "Only one column differs.",
                        "A packet carries its source address and port.",
                    ],
                },
            ],
            actions: &[server(accept("l", "s#")).times(3)],
            expected_rows: &[
                listener("P")
                    .owned_by(&[Server])
                    .with_queues(ExpectedQueue::Exactly(0), ExpectedQueue::Exactly(16)),
                established("P", "C#").owned_by(&[Server]).times(3),
                established("C#", "P").owned_by(&[Client]).times(3),
            ],
            expected_counts: &[
                ExpectedCount {
                    metric: LabMetric::RowsWithLocalPort(LabName("P")),
                    expected: 4,
                    label: "sockets at port {P}",
                },
                ExpectedCount {
                    metric: LabMetric::LocalPortsOfProcess(Server),
                    expected: 1,
                    label: "local port of the server",
                },
            ],
            highlight: Highlight::Owner,
            explanation: &[
                fact(
                    "No row came or went: accept() gave the server a descriptor for each existing connection. They have an owner now, and the listener's queue is empty. The port is still {P}.",
                    "accept(2)",
                ),
                fact(
                    "One port, four sockets, one process: three different things. A connection is identified by both of its ends, so many connections can share one of them.",
                    "RFC 9293 §3.4.1, §4",
                ),
            ],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The server closes only the listener",
            questions: &[LessonQuestion {
                text: "The server closes the listening socket. How many of the three connections are left?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::Connections,
                    expected: 3,
                    proof: "Only the listener is gone. The connections do not depend on it: {P>C1}; {P>C2}; {P>C3}.",
                },
                hints: [
                    "close() closes one descriptor.",
                    "The accepted sockets are separate sockets.",
                    "A listener is needed to get new connections, not to keep them.",
                ],
            }],
            actions: &[server(close("l"))],
            expected_rows: &[
                established("P", "C#").owned_by(&[Server]).times(3),
                established("C#", "P").owned_by(&[Client]).times(3),
            ],
            expected_counts: &[
                ExpectedCount {
                    metric: LabMetric::RowsWithLocalPort(LabName("P")),
                    expected: 3,
                    label: "sockets at port {P}",
                },
                ExpectedCount {
                    metric: LabMetric::RowsInState(TcpState::Listen),
                    expected: 0,
                    label: "listeners",
                },
            ],
            highlight: Highlight::LocalPort,
            explanation: &[fact(
                "No listener on port {P}, and three connections still use it. A new client would be refused; these three continue.",
                "close(2), RFC 9293 §3.5",
            )],
            ..LessonStep::DEFAULT
        },
    ],
    explanation: &[fact(
        "A port is a number. A socket is what a program holds. The listener and everything accepted from it have the same port; the peer's address and port tell them apart. That is why thousands of clients fit on port 443.",
        "RFC 9293 §3.4.1; Kurose and Ross, Computer Networking, §3.2",
    )],
    background: &[
        fact(
            "TCP identifies a connection by a pair of endpoints: local address and port, remote address and port. Two connections may share one endpoint, as long as the other differs.",
            "RFC 9293 §3.4.1",
        ),
        fact(
            "accept() takes the first finished connection from the listener's queue and creates a descriptor for it. The new socket is not in the listening state, and the listener itself is unchanged.",
            "accept(2)",
        ),
        fact(
            "If accept() chose a new port, the client would have to learn it before sending anything. TCP has no message for that.",
            "RFC 9293 §3.1 (header format), §3.5",
        ),
    ],
};
