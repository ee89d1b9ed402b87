//! Lesson 14: ESTABLISHED does not mean alive (half-open connections).

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

pub(crate) const LESSON: Lesson = Lesson {
    number: 14,
    title: "ESTABLISHED does not mean alive (half-open)",
    idea: "A row is what one end knows; whether the peer is alive shows only when an end sends.",
    misconceptions: &[
        "ESTABLISHED means that the peer is alive",
        "a killed program's connections disappear at once",
        "a connection without a process is a problem",
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
                "Two rows, the two ends. Each is kept by its own kernel; here both are on one machine, so both are visible.",
                "RFC 9293 §3.3.1",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The client is gone, and the server does not know",
            condition: StepCondition::With(Capability::MinTtl),
            questions: &[LessonQuestion {
                text: "The server's socket drops every packet it receives; then the client resets its end. How many rows are left?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::Rows,
                    expected: 1,
                    proof: "The server's end does not know: {Q>D}. The client's end: {D>Q}.",
                },
                hints: [
                    "The client's end is gone.",
                    "It sent a reset. Did the server receive it?",
                    "An end that receives nothing does not change.",
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
                "This is a half-open connection: one end is gone, the other does not know it. A pulled cable, a machine without power, a firewall that lost its state: all look like this, and without traffic it stays so for ever.",
                "RFC 9293 §3.5.1 (half-open connections)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The server sends",
            condition: StepCondition::With(Capability::MinTtl),
            questions: &[LessonQuestion {
                text: "The server sends 5 bytes to the peer that is gone. What is Send-Q of its row?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::SendQueue(LabName("Q"), LabName("D")),
                    expected: 5,
                    proof: "Sent, and never acknowledged: {Q>D}. It is sent again and again.",
                },
                hints: [
                    "send() only hands the bytes to the kernel.",
                    "No acknowledgement comes.",
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
                "send() worked, which says nothing about the peer. But now there is a sign: unacknowledged bytes, and a timer that sends them again (retransmit).",
                "RFC 9293 §3.8.1; RFC 6298",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The server receives the reply",
            condition: StepCondition::With(Capability::MinTtl),
            questions: &[LessonQuestion {
                text: "The server stops dropping packets. What will it receive?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect(
                        "Nothing: there is no peer",
                        "A kernel was there. recv(): {outcome}. There are {rows} rows.",
                    ),
                    incorrect(
                        "An acknowledgement",
                        "Neither kernel has the connection any more. recv(): {outcome}. There are {rows} rows.",
                    ),
                    correct(
                        "A reset: there is no such connection",
                        "recv(): {outcome}. The row is gone: {Q>D}.",
                    ),
                ]),
                hints: [
                    "The bytes are sent again, and arrive.",
                    "The peer's kernel looks for these four numbers and does not find them.",
                    "It answers as in lesson 1, for a port without a listener.",
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
                "Only sending shows whether the peer is alive. That is why long-lived connections send something now and then, or let the kernel do it (SO_KEEPALIVE).",
                "RFC 9293 §3.5.1, §3.8.4; tcp(7) (tcp_keepalive_time)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "A stopped server",
            questions: &[LessonQuestion {
                text: "A server listens and is stopped (SIGSTOP): it does nothing at all. A client connects and sends 5 bytes. What is Recv-Q of the server's end?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::RecvQueue(LabName("P"), LabName("C")),
                    expected: 5,
                    proof: "The kernel took the connection and the bytes: {P>C}. No process has this end. The client's end is ESTABLISHED: {C>P}.",
                },
                hints: [
                    "Lesson 8: what answers?",
                    "The kernel is not stopped.",
                    "It keeps what arrives until a program reads it.",
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
                "Connected, sent, acknowledged, and no program has seen any of it. Acknowledgements come from the kernel.",
                "listen(2); RFC 9293 §3.8",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The server continues, and is killed",
            questions: &[LessonQuestion {
                text: "The server continues, accepts and reads. Then it is killed (SIGKILL): it can send nothing more. In which state is the client's end?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect(
                        "ESTABLISHED: no FIN was sent",
                        "The kernel sent a FIN for the killed process: {C>P}.",
                    ),
                    correct(
                        "CLOSE-WAIT: the kernel sent the FIN for it",
                        "The kernel closed what the process had: {C>P}. The server's end has no process: {P>C}.",
                    ),
                    incorrect(
                        "Gone, together with the server",
                        "The client's end belongs to the client: {C>P}.",
                    ),
                ]),
                hints: [
                    "Lesson 13: what closes the descriptors of a killed process?",
                    "Closing the descriptor sends a FIN.",
                    "Lesson 10: the state of an end that has received a FIN.",
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
                    "The kernel cleans up after a killed process: it closes everything and sends a FIN on every connection. Only a machine that fails, or a broken network path, leaves a half-open connection.",
                    "_exit(2), close(2); RFC 9293 §3.6",
                ),
                fact(
                    "The kernel alone keeps the server's end: it has no process, and nothing is wrong with it. It is removed after a minute.",
                    "tcp(7) (tcp_fin_timeout)",
                ),
            ],
            ..LessonStep::DEFAULT
        },
    ],
    explanation: &[fact(
        "Each row is what one kernel knows. TCP does not check by itself whether the peer is still there. Look at Send-Q and at the timers of a row that seems too quiet.",
        "RFC 9293 §3.5.1, §3.8.4",
    )],
    background: &[
        fact(
            "Keepalive is off unless a program enables it, and then the first probe is sent after two hours, unless set otherwise.",
            "tcp(7) (SO_KEEPALIVE, tcp_keepalive_time); RFC 9293 §3.8.4",
        ),
        fact(
            "With a proxy in between there are two connections: the server sees the proxy's address and port, never the client's. Each can be half-open on its own.",
            "RFC 9293 §4 (connection)",
        ),
        fact(
            "A router that translates addresses (NAT) changes the numbers on the way. Neither end's table shows that, and if the router loses its state, both ends stay ESTABLISHED.",
            "RFC 3022",
        ),
    ],
};
