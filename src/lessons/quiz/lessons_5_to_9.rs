//! Quiz questions on lessons 5 to 9: addresses, protocols, the handshake, queues.

use crate::lessons::question::{AnswerFormat, LessonQuestion, correct, incorrect, new_question};

pub(crate) const QUESTIONS: &[LessonQuestion] = &[
    new_question(
        "TCP port 5000 is taken. Can another program have UDP port 5000?",
        AnswerFormat::Choices(&[
            correct("Yes", "Each protocol has its own port numbers."),
            incorrect(
                "No",
                "Each protocol has its own port numbers: the two do not conflict.",
            ),
        ]),
        [
            "Remember lesson 6.",
            "A packet says which protocol it uses.",
            "There were two sockets with the same number.",
        ],
    ),
    new_question(
        "A client's connect() succeeded. Has the server's program called accept()?",
        AnswerFormat::Choices(&[
            incorrect(
                "Yes, otherwise it would not succeed",
                "The kernel completes the handshake by itself. accept() fetches the connection, perhaps much later.",
            ),
            correct(
                "Not necessarily",
                "The kernel completes the handshake by itself. accept() fetches the connection, perhaps much later.",
            ),
        ]),
        [
            "Remember lesson 8.",
            "Some ESTABLISHED rows had no process.",
            "What answers a SYN?",
        ],
    ),
    new_question(
        "A listener's Recv-Q is 3. What does it count?",
        AnswerFormat::Choices(&[
            incorrect(
                "3 bytes",
                "A listener carries no data. Its Recv-Q counts connections that wait for accept().",
            ),
            incorrect(
                "3 clients that were refused",
                "Refused clients leave nothing behind. Recv-Q counts connections that wait for accept().",
            ),
            correct(
                "3 connections not accepted yet",
                "Completed by the kernel, not yet accepted by the program.",
            ),
        ]),
        [
            "Remember lesson 9.",
            "A listener carries no data.",
            "accept() lowered the number.",
        ],
    ),
    new_question(
        "A program writes to a connection between two programs on one machine, and its Send-Q fills up and stays full. Which program is at fault?",
        AnswerFormat::Choices(&[
            incorrect(
                "The one that writes",
                "It wrote as much as the kernel takes. The peer does not read.",
            ),
            correct(
                "The peer",
                "It does not read. Its Recv-Q is full, so the writer's kernel may send no more.",
            ),
        ]),
        [
            "Remember lesson 9.",
            "Look at both ends: which one has a Recv-Q?",
            "Bytes wait until they are read.",
        ],
    ),
    new_question(
        "A hundred clients send to one UDP socket that never called connect(). How many sockets does the server have for them?",
        AnswerFormat::Choices(&[
            incorrect(
                "100",
                "UDP has no connections and no accept(): one socket receives from all of them.",
            ),
            incorrect(
                "101",
                "UDP has no listener and nothing to accept: one socket receives from all of them.",
            ),
            correct(
                "One",
                "UDP has no connections to accept. One socket receives from all of them.",
            ),
        ]),
        [
            "Remember lesson 6.",
            "Is there an accept() for UDP?",
            "The server's row did not change.",
        ],
    ),
];
