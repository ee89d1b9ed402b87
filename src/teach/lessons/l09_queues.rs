//! Lesson 9: two queues, three meanings.

use crate::teach::lessons::call::Actor::{Client, Server};
use crate::teach::lessons::call::{Call, Setting};
use crate::teach::lessons::deed::{Outcome, accept, bind, client, connect, listen, server, socket};
use crate::teach::lessons::lesson::{Lesson, LookAt, Step, fact};
use crate::teach::lessons::pattern::{Amount, Pattern, listener, open};
use crate::teach::lessons::place::Name;
use crate::teach::lessons::question::{Form, Question, right, wrong};
use crate::teach::lessons::scene::Measure;

const NONE: Amount = Amount::Exactly(0);

const fn small(name: &'static str) -> Call {
    Call::Set(Name(name), Setting::SmallBuffers)
}

const fn waiting(connections: u32) -> Pattern {
    listener("P")
        .of(&[Server])
        .queues(Amount::Exactly(connections), Amount::Exactly(16))
}

/// The lesson.
pub(super) const LESSON: Lesson = Lesson {
    number: 9,
    title: "Two queues, three meanings",
    idea: "Recv-Q and Send-Q mean one thing for a listener, another for a connection, a third for UDP.",
    dispels: &[
        "Recv-Q means the same in every row",
        "a full Send-Q means that the network is slow",
    ],
    after: &[2, 8],
    actors: &[Server, Client],
    steps: &[
        Step {
            title: "A connection with small buffers",
            deeds: &[
                server(socket("l")),
                server(small("l")),
                server(bind("l")).naming("P"),
                server(listen("l", 16)),
                client(socket("c")),
                client(small("c")),
                client(connect("c", "P")).naming("C"),
                server(accept("l", "s")),
            ],
            rows: &[
                waiting(0),
                open("P", "C").of(&[Server]).queues(NONE, NONE),
                open("C", "P").of(&[Client]).queues(NONE, NONE),
            ],
            look_at: LookAt::Queues,
            explanation: &[fact(
                "All is read and acknowledged: both queues of both ends are 0. The listener's Send-Q, 16, is its backlog and no data at all.",
                "ss(8), listen(2)",
            )],
            ..Step::PLAIN
        },
        Step {
            title: "Seven bytes that nobody reads",
            questions: &[Question {
                text: "The client sends 7 bytes, and the server does not read yet. What is Recv-Q of the server's end?",
                form: Form::Number {
                    measure: Measure::Received(Name("P"), Name("C")),
                    right: 7,
                    proof: "Received, and not read: {P>C}. At the client nothing is left, because all was acknowledged: {C>P}.",
                },
                hints: [
                    "Where are the bytes now?",
                    "The server's kernel has them, the server's program does not.",
                    "Recv-Q counts bytes that were received and not read.",
                ],
            }],
            deeds: &[client(Call::Send(Name("c"), 7))],
            rows: &[
                waiting(0),
                open("P", "C")
                    .of(&[Server])
                    .queues(Amount::Exactly(7), NONE),
                open("C", "P").of(&[Client]).queues(NONE, NONE),
            ],
            look_at: LookAt::Queues,
            explanation: &[fact(
                "Recv-Q of a connection: received by this kernel, not read by this program. The sender's work is done.",
                "ss(8); RFC 9293 §3.8.6",
            )],
            ..Step::PLAIN
        },
        Step {
            title: "The server reads",
            questions: &[Question {
                text: "The server calls recv(). What is Recv-Q then?",
                form: Form::Number {
                    measure: Measure::Received(Name("P"), Name("C")),
                    right: 0,
                    proof: "recv() gave {outcome}: {P>C}.",
                },
                hints: [
                    "There were 7 bytes.",
                    "recv() takes what is there.",
                    "What was read is not in the queue.",
                ],
            }],
            deeds: &[server(Call::Receive(Name("s"), 100)).that(Outcome::Gives(7))],
            rows: &[
                waiting(0),
                open("P", "C").of(&[Server]).queues(NONE, NONE),
                open("C", "P").of(&[Client]).queues(NONE, NONE),
            ],
            look_at: LookAt::Queues,
            explanation: &[fact(
                "A queue that comes back to 0 is healthy, however often it fills.",
                "recv(2)",
            )],
            ..Step::PLAIN
        },
        Step {
            title: "A reader that sleeps",
            questions: &[Question {
                text: "The client sends until its kernel takes no more; the server does not read. Where does something pile up?",
                form: Form::Choices(&[
                    wrong(
                        "In Recv-Q of the server only",
                        "There, {P>C}, and behind it at the sender as well: {C>P}.",
                    ),
                    wrong(
                        "In Send-Q of the client only",
                        "There, {C>P}, but first at the receiver: {P>C}.",
                    ),
                    right(
                        "In both: first there, then here",
                        "The receiver's buffer is full, {P>C}, so that the rest waits at the sender: {C>P}.",
                    ),
                ]),
                hints: [
                    "The bytes go as far as they can.",
                    "At some point the receiver's kernel says: no more.",
                    "What cannot go on waits where it came from.",
                ],
            }],
            deeds: &[client(Call::Fill(Name("c")))],
            rows: &[
                waiting(0),
                open("P", "C").of(&[Server]).queues(Amount::Some, NONE),
                open("C", "P").of(&[Client]).queues(NONE, Amount::Some),
            ],
            look_at: LookAt::Queues,
            explanation: &[
                fact(
                    "The receiver tells the sender how much more it has room for; now it says 0. Only the program that does not read can change that.",
                    "RFC 9293 §3.8.6 (window)",
                ),
                fact(
                    "Who is slow? Where Recv-Q is full, that program. A Send-Q that does not empty speaks of the other side: its program, or the way to it.",
                    "RFC 9293 §3.8.6; ss(8)",
                ),
            ],
            ..Step::PLAIN
        },
        Step {
            title: "Three more clients",
            questions: &[Question {
                text: "Three more clients connect, and nobody accepts them. What is Recv-Q of the listener?",
                form: Form::Number {
                    measure: Measure::Waiting(Name("P")),
                    right: 3,
                    proof: "Three connections wait: {P>}. They are connections, not bytes.",
                },
                hints: [
                    "A listener receives no data.",
                    "What does it receive?",
                    "Lesson 8: what did its Recv-Q count?",
                ],
            }],
            deeds: &[
                client(socket("d#")).times(3),
                client(connect("d#", "P")).naming("D#").times(3),
            ],
            rows: &[
                waiting(3),
                open("P", "C").of(&[Server]).queues(Amount::Some, NONE),
                open("C", "P").of(&[Client]).queues(NONE, Amount::Some),
                open("P", "D#").unaccepted().queues(NONE, NONE).each(3),
                open("D#", "P").of(&[Client]).queues(NONE, NONE).each(3),
            ],
            look_at: LookAt::Queues,
            explanation: &[fact(
                "Of a listener, Recv-Q is the number of connections that wait to be accepted, and Send-Q how many may wait. When Recv-Q is greater than Send-Q, the queue is full, and further callers get no answer.",
                "listen(2), ss(8)",
            )],
            ..Step::PLAIN
        },
    ],
    explanation: &[fact(
        "Read the state before the queues. LISTEN: connections and backlog. A connection: bytes not read here, bytes not acknowledged there. UDP: memory, as lesson 6 showed.",
        "ss(8); RFC 9293 §3.4",
    )],
    why: &[
        fact(
            "A SYN and a FIN count as one each in Send-Q as long as they are not acknowledged, and a FIN that was not read counts as one in Recv-Q: they take a place in the sequence.",
            "RFC 9293 §3.4",
        ),
        fact(
            "While the window is 0 the sender asks again and again whether there is room now. Tools show the timer for that as persist, or probe.",
            "RFC 9293 §3.8.6.1 (zero-window probing)",
        ),
        fact(
            "How much fits before a sender stands still depends on both kernels' buffers. This lesson asks for small ones, so that it does not take long.",
            "socket(7) (SO_RCVBUF, SO_SNDBUF)",
        ),
    ],
};
