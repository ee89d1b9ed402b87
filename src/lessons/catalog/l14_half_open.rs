//! Lesson 14: ESTABLISHED is a belief.

use crate::lessons::action::{
    ExpectedResult, LabAction, accept, bind, client, close, connect, listen, server, socket,
};
use crate::lessons::call::LabRole::{Client, Portolan, Server};
use crate::lessons::call::{Call, Signal, SocketOption};
use crate::lessons::call_error::CallError;
use crate::lessons::lab_endpoint::LabName;
use crate::lessons::lab_view::LabMetric;
use crate::lessons::question::{AnswerFormat, LessonQuestion, correct, incorrect};
use crate::lessons::row_pattern::{ExpectedQueue, established, listener, tcp_row};
use crate::lessons::spec::{Capability, Highlight, Lesson, LessonStep, StepCondition, fact};
use crate::net::socket::TcpState::{CloseWait, FinWait2};
use crate::net::socket::TimerKind;

const fn signal_server(signal: Signal) -> LabAction {
    LabAction::new(Portolan, Call::Kill(Server, signal))
}

/// The lesson.
pub(crate) const LESSON: Lesson = Lesson {
    number: 14,
    title: "ESTABLISHED is a belief",
    idea: "A row is what one end believes; whether the other is alive shows only when somebody speaks.",
    misconceptions: &[
        "ESTABLISHED means that the other side is alive",
        "a program that was killed takes its connections with it at once",
        "a connection that no process has is something bad",
    ],
    prerequisites: &[8, 10],
    roles: &[Server, Client],
    steps: &[
        LessonStep {
            title: "A connection",
            condition: StepCondition::With(Capability::MinTtl),
            actions: &[
                server(socket("m")),
                server(bind("m")).with_port_name("Q"),
                server(listen("m", 16)),
                client(socket("d")),
                client(connect("d", "Q")).with_port_name("D"),
                server(accept("m", "t")),
                server(close("m")),
            ],
            expected_rows: &[
                established("Q", "D").owned_by(&[Server]),
                established("D", "Q").owned_by(&[Client]),
            ],
            highlight: Highlight::State,
            explanation: &[fact(
                "Two rows, the two ends. Each is kept by its own kernel; here both are the same machine's, so that both can be seen.",
                "RFC 9293 §3.3.1",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The client is gone, and the server has not heard of it",
            condition: StepCondition::With(Capability::MinTtl),
            questions: &[LessonQuestion {
                text: "The server's socket is made deaf; then the client throws its end away. How many rows are left?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::Rows,
                    expected: 1,
                    proof: "The server's end believes that all is well: {Q>D}. Of the other end there is {D>Q}.",
                },
                hints: [
                    "The client's end is gone for good.",
                    "It sent a reset. Who heard it?",
                    "Whoever hears nothing changes nothing.",
                ],
            }],
            actions: &[
                server(Call::SetOption(LabName("t"), SocketOption::DropPackets)),
                client(Call::Abort(LabName("d"))),
            ],
            expected_rows: &[established("Q", "D")
                .owned_by(&[Server])
                .with_queues(ExpectedQueue::Exactly(0), ExpectedQueue::Exactly(0))],
            highlight: Highlight::Rows,
            explanation: &[fact(
                "This is a half-open connection: one end is gone, the other does not know it. A cable that was pulled, a machine that lost its power, a firewall that forgot: it looks like this, and without traffic it stays so for ever.",
                "RFC 9293 §3.5.1 (half-open connections)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The server speaks",
            condition: StepCondition::With(Capability::MinTtl),
            questions: &[LessonQuestion {
                text: "The server sends 5 bytes to the one that is gone. What is Send-Q of its row?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::SendQueue(LabName("Q"), LabName("D")),
                    expected: 5,
                    proof: "Sent, and never acknowledged: {Q>D}. It is sent again and again.",
                },
                hints: [
                    "send() only hands the bytes to the kernel.",
                    "Nobody acknowledges them.",
                    "What is not acknowledged stays in Send-Q.",
                ],
            }],
            actions: &[server(Call::Send(LabName("t"), 5))],
            expected_rows: &[established("Q", "D")
                .owned_by(&[Server])
                .with_queues(ExpectedQueue::Exactly(0), ExpectedQueue::Exactly(5))
                .with_timer(TimerKind::Retransmit)],
            highlight: Highlight::Queues,
            explanation: &[fact(
                "send() worked, which says nothing about the other side. But now there is a sign: bytes that nobody acknowledges, and a timer that sends them again.",
                "RFC 9293 §3.8.1; RFC 6298",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "And hears the answer",
            condition: StepCondition::With(Capability::MinTtl),
            questions: &[LessonQuestion {
                text: "The server hears again. What will it hear?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect(
                        "Nothing: there is nobody",
                        "A kernel was there. recv() said {outcome}, and there are {rows} rows.",
                    ),
                    incorrect(
                        "An acknowledgement",
                        "Nobody has the connection any more. recv() said {outcome}; there are {rows} rows.",
                    ),
                    correct(
                        "A reset: there is no such connection",
                        "recv() said {outcome}, and the row is gone: {Q>D}.",
                    ),
                ]),
                hints: [
                    "The bytes are sent again, and arrive.",
                    "The kernel over there looks for these four numbers and does not find them.",
                    "It answers as it did in lesson 1, at a port where nobody listened.",
                ],
            }],
            actions: &[
                server(Call::SetOption(LabName("t"), SocketOption::AcceptPackets)),
                server(Call::Recv(LabName("t"), 100)).failing_with(CallError::ConnectionReset),
                server(close("t")),
            ],
            expected_rows: &[],
            highlight: Highlight::CallResult,
            explanation: &[fact(
                "Speaking is what reveals the truth. That is why long-lived connections send something now and then, or let the kernel do it (SO_KEEPALIVE).",
                "RFC 9293 §3.5.1, §3.8.4; tcp(7) (tcp_keepalive_time)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "A server that stands still",
            questions: &[LessonQuestion {
                text: "A server listens and is stopped (SIGSTOP): it does nothing at all. A client connects and sends 5 bytes. What is Recv-Q of the server's end?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::RecvQueue(LabName("P"), LabName("C")),
                    expected: 5,
                    proof: "The kernel took the call and the bytes: {P>C}. No process has this end. The client believes it is talking to somebody: {C>P}.",
                },
                hints: [
                    "Lesson 8: who answers?",
                    "The kernel does not stand still.",
                    "It keeps what comes until somebody reads it.",
                ],
            }],
            actions: &[
                server(socket("l")),
                server(bind("l")).with_port_name("P"),
                server(listen("l", 16)),
                signal_server(Signal::Stop),
                client(socket("c")),
                client(connect("c", "P")).with_port_name("C"),
                client(Call::Send(LabName("c"), 5)),
            ],
            expected_rows: &[
                listener("P").owned_by(&[Server]).with_recv_queue(1),
                established("P", "C")
                    .unaccepted()
                    .with_queues(ExpectedQueue::Exactly(5), ExpectedQueue::Exactly(0)),
                established("C", "P")
                    .owned_by(&[Client])
                    .with_queues(ExpectedQueue::Exactly(0), ExpectedQueue::Exactly(0)),
            ],
            highlight: Highlight::Owner,
            explanation: &[fact(
                "Connected, sent, acknowledged, and no program has seen anything of it. An acknowledgement comes from a kernel.",
                "listen(2); RFC 9293 §3.8",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "It goes on, and is killed",
            questions: &[LessonQuestion {
                text: "The server goes on, accepts and reads. Then it is killed (SIGKILL): it can say nothing more. In which state is the client's end?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect(
                        "ESTABLISHED: nobody said goodbye",
                        "The kernel said it for the dead process: {C>P}.",
                    ),
                    correct(
                        "CLOSE-WAIT: the kernel said goodbye for it",
                        "The kernel closed what the process had: {C>P}. The server's end has no process: {P>C}.",
                    ),
                    incorrect(
                        "Gone, with the server",
                        "The client's end is the client's: {C>P}.",
                    ),
                ]),
                hints: [
                    "Lesson 13: who closes the descriptors of the dead?",
                    "A descriptor that is closed says goodbye.",
                    "Lesson 10: the state of an end that has heard a goodbye.",
                ],
            }],
            actions: &[
                signal_server(Signal::Continue),
                server(accept("l", "s")),
                server(Call::Recv(LabName("s"), 100)).expecting(ExpectedResult::Bytes(5)),
                signal_server(Signal::Kill),
            ],
            expected_rows: &[
                tcp_row(FinWait2, "P", "C").owned_by_kernel(),
                tcp_row(CloseWait, "C", "P")
                    .owned_by(&[Client])
                    .with_recv_queue(1),
            ],
            highlight: Highlight::State,
            explanation: &[
                fact(
                    "A killed process is tidied up after by its kernel, which closes everything and says goodbye on every connection. It takes a machine that dies, or a way that breaks, to leave a half-open connection.",
                    "_exit(2), close(2); RFC 9293 §3.6",
                ),
                fact(
                    "The server's end is kept by the kernel alone: no process, and nothing wrong with it. It is given up after a minute.",
                    "tcp(7) (tcp_fin_timeout)",
                ),
            ],
            ..LessonStep::DEFAULT
        },
    ],
    explanation: &[fact(
        "Each row is what one kernel knows. TCP does not ask by itself whether the other side is still there. Look at Send-Q and at the timers of a row that seems too quiet.",
        "RFC 9293 §3.5.1, §3.8.4",
    )],
    background: &[
        fact(
            "Keepalive is off unless a program asks for it, and then the first question comes after two hours, unless it was set otherwise.",
            "tcp(7) (SO_KEEPALIVE, tcp_keepalive_time); RFC 9293 §3.8.4",
        ),
        fact(
            "With a proxy between them there are two connections: the server sees the proxy's address and port, never the client's. Each of the two has beliefs of its own.",
            "RFC 9293 §4 (connection)",
        ),
        fact(
            "A router that translates addresses (NAT) changes the numbers on the way. Neither end's table shows that, and if the router forgets, both ends go on believing.",
            "RFC 3022",
        ),
    ],
};
