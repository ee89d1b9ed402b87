//! Parses the socket fields of a text recording: `held=812/5`, `rtt=12ms`, `TIME-WAIT`.

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use portolan::net::endpoint::Endpoint;
use portolan::net::port::Port;
use portolan::net::process::{Fd, Holder, Holders, Pid, ProcessKey, StartTime, Uid};
use portolan::net::socket::{
    AcceptQueue, CgroupId, CongestionAlgorithm, Cookie, DataTime, DeliveredBytes, Inode,
    InterfaceIndex, Queues, SentBytes, Socket, SocketTimer, TcpInfo, TcpState, TimerKind,
    Transport,
};

use super::text_recording::ParseResult;

pub(super) fn parse_socket(words: &[&str]) -> Result<Socket, String> {
    let (transport, addresses, fields) = match words {
        ["udp", local, remote, fields @ ..] => (Transport::Udp, (*local, *remote), fields),
        ["tcp", state, local, remote, fields @ ..] => {
            let state = parse_tcp_state(state).ok_or_else(|| format!("no state {state}"))?;
            (Transport::Tcp(state), (*local, *remote), fields)
        }
        _ => return Err("neither a socket nor anything else".into()),
    };
    let remote = match addresses.1 {
        "*" => None,
        remote => Some(parse_endpoint(remote)?),
    };
    let mut socket = Socket::new(transport, parse_endpoint(addresses.0)?, remote);
    apply_fields(&mut socket, fields)?;
    Ok(socket)
}

pub(super) fn apply_fields(socket: &mut Socket, fields: &[&str]) -> ParseResult {
    for field in fields {
        if let Some(state) = parse_tcp_state(field) {
            socket.transport = Transport::Tcp(state);
            continue;
        }
        let (name, value) = split_pair(field)?;
        match name {
            "cookie" => socket.cookie = parse_nonzero(value)?.map(Cookie),
            "inode" => socket.inode = parse_nonzero(value)?.map(Inode),
            "uid" => socket.uid = Some(Uid(parse_number(value)?)),
            "held" => socket.holders = parse_holders(value)?,
            "remote" => socket.remote = Some(parse_endpoint(value)?),
            "interface" => socket.interface = Some(parse_interface_index(value)?),
            "cgroup" => socket.cgroup = Some(CgroupId(parse_number(value)?)),
            "v6only" => socket.v6only = Some(value == "yes"),
            "backlog" => {
                let (waiting, limit) = value.split_once('/').unwrap_or((value, ""));
                socket.accept_queue = Some(AcceptQueue {
                    waiting: parse_number(waiting)?,
                    limit: if limit.is_empty() {
                        None
                    } else {
                        Some(parse_number(limit)?)
                    },
                });
            }
            "queues" => {
                let (recv, send) = value.split_once('/').ok_or("queues=RECEIVED/SENT")?;
                socket.queues = Some(Queues {
                    recv: parse_number(recv)?,
                    send: parse_number(send)?,
                });
            }
            "drops" => socket.drops = Some(parse_number(value)?),
            "timer" => socket.timer = Some(parse_timer(value)?),
            "congestion" => socket.congestion = CongestionAlgorithm::from_bytes(value.as_bytes()),
            _ => apply_tcp_field(socket.tcp.get_or_insert(EMPTY_TCP_INFO), name, value)?,
        }
    }
    Ok(())
}

const EMPTY_TCP_INFO: TcpInfo = TcpInfo {
    rtt_us: None,
    rtt_variation_us: 0,
    min_rtt_us: None,
    congestion_window: 10,
    send_mss: 1448,
    total_retransmits: 0,
    delivered: None,
    sent: None,
    last_data: None,
    delivery_rate: None,
};

/// Sets one TCP counter. `sent` sets both sent and acknowledged bytes; `last_data` is in milliseconds
/// since the collector started.
fn apply_tcp_field(tcp: &mut TcpInfo, name: &str, value: &str) -> ParseResult {
    let micros = |text| {
        Ok::<_, String>(u32::try_from(parse_duration(text)?.as_micros()).unwrap_or(u32::MAX))
    };
    match name {
        "rtt" => {
            tcp.rtt_us = NonZeroU32::new(micros(value)?);
            tcp.rtt_variation_us = micros(value)? / 4;
        }
        "min_rtt" => tcp.min_rtt_us = NonZeroU32::new(micros(value)?),
        "retransmits" => tcp.total_retransmits = parse_number(value)?,
        "last_data" => tcp.last_data = Some(DataTime::from_millis(parse_number(value)?)),
        "delivery_rate" => tcp.delivery_rate = parse_nonzero(value)?,
        "received" => delivered_mut(tcp).received = parse_number(value)?,
        "acked" => delivered_mut(tcp).acknowledged = parse_number(value)?,
        "sent" => {
            let bytes = parse_number(value)?;
            tcp.sent = Some(SentBytes {
                bytes,
                retransmitted: 0,
            });
            let delivered = delivered_mut(tcp);
            delivered.acknowledged = delivered.acknowledged.max(bytes);
        }
        _ => return Err(format!("unknown fact {name}")),
    }
    Ok(())
}

fn delivered_mut(tcp: &mut TcpInfo) -> &mut DeliveredBytes {
    tcp.delivered.get_or_insert(DeliveredBytes {
        acknowledged: 0,
        received: 0,
    })
}

/// Parses `812/5,813/5` (pid/fd), `hidden`, `nobody` (no holder), or `none` (not searched).
fn parse_holders(text: &str) -> Result<Holders, String> {
    let one = |holder: &str| {
        let (pid, fd) = holder.split_once('/').unwrap_or((holder, ""));
        let fd = if fd.is_empty() {
            None
        } else {
            Some(Fd(parse_number(fd)?))
        };
        Ok::<_, String>(Holder {
            process: parse_process_key(pid)?,
            fd,
        })
    };
    Ok(match text {
        "none" => Holders::NotSearched,
        "hidden" => Holders::Hidden,
        "nobody" => Holders::NoHolder,
        list => Holders::Found(list.split(',').map(one).collect::<Result<_, _>>()?),
    })
}

/// Parses `time-wait@61s`: the kind and when it is due. `×3` after it is the number of retransmits.
fn parse_timer(text: &str) -> Result<SocketTimer, String> {
    let (kind, due) = text.split_once('@').ok_or("timer=KIND@TIME")?;
    let (due, retransmits) = due.split_once('×').unwrap_or((due, "0"));
    let kind = match kind {
        "retransmit" => TimerKind::Retransmit,
        "keepalive" => TimerKind::Keepalive,
        "time-wait" => TimerKind::TimeWait,
        "probe" => TimerKind::ZeroWindowProbe,
        _ => return Err(format!("no timer {kind}")),
    };
    Ok(SocketTimer {
        kind,
        due: parse_duration(due)?,
        retransmits: parse_number(retransmits)?,
    })
}

fn parse_tcp_state(name: &str) -> Option<TcpState> {
    (1..=11)
        .map(TcpState::from_kernel)
        .find(|s| s.name() == name)
}

pub(super) fn split_pair(field: &str) -> Result<(&str, &str), String> {
    field
        .split_once('=')
        .ok_or_else(|| format!("{field} is no NAME=VALUE"))
}

pub(super) fn parse_number<N: std::str::FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("{text} is no number"))
}

/// Parses `none`, or a number that is not 0.
pub(super) fn parse_nonzero(text: &str) -> Result<Option<NonZeroU64>, String> {
    if text == "none" {
        Ok(None)
    } else {
        parse_number(text).map(Some)
    }
}

pub(super) fn parse_interface_index(text: &str) -> Result<InterfaceIndex, String> {
    parse_number(text).map(InterfaceIndex)
}

/// Parses a process. A pid occurs once in a recording, so it is also the start time.
pub(super) fn parse_process_key(pid: &str) -> Result<ProcessKey, String> {
    let pid: u32 = parse_number(pid)?;
    Ok(ProcessKey {
        pid: Pid(pid),
        start: StartTime(pid.into()),
    })
}

pub(super) fn parse_endpoint(text: &str) -> Result<Endpoint, String> {
    let address: SocketAddr = text.parse().map_err(|_| format!("{text} is no endpoint"))?;
    Ok(Endpoint::new(address.ip(), Port(address.port())))
}

/// Parses `85us`, `12ms`, `1s`, `2m`, `3h`.
pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .ok_or("a time needs a unit")?;
    let (count, unit) = (parse_number::<u64>(&text[..digits])?, &text[digits..]);
    Ok(match unit {
        "us" => Duration::from_micros(count),
        "ms" => Duration::from_millis(count),
        "s" => Duration::from_secs(count),
        "m" => Duration::from_secs(60 * count),
        "h" => Duration::from_secs(3600 * count),
        _ => return Err(format!("no unit {unit}")),
    })
}
