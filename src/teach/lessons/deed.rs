//! Who makes which call, and what must come of it.
//!
//! In: nothing; this is what lessons are written in, by short functions: `server(listen("l", 5))`.
//! Out: [`Deed`]s, and whether what [`Happened`] is the [`Outcome`] that was to come.

use std::fmt;

use crate::teach::lessons::call::{Actor, Call, Kind, Patience};
use crate::teach::lessons::place::{HERE, Name, Place};
use crate::teach::lessons::refusal::Refusal;

/// What must come of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It works.
    Works,
    /// So many bytes were read.
    Gives(u32),
    /// The end of what the other side says was read.
    EndOfFile,
    /// It was begun and is not finished (EINPROGRESS).
    Begun,
    /// It fails, in this way.
    Fails(Refusal),
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// It worked.
    Worked,
    /// So many bytes were read, or written.
    Bytes(u32),
    /// The end was read.
    EndOfFile,
    /// It was begun.
    Begun,
    /// It failed.
    Failed(Refusal),
}

impl Outcome {
    /// Whether this is what came of it.
    pub fn agrees(self, happened: Happened) -> bool {
        match self {
            Self::Works => matches!(happened, Happened::Worked | Happened::Bytes(_)),
            Self::Gives(bytes) => happened == Happened::Bytes(bytes),
            Self::EndOfFile => happened == Happened::EndOfFile,
            Self::Begun => happened == Happened::Begun,
            Self::Fails(refusal) => happened == Happened::Failed(refusal),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Works => f.write_str("works"),
            Self::Gives(bytes) => Happened::Bytes(*bytes).fmt(f),
            Self::EndOfFile => Happened::EndOfFile.fmt(f),
            Self::Begun => Happened::Begun.fmt(f),
            Self::Fails(refusal) => refusal.fmt(f),
        }
    }
}

impl fmt::Display for Happened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Worked => f.write_str("works"),
            Self::Bytes(1) => f.write_str("1 byte"),
            Self::Bytes(bytes) => write!(f, "{bytes} bytes"),
            Self::EndOfFile => f.write_str("0: the end of what the other side says"),
            Self::Begun => f.write_str("EINPROGRESS (begun, not finished)"),
            Self::Failed(refusal) => refusal.fmt(f),
        }
    }
}

/// Who makes which call, and what must come of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deed {
    /// Who.
    pub actor: Actor,
    /// What.
    pub call: Call,
    /// What the socket's local port is called from then on.
    pub names: Option<Name>,
    /// What must come of it.
    pub outcome: Outcome,
    /// How often; names that end in `#` count it.
    pub times: u8,
}

impl Deed {
    /// A call that works.
    pub const fn new(actor: Actor, call: Call) -> Self {
        Self {
            actor,
            call,
            names: None,
            outcome: Outcome::Works,
            times: 1,
        }
    }

    /// The same, and the socket's local port gets this name.
    pub const fn naming(self, name: &'static str) -> Self {
        Self {
            names: Some(Name(name)),
            ..self
        }
    }

    /// The same, with another outcome.
    pub const fn that(self, outcome: Outcome) -> Self {
        Self { outcome, ..self }
    }

    /// The same, failing.
    pub const fn fails(self, refusal: Refusal) -> Self {
        self.that(Outcome::Fails(refusal))
    }

    /// The same, so many times.
    pub const fn times(self, times: u8) -> Self {
        Self { times, ..self }
    }

    /// As it is read: `connect(c1, 127.0.0.1:P)`, of the first time.
    pub fn text(&self) -> String {
        self.call.text(1)
    }
}

/// The server makes this call.
pub const fn server(call: Call) -> Deed {
    Deed::new(Actor::Server, call)
}

/// The client makes this call.
pub const fn client(call: Call) -> Deed {
    Deed::new(Actor::Client, call)
}

/// `name = socket(…)`, TCP over IPv4.
pub const fn socket(name: &'static str) -> Call {
    Call::Socket {
        made: Name(name),
        kind: Kind::Tcp,
    }
}

/// `bind(name, 127.0.0.1:0)`.
pub const fn bind(name: &'static str) -> Call {
    Call::Bind(Name(name), Place::any_port(HERE))
}

/// `listen(name, backlog)`.
pub const fn listen(name: &'static str, backlog: u32) -> Call {
    Call::Listen(Name(name), backlog)
}

/// `connect(name, 127.0.0.1:port)`.
pub const fn connect(name: &'static str, port: &'static str) -> Call {
    Call::Connect(Name(name), Place::named(HERE, port), Patience::Waits)
}

/// `made = accept(listener)`.
pub const fn accept(listener: &'static str, made: &'static str) -> Call {
    Call::Accept {
        listener: Name(listener),
        made: Name(made),
    }
}

/// `close(name)`.
pub const fn close(name: &'static str) -> Call {
    Call::Close(Name(name))
}
