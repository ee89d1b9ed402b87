//! JSON: the types that are written. What they mean is told in [`SCHEMA`](super::help::SCHEMA),
//! and a test compares the two.

use std::io::{self, Write};

use serde::{Serialize, Serializer};

use crate::endpoint::{Endpoint, Scope};
use crate::history::{Evidence, Tracked};
use crate::port::Port;
use crate::process::Holder;
use crate::report::entry::Entry;
use crate::socket::{TcpInfo, TimerKind};

/// What is said of one socket.
#[derive(Serialize)]
pub(super) struct Socket<'a> {
    protocol: &'static str,
    family: &'static str,
    state: Option<&'static str>,
    side: &'static str,
    side_known_by: &'static str,
    port: Option<u16>,
    service: Option<&'a str>,
    local: End<'a>,
    remote: Option<End<'a>>,
    owners: Owners<'a>,
    owner_status: &'static str,
    peer_owners: Option<Owners<'a>>,
    uid: Option<u32>,
    user: Option<&'a str>,
    unit: Option<&'a str>,
    container: Option<&'a str>,
    inode: Option<u64>,
    /// As text: JSON readers keep 53 bits of a number.
    cookie: Option<String>,
    interface: Option<String>,
    queue: Option<Queue>,
    backlog: Option<Backlog>,
    timer: Option<Timer>,
    v6only: Option<bool>,
    tcp: Option<Tcp<'a>>,
}

#[derive(Serialize)]
struct End<'a> {
    #[serde(serialize_with = "shown")]
    address: std::net::IpAddr,
    port: Option<u16>,
    scope: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    mapped: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

#[derive(Serialize)]
struct Queue {
    recv: u32,
    send: u32,
}

#[derive(Serialize)]
struct Backlog {
    waiting: u32,
    limit: Option<u32>,
}

#[derive(Serialize)]
struct Timer {
    kind: &'static str,
    remaining_ms: u64,
    retransmits: u8,
}

#[derive(Serialize)]
struct Tcp<'a> {
    rtt_us: Option<u32>,
    rtt_variation_us: u32,
    min_rtt_us: Option<u32>,
    bytes_sent: Option<u64>,
    bytes_retransmitted: Option<u64>,
    bytes_acknowledged: Option<u64>,
    bytes_received: Option<u64>,
    retransmits: u32,
    congestion_window: u32,
    send_mss: u32,
    congestion: Option<&'a str>,
}

/// The processes of a row, one descriptor after the other.
struct Owners<'a>(Entry<'a>);

#[derive(Serialize)]
struct Owner<'a> {
    pid: u32,
    name: Option<&'a str>,
    fd: Option<u32>,
    how: &'static str,
}

impl Serialize for Owners<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entry = self.0;
        let how = entry.how();
        serializer.collect_seq(entry.holders().map(|holder: &Holder| Owner {
            pid: holder.process.pid.0,
            name: entry.name_of(holder.process),
            fd: holder.fd.map(|fd| fd.0),
            how,
        }))
    }
}

fn shown<T: std::fmt::Display, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(value)
}

impl<'a> Socket<'a> {
    pub(super) fn new(entry: Entry<'a>) -> Self {
        let Entry { row, moment, .. } = entry;
        let socket = &row.socket;
        let cgroup = entry.cgroup();
        Self {
            protocol: socket.protocol().name(),
            family: socket.family().name(),
            state: socket.tcp_state().map(crate::socket::TcpState::name),
            side: row.side.name(),
            side_known_by: evidence(row),
            port: number(row.port_key().port),
            service: entry.service(),
            local: End::new(socket.local, None),
            remote: socket.remote.map(|end| End::new(end, entry.remote_name())),
            owners: Owners(entry),
            owner_status: entry.owner_status(),
            peer_owners: entry.peer().map(Owners),
            uid: socket.uid.map(|uid| uid.0),
            user: entry.user(),
            unit: cgroup.and_then(|c| c.unit.as_deref()),
            container: cgroup.and_then(|c| c.container.as_deref()),
            inode: socket.inode.map(|inode| inode.0.get()),
            cookie: socket.cookie.map(|cookie| cookie.0.to_string()),
            interface: entry.interface(),
            queue: socket.queues.map(|q| Queue {
                recv: q.recv,
                send: q.send,
            }),
            backlog: socket.backlog.map(|b| Backlog {
                waiting: b.waiting,
                limit: b.limit,
            }),
            timer: socket.timer.map(|timer| Timer {
                kind: timer_name(timer.kind),
                remaining_ms: milliseconds(timer.due.saturating_sub(moment.elapsed)),
                retransmits: timer.retransmits,
            }),
            v6only: socket.v6only,
            tcp: socket.tcp.as_ref().map(|info| Tcp::new(info, row)),
        }
    }
}

impl<'a> End<'a> {
    fn new(end: Endpoint, name: Option<&'a str>) -> Self {
        Self {
            address: end.plain(),
            port: number(end.port),
            scope: scope(end.scope()),
            mapped: end.is_mapped().then_some(true),
            name,
        }
    }
}

impl<'a> Tcp<'a> {
    fn new(info: &TcpInfo, row: &'a Tracked) -> Self {
        Self {
            rtt_us: info.rtt_us.map(Into::into),
            rtt_variation_us: info.rtt_variation_us,
            min_rtt_us: info.min_rtt_us.map(Into::into),
            bytes_sent: info.sent.map(|s| s.bytes),
            bytes_retransmitted: info.sent.map(|s| s.repeated),
            bytes_acknowledged: info.delivered.map(|d| d.acknowledged),
            bytes_received: info.delivered.map(|d| d.received),
            retransmits: info.total_retransmits,
            congestion_window: info.congestion_window,
            send_mss: info.send_mss,
            congestion: row
                .socket
                .congestion
                .as_ref()
                .map(crate::socket::Congestion::as_str),
        }
    }
}

fn number(port: Port) -> Option<u16> {
    Some(port.0).filter(|_| port != Port::NONE)
}

pub(super) fn milliseconds(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

const fn scope(scope: Scope) -> &'static str {
    match scope {
        Scope::Unspecified => "unspecified",
        Scope::Loopback => "loopback",
        Scope::LinkLocal => "link-local",
        Scope::Private => "private",
        Scope::Multicast => "multicast",
        Scope::Global => "global",
    }
}

const fn evidence(row: &Tracked) -> &'static str {
    match row.evidence {
        Evidence::State => "state",
        Evidence::Listener => "listener",
        Evidence::PastListener => "past-listener",
        Evidence::Counters => "counters",
        Evidence::Mirror => "other-end",
        Evidence::PortRange => "guess",
    }
}

const fn timer_name(kind: TimerKind) -> &'static str {
    match kind {
        TimerKind::Retransmit => "retransmit",
        TimerKind::Keepalive => "keepalive",
        TimerKind::TimeWait => "time-wait",
        TimerKind::Probe => "probe",
        TimerKind::Other(_) => "other",
    }
}

/// Writes JSON with a line for each member of the outermost lists: it can be read line by line,
/// compared and searched, and is hardly longer than without.
#[derive(Default)]
pub(super) struct ByLine {
    depth: usize,
}

impl serde_json::ser::Formatter for ByLine {
    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.depth += 1;
        out.write_all(b"[")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        if !first {
            out.write_all(b",")?;
        }
        if self.depth == 1 {
            out.write_all(b"\n")?;
        }
        Ok(())
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.depth -= 1;
        out.write_all(b"]")
    }
}
