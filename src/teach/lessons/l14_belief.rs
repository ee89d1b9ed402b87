//! Lesson 14: ESTABLISHED is a belief.

use crate::socket::TcpState::{CloseWait, FinWait2};
use crate::socket::TimerKind;
use crate::teach::lessons::call::Actor::{Client, Portolan, Server};
use crate::teach::lessons::call::{Call, Setting, Signal};
use crate::teach::lessons::deed::{
    Deed, Outcome, accept, bind, client, close, connect, listen, server, socket,
};
use crate::teach::lessons::lesson::{Ability, Lesson, LookAt, Shown, Step, fact};
use crate::teach::lessons::pattern::{Amount, listener, open, row};
use crate::teach::lessons::place::Name;
use crate::teach::lessons::question::{Form, Question, right, wrong};
use crate::teach::lessons::refusal::Refusal;
use crate::teach::lessons::scene::Measure;

const fn signal(signal: Signal) -> Deed {
    Deed::new(Portolan, Call::Kill(Server, signal))
}

/// The lesson.
pub(super) const LESSON: Lesson = Lesson {
    number: 14,
    title: "ESTABLISHED is a belief",
    idea: "A row is what one end believes; whether the other is alive shows only when somebody speaks.",
    dispels: &[
        "ESTABLISHED means that the other side is alive",
        "a program that was killed takes its connections with it at once",
        "a connection that no process has is something bad",
    ],
    after: &[8, 10],
    actors: &[Server, Client],
    steps: &[
        Step {
            title: "A connection",
            shown: Shown::With(Ability::Deafness),
            deeds: &[
                server(socket("m")),
                server(bind("m")).naming("Q"),
                server(listen("m", 16)),
                client(socket("d")),
                client(connect("d", "Q")).naming("D"),
                server(accept("m", "t")),
                server(close("m")),
            ],
            rows: &[open("Q", "D").of(&[Server]), open("D", "Q").of(&[Client])],
            look_at: LookAt::State,
            explanation: &[fact(
                "Two rows, the two ends. Each is kept by its own kernel; here both are the same machine's, so that both can be seen.",
                "RFC 9293 §3.3.1",
            )],
            ..Step::PLAIN
        },
        Step {
            title: "The client is gone, and the server has not heard of it",
            shown: Shown::With(Ability::Deafness),
            questions: &[Question {
                text: "The server's socket is made deaf; then the client throws its end away. How many rows are left?",
                form: Form::Number {
                    measure: Measure::Rows,
                    right: 1,
                    proof: "The server's end believes that all is well: {Q>D}. Of the other end there is {D>Q}.",
                },
                hints: [
                    "The client's end is gone for good.",
                    "It sent a reset. Who heard it?",
                    "Whoever hears nothing changes nothing.",
                ],
            }],
            deeds: &[
                server(Call::Set(Name("t"), Setting::Deaf)),
                client(Call::Abort(Name("d"))),
            ],
            rows: &[open("Q", "D")
                .of(&[Server])
                .queues(Amount::Exactly(0), Amount::Exactly(0))],
            look_at: LookAt::Rows,
            explanation: &[fact(
                "This is a half-open connection: one end is gone, the other does not know it. A cable that was pulled, a machine that lost its power, a firewall that forgot: it looks like this, and without traffic it stays so for ever.",
                "RFC 9293 §3.5.1 (half-open connections)",
            )],
            ..Step::PLAIN
        },
        Step {
            title: "The server speaks",
            shown: Shown::With(Ability::Deafness),
            questions: &[Question {
                text: "The server sends 5 bytes to the one that is gone. What is Send-Q of its row?",
                form: Form::Number {
                    measure: Measure::Sent(Name("Q"), Name("D")),
                    right: 5,
                    proof: "Sent, and never acknowledged: {Q>D}. It is sent again and again.",
                },
                hints: [
                    "send() only hands the bytes to the kernel.",
                    "Nobody acknowledges them.",
                    "What is not acknowledged stays in Send-Q.",
                ],
            }],
            deeds: &[server(Call::Send(Name("t"), 5))],
            rows: &[open("Q", "D")
                .of(&[Server])
                .queues(Amount::Exactly(0), Amount::Exactly(5))
                .timer(TimerKind::Retransmit)],
            look_at: LookAt::Queues,
            explanation: &[fact(
                "send() worked, which says nothing about the other side. But now there is a sign: bytes that nobody acknowledges, and a timer that sends them again.",
                "RFC 9293 §3.8.1; RFC 6298",
            )],
            ..Step::PLAIN
        },
        Step {
            title: "And hears the answer",
            shown: Shown::With(Ability::Deafness),
            questions: &[Question {
                text: "The server hears again. What will it hear?",
                form: Form::Choices(&[
                    wrong(
                        "Nothing: there is nobody",
                        "A kernel was there. recv() said {outcome}, and there are {rows} rows.",
                    ),
                    wrong(
                        "An acknowledgement",
                        "Nobody has the connection any more. recv() said {outcome}; there are {rows} rows.",
                    ),
                    right(
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
            deeds: &[
                server(Call::Set(Name("t"), Setting::Hearing)),
                server(Call::Receive(Name("t"), 100)).fails(Refusal::ConnectionReset),
                server(close("t")),
            ],
            rows: &[],
            look_at: LookAt::Outcome,
            explanation: &[fact(
                "Speaking is what reveals the truth. That is why long-lived connections send something now and then, or let the kernel do it (SO_KEEPALIVE).",
                "RFC 9293 §3.5.1, §3.8.4; tcp(7) (tcp_keepalive_time)",
            )],
            ..Step::PLAIN
        },
        Step {
            title: "A server that stands still",
            questions: &[Question {
                text: "A server listens and is stopped (SIGSTOP): it does nothing at all. A client connects and sends 5 bytes. What is Recv-Q of the server's end?",
                form: Form::Number {
                    measure: Measure::Received(Name("P"), Name("C")),
                    right: 5,
                    proof: "The kernel took the call and the bytes: {P>C}. No process has this end. The client believes it is talking to somebody: {C>P}.",
                },
                hints: [
                    "Lesson 8: who answers?",
                    "The kernel does not stand still.",
                    "It keeps what comes until somebody reads it.",
                ],
            }],
            deeds: &[
                server(socket("l")),
                server(bind("l")).naming("P"),
                server(listen("l", 16)),
                signal(Signal::Stop),
                client(socket("c")),
                client(connect("c", "P")).naming("C"),
                client(Call::Send(Name("c"), 5)),
            ],
            rows: &[
                listener("P").of(&[Server]).received(1),
                open("P", "C")
                    .unaccepted()
                    .queues(Amount::Exactly(5), Amount::Exactly(0)),
                open("C", "P")
                    .of(&[Client])
                    .queues(Amount::Exactly(0), Amount::Exactly(0)),
            ],
            look_at: LookAt::Owner,
            explanation: &[fact(
                "Connected, sent, acknowledged, and no program has seen anything of it. An acknowledgement comes from a kernel.",
                "listen(2); RFC 9293 §3.8",
            )],
            ..Step::PLAIN
        },
        Step {
            title: "It goes on, and is killed",
            questions: &[Question {
                text: "The server goes on, accepts and reads. Then it is killed (SIGKILL): it can say nothing more. In which state is the client's end?",
                form: Form::Choices(&[
                    wrong(
                        "ESTABLISHED: nobody said goodbye",
                        "The kernel said it for the dead process: {C>P}.",
                    ),
                    right(
                        "CLOSE-WAIT: the kernel said goodbye for it",
                        "The kernel closed what the process had: {C>P}. The server's end has no process: {P>C}.",
                    ),
                    wrong(
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
            deeds: &[
                signal(Signal::Continue),
                server(accept("l", "s")),
                server(Call::Receive(Name("s"), 100)).that(Outcome::Gives(5)),
                signal(Signal::Kill),
            ],
            rows: &[
                row(FinWait2, "P", "C").kept_by_kernel(),
                row(CloseWait, "C", "P").of(&[Client]).received(1),
            ],
            look_at: LookAt::State,
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
            ..Step::PLAIN
        },
    ],
    explanation: &[fact(
        "Each row is what one kernel knows. TCP does not ask by itself whether the other side is still there. Look at Send-Q and at the timers of a row that seems too quiet.",
        "RFC 9293 §3.5.1, §3.8.4",
    )],
    why: &[
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
