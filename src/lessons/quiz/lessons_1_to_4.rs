//! On lessons 1 to 4: sockets, ports, the four numbers.

use crate::lessons::question::{AnswerFormat, LessonQuestion, correct, incorrect, new_question};

pub(crate) const QUESTIONS: &[LessonQuestion] = &[
    new_question(
        "A program calls socket() and nothing more. Which port does the socket have?",
        AnswerFormat::Choices(&[
            incorrect(
                "The next free one",
                "socket() gives no port. bind(), listen(), connect() or the first sending gives one.",
            ),
            incorrect(
                "One that belongs to the program",
                "No process has a port of its own: it may use none, one or many.",
            ),
            correct(
                "None yet",
                "A port comes with bind(), listen(), connect() or the first sending.",
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
                "All 5,000 have the listener's port. They are told apart by the other end: the client's address and port.",
            ),
            incorrect(
                "5,000",
                "accept() takes no new port. All of them have the listener's; the other end tells them apart.",
            ),
            incorrect(
                "5,001",
                "The listener and all it accepted have the same port number.",
            ),
        ]),
        [
            "Remember lesson 2.",
            "The local ports were all the same.",
            "accept() gives a descriptor.",
        ],
    ),
    new_question(
        "Your browser talks to port 443 of a web server. Which port has your own end?",
        AnswerFormat::Choices(&[
            incorrect(
                "443, too",
                "443 is the remote port. Your end has a number of its own.",
            ),
            correct(
                "One that your kernel chose",
                "connect() without bind() takes a number from the kernel's range for that.",
            ),
            incorrect(
                "None: only servers have ports",
                "Every TCP connection has a port at either end.",
            ),
        ]),
        [
            "A connection has four numbers.",
            "Remember the client's rows: the server's port stood under REMOTE.",
            "Nobody called bind() for the clients.",
        ],
    ),
    new_question(
        "Two clients on two machines use the same port number, 50000, to call the same server port. Does that work?",
        AnswerFormat::Choices(&[
            correct(
                "Yes",
                "The remote addresses differ, so the four numbers are not all the same. One difference is enough.",
            ),
            incorrect(
                "No, the second is refused",
                "The remote addresses differ, and one differing number is enough.",
            ),
            incorrect(
                "Only if the server has two ports",
                "The server's port may be the same: the clients' addresses tell the connections apart.",
            ),
        ]),
        [
            "Four numbers name a connection.",
            "Which of the four differ here?",
            "One is enough.",
        ],
    ),
    new_question(
        "A list of ports says https beside 443. What does that prove of the program there?",
        AnswerFormat::Choices(&[
            incorrect(
                "That it speaks HTTPS",
                "The name is what the number is registered for. Any program may use it.",
            ),
            incorrect(
                "That it is safe",
                "The name is what the number is registered for, and says nothing of the program.",
            ),
            correct(
                "Nothing",
                "The name is what the number is registered for. Nobody checks who uses it.",
            ),
        ]),
        [
            "Who writes these names?",
            "It is a convention.",
            "A kernel does not look into what is sent.",
        ],
    ),
];
