//! Lesson 9: Recv-Q and Send-Q, two queues with three meanings.

use crate::lessons::action::{
    ExpectedResult, accept, bind, client, connect, listen, server, socket,
};
use crate::lessons::call::LabRole::{Client, Server};
use crate::lessons::call::{Call, SocketOption};
use crate::lessons::lab_endpoint::LabName;
use crate::lessons::lab_view::LabMetric;
use crate::lessons::question::{AnswerFormat, LessonQuestion, correct, incorrect};
use crate::lessons::row_pattern::{ExpectedQueue, RowPattern, established, listener};
use crate::lessons::spec::{Highlight, Lesson, LessonStep, fact};

const EMPTY_QUEUE: ExpectedQueue = ExpectedQueue::Exactly(0);

const fn set_small_buffers(name: &'static str) -> Call {
    Call::SetOption(LabName(name), SocketOption::SmallBuffers)
}

const fn listener_with_queue(connections: u32) -> RowPattern {
    listener("P").owned_by(&[Server]).with_queues(
        ExpectedQueue::Exactly(connections),
        ExpectedQueue::Exactly(16),
    )
}

pub(crate) const LESSON: Lesson = Lesson {
    number: 9,
    title: "Recv-Q and Send-Q: two queues, three meanings",
    idea: "Recv-Q and Send-Q mean one thing for a listener, another for a connection, a third for UDP.",
    misconceptions: &[
        "Recv-Q means the same in every row",
        "a full Send-Q means that the network is slow",
    ],
    prerequisites: &[2, 8],
    roles: &[Server, Client],
    steps: &[
        LessonStep {
            title: "A connection with small buffers",
            actions: &[
                server(socket("l")),
                server(set_small_buffers("l")),
                server(bind("l")).with_port_name("P"),
                server(listen("l", 16)),
                client(socket("c")),
                client(set_small_buffers("c")),
                client(connect("c", "P")).with_port_name("C"),
                server(accept("l", "s")),
            ],
            expected_rows: &[
                listener_with_queue(0),
                established("P", "C")
                    .owned_by(&[Server])
                    .with_queues(EMPTY_QUEUE, EMPTY_QUEUE),
                established("C", "P")
                    .owned_by(&[Client])
                    .with_queues(EMPTY_QUEUE, EMPTY_QUEUE),
            ],
            highlight: Highlight::Queues,
            explanation: &[fact(
                "Everything is read and acknowledged: both queues of both ends are 0. The listener's Send-Q, 16, is its backlog, not data.",
                "ss(8), listen(2)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "Seven bytes, not read yet",
            questions: &[LessonQuestion {
                text: "The client sends 7 bytes, and the server does not read yet. What is Recv-Q of the server's end?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::RecvQueue(LabName("P"), LabName("C")),
                    expected: 7,
                    proof: "Received, and not read: {P>C}. The client's queue is empty, because everything was acknowledged: {C>P}.",
                },
                hints: [
                    "Where are the bytes now?",
                    "The server's kernel has them, the server's program does not.",
                    "Recv-Q counts bytes received and not read.",
                ],
            }],
            actions: &[client(Call::Send(LabName("c"), 7))],
            expected_rows: &[
                listener_with_queue(0),
                established("P", "C")
                    .owned_by(&[Server])
                    .with_queues(ExpectedQueue::Exactly(7), EMPTY_QUEUE),
                established("C", "P")
                    .owned_by(&[Client])
                    .with_queues(EMPTY_QUEUE, EMPTY_QUEUE),
            ],
            highlight: Highlight::Queues,
            explanation: &[fact(
                "Recv-Q of a connection: received by this kernel, not read by this program. The sender is done.",
                "ss(8); RFC 9293 §3.8.6",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The server reads",
            questions: &[LessonQuestion {
                text: "The server calls recv(). What is Recv-Q then?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::RecvQueue(LabName("P"), LabName("C")),
                    expected: 0,
                    proof: "recv(): {outcome}. {P>C}.",
                },
                hints: [
                    "There were 7 bytes.",
                    "recv() takes what is there.",
                    "What has been read leaves the queue.",
                ],
            }],
            actions: &[server(Call::Recv(LabName("s"), 100)).expecting(ExpectedResult::Bytes(7))],
            expected_rows: &[
                listener_with_queue(0),
                established("P", "C")
                    .owned_by(&[Server])
                    .with_queues(EMPTY_QUEUE, EMPTY_QUEUE),
                established("C", "P")
                    .owned_by(&[Client])
                    .with_queues(EMPTY_QUEUE, EMPTY_QUEUE),
            ],
            highlight: Highlight::Queues,
            explanation: &[fact(
                "A queue that returns to 0 is healthy, however often it fills.",
                "recv(2)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "A reader that does not read",
            questions: &[LessonQuestion {
                text: "The client sends until its kernel takes no more; the server does not read. Where does data pile up?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect(
                        "Only in the server's Recv-Q",
                        "There, {P>C}, and then at the sender too: {C>P}.",
                    ),
                    incorrect(
                        "Only in the client's Send-Q",
                        "There, {C>P}, but first at the receiver: {P>C}.",
                    ),
                    correct(
                        "In both: first at the server, then at the client",
                        "The receiver's buffer is full, {P>C}, so the rest waits at the sender: {C>P}.",
                    ),
                ]),
                hints: [
                    "The bytes go as far as they can.",
                    "At some point the receiver's kernel announces: no more room.",
                    "What cannot be sent waits at the sender.",
                ],
            }],
            actions: &[client(Call::FillSendBuffer(LabName("c")))],
            expected_rows: &[
                listener_with_queue(0),
                established("P", "C")
                    .owned_by(&[Server])
                    .with_queues(ExpectedQueue::NonZero, EMPTY_QUEUE),
                established("C", "P")
                    .owned_by(&[Client])
                    .with_queues(EMPTY_QUEUE, ExpectedQueue::NonZero),
            ],
            highlight: Highlight::Queues,
            explanation: &[
                fact(
                    "The receiver tells the sender how much more it has room for (the window); now that is 0. Only the program that does not read can change this.",
                    "RFC 9293 §3.8.6 (window)",
                ),
                fact(
                    "Who is slow? If Recv-Q is full, this program is. If Send-Q does not empty, the peer is: its program, or the network path to it.",
                    "RFC 9293 §3.8.6; ss(8)",
                ),
            ],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "Three more clients",
            questions: &[LessonQuestion {
                text: "Three more clients connect, and the server does not accept them. What is Recv-Q of the listener?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::AcceptQueue(LabName("P")),
                    expected: 3,
                    proof: "Three connections wait to be accepted: {P>}. They are connections, not bytes.",
                },
                hints: [
                    "A listener receives no data.",
                    "What does it receive?",
                    "Lesson 8: what did its Recv-Q count?",
                ],
            }],
            actions: &[
                client(socket("d#")).times(3),
                client(connect("d#", "P")).with_port_name("D#").times(3),
            ],
            expected_rows: &[
                listener_with_queue(3),
                established("P", "C")
                    .owned_by(&[Server])
                    .with_queues(ExpectedQueue::NonZero, EMPTY_QUEUE),
                established("C", "P")
                    .owned_by(&[Client])
                    .with_queues(EMPTY_QUEUE, ExpectedQueue::NonZero),
                established("P", "D#")
                    .unaccepted()
                    .with_queues(EMPTY_QUEUE, EMPTY_QUEUE)
                    .times(3),
                established("D#", "P")
                    .owned_by(&[Client])
                    .with_queues(EMPTY_QUEUE, EMPTY_QUEUE)
                    .times(3),
            ],
            highlight: Highlight::Queues,
            explanation: &[fact(
                "For a listener, Recv-Q is the number of connections waiting to be accepted, and Send-Q is how many may wait. When Recv-Q is greater than Send-Q, the queue is full, and further clients get no reply.",
                "listen(2), ss(8)",
            )],
            ..LessonStep::DEFAULT
        },
    ],
    explanation: &[fact(
        "Read the state before the queues. LISTEN: connections and backlog. A connection: bytes not read here, bytes not acknowledged by the peer. UDP: memory, as in lesson 6.",
        "ss(8); RFC 9293 §3.4",
    )],
    background: &[
        fact(
            "A SYN and a FIN each count as one in Send-Q until they are acknowledged, and an unread FIN counts as one in Recv-Q: they use a sequence number.",
            "RFC 9293 §3.4",
        ),
        fact(
            "While the window is 0, the sender keeps asking whether there is room (zero-window probe). Tools show the timer for that as persist, or probe.",
            "RFC 9293 §3.8.6.1 (zero-window probing)",
        ),
        fact(
            "How much a sender can send before it stops depends on both kernels' buffers. This lesson sets small ones, so that it does not take long.",
            "socket(7) (SO_RCVBUF, SO_SNDBUF)",
        ),
    ],
};
