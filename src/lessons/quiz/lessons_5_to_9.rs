//! On lessons 5 to 9: addresses, protocols, what the kernel does by itself, queues.

use crate::lessons::question::{AnswerFormat, LessonQuestion, correct, incorrect, new_question};

pub(crate) const QUESTIONS: &[LessonQuestion] = &[
    new_question(
        "TCP port 5000 is taken. Can another program have UDP port 5000?",
        AnswerFormat::Choices(&[
            correct("Yes", "Every protocol has port numbers of its own."),
            incorrect(
                "No",
                "Every protocol has port numbers of its own: the two never meet.",
            ),
        ]),
        [
            "Remember lesson 6.",
            "A packet says which protocol it is of.",
            "There were two sockets with the same number.",
        ],
    ),
    new_question(
        "A client's connect() succeeded. Has the server's program called accept()?",
        AnswerFormat::Choices(&[
            incorrect(
                "Yes, otherwise it could not succeed",
                "The kernel finishes the handshake by itself. accept() collects the connection, perhaps much later.",
            ),
            correct(
                "Perhaps, perhaps not",
                "The kernel finishes the handshake by itself. accept() collects the connection, perhaps much later.",
            ),
        ]),
        [
            "Remember lesson 8.",
            "Some ESTABLISHED rows had no process.",
            "Who answers a SYN?",
        ],
    ),
    new_question(
        "A listener's Recv-Q is 3. What is counted?",
        AnswerFormat::Choices(&[
            incorrect(
                "3 bytes",
                "A listener carries no data. Its Recv-Q counts connections that wait for accept().",
            ),
            incorrect(
                "3 clients that were refused",
                "Those that were refused leave nothing behind. Connections that wait for accept() are counted.",
            ),
            correct(
                "3 connections that nobody accepted yet",
                "Finished by the kernel, not yet collected by the program.",
            ),
        ]),
        [
            "Remember lesson 9.",
            "A listener carries no data.",
            "accept() made the number smaller.",
        ],
    ),
    new_question(
        "On one machine a program writes into a connection, and its Send-Q fills up and stays full. Which program does not do its part?",
        AnswerFormat::Choices(&[
            incorrect(
                "The one that writes",
                "It wrote as much as the kernel takes. What is missing is somebody who reads.",
            ),
            correct(
                "The one at the other end",
                "It does not read. Its Recv-Q is full, so that the writer's kernel may send no more.",
            ),
        ]),
        [
            "Remember lesson 9.",
            "Look at both ends: who has a Recv-Q?",
            "Bytes wait until they are read.",
        ],
    ),
    new_question(
        "A hundred clients send to one UDP socket that never called connect(). How many sockets has the server for them?",
        AnswerFormat::Choices(&[
            incorrect(
                "100",
                "UDP knows no connections and no accept(): one socket takes what all of them send.",
            ),
            incorrect(
                "101",
                "UDP has no listener and nothing to accept: one socket takes what all of them send.",
            ),
            correct(
                "One",
                "UDP has no connections to accept. The one socket takes what all of them send.",
            ),
        ]),
        [
            "Remember lesson 6.",
            "Is there an accept() for UDP?",
            "The server's row did not change.",
        ],
    ),
];
