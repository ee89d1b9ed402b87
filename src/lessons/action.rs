//! The actions of a lesson step: a process, a system call, and the result it must have.
//!
//! Lessons build [`LabAction`]s from the short functions of this module: `server(listen("l", 5))`.
//! [`ExpectedResult::matches`] compares an [`ActualResult`] with the expected one.

use std::fmt;

use super::call::{Call, ConnectMode, LabRole, SocketKind};
use super::call_error::CallError;
use super::lab_endpoint::{LOOPBACK_V4, LabEndpoint, LabName};

/// The result that a call must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpectedResult {
    Success,
    /// Exactly this many bytes are read.
    Bytes(u32),
    /// recv(2) returns 0: the peer has closed its direction.
    EndOfFile,
    /// EINPROGRESS: a non-blocking connect(2) was started.
    InProgress,
    /// The call fails with this error.
    Failed(CallError),
}

/// The result that a call had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActualResult {
    Success,
    /// The number of bytes read or written.
    Bytes(u32),
    /// recv(2) returned 0: the peer has closed its direction.
    EndOfFile,
    /// EINPROGRESS: a non-blocking connect(2) was started.
    InProgress,
    /// The call failed with this error.
    Failed(CallError),
}

impl ExpectedResult {
    /// Returns whether `actual` is the expected result; any number of bytes is a success, too.
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
            Self::EndOfFile => f.write_str("0 (end of file: the peer has closed)"),
            Self::InProgress => f.write_str("EINPROGRESS (started, not finished)"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

/// A system call made by one process of the lab, with the result it must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LabAction {
    pub role: LabRole,
    pub call: Call,
    /// The name that the socket's local port gets, if any.
    pub port_name: Option<LabName>,
    pub expected: ExpectedResult,
    /// How often the call is made; the repetition replaces the `#` of numbered names.
    pub times: u8,
}

impl LabAction {
    /// Returns an action that must succeed, made once.
    pub const fn new(role: LabRole, call: Call) -> Self {
        Self {
            role,
            call,
            port_name: None,
            expected: ExpectedResult::Success,
            times: 1,
        }
    }

    /// Names the socket's local port, so that later calls and texts can refer to it.
    pub const fn with_port_name(self, name: &'static str) -> Self {
        Self {
            port_name: Some(LabName(name)),
            ..self
        }
    }

    /// Sets the expected result.
    pub const fn expecting(self, expected: ExpectedResult) -> Self {
        Self { expected, ..self }
    }

    /// Expects the call to fail with this error.
    pub const fn failing_with(self, error: CallError) -> Self {
        self.expecting(ExpectedResult::Failed(error))
    }

    /// Repeats the call this many times.
    pub const fn times(self, times: u8) -> Self {
        Self { times, ..self }
    }

    /// Formats the first repetition: `connect(c1, 127.0.0.1:P)`.
    pub fn text(&self) -> String {
        self.call.text(1)
    }
}

/// Returns an action of the server.
pub const fn server(call: Call) -> LabAction {
    LabAction::new(LabRole::Server, call)
}

/// Returns an action of the client.
pub const fn client(call: Call) -> LabAction {
    LabAction::new(LabRole::Client, call)
}

/// Returns `name = socket(…)` for TCP over IPv4.
pub const fn socket(name: &'static str) -> Call {
    Call::Socket {
        new_socket: LabName(name),
        kind: SocketKind::Tcp,
    }
}

/// Returns `bind(name, 127.0.0.1:0)`: the kernel chooses the port.
pub const fn bind(name: &'static str) -> Call {
    Call::Bind(LabName(name), LabEndpoint::with_ephemeral_port(LOOPBACK_V4))
}

/// Returns `listen(name, backlog)`.
pub const fn listen(name: &'static str, backlog: u32) -> Call {
    Call::Listen(LabName(name), backlog)
}

/// Returns `connect(name, 127.0.0.1:port)`, blocking.
pub const fn connect(name: &'static str, port: &'static str) -> Call {
    Call::Connect(
        LabName(name),
        LabEndpoint::with_named_port(LOOPBACK_V4, port),
        ConnectMode::Blocking,
    )
}

/// Returns `new_socket = accept(listener)`.
pub const fn accept(listener: &'static str, new_socket: &'static str) -> Call {
    Call::Accept {
        listener: LabName(listener),
        new_socket: LabName(new_socket),
    }
}

/// Returns `close(name)`.
pub const fn close(name: &'static str) -> Call {
    Call::Close(LabName(name))
}
