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

pub(crate) const LESSON: Lesson = Lesson {
    number: 11,
    title: "TIME-WAIT and \"Address already in use\"",
    idea: "The end that closes first keeps the connection's four numbers for a minute, so that late packets cannot reach a new one.",
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
                "A listener and one connection on port {P}.",
                "listen(2), accept(2)",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The server closes first, and stops",
            questions: &[LessonQuestion {
                text: "The server closes the connection, then the client does; then the server closes its listener too. Which end is still in the table?",
                answer_format: AnswerFormat::Choices(&[
                    correct(
                        "The server's: it closed first",
                        "The server's end is kept: {P>C}. The client's end: {C>P}.",
                    ),
                    incorrect(
                        "The client's",
                        "The client's end: {C>P}. The server closed first: {P>C}.",
                    ),
                    incorrect("Neither", "The server's end is there: {P>C}."),
                    incorrect("Both", "Only {P>C}. The client's end: {C>P}."),
                ]),
                hints: [
                    "Lesson 10 ended with such a row.",
                    "The end that closed first sends the last acknowledgement.",
                    "If it is lost, the peer repeats its FIN, and something must be there to answer.",
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
                    "TIME-WAIT is at the end that closed first (active close). No process has it: the kernel keeps a few bytes for a minute.",
                    "RFC 9293 §3.3.2, §3.6",
                ),
                fact(
                    "It keeps late packets of this connection from reaching a new one, and answers if the peer repeats its FIN.",
                    "RFC 9293 §3.6; RFC 1337",
                ),
            ],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The server restarts, without and with SO_REUSEADDR",
            questions: &[LessonQuestion {
                text: "The server wants port {P} again. It tries bind() once without any option, and once with SO_REUSEADDR. Which works?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect(
                        "Both: there is no listener",
                        "Both failed: {outcome}. There is still {P>C}.",
                    ),
                    incorrect(
                        "The one with SO_REUSEADDR",
                        "That one failed too: {outcome}. The row that conflicts, {P>C}, comes from a socket without the option.",
                    ),
                    correct(
                        "Neither",
                        "Both failed: {outcome}. They conflict with {P>C}, whose socket did not have SO_REUSEADDR.",
                    ),
                ]),
                hints: [
                    "The port is in the table.",
                    "SO_REUSEADDR must be set on both sockets.",
                    "The old listener did not have it.",
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
                "This is the well-known \"Address already in use\". Linux checks both: the socket that wants the port and the one that has it. TIME-WAIT inherits the option from its listener, and this one did not have it.",
                "socket(7) (SO_REUSEADDR); seen on Linux 6.18",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "The same, with SO_REUSEADDR from the start",
            questions: &[LessonQuestion {
                text: "A new server sets SO_REUSEADDR on its listener from the start. It closes first, stops, and starts again, first without the option, then with it. How many listeners will there be?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::RowsInState(Listen),
                    expected: 1,
                    proof: "Without the option it failed again; with it bind() worked: {Q>}, next to {Q>D}.",
                },
                hints: [
                    "The two attempts differ in one option.",
                    "Now the old socket had the option.",
                    "Both must have it: true for one of the two attempts.",
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
                    "Old and new both have the option: it works, and a listener appears next to the TIME-WAIT row. Nothing is mixed up: a packet of the old connection has four numbers that only the old row has.",
                    "socket(7) (SO_REUSEADDR)",
                ),
                fact(
                    "So a server should always set SO_REUSEADDR, not only when it restarts. It does not let two servers listen on one port: that is another option, in lesson 13.",
                    "socket(7) (SO_REUSEADDR, SO_REUSEPORT)",
                ),
            ],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "If the client closes first",
            questions: &[LessonQuestion {
                text: "Again without any option, but now the client closes first. Can the server bind its port again at once?",
                answer_format: AnswerFormat::Choices(&[
                    incorrect(
                        "No: there is a TIME-WAIT row as well",
                        "There is, but its local port is the client's: {E>R}. The server listens again: {R>}.",
                    ),
                    correct(
                        "Yes: the TIME-WAIT row is the client's",
                        "Its local port is the client's: {E>R}. And the server listens again: {R>}.",
                    ),
                ]),
                hints: [
                    "TIME-WAIT is at the end that closed first.",
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
                "The row is at the client, where one ephemeral port more or less does not matter. A protocol in which clients close first saves its servers this problem.",
                "RFC 9293 §3.6",
            )],
            ..LessonStep::DEFAULT
        },
        LessonStep {
            title: "Reset instead of closed (RST)",
            questions: &[LessonQuestion {
                text: "A client resets its connection: it closes with SO_LINGER 1, 0. How many rows of this connection are left?",
                answer_format: AnswerFormat::Number {
                    metric: LabMetric::ConnectionsWithPort(LabName("F")),
                    expected: 0,
                    proof: "The client's end: {F>R}. The server's: {R>F}. The server's recv() failed: {outcome}.",
                },
                hints: [
                    "This sends no FIN but a reset (RST).",
                    "A reset gets no reply.",
                    "The peer's connection is gone at the same moment.",
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
                "A reset leaves nothing at either end, and data in transit is lost: the peer sees it as an error. It is not a cure for TIME-WAIT. This program ends its labs this way.",
                "RFC 9293 §3.10.5 (ABORT); socket(7) (SO_LINGER)",
            )],
            ..LessonStep::DEFAULT
        },
    ],
    explanation: &[fact(
        "TIME-WAIT is the record of a connection that closed normally. It costs almost nothing, goes after a minute, and has no process. It blocks a restarted server, unless old and new both set SO_REUSEADDR; and a client that connects to one destination so often that its ports run out.",
        "RFC 9293 §3.6; socket(7)",
    )],
    background: &[
        fact(
            "The standard lets TIME-WAIT last twice the maximum segment lifetime (MSL), and sets that to two minutes. Linux keeps it for 60 seconds, and no setting changes that.",
            "RFC 9293 §3.4.2 (MSL), §3.6; include/net/tcp.h (TCP_TIMEWAIT_LEN)",
        ),
        fact(
            "The setting tcp_fin_timeout is often mentioned for it, but controls something else: how long a FIN-WAIT-2 without an owner is kept.",
            "ip-sysctl, tcp_fin_timeout",
        ),
        fact(
            "A connection that outlives its listener blocks the port in the same way: an ESTABLISHED row on port {P} would also have refused the restart.",
            "socket(7) (SO_REUSEADDR); seen on Linux 6.18",
        ),
        fact(
            "Rust's TcpListener and many other libraries set SO_REUSEADDR by default, so their users rarely see this error.",
            "Rust, std::net::TcpListener (source)",
        ),
    ],
};
