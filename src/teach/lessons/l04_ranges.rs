//! Lesson 4: numbers come from ranges, and can run out.

use crate::teach::lessons::call::Actor::{Client, Server};
use crate::teach::lessons::call::{Call, Setting};
use crate::teach::lessons::deed::{Deed, bind, client, close, connect, listen, server, socket};
use crate::teach::lessons::lesson::{Ability, Claim, Lesson, LookAt, Shown, Step, fact};
use crate::teach::lessons::pattern::{Pattern, listener, open};
use crate::teach::lessons::place::{HERE, Name, Number, Place};
use crate::teach::lessons::question::{Form, Question, right, wrong};
use crate::teach::lessons::refusal::Refusal;
use crate::teach::lessons::scene::Measure;

const fn waiting(port: &'static str, connections: u32) -> Pattern {
    listener(port).of(&[Server]).received(connections)
}

/// The four ports, chosen by nobody else.
const CHOICE: Deed = Deed::new(
    crate::teach::lessons::call::Actor::Portolan,
    Call::ChooseFour(Name("X#")),
);

const fn four_ports(name: &'static str) -> Call {
    Call::Set(Name(name), Setting::FourPorts(Name("X#")))
}

const fn reuse(name: &'static str) -> Call {
    Call::Set(Name(name), Setting::ReuseAddress)
}

const fn bind_to(name: &'static str, port: &'static str) -> Call {
    Call::Bind(Name(name), Place::named(HERE, port))
}

const FIRST: &[Pattern] = &[
    waiting("P1", 4),
    waiting("P2", 0),
    open("X#", "P1").of(&[Client]).each(4),
    open("P1", "X#").unaccepted().each(4),
];

const BOTH: &[Pattern] = &[
    waiting("P1", 4),
    waiting("P2", 4),
    open("X#", "P1").of(&[Client]).each(4),
    open("P1", "X#").unaccepted().each(4),
    open("X#", "P2").of(&[Client]).each(4),
    open("P2", "X#").unaccepted().each(4),
];

const FIFTH: Question = Question {
    text: "The client may use four port numbers for its own ends: {X1}, {X2}, {X3}, {X4}. Four sockets have connected to {P1} with them, and a fifth tries. How many connections to {P1} will there be?",
    form: Form::Number {
        measure: Measure::ConnectionsWith(Name("P1")),
        right: 4,
        proof: "One for each number: {X1>P1}, and so on to {X4>P1}. The fifth connect() said {outcome}.",
    },
    hints: [
        "A connection needs four numbers that nobody else has.",
        "Three of them are the same for all five.",
        "The fourth is one of four.",
    ],
};

const SECOND: Question = Question {
    text: "All four numbers are used up for {P1}. Now four sockets with the same numbers connect to the other port, {P2}. How many of them succeed?",
    form: Form::Number {
        measure: Measure::ConnectionsWith(Name("P2")),
        right: 4,
        proof: "The same four numbers once more, to another port: {X1>P1} and {X1>P2} do not disturb each other.",
    },
    hints: [
        "Lesson 3: which numbers must not all be the same?",
        "The remote port is another one.",
        "Each of the four numbers can be used again.",
    ],
};

/// The lesson.
pub(super) const LESSON: Lesson = Lesson {
    number: 4,
    title: "Numbers come from ranges, and can run out",
    idea: "Port numbers are handed out from ranges; a client runs out of them for one destination, not for all.",
    dispels: &[
        "a port number proves which service it is",
        "65,535 ports mean 65,535 connections",
        "when the ports are used up, nothing can connect any more",
    ],
    after: &[3],
    actors: &[Server, Client],
    steps: &[
        Step {
            title: "A small number is not for everybody",
            shown: Shown::With(Ability::PrivilegedPorts),
            questions: &[Question {
                text: "An ordinary user's server calls bind() to port 80. What comes of it?",
                form: Form::Choices(&[
                    wrong(
                        "It works, unless a web server runs here",
                        "bind() said {outcome}, whoever else has it or not.",
                    ),
                    right(
                        "It is not allowed",
                        "bind() said {outcome}. There are {rows} rows.",
                    ),
                ]),
                hints: [
                    "Ports below 1024 were meant for the services of the machine itself.",
                    "The user who runs this has no special right.",
                    "It has nothing to do with who uses the port.",
                ],
            }],
            deeds: &[
                server(socket("w")),
                server(Call::Bind(
                    Name("w"),
                    Place {
                        address: HERE,
                        port: Number::Fixed(80),
                    },
                ))
                .fails(Refusal::NotAllowed),
                server(close("w")),
            ],
            rows: &[],
            look_at: LookAt::Outcome,
            explanation: &[fact(
                "Ports 0 to 1023 are system ports. On Linux bind() to 1 to 1023 wants a privilege (CAP_NET_BIND_SERVICE); the limit can be set. bind() to 0 only says: choose for me. To connect to any of them wants no privilege.",
                "RFC 6335 §6; ip(7) (ip_unprivileged_port_start)",
            )],
            ..Step::PLAIN
        },
        Step {
            title: "Two destinations, and four numbers",
            deeds: &[
                server(socket("l1")),
                server(bind("l1")).naming("P1"),
                server(listen("l1", 64)),
                server(socket("l2")),
                server(bind("l2")).naming("P2"),
                server(listen("l2", 64)),
                CHOICE,
            ],
            rows: &[waiting("P1", 0), waiting("P2", 0)],
            look_at: LookAt::LocalPort,
            explanation: &[fact(
                "Linux hands out some 28,000 numbers to clients that do not ask for one. To see them run out, the client here gets only four: {X1}, {X2}, {X3}, {X4}.",
                "ip(7) (ip_local_port_range)",
            )],
            ..Step::PLAIN
        },
        Step {
            title: "Five connections to the first",
            shown: Shown::With(Ability::PortRange),
            questions: &[FIFTH],
            deeds: &[
                client(socket("a#")).times(4),
                client(four_ports("a#")).times(4),
                client(connect("a#", "P1")).times(4),
                client(socket("f")),
                client(four_ports("f")),
                client(connect("f", "P1")).fails(Refusal::AddressNotAvailable),
            ],
            rows: FIRST,
            look_at: LookAt::LocalPort,
            explanation: &[fact(
                "EADDRNOTAVAIL: for this destination there is no number left. In real life this befalls a proxy that opens tens of thousands of connections to one server.",
                "connect(2); IP_LOCAL_PORT_RANGE(2const)",
            )],
            ..Step::PLAIN
        },
        Step {
            title: "Five connections to the first",
            shown: Shown::Without(Ability::PortRange),
            questions: &[FIFTH],
            deeds: &[
                client(socket("a#")).times(4),
                client(reuse("a#")).times(4),
                client(bind_to("a#", "X#")).times(4),
                client(connect("a#", "P1")).times(4),
                client(socket("f")),
                client(reuse("f")),
                client(bind_to("f", "X1")),
                client(connect("f", "P1")).fails(Refusal::AddressNotAvailable),
            ],
            rows: FIRST,
            look_at: LookAt::LocalPort,
            explanation: &[fact(
                "EADDRNOTAVAIL: for this destination there is no number left. In real life this befalls a proxy that opens tens of thousands of connections to one server.",
                "connect(2)",
            )],
            ..Step::PLAIN
        },
        Step {
            title: "Four connections to the second",
            shown: Shown::With(Ability::PortRange),
            questions: &[SECOND],
            deeds: &[
                client(socket("b#")).times(4),
                client(four_ports("b#")).times(4),
                client(connect("b#", "P2")).times(4),
            ],
            rows: BOTH,
            claims: &[Claim {
                measure: Measure::Connections,
                is: 8,
                what: "connections",
            }],
            look_at: LookAt::Remote,
            explanation: &[fact(
                "Eight connections with four client ports. Numbers run out for one destination, that is, for one address and port over there, never for all.",
                "RFC 9293 §3.4.1; RFC 6056",
            )],
        },
        Step {
            title: "Four connections to the second",
            shown: Shown::Without(Ability::PortRange),
            questions: &[SECOND],
            deeds: &[
                client(socket("b#")).times(4),
                client(reuse("b#")).times(4),
                client(bind_to("b#", "X#")).times(4),
                client(connect("b#", "P2")).times(4),
            ],
            rows: BOTH,
            claims: &[Claim {
                measure: Measure::Connections,
                is: 8,
                what: "connections",
            }],
            look_at: LookAt::Remote,
            explanation: &[fact(
                "Eight connections with four client ports. Numbers run out for one destination, that is, for one address and port over there, never for all.",
                "RFC 9293 §3.4.1; RFC 6056",
            )],
        },
    ],
    explanation: &[fact(
        "Ranges are conventions and settings: system ports to 1023, registered ones to 49151, the rest free; and, apart from that, the range this kernel hands out. A name such as https beside a number is a label from a list: any program may use the number.",
        "RFC 6335 §6; RFC 7605",
    )],
    why: &[
        fact(
            "The registry keeps three ranges: system ports 0 to 1023, user ports 1024 to 49151, dynamic ports 49152 to 65535. Linux hands out 32768 to 60999 unless told otherwise, which overlaps two of them.",
            "RFC 6335 §6; ip(7) (ip_local_port_range)",
        ),
        fact(
            "The registry says itself that traffic on a registered port need not be the registered service.",
            "IANA, Service Name and Transport Protocol Port Number Registry",
        ),
        fact(
            "bind() that finds no number says EADDRINUSE; connect() says EADDRNOTAVAIL. The second one is easily taken for a wrong address.",
            "bind(2), connect(2)",
        ),
        fact(
            "There are other things called port: a plug for a cable, and the numbers by which a processor reaches its devices. None of them has to do with these.",
            "RFC 9293 §4 (port)",
        ),
    ],
};
