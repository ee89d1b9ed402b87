//! Who makes which call, and what must come of it.
//!
//! In: nothing; this is what lessons are written in, by short functions: `server(listen("l", 5))`.
//! Out: [`LabAction`]s, and whether what [`ActualResult`] is the [`ExpectedResult`] that was to come.

use std::fmt;

use super::call::{Call, ConnectMode, LabRole, SocketKind};
use super::call_error::CallError;
use super::lab_endpoint::{LOOPBACK_V4, LabEndpoint, LabName};

/// What must come of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpectedResult {
    /// It works.
    Success,
    /// So many bytes were read.
    Bytes(u32),
    /// The end of what the other side says was read.
    EndOfFile,
    /// It was begun and is not finished (EINPROGRESS).
    InProgress,
    /// It fails, in this way.
    Failed(CallError),
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActualResult {
    /// It worked.
    Success,
    /// So many bytes were read, or written.
    Bytes(u32),
    /// The end was read.
    EndOfFile,
    /// It was begun.
    InProgress,
    /// It failed.
    Failed(CallError),
}

impl ExpectedResult {
    /// Whether this is what came of it.
    pub fn matches(self, actual: ActualResult) -> bool {
        match self {
            Self::Success => matches!(actual, ActualResult::Success | ActualResult::Bytes(_)),
            Self::Bytes(bytes) => actual == ActualResult::Bytes(bytes),
            Self::EndOfFile => actual == ActualResult::EndOfFile,
            Self::InProgress => actual == ActualResult::InProgress,
            Self::Failed(error) => actual == ActualResult::Failed(error),
        }
    }
}

impl fmt::Display for ExpectedResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Success => f.write_str("works"),
            Self::Bytes(bytes) => ActualResult::Bytes(*bytes).fmt(f),
            Self::EndOfFile => ActualResult::EndOfFile.fmt(f),
            Self::InProgress => ActualResult::InProgress.fmt(f),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for ActualResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Success => f.write_str("works"),
            Self::Bytes(1) => f.write_str("1 byte"),
            Self::Bytes(bytes) => write!(f, "{bytes} bytes"),
            Self::EndOfFile => f.write_str("0: the end of what the other side says"),
            Self::InProgress => f.write_str("EINPROGRESS (begun, not finished)"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

/// Who makes which call, and what must come of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LabAction {
    /// Who.
    pub role: LabRole,
    /// What.
    pub call: Call,
    /// What the socket's local port is called from then on.
    pub port_name: Option<LabName>,
    /// What must come of it.
    pub expected: ExpectedResult,
    /// How often; names that end in `#` count it.
    pub times: u8,
}

impl LabAction {
    /// A call that works.
    pub const fn new(role: LabRole, call: Call) -> Self {
        Self {
            role,
            call,
            port_name: None,
            expected: ExpectedResult::Success,
            times: 1,
        }
    }

    /// The same, and the socket's local port gets this name.
    pub const fn with_port_name(self, name: &'static str) -> Self {
        Self {
            port_name: Some(LabName(name)),
            ..self
        }
    }

    /// The same, with another outcome.
    pub const fn expecting(self, expected: ExpectedResult) -> Self {
        Self { expected, ..self }
    }

    /// The same, failing.
    pub const fn failing_with(self, error: CallError) -> Self {
        self.expecting(ExpectedResult::Failed(error))
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
pub const fn server(call: Call) -> LabAction {
    LabAction::new(LabRole::Server, call)
}

/// The client makes this call.
pub const fn client(call: Call) -> LabAction {
    LabAction::new(LabRole::Client, call)
}

/// `name = socket(…)`, TCP over IPv4.
pub const fn socket(name: &'static str) -> Call {
    Call::Socket {
        new_socket: LabName(name),
        kind: SocketKind::Tcp,
    }
}

/// `bind(name, 127.0.0.1:0)`.
pub const fn bind(name: &'static str) -> Call {
    Call::Bind(LabName(name), LabEndpoint::with_ephemeral_port(LOOPBACK_V4))
}

/// `listen(name, backlog)`.
pub const fn listen(name: &'static str, backlog: u32) -> Call {
    Call::Listen(LabName(name), backlog)
}

/// `connect(name, 127.0.0.1:port)`.
pub const fn connect(name: &'static str, port: &'static str) -> Call {
    Call::Connect(
        LabName(name),
        LabEndpoint::with_named_port(LOOPBACK_V4, port),
        ConnectMode::Blocking,
    )
}

/// `made = accept(listener)`.
pub const fn accept(listener: &'static str, new_socket: &'static str) -> Call {
    Call::Accept {
        listener: LabName(listener),
        new_socket: LabName(new_socket),
    }
}

/// `close(name)`.
pub const fn close(name: &'static str) -> Call {
    Call::Close(LabName(name))
}
