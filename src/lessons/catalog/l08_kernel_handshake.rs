//! Lesson 8: the kernel answers before the program does.

use crate::lessons::action::{
    ExpectedResult, LabAction, accept, bind, client, connect, listen, server, socket,
};
use crate::lessons::call::LabRole::{Client, Server};
use crate::lessons::call::{Call, ConnectMode, SocketOption};
use crate::lessons::lab_endpoint::{LOOPBACK_V4, LabEndpoint, LabName};
use crate::lessons::lab_view::LabMetric;
use crate::lessons::question::{AnswerFormat, LessonQuestion, correct, incorrect};
use crate::lessons::row_pattern::{ExpectedQueue, established, listener, tcp_row};
use crate::lessons::spec::{
    Capability, ExpectedCount, Highlight, Lesson, LessonStep, StepCondition, fact,
};
use crate::net::socket::TcpState::{Established, SynReceived, SynSent};

/// Resets all sockets of the first half, so that the second half has fewer rows.
const ABORT_ALL: [LabAction; 4] = [
    server(Call::Abort(LabName("s"))),
    server(Call::Abort(LabName("l"))),
    client(Call::Abort(LabName("c1"))),
    client(Call::Abort(LabName("c2"))),
];

const fn connect_nonblocking(name: &'static str, port: &'static str) -> Call {
    Call::Connect(
        LabName(name),
        LabEndpoint::with_named_port(LOOPBACK_V4, port),
        ConnectMode::NonBlocking,
    )
}

pub(crate) const LESSON: Lesson = Lesson {
    number: 8,
    title: "The kernel answers before your program",
    idea: "The kernel completes the three-way handshake; accept() only fetches the finished connection.",
    misconceptions: &[
        "a connection exists only after the server has accepted it",
        "a client cannot connect to a server that is stuck",
        "SYN-SENT means that the address is wrong",
    ],
    prerequisites: &[2],
    roles: &[Server, Client],
    steps: &[
        LessonStep {
            title: "A listener with room for one connection",
            actions: &[
                server(socket("l")),
                server(bind("l")).with_port_name("P"),
                server(listen("l", 0)),
            ],
            expected_rows: &[listener("P")
                .owned_by(&[Server])
                .with_queues(ExpectedQueue::Exactly(0), ExpectedQueue::Exactly(0))],
            highlight: Highlight::Queues,
            explanation: &[fact(
                "listen(l, 0) asks for the smallest queue. On Linux the queue holds one more than requested: one connection.",
                "listen(2); seen on Linux 6.18",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "A client connects; the server does nothing",
            questions: &[
                LessonQuestion {
                    text: "The server never calls accept(). What happens to the client's connect()?",
                    answer_format: AnswerFormat::Choices(&[
                        correct(
                            "It works: the client is connected",
                            "connect(): {outcome}, and the client's row shows it: {C1>P}.",
                        ),
                        incorrect(
                            "It waits until the server accepts",
                            "connect(): {outcome}, at once. The client's row: {C1>P}.",
                        ),
                        incorrect(
                            "It is refused",
                            "connect(): {outcome}. There is a listener: {P>}.",
                        ),
                    ]),
                    hints: [
                        "Who answers a SYN: the program or the kernel?",
                        "accept() takes a finished connection from a queue.",
                        "The queue has room for one.",
                    ],
                },
                LessonQuestion {
                    text: "How many rows will have no process?",
                    answer_format: AnswerFormat::Number {
                        metric: LabMetric::RowsWithoutProcess,
                        expected: 1,
                        proof: "The server's end of the connection exists, and no process has a descriptor for it: {P>C1}.",
                    },
                    hints: [
                        "The connection has two ends.",
                        "A process has a socket when it has a descriptor for it.",
                        "accept() would create the descriptor for the server's end.",
                    ],
                },
            ],
            actions: &[
                client(socket("c1")),
                client(connect("c1", "P")).with_port_name("C1"),
            ],
            expected_rows: &[
                listener("P")
                    .owned_by(&[Server])
                    .with_queues(ExpectedQueue::Exactly(1), ExpectedQueue::Exactly(0)),
                established("P", "C1").unaccepted(),
                established("C1", "P").owned_by(&[Client]),
            ],
            highlight: Highlight::Owner,
            explanation: &[
                fact(
                    "The kernel completed the connection without asking the server. The listener's Recv-Q counts it: 1 connection waits to be accepted.",
                    "listen(2), accept(2)",
                ),
                fact(
                    "So \"connected\" does not mean that a program has noticed. And a row without a process is usually harmless: most often it waits for accept().",
                    "accept(2)",
                ),
            ],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "A second client",
            questions: &[LessonQuestion {
                text: "The queue is full. A second client connects. In which state is its end?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect(
                        "ESTABLISHED, like the first",
                        "It has no reply yet: {C2>P}. The listener's queue is full: {P>}.",
                    ),
                    incorrect(
                        "None: it is refused",
                        "It is not refused; it gets no reply: {C2>P}.",
                    ),
                    correct(
                        "SYN-SENT: it sent a SYN and gets no reply",
                        "Its SYN was dropped, and the client will send it again: {C2>P}.",
                    ),
                ]),
                hints: [
                    "The kernel has no room for another finished connection.",
                    "It could refuse, but there may be room soon.",
                    "A client that is waiting for a reply has sent a SYN.",
                ],
            }],
            actions: &[
                client(socket("c2")),
                client(connect_nonblocking("c2", "P"))
                    .with_port_name("C2")
                    .expecting(ExpectedResult::InProgress),
            ],
            expected_rows: &[
                listener("P")
                    .owned_by(&[Server])
                    .with_queues(ExpectedQueue::Exactly(1), ExpectedQueue::Exactly(0)),
                established("P", "C1").unaccepted(),
                established("C1", "P").owned_by(&[Client]),
                tcp_row(SynSent, "C2", "P")
                    .owned_by(&[Client])
                    .with_queues(ExpectedQueue::Exactly(0), ExpectedQueue::Exactly(1)),
            ],
            highlight: Highlight::State,
            explanation: &[
                fact(
                    "The client stays in SYN-SENT, and the server's side has no row at all. The 1 in its Send-Q is the SYN itself.",
                    "RFC 9293 §3.3.2, §3.4",
                ),
                fact(
                    "A port without a listener would have refused at once. No reply means: lost, filtered on the way, or, as here, a server whose queue is full.",
                    "RFC 9293 §3.5.2; listen(2)",
                ),
            ],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The server accepts one connection",
            questions: &[LessonQuestion {
                text: "The server accepts one connection. How many will wait to be accepted a few seconds later?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::AcceptQueue(LabName("P")),
                    expected: 1,
                    proof: "The first was accepted, and the second, whose SYN was sent again, entered the queue: {P>}, {P>C2}.",
                },
                hints: [
                    "One place is free again.",
                    "The second client has not given up: it resends its SYN again and again.",
                    "One leaves the queue, one enters.",
                ],
            }],
            actions: &[server(accept("l", "s"))],
            expected_rows: &[
                listener("P")
                    .owned_by(&[Server])
                    .with_queues(ExpectedQueue::Exactly(1), ExpectedQueue::Exactly(0)),
                established("P", "C1").owned_by(&[Server]),
                established("C1", "P").owned_by(&[Client]),
                established("P", "C2").unaccepted(),
                established("C2", "P").owned_by(&[Client]),
            ],
            expected_counts: &[ExpectedCount {
                metric: LabMetric::Connections,
                expected: 2,
                label: "connections",
            }],
            highlight: Highlight::State,
            explanation: &[fact(
                "It took a second or more: a SYN is sent again after about one second, then after two, four, eight. A slow connect() that is never refused is the sign of a full queue.",
                "tcp(7) (tcp_syn_retries); RFC 6298",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "A handshake that stops in the middle",
            condition: StepCondition::With(Capability::MinTtl),
            questions: &[LessonQuestion {
                text: "A new client's socket drops every packet it receives. It connects. In which state is the server's end?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect(
                        "There is none: the client drops everything",
                        "The server received the client's SYN; only the client drops the reply: {Q>D}.",
                    ),
                    incorrect(
                        "ESTABLISHED: the kernel accepts everything",
                        "The last packet of the handshake (the ACK) is missing: {Q>D}.",
                    ),
                    correct(
                        "SYN-RECEIVED: it has replied, and waits",
                        "It replied, and the client dropped the reply: {Q>D}; the client's end: {D>Q}.",
                    ),
                ]),
                hints: [
                    "The client can still send.",
                    "SYN; SYN and ACK; ACK. Which of the three arrive?",
                    "The first arrives. The second is sent and dropped.",
                ],
            }],
            actions: &[
                ABORT_ALL[0],
                ABORT_ALL[1],
                ABORT_ALL[2],
                ABORT_ALL[3],
                server(socket("m")),
                server(bind("m")).with_port_name("Q"),
                server(listen("m", 16)),
                client(socket("d")),
                client(Call::SetOption(LabName("d"), SocketOption::DropPackets)),
                client(connect_nonblocking("d", "Q"))
                    .with_port_name("D")
                    .expecting(ExpectedResult::InProgress),
            ],
            expected_rows: &[
                listener("Q").owned_by(&[Server]).with_recv_queue(0),
                tcp_row(SynSent, "D", "Q").owned_by(&[Client]),
                tcp_row(SynReceived, "Q", "D").unaccepted(),
            ],
            highlight: Highlight::State,
            explanation: &[
                fact(
                    "This is a handshake, stopped in the middle. Both ends have a row; the server's has no process and is not counted in the listener's Recv-Q.",
                    "RFC 9293 §3.5; listen(2)",
                ),
                fact(
                    "The option IP_MINTTL drops packets with a time to live (TTL) below 255, and packets from this machine have 64. To the client it looks like packet loss.",
                    "RFC 5082 (what the option is for)",
                ),
            ],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The client accepts packets again",
            condition: StepCondition::With(Capability::MinTtl),
            questions: &[LessonQuestion {
                text: "The client stops dropping packets. How many rows will be ESTABLISHED a moment later?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::RowsInState(Established),
                    expected: 2,
                    proof: "Two rows are ESTABLISHED, the two ends of one connection: {D>Q}; {Q>D}.",
                },
                hints: [
                    "What gets no reply is sent again.",
                    "The handshake continues where it stopped.",
                    "One connection has two ends.",
                ],
            }],
            actions: &[client(Call::SetOption(
                LabName("d"),
                SocketOption::AcceptPackets,
            ))],
            expected_rows: &[
                listener("Q").owned_by(&[Server]).with_recv_queue(1),
                established("D", "Q").owned_by(&[Client]),
                established("Q", "D").unaccepted(),
            ],
            highlight: Highlight::State,
            explanation: &[fact(
                "The reply was sent again, it arrived, and both ends are ESTABLISHED. The listener now counts the connection: it is finished.",
                "RFC 9293 §3.5, §3.8.1",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "A handshake that waits for data",
            condition: StepCondition::Without(Capability::MinTtl),
            questions: &[LessonQuestion {
                text: "This listener treats a client as connected only when its first data arrives (TCP_DEFER_ACCEPT). A client connects and sends nothing. In which state is the server's end?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect(
                        "ESTABLISHED, like the client's",
                        "It waits for data: {Q>D}.",
                    ),
                    correct(
                        "SYN-RECEIVED",
                        "For the server the handshake is not finished: {Q>D}. For the client it is: {D>Q}.",
                    ),
                ]),
                hints: [
                    "The two ends need not be in the same state.",
                    "The server ignores the last packet of the handshake until it carries data.",
                    "The state before ESTABLISHED, on the listening side.",
                ],
            }],
            actions: &[
                ABORT_ALL[0],
                ABORT_ALL[1],
                ABORT_ALL[2],
                ABORT_ALL[3],
                server(socket("m")),
                server(bind("m")).with_port_name("Q"),
                server(Call::SetOption(LabName("m"), SocketOption::DeferAccept)),
                server(listen("m", 16)),
                client(socket("d")),
                client(connect("d", "Q")).with_port_name("D"),
            ],
            expected_rows: &[
                listener("Q").owned_by(&[Server]).with_recv_queue(0),
                established("D", "Q").owned_by(&[Client]),
                tcp_row(SynReceived, "Q", "D").unaccepted(),
            ],
            highlight: Highlight::State,
            explanation: &[fact(
                "The client is ESTABLISHED, the server's end is not yet.",
                "tcp(7) (TCP_DEFER_ACCEPT)",
            )],
            ..LessonStep::DEFAULT
        },
    ],
    explanation: &[fact(
        "The kernels connect, reply and queue. A program that is busy, stopped or badly written still gets connected clients, up to the length of its queue; further clients get no reply.",
        "listen(2), accept(2)",
    )],
    background: &[
        fact(
            "For a listener, Recv-Q is the number of finished connections that wait for accept(), and Send-Q is the backlog, at most net.core.somaxconn.",
            "listen(2), ss(8)",
        ),
        fact(
            "Some texts call SYN-RECEIVED half-open. The standard uses half-open for something else: one end is gone and the other does not know it. Lesson 14 shows that.",
            "RFC 9293 §3.5.1; RFC 4987",
        ),
        fact(
            "When the listener is closed, connections that were not accepted are reset: the clients lose them.",
            "seen on Linux 6.18",
        ),
    ],
};
