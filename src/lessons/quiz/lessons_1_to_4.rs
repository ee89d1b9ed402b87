//! Quiz questions on lessons 1 to 4: sockets, ports, the 4-tuple.

use crate::lessons::question::{AnswerFormat, LessonQuestion, correct, incorrect, new_question};

pub(crate) const QUESTIONS: &[LessonQuestion] = &[
    new_question(
        "A program calls only socket(). Which port does the socket have?",
        AnswerFormat::Choices(&[
            incorrect(
                "The next free one",
                "socket() gives no port. bind(), listen(), connect() or the first send gives one.",
            ),
            incorrect(
                "One that belongs to the program",
                "No process has a port of its own: it may use none, one or many.",
            ),
            correct(
                "None yet",
                "A port comes with bind(), listen(), connect() or the first send.",
            ),
        ]),
        [
            "Remember lesson 1.",
            "After socket() there was no row.",
            "bind() came later.",
        ],
    ),
    new_question(
        "5,000 clients are connected to one port of a server. How many local port numbers do the server's sockets for them have?",
        AnswerFormat::Choices(&[
            correct(
                "One",
                "All 5,000 have the listener's port. The peer, that is, the client's address and port, tells them apart.",
            ),
            incorrect(
                "5,000",
                "accept() takes no new port. All of them have the listener's; the peer tells them apart.",
            ),
            incorrect(
                "5,001",
                "The listener and all accepted sockets have the same port number.",
            ),
        ]),
        [
            "Remember lesson 2.",
            "The local ports were all the same.",
            "accept() gives a descriptor, not a port.",
        ],
    ),
    new_question(
        "Your browser is connected to port 443 of a web server. Which port does your end have?",
        AnswerFormat::Choices(&[
            incorrect(
                "Also 443",
                "443 is the remote port. Your end has its own number.",
            ),
            correct(
                "One that your kernel chose",
                "connect() without bind() takes an ephemeral port from the kernel's range.",
            ),
            incorrect(
                "None: only servers have ports",
                "Every TCP connection has a port at each end.",
            ),
        ]),
        [
            "A connection has four numbers.",
            "Remember the client's rows: the server's port was under REMOTE.",
            "The clients did not call bind().",
        ],
    ),
    new_question(
        "Two clients on two machines use the same port number, 50000, to connect to the same server port. Does that work?",
        AnswerFormat::Choices(&[
            correct(
                "Yes",
                "The remote addresses differ, so the four numbers are not all the same. One difference is enough.",
            ),
            incorrect(
                "No, the second is refused",
                "The remote addresses differ, and one different number is enough.",
            ),
            incorrect(
                "Only if the server has two ports",
                "The server's port may be the same: the clients' addresses tell the connections apart.",
            ),
        ]),
        [
            "Four numbers identify a connection.",
            "Which of the four differ here?",
            "One is enough.",
        ],
    ),
    new_question(
        "A list of ports shows https next to 443. What does that prove about the program there?",
        AnswerFormat::Choices(&[
            incorrect(
                "That it speaks HTTPS",
                "The name is what the number is registered for. Any program may use it.",
            ),
            incorrect(
                "That it is safe",
                "The name is what the number is registered for, and says nothing about the program.",
            ),
            correct(
                "Nothing",
                "The name is what the number is registered for. Nothing checks which program uses it.",
            ),
        ]),
        [
            "Where do these names come from?",
            "It is a convention.",
            "The kernel does not check what is sent.",
        ],
    ),
];
