//! What the processes of a lab do: the system calls of lessons.
//!
//! In: nothing; this is what lessons are written in. Out: [`Call`]s. A lab carries out exactly these
//! values, and [`Call::text`] writes exactly these, so that what is read is what is done.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::teach::lessons::place::{Name, Place};

/// A process of the lab, or the program that leads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Actor {
    /// The one that listens.
    Server,
    /// The one that dials.
    Client,
    /// A process the server started; it has the descriptors the server gave it.
    Child(u8),
    /// Portolan itself, which sends signals and does nothing else.
    Portolan,
}

impl Actor {
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

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A kind of socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// TCP over IPv4.
    Tcp,
    /// TCP over IPv6.
    Tcp6,
    /// UDP over IPv4.
    Udp,
}

impl Kind {
    const fn arguments(self) -> &'static str {
        match self {
            Self::Tcp => "AF_INET, SOCK_STREAM",
            Self::Tcp6 => "AF_INET6, SOCK_STREAM",
            Self::Udp => "AF_INET, SOCK_DGRAM",
        }
    }
}

/// A switch or a value of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// SO_REUSEADDR 1.
    ReuseAddress,
    /// SO_REUSEPORT 1.
    ReusePort,
    /// IPV6_V6ONLY 1: IPv6 alone.
    OnlyIpv6,
    /// IPV6_V6ONLY 0: IPv4, too.
    BothFamilies,
    /// SO_RCVBUF and SO_SNDBUF 4096: buffers that are soon full.
    SmallBuffers,
    /// IP_MINTTL 255: packets from this machine (they have 64) are not let in. The socket is deaf.
    Deaf,
    /// IP_MINTTL 0: it hears again.
    Hearing,
    /// IP_LOCAL_PORT_RANGE: the four ports of this name.
    FourPorts(Name),
    /// TCP_DEFER_ACCEPT: a connection counts when its first data is here.
    DeferAccept,
}

impl Setting {
    fn arguments(self) -> String {
        match self {
            Self::ReuseAddress => "SO_REUSEADDR, 1".into(),
            Self::ReusePort => "SO_REUSEPORT, 1".into(),
            Self::OnlyIpv6 => "IPV6_V6ONLY, 1".into(),
            Self::BothFamilies => "IPV6_V6ONLY, 0".into(),
            Self::SmallBuffers => "SO_RCVBUF and SO_SNDBUF, 4096".into(),
            Self::Deaf => "IP_MINTTL, 255".into(),
            Self::Hearing => "IP_MINTTL, 0".into(),
            Self::FourPorts(name) => {
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
pub enum Patience {
    /// Until it is known.
    Waits,
    /// It is begun only (O_NONBLOCK).
    Begins,
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
        made: Name,
        /// Of which kind.
        kind: Kind,
    },
    /// setsockopt(2).
    Set(Name, Setting),
    /// bind(2).
    Bind(Name, Place),
    /// listen(2), with this backlog.
    Listen(Name, u32),
    /// connect(2).
    Connect(Name, Place, Patience),
    /// accept(2).
    Accept {
        /// At which listener.
        listener: Name,
        /// What the new socket is called.
        made: Name,
    },
    /// send(2), so many bytes.
    Send(Name, u32),
    /// sendto(2), so many bytes.
    SendTo(Name, Place, u32),
    /// recv(2): whatever is there, up to so many bytes.
    Receive(Name, u32),
    /// send(2) again and again until the kernel takes no more.
    Fill(Name),
    /// recv(2) again and again until the end.
    Drain(Name),
    /// shutdown(2), SHUT_WR: this end says no more.
    Shutdown(Name),
    /// close(2).
    Close(Name),
    /// close(2) with SO_LINGER 1, 0: the connection is thrown away (RST).
    Abort(Name),
    /// poll(2): until there is something to read, or an error.
    Poll(Name),
    /// Four ports in a row, from this name on, that nobody has bound.
    ChooseFour(Name),
    /// fork(2) and execve(2): a child that has this descriptor, too.
    Spawn(Actor, Name),
    /// kill(2).
    Kill(Actor, Signal),
}

impl Call {
    /// Whether a new descriptor comes of it.
    pub const fn makes_socket(self) -> bool {
        matches!(self, Self::Socket { .. } | Self::Accept { .. })
    }

    /// As it is written the n-th time: `bind(l, 127.0.0.1:0)`.
    pub fn text(self, n: u8) -> String {
        match self {
            Self::Socket { made, kind } => {
                format!("{} = socket({})", made.nth(n), kind.arguments())
            }
            Self::Set(socket, setting) => {
                format!("setsockopt({}, {})", socket.nth(n), setting.arguments())
            }
            Self::Bind(socket, place) => format!("bind({}, {})", socket.nth(n), place.text(n)),
            Self::Listen(socket, backlog) => format!("listen({}, {backlog})", socket.nth(n)),
            Self::Connect(socket, place, Patience::Waits) => {
                format!("connect({}, {})", socket.nth(n), place.text(n))
            }
            Self::Connect(socket, place, Patience::Begins) => {
                format!(
                    "connect({}, {}) without waiting",
                    socket.nth(n),
                    place.text(n)
                )
            }
            Self::Accept { listener, made } => {
                format!("{} = accept({})", made.nth(n), listener.nth(n))
            }
            Self::Send(socket, bytes) => format!("send({}, {bytes} bytes)", socket.nth(n)),
            Self::SendTo(socket, place, bytes) => {
                format!(
                    "sendto({}, {bytes} bytes, {})",
                    socket.nth(n),
                    place.text(n)
                )
            }
            Self::Receive(socket, bytes) => format!("recv({}, {bytes})", socket.nth(n)),
            Self::Fill(socket) => format!("send({}, …) until it is full", socket.nth(n)),
            Self::Drain(socket) => format!("recv({}, …) until the end", socket.nth(n)),
            Self::Shutdown(socket) => format!("shutdown({}, SHUT_WR)", socket.nth(n)),
            Self::Close(socket) => format!("close({})", socket.nth(n)),
            Self::Abort(socket) => format!("close({}) with SO_LINGER 1, 0", socket.nth(n)),
            Self::Poll(socket) => format!("poll({})", socket.nth(n)),
            Self::ChooseFour(name) => format!(
                "four free ports: {0}1 to {0}4",
                name.0.trim_end_matches('#')
            ),
            Self::Spawn(child, socket) => {
                format!("fork(), execve() of {child}, which keeps {}", socket.nth(n))
            }
            Self::Kill(actor, signal) => format!("kill({actor}, {})", signal.name()),
        }
    }
}
