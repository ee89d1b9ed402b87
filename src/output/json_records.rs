//! The types that are serialized to JSON. [`json_schema`](super::help::json_schema) describes them,
//! and a test compares the two.

use std::io;
use std::io::Write;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::entry::OutputEntry;
use crate::fields::{FIELDS, FieldKind, JsonUse, SortValue};
use crate::history::{Evidence, TrackedSocket};
use crate::net::endpoint::{AddressScope, Endpoint};
use crate::net::port::Port;
use crate::net::process::Holder;
use crate::net::socket::{TcpInfo, TimerKind};

/// One socket, an element of `sockets`.
#[derive(Serialize)]
pub(crate) struct SocketRecord<'a> {
    protocol: &'static str,
    family: &'static str,
    state: Option<&'static str>,
    side: &'static str,
    side_known_by: &'static str,
    port: Option<u16>,
    service: Option<&'a str>,
    local: EndpointRecord<'a>,
    remote: Option<EndpointRecord<'a>>,
    owners: OwnerRecords<'a>,
    owner_status: &'static str,
    peer_owners: Option<OwnerRecords<'a>>,
    uid: Option<u32>,
    user: Option<&'a str>,
    unit: Option<&'a str>,
    container: Option<&'a str>,
    inode: Option<u64>,
    /// A string, because many JSON readers keep only 53 bits of a number.
    cookie: Option<String>,
    interface: Option<String>,
    queue: Option<QueueRecord>,
    backlog: Option<BacklogRecord>,
    timer: Option<TimerRecord>,
    v6only: Option<bool>,
    tcp: Option<TcpRecord<'a>>,
    #[serde(flatten)]
    values: FieldValues<'a>,
}

/// The fields that are written as the table has them.
struct FieldValues<'a>(OutputEntry<'a>);

impl Serialize for FieldValues<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for field in &FIELDS {
            let JsonUse::Value(name, _) = field.json else {
                continue;
            };
            match (field.sort_value(self.0), field.kind) {
                (SortValue::Number(number), FieldKind::Number(kind)) => {
                    map.serialize_entry(name, &kind.unit.from_known(number))?;
                }
                (SortValue::Text(text), _) => map.serialize_entry(name, text)?,
                _ => map.serialize_entry(name, &None::<u64>)?,
            }
        }
        map.end()
    }
}

#[derive(Serialize)]
struct EndpointRecord<'a> {
    #[serde(serialize_with = "serialize_display")]
    address: std::net::IpAddr,
    port: Option<u16>,
    scope: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    mapped: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

#[derive(Serialize)]
struct QueueRecord {
    recv: u32,
    send: u32,
}

#[derive(Serialize)]
struct BacklogRecord {
    waiting: u32,
    limit: Option<u32>,
}

#[derive(Serialize)]
struct TimerRecord {
    kind: &'static str,
    remaining_ms: u64,
    retransmits: u8,
}

#[derive(Serialize)]
struct TcpRecord<'a> {
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

/// The holders of a row, one for each fd.
struct OwnerRecords<'a>(OutputEntry<'a>);

#[derive(Serialize)]
struct OwnerRecord<'a> {
    pid: u32,
    name: Option<&'a str>,
    fd: Option<u32>,
    #[serde(rename = "how")]
    relation: &'static str,
}

impl Serialize for OwnerRecords<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entry = self.0;
        let relation = entry.holder_relation();
        serializer.collect_seq(entry.holders().map(|holder: &Holder| OwnerRecord {
            pid: holder.process.pid.0,
            name: entry.process_name(holder.process),
            fd: holder.fd.map(|fd| fd.0),
            relation,
        }))
    }
}

fn serialize_display<T: std::fmt::Display, S: Serializer>(
    value: &T,
    to: S,
) -> Result<S::Ok, S::Error> {
    to.collect_str(value)
}

impl<'a> SocketRecord<'a> {
    pub(crate) fn new(entry: OutputEntry<'a>) -> Self {
        let OutputEntry { row, moment, .. } = entry;
        let socket = &row.socket;
        let cgroup = entry.cgroup();
        Self {
            protocol: socket.protocol().name(),
            family: socket.family().name(),
            state: socket.tcp_state().map(crate::net::socket::TcpState::name),
            side: row.side.name(),
            side_known_by: evidence_name(row),
            port: port_number(row.port_key().port),
            service: entry.service(),
            local: EndpointRecord::new(socket.local, None),
            remote: socket
                .remote
                .map(|end| EndpointRecord::new(end, entry.remote_name())),
            owners: OwnerRecords(entry),
            owner_status: entry.owner_status(),
            peer_owners: entry.peer().map(OwnerRecords),
            uid: socket.uid.map(|uid| uid.0),
            user: entry.user(),
            unit: cgroup.and_then(|c| c.unit.as_deref()),
            container: cgroup.and_then(|c| c.container.as_deref()),
            inode: socket.inode.map(|inode| inode.0.get()),
            cookie: socket.cookie.map(|cookie| cookie.0.to_string()),
            interface: entry.interface(),
            queue: socket.queues.map(|q| QueueRecord {
                recv: q.recv,
                send: q.send,
            }),
            backlog: socket.accept_queue.map(|b| BacklogRecord {
                waiting: b.waiting,
                limit: b.limit,
            }),
            timer: socket.timer.map(|timer| TimerRecord {
                kind: timer_name(timer.kind),
                remaining_ms: to_millis(timer.due.saturating_sub(moment.elapsed)),
                retransmits: timer.retransmits,
            }),
            v6only: socket.v6only,
            tcp: socket.tcp.as_ref().map(|info| TcpRecord::new(info, row)),
            values: FieldValues(entry),
        }
    }
}

impl<'a> EndpointRecord<'a> {
    fn new(end: Endpoint, name: Option<&'a str>) -> Self {
        Self {
            address: end.canonical_ip(),
            port: port_number(end.port),
            scope: scope_name(end.scope()),
            mapped: end.is_ipv4_mapped().then_some(true),
            name,
        }
    }
}

impl<'a> TcpRecord<'a> {
    fn new(info: &TcpInfo, row: &'a TrackedSocket) -> Self {
        Self {
            rtt_us: info.rtt_us.map(Into::into),
            rtt_variation_us: info.rtt_variation_us,
            min_rtt_us: info.min_rtt_us.map(Into::into),
            bytes_sent: info.sent.map(|s| s.bytes),
            bytes_retransmitted: info.sent.map(|s| s.retransmitted),
            bytes_acknowledged: info.delivered.map(|d| d.acknowledged),
            bytes_received: info.delivered.map(|d| d.received),
            retransmits: info.total_retransmits,
            congestion_window: info.congestion_window,
            send_mss: info.send_mss,
            congestion: row
                .socket
                .congestion
                .as_ref()
                .map(crate::net::socket::CongestionAlgorithm::as_str),
        }
    }
}

fn port_number(port: Port) -> Option<u16> {
    Some(port.0).filter(|_| port != Port::NONE)
}

pub(crate) fn to_millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

const fn scope_name(scope: AddressScope) -> &'static str {
    match scope {
        AddressScope::Unspecified => "unspecified",
        AddressScope::Loopback => "loopback",
        AddressScope::LinkLocal => "link-local",
        AddressScope::Private => "private",
        AddressScope::Multicast => "multicast",
        AddressScope::Global => "global",
    }
}

const fn evidence_name(row: &TrackedSocket) -> &'static str {
    match row.evidence {
        Evidence::State => "state",
        Evidence::Listener => "listener",
        Evidence::PastListener => "past-listener",
        Evidence::Counters => "counters",
        Evidence::Peer => "other-end",
        Evidence::PortRange => "guess",
    }
}

const fn timer_name(kind: TimerKind) -> &'static str {
    match kind {
        TimerKind::Retransmit => "retransmit",
        TimerKind::Keepalive => "keepalive",
        TimerKind::TimeWait => "time-wait",
        TimerKind::ZeroWindowProbe => "probe",
        TimerKind::Other(_) => "other",
    }
}

/// Formats JSON with one line for each element of the outermost lists, so that it can be searched and
/// compared line by line.
#[derive(Default)]
pub(crate) struct LinePerItem {
    depth: usize,
}

impl serde_json::ser::Formatter for LinePerItem {
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
