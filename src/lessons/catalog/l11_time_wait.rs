//! Lesson 11: TIME-WAIT and "Address already in use".

use crate::lessons::action::{accept, bind, client, close, connect, listen, server, socket};
use crate::lessons::call::LabRole::{Client, Server};
use crate::lessons::call::{Call, SocketOption};
use crate::lessons::call_error::CallError;
use crate::lessons::lab_endpoint::{LOOPBACK_V4, LabEndpoint, LabName};
use crate::lessons::lab_view::LabMetric;
use crate::lessons::question::{AnswerFormat, LessonQuestion, correct, incorrect};
use crate::lessons::row_pattern::{RowPattern, established, listener, tcp_row};
use crate::lessons::spec::{Highlight, Lesson, LessonStep, fact};
use crate::net::socket::TcpState::{Listen, TimeWait};

const fn rebind(name: &'static str, port: &'static str) -> Call {
    Call::Bind(
        LabName(name),
        LabEndpoint::with_named_port(LOOPBACK_V4, port),
    )
}

const fn set_reuse_addr(name: &'static str) -> Call {
    Call::SetOption(LabName(name), SocketOption::ReuseAddr)
}

const fn poll(name: &'static str) -> Call {
    Call::Poll(LabName(name))
}

const fn time_wait_row(local: &'static str, remote: &'static str) -> RowPattern {
    tcp_row(TimeWait, local, remote).owned_by_kernel()
}

/// The lesson.
pub(crate) const LESSON: Lesson = Lesson {
    number: 11,
    title: "TIME-WAIT and \"Address already in use\"",
    idea: "Who closes first keeps the connection's name for a minute, so that stragglers cannot hit a new one.",
    misconceptions: &[
        "TIME-WAIT is an error, or a leak",
        "a process holds the TIME-WAIT row",
        "SO_REUSEADDR on the restarted server is always enough",
    ],
    prerequisites: &[10],
    roles: &[Server, Client],
    steps: &[
        LessonStep {
            title: "A server with one client",
            actions: &[
                server(socket("l")),
                server(bind("l")).with_port_name("P"),
                server(listen("l", 16)),
                client(socket("c")),
                client(connect("c", "P")).with_port_name("C"),
                server(accept("l", "s")),
            ],
            expected_rows: &[
                listener("P").owned_by(&[Server]),
                established("P", "C").owned_by(&[Server]),
                established("C", "P").owned_by(&[Client]),
            ],
            highlight: Highlight::Rows,
            explanation: &[fact(
                "A listener and one connection at port {P}.",
                "listen(2), accept(2)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The server closes first, and stops",
            questions: &[LessonQuestion {
                text: "The server closes the connection, then the client does; then the server closes its listener, too. Which end is still in the table?",
                answer_format: AnswerFormat::Choices(&[
                    correct(
                        "The server's: it closed first",
                        "It is remembered at the server's end: {P>C}. Of the client's end there is {C>P}.",
                    ),
                    incorrect(
                        "The client's",
                        "Of the client's end there is {C>P}. The server closed first: {P>C}.",
                    ),
                    incorrect("Neither", "There is {P>C}."),
                    incorrect("Both", "Only {P>C}. Of the client's end there is {C>P}."),
                ]),
                hints: [
                    "Lesson 10 ended with such a row.",
                    "The last acknowledgement is sent by the one that closed first.",
                    "If it is lost, the other side says goodbye again; somebody must be there to answer.",
                ],
            }],
            actions: &[
                server(close("s")),
                client(poll("c")),
                client(close("c")),
                server(close("l")),
            ],
            expected_rows: &[time_wait_row("P", "C")],
            highlight: Highlight::Owner,
            explanation: &[
                fact(
                    "TIME-WAIT stands at the end that closed first. No process has it: it is the kernel's memory, a few bytes for a minute.",
                    "RFC 9293 §3.3.2, §3.6",
                ),
                fact(
                    "It keeps late packets of this connection from being taken for a new one's, and answers if the last goodbye has to be repeated.",
                    "RFC 9293 §3.6; RFC 1337",
                ),
            ],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The server starts again, and again with SO_REUSEADDR",
            questions: &[LessonQuestion {
                text: "The server wants port {P} again. It tries bind() once plainly, and once with SO_REUSEADDR. Which works?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect(
                        "Both: nobody listens there",
                        "Both said {outcome}. There is still {P>C}.",
                    ),
                    incorrect(
                        "The one with SO_REUSEADDR",
                        "That one, too, said {outcome}: the row that is in the way, {P>C}, is of a socket without the option.",
                    ),
                    correct(
                        "Neither",
                        "Both said {outcome}. In the way is {P>C}, and the socket it came from had no SO_REUSEADDR.",
                    ),
                ]),
                hints: [
                    "The port is in the table.",
                    "SO_REUSEADDR is an agreement.",
                    "An agreement takes two. The old listener was without.",
                ],
            }],
            actions: &[
                server(socket("m")),
                server(rebind("m", "P")).failing_with(CallError::AddrInUse),
                server(close("m")),
                server(socket("n")),
                server(set_reuse_addr("n")),
                server(rebind("n", "P")).failing_with(CallError::AddrInUse),
                server(close("n")),
            ],
            expected_rows: &[time_wait_row("P", "C")],
            highlight: Highlight::CallResult,
            explanation: &[fact(
                "This is the well-known \"Address already in use\". Linux asks both: the socket that wants the port and the one that has it. TIME-WAIT inherits the option from the listener it came from, and this one had none.",
                "socket(7) (SO_REUSEADDR); seen on Linux 6.18",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The same, with SO_REUSEADDR from the beginning",
            questions: &[LessonQuestion {
                text: "A new server sets SO_REUSEADDR on its listener from the start. It closes first, stops, and starts again, first without the option, then with it. How many listeners will there be?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::RowsInState(Listen),
                    expected: 1,
                    proof: "Without the option it failed once more, with it bind() worked: {Q>}, beside {Q>D}.",
                },
                hints: [
                    "The two tries differ in one option.",
                    "Now the old one had the option.",
                    "Both must have it: one of the two tries fulfils that.",
                ],
            }],
            actions: &[
                server(socket("o")),
                server(set_reuse_addr("o")),
                server(bind("o")).with_port_name("Q"),
                server(listen("o", 16)),
                client(socket("d")),
                client(connect("d", "Q")).with_port_name("D"),
                server(accept("o", "t")),
                server(close("t")),
                client(poll("d")),
                client(close("d")),
                server(close("o")),
                server(socket("p")),
                server(rebind("p", "Q")).failing_with(CallError::AddrInUse),
                server(close("p")),
                server(socket("q")),
                server(set_reuse_addr("q")),
                server(rebind("q", "Q")),
                server(listen("q", 16)),
            ],
            expected_rows: &[
                time_wait_row("P", "C"),
                time_wait_row("Q", "D"),
                listener("Q").owned_by(&[Server]),
            ],
            highlight: Highlight::LocalPort,
            explanation: &[
                fact(
                    "Old with, new with: it works, and a listener stands beside the TIME-WAIT row. Nothing is mixed up: a packet of the old connection has four numbers that only the old row has.",
                    "socket(7) (SO_REUSEADDR)",
                ),
                fact(
                    "So a server sets SO_REUSEADDR always, not only when it is restarted. It does not let two servers listen at one port: that is another option, in lesson 13.",
                    "socket(7) (SO_REUSEADDR, SO_REUSEPORT)",
                ),
            ],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "If the client closes first",
            questions: &[LessonQuestion {
                text: "Once more without any option, but this time the client closes first. Can the server have its port again at once?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect(
                        "No: there is a TIME-WAIT row as well",
                        "There is, but with the client's port as its local one: {E>R}. The server listens again: {R>}.",
                    ),
                    correct(
                        "Yes: the TIME-WAIT row is the client's",
                        "Its local port is the client's: {E>R}. And the server listens again: {R>}.",
                    ),
                ]),
                hints: [
                    "TIME-WAIT stands at the end that closed first.",
                    "bind() looks at local ports only.",
                    "What is the local port of that row?",
                ],
            }],
            actions: &[
                server(socket("u")),
                server(bind("u")).with_port_name("R"),
                server(listen("u", 16)),
                client(socket("e")),
                client(connect("e", "R")).with_port_name("E"),
                server(accept("u", "v")),
                client(close("e")),
                server(poll("v")),
                server(close("v")),
                server(close("u")),
                server(socket("w")),
                server(rebind("w", "R")),
                server(listen("w", 16)),
            ],
            expected_rows: &[
                time_wait_row("P", "C"),
                time_wait_row("Q", "D"),
                listener("Q").owned_by(&[Server]),
                time_wait_row("E", "R"),
                listener("R").owned_by(&[Server]),
            ],
            highlight: Highlight::LocalPort,
            explanation: &[fact(
                "The row is at the client, where an ephemeral port more or less does not matter. A protocol in which clients close first spares its servers this.",
                "RFC 9293 §3.6",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "Thrown away instead of closed",
            questions: &[LessonQuestion {
                text: "A client throws its connection away: it closes with SO_LINGER 1, 0. How many rows of this connection are left?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::ConnectionsWithPort(LabName("F")),
                    expected: 0,
                    proof: "Of the client's end there is {F>R}, of the server's {R>F}. The server's recv() said {outcome}.",
                },
                hints: [
                    "This is no goodbye. It is a slammed door: a reset.",
                    "Nobody waits for an answer to a reset.",
                    "The other end's connection is gone in the same moment.",
                ],
            }],
            actions: &[
                client(socket("f")),
                client(connect("f", "R")).with_port_name("F"),
                server(accept("w", "x")),
                client(Call::Abort(LabName("f"))),
                server(Call::Recv(LabName("x"), 100)).failing_with(CallError::ConnectionReset),
            ],
            expected_rows: &[
                time_wait_row("P", "C"),
                time_wait_row("Q", "D"),
                listener("Q").owned_by(&[Server]),
                time_wait_row("E", "R"),
                listener("R").owned_by(&[Server]),
            ],
            highlight: Highlight::CallResult,
            explanation: &[fact(
                "A reset leaves nothing, at neither end, and what was under way is lost: the other side learns of it as an error. It is no cure for TIME-WAIT. This program ends its labs this way.",
                "RFC 9293 §3.10.5 (ABORT); socket(7) (SO_LINGER)",
            )],
            ..LessonStep::DEFAULT
        },
    ],
    explanation: &[fact(
        "TIME-WAIT is the memory of a connection that ended well. It costs next to nothing, goes after a minute, and belongs to nobody. It is in the way of a restarted server, unless old and new have both set SO_REUSEADDR; and of a client that dials one destination so often that its ports run out.",
        "RFC 9293 §3.6; socket(7)",
    )],
    background: &[
        fact(
            "The standard lets TIME-WAIT last for twice the longest life of a segment, and gives two minutes for that. Linux keeps it for 60 seconds, and no setting changes that.",
            "RFC 9293 §3.4.2 (MSL), §3.6; include/net/tcp.h (TCP_TIMEWAIT_LEN)",
        ),
        fact(
            "The setting tcp_fin_timeout is often named for it, and is about something else: how long an owner-less FIN-WAIT-2 is kept.",
            "ip-sysctl, tcp_fin_timeout",
        ),
        fact(
            "A connection that survives a closed listener is in the way in the same manner: an ESTABLISHED row at port {P} would have refused the restart as well.",
            "socket(7) (SO_REUSEADDR); seen on Linux 6.18",
        ),
        fact(
            "Rust's TcpListener and many other libraries set SO_REUSEADDR by themselves, so that their users rarely see this error.",
            "Rust, std::net::TcpListener (source)",
        ),
    ],
};
