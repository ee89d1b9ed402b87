//! Lesson 13: many processes, one port; one process, many ports.

use crate::lessons::action::{LabAction, bind, client, close, connect, listen, server, socket};
use crate::lessons::call::LabRole::{Child, Client, Portolan, Server};
use crate::lessons::call::{Call, Signal, SocketOption};
use crate::lessons::call_error::CallError;
use crate::lessons::lab_endpoint::{LOOPBACK_V4, LabEndpoint, LabName};
use crate::lessons::lab_view::LabMetric;
use crate::lessons::question::{AnswerFormat, LessonQuestion, correct, incorrect};
use crate::lessons::row_pattern::{established, listener};
use crate::lessons::spec::{ExpectedCount, Highlight, Lesson, LessonStep, fact};
use crate::net::socket::TcpState::Listen;

const fn bind_to(name: &'static str, port: &'static str) -> Call {
    Call::Bind(
        LabName(name),
        LabEndpoint::with_named_port(LOOPBACK_V4, port),
    )
}

const fn set_reuse_port(name: &'static str) -> Call {
    Call::SetOption(LabName(name), SocketOption::ReusePort)
}

const fn kill_child(child: u8) -> LabAction {
    LabAction::new(Portolan, Call::Kill(Child(child), Signal::Kill))
}

pub(crate) const LESSON: Lesson = Lesson {
    number: 13,
    title: "Many processes, one port; one process, many ports",
    idea: "One socket in several processes is one row; several sockets on one port are several rows.",
    misconceptions: &[
        "a process has a port, and a port has a process",
        "when the server has closed its socket, the port is free",
        "two programs can never listen on one port",
    ],
    prerequisites: &[2, 10],
    roles: &[Server, Client],
    steps: &[
        LessonStep {
            title: "A server with two children",
            questions: &[
                LessonQuestion {
                    text: "The server listens and starts two children, which inherit the listening socket. How many rows does the port have?",
                    answer_format: AnswerFormat::Number {
                        metric: LabMetric::RowsWithLocalPort(LabName("P")),
                        expected: 1,
                        proof: "One socket, one row: {P>}.",
                    },
                    hints: [
                        "A row is a socket, not a process.",
                        "Inheriting creates no new socket.",
                        "It creates new descriptors for the same one.",
                    ],
                },
                LessonQuestion {
                    text: "And how many processes have it?",
                    answer_format: AnswerFormat::Number {
                        metric: LabMetric::ListenerProcesses(LabName("P")),
                        expected: 3,
                        proof: "The server and both children: {P>}.",
                    },
                    hints: [
                        "The server keeps its descriptor.",
                        "Each child has one.",
                        "One and two.",
                    ],
                },
            ],
            actions: &[
                server(socket("l")),
                server(bind("l")).with_port_name("P"),
                server(listen("l", 16)),
                server(Call::Spawn(Child(1), LabName("l"))),
                server(Call::Spawn(Child(2), LabName("l"))),
            ],
            expected_rows: &[listener("P").owned_by(&[Server, Child(1), Child(2)])],
            highlight: Highlight::Owner,
            explanation: &[fact(
                "One socket, three owners. Web servers work like this: the parent listens, the children take turns to accept.",
                "fork(2), execve(2)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The server closes its socket",
            questions: &[LessonQuestion {
                text: "The server closes its descriptor and restarts: a new socket, SO_REUSEADDR, bind() to {P}. What happens?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect(
                        "It works: the listener is closed",
                        "bind(): {outcome}. The children still hold the listener: {P>}.",
                    ),
                    correct(
                        "It fails: the children still have the listener",
                        "bind(): {outcome}. Here it is: {P>}.",
                    ),
                ]),
                hints: [
                    "close() closes a descriptor.",
                    "The socket ends with its last descriptor.",
                    "Look at the owners.",
                ],
            }],
            actions: &[
                server(close("l")),
                server(socket("m")),
                server(Call::SetOption(LabName("m"), SocketOption::ReuseAddr)),
                server(bind_to("m", "P")).failing_with(CallError::AddrInUse),
                server(close("m")),
            ],
            expected_rows: &[listener("P").owned_by(&[Child(1), Child(2)])],
            highlight: Highlight::Owner,
            explanation: &[fact(
                "Restarts fail like this when any child has inherited the listener: a script it started, even a sleep. The owner column shows which process it is.",
                "close(2), fork(2); socket(7) (SO_REUSEADDR)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The children end",
            questions: &[LessonQuestion {
                text: "Both children are killed. How many rows are left?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::Rows,
                    expected: 0,
                    proof: "The last descriptor is closed, and the socket is gone: {P>}.",
                },
                hints: [
                    "A killed process closes nothing itself. What does?",
                    "The kernel closes all descriptors of a process that ends.",
                    "No process has the socket any more.",
                ],
            }],
            actions: &[
                kill_child(1),
                kill_child(2),
                // Bound again, so that no other program takes the port in the meantime.
                server(socket("n")),
                server(bind_to("n", "P")),
            ],
            expected_rows: &[],
            highlight: Highlight::Rows,
            explanation: &[fact(
                "The kernel closed the descriptors of the killed processes. The socket ended with the last one, and the server may bind the port again.",
                "_exit(2), close(2)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "Three sockets on one port",
            questions: &[LessonQuestion {
                text: "Three sockets, all with SO_REUSEPORT, listen on one port; then a fourth tries without the option. How many listeners will there be?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::RowsInState(Listen),
                    expected: 3,
                    proof: "Three rows that look alike: they are different sockets. The fourth bind(): {outcome}.",
                },
                hints: [
                    "SO_REUSEPORT lets sockets share a port.",
                    "All of them must set it.",
                    "Three have it, one does not.",
                ],
            }],
            actions: &[
                server(socket("a")),
                server(set_reuse_port("a")),
                server(bind("a")).with_port_name("Q"),
                server(listen("a", 64)),
                server(socket("b")),
                server(set_reuse_port("b")),
                server(bind_to("b", "Q")),
                server(listen("b", 64)),
                server(socket("c")),
                server(set_reuse_port("c")),
                server(bind_to("c", "Q")),
                server(listen("c", 64)),
                server(socket("d")),
                server(bind_to("d", "Q")).failing_with(CallError::AddrInUse),
                server(close("d")),
            ],
            expected_rows: &[
                listener("Q").owned_by(&[Server]).with_recv_queue(0),
                listener("Q").owned_by(&[Server]).with_recv_queue(0),
                listener("Q").owned_by(&[Server]).with_recv_queue(0),
            ],
            highlight: Highlight::LocalPort,
            explanation: &[fact(
                "The other way of sharing: not one socket with several owners, but several sockets, each with its own queue. Only programs of the same user can do this together.",
                "socket(7) (SO_REUSEPORT)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "Twenty-four clients",
            questions: &[LessonQuestion {
                text: "Twenty-four clients connect to port {Q}. How many connections wait at the three listeners together?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::AcceptQueue(LabName("Q")),
                    expected: 24,
                    proof: "Each connection waits at one of the three; the kernel computes which one from the four numbers. One of them: {Q>}.",
                },
                hints: [
                    "A connection is in one queue.",
                    "No connection is counted twice.",
                    "All of them wait: the server does not accept.",
                ],
            }],
            actions: &[
                client(socket("e#")).times(24),
                client(connect("e#", "Q")).with_port_name("E#").times(24),
            ],
            expected_rows: &[
                listener("Q").owned_by(&[Server]),
                listener("Q").owned_by(&[Server]),
                listener("Q").owned_by(&[Server]),
                established("Q", "E#").unaccepted().times(24),
                established("E#", "Q").owned_by(&[Client]).times(24),
            ],
            expected_counts: &[ExpectedCount {
                metric: LabMetric::Connections,
                expected: 24,
                label: "connections",
            }],
            highlight: Highlight::Queues,
            explanation: &[fact(
                "The kernel spreads the connections by a hash of the four numbers, not in turn: compare the three Recv-Q values. A connection given to a slow process waits for that process.",
                "socket(7) (SO_REUSEPORT)",
            )],
            ..LessonStep::DEFAULT
        },
    ],
    explanation: &[fact(
        "Count rows to know how many sockets there are, and owners to know how many processes. One process may have many ports, like the server in lesson 3; one port may have many processes, and many sockets.",
        "Kurose and Ross, Computer Networking, §3.2; socket(7)",
    )],
    background: &[
        fact(
            "A descriptor is a process's reference to a socket. fork() copies the references, not the socket; the socket ends with the last reference.",
            "fork(2), close(2)",
        ),
        fact(
            "shutdown() is different: it acts on the connection itself, even if other processes have a descriptor for it.",
            "shutdown(2); seen on Linux 6.18",
        ),
        fact(
            "When one of several listeners with SO_REUSEPORT is closed, the connections in its queue are reset. The other queues are not affected.",
            "seen on Linux 6.18",
        ),
        fact(
            "All sockets that share a port with SO_REUSEPORT must set it, including the first one, and belong to the same user: so no other user can take over the connections.",
            "socket(7) (SO_REUSEPORT)",
        ),
    ],
};
