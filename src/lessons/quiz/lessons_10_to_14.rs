//! Quiz questions on lessons 10 to 14: closing, shared sockets, half-open connections.

use crate::lessons::question::{AnswerFormat, LessonQuestion, correct, incorrect, new_question};

pub(crate) const QUESTIONS: &[LessonQuestion] = &[
    new_question(
        "A server has more and more rows in CLOSE-WAIT. Who has to act?",
        AnswerFormat::Choices(&[
            incorrect(
                "The clients",
                "They have already sent their FIN. The server's program has not called close().",
            ),
            correct(
                "The server's program",
                "The peers have finished. Only the program that has the socket can close it.",
            ),
            incorrect(
                "No one: a timer removes them",
                "No timer runs for CLOSE-WAIT. Only the program that has the socket can close it.",
            ),
        ]),
        [
            "Remember lesson 10.",
            "CLOSE-WAIT waits for close().",
            "Whose close()?",
        ],
    ),
    new_question(
        "Both ends closed normally, one after the other. Which end has the TIME-WAIT row?",
        AnswerFormat::Choices(&[
            correct(
                "The one that closed first",
                "It keeps the four numbers for a while, so that late packets do not reach a new connection.",
            ),
            incorrect(
                "The one that closed last",
                "The one that closed first keeps the four numbers; the other end's row is gone.",
            ),
            incorrect(
                "Always the client",
                "Client or server does not matter: the one that closed first has it.",
            ),
        ]),
        [
            "Remember lesson 11.",
            "It has nothing to do with client and server.",
            "Follow the left side of the state diagram.",
        ],
    ),
    new_question(
        "Which process holds a socket in TIME-WAIT?",
        AnswerFormat::Choices(&[
            incorrect(
                "The one that closed it",
                "It has closed the socket. Only the kernel keeps the four numbers.",
            ),
            incorrect(
                "One of root's processes",
                "Some tools show user 0 for it, which means that it has no owner.",
            ),
            correct(
                "None",
                "Only the kernel keeps it, so there is no process to end.",
            ),
        ]),
        [
            "Look at PROCESS in such a row.",
            "The row outlives the program.",
            "What keeps the four numbers?",
        ],
    ),
    new_question(
        "A row is ESTABLISHED, and nothing is sent for an hour. Is the peer still there?",
        AnswerFormat::Choices(&[
            incorrect(
                "Yes, otherwise the row would be gone",
                "If nothing is sent, neither end notices. The row is what one end knows.",
            ),
            correct(
                "There is no way to know",
                "The row is what one end knows. Only sending shows whether it is still true.",
            ),
            incorrect("No", "It may well be. Only sending shows it."),
        ]),
        [
            "Remember lesson 14.",
            "What would tell the kernel?",
            "TCP does not check by itself.",
        ],
    ),
    new_question(
        "Two processes have the same listening socket, because one started the other. One of them closes it. Can clients still connect?",
        AnswerFormat::Choices(&[
            correct(
                "Yes",
                "close() closes one process's descriptor. The socket exists until the last one is closed.",
            ),
            incorrect(
                "No",
                "close() closes one process's descriptor. The other process still has the socket.",
            ),
        ]),
        [
            "Remember lesson 13.",
            "One row, two owners.",
            "A socket ends with its last descriptor.",
        ],
    ),
];
