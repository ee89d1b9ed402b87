//! Reads the text of /proc/net, for systems where sock_diag is refused.
//!
//! Reads `tcp`, `tcp6`, `udp` and `udp6` (proc_net_tcp in the kernel's documentation). Returns
//! sockets with endpoints, state, queues, timer, uid and inode; no cookie, TCP counters or
//! interface. A line that is not a socket is counted in a gap.

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io;
use std::io::{ErrorKind, Read, Seek};
use std::path::Path;
use std::time::{Duration, Instant};

use hashbrown::HashMap;

use super::line::parse_line;
use crate::collect::source::{Source, SourceError};
use crate::net::endpoint::Family;
use crate::net::port::{PortSet, Protocol};
use crate::net::snapshot::{Gap, SourceKind};
use crate::net::socket::{Socket, SocketKey};

/// /proc/net is a link to self/net, and self is the *process*: its network namespace is that of the
/// main thread. Only thread-self shows the namespace of the reading thread, which may have entered
/// another one (setns(2) moves a single thread).
const THREAD_NET_DIR: &str = "/proc/thread-self/net";

/// For a /proc without thread-self (Linux < 3.17, some sandboxes), where both are the same.
const PROCESS_NET_DIR: &str = "/proc/net";

const TABLES: [(&str, Protocol, Family); 4] = [
    ("tcp", Protocol::Tcp, Family::Ipv4),
    ("tcp6", Protocol::Tcp, Family::Ipv6),
    ("udp", Protocol::Udp, Family::Ipv4),
    ("udp6", Protocol::Udp, Family::Ipv6),
];

/// Room for some 400 lines; a line is 150 bytes for IPv4 and 200 for IPv6.
const BUFFER_LEN: usize = 64 * 1024;

/// The text of /proc/net as a [`Source`].
///
/// The files are opened once; an open file keeps showing the network namespace it was opened in,
/// whichever thread reads it.
///
/// Of a listener's [`AcceptQueue`](crate::net::socket::AcceptQueue), /proc/net shows the length but
/// not the limit.
#[derive(Debug)]
pub struct ProcNet {
    tables: Vec<ProcNetTable>,
    buffer: Box<[u8]>,
    row_index: ProcNetRowIndex,
}

#[derive(Debug)]
struct ProcNetTable {
    name: &'static str,
    protocol: Protocol,
    family: Family,
    file: Result<File, ErrorKind>,
}

impl ProcNet {
    /// Opens the four files for the calling thread's network namespace.
    ///
    /// # Errors
    /// When neither TCP nor UDP can be opened: no /proc, or one that hides `net`.
    pub fn open() -> Result<Self, SourceError> {
        let thread_net_dir = Path::new(THREAD_NET_DIR);
        if thread_net_dir.try_exists().unwrap_or(false) {
            Self::open_in(thread_net_dir)
        } else {
            Self::open_in(Path::new(PROCESS_NET_DIR))
        }
    }

    fn open_in(directory: &Path) -> Result<Self, SourceError> {
        let mut tables = Vec::with_capacity(TABLES.len());
        for (name, protocol, family) in TABLES {
            match File::open(directory.join(name)) {
                Ok(file) => tables.push(ProcNetTable {
                    name,
                    protocol,
                    family,
                    file: Ok(file),
                }),
                // A machine without IPv6 has neither the file nor such sockets.
                Err(e) if e.kind() == ErrorKind::NotFound && family == Family::Ipv6 => {}
                Err(e) => tables.push(ProcNetTable {
                    name,
                    protocol,
                    family,
                    file: Err(e.kind()),
                }),
            }
        }
        match tables.iter().find_map(|t| t.file.as_ref().err()) {
            Some(why) if tables.iter().all(|t| t.file.is_err()) => Err(refused(why)),
            _ => Ok(Self {
                tables,
                buffer: vec![0; BUFFER_LEN].into(),
                row_index: ProcNetRowIndex::default(),
            }),
        }
    }
}

impl Source for ProcNet {
    fn kind(&self) -> SourceKind {
        SourceKind::Procfs
    }

    fn read(
        &mut self,
        _: Option<&PortSet>,
        now: Duration,
        sockets: &mut Vec<Socket>,
        gaps: &mut Vec<Gap>,
    ) -> Result<(), SourceError> {
        let started_at = Instant::now();
        let mut unreadable = 0;
        let mut failed = 0;
        self.row_index.clear();
        for table in &mut self.tables {
            let (protocol, family) = (table.protocol, table.family);
            let row_index = &mut self.row_index;
            let outcome = table.for_each_line(&mut self.buffer, |line| {
                match line.and_then(|l| parse_line(l, protocol, family, now + started_at.elapsed()))
                {
                    Some(socket) => upsert_row(socket, row_index, sockets),
                    None => unreadable += 1,
                }
            });
            if let Err(why) = outcome {
                failed += 1;
                gaps.push(Gap::Sockets(format!("/proc/net/{}: {why}", table.name)));
            }
        }
        if unreadable > 0 {
            gaps.push(Gap::Sockets(format!(
                "/proc/net: {unreadable} lines could not be read"
            )));
        }
        if failed == self.tables.len() && sockets.is_empty() {
            return Err(refused(&"none of its files could be read"));
        }
        Ok(())
    }
}

fn refused(why: &dyn std::fmt::Display) -> SourceError {
    SourceError::Refused {
        name: SourceKind::Procfs.name(),
        why: why.to_string(),
    }
}

impl ProcNetTable {
    /// Passes every line but the heading to `take`; `None` for a line too long to read.
    fn for_each_line(
        &mut self,
        buffer: &mut [u8],
        mut take: impl FnMut(Option<&[u8]>),
    ) -> io::Result<()> {
        let file = self.file.as_mut().map_err(|kind| io::Error::from(*kind))?;
        file.rewind()?;
        let mut heading = true;
        for_each_line(file, buffer, |line| {
            if !std::mem::take(&mut heading) {
                take(line);
            }
        })
    }
}

/// Splits what `file` returns into lines, using no memory but `buffer`. A line longer than that is
/// passed once, as `None`.
fn for_each_line(
    file: &mut impl Read,
    buffer: &mut [u8],
    mut take: impl FnMut(Option<&[u8]>),
) -> io::Result<()> {
    let mut filled = 0;
    let mut too_long = false;
    loop {
        let free = buffer.get_mut(filled..).unwrap_or_default();
        let read = match file.read(free) {
            Err(e) if e.kind() == ErrorKind::Interrupted => continue,
            read => read?,
        };
        filled += read;
        let text = buffer.get(..filled).unwrap_or_default();
        let ended = read == 0;
        let mut done = 0;
        for line in text.split_inclusive(|&b| b == b'\n') {
            let Some(whole) = line.strip_suffix(b"\n").or(ended.then_some(line)) else {
                break;
            };
            done += line.len();
            take((!std::mem::take(&mut too_long)).then_some(whole));
        }
        if ended {
            // The rest of a line that was dropped in pieces.
            if too_long {
                take(None);
            }
            return Ok(());
        }
        buffer.copy_within(done..filled, 0);
        filled -= done;
        if filled == buffer.len() {
            too_long = true;
            filled = 0;
        }
    }
}

/// The index of each socket in the sample. The files are not read atomically: a socket that moves
/// within the kernel's table meanwhile has two lines. Kept between samples only to reuse its
/// memory.
type ProcNetRowIndex = HashMap<SocketKey, usize>;

/// Appends the socket, or replaces an older line of the same one.
fn upsert_row(socket: Socket, row_index: &mut ProcNetRowIndex, sockets: &mut Vec<Socket>) {
    let index = *row_index.entry(socket.key()).or_insert(sockets.len());
    match sockets.get_mut(index) {
        // Two inodes are two sockets, such as connected UDP sockets with SO_REUSEPORT.
        Some(older) if older.inode.is_none() || socket.inode.is_none() => *older = socket,
        Some(older) if older.inode == socket.inode => *older = socket,
        _ => sockets.push(socket),
    }
}
