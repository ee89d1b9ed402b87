//! Lesson 5: which address?

use crate::teach::lessons::call::Actor::{Client, Server};
use crate::teach::lessons::call::{Call, Patience};
use crate::teach::lessons::deed::{accept, client, close, listen, server, socket};
use crate::teach::lessons::lesson::{Claim, Lesson, LookAt, Step, fact};
use crate::teach::lessons::pattern::{Pattern, listener, open};
use crate::teach::lessons::place::{EVERYWHERE, HERE, Name, Place, here};
use crate::teach::lessons::question::{Form, Question, right, wrong};
use crate::teach::lessons::refusal::Refusal;
use crate::teach::lessons::scene::Measure;

const fn bind_at(name: &'static str, n: u8) -> Call {
    Call::Bind(Name(name), Place::named(here(n), "P"))
}

const fn bind_everywhere(name: &'static str) -> Call {
    Call::Bind(Name(name), Place::named(EVERYWHERE, "P"))
}

const fn dial(name: &'static str, n: u8) -> Call {
    Call::Connect(Name(name), Place::named(here(n), "P"), Patience::Waits)
}

const TWO: &[Pattern] = &[
    listener("P").of(&[Server]),
    listener("P").at(here(2)).of(&[Server]),
];

/// The lesson.
pub(super) const LESSON: Lesson = Lesson {
    number: 5,
    title: "Which address? 127.0.0.1, 127.0.0.2, 0.0.0.0",
    idea: "A port is taken for one address; 0.0.0.0 takes it for all.",
    dispels: &[
        "a port number can be used once on a machine",
        "0.0.0.0 is an address that one can be reached at",
        "0.0.0.0 and 127.0.0.1 are the same",
    ],
    after: &[3],
    actors: &[Server, Client],
    steps: &[
        Step {
            title: "Two listeners, one number",
            questions: &[Question {
                text: "One socket is to listen at 127.0.0.1 and another at 127.0.0.2, both at the same port number. How many listeners will there be?",
                form: Form::Number {
                    measure: Measure::RowsAt(Name("P")),
                    right: 2,
                    proof: "Both listen at {P}, each at its own address. One of them: {P>}.",
                },
                hints: [
                    "127.0.0.1 and 127.0.0.2 are both this machine.",
                    "A caller says which address it wants.",
                    "So the kernel can tell the two apart.",
                ],
            }],
            deeds: &[
                // A number that is free at every address.
                server(socket("t")),
                server(Call::Bind(Name("t"), Place::any_port(EVERYWHERE))).naming("P"),
                server(close("t")),
                server(socket("a")),
                server(bind_at("a", 1)),
                server(listen("a", 5)),
                server(socket("b")),
                server(bind_at("b", 2)),
                server(listen("b", 5)),
            ],
            rows: TWO,
            look_at: LookAt::LocalAddress,
            explanation: &[fact(
                "The same port number twice, at two addresses: no conflict. Listeners are in each other's way at one address of one protocol, not on a whole machine. (The first socket only found a number that is free at all addresses.)",
                "bind(2), ip(7)",
            )],
            ..Step::PLAIN
        },
        Step {
            title: "A third address",
            questions: &[Question {
                text: "A client dials 127.0.0.3, port {P}. That is this machine, too. What comes of it?",
                form: Form::Choices(&[
                    wrong(
                        "One of the two answers: it is the same machine",
                        "connect() said {outcome}. There is no row with 127.0.0.3.",
                    ),
                    right(
                        "It is refused at once",
                        "connect() said {outcome}: at that address nobody listens.",
                    ),
                    wrong(
                        "No answer, until the time is up",
                        "The answer came at once: {outcome}. Silence would mean a firewall, or an address that nobody has.",
                    ),
                ]),
                hints: [
                    "The kernel looks for a listener with this address and this port.",
                    "There are two listeners. At which addresses?",
                    "Neither is at 127.0.0.3, and the kernel itself is there to say so.",
                ],
            }],
            deeds: &[
                client(socket("c")),
                client(dial("c", 3)).fails(Refusal::ConnectionRefused),
                client(close("c")),
            ],
            rows: TWO,
            look_at: LookAt::Outcome,
            explanation: &[fact(
                "A server that listens at 127.0.0.1 alone is there for this machine alone, at that address alone. Not to be reached from elsewhere is often exactly this.",
                "ip(7)",
            )],
            ..Step::PLAIN
        },
        Step {
            title: "Every address at once",
            questions: &[Question {
                text: "A third socket wants 0.0.0.0, port {P}: every address. What comes of bind()?",
                form: Form::Choices(&[
                    right(
                        "It fails: at two of the addresses the port is taken",
                        "bind() said {outcome}. In the way is, for one, {P>}.",
                    ),
                    wrong(
                        "It works: 0.0.0.0 is another address",
                        "bind() said {outcome}. 0.0.0.0 stands for all addresses, and at one of them there is {P>}.",
                    ),
                    wrong(
                        "It works for the addresses that are left",
                        "bind() said {outcome}: all or none.",
                    ),
                ]),
                hints: [
                    "0.0.0.0 is no address of its own.",
                    "It stands for all of them.",
                    "All of them includes 127.0.0.1.",
                ],
            }],
            deeds: &[
                server(socket("x")),
                server(bind_everywhere("x")).fails(Refusal::AddressInUse),
                server(close("x")),
            ],
            rows: TWO,
            look_at: LookAt::Outcome,
            explanation: &[fact(
                "The wildcard collides with every single address, and every single address with the wildcard.",
                "bind(2), ip(7) (INADDR_ANY)",
            )],
            ..Step::PLAIN
        },
        Step {
            title: "Only the wildcard",
            questions: &[Question {
                text: "Both listeners are closed and one listens at 0.0.0.0. A client dials 127.0.0.3 again and is accepted. Which local address does the accepted socket show?",
                form: Form::Choices(&[
                    wrong(
                        "0.0.0.0, as the listener",
                        "The listener shows it: {P>}. The connection shows the address that was dialled: {P>C}.",
                    ),
                    wrong(
                        "127.0.0.1",
                        "That is the client's end: {C>P}. The server's end: {P>C}.",
                    ),
                    right(
                        "127.0.0.3, the one that was dialled",
                        "A packet needs a real address: {P>C}.",
                    ),
                ]),
                hints: [
                    "What stands in the packets that go back to the client?",
                    "The client would not know what to do with an answer from 0.0.0.0.",
                    "The answer comes from where the question went.",
                ],
            }],
            deeds: &[
                server(close("a")),
                server(close("b")),
                server(socket("w")),
                server(bind_everywhere("w")),
                server(listen("w", 5)),
                client(socket("d")),
                client(dial("d", 3)).naming("C"),
                server(accept("w", "s")),
            ],
            rows: &[
                listener("P").at(EVERYWHERE).of(&[Server]),
                open("P", "C").at(here(3)).of(&[Server]),
                open("C", "P").at(HERE).to(here(3)).of(&[Client]),
            ],
            claims: &[Claim {
                measure: Measure::Connections,
                is: 1,
                what: "connection",
            }],
            look_at: LookAt::LocalAddress,
            explanation: &[fact(
                "0.0.0.0 is a rule for listening, and never on the wire. A connection always has two real addresses.",
                "ip(7) (INADDR_ANY); RFC 1122 §3.2.1.3",
            )],
            ..Step::PLAIN
        },
    ],
    explanation: &[fact(
        "Look at the address of a listener first: 127.0.0.1 serves this machine only, 0.0.0.0 whoever the firewall lets through. This program cannot see the firewall.",
        "ip(7); RFC 1122 §3.2.1.3",
    )],
    why: &[
        fact(
            "All of 127.0.0.0/8 is loopback: what is sent there never leaves the machine. On Linux each of these addresses works at once; other systems may have only 127.0.0.1.",
            "RFC 1122 §3.2.1.3; seen on Linux 6.18",
        ),
        fact(
            "To connect to 0.0.0.0 on Linux ends at this machine. It is a habit of the kernel, and nothing to rely on.",
            "seen on Linux 6.18",
        ),
        fact(
            "A container has loopback addresses of its own. A server in it that listens at 127.0.0.1 cannot be reached from the outside, whatever port is published.",
            "network_namespaces(7)",
        ),
    ],
};
