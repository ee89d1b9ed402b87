//! The stored form of a socket, in parts that change together.

use std::net::IpAddr;
use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::bounded_vec::BoundedVec;
use super::directory_delta::{StoredProcessKey, from_stored_key, to_stored_key};
use super::format::{InvalidData, MAX_PER_ITEM};
use super::stored_sample::nanoseconds;
use super::string_table;
use super::string_table::StringId;
use crate::net::endpoint::Endpoint;
use crate::net::port::Port;
use crate::net::process::{Fd, Holder, Holders, Uid};
use crate::net::socket::{
    AcceptQueue, CgroupId, CongestionAlgorithm, Cookie, DeliveredBytes, Inode, InterfaceIndex,
    Queues, SentBytes, Socket, SocketTimer, TcpInfo, TcpState, TimerKind, Transport,
};

/// A socket, in parts that change together.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredSocket {
    identity: StoredIdentity,
    state: Option<u8>,
    queue_state: StoredQueues,
    timer: Option<StoredTimer>,
    tcp: Option<StoredTcpInfo>,
    holders: StoredHolders,
}

/// The changed parts of a socket; `None` for parts that are equal.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct SocketDelta {
    identity: Option<StoredIdentity>,
    state: Option<Option<u8>>,
    queue_state: Option<StoredQueues>,
    timer: Option<Option<StoredTimer>>,
    tcp: Option<Option<StoredTcpInfo>>,
    holders: Option<StoredHolders>,
}

/// What rarely changes.
#[derive(Debug, Serialize, Deserialize)]
struct StoredIdentity {
    local: (IpAddr, u16),
    remote: Option<(IpAddr, u16)>,
    interface: Option<NonZeroU32>,
    cookie: Option<NonZeroU64>,
    inode: Option<NonZeroU64>,
    uid: Option<u32>,
    v6only: Option<bool>,
    cgroup: Option<u64>,
    congestion: Option<StringId>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredQueues {
    queues: Option<(u32, u32)>,
    accept_queue: Option<(u32, Option<u32>)>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredTimer {
    kind: StoredTimerKind,
    due: u64,
    retransmits: u8,
}

#[derive(Debug, Serialize, Deserialize)]
enum StoredTimerKind {
    Retransmit,
    Keepalive,
    TimeWait,
    ZeroWindowProbe,
    Other(u8),
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredTcpInfo {
    rtt: (Option<NonZeroU32>, u32, Option<NonZeroU32>),
    congestion_window: u32,
    send_mss: u32,
    total_retransmits: u32,
    delivered: Option<(u64, u64)>,
    sent: Option<(u64, u64)>,
}

#[derive(Debug, Serialize, Deserialize)]
enum StoredHolders {
    NotSearched,
    Found(BoundedVec<(StoredProcessKey, Option<u32>), MAX_PER_ITEM>),
    Hidden,
    NoHolder,
}

impl StoredSocket {
    pub(crate) fn from_socket(
        socket: &Socket,
        string_table: &mut string_table::StringTableWriter,
    ) -> Self {
        Self {
            identity: StoredIdentity::from_socket(socket, string_table),
            state: state_number(socket.transport),
            queue_state: StoredQueues::from_socket(socket),
            timer: socket.timer.map(StoredTimer::from_timer),
            tcp: socket.tcp.map(StoredTcpInfo::from_tcp_info),
            holders: StoredHolders::from_holders(&socket.holders),
        }
    }

    pub(crate) fn into_socket(
        self,
        string_table: &string_table::StringTableReader,
    ) -> Result<Socket, InvalidData> {
        let local = endpoint(self.identity.local);
        let mut socket = Socket::new(transport(self.state), local, None);
        self.identity.apply_to(&mut socket, string_table)?;
        self.queue_state.apply_to(&mut socket);
        socket.timer = self.timer.map(StoredTimer::into_timer);
        socket.tcp = self.tcp.map(StoredTcpInfo::into_tcp_info);
        socket.holders = self.holders.into_holders();
        Ok(socket)
    }
}

impl SocketDelta {
    pub(crate) fn diff(
        before: &Socket,
        now: &Socket,
        string_table: &mut string_table::StringTableWriter,
    ) -> Self {
        let same_identity = before.local == now.local
            && before.remote == now.remote
            && before.interface == now.interface
            && before.cookie == now.cookie
            && before.inode == now.inode
            && before.uid == now.uid
            && before.v6only == now.v6only
            && before.cgroup == now.cgroup
            && before.congestion == now.congestion;
        let same_queues = before.queues == now.queues && before.accept_queue == now.accept_queue;
        let same_tcp = match (&before.tcp, &now.tcp) {
            (Some(before), Some(now)) => {
                StoredTcpInfo::from_tcp_info(*before) == StoredTcpInfo::from_tcp_info(*now)
            }
            (before, now) => before.is_none() && now.is_none(),
        };
        Self {
            identity: (!same_identity).then(|| StoredIdentity::from_socket(now, string_table)),
            state: (before.transport != now.transport).then(|| state_number(now.transport)),
            queue_state: (!same_queues).then(|| StoredQueues::from_socket(now)),
            timer: (before.timer != now.timer).then(|| now.timer.map(StoredTimer::from_timer)),
            tcp: (!same_tcp).then(|| now.tcp.map(StoredTcpInfo::from_tcp_info)),
            holders: (before.holders != now.holders)
                .then(|| StoredHolders::from_holders(&now.holders)),
        }
    }

    pub(crate) fn apply_to(
        self,
        socket: &mut Socket,
        string_table: &string_table::StringTableReader,
    ) -> Result<(), InvalidData> {
        if let Some(identity) = self.identity {
            identity.apply_to(socket, string_table)?;
        }
        if let Some(state) = self.state {
            socket.transport = transport(state);
        }
        if let Some(queue_state) = self.queue_state {
            queue_state.apply_to(socket);
        }
        if let Some(timer) = self.timer {
            socket.timer = timer.map(StoredTimer::into_timer);
        }
        if let Some(tcp) = self.tcp {
            let before = socket.tcp.unwrap_or_default();
            // The figures that stand behind a change stay where they did not change with it.
            socket.tcp = tcp.map(|tcp| TcpInfo {
                last_data: before.last_data,
                delivery_rate: before.delivery_rate,
                ..tcp.into_tcp_info()
            });
        }
        if let Some(holders) = self.holders {
            socket.holders = holders.into_holders();
        }
        Ok(())
    }
}

/// Returns the kernel's state number (include/net/tcp_states.h), or `None` for UDP.
const fn state_number(transport: Transport) -> Option<u8> {
    Some(match transport {
        Transport::Udp => return None,
        Transport::Tcp(state) => match state {
            TcpState::Established => 1,
            TcpState::SynSent => 2,
            TcpState::SynReceived => 3,
            TcpState::FinWait1 => 4,
            TcpState::FinWait2 => 5,
            TcpState::TimeWait => 6,
            TcpState::Closed => 7,
            TcpState::CloseWait => 8,
            TcpState::LastAck => 9,
            TcpState::Listen => 10,
            TcpState::Closing => 11,
            TcpState::Other(number) => number,
        },
    })
}

fn transport(state: Option<u8>) -> Transport {
    state.map_or(Transport::Udp, |number| {
        Transport::Tcp(TcpState::from_kernel(number))
    })
}

const fn endpoint((address, port): (IpAddr, u16)) -> Endpoint {
    Endpoint::new(address, Port(port))
}

impl StoredIdentity {
    fn from_socket(socket: &Socket, string_table: &mut string_table::StringTableWriter) -> Self {
        let pair = |end: Endpoint| (end.address, end.port.0);
        Self {
            local: pair(socket.local),
            remote: socket.remote.map(pair),
            interface: socket.interface.map(|i| i.0),
            cookie: socket.cookie.map(|c| c.0),
            inode: socket.inode.map(|i| i.0),
            uid: socket.uid.map(|uid| uid.0),
            v6only: socket.v6only,
            cgroup: socket.cgroup.map(|id| id.0),
            congestion: socket
                .congestion
                .map(|name| string_table.intern(name.as_str())),
        }
    }

    fn apply_to(
        self,
        socket: &mut Socket,
        string_table: &string_table::StringTableReader,
    ) -> Result<(), InvalidData> {
        socket.local = endpoint(self.local);
        socket.remote = self.remote.map(endpoint);
        socket.interface = self.interface.map(InterfaceIndex);
        socket.cookie = self.cookie.map(Cookie);
        socket.inode = self.inode.map(Inode);
        socket.uid = self.uid.map(Uid);
        socket.v6only = self.v6only;
        socket.cgroup = self.cgroup.map(CgroupId);
        socket.congestion = match self.congestion {
            Some(name) => CongestionAlgorithm::from_bytes(string_table.get(name)?.as_bytes()),
            None => None,
        };
        Ok(())
    }
}

impl StoredQueues {
    fn from_socket(socket: &Socket) -> Self {
        Self {
            queues: socket.queues.map(|q| (q.recv, q.send)),
            accept_queue: socket.accept_queue.map(|b| (b.waiting, b.limit)),
        }
    }

    fn apply_to(self, socket: &mut Socket) {
        socket.queues = self.queues.map(|(recv, send)| Queues { recv, send });
        let accept_queue = |(waiting, limit)| AcceptQueue { waiting, limit };
        socket.accept_queue = self.accept_queue.map(accept_queue);
    }
}

impl StoredTimer {
    fn from_timer(timer: SocketTimer) -> Self {
        Self {
            kind: match timer.kind {
                TimerKind::Retransmit => StoredTimerKind::Retransmit,
                TimerKind::Keepalive => StoredTimerKind::Keepalive,
                TimerKind::TimeWait => StoredTimerKind::TimeWait,
                TimerKind::ZeroWindowProbe => StoredTimerKind::ZeroWindowProbe,
                TimerKind::Other(number) => StoredTimerKind::Other(number),
            },
            due: nanoseconds(timer.due),
            retransmits: timer.retransmits,
        }
    }

    const fn into_timer(self) -> SocketTimer {
        SocketTimer {
            kind: match self.kind {
                StoredTimerKind::Retransmit => TimerKind::Retransmit,
                StoredTimerKind::Keepalive => TimerKind::Keepalive,
                StoredTimerKind::TimeWait => TimerKind::TimeWait,
                StoredTimerKind::ZeroWindowProbe => TimerKind::ZeroWindowProbe,
                StoredTimerKind::Other(number) => TimerKind::Other(number),
            },
            due: Duration::from_nanos(self.due),
            retransmits: self.retransmits,
        }
    }
}

impl StoredTcpInfo {
    pub(crate) fn from_tcp_info(tcp: TcpInfo) -> Self {
        Self {
            rtt: (tcp.rtt_us, tcp.rtt_variation_us, tcp.min_rtt_us),
            congestion_window: tcp.congestion_window,
            send_mss: tcp.send_mss,
            total_retransmits: tcp.total_retransmits,
            delivered: tcp.delivered.map(|d| (d.acknowledged, d.received)),
            sent: tcp.sent.map(|s| (s.bytes, s.retransmitted)),
        }
    }

    pub(crate) fn into_tcp_info(self) -> TcpInfo {
        let (rtt_us, rtt_variation_us, min_rtt_us) = self.rtt;
        TcpInfo {
            rtt_us,
            rtt_variation_us,
            min_rtt_us,
            congestion_window: self.congestion_window,
            send_mss: self.send_mss,
            total_retransmits: self.total_retransmits,
            delivered: self
                .delivered
                .map(|(acknowledged, received)| DeliveredBytes {
                    acknowledged,
                    received,
                }),
            sent: self.sent.map(|(bytes, repeated)| SentBytes {
                bytes,
                retransmitted: repeated,
            }),
            last_data: None,
            delivery_rate: None,
        }
    }
}

impl StoredHolders {
    fn from_holders(holders: &Holders) -> Self {
        match holders {
            Holders::NotSearched => Self::NotSearched,
            Holders::Hidden => Self::Hidden,
            Holders::NoHolder => Self::NoHolder,
            Holders::Found(all) => {
                let stored = |h: &Holder| (to_stored_key(h.process), h.fd.map(|fd| fd.0));
                Self::Found(BoundedVec(all.iter().map(stored).collect()))
            }
        }
    }

    fn into_holders(self) -> Holders {
        let holder = |(process, fd): (StoredProcessKey, Option<u32>)| Holder {
            process: from_stored_key(process),
            fd: fd.map(Fd),
        };
        match self {
            Self::NotSearched => Holders::NotSearched,
            Self::Hidden => Holders::Hidden,
            Self::NoHolder => Holders::NoHolder,
            // An empty list would claim a holder without naming one.
            Self::Found(all) if all.0.is_empty() => Holders::NoHolder,
            Self::Found(all) => {
                let mut all: Vec<Holder> = all.0.into_iter().map(holder).collect();
                all.sort_unstable();
                Holders::Found(all.into())
            }
        }
    }
}
