//! Lesson 10: half-close, and the CLOSE-WAIT leak.

use crate::lessons::action::{
    ExpectedResult, accept, bind, client, close, connect, listen, server, socket,
};
use crate::lessons::call::Call;
use crate::lessons::call::LabRole::{Client, Server};
use crate::lessons::call_error::CallError;
use crate::lessons::lab_endpoint::LabName;
use crate::lessons::lab_view::LabMetric;
use crate::lessons::question::{AnswerFormat, LessonQuestion, correct, incorrect};
use crate::lessons::row_pattern::{established, listener, tcp_row};
use crate::lessons::spec::{ExpectedCount, Highlight, Lesson, LessonStep, fact};
use crate::net::socket::TcpState::{CloseWait, FinWait2, TimeWait};

pub(crate) const LESSON: Lesson = Lesson {
    number: 10,
    title: "Half-close, and the CLOSE-WAIT leak",
    idea: "Each end closes its own direction with a FIN; the second FIN is up to the other program.",
    misconceptions: &[
        "when one end closes, the connection is closed",
        "CLOSE-WAIT is the fault of the network or of the peer",
        "CLOSE-WAIT goes away by itself",
    ],
    prerequisites: &[2, 8],
    roles: &[Server, Client],
    steps: &[
        LessonStep {
            title: "A connection",
            actions: &[
                server(socket("l")),
                server(bind("l")).with_port_name("P"),
                server(listen("l", 16)),
                client(socket("c")),
                client(connect("c", "P")).with_port_name("C"),
                server(accept("l", "s")),
                server(close("l")),
            ],
            expected_rows: &[
                established("P", "C").owned_by(&[Server]),
                established("C", "P").owned_by(&[Client]),
            ],
            highlight: Highlight::State,
            explanation: &[fact(
                "Both ends are ESTABLISHED. The listener is closed, so there is less to look at.",
                "RFC 9293 §3.3.2",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The client closes its direction",
            questions: &[LessonQuestion {
                text: "The client calls shutdown(SHUT_WR): it will send no more. What is the state of the server's end?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect(
                        "ESTABLISHED, as before",
                        "The kernel has received the FIN: {P>C}.",
                    ),
                    correct(
                        "CLOSE-WAIT: it has the FIN, and may still send",
                        "It waits for its own program to close: {P>C}. The client's FIN was acknowledged: {C>P}.",
                    ),
                    incorrect(
                        "Gone: the connection is closed",
                        "It is still there: {P>C}. One direction is closed, not both.",
                    ),
                ]),
                hints: [
                    "Only one of the two has finished.",
                    "There is a state for: the peer has finished, I have not.",
                    "The name says what it waits for: its own program's close().",
                ],
            }],
            actions: &[client(Call::Shutdown(LabName("c")))],
            expected_rows: &[
                tcp_row(CloseWait, "P", "C")
                    .owned_by(&[Server])
                    .with_recv_queue(1),
                tcp_row(FinWait2, "C", "P")
                    .owned_by(&[Client])
                    .with_recv_queue(0),
            ],
            highlight: Highlight::State,
            explanation: &[
                fact(
                    "shutdown() sent a FIN. The client's end waits in FIN-WAIT-2: its FIN was acknowledged, the server's has not come. The server's end is in CLOSE-WAIT.",
                    "RFC 9293 §3.3.2, §3.6",
                ),
                fact(
                    "Recv-Q of the server's end is 1, although no byte was sent: a FIN uses a sequence number, and the program has not read it.",
                    "RFC 9293 §3.4",
                ),
            ],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The server reads the end of file",
            questions: &[LessonQuestion {
                text: "The server calls recv() and gets 0, end of file. What is Recv-Q of its CLOSE-WAIT row?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::RecvQueue(LabName("P"), LabName("C")),
                    expected: 0,
                    proof: "The FIN was read, so nothing waits: {P>C}. The state is the same, because the program has not closed.",
                },
                hints: [
                    "It was 1, for the FIN.",
                    "What has been read leaves the queue.",
                    "Nothing else was sent.",
                ],
            }],
            actions: &[server(Call::Recv(LabName("s"), 100)).expecting(ExpectedResult::EndOfFile)],
            expected_rows: &[
                tcp_row(CloseWait, "P", "C")
                    .owned_by(&[Server])
                    .with_recv_queue(0),
                tcp_row(FinWait2, "C", "P")
                    .owned_by(&[Client])
                    .with_recv_queue(0),
            ],
            highlight: Highlight::Queues,
            explanation: &[fact(
                "A useful difference: CLOSE-WAIT with 1 in Recv-Q means the program has not read the FIN. With 0 it has, and still keeps the socket open.",
                "RFC 9293 §3.4; recv(2)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The server keeps sending",
            questions: &[LessonQuestion {
                text: "The client has finished. Can the server still send to it?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect(
                        "No: the connection is closed",
                        "The server sent 5 bytes and the client read them. Both rows are there: {P>C}, {C>P}.",
                    ),
                    correct(
                        "Yes: its own direction is open",
                        "The client read 5 bytes. But the client's own send() failed: {outcome}.",
                    ),
                ]),
                hints: [
                    "shutdown(SHUT_WR) closes one direction. Which one?",
                    "The client will not send any more, but it can still receive.",
                    "FIN-WAIT-2 waits for the peer.",
                ],
            }],
            actions: &[
                server(Call::Send(LabName("s"), 5)),
                client(Call::Recv(LabName("c"), 100)).expecting(ExpectedResult::Bytes(5)),
                client(Call::Send(LabName("c"), 5)).failing_with(CallError::BrokenPipe),
            ],
            expected_rows: &[
                tcp_row(CloseWait, "P", "C")
                    .owned_by(&[Server])
                    .with_recv_queue(0),
                tcp_row(FinWait2, "C", "P")
                    .owned_by(&[Client])
                    .with_recv_queue(0),
            ],
            highlight: Highlight::CallResult,
            explanation: &[fact(
                "This is a half-closed connection: one direction is finished, the other works. The client's own send() fails with EPIPE.",
                "RFC 9293 §3.6.1; send(2)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The server closes too",
            questions: &[LessonQuestion {
                text: "The server closes. How many rows are left of this connection?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::Rows,
                    expected: 1,
                    proof: "The end that closed first stays for a minute: {C>P}. The other end is gone at once.",
                },
                hints: [
                    "Both have sent a FIN now.",
                    "One of the two ends is kept for a while.",
                    "It is the one that closed first.",
                ],
            }],
            actions: &[server(close("s"))],
            expected_rows: &[tcp_row(TimeWait, "C", "P").owned_by_kernel()],
            highlight: Highlight::Owner,
            explanation: &[fact(
                "TIME-WAIT, at the end that closed first. No process has it, although the client still holds its descriptor. Lesson 11 is about this row.",
                "RFC 9293 §3.6, §3.3.2",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The leak: five clients connect and close",
            questions: &[LessonQuestion {
                text: "Five clients connect, are accepted, and close. The server never closes. How many rows will be in CLOSE-WAIT?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::RowsInState(CloseWait),
                    expected: 5,
                    proof: "One for each client, and the server has them all: {Q>D1}, and so on.",
                },
                hints: [
                    "It is the same as before, five times.",
                    "Each client has sent a FIN.",
                    "The server has sent none.",
                ],
            }],
            actions: &[
                server(socket("m")),
                server(bind("m")).with_port_name("Q"),
                server(listen("m", 16)),
                client(socket("d#")).times(5),
                client(connect("d#", "Q")).with_port_name("D#").times(5),
                server(accept("m", "t#")).times(5),
                client(close("d#")).times(5),
            ],
            expected_rows: &[
                tcp_row(TimeWait, "C", "P").owned_by_kernel(),
                listener("Q").owned_by(&[Server]).with_recv_queue(0),
                tcp_row(CloseWait, "Q", "D#")
                    .owned_by(&[Server])
                    .with_recv_queue(1)
                    .times(5),
                tcp_row(FinWait2, "D#", "Q").owned_by_kernel().times(5),
            ],
            expected_counts: &[ExpectedCount {
                metric: LabMetric::RowsInState(FinWait2),
                expected: 5,
                label: "rows in FIN-WAIT-2",
            }],
            highlight: Highlight::Owner,
            explanation: &[
                fact(
                    "The clients are done: their ends have no owner, and the kernel removes them after a minute.",
                    "tcp(7) (tcp_fin_timeout)",
                ),
                fact(
                    "The server's ends have an owner, and no timer. They stay for hours or days, until the program closes them or ends. This is a connection leak, and the owner column shows which program it is.",
                    "RFC 9293 §3.3.2 (CLOSE-WAIT)",
                ),
            ],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "What removes them",
            questions: &[LessonQuestion {
                text: "What makes the five CLOSE-WAIT rows go away?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect(
                        "Waiting",
                        "They had no timer. They went when the server closed. The server's end of the first: {Q>D1}.",
                    ),
                    incorrect(
                        "The clients, by closing again",
                        "The clients had already closed. The server's close() did it. The server's end of the first: {Q>D1}.",
                    ),
                    correct(
                        "The server, by closing its descriptors",
                        "The server closed its five descriptors. The server's end of the first: {Q>D1}.",
                    ),
                ]),
                hints: [
                    "Who has them? Look at the owner.",
                    "Who has not sent a FIN?",
                    "CLOSE-WAIT: waiting for close().",
                ],
            }],
            actions: &[server(close("t#")).times(5)],
            expected_rows: &[
                tcp_row(TimeWait, "C", "P").owned_by_kernel(),
                listener("Q").owned_by(&[Server]).with_recv_queue(0),
                tcp_row(TimeWait, "D#", "Q").owned_by_kernel().times(5),
            ],
            highlight: Highlight::State,
            explanation: &[fact(
                "Five missing close() calls. What is left are five TIME-WAIT rows of the clients, which closed first.",
                "close(2), RFC 9293 §3.6",
            )],
            ..LessonStep::DEFAULT
        },
    ],
    explanation: &[fact(
        "A connection is two one-way streams, and each ends separately. FIN-WAIT-2 waits for the peer's program; CLOSE-WAIT waits for the local one. Many CLOSE-WAIT rows of one process are a bug in that program, and no kernel setting fixes it.",
        "RFC 9293 §3.6",
    )],
    background: &[
        fact(
            "Closing means: I have no more data to send. The end that closes may continue to receive until the peer has closed too.",
            "RFC 9293 §3.6",
        ),
        fact(
            "close() without shutdown() also sends a FIN, but no program can read what arrives afterwards: data that still arrives is answered with a reset.",
            "RFC 9293 §3.6.1",
        ),
        fact(
            "Linux drops a FIN-WAIT-2 without an owner after a minute; this is its own rule. tcp(7) itself says that it violates the standard; it keeps such rows from piling up.",
            "tcp(7) (tcp_fin_timeout)",
        ),
    ],
};
