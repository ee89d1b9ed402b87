//! A recording as a file a person can read, turned into snapshots: ground facts only, so that a
//! test runs all our code from history on.
//!
//! ```text
//! # A comment. Who and what there is:
//! source sock_diag
//! observer 1000
//! user 33 www-data
//! cgroup 7 /system.slice/nginx.service unit=nginx.service
//! interface 2 eth0
//! process 812 nginx parent=1 user=33 exe=/usr/sbin/nginx command="nginx: master process"
//!
//! # A sample; every socket on a line: protocol, state (not for UDP), local end, remote end, facts.
//! at 0s took=3ms cpu=4ms
//! tcp LISTEN 0.0.0.0:443 * cookie=1 inode=10 uid=33 held=812/5,813/5 backlog=0/511
//! tcp ESTABLISHED 10.0.0.1:443 203.0.113.7:51234 cookie=9 inode=11 held=813/9 rtt=12ms received=120
//!
//! # The next one begins as the one before and says what is different.
//! at 1s
//! + udp 127.0.0.53:53 * cookie=12 inode=14 held=900/3
//! ~ cookie=9 TIME-WAIT inode=none held=none timer=time-wait@61s
//! - cookie=1
//! gap sockets "the IPv6 table was interrupted"
//! ```

use std::fs;
use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroU64};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use portolan::endpoint::Endpoint;
use portolan::port::{Port, PortRange};
use portolan::process::{Fd, Holder, Holders, Pid, Process, ProcessKey, StartTime, Uid};
use portolan::snapshot::{Cgroup, Cost, Directory, Gap, Observer, Sight, Snapshot, SourceKind};
use portolan::socket::{
    Backlog, CgroupId, Congestion, Cookie, Delivered, Inode, InterfaceIndex, Queues, Sent, Socket,
    TcpInfo, TcpState, Timer, TimerKind, Transport,
};

/// The samples of `tests/recordings/NAME.txt`.
pub(crate) fn recording(name: &str) -> Vec<Snapshot> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings");
    let path = folder.join(name).with_extension("txt");
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut scene = Scene::default();
    for (index, line) in text.lines().enumerate() {
        let words = words(line);
        if let Err(wrong) = scene.line(&words) {
            panic!("{}:{}: {wrong}: {line}", path.display(), index + 1);
        }
    }
    scene.samples
}

/// The words of a line; quotes keep spaces together, `#` begins a comment.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            '#' if !quoted => break,
            c if c.is_whitespace() && !quoted => words.push(String::new()),
            c => words.last_mut().expect("never empty").push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

type Wrong = Result<(), String>;

#[derive(Default)]
struct Scene {
    directory: Directory,
    source: Option<SourceKind>,
    observer: Option<Uid>,
    cpu: Duration,
    samples: Vec<Snapshot>,
}

impl Scene {
    fn line(&mut self, words: &[String]) -> Wrong {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words[..] {
            [] => {}
            ["source", name] => {
                let all = [
                    SourceKind::SockDiag,
                    SourceKind::Procfs,
                    SourceKind::Netstat2,
                ];
                self.source = all.into_iter().find(|kind| kind.name() == name);
            }
            ["observer", uid] => self.observer = Some(Uid(number(uid)?)),
            ["user", uid, name] => {
                self.directory.users.insert(Uid(number(uid)?), name.into());
            }
            ["interface", index, name] => {
                self.directory
                    .interfaces
                    .insert(interface(index)?, name.into());
            }
            ["cgroup", id, path, ref facts @ ..] => self.cgroup(id, path, facts)?,
            ["process", pid, name, ref facts @ ..] => self.process(pid, name, facts)?,
            ["at", time, ref facts @ ..] => self.sample(time, facts)?,
            ["gap", what, why] => self.gap(what, why)?,
            ["-", which] => {
                let index = self.find(which)?;
                self.now()?.sockets.remove(index);
            }
            ["~", which, ref facts @ ..] => {
                let index = self.find(which)?;
                change(&mut self.now()?.sockets[index], facts)?;
            }
            ["+", ref socket @ ..] | ref socket => {
                let socket = new_socket(socket)?;
                self.now()?.sockets.push(socket);
            }
        }
        Ok(())
    }

    fn now(&mut self) -> Result<&mut Snapshot, String> {
        self.samples
            .last_mut()
            .ok_or_else(|| "before the first sample".into())
    }

    fn cgroup(&mut self, id: &str, path: &str, facts: &[&str]) -> Wrong {
        let (mut unit, mut container) = (None, None);
        for fact in facts {
            match pair(fact)? {
                ("unit", name) => unit = Some(name.into()),
                ("container", name) => container = Some(name.into()),
                _ => return Err(format!("unknown fact {fact}")),
            }
        }
        let path = path.into();
        let cgroup = Cgroup {
            path,
            unit,
            container,
        };
        self.directory
            .cgroups
            .insert(CgroupId(number(id)?), Arc::new(cgroup));
        Ok(())
    }

    fn process(&mut self, pid: &str, name: &str, facts: &[&str]) -> Wrong {
        let mut process = Process {
            key: key(pid)?,
            name: name.into(),
            executable: None,
            command: None,
            uid: None,
            parent: None,
        };
        for fact in facts {
            match pair(fact)? {
                ("parent", pid) => process.parent = Some(Pid(number(pid)?)),
                ("user", uid) => process.uid = Some(Uid(number(uid)?)),
                ("exe", path) => process.executable = Some(path.into()),
                ("command", line) => process.command = Some(line.into()),
                _ => return Err(format!("unknown fact {fact}")),
            }
        }
        self.directory
            .processes
            .insert(process.key, Arc::new(process));
        Ok(())
    }

    /// Begins a sample: as the one before, until told otherwise.
    fn sample(&mut self, time: &str, facts: &[&str]) -> Wrong {
        let elapsed = duration(time)?;
        let (mut took, mut interval) = (Duration::from_millis(3), Duration::from_secs(1));
        let mut sight = Sight::default();
        for fact in facts {
            match pair(fact)? {
                ("took", time) => took = duration(time)?,
                ("cpu", time) => self.cpu += duration(time)?,
                ("interval", time) => interval = duration(time)?,
                ("readable", n) => sight.readable = number(n)?,
                ("hidden", n) => sight.hidden = number(n)?,
                _ => return Err(format!("unknown fact {fact}")),
            }
        }
        let before = self.samples.last().map(|sample| sample.sockets.clone());
        self.samples.push(Snapshot {
            taken_at: jiff::Timestamp::UNIX_EPOCH + elapsed,
            elapsed,
            source: self.source.unwrap_or(SourceKind::SockDiag),
            sockets: before.unwrap_or_default(),
            directory: Arc::new(self.directory.clone()),
            sight,
            observer: Observer {
                uid: self.observer.or(Some(Uid(0))),
                pid: Pid(4000),
            },
            ephemeral: PortRange::LINUX,
            gaps: Vec::new(),
            cost: Cost {
                wall: took,
                cpu_total: Some(self.cpu),
            },
            interval,
        });
        Ok(())
    }

    fn gap(&mut self, what: &str, why: &str) -> Wrong {
        let gap = match what {
            "sockets" => Gap::Sockets(why.into()),
            "owners" => Gap::Owners(why.into()),
            "sampler" => Gap::Sampler(why.into()),
            _ => return Err(format!("unknown gap {what}")),
        };
        self.now()?.gaps.push(gap);
        Ok(())
    }

    /// The socket with this cookie, inode or local end.
    fn find(&mut self, which: &str) -> Result<usize, String> {
        let (name, value) = pair(which)?;
        let is_it = |socket: &Socket| {
            Ok::<_, String>(match name {
                "cookie" => socket.cookie == nonzero(value)?.map(Cookie),
                "inode" => socket.inode == nonzero(value)?.map(Inode),
                "local" => socket.local == endpoint(value)?,
                _ => {
                    return Err(format!(
                        "a socket is named by cookie, inode or local, not {name}"
                    ));
                }
            })
        };
        for (index, socket) in self.now()?.sockets.iter().enumerate() {
            if is_it(socket)? {
                return Ok(index);
            }
        }
        Err(format!("no socket with {which}"))
    }
}

fn new_socket(words: &[&str]) -> Result<Socket, String> {
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

fn change(socket: &mut Socket, facts: &[&str]) -> Wrong {
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

fn pair(fact: &str) -> Result<(&str, &str), String> {
    fact.split_once('=')
        .ok_or_else(|| format!("{fact} is no NAME=VALUE"))
}

fn number<N: std::str::FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("{text} is no number"))
}

/// `none`, or a number that is not 0.
fn nonzero(text: &str) -> Result<Option<NonZeroU64>, String> {
    if text == "none" {
        Ok(None)
    } else {
        number(text).map(Some)
    }
}

fn interface(text: &str) -> Result<InterfaceIndex, String> {
    number(text).map(InterfaceIndex)
}

/// A pid is given once in a recording: it is its own start time.
fn key(pid: &str) -> Result<ProcessKey, String> {
    let pid: u32 = number(pid)?;
    Ok(ProcessKey {
        pid: Pid(pid),
        start: StartTime(pid.into()),
    })
}

fn endpoint(text: &str) -> Result<Endpoint, String> {
    let address: SocketAddr = text.parse().map_err(|_| format!("{text} is no endpoint"))?;
    Ok(Endpoint::new(address.ip(), Port(address.port())))
}

/// `85us`, `12ms`, `1s`, `2m`, `3h`.
fn duration(text: &str) -> Result<Duration, String> {
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
