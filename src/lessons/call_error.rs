//! Why a call failed: the system's names for it.
//!
//! In: nothing. Out: [`Refusal`], with the name from errno(3) and what it says in plain words.

use std::fmt;

/// What a system call answers instead of doing what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallError {
    /// EADDRINUSE.
    AddrInUse,
    /// EADDRNOTAVAIL.
    AddrNotAvailable,
    /// ECONNREFUSED.
    ConnectionRefused,
    /// ECONNRESET.
    ConnectionReset,
    /// EACCES.
    PermissionDenied,
    /// EPIPE.
    BrokenPipe,
    /// EINVAL.
    InvalidArgument,
    /// EISCONN.
    AlreadyConnected,
    /// ETIMEDOUT.
    TimedOut,
    /// EAGAIN: nothing came within the time a lab waits.
    WouldBlock,
    /// Anything else, with its number.
    Other(i32),
}

impl CallError {
    /// The name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AddrInUse => "EADDRINUSE",
            Self::AddrNotAvailable => "EADDRNOTAVAIL",
            Self::ConnectionRefused => "ECONNREFUSED",
            Self::ConnectionReset => "ECONNRESET",
            Self::PermissionDenied => "EACCES",
            Self::BrokenPipe => "EPIPE",
            Self::InvalidArgument => "EINVAL",
            Self::AlreadyConnected => "EISCONN",
            Self::TimedOut => "ETIMEDOUT",
            Self::WouldBlock => "EAGAIN",
            Self::Other(_) => "an error",
        }
    }

    /// What it says, in a few plain words.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::AddrInUse => "another socket has this address and port",
            Self::AddrNotAvailable => "there is no free pair of endpoints for it",
            Self::ConnectionRefused => "nobody listens there",
            Self::ConnectionReset => "the other end threw the connection away",
            Self::PermissionDenied => "this port is not for every user",
            Self::BrokenPipe => "this direction is closed",
            Self::InvalidArgument => "not in this state of the socket",
            Self::AlreadyConnected => "the socket has a connection already",
            Self::TimedOut => "no answer came in time",
            Self::WouldBlock => "there was nothing to take",
            Self::Other(_) => "the system refused",
        }
    }
}

impl fmt::Display for CallError {
    /// `EADDRINUSE (another socket has this address and port)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other(number) => write!(f, "error {number} ({})", self.meaning()),
            _ => write!(f, "{} ({})", self.name(), self.meaning()),
        }
    }
}
