//! Lesson 12: rare TCP states on demand.

use crate::lessons::action::{
    ExpectedResult, accept, bind, client, close, connect, listen, server, socket,
};
use crate::lessons::call::LabRole::{Client, Server};
use crate::lessons::call::{Call, ConnectMode, SocketOption};
use crate::lessons::lab_endpoint::{LOOPBACK_V4, LabEndpoint, LabName};
use crate::lessons::lab_view::LabMetric;
use crate::lessons::question::{AnswerFormat, LessonQuestion, correct, incorrect};
use crate::lessons::row_pattern::{ExpectedQueue, RowPattern, established, tcp_row};
use crate::lessons::spec::{
    Capability, ExpectedCount, Highlight, Lesson, LessonStep, StepCondition, fact,
};
use crate::net::socket::TcpState::{
    Closing, FinWait1, FinWait2, LastAck, Listen, SynSent, TimeWait,
};

const fn set_small_buffers(name: &'static str) -> Call {
    Call::SetOption(LabName(name), SocketOption::SmallBuffers)
}

const fn connect_nonblocking(name: &'static str, port: &'static str) -> Call {
    Call::Connect(
        LabName(name),
        LabEndpoint::with_named_port(LOOPBACK_V4, port),
        ConnectMode::NonBlocking,
    )
}

const fn time_wait_row(local: &'static str, remote: &'static str) -> RowPattern {
    tcp_row(TimeWait, local, remote).owned_by_kernel()
}

const BOTH_CLOSED: [RowPattern; 2] = [time_wait_row("C", "P"), time_wait_row("P", "C")];

pub(crate) const LESSON: Lesson = Lesson {
    number: 12,
    title: "Rare TCP states on demand",
    idea: "Every TCP state is real; most are just too short to be seen.",
    misconceptions: &[
        "FIN-WAIT-1, CLOSING and LAST-ACK never happen",
        "one end is always the server",
        "a connection has two sockets",
    ],
    prerequisites: &[10, 11],
    roles: &[Server, Client],
    steps: &[
        LessonStep {
            title: "A FIN stuck behind data",
            questions: &[LessonQuestion {
                text: "The client fills the server's buffers, which the server does not read, and then calls shutdown(). In which state is the client's end?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect(
                        "FIN-WAIT-2, as in lesson 10",
                        "The server has not received the FIN: it waits behind the data: {C>P}.",
                    ),
                    correct(
                        "FIN-WAIT-1: the FIN is not acknowledged",
                        "It waits behind data that does not fit: {C>P}. The server does not know yet: {P>C}.",
                    ),
                    incorrect(
                        "ESTABLISHED: it cannot send its FIN now",
                        "It has called shutdown(), and the state shows it: {C>P}.",
                    ),
                ]),
                hints: [
                    "A FIN is sent in order, after all data.",
                    "The data before it cannot be delivered.",
                    "FIN-WAIT-1: my FIN is not acknowledged yet.",
                ],
            }],
            actions: &[
                server(socket("l")),
                server(set_small_buffers("l")),
                server(bind("l")).with_port_name("P"),
                server(listen("l", 16)),
                client(socket("c")),
                client(set_small_buffers("c")),
                client(connect("c", "P")).with_port_name("C"),
                server(accept("l", "s")),
                server(close("l")),
                client(Call::FillSendBuffer(LabName("c"))),
                client(Call::Shutdown(LabName("c"))),
            ],
            expected_rows: &[
                tcp_row(FinWait1, "C", "P")
                    .owned_by(&[Client])
                    .with_queues(ExpectedQueue::Exactly(0), ExpectedQueue::NonZero),
                established("P", "C")
                    .owned_by(&[Server])
                    .with_queues(ExpectedQueue::NonZero, ExpectedQueue::Exactly(0)),
            ],
            highlight: Highlight::State,
            explanation: &[fact(
                "Usually FIN-WAIT-1 lasts only for one round trip. Here it stays, because the window is closed: the full buffer holds the state.",
                "RFC 9293 §3.3.2, §3.8.6",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "Both close",
            questions: &[LessonQuestion {
                text: "Now the server calls shutdown() too, without having received the client's FIN. In which state is the client's end?",
                answer_format: AnswerFormat::Choices(&[
                    correct(
                        "CLOSING: both sent a FIN, mine is not acknowledged",
                        "It received the server's FIN before its own, which still waits behind the data, was acknowledged: {C>P}. The server's end: {P>C}.",
                    ),
                    incorrect(
                        "CLOSE-WAIT",
                        "That is for an end that has not closed. This one has: {C>P}.",
                    ),
                    incorrect(
                        "TIME-WAIT: all is acknowledged",
                        "Its own FIN is not acknowledged yet: {C>P}.",
                    ),
                ]),
                hints: [
                    "There is a state for: both close at the same time.",
                    "It is neither finished nor waiting for its own program.",
                    "Its name is a verb.",
                ],
            }],
            actions: &[server(Call::Shutdown(LabName("s")))],
            expected_rows: &[
                tcp_row(Closing, "C", "P").owned_by(&[Client]),
                tcp_row(FinWait2, "P", "C").owned_by(&[Server]),
            ],
            highlight: Highlight::State,
            explanation: &[fact(
                "CLOSING is the state of two ends that close at the same time (simultaneous close). It is so rare because a FIN is usually acknowledged before the peer sends its own.",
                "RFC 9293 §3.6 (simultaneous close), §3.3.2",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The server reads the data",
            questions: &[LessonQuestion {
                text: "The server reads everything, so all data arrives. How many ends of this connection will be in TIME-WAIT?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::RowsInState(TimeWait),
                    expected: 2,
                    proof: "Each sent its FIN before it received the peer's, so each closed first in its own view, and both are kept: {C>P}, and {P>C}.",
                },
                hints: [
                    "TIME-WAIT is for the end that closed first.",
                    "Who closed first, from each end's view?",
                    "Each closed before it received the peer's FIN.",
                ],
            }],
            actions: &[server(Call::DrainToEof(LabName("s"))).expecting(ExpectedResult::EndOfFile)],
            expected_rows: &BOTH_CLOSED,
            highlight: Highlight::State,
            explanation: &[fact(
                "After a simultaneous close both ends are in TIME-WAIT.",
                "RFC 9293 §3.6",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The last ACK is missing",
            questions: &[LessonQuestion {
                text: "A new connection: the client closes its direction, the server fills the client's buffers and closes too. In which state is the server's end?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect("CLOSE-WAIT", "It was, until it closed itself: {Q>D}."),
                    incorrect(
                        "CLOSING",
                        "It had received the client's FIN before it sent its own: {Q>D}.",
                    ),
                    correct(
                        "LAST-ACK: only the last acknowledgement is missing",
                        "It closed second, and its FIN waits behind data: {Q>D}. The client's end: {D>Q}.",
                    ),
                ]),
                hints: [
                    "The client closed first: so the server's end was in CLOSE-WAIT.",
                    "From there, close() leads to only one state.",
                    "It waits for the last acknowledgement of all.",
                ],
            }],
            actions: &[
                server(socket("m")),
                server(set_small_buffers("m")),
                server(bind("m")).with_port_name("Q"),
                server(listen("m", 16)),
                client(socket("d")),
                client(set_small_buffers("d")),
                client(connect("d", "Q")).with_port_name("D"),
                server(accept("m", "t")),
                server(close("m")),
                client(Call::Shutdown(LabName("d"))),
                server(Call::Poll(LabName("t"))),
                server(Call::FillSendBuffer(LabName("t"))),
                server(Call::Shutdown(LabName("t"))),
            ],
            expected_rows: &[
                BOTH_CLOSED[0],
                BOTH_CLOSED[1],
                tcp_row(LastAck, "Q", "D").owned_by(&[Server]),
                tcp_row(FinWait2, "D", "Q").owned_by(&[Client]),
            ],
            highlight: Highlight::State,
            explanation: &[fact(
                "LAST-ACK is the state of the end that closes second. When the acknowledgement comes, its row is gone at once.",
                "RFC 9293 §3.3.2, §3.6",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The last ACK arrives",
            actions: &[client(Call::DrainToEof(LabName("d"))).expecting(ExpectedResult::EndOfFile)],
            expected_rows: &[BOTH_CLOSED[0], BOTH_CLOSED[1], time_wait_row("D", "Q")],
            highlight: Highlight::State,
            explanation: &[fact(
                "The client read everything, and its kernel acknowledged the FIN. The server's end: {Q>D}.",
                "RFC 9293 §3.6",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "A socket that connects to itself",
            questions: &[LessonQuestion {
                text: "A socket is bound to a port and connects to the same port. How many rows does this connection have?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::RowsWithLocalPort(LabName("Z")),
                    expected: 1,
                    proof: "One socket is both ends of one connection: {Z>Z}.",
                },
                hints: [
                    "Who is the peer?",
                    "A row is a socket. How many sockets are there?",
                    "What it sends, it receives.",
                ],
            }],
            actions: &[
                client(socket("z")),
                client(bind("z")).with_port_name("Z"),
                client(connect("z", "Z")),
            ],
            expected_rows: &[
                BOTH_CLOSED[0],
                BOTH_CLOSED[1],
                time_wait_row("D", "Q"),
                established("Z", "Z").owned_by(&[Client]),
            ],
            highlight: Highlight::Rows,
            explanation: &[fact(
                "The SYN came back to its sender, which had just sent a SYN itself. The standard has a rule for two sockets that connect to each other; here the two are one.",
                "RFC 9293 §3.5 (simultaneous initiation)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "Two sockets connect to each other",
            condition: StepCondition::With(Capability::MinTtl),
            questions: &[LessonQuestion {
                text: "Two sockets are bound, and each connects to the other's port; neither listens. Both drop every packet they receive. How many rows will be in SYN-SENT?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::RowsInState(SynSent),
                    expected: 2,
                    proof: "Both have sent a SYN: {A>B}, {B>A}. Without the drops, the first SYN would have reached a port without a listener.",
                },
                hints: [
                    "Each of them has sent a SYN.",
                    "Neither has received anything.",
                    "Each has a row.",
                ],
            }],
            actions: &[
                client(Call::Abort(LabName("z"))),
                client(socket("a")),
                client(bind("a")).with_port_name("A"),
                server(socket("b")),
                server(bind("b")).with_port_name("B"),
                client(Call::SetOption(LabName("a"), SocketOption::DropPackets)),
                server(Call::SetOption(LabName("b"), SocketOption::DropPackets)),
                client(connect_nonblocking("a", "B")).expecting(ExpectedResult::InProgress),
                server(connect_nonblocking("b", "A")).expecting(ExpectedResult::InProgress),
            ],
            expected_rows: &[
                BOTH_CLOSED[0],
                BOTH_CLOSED[1],
                time_wait_row("D", "Q"),
                tcp_row(SynSent, "A", "B").owned_by(&[Client]),
                tcp_row(SynSent, "B", "A").owned_by(&[Server]),
            ],
            highlight: Highlight::State,
            explanation: &[fact(
                "There is no listener. Dropping packets (IP_MINTTL) holds the moment in which the two SYNs are in transit.",
                "RFC 9293 §3.5 (simultaneous initiation)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "Both accept packets again",
            condition: StepCondition::With(Capability::MinTtl),
            questions: &[LessonQuestion {
                text: "Both stop dropping packets. Which of the two is the server?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect(
                        "lab-server, of course",
                        "That is only its name. It connected, like the other: {B>A}.",
                    ),
                    incorrect(
                        "The one that received the other's SYN first",
                        "TCP makes no difference: both connected, both are ESTABLISHED: {A>B}, {B>A}.",
                    ),
                    correct(
                        "Neither",
                        "Both connected, neither listened, and it is one connection: {A>B}, {B>A}.",
                    ),
                ]),
                hints: [
                    "What makes a server? It listens.",
                    "Is there a LISTEN row?",
                    "TCP treats both ends the same once they are connected.",
                ],
            }],
            actions: &[
                client(Call::SetOption(LabName("a"), SocketOption::AcceptPackets)),
                server(Call::SetOption(LabName("b"), SocketOption::AcceptPackets)),
            ],
            expected_rows: &[
                BOTH_CLOSED[0],
                BOTH_CLOSED[1],
                time_wait_row("D", "Q"),
                established("A", "B").owned_by(&[Client]),
                established("B", "A").owned_by(&[Server]),
            ],
            expected_counts: &[ExpectedCount {
                metric: LabMetric::RowsInState(Listen),
                expected: 0,
                label: "listeners",
            }],
            highlight: Highlight::State,
            explanation: &[fact(
                "This is a simultaneous open. Every TCP must support it. Client and server are roles of programs; the connection itself is symmetric.",
                "RFC 9293 §3.5 (MUST-10)",
            )],
        },
    ],
    explanation: &[fact(
        "With lessons 8 and 10, these are all the TCP states; CLOSED, the last one, has no row. The rare ones are short on a fast network; on a slow or broken one they last, and then it helps to know which packet is missing.",
        "RFC 9293 §3.3.2",
    )],
    background: &[
        fact(
            "FIN-WAIT-1 waits for the acknowledgement of its own FIN; CLOSING for the same, when the peer's FIN has arrived; LAST-ACK for the same, when the peer's FIN came first.",
            "RFC 9293 §3.3.2",
        ),
        fact(
            "A self-connection can happen by accident: a client that keeps trying a port in the ephemeral range may in the end get that same port for its own end.",
            "RFC 9293 §3.5; RFC 6056",
        ),
    ],
};
