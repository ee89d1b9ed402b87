//! Quiz questions that are answered by counting rows of the live table.

use crate::lessons::call::LabRole;
use crate::lessons::lab_view::LabMetric;
use crate::lessons::question::{AnswerFormat, LessonQuestion, new_question};
use crate::net::socket::TcpState;

const fn table_question(
    text: &'static str,
    metric: LabMetric,
    proof: &'static str,
    hints: [&'static str; 3],
) -> LessonQuestion {
    let answer_format = AnswerFormat::Number {
        metric,
        // Differs from lab to lab: the answer is graded by the live table.
        expected: 0,
        proof,
    };
    new_question(text, answer_format, hints)
}

/// Questions that can be asked about the table of any lab.
pub(crate) const TABLE_QUESTIONS: &[LessonQuestion] = &[
    table_question(
        "How many connections are in the table?",
        LabMetric::Connections,
        "A connection between two programs here has a row for each end; a listener is not a connection. Two rows with local and remote exchanged are one connection.",
        [
            "A listener is not a connection.",
            "Look for rows that mirror each other.",
            "Count the pairs, and the rows with a peer that have no mirror row.",
        ],
    ),
    table_question(
        "How many sockets does lab-server have?",
        LabMetric::SocketsOfProcess(LabRole::Server),
        "Each row is one socket; the column PROCESS shows whose it is. A row without a process is not the server's.",
        [
            "Look at the column PROCESS.",
            "A row that is not accepted yet, or closing, has no process.",
            "Count the rows with lab-server.",
        ],
    ),
    table_question(
        "How many sockets does lab-client have?",
        LabMetric::SocketsOfProcess(LabRole::Client),
        "Each row is one socket; the column PROCESS shows whose it is.",
        [
            "Look at the column PROCESS.",
            "A row is a socket.",
            "Count the rows with lab-client.",
        ],
    ),
    table_question(
        "How many different local ports do the sockets of lab-server have?",
        LabMetric::LocalPortsOfProcess(LabRole::Server),
        "A listener and the sockets accepted from it have the same local port. There are many sockets and few numbers.",
        [
            "Look at the column LOCAL, where PROCESS is lab-server.",
            "Count the same number once.",
            "accept() creates a descriptor, not a port.",
        ],
    ),
    table_question(
        "How many listeners are there?",
        LabMetric::RowsInState(TcpState::Listen),
        "LISTEN is the state of a socket that waits for connections. It has no peer, so it is not a connection.",
        [
            "Look at the column STATE.",
            "A listener has no peer.",
            "Count the rows in LISTEN.",
        ],
    ),
    table_question(
        "How many rows have no process?",
        LabMetric::RowsWithoutProcess,
        "The kernel completes connections before a program accepts them, and keeps some after the program has closed.",
        [
            "Look at the column PROCESS.",
            "“not accepted yet” and “closing, no process” are not processes.",
            "Count the rows without a name and a pid.",
        ],
    ),
];
