//! On lessons 10 to 14: how connections end, who shares a socket, what is only believed.

use crate::lessons::question::{AnswerFormat, LessonQuestion, correct, incorrect, new_question};

pub(crate) const QUESTIONS: &[LessonQuestion] = &[
    new_question(
        "A server's rows in CLOSE-WAIT grow in number. Who has to do something?",
        AnswerFormat::Choices(&[
            incorrect(
                "The clients",
                "They have said their goodbye already. The server's program has not called close().",
            ),
            correct(
                "The server's program",
                "The other ends have finished. Only the program that has the socket can close it.",
            ),
            incorrect(
                "Nobody: a timer clears them",
                "No timer runs for CLOSE-WAIT. Only the program that has the socket can close it.",
            ),
        ]),
        [
            "Remember lesson 10.",
            "CLOSE-WAIT waits for a close.",
            "Whose close?",
        ],
    ),
    new_question(
        "Both ends closed in good order, one after the other. Which end has the TIME-WAIT row?",
        AnswerFormat::Choices(&[
            correct(
                "The one that closed first",
                "It keeps the name for a while, so that late segments meet no new connection.",
            ),
            incorrect(
                "The one that closed last",
                "The one that closed first keeps the name; the other end's row is gone.",
            ),
            incorrect(
                "Always the client",
                "Client or server does not matter: whoever closed first.",
            ),
        ]),
        [
            "Remember lesson 11.",
            "It has nothing to do with client and server.",
            "Follow the left side of the picture of states.",
        ],
    ),
    new_question(
        "Which process holds a socket in TIME-WAIT?",
        AnswerFormat::Choices(&[
            incorrect(
                "The one that had it",
                "It is done with it. The kernel alone keeps the name.",
            ),
            incorrect(
                "root's",
                "The user 0 that some tools show for it means that it is nobody's.",
            ),
            correct(
                "None",
                "The kernel alone keeps it, so no process needs to be ended for it.",
            ),
        ]),
        [
            "Look at PROCESS in such a row.",
            "The row outlives the program.",
            "Who keeps the memory of a name?",
        ],
    ),
    new_question(
        "A row is ESTABLISHED, and nothing is sent for an hour. Is the other side still there?",
        AnswerFormat::Choices(&[
            incorrect(
                "Yes, otherwise the row would be gone",
                "Without anything sent, nobody notices. The row is what one end believes.",
            ),
            correct(
                "That cannot be told",
                "The row is what one end believes. Only sending shows whether it is still true.",
            ),
            incorrect("No", "It may well be. Only sending shows it."),
        ]),
        [
            "Remember lesson 14.",
            "Who would tell the kernel?",
            "TCP by itself asks nobody.",
        ],
    ),
    new_question(
        "Two processes have the same listening socket, because one started the other. One of them closes it. Can clients still connect?",
        AnswerFormat::Choices(&[
            correct(
                "Yes",
                "close() gives up one process's descriptor. The socket is there until the last one is closed.",
            ),
            incorrect(
                "No",
                "close() gives up one process's descriptor. The other process still has the socket.",
            ),
        ]),
        [
            "Remember lesson 13.",
            "One row, two owners.",
            "A socket ends with its last descriptor.",
        ],
    ),
];
