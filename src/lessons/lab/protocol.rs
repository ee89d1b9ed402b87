//! What is said between the lab and its processes: an [`Order`] a line, a [`LabReply`] a line, as JSON.
//!
//! In: a call of a lesson, its names turned into numbers. Out: the same for a process that knows
//! nothing of lessons.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::lessons::call::{ConnectMode, SocketKind};

/// One call to make. Sockets go by the names the lesson gives them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum LabCommand {
    /// socket(2).
    Socket(String, SocketKind),
    /// setsockopt(2).
    SetOption(String, ResolvedOption),
    /// bind(2).
    Bind(String, SocketAddr),
    /// listen(2).
    Listen(String, u32),
    /// connect(2).
    Connect(String, SocketAddr, ConnectMode),
    /// accept(2): listener, new socket.
    Accept(String, String),
    /// send(2).
    Send(String, u32),
    /// sendto(2).
    SendTo(String, SocketAddr, u32),
    /// recv(2).
    Recv(String, u32),
    /// send(2) until it is full.
    FillSendBuffer(String),
    /// recv(2) until the end.
    DrainToEof(String),
    /// shutdown(2), SHUT_WR.
    Shutdown(String),
    /// close(2).
    Close(String),
    /// close(2) by reset.
    Abort(String),
    /// poll(2).
    Poll(String),
    /// A child, called so, that keeps this socket.
    Spawn(String, String),
}

/// A setting with its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ResolvedOption {
    /// SO_REUSEADDR.
    ReuseAddr,
    /// SO_REUSEPORT.
    ReusePort,
    /// IPV6_V6ONLY on.
    V6Only,
    /// IPV6_V6ONLY off.
    DualStack,
    /// SO_RCVBUF, SO_SNDBUF.
    SmallBuffers,
    /// IP_MINTTL 255.
    DropPackets,
    /// IP_MINTTL 0.
    AcceptPackets,
    /// IP_LOCAL_PORT_RANGE: four ports from this one on.
    LocalPortRange(u16),
    /// TCP_DEFER_ACCEPT.
    DeferAccept,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LabReply {
    /// The outcome.
    pub(crate) result: CommandResult,
    /// The socket's own end afterwards, where it has one.
    pub(crate) local_addr: Option<SocketAddr>,
    /// Its descriptor and its inode.
    pub(crate) fd_and_inode: Option<(u32, u64)>,
    /// The child that was made.
    pub(crate) child_pid: Option<u32>,
}

/// The outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum CommandResult {
    /// Ready to begin.
    Ready,
    /// It worked.
    Success,
    /// So many bytes.
    Bytes(u32),
    /// The end of what the other side says.
    EndOfFile,
    /// Begun, not finished.
    InProgress,
    /// errno.
    Failed(i32),
}
