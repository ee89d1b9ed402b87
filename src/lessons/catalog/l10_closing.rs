//! Lesson 10: goodbye, half at a time; and the leak.

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

/// The lesson.
pub(crate) const LESSON: Lesson = Lesson {
    number: 10,
    title: "Goodbye, half at a time; and the leak",
    idea: "Each end closes its own direction, and the second goodbye is the other program's duty.",
    misconceptions: &[
        "one end closes, and the connection is closed",
        "CLOSE-WAIT is the network's fault, or the other side's",
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
                "Both ends are ESTABLISHED. The listener is closed, to have less to look at.",
                "RFC 9293 §3.3.2",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The client says goodbye",
            questions: &[LessonQuestion {
                text: "The client calls shutdown(SHUT_WR): it has no more to say. What is the state of the server's end?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect(
                        "ESTABLISHED, as before",
                        "The kernel has taken note of the goodbye: {P>C}.",
                    ),
                    correct(
                        "CLOSE-WAIT: it knows, and may go on talking",
                        "It waits for its own program to close: {P>C}. The other end knows that it was heard: {C>P}.",
                    ),
                    incorrect(
                        "Gone: the connection is closed",
                        "It is there: {P>C}. One direction is closed, not both.",
                    ),
                ]),
                hints: [
                    "Only one of the two has said that it is done.",
                    "There is a state for: the other has finished, I have not.",
                    "Its name says who is waited for: CLOSE-WAIT waits for our own close().",
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
                    "The goodbye is a FIN. The client's end waits in FIN-WAIT-2: its FIN was acknowledged, the other one has not come. The server's end is in CLOSE-WAIT.",
                    "RFC 9293 §3.3.2, §3.6",
                ),
                fact(
                    "Recv-Q of the server's end is 1 and yet no byte was sent: a FIN takes a place in the sequence, and the program has not read it.",
                    "RFC 9293 §3.4",
                ),
            ],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The server reads the end",
            questions: &[LessonQuestion {
                text: "The server calls recv() and gets 0, the end. What does Recv-Q of its CLOSE-WAIT row come to?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::RecvQueue(LabName("P"), LabName("C")),
                    expected: 0,
                    proof: "The end was read, so that nothing waits: {P>C}. The state is the same, because the program has not closed.",
                },
                hints: [
                    "It was 1 for the FIN.",
                    "Whatever was read is not in the queue any more.",
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
                "A useful difference: CLOSE-WAIT with 1 in Recv-Q means the program has not even noticed. With 0 it has read the end, and still holds on.",
                "RFC 9293 §3.4; recv(2)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The server goes on talking",
            questions: &[LessonQuestion {
                text: "The client is done. Can the server still send it something?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect(
                        "No: the connection is closed",
                        "The server sent 5 bytes and the client read them. Both rows are there: {P>C}, {C>P}.",
                    ),
                    correct(
                        "Yes: its own direction is open",
                        "The client read 5 bytes. But its own send() says {outcome}.",
                    ),
                ]),
                hints: [
                    "shutdown(SHUT_WR) closes one direction. Which one?",
                    "The client said it would not send any more, not that it would not listen.",
                    "FIN-WAIT-2 waits for something of the other side.",
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
            title: "The server says goodbye, too",
            questions: &[LessonQuestion {
                text: "The server closes. How many rows are left of this connection?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::Rows,
                    expected: 1,
                    proof: "The end that closed first is remembered for a minute: {C>P}. The other end is gone at once.",
                },
                hints: [
                    "Both have said goodbye now.",
                    "One of the two ends keeps something in mind for a while.",
                    "It is the one that closed first.",
                ],
            }],
            actions: &[server(close("s"))],
            expected_rows: &[tcp_row(TimeWait, "C", "P").owned_by_kernel()],
            highlight: Highlight::Owner,
            explanation: &[fact(
                "TIME-WAIT, at the end that closed first, and no process has it, although the client still holds its descriptor. Lesson 11 is about this row.",
                "RFC 9293 §3.6, §3.3.2",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The leak: five clients come and go",
            questions: &[LessonQuestion {
                text: "Five clients connect, are accepted, and close. The server never closes. How many rows will be in CLOSE-WAIT?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::RowsInState(CloseWait),
                    expected: 5,
                    proof: "One for each client, and the server has them all: {Q>D1}, and so on.",
                },
                hints: [
                    "It is the same as before, five times.",
                    "Each of the clients has said goodbye.",
                    "The server has said it to none.",
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
                    "The clients are done: their ends have no owner, and the kernel forgets them after a minute.",
                    "tcp(7) (tcp_fin_timeout)",
                ),
                fact(
                    "The server's ends have an owner, and no timer. They stay for hours or days, until the program closes them or ends. This is what a leak of connections looks like, and the owner column says whose it is.",
                    "RFC 9293 §3.3.2 (CLOSE-WAIT)",
                ),
            ],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "What frees them",
            questions: &[LessonQuestion {
                text: "What makes the five CLOSE-WAIT rows go away?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect(
                        "Waiting",
                        "They had no timer. They went when the server closed: where the server's end of the first was, there is {Q>D1}.",
                    ),
                    incorrect(
                        "The clients, by closing once more",
                        "The clients had closed already. The server's close() did it: of its end of the first there is {Q>D1}.",
                    ),
                    correct(
                        "The server, by closing its descriptors",
                        "The server closed its five descriptors. Of its end of the first connection there is {Q>D1}.",
                    ),
                ]),
                hints: [
                    "Who has them? Look at the owner.",
                    "Who has not said goodbye?",
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
                "Five close() calls that were missing. What is left are five TIME-WAIT rows of the clients, which closed first.",
                "close(2), RFC 9293 §3.6",
            )],
            ..LessonStep::DEFAULT
        },
    ],
    explanation: &[fact(
        "A connection is two one-way streams, and each ends by itself. FIN-WAIT-2 waits for the other program; CLOSE-WAIT waits for one's own. Many CLOSE-WAIT rows of one process are an error in that program, and no setting of the kernel mends it.",
        "RFC 9293 §3.6",
    )],
    background: &[
        fact(
            "Closing says: I have no more data to send. The end that closes may go on receiving until it is told that the other side has closed, too.",
            "RFC 9293 §3.6",
        ),
        fact(
            "close() without shutdown() also says FIN, but nobody can read what comes afterwards: bytes that still come are answered by a reset.",
            "RFC 9293 §3.6.1",
        ),
        fact(
            "That an owner-less FIN-WAIT-2 is given up after a minute is Linux's own rule. tcp(7) says itself that it is a violation of the standard, made so that such rows cannot pile up.",
            "tcp(7) (tcp_fin_timeout)",
        ),
    ],
};
