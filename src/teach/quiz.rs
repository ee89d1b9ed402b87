//! The questions of the quizzes.
//!
//! In: nothing. Out: [`pool`], what is asked on the ideas of the lessons before, and [`COUNTED`],
//! what is counted in the table of a lab that is set up for the quiz, whichever lab that is.

mod ends;
mod kernel;
mod ports;

use crate::socket::TcpState;
use crate::teach::lessons::{Actor, Form, Measure, Question};

const fn asked(text: &'static str, form: Form, hints: [&'static str; 3]) -> Question {
    Question { text, form, hints }
}

const fn counted(
    text: &'static str,
    measure: Measure,
    proof: &'static str,
    hints: [&'static str; 3],
) -> Question {
    let form = Form::Number {
        measure,
        // Another number in every lab: the table tells it.
        right: 0,
        proof,
    };
    asked(text, form, hints)
}

/// What can be counted in any table.
pub const COUNTED: &[Question] = &[
    counted(
        "How many connections are in the table?",
        Measure::Connections,
        "A connection between two programs here has a row for either end; a listener is none. Two rows with local and remote exchanged are one connection.",
        [
            "A listener is no connection.",
            "Look for rows that mirror each other.",
            "Count the pairs, and rows with both ends that have no partner.",
        ],
    ),
    counted(
        "How many sockets does lab-server have?",
        Measure::SocketsOf(Actor::Server),
        "Each row is one socket; the column PROCESS tells whose it is. A row that no process has is not the server's.",
        [
            "Look at the column PROCESS.",
            "Not accepted yet, or kept by the kernel, is nobody's.",
            "Count the rows with lab-server.",
        ],
    ),
    counted(
        "How many sockets does lab-client have?",
        Measure::SocketsOf(Actor::Client),
        "Each row is one socket; the column PROCESS tells whose it is.",
        [
            "Look at the column PROCESS.",
            "A row is a socket.",
            "Count the rows with lab-client.",
        ],
    ),
    counted(
        "How many different local ports do the sockets of lab-server have?",
        Measure::PortsOf(Actor::Server),
        "A listener and what was accepted from it have the same local port. Sockets are many, numbers are few.",
        [
            "Look at the column LOCAL, where PROCESS is lab-server.",
            "The same number counts once.",
            "accept() makes a descriptor and no port.",
        ],
    ),
    counted(
        "How many listeners are there?",
        Measure::InState(TcpState::Listen),
        "LISTEN is the state of a socket that takes calls. It has no remote end, and so is no connection.",
        [
            "Look at the column STATE.",
            "A listener has no remote end.",
            "Count LISTEN.",
        ],
    ),
    counted(
        "How many rows belong to no process?",
        Measure::Ownerless,
        "The kernel makes connections before any program accepts them, and keeps some after every program is done.",
        [
            "Look at the column PROCESS.",
            "“waiting to be accepted” and “kernel keeps it” are no processes.",
            "Count the rows without a name and a pid.",
        ],
    ),
];

/// What is asked on the ideas of the lessons before; nothing where there is no quiz.
pub fn pool(after: u8) -> &'static [Question] {
    match after {
        4 => ports::PORTS,
        9 => kernel::KERNEL,
        14 => ends::ENDS,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::teach::lessons::Truth;

    #[test]
    fn every_question_has_one_right_answer_and_every_quiz_enough_questions() {
        for after in [4, 9, 14] {
            assert!(pool(after).len() >= 5, "{after}");
            for question in pool(after) {
                let Form::Choices(choices) = question.form else {
                    panic!("{}", question.text);
                };
                let right = choices.iter().filter(|c| c.truth == Truth::Right).count();
                assert_eq!(right, 1, "{}", question.text);
                assert!(choices.iter().all(|c| !c.proof.is_empty()));
            }
        }
        assert!(pool(5).is_empty());
    }
}
