//! The words of a recording that say something of a socket: `held=812/5`, `rtt=12ms`, `TIME-WAIT`.

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use portolan::endpoint::Endpoint;
use portolan::port::Port;
use portolan::process::{Fd, Holder, Holders, Pid, ProcessKey, StartTime, Uid};
use portolan::socket::{
    Backlog, CgroupId, Congestion, Cookie, Delivered, Inode, InterfaceIndex, Queues, Sent, Socket,
    TcpInfo, TcpState, Timer, TimerKind, Transport,
};

use super::scene::Wrong;

pub(super) fn new_socket(words: &[&str]) -> Result<Socket, String> {
    let (transport, ends, facts) = match words {
        ["udp", local, remote, facts @ ..] => (Transport::Udp, (*local, *remote), facts),
        ["tcp", state, local, remote, facts @ ..] => {
            let state = state_named(state).ok_or_else(|| format!("no state {state}"))?;
            (Transport::Tcp(state), (*local, *remote), facts)
        }
        _ => return Err("neither a socket nor anything else".into()),
    };
    let remote = match ends.1 {
        "*" => None,
        remote => Some(endpoint(remote)?),
    };
    let mut socket = Socket::new(transport, endpoint(ends.0)?, remote);
    change(&mut socket, facts)?;
    Ok(socket)
}

pub(super) fn change(socket: &mut Socket, facts: &[&str]) -> Wrong {
    for fact in facts {
        if let Some(state) = state_named(fact) {
            socket.transport = Transport::Tcp(state);
            continue;
        }
        let (name, value) = pair(fact)?;
        match name {
            "cookie" => socket.cookie = nonzero(value)?.map(Cookie),
            "inode" => socket.inode = nonzero(value)?.map(Inode),
            "uid" => socket.uid = Some(Uid(number(value)?)),
            "held" => socket.holders = holders(value)?,
            "remote" => socket.remote = Some(endpoint(value)?),
            "interface" => socket.interface = Some(interface(value)?),
            "cgroup" => socket.cgroup = Some(CgroupId(number(value)?)),
            "v6only" => socket.v6only = Some(value == "yes"),
            "backlog" => {
                let (waiting, limit) = value.split_once('/').unwrap_or((value, ""));
                socket.backlog = Some(Backlog {
                    waiting: number(waiting)?,
                    limit: if limit.is_empty() {
                        None
                    } else {
                        Some(number(limit)?)
                    },
                });
            }
            "queues" => {
                let (recv, send) = value.split_once('/').ok_or("queues=RECEIVED/SENT")?;
                socket.queues = Some(Queues {
                    recv: number(recv)?,
                    send: number(send)?,
                });
            }
            "timer" => socket.timer = Some(timer(value)?),
            "congestion" => socket.congestion = Congestion::from_bytes(value.as_bytes()),
            _ => figure(socket.tcp.get_or_insert(NO_FIGURES), name, value)?,
        }
    }
    Ok(())
}

const NO_FIGURES: TcpInfo = TcpInfo {
    rtt_us: None,
    rtt_variation_us: 0,
    min_rtt_us: None,
    congestion_window: 10,
    send_mss: 1448,
    total_retransmits: 0,
    delivered: None,
    sent: None,
};

/// `sent` stands for what was sent and acknowledged.
fn figure(tcp: &mut TcpInfo, name: &str, value: &str) -> Wrong {
    let micros =
        |text| Ok::<_, String>(u32::try_from(duration(text)?.as_micros()).unwrap_or(u32::MAX));
    match name {
        "rtt" => {
            tcp.rtt_us = NonZeroU32::new(micros(value)?);
            tcp.rtt_variation_us = micros(value)? / 4;
        }
        "min_rtt" => tcp.min_rtt_us = NonZeroU32::new(micros(value)?),
        "retransmits" => tcp.total_retransmits = number(value)?,
        "received" => delivered(tcp).received = number(value)?,
        "acked" => delivered(tcp).acknowledged = number(value)?,
        "sent" => {
            let bytes = number(value)?;
            tcp.sent = Some(Sent { bytes, repeated: 0 });
            let delivered = delivered(tcp);
            delivered.acknowledged = delivered.acknowledged.max(bytes);
        }
        _ => return Err(format!("unknown fact {name}")),
    }
    Ok(())
}

fn delivered(tcp: &mut TcpInfo) -> &mut Delivered {
    tcp.delivered.get_or_insert(Delivered {
        acknowledged: 0,
        received: 0,
    })
}

/// `812/5,813/5` with descriptors, `hidden`, `nobody`, or `none`: not sought.
fn holders(text: &str) -> Result<Holders, String> {
    let one = |holder: &str| {
        let (pid, fd) = holder.split_once('/').unwrap_or((holder, ""));
        let fd = if fd.is_empty() {
            None
        } else {
            Some(Fd(number(fd)?))
        };
        Ok::<_, String>(Holder {
            process: key(pid)?,
            fd,
        })
    };
    Ok(match text {
        "none" => Holders::NotSought,
        "hidden" => Holders::Hidden,
        "nobody" => Holders::Nobody,
        list => Holders::Found(list.split(',').map(one).collect::<Result<_, _>>()?),
    })
}

/// `time-wait@61s`: what for, and when it is due. `×3` behind it: sent again so often.
fn timer(text: &str) -> Result<Timer, String> {
    let (kind, due) = text.split_once('@').ok_or("timer=KIND@TIME")?;
    let (due, again) = due.split_once('×').unwrap_or((due, "0"));
    let kind = match kind {
        "retransmit" => TimerKind::Retransmit,
        "keepalive" => TimerKind::Keepalive,
        "time-wait" => TimerKind::TimeWait,
        "probe" => TimerKind::Probe,
        _ => return Err(format!("no timer {kind}")),
    };
    Ok(Timer {
        kind,
        due: duration(due)?,
        retransmits: number(again)?,
    })
}

fn state_named(name: &str) -> Option<TcpState> {
    (1..=11)
        .map(TcpState::from_kernel)
        .find(|s| s.name() == name)
}

pub(super) fn pair(fact: &str) -> Result<(&str, &str), String> {
    fact.split_once('=')
        .ok_or_else(|| format!("{fact} is no NAME=VALUE"))
}

pub(super) fn number<N: std::str::FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("{text} is no number"))
}

/// `none`, or a number that is not 0.
pub(super) fn nonzero(text: &str) -> Result<Option<NonZeroU64>, String> {
    if text == "none" {
        Ok(None)
    } else {
        number(text).map(Some)
    }
}

pub(super) fn interface(text: &str) -> Result<InterfaceIndex, String> {
    number(text).map(InterfaceIndex)
}

/// A pid is given once in a recording: it is its own start time.
pub(super) fn key(pid: &str) -> Result<ProcessKey, String> {
    let pid: u32 = number(pid)?;
    Ok(ProcessKey {
        pid: Pid(pid),
        start: StartTime(pid.into()),
    })
}

pub(super) fn endpoint(text: &str) -> Result<Endpoint, String> {
    let address: SocketAddr = text.parse().map_err(|_| format!("{text} is no endpoint"))?;
    Ok(Endpoint::new(address.ip(), Port(address.port())))
}

/// `85us`, `12ms`, `1s`, `2m`, `3h`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .ok_or("a time needs a unit")?;
    let (count, unit) = (number::<u64>(&text[..digits])?, &text[digits..]);
    Ok(match unit {
        "us" => Duration::from_micros(count),
        "ms" => Duration::from_millis(count),
        "s" => Duration::from_secs(count),
        "m" => Duration::from_secs(60 * count),
        "h" => Duration::from_secs(3600 * count),
        _ => return Err(format!("no unit {unit}")),
    })
}
