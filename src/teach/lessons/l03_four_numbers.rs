//! Lesson 3: four numbers name a connection.

use crate::teach::lessons::call::Actor::{Client, Server};
use crate::teach::lessons::call::{Call, Setting};
use crate::teach::lessons::deed::{bind, client, connect, listen, server, socket};
use crate::teach::lessons::lesson::{Claim, Lesson, LookAt, Step, fact};
use crate::teach::lessons::pattern::{Amount, Pattern, listener, open};
use crate::teach::lessons::place::{Name, Place, here};
use crate::teach::lessons::question::{Form, Question, right, wrong};
use crate::teach::lessons::refusal::Refusal;
use crate::teach::lessons::scene::Measure;

const BACKLOG: Amount = Amount::Exactly(16);

const fn waiting(port: &'static str, connections: u32) -> Pattern {
    listener(port)
        .of(&[Server])
        .queues(Amount::Exactly(connections), BACKLOG)
}

const fn bind_x(name: &'static str, n: u8) -> Call {
    Call::Bind(Name(name), Place::named(here(n), "X"))
}

const fn reuse(name: &'static str) -> Call {
    Call::Set(Name(name), Setting::ReuseAddress)
}

/// The lesson.
pub(super) const LESSON: Lesson = Lesson {
    number: 3,
    title: "Four numbers name a connection",
    idea: "A connection is named by two addresses and two ports; it is enough that one of the four differs.",
    dispels: &[
        "my browser uses my port 80",
        "a client's port can be used for one connection only",
        "a machine can have 65,535 connections at most",
    ],
    after: &[2],
    actors: &[Server, Client],
    steps: &[
        Step {
            title: "A server listens at two ports",
            deeds: &[
                server(socket("l1")),
                server(bind("l1")).naming("P1"),
                server(listen("l1", 16)),
                server(socket("l2")),
                server(bind("l2")).naming("P2"),
                server(listen("l2", 16)),
            ],
            rows: &[waiting("P1", 0), waiting("P2", 0)],
            look_at: LookAt::LocalPort,
            explanation: &[fact(
                "One process, two listeners, two ports: {P1} and {P2}.",
                "listen(2)",
            )],
            ..Step::PLAIN
        },
        Step {
            title: "A client dials the first",
            questions: &[Question {
                text: "A client connects to port {P1}. Which port does the client's own end have?",
                form: Form::Choices(&[
                    wrong(
                        "{P1}, the same as the server's",
                        "The client's row says otherwise: {X>P1}. Its own port stands on the left.",
                    ),
                    right(
                        "Another one, of its own",
                        "In the client's row its own port stands on the left, the server's on the right: {X>P1}.",
                    ),
                    wrong(
                        "None: only servers have ports",
                        "Both ends of a connection have a port. The client's is {X}: {X>P1}.",
                    ),
                ]),
                hints: [
                    "The server's answers have to find their way back.",
                    "A packet has a source port and a destination port.",
                    "Look at the left end of the client's row.",
                ],
            }],
            deeds: &[
                client(socket("a")),
                client(reuse("a")),
                client(bind("a")).naming("X"),
                client(connect("a", "P1")),
            ],
            rows: &[
                waiting("P1", 1),
                waiting("P2", 0),
                open("X", "P1").of(&[Client]),
                open("P1", "X").unaccepted(),
            ],
            look_at: LookAt::LocalPort,
            explanation: &[
                fact(
                    "The client's end has port {X}. Most clients do not care and take what connect() gives them; this one bound its port first, to use the number again.",
                    "ip(7), connect(2)",
                ),
                fact(
                    "The two rows are the two ends of one connection: left and right are exchanged. So a port has no direction: the number that a packet comes from is the number its answer goes to.",
                    "RFC 9293 §3.1 (source port, destination port)",
                ),
            ],
            ..Step::PLAIN
        },
        Step {
            title: "The same client port, to the other server port",
            questions: &[Question {
                text: "A second socket of the client has port {X}, too, and connects to port {P2}. Does it work?",
                form: Form::Choices(&[
                    wrong(
                        "No: {X} is used by the first connection",
                        "It is, and yet both are there: {X>P1}, and {X>P2}. The remote port differs.",
                    ),
                    right(
                        "Yes: the remote port is another one",
                        "Three of the four numbers are the same, the remote port is not: {X>P1}; {X>P2}.",
                    ),
                ]),
                hints: [
                    "What would have to be different, so that an answer finds the right socket?",
                    "An answer from {P2} comes from another port than one from {P1}.",
                    "One different number of four is enough.",
                ],
            }],
            deeds: &[
                client(socket("b")),
                client(reuse("b")),
                client(bind_x("b", 1)),
                client(connect("b", "P2")),
            ],
            rows: &[
                waiting("P1", 1),
                waiting("P2", 1),
                open("X", "P1").of(&[Client]),
                open("P1", "X").unaccepted(),
                open("X", "P2").of(&[Client]),
                open("P2", "X").unaccepted(),
            ],
            look_at: LookAt::Remote,
            explanation: &[fact(
                "Port {X} is the client's end of two connections now. They are told apart by the remote port.",
                "RFC 9293 §3.4.1",
            )],
            ..Step::PLAIN
        },
        Step {
            title: "The same two ports, from another address",
            questions: &[Question {
                text: "A third socket dials {P1} from port {X} again, but from the address 127.0.0.2. How many connections will have port {X} as their client's end?",
                form: Form::Number {
                    measure: Measure::ConnectionsWith(Name("X")),
                    right: 3,
                    proof: "Both ports are the same as in the first connection, the client's address is not. The listener at {P1} has two callers waiting: {P1>}.",
                },
                hints: [
                    "Which of the four numbers differs this time?",
                    "127.0.0.2 is this machine, too, but another address.",
                    "The two that are there stay, and one comes.",
                ],
            }],
            deeds: &[
                client(socket("c")),
                client(reuse("c")),
                client(bind_x("c", 2)),
                client(connect("c", "P1")),
            ],
            rows: &[
                waiting("P1", 2),
                waiting("P2", 1),
                open("X", "P1").of(&[Client]),
                open("P1", "X").unaccepted(),
                open("X", "P2").of(&[Client]),
                open("P2", "X").unaccepted(),
                open("X", "P1").at(here(2)).of(&[Client]),
                open("P1", "X").to(here(2)).unaccepted(),
            ],
            look_at: LookAt::LocalAddress,
            explanation: &[fact(
                "Three connections, one client port. What must not be the same is all four numbers at once.",
                "RFC 9293 §3.4.1",
            )],
            ..Step::PLAIN
        },
        Step {
            title: "The first one once more, to the last number",
            questions: &[Question {
                text: "And now a fourth socket: 127.0.0.1, port {X}, to 127.0.0.1, port {P1}, as the first. What comes of connect()?",
                form: Form::Choices(&[
                    wrong(
                        "It works, as the others did",
                        "connect() says {outcome}. There is one row with these four numbers already: {X>P1}.",
                    ),
                    right(
                        "It fails: these four numbers are taken",
                        "connect() says {outcome}. A packet with these four numbers belongs to {X>P1}.",
                    ),
                    wrong(
                        "It works, and the first connection is gone",
                        "The first is there as before: {X>P1}. connect() says {outcome}.",
                    ),
                ]),
                hints: [
                    "Count the numbers in which it differs from the first.",
                    "There is none.",
                    "If it worked, to whom would an answer from {P1} to {X} go?",
                ],
            }],
            deeds: &[
                client(socket("d")),
                client(reuse("d")),
                client(bind_x("d", 1)),
                client(connect("d", "P1")).fails(Refusal::AddressNotAvailable),
            ],
            rows: &[
                waiting("P1", 2),
                waiting("P2", 1),
                open("X", "P1").of(&[Client]),
                open("P1", "X").unaccepted(),
                open("X", "P2").of(&[Client]),
                open("P2", "X").unaccepted(),
                open("X", "P1").at(here(2)).of(&[Client]),
                open("P1", "X").to(here(2)).unaccepted(),
            ],
            claims: &[Claim {
                measure: Measure::Connections,
                is: 3,
                what: "connections",
            }],
            look_at: LookAt::Outcome,
            explanation: &[fact(
                "The only one of the four that fails is the exact repetition: EADDRNOTAVAIL.",
                "connect(2)",
            )],
            ..Step::PLAIN
        },
    ],
    explanation: &[fact(
        "Four numbers count, besides the protocol: an address and a port at each end. Two connections may be alike in three of them. So a server's port does not run out of connections: every client brings an address and a port of its own.",
        "RFC 9293 §3.4.1",
    )],
    why: &[
        fact(
            "For one server address and port there are 2^32 client addresses times 2^16 client ports in IPv4. Memory and file descriptors run out long before.",
            "RFC 9293 §3.4.1; RFC 791 (addresses have 32 bits)",
        ),
        fact(
            "What does run out is the other side: one client address has some 28,000 ports that the kernel hands out, for one server address and port. Lesson 4 shows that.",
            "ip(7), ip_local_port_range",
        ),
        fact(
            "SO_REUSEADDR is set so that a second socket may be bound to {X} while the first has it. It says nothing about connections: what is refused at the end is the connection.",
            "socket(7)",
        ),
    ],
};
