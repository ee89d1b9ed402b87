//! Parses human-readable recordings into snapshots: facts only, so that a test runs all code from
//! history on.
//!
//! ```text
//! # A comment. The source, the observer, and what the ids refer to:
//! source sock_diag
//! observer 1000
//! user 33 www-data
//! cgroup 7 /system.slice/nginx.service unit=nginx.service
//! interface 2 eth0
//! process 812 nginx parent=1 user=33 exe=/usr/sbin/nginx command="nginx: master process"
//!
//! # A sample; a socket on each line: protocol, state (not for UDP), local and remote endpoint, fields.
//! at 0s took=3ms cpu=4ms
//! tcp LISTEN 0.0.0.0:443 * cookie=1 inode=10 uid=33 held=812/5,813/5 backlog=0/511
//! tcp ESTABLISHED 10.0.0.1:443 203.0.113.7:51234 cookie=9 inode=11 held=813/9 rtt=12ms received=120
//!
//! # The next sample is a copy of the previous one with the changes listed.
//! at 1s
//! + udp 127.0.0.53:53 * cookie=12 inode=14 held=900/3
//! ~ cookie=9 TIME-WAIT inode=none held=none timer=time-wait@61s
//! - cookie=1
//! gap sockets "the IPv6 table was interrupted"
//!
//! # A close event, read half a second before the sample unless `heard` says when.
//! destroyed tcp 10.0.0.1:443 203.0.113.7:51234 cookie=9 received=121 acked=1 unread=1
//! destroyed tcp 10.0.0.1:443 203.0.113.8:51235 cookie=10 heard=1200ms
//! ```

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use portolan::net::destroyed::Destroyed;
use portolan::net::port::PortRange;
use portolan::net::process::{Pid, Process, Uid};
use portolan::net::snapshot::{
    Cgroup, Directory, Gap, Observer, OwnerCoverage, SampleCost, Snapshot, SourceKind,
};
use portolan::net::socket::{CgroupId, Cookie, Inode, Socket};

use super::socket_fields::{
    apply_fields, parse_duration, parse_endpoint, parse_interface_index, parse_nonzero,
    parse_number, parse_process_key, parse_socket, split_pair,
};

/// Loads the samples of `tests/recordings/NAME.txt`.
pub(crate) fn load_recording(name: &str) -> Vec<Snapshot> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings");
    let path = folder.join(name).with_extension("txt");
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut parser = RecordingParser::default();
    for (index, line) in text.lines().enumerate() {
        let words = split_words(line);
        if let Err(error) = parser.parse_line(&words) {
            panic!("{}:{}: {error}: {line}", path.display(), index + 1);
        }
    }
    parser.samples
}

/// Splits a line into words; quotes keep spaces together, `#` begins a comment.
fn split_words(line: &str) -> Vec<String> {
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

/// The error of a line, if any.
pub(super) type ParseResult = Result<(), String>;

#[derive(Default)]
struct RecordingParser {
    directory: Directory,
    source: Option<SourceKind>,
    observer: Option<Uid>,
    cpu: Duration,
    samples: Vec<Snapshot>,
}

impl RecordingParser {
    fn parse_line(&mut self, words: &[String]) -> ParseResult {
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
            ["observer", uid] => self.observer = Some(Uid(parse_number(uid)?)),
            ["user", uid, name] => {
                self.directory
                    .users
                    .insert(Uid(parse_number(uid)?), name.into());
            }
            ["interface", index, name] => {
                self.directory
                    .interfaces
                    .insert(parse_interface_index(index)?, name.into());
            }
            ["cgroup", id, path, ref fields @ ..] => self.parse_cgroup(id, path, fields)?,
            ["process", pid, name, ref fields @ ..] => self.parse_process(pid, name, fields)?,
            ["at", time, ref fields @ ..] => self.begin_sample(time, fields)?,
            ["gap", what, why] => self.parse_gap(what, why)?,
            ["destroyed", protocol, local, remote, ref fields @ ..] => {
                let end = self.parse_destroyed([protocol, local, remote], fields)?;
                self.current_sample()?.destroyed.push(end);
            }
            ["-", selector] => {
                let index = self.find_socket(selector)?;
                self.current_sample()?.sockets.remove(index);
            }
            ["~", selector, ref fields @ ..] => {
                let index = self.find_socket(selector)?;
                apply_fields(&mut self.current_sample()?.sockets[index], fields)?;
            }
            ["+", ref socket @ ..] | ref socket => {
                let socket = parse_socket(socket)?;
                self.current_sample()?.sockets.push(socket);
            }
        }
        Ok(())
    }

    fn current_sample(&mut self) -> Result<&mut Snapshot, String> {
        self.samples
            .last_mut()
            .ok_or_else(|| "before the first sample".into())
    }

    fn parse_cgroup(&mut self, id: &str, path: &str, fields: &[&str]) -> ParseResult {
        let (mut unit, mut container) = (None, None);
        for field in fields {
            match split_pair(field)? {
                ("unit", name) => unit = Some(name.into()),
                ("container", name) => container = Some(name.into()),
                _ => return Err(format!("unknown fact {field}")),
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
            .insert(CgroupId(parse_number(id)?), Arc::new(cgroup));
        Ok(())
    }

    fn parse_process(&mut self, pid: &str, name: &str, fields: &[&str]) -> ParseResult {
        let mut process = Process {
            key: parse_process_key(pid)?,
            name: name.into(),
            executable: None,
            command: None,
            uid: None,
            parent: None,
        };
        for field in fields {
            match split_pair(field)? {
                ("parent", pid) => process.parent = Some(Pid(parse_number(pid)?)),
                ("user", uid) => process.uid = Some(Uid(parse_number(uid)?)),
                ("exe", path) => process.executable = Some(path.into()),
                ("command", line) => process.command = Some(line.into()),
                _ => return Err(format!("unknown fact {field}")),
            }
        }
        self.directory
            .processes
            .insert(process.key, Arc::new(process));
        Ok(())
    }

    /// Begins a sample as a copy of the previous one.
    fn begin_sample(&mut self, time: &str, fields: &[&str]) -> ParseResult {
        let elapsed = parse_duration(time)?;
        let (mut wall_time, mut interval) = (Duration::from_millis(3), Duration::from_secs(1));
        let mut sight = OwnerCoverage::default();
        for field in fields {
            match split_pair(field)? {
                ("took", time) => wall_time = parse_duration(time)?,
                ("cpu", time) => self.cpu += parse_duration(time)?,
                ("interval", time) => interval = parse_duration(time)?,
                ("readable", n) => sight.readable = parse_number(n)?,
                ("hidden", n) => sight.hidden = parse_number(n)?,
                _ => return Err(format!("unknown fact {field}")),
            }
        }
        let before = self.samples.last().map(|sample| sample.sockets.clone());
        self.samples.push(Snapshot {
            taken_at: jiff::Timestamp::UNIX_EPOCH + elapsed,
            elapsed,
            source: self.source.unwrap_or(SourceKind::SockDiag),
            sockets: before.unwrap_or_default(),
            destroyed: Vec::new(),
            directory: Arc::new(self.directory.clone()),
            owner_coverage: sight,
            observer: Observer {
                uid: self.observer.or(Some(Uid(0))),
                pid: Pid(4000),
            },
            ephemeral: PortRange::LINUX_DEFAULT,
            gaps: Vec::new(),
            cost: SampleCost {
                wall: wall_time,
                cpu_total: Some(self.cpu),
            },
            interval,
        });
        Ok(())
    }

    fn parse_gap(&mut self, what: &str, why: &str) -> ParseResult {
        let gap = match what {
            "sockets" => Gap::Sockets(why.into()),
            "closes" => Gap::Closes(why.into()),
            "owners" => Gap::Owners(why.into()),
            "sampler" => Gap::Sampler(why.into()),
            _ => return Err(format!("unknown gap {what}")),
        };
        self.current_sample()?.gaps.push(gap);
        Ok(())
    }

    fn parse_destroyed(
        &mut self,
        [protocol, local, remote]: [&str; 3],
        fields: &[&str],
    ) -> Result<Destroyed, String> {
        let mut at = self
            .current_sample()?
            .elapsed
            .saturating_sub(Duration::from_millis(500));
        let (mut unread, mut others) = (0, Vec::new());
        for field in fields {
            match split_pair(field)? {
                ("heard", time) => at = parse_duration(time)?,
                ("unread", bytes) => unread = parse_number(bytes)?,
                _ => others.push(*field),
            }
        }
        let state = (protocol == "tcp").then_some("CLOSED");
        let words = [protocol].into_iter().chain(state).chain([local, remote]);
        let socket = parse_socket(&words.chain(others).collect::<Vec<_>>())?;
        Ok(Destroyed {
            at,
            protocol: socket.protocol(),
            local: socket.local,
            remote: socket.remote,
            interface: socket.interface,
            cookie: socket.cookie,
            unread,
            tcp: socket.tcp,
        })
    }

    /// Finds the socket with this cookie, inode or local endpoint.
    fn find_socket(&mut self, selector: &str) -> Result<usize, String> {
        let (name, value) = split_pair(selector)?;
        let is_it = |socket: &Socket| {
            Ok::<_, String>(match name {
                "cookie" => socket.cookie == parse_nonzero(value)?.map(Cookie),
                "inode" => socket.inode == parse_nonzero(value)?.map(Inode),
                "local" => socket.local == parse_endpoint(value)?,
                _ => {
                    return Err(format!(
                        "a socket is named by cookie, inode or local, not {name}"
                    ));
                }
            })
        };
        for (index, socket) in self.current_sample()?.sockets.iter().enumerate() {
            if is_it(socket)? {
                return Ok(index);
            }
        }
        Err(format!("no socket with {selector}"))
    }
}
