//! The protocol between a lab and its processes: one [`LabCommand`] or [`LabReply`] per line, as
//! JSON.
//!
//! Commands contain port numbers instead of names: a lab process knows nothing about lessons.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::lessons::call::{ConnectMode, SocketKind};

/// One call to make. The sockets have the names of the lesson.
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
    /// send(2) until the send buffer is full.
    FillSendBuffer(String),
    /// recv(2) until end of file.
    DrainToEof(String),
    /// shutdown(2), SHUT_WR.
    Shutdown(String),
    /// close(2).
    Close(String),
    /// close(2) with SO_LINGER 1, 0: resets the connection.
    Abort(String),
    /// poll(2) for POLLIN or an error.
    Poll(String),
    /// fork(2) and execve(2): the child's name, the socket it inherits.
    Spawn(String, String),
}

/// A socket option with port numbers instead of names.
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
    /// IP_LOCAL_PORT_RANGE: four ports, starting with this one.
    LocalPortRange(u16),
    /// TCP_DEFER_ACCEPT.
    DeferAccept,
}

/// The reply to a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LabReply {
    pub(crate) result: CommandResult,
    /// The socket's local address after the call (getsockname(2)).
    pub(crate) local_addr: Option<SocketAddr>,
    /// The socket's file descriptor and inode.
    pub(crate) fd_and_inode: Option<(u32, u64)>,
    /// The pid of the child that was started.
    pub(crate) child_pid: Option<u32>,
}

/// The result of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum CommandResult {
    /// Sent once, when the process is ready for commands.
    Ready,
    Success,
    /// The number of bytes read or written.
    Bytes(u32),
    /// recv(2) returned 0.
    EndOfFile,
    /// EINPROGRESS.
    InProgress,
    /// The errno number.
    Failed(i32),
}
