//! Lesson 12: rare states on demand.

use crate::socket::TcpState::{Closing, FinWait1, FinWait2, LastAck, Listen, SynSent, TimeWait};
use crate::teach::lessons::call::Actor::{Client, Server};
use crate::teach::lessons::call::{Call, Patience, Setting};
use crate::teach::lessons::deed::{
    Outcome, accept, bind, client, close, connect, listen, server, socket,
};
use crate::teach::lessons::lesson::{Ability, Claim, Lesson, LookAt, Shown, Step, fact};
use crate::teach::lessons::pattern::{Amount, Pattern, open, row};
use crate::teach::lessons::place::{HERE, Name, Place};
use crate::teach::lessons::question::{Form, Question, right, wrong};
use crate::teach::lessons::scene::Measure;

const fn small(name: &'static str) -> Call {
    Call::Set(Name(name), Setting::SmallBuffers)
}

const fn begin(name: &'static str, port: &'static str) -> Call {
    Call::Connect(Name(name), Place::named(HERE, port), Patience::Begins)
}

const fn remembered(local: &'static str, remote: &'static str) -> Pattern {
    row(TimeWait, local, remote).kept_by_kernel()
}

const BOTH_CLOSED: [Pattern; 2] = [remembered("C", "P"), remembered("P", "C")];

/// The lesson.
pub(super) const LESSON: Lesson = Lesson {
    number: 12,
    title: "Rare states on demand",
    idea: "Every state of TCP is real; most are only too short to be seen.",
    dispels: &[
        "FIN-WAIT-1, CLOSING and LAST-ACK never happen",
        "one end is always the server",
        "a connection has two sockets",
    ],
    after: &[10, 11],
    actors: &[Server, Client],
    steps: &[
        Step {
            title: "A goodbye that is stuck behind data",
            questions: &[Question {
                text: "The client fills the server's buffers, which nobody reads, and then says goodbye. In which state is the client's end?",
                form: Form::Choices(&[
                    wrong(
                        "FIN-WAIT-2, as in lesson 10",
                        "The server has not heard the goodbye: it waits behind the data: {C>P}.",
                    ),
                    right(
                        "FIN-WAIT-1: the goodbye has not arrived",
                        "It stands behind data that finds no room: {C>P}. The server knows of nothing: {P>C}.",
                    ),
                    wrong(
                        "ESTABLISHED: it cannot say goodbye now",
                        "It has called shutdown(), and the state says so: {C>P}.",
                    ),
                ]),
                hints: [
                    "A FIN comes in its turn, after all data.",
                    "The data before it cannot be delivered.",
                    "FIN-WAIT-1: my FIN is not acknowledged yet.",
                ],
            }],
            deeds: &[
                server(socket("l")),
                server(small("l")),
                server(bind("l")).naming("P"),
                server(listen("l", 16)),
                client(socket("c")),
                client(small("c")),
                client(connect("c", "P")).naming("C"),
                server(accept("l", "s")),
                server(close("l")),
                client(Call::Fill(Name("c"))),
                client(Call::Shutdown(Name("c"))),
            ],
            rows: &[
                row(FinWait1, "C", "P")
                    .of(&[Client])
                    .queues(Amount::Exactly(0), Amount::Some),
                open("P", "C")
                    .of(&[Server])
                    .queues(Amount::Some, Amount::Exactly(0)),
            ],
            look_at: LookAt::State,
            explanation: &[fact(
                "Usually FIN-WAIT-1 lasts as long as a packet goes there and back. Here it stays, because the window is closed: a full buffer is a way of stopping time.",
                "RFC 9293 §3.3.2, §3.8.6",
            )],
            ..Step::PLAIN
        },
        Step {
            title: "Both say goodbye",
            questions: &[Question {
                text: "Now the server says goodbye, too, without having heard the client's. In which state is the client's end?",
                form: Form::Choices(&[
                    right(
                        "CLOSING: both said it, mine is not acknowledged",
                        "It heard the other's FIN before its own, which still waits behind the data, was acknowledged: {C>P}. The server's end: {P>C}.",
                    ),
                    wrong(
                        "CLOSE-WAIT",
                        "That is for an end that has not said goodbye. This one has: {C>P}.",
                    ),
                    wrong(
                        "TIME-WAIT: it is over",
                        "Its own goodbye is not acknowledged yet: {C>P}.",
                    ),
                ]),
                hints: [
                    "There is a state for: both at the same time.",
                    "It is neither over nor waiting for its own program.",
                    "Its name is a verb.",
                ],
            }],
            deeds: &[server(Call::Shutdown(Name("s")))],
            rows: &[
                row(Closing, "C", "P").of(&[Client]),
                row(FinWait2, "P", "C").of(&[Server]),
            ],
            look_at: LookAt::State,
            explanation: &[fact(
                "CLOSING is the state of two ends that close at once. It is so rare because each goodbye is usually answered before the other side thinks of its own.",
                "RFC 9293 §3.6 (simultaneous close), §3.3.2",
            )],
            ..Step::PLAIN
        },
        Step {
            title: "The jam is cleared",
            questions: &[Question {
                text: "The server reads everything, so that all arrives. How many ends of this connection will be in TIME-WAIT?",
                form: Form::Number {
                    measure: Measure::InState(TimeWait),
                    right: 2,
                    proof: "Each had said goodbye before it had the other's, so that each is the first in its own eyes, and both remember: {C>P}, and {P>C}.",
                },
                hints: [
                    "TIME-WAIT is for the end that closed first.",
                    "Who closed first, as each of them sees it?",
                    "Each said goodbye before it heard the other's.",
                ],
            }],
            deeds: &[server(Call::Drain(Name("s"))).that(Outcome::EndOfFile)],
            rows: &BOTH_CLOSED,
            look_at: LookAt::State,
            explanation: &[fact(
                "After a simultaneous close both ends wait.",
                "RFC 9293 §3.6",
            )],
            ..Step::PLAIN
        },
        Step {
            title: "The last word is missing",
            questions: &[Question {
                text: "A new connection: the client says goodbye, the server fills the client's buffers and says goodbye, too. In which state is the server's end?",
                form: Form::Choices(&[
                    wrong("CLOSE-WAIT", "It was, until it said goodbye itself: {Q>D}."),
                    wrong(
                        "CLOSING",
                        "It knew of the client's goodbye before it said its own: {Q>D}.",
                    ),
                    right(
                        "LAST-ACK: only the last acknowledgement is missing",
                        "It closed second, and its goodbye waits behind data: {Q>D}. The client's end: {D>Q}.",
                    ),
                ]),
                hints: [
                    "First the client: so the server's end was in CLOSE-WAIT.",
                    "From there, close() leads to one state only.",
                    "It waits for the last acknowledgement of all.",
                ],
            }],
            deeds: &[
                server(socket("m")),
                server(small("m")),
                server(bind("m")).naming("Q"),
                server(listen("m", 16)),
                client(socket("d")),
                client(small("d")),
                client(connect("d", "Q")).naming("D"),
                server(accept("m", "t")),
                server(close("m")),
                client(Call::Shutdown(Name("d"))),
                server(Call::Poll(Name("t"))),
                server(Call::Fill(Name("t"))),
                server(Call::Shutdown(Name("t"))),
            ],
            rows: &[
                BOTH_CLOSED[0],
                BOTH_CLOSED[1],
                row(LastAck, "Q", "D").of(&[Server]),
                row(FinWait2, "D", "Q").of(&[Client]),
            ],
            look_at: LookAt::State,
            explanation: &[fact(
                "LAST-ACK is the end of the one that closes second. When the acknowledgement comes, its row is gone at once.",
                "RFC 9293 §3.3.2, §3.6",
            )],
            ..Step::PLAIN
        },
        Step {
            title: "And comes",
            deeds: &[client(Call::Drain(Name("d"))).that(Outcome::EndOfFile)],
            rows: &[BOTH_CLOSED[0], BOTH_CLOSED[1], remembered("D", "Q")],
            look_at: LookAt::State,
            explanation: &[fact(
                "The client read everything, its kernel acknowledged the goodbye, and of the server's end there is {Q>D}.",
                "RFC 9293 §3.6",
            )],
            ..Step::PLAIN
        },
        Step {
            title: "A socket that dials itself",
            questions: &[Question {
                text: "A socket is bound to a port and connects to the same port. How many rows does this connection have?",
                form: Form::Number {
                    measure: Measure::RowsAt(Name("Z")),
                    right: 1,
                    proof: "One socket, both ends of one connection: {Z>Z}.",
                },
                hints: [
                    "Who is at the other end?",
                    "A row is a socket. How many sockets are there?",
                    "What it sends, it receives.",
                ],
            }],
            deeds: &[
                client(socket("z")),
                client(bind("z")).naming("Z"),
                client(connect("z", "Z")),
            ],
            rows: &[
                BOTH_CLOSED[0],
                BOTH_CLOSED[1],
                remembered("D", "Q"),
                open("Z", "Z").of(&[Client]),
            ],
            look_at: LookAt::Rows,
            explanation: &[fact(
                "The SYN came back to its sender, which had just sent a SYN itself. The standard has a rule for two that dial each other, and here the two are one.",
                "RFC 9293 §3.5 (simultaneous initiation)",
            )],
            ..Step::PLAIN
        },
        Step {
            title: "Two that dial each other",
            shown: Shown::With(Ability::Deafness),
            questions: &[Question {
                text: "Two sockets are bound, and each dials the other's port; nobody listens. Both are deaf, so that nothing is heard yet. How many rows will be in SYN-SENT?",
                form: Form::Number {
                    measure: Measure::InState(SynSent),
                    right: 2,
                    proof: "Both have dialled: {A>B}, {B>A}. If they were not deaf, the first SYN would have met a port where nobody listens.",
                },
                hints: [
                    "Each of them has sent a SYN.",
                    "Neither has heard anything.",
                    "Each has a row.",
                ],
            }],
            deeds: &[
                client(Call::Abort(Name("z"))),
                client(socket("a")),
                client(bind("a")).naming("A"),
                server(socket("b")),
                server(bind("b")).naming("B"),
                client(Call::Set(Name("a"), Setting::Deaf)),
                server(Call::Set(Name("b"), Setting::Deaf)),
                client(begin("a", "B")).that(Outcome::Begun),
                server(begin("b", "A")).that(Outcome::Begun),
            ],
            rows: &[
                BOTH_CLOSED[0],
                BOTH_CLOSED[1],
                remembered("D", "Q"),
                row(SynSent, "A", "B").of(&[Client]),
                row(SynSent, "B", "A").of(&[Server]),
            ],
            look_at: LookAt::State,
            explanation: &[fact(
                "No listener anywhere. Deafness holds the moment at which the two SYNs are under way.",
                "RFC 9293 §3.5 (simultaneous initiation)",
            )],
            ..Step::PLAIN
        },
        Step {
            title: "They hear each other",
            shown: Shown::With(Ability::Deafness),
            questions: &[Question {
                text: "Both hear again. Which of the two is the server?",
                form: Form::Choices(&[
                    wrong(
                        "lab-server, of course",
                        "That is only its name. It dialled, as the other did: {B>A}.",
                    ),
                    wrong(
                        "The one that heard the other first",
                        "TCP does not care: both dialled, both are ESTABLISHED: {A>B}, {B>A}.",
                    ),
                    right(
                        "Neither",
                        "Both dialled, nobody listened, and it is one connection: {A>B}, {B>A}.",
                    ),
                ]),
                hints: [
                    "What makes a server? It listens.",
                    "Is there a LISTEN row?",
                    "TCP treats both ends alike as soon as they are connected.",
                ],
            }],
            deeds: &[
                client(Call::Set(Name("a"), Setting::Hearing)),
                server(Call::Set(Name("b"), Setting::Hearing)),
            ],
            rows: &[
                BOTH_CLOSED[0],
                BOTH_CLOSED[1],
                remembered("D", "Q"),
                open("A", "B").of(&[Client]),
                open("B", "A").of(&[Server]),
            ],
            claims: &[Claim {
                measure: Measure::InState(Listen),
                is: 0,
                what: "listeners",
            }],
            look_at: LookAt::State,
            explanation: &[fact(
                "A simultaneous open. Every TCP must be able to do this. Client and server are parts that programs play; the connection itself is symmetric.",
                "RFC 9293 §3.5 (MUST-10)",
            )],
        },
    ],
    explanation: &[fact(
        "With lessons 8 and 10, these are all the states that TCP has; CLOSED, the last one, is no row at all. The rare ones are short on a fast way; over a slow or broken one they last, and then it is good to know whose word is missing.",
        "RFC 9293 §3.3.2",
    )],
    why: &[
        fact(
            "FIN-WAIT-1 waits for the acknowledgement of the own FIN; CLOSING for the same, when the other FIN is here already; LAST-ACK for the same, when the other FIN was first.",
            "RFC 9293 §3.3.2",
        ),
        fact(
            "A self-connection can happen by accident: a client that tries a port in the ephemeral range again and again may at last be given that very port for its own end.",
            "RFC 9293 §3.5; RFC 6056",
        ),
    ],
};
