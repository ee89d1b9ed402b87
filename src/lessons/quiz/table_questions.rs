//! Questions that are answered by counting rows of the live table.

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
    let form = AnswerFormat::Number {
        metric,
        // Another number in every lab: the table tells it.
        expected: 0,
        proof,
    };
    new_question(text, form, hints)
}
/// What can be counted in any table.
pub(crate) const TABLE_QUESTIONS: &[LessonQuestion] = &[
    table_question(
        "How many connections are in the table?",
        LabMetric::Connections,
        "A connection between two programs here has a row for either end; a listener is none. Two rows with local and remote exchanged are one connection.",
        [
            "A listener is no connection.",
            "Look for rows that mirror each other.",
            "Count the pairs, and rows with both ends that have no partner.",
        ],
    ),
    table_question(
        "How many sockets does lab-server have?",
        LabMetric::SocketsOfProcess(LabRole::Server),
        "Each row is one socket; the column PROCESS tells whose it is. A row that no process has is not the server's.",
        [
            "Look at the column PROCESS.",
            "Not accepted yet, or kept by the kernel, is nobody's.",
            "Count the rows with lab-server.",
        ],
    ),
    table_question(
        "How many sockets does lab-client have?",
        LabMetric::SocketsOfProcess(LabRole::Client),
        "Each row is one socket; the column PROCESS tells whose it is.",
        [
            "Look at the column PROCESS.",
            "A row is a socket.",
            "Count the rows with lab-client.",
        ],
    ),
    table_question(
        "How many different local ports do the sockets of lab-server have?",
        LabMetric::LocalPortsOfProcess(LabRole::Server),
        "A listener and what was accepted from it have the same local port. Sockets are many, numbers are few.",
        [
            "Look at the column LOCAL, where PROCESS is lab-server.",
            "The same number counts once.",
            "accept() makes a descriptor and no port.",
        ],
    ),
    table_question(
        "How many listeners are there?",
        LabMetric::RowsInState(TcpState::Listen),
        "LISTEN is the state of a socket that takes calls. It has no remote end, and so is no connection.",
        [
            "Look at the column STATE.",
            "A listener has no remote end.",
            "Count LISTEN.",
        ],
    ),
    table_question(
        "How many rows belong to no process?",
        LabMetric::RowsWithoutProcess,
        "The kernel makes connections before any program accepts them, and keeps some after every program is done.",
        [
            "Look at the column PROCESS.",
            "“waiting to be accepted” and “kernel keeps it” are no processes.",
            "Count the rows without a name and a pid.",
        ],
    ),
];
