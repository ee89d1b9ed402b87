//! The system calls that lessons consist of.
//!
//! A lab executes [`Call`] values, and [`Call::text`] formats the same values, so the text that a
//! learner reads cannot differ from what is executed.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::lab_endpoint::{LabEndpoint, LabName};

/// A process of the lab, or Portolan itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LabRole {
    Server,
    Client,
    /// A child process of the server, which inherits a socket from it.
    Child(u8),
    /// Portolan itself; it only sends signals and picks ports.
    Portolan,
}

impl LabRole {
    /// Returns the name of the process (`comm`), as process lists show it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Server => "lab-server",
            Self::Client => "lab-client",
            Self::Child(1) => "lab-child-1",
            Self::Child(2) => "lab-child-2",
            Self::Child(_) => "lab-child",
            Self::Portolan => "portolan",
        }
    }
}

impl fmt::Display for LabRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The domain and type of a socket (socket(2)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SocketKind {
    /// TCP over IPv4.
    Tcp,
    /// TCP over IPv6.
    Tcp6,
    /// UDP over IPv4.
    Udp,
}

impl SocketKind {
    const fn arguments_text(self) -> &'static str {
        match self {
            Self::Tcp => "AF_INET, SOCK_STREAM",
            Self::Tcp6 => "AF_INET6, SOCK_STREAM",
            Self::Udp => "AF_INET, SOCK_DGRAM",
        }
    }
}

/// A socket option with its value (setsockopt(2)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketOption {
    /// SO_REUSEADDR 1.
    ReuseAddr,
    /// SO_REUSEPORT 1.
    ReusePort,
    /// IPV6_V6ONLY 1: IPv6 only.
    V6Only,
    /// IPV6_V6ONLY 0: IPv6 and IPv4.
    DualStack,
    /// SO_RCVBUF and SO_SNDBUF 4096 bytes: buffers that fill quickly.
    SmallBuffers,
    /// IP_MINTTL 255: drops packets from this machine, whose TTL is 64.
    DropPackets,
    /// IP_MINTTL 0: accepts all packets again.
    AcceptPackets,
    /// IP_LOCAL_PORT_RANGE (Linux 6.3): the four ports of this name.
    LocalPortRange(LabName),
    /// TCP_DEFER_ACCEPT: a connection is finished only when its first data arrives (tcp(7)).
    DeferAccept,
}

impl SocketOption {
    fn arguments_text(self) -> String {
        match self {
            Self::ReuseAddr => "SO_REUSEADDR, 1".into(),
            Self::ReusePort => "SO_REUSEPORT, 1".into(),
            Self::V6Only => "IPV6_V6ONLY, 1".into(),
            Self::DualStack => "IPV6_V6ONLY, 0".into(),
            Self::SmallBuffers => "SO_RCVBUF and SO_SNDBUF, 4096".into(),
            Self::DropPackets => "IP_MINTTL, 255".into(),
            Self::AcceptPackets => "IP_MINTTL, 0".into(),
            Self::LocalPortRange(name) => {
                format!(
                    "IP_LOCAL_PORT_RANGE, {0}1…{0}4",
                    name.0.trim_end_matches('#')
                )
            }
            Self::DeferAccept => "TCP_DEFER_ACCEPT, 30".into(),
        }
    }
}

/// Whether connect(2) waits for its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConnectMode {
    Blocking,
    /// Returns at once with EINPROGRESS (O_NONBLOCK).
    NonBlocking,
}

/// A signal that a lab sends (signal(7)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGSTOP: the process is stopped.
    Stop,
    /// SIGCONT: the process continues.
    Continue,
    /// SIGKILL: the process ends without running any cleanup.
    Kill,
}

impl Signal {
    const fn name(self) -> &'static str {
        match self {
            Self::Stop => "SIGSTOP",
            Self::Continue => "SIGCONT",
            Self::Kill => "SIGKILL",
        }
    }
}

/// One system call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// socket(2).
    Socket {
        /// The name that the new socket gets.
        new_socket: LabName,
        kind: SocketKind,
    },
    /// setsockopt(2).
    SetOption(LabName, SocketOption),
    /// bind(2).
    Bind(LabName, LabEndpoint),
    /// listen(2) with this backlog.
    Listen(LabName, u32),
    /// connect(2).
    Connect(LabName, LabEndpoint, ConnectMode),
    /// accept(2).
    Accept {
        listener: LabName,
        /// The name that the accepted socket gets.
        new_socket: LabName,
    },
    /// send(2) of this many bytes.
    Send(LabName, u32),
    /// sendto(2) of this many bytes.
    SendTo(LabName, LabEndpoint, u32),
    /// recv(2) of at most this many bytes.
    Recv(LabName, u32),
    /// send(2) repeatedly until the send buffer is full.
    FillSendBuffer(LabName),
    /// recv(2) repeatedly until end of file.
    DrainToEof(LabName),
    /// shutdown(2) with SHUT_WR: sends a FIN, and the socket can still receive.
    Shutdown(LabName),
    /// close(2).
    Close(LabName),
    /// close(2) with SO_LINGER 1, 0: resets the connection (RST).
    Abort(LabName),
    /// poll(2) for POLLIN or an error.
    Poll(LabName),
    /// Picks four consecutive ports that no socket has as its local port, and names them.
    PickFourPorts(LabName),
    /// fork(2) and execve(2) of a child that inherits this socket.
    Spawn(LabRole, LabName),
    /// kill(2).
    Kill(LabRole, Signal),
}

impl Call {
    /// Returns whether the call creates a new file descriptor.
    pub const fn creates_socket(self) -> bool {
        matches!(self, Self::Socket { .. } | Self::Accept { .. })
    }

    /// Formats the `n`-th repetition: `bind(l, 127.0.0.1:0)`.
    pub fn text(self, n: u8) -> String {
        match self {
            Self::Socket { new_socket, kind } => {
                format!(
                    "{} = socket({})",
                    new_socket.numbered(n),
                    kind.arguments_text()
                )
            }
            Self::SetOption(socket, option) => {
                format!(
                    "setsockopt({}, {})",
                    socket.numbered(n),
                    option.arguments_text()
                )
            }
            Self::Bind(socket, endpoint) => {
                format!("bind({}, {})", socket.numbered(n), endpoint.text(n))
            }
            Self::Listen(socket, backlog) => format!("listen({}, {backlog})", socket.numbered(n)),
            Self::Connect(socket, endpoint, ConnectMode::Blocking) => {
                format!("connect({}, {})", socket.numbered(n), endpoint.text(n))
            }
            Self::Connect(socket, endpoint, ConnectMode::NonBlocking) => {
                format!(
                    "connect({}, {}), non-blocking",
                    socket.numbered(n),
                    endpoint.text(n)
                )
            }
            Self::Accept {
                listener,
                new_socket,
            } => {
                format!(
                    "{} = accept({})",
                    new_socket.numbered(n),
                    listener.numbered(n)
                )
            }
            Self::Send(socket, bytes) => format!("send({}, {bytes} bytes)", socket.numbered(n)),
            Self::SendTo(socket, endpoint, bytes) => {
                format!(
                    "sendto({}, {bytes} bytes, {})",
                    socket.numbered(n),
                    endpoint.text(n)
                )
            }
            Self::Recv(socket, bytes) => format!("recv({}, {bytes})", socket.numbered(n)),
            Self::FillSendBuffer(socket) => {
                format!("send({}, …) until the buffer is full", socket.numbered(n))
            }
            Self::DrainToEof(socket) => {
                format!("recv({}, …) until end of file", socket.numbered(n))
            }
            Self::Shutdown(socket) => format!("shutdown({}, SHUT_WR)", socket.numbered(n)),
            Self::Close(socket) => format!("close({})", socket.numbered(n)),
            Self::Abort(socket) => format!("close({}) with SO_LINGER 1, 0", socket.numbered(n)),
            Self::Poll(socket) => format!("poll({})", socket.numbered(n)),
            Self::PickFourPorts(name) => format!(
                "four free ports: {0}1 to {0}4",
                name.0.trim_end_matches('#')
            ),
            Self::Spawn(child, socket) => {
                format!(
                    "fork(), execve() of {child}, which inherits {}",
                    socket.numbered(n)
                )
            }
            Self::Kill(role, signal) => format!("kill({role}, {})", signal.name()),
        }
    }
}
