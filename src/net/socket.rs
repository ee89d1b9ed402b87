//! A socket: one kernel object, one row.
//!
//! A [`Socket`] holds facts as a source decoded them. What the source could not see is `None`,
//! never zero; nothing here is inferred.

use std::fmt;
use std::num::{NonZeroI64, NonZeroU32, NonZeroU64};
use std::time::Duration;

use super::endpoint::{Endpoint, Family};
use super::port::{Port, Protocol};
use super::process::{Holders, Uid};

/// A TCP state under its RFC 9293 name (§3.3.2), with the kernel's number
/// (`include/net/tcp_states.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TcpState {
    /// The handshake is complete and neither side has closed.
    Established,
    /// A SYN was sent; no SYN-ACK has arrived yet.
    SynSent,
    /// A SYN was received and a SYN-ACK sent; the handshake is not complete.
    SynReceived,
    /// This side has closed; its FIN is not acknowledged yet.
    FinWait1,
    /// This side has closed and its FIN is acknowledged; the peer has not closed yet.
    FinWait2,
    /// Both sides have closed; the kernel reserves the 4-tuple for a while.
    TimeWait,
    /// No connection.
    Closed,
    /// The peer has closed; the program here has not.
    CloseWait,
    /// Both sides have closed, the peer first; the last FIN is not acknowledged yet.
    LastAck,
    /// Listening for connections.
    Listen,
    /// Both sides closed at the same time; this side's FIN is not acknowledged yet.
    Closing,
    /// A state number this program does not know, kept unchanged.
    Other(u8),
}

impl TcpState {
    /// Converts the kernel's number. 12 (`TCP_NEW_SYN_RECV`) is SYN-RECEIVED in a smaller kernel
    /// object.
    pub const fn from_kernel(number: u8) -> Self {
        match number {
            1 => Self::Established,
            2 => Self::SynSent,
            3 | 12 => Self::SynReceived,
            4 => Self::FinWait1,
            5 => Self::FinWait2,
            6 => Self::TimeWait,
            7 => Self::Closed,
            8 => Self::CloseWait,
            9 => Self::LastAck,
            10 => Self::Listen,
            11 => Self::Closing,
            other => Self::Other(other),
        }
    }

    /// Returns the RFC 9293 name, such as `TIME-WAIT`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Established => "ESTABLISHED",
            Self::SynSent => "SYN-SENT",
            Self::SynReceived => "SYN-RECEIVED",
            Self::FinWait1 => "FIN-WAIT-1",
            Self::FinWait2 => "FIN-WAIT-2",
            Self::TimeWait => "TIME-WAIT",
            Self::Closed => "CLOSED",
            Self::CloseWait => "CLOSE-WAIT",
            Self::LastAck => "LAST-ACK",
            Self::Listen => "LISTEN",
            Self::Closing => "CLOSING",
            Self::Other(_) => "UNKNOWN",
        }
    }
}

impl fmt::Display for TcpState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The protocol together with its state; UDP has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transport {
    /// A TCP socket in this state.
    Tcp(TcpState),
    /// A UDP socket. [`Socket::remote`] says whether connect(2) gave it a peer.
    Udp,
}

impl Transport {
    /// Returns the protocol without the state.
    pub const fn protocol(self) -> Protocol {
        match self {
            Self::Tcp(_) => Protocol::Tcp,
            Self::Udp => Protocol::Udp,
        }
    }
}

/// The kernel's 64-bit id of a socket, unique until reboot (`sock_gen_cookie`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cookie(pub NonZeroU64);

/// The inode number of a socket: `socket:[…]` in /proc/PID/fd.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Inode(pub NonZeroU64);

/// The id of the cgroup the socket was created in: on Linux the inode of the cgroup's directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CgroupId(pub u64);

/// The number of a network interface (if_nametoindex(3)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InterfaceIndex(pub NonZeroU32);

/// Recv-Q and Send-Q of a socket that carries data. A listener's two numbers mean something else:
/// see [`AcceptQueue`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queues {
    /// Recv-Q: bytes received that the program has not read.
    pub recv: u32,
    /// Send-Q: bytes the program wrote that the peer has not acknowledged.
    pub send: u32,
}

/// How full a listener's accept queue is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcceptQueue {
    /// Connections the kernel has established and the program has not accepted yet.
    pub waiting: u32,
    /// The backlog given to listen(2), capped by `net.core.somaxconn`; `None` where the source does
    /// not report it.
    pub limit: Option<u32>,
}

impl AcceptQueue {
    /// Returns whether the kernel accepts no further connections. The kernel compares with `>`, so
    /// a queue holds one more than its limit (`sk_acceptq_is_full`).
    pub fn is_full(self) -> bool {
        self.limit.is_some_and(|limit| self.waiting > limit)
    }
}

/// The purpose of a running timer (`idiag_timer`, sock_diag(7)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimerKind {
    /// Unacknowledged data will be retransmitted.
    Retransmit,
    /// A keepalive probe will be sent.
    Keepalive,
    /// The kernel will remove the TIME-WAIT row.
    TimeWait,
    /// A zero-window probe will be sent.
    ZeroWindowProbe,
    /// A timer number this program does not know.
    Other(u8),
}

/// The running timer of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketTimer {
    /// What happens when it fires.
    pub kind: TimerKind,
    /// When it fires, since the collector started. A point in time rather than a remaining time, so
    /// that an idle socket is the same in every sample.
    pub due: Duration,
    /// How often the data or probe has been retransmitted so far.
    pub retransmits: u8,
}

/// The name of a congestion-control algorithm: at most 16 ASCII bytes (`TCP_CA_NAME_MAX`).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CongestionAlgorithm {
    bytes: [u8; 16],
    length: u8,
}

impl CongestionAlgorithm {
    /// Parses the kernel's bytes up to the first NUL. `None` unless they are a short printable
    /// ASCII name.
    pub fn from_bytes(raw: &[u8]) -> Option<Self> {
        let name = raw.split(|&b| b == 0).next()?;
        if name.is_empty() || name.len() > 16 || !name.iter().all(u8::is_ascii_graphic) {
            return None;
        }
        let mut bytes = [0; 16];
        bytes.get_mut(..name.len())?.copy_from_slice(name);
        let length = u8::try_from(name.len()).ok()?;
        Some(Self { bytes, length })
    }

    /// Returns the name, such as `cubic`.
    pub fn as_str(&self) -> &str {
        let name = self.bytes.get(..usize::from(self.length));
        name.and_then(|n| std::str::from_utf8(n).ok()).unwrap_or("")
    }
}

impl fmt::Debug for CongestionAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// Bytes the peer acknowledged and bytes received (`tcp_info`, Linux ≥ 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveredBytes {
    /// `tcpi_bytes_acked`; counts the SYN of the side that connected.
    pub acknowledged: u64,
    /// `tcpi_bytes_received`.
    pub received: u64,
}

/// Bytes handed to the network (`tcp_info`, Linux ≥ 4.19).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentBytes {
    /// `tcpi_bytes_sent`, retransmissions included.
    pub bytes: u64,
    /// `tcpi_bytes_retrans`: the retransmitted part of `bytes`.
    pub retransmitted: u64,
}

/// When data was last sent or received, in milliseconds since the collector started; negative for
/// before that. The kernel counts "milliseconds ago", which changes in every sample of an idle socket;
/// a point in time does not, apart from jitter (see [`DataTime::is_same_as`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataTime(
    /// Never 0, so that an `Option` of it takes 8 bytes: every row has one.
    NonZeroI64,
);

impl DataTime {
    /// Two samples of one time differ by the kernel's clock tick and by how long a dump takes.
    const JITTER_MS: u64 = 500;

    /// Returns the time so many milliseconds after the collector started. 0 becomes 1, which is less
    /// than the clock tick.
    pub const fn from_millis(millis: i64) -> Self {
        const ONE: NonZeroI64 = NonZeroI64::new(1).expect("1 is not 0");
        match NonZeroI64::new(millis) {
            Some(millis) => Self(millis),
            None => Self(ONE),
        }
    }

    /// Returns the milliseconds since the collector started.
    pub const fn millis(self) -> i64 {
        self.0.get()
    }

    /// Returns the time that was so many milliseconds before `now`.
    pub fn from_ago(now: Duration, ago_ms: u32) -> Self {
        let now = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
        Self::from_millis(now.saturating_sub(i64::from(ago_ms)))
    }

    /// Returns how long ago it is.
    pub fn ago(self, now: Duration) -> Duration {
        let now = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
        let ago = now.saturating_sub(self.millis());
        Duration::from_millis(u64::try_from(ago).unwrap_or(0))
    }

    /// Returns whether the two are samples of one time.
    pub const fn is_same_as(self, other: Self) -> bool {
        self.millis().abs_diff(other.millis()) <= Self::JITTER_MS
    }
}

/// The fields of `tcp_info` that this program shows (`include/uapi/linux/tcp.h`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpInfo {
    /// Smoothed round-trip time in microseconds; `None` before the first measurement.
    pub rtt_us: Option<NonZeroU32>,
    /// Variation of the round-trip time, in microseconds.
    pub rtt_variation_us: u32,
    /// The smallest round-trip time measured, in microseconds (Linux ≥ 4.6).
    pub min_rtt_us: Option<NonZeroU32>,
    /// Congestion window, in segments.
    pub congestion_window: u32,
    /// Largest segment this side sends, in bytes.
    pub send_mss: u32,
    /// Segments retransmitted over the socket's life.
    pub total_retransmits: u32,
    /// Bytes acknowledged and received; `None` before Linux 4.1.
    pub delivered: Option<DeliveredBytes>,
    /// Bytes sent and retransmitted; `None` before Linux 4.19.
    pub sent: Option<SentBytes>,
    /// The newer of `tcpi_last_data_sent` and `tcpi_last_data_recv`. Both begin with the connection,
    /// so a connection that never carried data has the time of its handshake. `None` before that.
    pub last_data: Option<DataTime>,
    /// `tcpi_delivery_rate` (Linux ≥ 4.9): bytes per second that reached the other end, the newest
    /// measurement; `None` before the first.
    pub delivery_rate: Option<NonZeroU64>,
}

impl TcpInfo {
    /// Returns whether two samples of one socket are equal, apart from jitter of
    /// [`last_data`](Self::last_data).
    pub fn same_facts(&self, other: &Self) -> bool {
        let same_time = match (self.last_data, other.last_data) {
            (Some(a), Some(b)) => a.is_same_as(b),
            (a, b) => a == b,
        };
        let without_time = |info: &Self| Self {
            last_data: None,
            ..*info
        };
        same_time && without_time(self) == without_time(other)
    }

    /// Returns the bytes sent without retransmissions; the acknowledged bytes where the kernel does
    /// not count sent ones.
    pub fn unique_bytes_sent(&self) -> Option<u64> {
        match self.sent {
            Some(sent) => Some(sent.bytes.saturating_sub(sent.retransmitted)),
            None => self.delivered.map(|d| d.acknowledged),
        }
    }
}

/// One socket as a source read it in one sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Socket {
    /// The protocol and, for TCP, the state.
    pub transport: Transport,
    /// The local endpoint. Its family is the socket's family.
    pub local: Endpoint,
    /// The remote endpoint; `None` for a listener and for a UDP socket without a peer.
    pub remote: Option<Endpoint>,
    /// The interface the socket is bound to, or the scope of a link-local address.
    pub interface: Option<InterfaceIndex>,
    /// The kernel's id of the socket; `None` where the source does not report it.
    pub cookie: Option<Cookie>,
    /// The socket's inode; `None` where the kernel keeps the row without a descriptor, or the
    /// source does not report it.
    pub inode: Option<Inode>,
    /// The user who created it; `None` where unknown. The kernel's 0 on a row without inode does
    /// not mean root.
    pub uid: Option<Uid>,
    /// Recv-Q and Send-Q; `None` for a TCP listener, and where the source does not report them.
    pub queues: Option<Queues>,
    /// The accept queue of a TCP listener; `None` for everything else, and where the source does
    /// not report it.
    pub accept_queue: Option<AcceptQueue>,
    /// The running timer, if any.
    pub timer: Option<SocketTimer>,
    /// IPV6_V6ONLY of an IPv6 listener; `None` where the source does not report it.
    pub v6only: Option<bool>,
    /// The cgroup the socket was created in.
    pub cgroup: Option<CgroupId>,
    /// The TCP counters; `None` for listeners and UDP, and where the source does not report them.
    pub tcp: Option<TcpInfo>,
    /// The congestion-control algorithm.
    pub congestion: Option<CongestionAlgorithm>,
    /// Datagrams or segments the kernel dropped because the socket had no room (`sk_drops`); for a
    /// TCP listener, connections it refused. `None` where the source does not tell.
    pub drops: Option<u32>,
    /// The processes that have a descriptor for it.
    pub holders: Holders,
}

impl Socket {
    /// Creates a socket of which only the transport and the endpoints are known.
    pub const fn new(transport: Transport, local: Endpoint, remote: Option<Endpoint>) -> Self {
        Self {
            transport,
            local,
            remote,
            interface: None,
            cookie: None,
            inode: None,
            uid: None,
            queues: None,
            accept_queue: None,
            timer: None,
            v6only: None,
            cgroup: None,
            tcp: None,
            congestion: None,
            drops: None,
            holders: Holders::NotSearched,
        }
    }

    /// Returns the transport protocol.
    pub const fn protocol(&self) -> Protocol {
        self.transport.protocol()
    }

    /// Returns the TCP state; `None` for UDP.
    pub const fn tcp_state(&self) -> Option<TcpState> {
        match self.transport {
            Transport::Tcp(state) => Some(state),
            Transport::Udp => None,
        }
    }

    /// Returns the socket's address family, which may differ from the peer's.
    pub const fn family(&self) -> Family {
        self.local.family()
    }

    /// Returns whether the socket listens: TCP in LISTEN, or UDP without a peer.
    pub const fn is_listening(&self) -> bool {
        match self.transport {
            Transport::Tcp(state) => matches!(state, TcpState::Listen),
            Transport::Udp => self.remote.is_none(),
        }
    }

    /// Returns the key that identifies this row from sample to sample.
    pub fn key(&self) -> SocketKey {
        match self.cookie {
            Some(cookie) => SocketKey::Cookie(cookie),
            None => SocketKey::Tuple {
                protocol: self.protocol(),
                local: self.local,
                remote: self.remote,
                interface: self.interface,
                reuseport_id: if self.is_listening() {
                    self.inode.map_or(0, |i| i.0.get())
                } else {
                    0
                },
            },
        }
    }

    /// Returns whether the byte counters of `tcp_info` are known.
    pub fn has_byte_counters(&self) -> bool {
        self.tcp.is_some_and(|tcp| tcp.delivered.is_some())
    }

    /// Returns the remote port, or [`Port::NONE`].
    pub fn remote_port(&self) -> Port {
        self.remote.map_or(Port::NONE, |r| r.port)
    }
}

/// The identity of a row: never an index, a state or formatted text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SocketKey {
    /// The kernel's cookie; it survives every change of state, into TIME-WAIT too.
    Cookie(Cookie),
    /// The 5-tuple, where there is no cookie.
    Tuple {
        /// The transport protocol.
        protocol: Protocol,
        /// The local endpoint.
        local: Endpoint,
        /// The remote endpoint.
        remote: Option<Endpoint>,
        /// The device it is bound to: the same endpoints may exist once per device.
        interface: Option<InterfaceIndex>,
        /// Distinguishes sockets that share a port by SO_REUSEPORT: the inode of a listener; 0 for
        /// a connection, whose endpoints are unique and whose inode disappears in TIME-WAIT.
        /// History numbers the remaining duplicates (connected UDP sockets).
        reuseport_id: u64,
    },
}
