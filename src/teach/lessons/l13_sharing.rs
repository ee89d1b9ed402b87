//! Lesson 13: many processes, one port; one process, many ports.

use crate::socket::TcpState::Listen;
use crate::teach::lessons::call::Actor::{Child, Client, Portolan, Server};
use crate::teach::lessons::call::{Call, Setting, Signal};
use crate::teach::lessons::deed::{Deed, bind, client, close, connect, listen, server, socket};
use crate::teach::lessons::lesson::{Claim, Lesson, LookAt, Step, fact};
use crate::teach::lessons::pattern::{listener, open};
use crate::teach::lessons::place::{HERE, Name, Place};
use crate::teach::lessons::question::{Form, Question, right, wrong};
use crate::teach::lessons::refusal::Refusal;
use crate::teach::lessons::scene::Measure;

const fn bind_to(name: &'static str, port: &'static str) -> Call {
    Call::Bind(Name(name), Place::named(HERE, port))
}

const fn share(name: &'static str) -> Call {
    Call::Set(Name(name), Setting::ReusePort)
}

const fn kill(child: u8) -> Deed {
    Deed::new(Portolan, Call::Kill(Child(child), Signal::Kill))
}

/// The lesson.
pub(super) const LESSON: Lesson = Lesson {
    number: 13,
    title: "Many processes, one port; one process, many ports",
    idea: "One socket in several processes is one row; several sockets at one port are several rows.",
    dispels: &[
        "a process has a port, and a port has a process",
        "when the server has closed its socket, the port is free",
        "two programs can never listen at one port",
    ],
    after: &[2, 10],
    actors: &[Server, Client],
    steps: &[
        Step {
            title: "A server with two children",
            questions: &[
                Question {
                    text: "The server listens and starts two children, which inherit the listening socket. How many rows does the port have?",
                    form: Form::Number {
                        measure: Measure::RowsAt(Name("P")),
                        right: 1,
                        proof: "One socket, one row: {P>}.",
                    },
                    hints: [
                        "A row is a socket, not a process.",
                        "Inheriting makes no new socket.",
                        "It makes new descriptors for the same one.",
                    ],
                },
                Question {
                    text: "And how many processes have it?",
                    form: Form::Number {
                        measure: Measure::OwnersOf(Name("P")),
                        right: 3,
                        proof: "The server and both children: {P>}.",
                    },
                    hints: [
                        "The server keeps its descriptor.",
                        "Each child has one.",
                        "One and two.",
                    ],
                },
            ],
            deeds: &[
                server(socket("l")),
                server(bind("l")).naming("P"),
                server(listen("l", 16)),
                server(Call::Spawn(Child(1), Name("l"))),
                server(Call::Spawn(Child(2), Name("l"))),
            ],
            rows: &[listener("P").of(&[Server, Child(1), Child(2)])],
            look_at: LookAt::Owner,
            explanation: &[fact(
                "One socket, three owners. Web servers work like this: the parent listens, the children take turns to accept.",
                "fork(2), execve(2)",
            )],
            ..Step::PLAIN
        },
        Step {
            title: "The server closes its socket",
            questions: &[Question {
                text: "The server closes its descriptor and wants to start anew: a new socket, SO_REUSEADDR, bind() to {P}. What comes of it?",
                form: Form::Choices(&[
                    wrong(
                        "It works: the listener is closed",
                        "bind() said {outcome}. It still listens, in the children: {P>}.",
                    ),
                    right(
                        "It fails: the children still have the listener",
                        "bind() said {outcome}. There it is: {P>}.",
                    ),
                ]),
                hints: [
                    "close() closes a descriptor.",
                    "The socket ends with its last descriptor.",
                    "Look at the owners.",
                ],
            }],
            deeds: &[
                server(close("l")),
                server(socket("m")),
                server(Call::Set(Name("m"), Setting::ReuseAddress)),
                server(bind_to("m", "P")).fails(Refusal::AddressInUse),
                server(close("m")),
            ],
            rows: &[listener("P").of(&[Child(1), Child(2)])],
            look_at: LookAt::Owner,
            explanation: &[fact(
                "Restarts fail like this when a child, any child, has inherited the listener: a script it started, even a sleep. The owner column shows who it is.",
                "close(2), fork(2); socket(7) (SO_REUSEADDR)",
            )],
            ..Step::PLAIN
        },
        Step {
            title: "The children end",
            questions: &[Question {
                text: "Both children are killed. How many rows are left?",
                form: Form::Number {
                    measure: Measure::Rows,
                    right: 0,
                    proof: "The last descriptor is gone, and the socket with it: {P>}.",
                },
                hints: [
                    "A killed process closes nothing itself. Who does it?",
                    "The kernel closes all descriptors of a process that ends.",
                    "Nobody has the socket any more.",
                ],
            }],
            deeds: &[
                kill(1),
                kill(2),
                // Bound again, so that nobody else takes the number meanwhile.
                server(socket("n")),
                server(bind_to("n", "P")),
            ],
            rows: &[],
            look_at: LookAt::Rows,
            explanation: &[fact(
                "The kernel closed the descriptors of the dead. With the last one the socket ended, and the server may bind the port again.",
                "_exit(2), close(2)",
            )],
            ..Step::PLAIN
        },
        Step {
            title: "Three sockets at one port",
            questions: &[Question {
                text: "Three sockets, all with SO_REUSEPORT, listen at one port; then a fourth tries without the option. How many listeners will there be?",
                form: Form::Number {
                    measure: Measure::InState(Listen),
                    right: 3,
                    proof: "Three rows that look alike: they are different sockets. The fourth bind() said {outcome}.",
                },
                hints: [
                    "SO_REUSEPORT is an agreement to share.",
                    "All that take part must have it.",
                    "Three have, one has not.",
                ],
            }],
            deeds: &[
                server(socket("a")),
                server(share("a")),
                server(bind("a")).naming("Q"),
                server(listen("a", 64)),
                server(socket("b")),
                server(share("b")),
                server(bind_to("b", "Q")),
                server(listen("b", 64)),
                server(socket("c")),
                server(share("c")),
                server(bind_to("c", "Q")),
                server(listen("c", 64)),
                server(socket("d")),
                server(bind_to("d", "Q")).fails(Refusal::AddressInUse),
                server(close("d")),
            ],
            rows: &[
                listener("Q").of(&[Server]).received(0),
                listener("Q").of(&[Server]).received(0),
                listener("Q").of(&[Server]).received(0),
            ],
            look_at: LookAt::LocalPort,
            explanation: &[fact(
                "The other way of sharing: not one socket with several owners, but several sockets, each with a queue of its own. Only programs of the same user can do this together.",
                "socket(7) (SO_REUSEPORT)",
            )],
            ..Step::PLAIN
        },
        Step {
            title: "Twenty-four callers",
            questions: &[Question {
                text: "Twenty-four clients connect to port {Q}. How many connections wait at all three listeners together?",
                form: Form::Number {
                    measure: Measure::Waiting(Name("Q")),
                    right: 24,
                    proof: "Each caller waits at one of the three; which one, the kernel computes from the four numbers. One of them: {Q>}.",
                },
                hints: [
                    "A connection is in one queue.",
                    "No caller is counted twice.",
                    "All of them wait: nobody accepts.",
                ],
            }],
            deeds: &[
                client(socket("e#")).times(24),
                client(connect("e#", "Q")).naming("E#").times(24),
            ],
            rows: &[
                listener("Q").of(&[Server]),
                listener("Q").of(&[Server]),
                listener("Q").of(&[Server]),
                open("Q", "E#").unaccepted().each(24),
                open("E#", "Q").of(&[Client]).each(24),
            ],
            claims: &[Claim {
                measure: Measure::Connections,
                is: 24,
                what: "connections",
            }],
            look_at: LookAt::Queues,
            explanation: &[fact(
                "The callers are spread by a hash over the four numbers, not in turn: compare the three Recv-Q. A caller that was given to a slow process waits for that one.",
                "socket(7) (SO_REUSEPORT)",
            )],
            ..Step::PLAIN
        },
    ],
    explanation: &[fact(
        "Count rows to know how many sockets there are, and owners to know how many processes. One process may have many ports, as the server of lesson 3; one port many processes, and many sockets.",
        "Kurose and Ross, Computer Networking, §3.2; socket(7)",
    )],
    why: &[
        fact(
            "A descriptor is a process's reference to a socket. fork() copies the references, not the socket; the socket ends with the last of them.",
            "fork(2), close(2)",
        ),
        fact(
            "shutdown() is different: it acts on the connection itself, whoever else has a descriptor for it.",
            "shutdown(2); seen on Linux 6.18",
        ),
        fact(
            "When one of several listeners with SO_REUSEPORT is closed, the callers in its queue are reset. The others' queues are not touched.",
            "seen on Linux 6.18",
        ),
        fact(
            "All sockets that share by SO_REUSEPORT must have set it, the first one, too, and belong to the same user: so nobody can steal another's callers.",
            "socket(7) (SO_REUSEPORT)",
        ),
    ],
};
