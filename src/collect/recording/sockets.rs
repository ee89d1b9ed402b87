//! The facts of a socket as they are written, in parts that change together.

use std::net::IpAddr;
use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::directory::{ProcessId, process_id, process_key};
use super::facts::nanoseconds;
use super::few::Few;
use super::texts::{self, Text};
use super::{MOST_OF_ONE, Nonsense};
use crate::endpoint::Endpoint;
use crate::port::Port;
use crate::process::{Fd, Holder, Holders, Uid};
use crate::socket::{
    Backlog, CgroupId, Congestion, Cookie, Delivered, Inode, InterfaceIndex, Queues, Sent, Socket,
    TcpInfo, TcpState, Timer, TimerKind, Transport,
};

/// A socket, in parts that change together.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SocketFacts {
    being: Being,
    state: Option<u8>,
    load: Load,
    timer: Option<TimerFacts>,
    tcp: Option<TcpFacts>,
    holders: HolderFacts,
}

/// What changed of a socket.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct SocketChange {
    being: Option<Being>,
    state: Option<Option<u8>>,
    load: Option<Load>,
    timer: Option<Option<TimerFacts>>,
    tcp: Option<Option<TcpFacts>>,
    holders: Option<HolderFacts>,
}

/// What hardly ever changes.
#[derive(Debug, Serialize, Deserialize)]
struct Being {
    local: (IpAddr, u16),
    remote: Option<(IpAddr, u16)>,
    interface: Option<NonZeroU32>,
    cookie: Option<NonZeroU64>,
    inode: Option<NonZeroU64>,
    uid: Option<u32>,
    v6only: Option<bool>,
    cgroup: Option<u64>,
    congestion: Option<Text>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Load {
    queues: Option<(u32, u32)>,
    backlog: Option<(u32, Option<u32>)>,
}

#[derive(Debug, Serialize, Deserialize)]
struct TimerFacts {
    kind: TimerFor,
    due: u64,
    retransmits: u8,
}

#[derive(Debug, Serialize, Deserialize)]
enum TimerFor {
    Retransmit,
    Keepalive,
    TimeWait,
    Probe,
    Other(u8),
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TcpFacts {
    rtt: (Option<NonZeroU32>, u32, Option<NonZeroU32>),
    congestion_window: u32,
    send_mss: u32,
    total_retransmits: u32,
    delivered: Option<(u64, u64)>,
    sent: Option<(u64, u64)>,
}

#[derive(Debug, Serialize, Deserialize)]
enum HolderFacts {
    NotSought,
    Found(Few<(ProcessId, Option<u32>), MOST_OF_ONE>),
    Hidden,
    Nobody,
}

impl SocketFacts {
    pub(super) fn of(socket: &Socket, texts: &mut texts::Written) -> Self {
        Self {
            being: Being::of(socket, texts),
            state: state_number(socket.transport),
            load: Load::of(socket),
            timer: socket.timer.map(TimerFacts::of),
            tcp: socket.tcp.map(TcpFacts::of),
            holders: HolderFacts::of(&socket.holders),
        }
    }

    pub(super) fn socket(self, texts: &texts::Read) -> Result<Socket, Nonsense> {
        let local = endpoint(self.being.local);
        let mut socket = Socket::new(transport(self.state), local, None);
        self.being.put(&mut socket, texts)?;
        self.load.put(&mut socket);
        socket.timer = self.timer.map(TimerFacts::timer);
        socket.tcp = self.tcp.map(TcpFacts::figures);
        socket.holders = self.holders.holders();
        Ok(socket)
    }
}

impl SocketChange {
    pub(super) fn between(before: &Socket, now: &Socket, texts: &mut texts::Written) -> Self {
        let same_being = before.local == now.local
            && before.remote == now.remote
            && before.interface == now.interface
            && before.cookie == now.cookie
            && before.inode == now.inode
            && before.uid == now.uid
            && before.v6only == now.v6only
            && before.cgroup == now.cgroup
            && before.congestion == now.congestion;
        let same_load = before.queues == now.queues && before.backlog == now.backlog;
        Self {
            being: (!same_being).then(|| Being::of(now, texts)),
            state: (before.transport != now.transport).then(|| state_number(now.transport)),
            load: (!same_load).then(|| Load::of(now)),
            timer: (before.timer != now.timer).then(|| now.timer.map(TimerFacts::of)),
            tcp: (before.tcp != now.tcp).then(|| now.tcp.map(TcpFacts::of)),
            holders: (before.holders != now.holders).then(|| HolderFacts::of(&now.holders)),
        }
    }

    pub(super) fn put(self, socket: &mut Socket, texts: &texts::Read) -> Result<(), Nonsense> {
        if let Some(being) = self.being {
            being.put(socket, texts)?;
        }
        if let Some(state) = self.state {
            socket.transport = transport(state);
        }
        if let Some(load) = self.load {
            load.put(socket);
        }
        if let Some(timer) = self.timer {
            socket.timer = timer.map(TimerFacts::timer);
        }
        if let Some(tcp) = self.tcp {
            socket.tcp = tcp.map(TcpFacts::figures);
        }
        if let Some(holders) = self.holders {
            socket.holders = holders.holders();
        }
        Ok(())
    }
}

/// `None` for UDP, else the kernel's number.
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

impl Being {
    fn of(socket: &Socket, texts: &mut texts::Written) -> Self {
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
            congestion: socket.congestion.map(|name| texts.number(name.as_str())),
        }
    }

    fn put(self, socket: &mut Socket, texts: &texts::Read) -> Result<(), Nonsense> {
        socket.local = endpoint(self.local);
        socket.remote = self.remote.map(endpoint);
        socket.interface = self.interface.map(InterfaceIndex);
        socket.cookie = self.cookie.map(Cookie);
        socket.inode = self.inode.map(Inode);
        socket.uid = self.uid.map(Uid);
        socket.v6only = self.v6only;
        socket.cgroup = self.cgroup.map(CgroupId);
        socket.congestion = match self.congestion {
            Some(name) => Congestion::from_bytes(texts.get(name)?.as_bytes()),
            None => None,
        };
        Ok(())
    }
}

impl Load {
    fn of(socket: &Socket) -> Self {
        Self {
            queues: socket.queues.map(|q| (q.recv, q.send)),
            backlog: socket.backlog.map(|b| (b.waiting, b.limit)),
        }
    }

    fn put(self, socket: &mut Socket) {
        socket.queues = self.queues.map(|(recv, send)| Queues { recv, send });
        let backlog = |(waiting, limit)| Backlog { waiting, limit };
        socket.backlog = self.backlog.map(backlog);
    }
}

impl TimerFacts {
    fn of(timer: Timer) -> Self {
        Self {
            kind: match timer.kind {
                TimerKind::Retransmit => TimerFor::Retransmit,
                TimerKind::Keepalive => TimerFor::Keepalive,
                TimerKind::TimeWait => TimerFor::TimeWait,
                TimerKind::Probe => TimerFor::Probe,
                TimerKind::Other(number) => TimerFor::Other(number),
            },
            due: nanoseconds(timer.due),
            retransmits: timer.retransmits,
        }
    }

    const fn timer(self) -> Timer {
        Timer {
            kind: match self.kind {
                TimerFor::Retransmit => TimerKind::Retransmit,
                TimerFor::Keepalive => TimerKind::Keepalive,
                TimerFor::TimeWait => TimerKind::TimeWait,
                TimerFor::Probe => TimerKind::Probe,
                TimerFor::Other(number) => TimerKind::Other(number),
            },
            due: Duration::from_nanos(self.due),
            retransmits: self.retransmits,
        }
    }
}

impl TcpFacts {
    pub(super) fn of(tcp: TcpInfo) -> Self {
        Self {
            rtt: (tcp.rtt_us, tcp.rtt_variation_us, tcp.min_rtt_us),
            congestion_window: tcp.congestion_window,
            send_mss: tcp.send_mss,
            total_retransmits: tcp.total_retransmits,
            delivered: tcp.delivered.map(|d| (d.acknowledged, d.received)),
            sent: tcp.sent.map(|s| (s.bytes, s.repeated)),
        }
    }

    pub(super) fn figures(self) -> TcpInfo {
        let (rtt_us, rtt_variation_us, min_rtt_us) = self.rtt;
        TcpInfo {
            rtt_us,
            rtt_variation_us,
            min_rtt_us,
            congestion_window: self.congestion_window,
            send_mss: self.send_mss,
            total_retransmits: self.total_retransmits,
            delivered: self.delivered.map(|(acknowledged, received)| Delivered {
                acknowledged,
                received,
            }),
            sent: self.sent.map(|(bytes, repeated)| Sent { bytes, repeated }),
        }
    }
}

impl HolderFacts {
    fn of(holders: &Holders) -> Self {
        match holders {
            Holders::NotSought => Self::NotSought,
            Holders::Hidden => Self::Hidden,
            Holders::Nobody => Self::Nobody,
            Holders::Found(all) => {
                let facts = |h: &Holder| (process_id(h.process), h.fd.map(|fd| fd.0));
                Self::Found(Few(all.iter().map(facts).collect()))
            }
        }
    }

    fn holders(self) -> Holders {
        let holder = |(process, fd): (ProcessId, Option<u32>)| Holder {
            process: process_key(process),
            fd: fd.map(Fd),
        };
        match self {
            Self::NotSought => Holders::NotSought,
            Self::Hidden => Holders::Hidden,
            Self::Nobody => Holders::Nobody,
            // A list that is empty would say that somebody has it without saying who.
            Self::Found(all) if all.0.is_empty() => Holders::Nobody,
            Self::Found(all) => {
                let mut all: Vec<Holder> = all.0.into_iter().map(holder).collect();
                all.sort_unstable();
                Holders::Found(all.into())
            }
        }
    }
}
