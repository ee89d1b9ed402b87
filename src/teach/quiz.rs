//! The questions of the quizzes.
//!
//! In: nothing. Out: [`pool`], what is asked on the ideas of the lessons before, and [`COUNTED`],
//! what is counted in the table of a lab that is set up for the quiz, whichever lab that is.

use crate::socket::TcpState;
use crate::teach::lessons::question::{right, wrong};
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
        4 => PORTS,
        9 => KERNEL,
        14 => ENDS,
        _ => &[],
    }
}

const PORTS: &[Question] = &[
    asked(
        "A program calls socket() and nothing more. Which port does the socket have?",
        Form::Choices(&[
            wrong(
                "The next free one",
                "socket() gives no port. bind(), listen(), connect() or the first sending gives one.",
            ),
            wrong(
                "One that belongs to the program",
                "No process has a port of its own: it may use none, one or many.",
            ),
            right(
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
    asked(
        "5,000 clients are connected to one port of a server. How many local port numbers do the server's sockets for them have?",
        Form::Choices(&[
            right(
                "One",
                "All 5,000 have the listener's port. They are told apart by the other end: the client's address and port.",
            ),
            wrong(
                "5,000",
                "accept() takes no new port. All of them have the listener's; the other end tells them apart.",
            ),
            wrong(
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
    asked(
        "Your browser talks to port 443 of a web server. Which port has your own end?",
        Form::Choices(&[
            wrong(
                "443, too",
                "443 is the remote port. Your end has a number of its own.",
            ),
            right(
                "One that your kernel chose",
                "connect() without bind() takes a number from the kernel's range for that.",
            ),
            wrong(
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
    asked(
        "Two clients on two machines use the same port number, 50000, to call the same server port. Does that work?",
        Form::Choices(&[
            right(
                "Yes",
                "The remote addresses differ, so the four numbers are not all the same. One difference is enough.",
            ),
            wrong(
                "No, the second is refused",
                "The remote addresses differ, and one differing number is enough.",
            ),
            wrong(
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
    asked(
        "A list of ports says https beside 443. What does that prove of the program there?",
        Form::Choices(&[
            wrong(
                "That it speaks HTTPS",
                "The name is what the number is registered for. Any program may use it.",
            ),
            wrong(
                "That it is safe",
                "The name is what the number is registered for, and says nothing of the program.",
            ),
            right(
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

const KERNEL: &[Question] = &[
    asked(
        "TCP port 5000 is taken. Can another program have UDP port 5000?",
        Form::Choices(&[
            right("Yes", "Every protocol has port numbers of its own."),
            wrong(
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
    asked(
        "A client's connect() succeeded. Has the server's program called accept()?",
        Form::Choices(&[
            wrong(
                "Yes, otherwise it could not succeed",
                "The kernel finishes the handshake by itself. accept() collects the connection, perhaps much later.",
            ),
            right(
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
    asked(
        "A listener's Recv-Q is 3. What is counted?",
        Form::Choices(&[
            wrong(
                "3 bytes",
                "A listener carries no data. Its Recv-Q counts connections that wait for accept().",
            ),
            wrong(
                "3 clients that were refused",
                "Those that were refused leave nothing behind. Connections that wait for accept() are counted.",
            ),
            right(
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
    asked(
        "On one machine a program writes into a connection, and its Send-Q fills up and stays full. Which program does not do its part?",
        Form::Choices(&[
            wrong(
                "The one that writes",
                "It wrote as much as the kernel takes. What is missing is somebody who reads.",
            ),
            right(
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
    asked(
        "A hundred clients send to one UDP socket that never called connect(). How many sockets has the server for them?",
        Form::Choices(&[
            wrong(
                "100",
                "UDP knows no connections and no accept(): one socket takes what all of them send.",
            ),
            wrong(
                "101",
                "UDP has no listener and nothing to accept: one socket takes what all of them send.",
            ),
            right(
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

const ENDS: &[Question] = &[
    asked(
        "A server's rows in CLOSE-WAIT grow in number. Who has to do something?",
        Form::Choices(&[
            wrong(
                "The clients",
                "They have said their goodbye already. The server's program has not called close().",
            ),
            right(
                "The server's program",
                "The other ends have finished. Only the program that has the socket can close it.",
            ),
            wrong(
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
    asked(
        "Both ends closed in good order, one after the other. Which end has the TIME-WAIT row?",
        Form::Choices(&[
            right(
                "The one that closed first",
                "It keeps the name for a while, so that late segments meet no new connection.",
            ),
            wrong(
                "The one that closed last",
                "The one that closed first keeps the name; the other end's row is gone.",
            ),
            wrong(
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
    asked(
        "Which process holds a socket in TIME-WAIT?",
        Form::Choices(&[
            wrong(
                "The one that had it",
                "It is done with it. The kernel alone keeps the name.",
            ),
            wrong(
                "root's",
                "The user 0 that some tools show for it means that it is nobody's.",
            ),
            right(
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
    asked(
        "A row is ESTABLISHED, and nothing is sent for an hour. Is the other side still there?",
        Form::Choices(&[
            wrong(
                "Yes, otherwise the row would be gone",
                "Without anything sent, nobody notices. The row is what one end believes.",
            ),
            right(
                "That cannot be told",
                "The row is what one end believes. Only sending shows whether it is still true.",
            ),
            wrong("No", "It may well be. Only sending shows it."),
        ]),
        [
            "Remember lesson 14.",
            "Who would tell the kernel?",
            "TCP by itself asks nobody.",
        ],
    ),
    asked(
        "Two processes have the same listening socket, because one started the other. One of them closes it. Can clients still connect?",
        Form::Choices(&[
            right(
                "Yes",
                "close() gives up one process's descriptor. The socket is there until the last one is closed.",
            ),
            wrong(
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
