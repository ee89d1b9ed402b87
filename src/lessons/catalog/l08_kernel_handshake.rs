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

/// Everything of the first half is thrown away, so that there is less to look at.
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

/// The lesson.
pub(crate) const LESSON: Lesson = Lesson {
    number: 8,
    title: "The kernel answers before your program",
    idea: "The kernel shakes hands with the caller; accept() only collects what is finished.",
    misconceptions: &[
        "a connection exists when the server has accepted it",
        "a server that is stuck cannot be connected to",
        "SYN-SENT means that the address is wrong",
    ],
    prerequisites: &[2],
    roles: &[Server, Client],
    steps: &[
        LessonStep {
            title: "A listener with room for one",
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
                "listen(l, 0) asks for the smallest queue. On Linux a queue holds one more than was asked for: one caller.",
                "listen(2); seen on Linux 6.18",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "A client connects; the server does nothing",
            questions: &[
                LessonQuestion {
                    text: "The server never calls accept(). What comes of the client's connect()?",
                    answer_format: AnswerFormat::Choices(&[
                        correct(
                            "It works: the client is connected",
                            "connect() said {outcome}, and the client's row says so: {C1>P}.",
                        ),
                        incorrect(
                            "It waits until the server accepts",
                            "connect() said {outcome} at once. The client's row: {C1>P}.",
                        ),
                        incorrect(
                            "It is refused",
                            "connect() said {outcome}. A listener is there: {P>}.",
                        ),
                    ]),
                    hints: [
                        "Who answers a SYN: the program or the kernel?",
                        "accept() takes a finished connection from a queue.",
                        "The queue has room for one.",
                    ],
                },
                LessonQuestion {
                    text: "How many rows will there be that no process has?",
                    answer_format: AnswerFormat::Number {
                        metric: LabMetric::RowsWithoutProcess,
                        expected: 1,
                        proof: "The server's end of the connection is there, and no process has a descriptor for it: {P>C1}.",
                    },
                    hints: [
                        "The connection has two ends.",
                        "A process has a socket when it has a descriptor for it.",
                        "accept() would make the descriptor for the server's end.",
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
                    "The kernel made the connection without asking the server. The listener's Recv-Q counts it: 1 waits to be accepted.",
                    "listen(2), accept(2)",
                ),
                fact(
                    "So \"connected\" does not mean that a program has taken notice. And a row without a process is nothing sinister: most often it waits for accept().",
                    "accept(2)",
                ),
            ],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "A second client",
            questions: &[LessonQuestion {
                text: "The queue is full. A second client dials. In which state is its end?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect(
                        "ESTABLISHED, as the first",
                        "It has no answer yet: {C2>P}. The listener's queue is full: {P>}.",
                    ),
                    incorrect(
                        "None: it is refused",
                        "It is not refused, it is not answered: {C2>P}.",
                    ),
                    correct(
                        "SYN-SENT: it has dialled and gets no answer",
                        "Its SYN was dropped, and it will try again: {C2>P}.",
                    ),
                ]),
                hints: [
                    "The kernel has no room for another finished connection.",
                    "It could refuse. It hopes that there will be room soon.",
                    "Somebody who dials and hears nothing has sent a SYN.",
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
                    "The caller stays in SYN-SENT, and there is no row at the server's side at all. The 1 in its Send-Q is the SYN itself.",
                    "RFC 9293 §3.3.2, §3.4",
                ),
                fact(
                    "A wrong port would have been refused at once. No answer means: lost, filtered on its way, or, as here, a server whose queue is full.",
                    "RFC 9293 §3.5.2; listen(2)",
                ),
            ],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The server accepts once",
            questions: &[LessonQuestion {
                text: "Now the server accepts one connection. How many connections will be waiting for it a few seconds later?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::AcceptQueue(LabName("P")),
                    expected: 1,
                    proof: "The first was taken out, and the second, whose SYN was sent again, came in: {P>}, {P>C2}.",
                },
                hints: [
                    "One place is free again.",
                    "The second client has not given up: it sends its SYN again and again.",
                    "One goes out, one comes in.",
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
                text: "A new client is made deaf: what comes to it is dropped. It dials. In which state is the server's end?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect(
                        "There is none: the client is deaf",
                        "The server heard the client's SYN; only the client does not hear the answer: {Q>D}.",
                    ),
                    incorrect(
                        "ESTABLISHED: the kernel accepts everything",
                        "The last word of the handshake is missing: {Q>D}.",
                    ),
                    correct(
                        "SYN-RECEIVED: it has answered, and waits",
                        "It answered, and the client has not heard it: {Q>D}; the client's end: {D>Q}.",
                    ),
                ]),
                hints: [
                    "A deaf client can still talk.",
                    "SYN; SYN and ACK; ACK. Which of the three arrive?",
                    "The first arrives. The second is sent and not heard.",
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
                    "This is the handshake, held in its middle. Both ends have a row; the server's belongs to no process and is not counted in the listener's Recv-Q.",
                    "RFC 9293 §3.5; listen(2)",
                ),
                fact(
                    "Deafness is made by the option IP_MINTTL: packets with a smaller time to live than 255 are dropped, and packets of this machine have 64. It looks like loss on the way, seen from one end.",
                    "RFC 5082 (what the option is for)",
                ),
            ],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The client hears again",
            condition: StepCondition::With(Capability::MinTtl),
            questions: &[LessonQuestion {
                text: "The client hears again. How many rows will be ESTABLISHED a moment later?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::RowsInState(Established),
                    expected: 2,
                    proof: "Two rows are ESTABLISHED: the two ends of one connection: {D>Q}; {Q>D}.",
                },
                hints: [
                    "Whatever is not answered is sent again.",
                    "The handshake goes on where it stood.",
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
                "The answer was sent again, heard this time, and both ends are ESTABLISHED. The listener counts the connection now: it is finished.",
                "RFC 9293 §3.5, §3.8.1",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "A handshake that waits for data",
            condition: StepCondition::Without(Capability::MinTtl),
            questions: &[LessonQuestion {
                text: "This listener takes a caller for connected only when its first data comes (TCP_DEFER_ACCEPT). A client connects and says nothing. In which state is the server's end?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect("ESTABLISHED, as the client's", "It waits for data: {Q>D}."),
                    correct(
                        "SYN-RECEIVED",
                        "For the server the handshake is not finished: {Q>D}. For the client it is: {D>Q}.",
                    ),
                ]),
                hints: [
                    "The two ends need not be in the same state.",
                    "The server ignores the last word of the handshake as long as no data is with it.",
                    "The state before ESTABLISHED, on the side that was called.",
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
                "The client believes that it is connected, the server does not yet.",
                "tcp(7) (TCP_DEFER_ACCEPT)",
            )],
            ..LessonStep::DEFAULT
        },
    ],
    explanation: &[fact(
        "Dialling, answering and queueing are done by the kernels. A program that is busy, stopped or badly written still has callers who are connected, up to the length of its queue; the ones after that hear nothing.",
        "listen(2), accept(2)",
    )],
    background: &[
        fact(
            "Of a listener, Recv-Q is the number of finished connections that wait for accept(), and Send-Q is the backlog, at most what net.core.somaxconn allows.",
            "listen(2), ss(8)",
        ),
        fact(
            "Some texts call SYN-RECEIVED half-open. The standard means something else by half-open: one end is gone and the other does not know it. Lesson 14 shows that one.",
            "RFC 9293 §3.5.1; RFC 4987",
        ),
        fact(
            "When the listener is closed, the connections that nobody accepted are reset: their callers lose them.",
            "seen on Linux 6.18",
        ),
    ],
};
