//! On lessons 5 to 9: addresses, protocols, what the kernel does by itself, queues.

use super::asked;
use crate::teach::lessons::question::{right, wrong};
use crate::teach::lessons::{Form, Question};

pub(super) const KERNEL: &[Question] = &[
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
