//! What the processes of a lab do: the system calls of lessons.
//!
//! In: nothing; this is what lessons are written in. Out: [`Call`]s. A lab carries out exactly these
//! values, and [`Call::text`] writes exactly these, so that what is read is what is done.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::lab_endpoint::{LabEndpoint, LabName};

/// A process of the lab, or the program that leads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LabRole {
    /// The one that listens.
    Server,
    /// The one that dials.
    Client,
    /// A process the server started; it has the descriptors the server gave it.
    Child(u8),
    /// Portolan itself, which sends signals and does nothing else.
    Portolan,
}

impl LabRole {
    /// What the process is called in every list of processes.
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

/// A kind of socket.
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

/// A switch or a value of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketOption {
    /// SO_REUSEADDR 1.
    ReuseAddr,
    /// SO_REUSEPORT 1.
    ReusePort,
    /// IPV6_V6ONLY 1: IPv6 alone.
    V6Only,
    /// IPV6_V6ONLY 0: IPv4, too.
    DualStack,
    /// SO_RCVBUF and SO_SNDBUF 4096: buffers that are soon full.
    SmallBuffers,
    /// IP_MINTTL 255: packets from this machine (they have 64) are not let in. The socket is deaf.
    DropPackets,
    /// IP_MINTTL 0: it hears again.
    AcceptPackets,
    /// IP_LOCAL_PORT_RANGE: the four ports of this name.
    LocalPortRange(LabName),
    /// TCP_DEFER_ACCEPT: a connection counts when its first data is here.
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

/// Whether a call waits for its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConnectMode {
    /// Until it is known.
    Blocking,
    /// It is begun only (O_NONBLOCK).
    NonBlocking,
}

/// A signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGSTOP: the process stands still.
    Stop,
    /// SIGCONT: it goes on.
    Continue,
    /// SIGKILL: it is gone, without a word.
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
        /// What the new socket is called.
        new_socket: LabName,
        /// Of which kind.
        kind: SocketKind,
    },
    /// setsockopt(2).
    SetOption(LabName, SocketOption),
    /// bind(2).
    Bind(LabName, LabEndpoint),
    /// listen(2), with this backlog.
    Listen(LabName, u32),
    /// connect(2).
    Connect(LabName, LabEndpoint, ConnectMode),
    /// accept(2).
    Accept {
        /// At which listener.
        listener: LabName,
        /// What the new socket is called.
        new_socket: LabName,
    },
    /// send(2), so many bytes.
    Send(LabName, u32),
    /// sendto(2), so many bytes.
    SendTo(LabName, LabEndpoint, u32),
    /// recv(2): whatever is there, up to so many bytes.
    Recv(LabName, u32),
    /// send(2) again and again until the kernel takes no more.
    FillSendBuffer(LabName),
    /// recv(2) again and again until the end.
    DrainToEof(LabName),
    /// shutdown(2), SHUT_WR: this end says no more.
    Shutdown(LabName),
    /// close(2).
    Close(LabName),
    /// close(2) with SO_LINGER 1, 0: the connection is thrown away (RST).
    Abort(LabName),
    /// poll(2): until there is something to read, or an error.
    Poll(LabName),
    /// Four ports in a row, from this name on, that nobody has bound.
    PickFourPorts(LabName),
    /// fork(2) and execve(2): a child that has this descriptor, too.
    Spawn(LabRole, LabName),
    /// kill(2).
    Kill(LabRole, Signal),
}

impl Call {
    /// Whether a new descriptor comes of it.
    pub const fn creates_socket(self) -> bool {
        matches!(self, Self::Socket { .. } | Self::Accept { .. })
    }

    /// As it is written the n-th time: `bind(l, 127.0.0.1:0)`.
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
            Self::Bind(socket, place) => format!("bind({}, {})", socket.numbered(n), place.text(n)),
            Self::Listen(socket, backlog) => format!("listen({}, {backlog})", socket.numbered(n)),
            Self::Connect(socket, place, ConnectMode::Blocking) => {
                format!("connect({}, {})", socket.numbered(n), place.text(n))
            }
            Self::Connect(socket, place, ConnectMode::NonBlocking) => {
                format!(
                    "connect({}, {}) without waiting",
                    socket.numbered(n),
                    place.text(n)
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
            Self::SendTo(socket, place, bytes) => {
                format!(
                    "sendto({}, {bytes} bytes, {})",
                    socket.numbered(n),
                    place.text(n)
                )
            }
            Self::Recv(socket, bytes) => format!("recv({}, {bytes})", socket.numbered(n)),
            Self::FillSendBuffer(socket) => {
                format!("send({}, …) until it is full", socket.numbered(n))
            }
            Self::DrainToEof(socket) => format!("recv({}, …) until the end", socket.numbered(n)),
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
                    "fork(), execve() of {child}, which keeps {}",
                    socket.numbered(n)
                )
            }
            Self::Kill(actor, signal) => format!("kill({actor}, {})", signal.name()),
        }
    }
}
