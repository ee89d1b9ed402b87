//! Lesson 7: one listener, two families.

use std::net::{IpAddr, Ipv6Addr};

use crate::socket::TcpState::Listen;
use crate::teach::lessons::call::Actor::{Client, Server};
use crate::teach::lessons::call::{Call, Kind, Patience, Setting};
use crate::teach::lessons::deed::{accept, client, close, connect, listen, server, socket};
use crate::teach::lessons::lesson::{Ability, Claim, Lesson, LookAt, Shown, Step, fact};
use crate::teach::lessons::pattern::{Pattern, listener, open};
use crate::teach::lessons::place::{EVERYWHERE, EVERYWHERE6, HERE6, Name, Place};
use crate::teach::lessons::question::{Form, Question, right, wrong};
use crate::teach::lessons::refusal::Refusal;
use crate::teach::lessons::scene::Measure;

/// ::ffff:127.0.0.1, how an IPv6 socket writes 127.0.0.1.
const MAPPED: IpAddr = IpAddr::V6(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0x7f00, 1));

const fn socket6(name: &'static str) -> Call {
    Call::Socket {
        made: Name(name),
        kind: Kind::Tcp6,
    }
}

const fn dual() -> Pattern {
    listener("P").at(EVERYWHERE6).of(&[Server]).v6only(false)
}

const CONNECTIONS: [Pattern; 4] = [
    open("C", "P").of(&[Client]),
    open("P", "C").at(MAPPED).to(MAPPED).of(&[Server]),
    open("D", "P").at(HERE6).to(HERE6).of(&[Client]),
    open("P", "D").at(HERE6).to(HERE6).of(&[Server]),
];

/// The lesson.
pub(super) const LESSON: Lesson = Lesson {
    number: 7,
    title: "One listener, two families",
    idea: "A listener at [::] serves IPv4 as well, unless it was told to serve IPv6 only.",
    dispels: &[
        "IPv6 rows are connections over IPv6",
        "whoever serves both families needs two sockets",
        "0.0.0.0 is free as long as only [::] is listened at",
    ],
    after: &[5],
    actors: &[Server, Client],
    steps: &[
        Step {
            title: "A listener at [::]",
            shown: Shown::With(Ability::Ipv6),
            deeds: &[
                server(socket6("l")),
                server(Call::Set(Name("l"), Setting::BothFamilies)),
                server(Call::Bind(Name("l"), Place::any_port(EVERYWHERE6))).naming("P"),
                server(listen("l", 5)),
            ],
            rows: &[dual()],
            look_at: LookAt::LocalAddress,
            explanation: &[fact(
                "[::] is to IPv6 what 0.0.0.0 is to IPv4: every address. The option IPV6_V6ONLY is off, so that IPv4 callers are served, too.",
                "ipv6(7) (IPV6_V6ONLY)",
            )],
            ..Step::PLAIN
        },
        Step {
            title: "One caller of each family",
            shown: Shown::With(Ability::Ipv6),
            questions: &[
                Question {
                    text: "One client dials 127.0.0.1, one dials ::1; both are accepted. How many listeners does it take?",
                    form: Form::Number {
                        measure: Measure::InState(Listen),
                        right: 1,
                        proof: "There is one, and it has taken both: {P>}.",
                    },
                    hints: [
                        "Look at what is there already.",
                        "IPV6_V6ONLY is off.",
                        "One socket for both.",
                    ],
                },
                Question {
                    text: "Which address does the server's end of the IPv4 connection show?",
                    form: Form::Choices(&[
                        wrong(
                            "127.0.0.1",
                            "That is the client's end: {C>P}. The server's socket is an IPv6 socket: {P>C}.",
                        ),
                        right(
                            "::ffff:127.0.0.1",
                            "It is an IPv6 socket, in which the IPv4 address is wrapped: {P>C}.",
                        ),
                        wrong(
                            "::1",
                            "That is the other connection: {P>D}. This one: {P>C}.",
                        ),
                    ]),
                    hints: [
                        "accept() makes a socket of the listener's family.",
                        "An IPv6 socket has room for IPv6 addresses only.",
                        "There is a form of IPv6 address that has an IPv4 address in it.",
                    ],
                },
            ],
            deeds: &[
                client(socket("c")),
                client(connect("c", "P")).naming("C"),
                client(socket6("d")),
                client(Call::Connect(
                    Name("d"),
                    Place::named(HERE6, "P"),
                    Patience::Waits,
                ))
                .naming("D"),
                server(accept("l", "s#")).times(2),
            ],
            rows: &[
                dual(),
                CONNECTIONS[0],
                CONNECTIONS[1],
                CONNECTIONS[2],
                CONNECTIONS[3],
            ],
            claims: &[Claim {
                measure: Measure::Connections,
                is: 2,
                what: "connections",
            }],
            look_at: LookAt::LocalAddress,
            explanation: &[
                fact(
                    "The two halves of the IPv4 connection stand in two of the kernel's lists, IPv4 and IPv6: the client's with 127.0.0.1, the server's with ::ffff:127.0.0.1. It is one connection, and IPv4 on the wire.",
                    "RFC 4291 §2.5.5.2; RFC 3493 §3.7",
                ),
                fact(
                    "So a row in the IPv6 table need not be IPv6 traffic. Outside of this lesson this program writes such addresses in their IPv4 form.",
                    "ipv6(7)",
                ),
            ],
        },
        Step {
            title: "0.0.0.0 at the same port",
            shown: Shown::With(Ability::Ipv6),
            questions: &[Question {
                text: "Another socket wants 0.0.0.0, port {P}, IPv4 only. What comes of bind()?",
                form: Form::Choices(&[
                    wrong(
                        "It works: that is another family",
                        "bind() said {outcome}. The listener serves IPv4, too: {P>}.",
                    ),
                    right(
                        "It fails: the listener at [::] has IPv4 as well",
                        "bind() said {outcome}. In the way is {P>}.",
                    ),
                ]),
                hints: [
                    "Who would get a call to 127.0.0.1 if it worked?",
                    "The listener at [::] gets it now.",
                    "Both families share the port numbers.",
                ],
            }],
            deeds: &[
                server(socket("x")),
                server(Call::Bind(Name("x"), Place::named(EVERYWHERE, "P")))
                    .fails(Refusal::AddressInUse),
                server(close("x")),
            ],
            rows: &[
                dual(),
                CONNECTIONS[0],
                CONNECTIONS[1],
                CONNECTIONS[2],
                CONNECTIONS[3],
            ],
            look_at: LookAt::Outcome,
            explanation: &[fact(
                "IPv4 and IPv6 share the port numbers of a protocol. A listener for both takes the number in both.",
                "ipv6(7)",
            )],
            ..Step::PLAIN
        },
        Step {
            title: "IPv6 only",
            shown: Shown::With(Ability::Ipv6),
            questions: &[Question {
                text: "One socket listens at 0.0.0.0. Another, with IPV6_V6ONLY, wants [::] at the same number. How many listeners will that number have?",
                form: Form::Number {
                    measure: Measure::RowsAt(Name("Q")),
                    right: 2,
                    proof: "One for each family, at port {Q}.",
                },
                hints: [
                    "The second one does not want IPv4.",
                    "So the two are not in each other's way.",
                    "Two sockets, one number.",
                ],
            }],
            deeds: &[
                server(socket("m")),
                server(Call::Bind(Name("m"), Place::any_port(EVERYWHERE))).naming("Q"),
                server(listen("m", 5)),
                server(socket6("n")),
                server(Call::Set(Name("n"), Setting::OnlyIpv6)),
                server(Call::Bind(Name("n"), Place::named(EVERYWHERE6, "Q"))),
                server(listen("n", 5)),
            ],
            rows: &[
                dual(),
                CONNECTIONS[0],
                CONNECTIONS[1],
                CONNECTIONS[2],
                CONNECTIONS[3],
                listener("Q").at(EVERYWHERE).of(&[Server]),
                listener("Q").at(EVERYWHERE6).of(&[Server]).v6only(true),
            ],
            look_at: LookAt::LocalAddress,
            explanation: &[fact(
                "Many servers do it like this: one socket for each family, and nothing is wrapped.",
                "ipv6(7) (IPV6_V6ONLY)",
            )],
            ..Step::PLAIN
        },
    ],
    explanation: &[fact(
        "The family of a row is the family of its socket, not of its packets. [::] may mean IPv6 only, or both: the address does not tell, a flag of the socket does.",
        "ipv6(7); RFC 3493 §5.3",
    )],
    why: &[
        fact(
            "What holds if a program does not say is a setting: net.ipv6.bindv6only, off almost everywhere.",
            "ip-sysctl (bindv6only)",
        ),
        fact(
            "The table in /proc/net/tcp6 shows zeros for both kinds of listener. Only the kernel's other interface, sock_diag, tells them apart; this program asks it.",
            "sock_diag(7); seen on Linux 6.18",
        ),
    ],
};
