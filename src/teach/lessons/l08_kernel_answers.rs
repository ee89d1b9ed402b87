//! Lesson 8: the kernel answers before the program does.

use crate::socket::TcpState::{Established, SynReceived, SynSent};
use crate::teach::lessons::call::Actor::{Client, Server};
use crate::teach::lessons::call::{Call, Patience, Setting};
use crate::teach::lessons::deed::{
    Deed, Outcome, accept, bind, client, connect, listen, server, socket,
};
use crate::teach::lessons::lesson::{Ability, Claim, Lesson, LookAt, Shown, Step, fact};
use crate::teach::lessons::pattern::{Amount, listener, open, row};
use crate::teach::lessons::place::{HERE, Name, Place};
use crate::teach::lessons::question::{Form, Question, right, wrong};
use crate::teach::lessons::scene::Measure;

/// Everything of the first half is thrown away, so that there is less to look at.
const CLEAR: [Deed; 4] = [
    server(Call::Abort(Name("s"))),
    server(Call::Abort(Name("l"))),
    client(Call::Abort(Name("c1"))),
    client(Call::Abort(Name("c2"))),
];

const fn begin(name: &'static str, port: &'static str) -> Call {
    Call::Connect(Name(name), Place::named(HERE, port), Patience::Begins)
}

/// The lesson.
pub(super) const LESSON: Lesson = Lesson {
    number: 8,
    title: "The kernel answers before your program",
    idea: "The kernel shakes hands with the caller; accept() only collects what is finished.",
    dispels: &[
        "a connection exists when the server has accepted it",
        "a server that is stuck cannot be connected to",
        "SYN-SENT means that the address is wrong",
    ],
    after: &[2],
    actors: &[Server, Client],
    steps: &[
        Step {
            title: "A listener with room for one",
            deeds: &[
                server(socket("l")),
                server(bind("l")).naming("P"),
                server(listen("l", 0)),
            ],
            rows: &[listener("P")
                .of(&[Server])
                .queues(Amount::Exactly(0), Amount::Exactly(0))],
            look_at: LookAt::Queues,
            explanation: &[fact(
                "listen(l, 0) asks for the smallest queue. On Linux a queue holds one more than was asked for: one caller.",
                "listen(2); seen on Linux 6.18",
            )],
            ..Step::PLAIN
        },
        Step {
            title: "A client connects; the server does nothing",
            questions: &[
                Question {
                    text: "The server never calls accept(). What comes of the client's connect()?",
                    form: Form::Choices(&[
                        right(
                            "It works: the client is connected",
                            "connect() said {outcome}, and the client's row says so: {C1>P}.",
                        ),
                        wrong(
                            "It waits until the server accepts",
                            "connect() said {outcome} at once. The client's row: {C1>P}.",
                        ),
                        wrong(
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
                Question {
                    text: "How many rows will there be that no process has?",
                    form: Form::Number {
                        measure: Measure::Ownerless,
                        right: 1,
                        proof: "The server's end of the connection is there, and no process has a descriptor for it: {P>C1}.",
                    },
                    hints: [
                        "The connection has two ends.",
                        "A process has a socket when it has a descriptor for it.",
                        "accept() would make the descriptor for the server's end.",
                    ],
                },
            ],
            deeds: &[
                client(socket("c1")),
                client(connect("c1", "P")).naming("C1"),
            ],
            rows: &[
                listener("P")
                    .of(&[Server])
                    .queues(Amount::Exactly(1), Amount::Exactly(0)),
                open("P", "C1").unaccepted(),
                open("C1", "P").of(&[Client]),
            ],
            look_at: LookAt::Owner,
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
            ..Step::PLAIN
        },
        Step {
            title: "A second client",
            questions: &[Question {
                text: "The queue is full. A second client dials. In which state is its end?",
                form: Form::Choices(&[
                    wrong(
                        "ESTABLISHED, as the first",
                        "It has no answer yet: {C2>P}. The listener's queue is full: {P>}.",
                    ),
                    wrong(
                        "None: it is refused",
                        "It is not refused, it is not answered: {C2>P}.",
                    ),
                    right(
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
            deeds: &[
                client(socket("c2")),
                client(begin("c2", "P")).naming("C2").that(Outcome::Begun),
            ],
            rows: &[
                listener("P")
                    .of(&[Server])
                    .queues(Amount::Exactly(1), Amount::Exactly(0)),
                open("P", "C1").unaccepted(),
                open("C1", "P").of(&[Client]),
                row(SynSent, "C2", "P")
                    .of(&[Client])
                    .queues(Amount::Exactly(0), Amount::Exactly(1)),
            ],
            look_at: LookAt::State,
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
            ..Step::PLAIN
        },
        Step {
            title: "The server accepts once",
            questions: &[Question {
                text: "Now the server accepts one connection. How many connections will be waiting for it a few seconds later?",
                form: Form::Number {
                    measure: Measure::Waiting(Name("P")),
                    right: 1,
                    proof: "The first was taken out, and the second, whose SYN was sent again, came in: {P>}, {P>C2}.",
                },
                hints: [
                    "One place is free again.",
                    "The second client has not given up: it sends its SYN again and again.",
                    "One goes out, one comes in.",
                ],
            }],
            deeds: &[server(accept("l", "s"))],
            rows: &[
                listener("P")
                    .of(&[Server])
                    .queues(Amount::Exactly(1), Amount::Exactly(0)),
                open("P", "C1").of(&[Server]),
                open("C1", "P").of(&[Client]),
                open("P", "C2").unaccepted(),
                open("C2", "P").of(&[Client]),
            ],
            claims: &[Claim {
                measure: Measure::Connections,
                is: 2,
                what: "connections",
            }],
            look_at: LookAt::State,
            explanation: &[fact(
                "It took a second or more: a SYN is sent again after about one second, then after two, four, eight. A slow connect() that is never refused is the sign of a full queue.",
                "tcp(7) (tcp_syn_retries); RFC 6298",
            )],
            ..Step::PLAIN
        },
        Step {
            title: "A handshake that stops in the middle",
            shown: Shown::With(Ability::Deafness),
            questions: &[Question {
                text: "A new client is made deaf: what comes to it is dropped. It dials. In which state is the server's end?",
                form: Form::Choices(&[
                    wrong(
                        "There is none: the client is deaf",
                        "The server heard the client's SYN; only the client does not hear the answer: {Q>D}.",
                    ),
                    wrong(
                        "ESTABLISHED: the kernel accepts everything",
                        "The last word of the handshake is missing: {Q>D}.",
                    ),
                    right(
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
            deeds: &[
                CLEAR[0],
                CLEAR[1],
                CLEAR[2],
                CLEAR[3],
                server(socket("m")),
                server(bind("m")).naming("Q"),
                server(listen("m", 16)),
                client(socket("d")),
                client(Call::Set(Name("d"), Setting::Deaf)),
                client(begin("d", "Q")).naming("D").that(Outcome::Begun),
            ],
            rows: &[
                listener("Q").of(&[Server]).received(0),
                row(SynSent, "D", "Q").of(&[Client]),
                row(SynReceived, "Q", "D").unaccepted(),
            ],
            look_at: LookAt::State,
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
            ..Step::PLAIN
        },
        Step {
            title: "The client hears again",
            shown: Shown::With(Ability::Deafness),
            questions: &[Question {
                text: "The client hears again. How many rows will be ESTABLISHED a moment later?",
                form: Form::Number {
                    measure: Measure::InState(Established),
                    right: 2,
                    proof: "Two rows are ESTABLISHED: the two ends of one connection: {D>Q}; {Q>D}.",
                },
                hints: [
                    "Whatever is not answered is sent again.",
                    "The handshake goes on where it stood.",
                    "One connection has two ends.",
                ],
            }],
            deeds: &[client(Call::Set(Name("d"), Setting::Hearing))],
            rows: &[
                listener("Q").of(&[Server]).received(1),
                open("D", "Q").of(&[Client]),
                open("Q", "D").unaccepted(),
            ],
            look_at: LookAt::State,
            explanation: &[fact(
                "The answer was sent again, heard this time, and both ends are ESTABLISHED. The listener counts the connection now: it is finished.",
                "RFC 9293 §3.5, §3.8.1",
            )],
            ..Step::PLAIN
        },
        Step {
            title: "A handshake that waits for data",
            shown: Shown::Without(Ability::Deafness),
            questions: &[Question {
                text: "This listener takes a caller for connected only when its first data comes (TCP_DEFER_ACCEPT). A client connects and says nothing. In which state is the server's end?",
                form: Form::Choices(&[
                    wrong("ESTABLISHED, as the client's", "It waits for data: {Q>D}."),
                    right(
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
            deeds: &[
                CLEAR[0],
                CLEAR[1],
                CLEAR[2],
                CLEAR[3],
                server(socket("m")),
                server(bind("m")).naming("Q"),
                server(Call::Set(Name("m"), Setting::DeferAccept)),
                server(listen("m", 16)),
                client(socket("d")),
                client(connect("d", "Q")).naming("D"),
            ],
            rows: &[
                listener("Q").of(&[Server]).received(0),
                open("D", "Q").of(&[Client]),
                row(SynReceived, "Q", "D").unaccepted(),
            ],
            look_at: LookAt::State,
            explanation: &[fact(
                "The client believes that it is connected, the server does not yet.",
                "tcp(7) (TCP_DEFER_ACCEPT)",
            )],
            ..Step::PLAIN
        },
    ],
    explanation: &[fact(
        "Dialling, answering and queueing are done by the kernels. A program that is busy, stopped or badly written still has callers who are connected, up to the length of its queue; the ones after that hear nothing.",
        "listen(2), accept(2)",
    )],
    why: &[
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
