//! Lesson 1: a socket without a port.

use crate::lessons::action::{bind, client, close, connect, listen, server, socket};
use crate::lessons::call::LabRole::{Client, Server};
use crate::lessons::call_error::CallError;
use crate::lessons::lab_view::LabMetric;
use crate::lessons::question::{AnswerFormat, LessonQuestion, correct, incorrect};
use crate::lessons::row_pattern::{ExpectedQueue, listener};
use crate::lessons::spec::{Highlight, Lesson, LessonStep, fact};

/// The lesson.
pub(crate) const LESSON: Lesson = Lesson {
    number: 1,
    title: "A socket without a port",
    idea: "socket(), bind() and listen() are three steps, and only the last makes a row.",
    misconceptions: &[
        "a socket is created with a port",
        "a socket is a port",
        "a bound port can be connected to",
    ],
    prerequisites: &[],
    roles: &[Server, Client],
    steps: &[
        LessonStep {
            title: "A process makes a socket",
            questions: &[LessonQuestion {
                text: "lab-server calls socket(). How many rows will this table have of it?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::Rows,
                    expected: 0,
                    proof: "The call worked, the process has a descriptor, and there are {rows} rows.",
                },
                hints: [
                    "Read the call: is there a port in it?",
                    "The table lists addresses and ports.",
                    "Something that has neither is not in it.",
                ],
            }],
            actions: &[server(socket("l"))],
            expected_rows: &[],
            highlight: Highlight::Rows,
            explanation: &[
                fact(
                    "The process holds a socket now: an object in the kernel, reached by a descriptor, which is a small number. It has no address and no port, and so no row.",
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
            title: "The socket gets a port",
            questions: &[LessonQuestion {
                text: "bind() to port 0 means: any free port, kernel, you choose. How many rows will there be then?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::Rows,
                    expected: 0,
                    proof: "The socket has port {P} now, and there are {rows} rows. It neither listens nor is connected.",
                },
                hints: [
                    "It has a port now. Does anybody reach it there?",
                    "The kernel's tables list sockets that listen and sockets that are connected.",
                    "This one is neither.",
                ],
            }],
            actions: &[server(bind("l")).with_port_name("P")],
            expected_rows: &[],
            highlight: Highlight::Rows,
            explanation: &[fact(
                "The port is attached to the socket after it was made. It is {P}, chosen by the kernel. Nobody else can have it at this address now, and still there is no row: tools like this one do not see a socket that is only bound.",
                "bind(2), ip(7)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "A client tries it",
            questions: &[LessonQuestion {
                text: "The port is bound. Can a client connect to {P} now?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect(
                        "Yes: the port is there",
                        "connect() said {outcome}, and there are {rows} rows.",
                    ),
                    correct(
                        "No, it is refused at once",
                        "connect() said {outcome}. There are {rows} rows: no listener.",
                    ),
                    incorrect(
                        "It waits until somebody listens",
                        "It did not wait. connect() said {outcome}.",
                    ),
                ]),
                hints: [
                    "There is no row. What would the kernel look a caller up in?",
                    "Nobody has said that callers are welcome.",
                    "The kernel answers for a port where nobody listens.",
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
                "ECONNREFUSED: the kernel answered itself, with a reset. To have a port is one thing, to listen at it another.",
                "connect(2); RFC 9293 §3.5.2",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The socket listens",
            questions: &[LessonQuestion {
                text: "The server calls listen(l, 5). How many rows?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::Rows,
                    expected: 1,
                    proof: "There it is: {P>}.",
                },
                hints: [
                    "Now callers are welcome.",
                    "The kernel has to find the socket when somebody calls.",
                    "One socket that listens, one row.",
                ],
            }],
            actions: &[server(listen("l", 5))],
            expected_rows: &[listener("P")
                .owned_by(&[Server])
                .with_queues(ExpectedQueue::Exactly(0), ExpectedQueue::Exactly(5))],
            highlight: Highlight::State,
            explanation: &[fact(
                "LISTEN is the third step, and the first one with a row. The 5 in its row is the 5 of the call: how many callers may wait to be accepted (lesson 8 counts exactly). It has no other end, and is no connection.",
                "listen(2)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The server closes it",
            questions: &[LessonQuestion {
                text: "The server closes the descriptor. What is left of the port?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect("A row that nobody has", "There are {rows} rows."),
                    correct(
                        "Nothing: the number is free again",
                        "There are {rows} rows, and anybody may bind {P}.",
                    ),
                ]),
                hints: [
                    "There was no connection.",
                    "A port is only a number.",
                    "Numbers are not used up.",
                ],
            }],
            actions: &[server(close("l"))],
            expected_rows: &[],
            highlight: Highlight::Rows,
            explanation: &[fact(
                "The socket ends with its last descriptor. The number {P} was lent, and is anybody's again.",
                "close(2)",
            )],
            ..LessonStep::DEFAULT
        },
    ],
    explanation: &[fact(
        "A socket exists before it has a port, and a port before anybody listens there. The table shows the third step. From now on: a port is a number in a packet's header; a socket is a kernel object that a program holds; a connection is named by four numbers and has a socket at each end.",
        "RFC 9293 §4; socket(2)",
    )],
    background: &[
        fact(
            "The kernel gives a socket a port at one of four moments: at bind() with port 0, at connect(), at listen() without bind(), and when a datagram is sent from a socket that was not bound.",
            "ip(7)",
        ),
        fact(
            "The word socket has two meanings. In the standards it is a name, address and port together, which many connections may share. For programs it is an object with a descriptor. This program says endpoint for the first and socket for the second.",
            "RFC 9293 §4 (socket); socket(7)",
        ),
        fact(
            "Newer kernels can list sockets that are only bound, to those who ask for them. The usual tools do not ask.",
            "seen on Linux 6.18 (sock_diag, TCP_BOUND_INACTIVE)",
        ),
    ],
};
