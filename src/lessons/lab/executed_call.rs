//! A call that a lab has made, with its result.

use crate::lessons::action::{ActualResult, ExpectedResult, LabAction};
use crate::lessons::call::Call;
use crate::lessons::call_error::CallError;
use crate::lessons::lab_endpoint::LabPort;
use crate::net::endpoint::Endpoint;

/// The result of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExecutedCall {
    pub action: &'static LabAction,
    /// The repetition, from 1.
    pub n: u8,
    pub actual: ActualResult,
    /// The socket that the call used, if it is still open.
    pub socket: Option<SocketHandle>,
}

/// A socket as its process holds it: file descriptor, inode, local endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketHandle {
    pub fd: u32,
    /// The inode in `socket:[…]` of /proc/PID/fd.
    pub inode: u64,
    /// The local endpoint (getsockname(2)); 0.0.0.0:0 before bind(2).
    pub local: Option<Endpoint>,
}

impl ExecutedCall {
    /// Returns whether the result is the expected one.
    pub fn is_expected(&self) -> bool {
        self.action.expected.matches(self.actual)
    }

    /// Returns whether another program took the port between the choice of its number and bind(2).
    /// This has nothing to do with the lesson, which has to be played again.
    pub fn port_was_taken(&self) -> bool {
        let names_port = match self.action.call {
            Call::Bind(_, endpoint) => matches!(endpoint.port, LabPort::Named(_)),
            _ => false,
        };
        names_port
            && self.action.expected == ExpectedResult::Success
            && self.actual == ActualResult::Failed(CallError::AddrInUse)
    }
}
