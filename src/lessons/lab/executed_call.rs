//! A call that a lab has made, and what came of it.

use crate::lessons::action::{ActualResult, ExpectedResult, LabAction};
use crate::lessons::call::Call;
use crate::lessons::call_error::CallError;
use crate::lessons::lab_endpoint::LabPort;
use crate::net::endpoint::Endpoint;

/// What came of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExecutedCall {
    /// The call.
    pub action: &'static LabAction,
    /// The how-manieth time.
    pub n: u8,
    /// What came of it.
    pub actual: ActualResult,
    /// The socket it was about, where that is still open.
    pub socket: Option<SocketHandle>,
}
/// How a process reaches a socket: a descriptor, which leads to an inode; and the socket's own end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketHandle {
    /// The descriptor.
    pub fd: u32,
    /// What it leads to: `socket:[…]` in /proc/PID/fd.
    pub inode: u64,
    /// 0.0.0.0:0 while it has no address.
    pub local: Option<Endpoint>,
}
impl ExecutedCall {
    /// Whether that is what must come of it.
    pub fn is_expected(&self) -> bool {
        self.action.expected.matches(self.actual)
    }
}
impl ExecutedCall {
    /// Whether somebody else took the port between the choice of its number and its use. It has
    /// nothing to do with the lesson, which is to be played once more.
    pub fn port_was_taken(&self) -> bool {
        let names_port = match self.action.call {
            Call::Bind(_, place) => matches!(place.port, LabPort::Named(_)),
            _ => false,
        };
        names_port
            && self.action.expected == ExpectedResult::Success
            && self.actual == ActualResult::Failed(CallError::AddrInUse)
    }
}
