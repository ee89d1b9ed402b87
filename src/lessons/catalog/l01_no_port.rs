//! Lesson 1: a socket without a port.

use crate::lessons::action::{bind, client, close, connect, listen, server, socket};
use crate::lessons::call::LabRole::{Client, Server};
use crate::lessons::call_error::CallError;
use crate::lessons::lab_view::LabMetric;
use crate::lessons::question::{AnswerFormat, LessonQuestion, correct, incorrect};
use crate::lessons::row_pattern::{ExpectedQueue, listener};
use crate::lessons::spec::{Highlight, Lesson, LessonStep, fact};

pub(crate) const LESSON: Lesson = Lesson {
    number: 1,
    title: "A socket without a port",
    idea: "socket(), bind() and listen() are three steps, and only listen() adds a row to the table.",
    misconceptions: &[
        "a socket is created with a port",
        "a socket is a port",
        "clients can connect to any port that is bound",
    ],
    prerequisites: &[],
    roles: &[Server, Client],
    steps: &[
        LessonStep {
            title: "A process creates a socket",
            questions: &[LessonQuestion {
                text: "lab-server calls socket(). How many rows will the table show for it?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::Rows,
                    expected: 0,
                    proof: "The call worked, the process has a file descriptor, and there are {rows} rows.",
                },
                hints: [
                    "Does the call name a port?",
                    "The table lists addresses and ports.",
                    "A socket with neither is not listed.",
                ],
            }],
            actions: &[server(socket("l"))],
            expected_rows: &[],
            highlight: Highlight::Rows,
            explanation: &[
                fact(
                    "The process now holds a socket: an object in the kernel, reached through a file descriptor, which is a small number. It has no address and no port, so it has no row.",
                    "socket(2)",
                ),
                fact(
                    "A port is a number. A socket is what a program holds.",
                    "RFC 9293 §4 (port); socket(2)",
                ),
            ],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The socket gets a port (bind)",
            questions: &[LessonQuestion {
                text: "bind() to port 0 asks the kernel to choose a free port. How many rows will there be then?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::Rows,
                    expected: 0,
                    proof: "The socket now has port {P}, and there are {rows} rows: it is neither listening nor connected.",
                },
                hints: [
                    "It has a port now. Can a client reach it there?",
                    "The kernel's tables list sockets that are listening or connected.",
                    "This one is neither.",
                ],
            }],
            actions: &[server(bind("l")).with_port_name("P")],
            expected_rows: &[],
            highlight: Highlight::Rows,
            explanation: &[fact(
                "bind() gives an existing socket its port: {P}, chosen by the kernel. No other socket can bind it at this address now. Still there is no row: tools like this one do not see a socket that is only bound.",
                "bind(2), ip(7)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "A client tries to connect",
            questions: &[LessonQuestion {
                text: "The port is bound. Can a client connect to {P} now?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect(
                        "Yes: the port is bound",
                        "connect(): {outcome}. There are {rows} rows.",
                    ),
                    correct(
                        "No, it is refused at once",
                        "connect(): {outcome}. There are {rows} rows: no listener.",
                    ),
                    incorrect(
                        "It waits until a program listens",
                        "It did not wait. connect(): {outcome}.",
                    ),
                ]),
                hints: [
                    "There is no row. Where would the kernel find a listener for the client?",
                    "No program has called listen().",
                    "If no program listens on a port, the kernel answers.",
                ],
            }],
            actions: &[
                client(socket("c")),
                client(connect("c", "P")).failing_with(CallError::ConnectionRefused),
                client(close("c")),
            ],
            expected_rows: &[],
            highlight: Highlight::CallResult,
            explanation: &[fact(
                "ECONNREFUSED: the kernel itself answered, with a reset (RST). Having a port is one thing, listening on it another.",
                "connect(2); RFC 9293 §3.5.2",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The socket listens (listen)",
            questions: &[LessonQuestion {
                text: "The server calls listen(l, 5). How many rows will there be?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::Rows,
                    expected: 1,
                    proof: "Here it is: {P>}.",
                },
                hints: [
                    "Clients can connect now.",
                    "The kernel must find the socket when a client connects.",
                    "One listening socket, one row.",
                ],
            }],
            actions: &[server(listen("l", 5))],
            expected_rows: &[listener("P")
                .owned_by(&[Server])
                .with_queues(ExpectedQueue::Exactly(0), ExpectedQueue::Exactly(5))],
            highlight: Highlight::State,
            explanation: &[fact(
                "listen() is the third step, and the first one with a row. The 5 in the row is the 5 in the call: how many connections may wait to be accepted, called the backlog (lesson 8 counts exactly). A listener has no peer, so it is not a connection.",
                "listen(2)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The server closes it",
            questions: &[LessonQuestion {
                text: "The server closes the file descriptor. What is left of the port?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect("A row without a process", "There are {rows} rows."),
                    correct(
                        "Nothing: the number is free again",
                        "There are {rows} rows, and any program may bind {P}.",
                    ),
                ]),
                hints: [
                    "There was no connection.",
                    "A port is only a number.",
                    "Numbers do not wear out.",
                ],
            }],
            actions: &[server(close("l"))],
            expected_rows: &[],
            highlight: Highlight::Rows,
            explanation: &[fact(
                "The socket ends when its last descriptor is closed. Any program may now use the number {P}.",
                "close(2)",
            )],
            ..LessonStep::DEFAULT
        },
    ],
    explanation: &[fact(
        "A socket exists before it has a port, and it has a port before it listens. The table shows the third step. From now on: a port is a number in a packet's header; a socket is a kernel object that a program holds; a connection is identified by four numbers and has a socket at each end.",
        "RFC 9293 §4; socket(2)",
    )],
    background: &[
        fact(
            "The kernel gives a socket a port in four cases: bind() with port 0, connect(), listen() without bind(), and sending a datagram from an unbound socket.",
            "ip(7)",
        ),
        fact(
            "The word socket has two meanings. In the standards it is an address and port together, which many connections may share. For programs it is an object with a descriptor. This program says endpoint for the first and socket for the second.",
            "RFC 9293 §4 (socket); socket(7)",
        ),
        fact(
            "Newer kernels can list sockets that are only bound, if a tool asks for them. The usual tools do not ask.",
            "seen on Linux 6.18 (sock_diag, TCP_BOUND_INACTIVE)",
        ),
    ],
};
