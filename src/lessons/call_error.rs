//! Errors of system calls: the errno(3) name and a short explanation.

use std::fmt;

/// An error of a system call (errno(3)).
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
    /// EAGAIN: nothing arrived within the time a lab waits.
    WouldBlock,
    /// Any other errno number.
    Other(i32),
}

impl CallError {
    /// Returns the name from errno(3).
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

    /// Returns a short explanation.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::AddrInUse => "another socket uses this address and port",
            Self::AddrNotAvailable => "no free local port for this destination",
            Self::ConnectionRefused => "no socket listens there",
            Self::ConnectionReset => "the peer reset the connection",
            Self::PermissionDenied => "this port needs a privilege",
            Self::BrokenPipe => "this direction is closed",
            Self::InvalidArgument => "not possible in the socket's state",
            Self::AlreadyConnected => "the socket is already connected",
            Self::TimedOut => "no reply in time",
            Self::WouldBlock => "nothing arrived in time",
            Self::Other(_) => "the system call failed",
        }
    }
}

impl fmt::Display for CallError {
    /// Formats name and explanation: `EADDRINUSE (another socket uses this address and port)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other(number) => write!(f, "error {number} ({})", self.meaning()),
            _ => write!(f, "{} ({})", self.name(), self.meaning()),
        }
    }
}
