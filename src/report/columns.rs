//! What can be printed of a socket: one table. `--columns`, `help columns`, plain text and CSV read
//! it.

use std::fmt::Write;

use crate::port::Port;
use crate::query::{Place, filter};
use crate::report::entry::Entry;
use crate::socket::{Delivered, Sent, TcpInfo};

/// One thing that can be said of a socket.
#[derive(Debug)]
pub struct Column {
    /// As it is asked for, and as it stands in the first line of CSV.
    pub name: &'static str,
    /// Cells it has at least in plain text, so that lines stand under each other.
    pub(super) least: usize,
    /// What it is, in a few words.
    pub words: &'static str,
    /// Appends it; nothing where it is not known or there is none.
    write: fn(Entry<'_>, &mut String),
    /// Whether it is made of parts that are quoted one by one.
    pub(super) quoting: Quoting,
}

/// What is put between quotes in plain text, where a space would end a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quoting {
    /// The value.
    Whole,
    /// The names in it; it was done already.
    Parts,
}

impl Column {
    const fn new(
        name: &'static str,
        least: usize,
        words: &'static str,
        write: fn(Entry<'_>, &mut String),
    ) -> Self {
        Self {
            name,
            least,
            words,
            write,
            quoting: Quoting::Whole,
        }
    }

    const fn quoting_parts(mut self) -> Self {
        self.quoting = Quoting::Parts;
        self
    }

    /// Appends what it says of this row; nothing where that is not known or there is none.
    pub(super) fn write(&self, entry: Entry<'_>, out: &mut String) {
        (self.write)(entry, out);
    }
}

impl PartialEq for Column {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// Every column, in the order of CSV. What changes while nothing happens (ages, rates) is not
/// among them: the same sockets give the same lines.
#[rustfmt::skip]
pub const COLUMNS: &[Column] = &[
    Column::new("protocol", 8, "tcp or udp", |e, out| out.push_str(e.row.socket.protocol().name())),
    Column::new("family", 6, "ipv4 or ipv6: the socket's, not the peer's", |e, out| out.push_str(e.row.socket.family().name())),
    Column::new("state", 12, "the TCP state; UDP has none", |e, out| text(out, e.row.socket.tcp_state().map(crate::socket::TcpState::name))),
    Column::new("side", 9, "listening, serving or outgoing", |e, out| out.push_str(e.row.side.name())),
    Column::new("port", 5, "the port it shares with others: local, or remote if outgoing", |e, out| port(out, e.row.port_key().port)),
    Column::new("service", 12, "what that port is usually used for", |e, out| text(out, e.service())),
    Column::new("local", 21, "local address and port", |e, out| show(out, Some(Place::local(e.row, e.moment)))),
    Column::new("laddr", 15, "local address", |e, out| show(out, Some(e.row.socket.local.plain()))),
    Column::new("lport", 5, "local port", |e, out| port(out, e.row.socket.local.port)),
    Column::new("remote", 21, "remote address and port", |e, out| show(out, Place::remote(e.row, e.moment))),
    Column::new("raddr", 15, "remote address", |e, out| show(out, e.row.socket.remote.map(|r| r.plain()))),
    Column::new("rport", 5, "remote port", |e, out| port(out, e.row.socket.remote_port())),
    Column::new("host", 15, "name of the remote address, with --resolve", |e, out| text(out, e.remote_name())),
    Column::new("interface", 9, "interface it is bound to, or its link-local address belongs to", |e, out| show(out, e.interface())),
    Column::new("owner", 10, "how the owner is known: known, remembered, of-listener; or why not: unaccepted, kernel, hidden, vanished", |e, out| out.push_str(e.owner_status())),
    Column::new("process", 16, "name/pid of every process that has it; was: in front where they had it", processes).quoting_parts(),
    Column::new("pid", 7, "the pids of these", pids).quoting_parts(),
    Column::new("peer", 16, "name/pid of the processes at the other end, if that is on this machine", |e, out| if let Some(peer) = e.peer() { processes(peer, out); }).quoting_parts(),
    Column::new("command", 20, "command line of the first process", command),
    Column::new("user", 8, "user who opened it", |e, out| text(out, e.user())),
    Column::new("uid", 5, "that user's number", |e, out| show(out, e.row.socket.uid)),
    Column::new("unit", 16, "systemd unit it was opened in", |e, out| text(out, e.cgroup().and_then(|c| c.unit.as_deref()))),
    Column::new("container", 19, "container it was opened in", |e, out| text(out, e.cgroup().and_then(|c| c.container.as_deref()))),
    Column::new("recvq", 5, "bytes the program has not read", |e, out| show(out, e.row.socket.queues.map(|q| q.recv))),
    Column::new("sendq", 5, "bytes the other end has not acknowledged", |e, out| show(out, e.row.socket.queues.map(|q| q.send))),
    Column::new("waiting", 7, "a TCP listener's connections that no program has accepted yet", |e, out| show(out, e.row.socket.backlog.map(|b| b.waiting))),
    Column::new("backlog", 7, "how many of these may wait", |e, out| show(out, e.row.socket.backlog.and_then(|b| b.limit))),
    Column::new("rtt", 7, "round-trip time in microseconds", |e, out| show(out, tcp(e).and_then(|t| t.rtt_us))),
    Column::new("retrans", 7, "segments sent again so far", |e, out| show(out, tcp(e).map(|t| t.total_retransmits))),
    Column::new("sent", 8, "bytes sent so far, repetitions included", |e, out| show(out, tcp(e).and_then(|t| t.sent).map(|Sent { bytes, .. }| bytes))),
    Column::new("received", 8, "bytes received so far", |e, out| show(out, tcp(e).and_then(|t| t.delivered).map(|Delivered { received, .. }| received))),
    Column::new("congestion", 10, "congestion-control algorithm", |e, out| text(out, e.row.socket.congestion.as_ref().map(crate::socket::Congestion::as_str))),
    Column::new("inode", 8, "inode number", |e, out| show(out, e.row.socket.inode.map(|i| i.0))),
    Column::new("cookie", 8, "the kernel's own number for the socket", |e, out| show(out, e.row.socket.cookie.map(|c| c.0))),
];

/// The columns of plain text where none are chosen: those that only change when the socket does.
pub(super) const USUAL: [&str; 8] = [
    "protocol", "state", "side", "port", "local", "remote", "owner", "process",
];

/// Finds a column by name, or by the name of the filter field that asks for the same.
pub fn column(name: &str) -> Option<&'static Column> {
    let named = |name: &str| COLUMNS.iter().find(|c| c.name == name);
    named(name).or_else(|| match filter::Field::find(name)?.name {
        "proto" => named("protocol"),
        "proc" => named("process"),
        "cmd" => named("command"),
        field => named(field),
    })
}

fn text(out: &mut String, value: Option<&str>) {
    out.push_str(value.unwrap_or_default());
}

fn show(out: &mut String, value: Option<impl std::fmt::Display>) {
    if let Some(value) = value {
        // Writing to a String does not fail.
        let _ = write!(out, "{value}");
    }
}

fn port(out: &mut String, port: Port) {
    show(out, Some(port).filter(|p| *p != Port::NONE));
}

fn tcp(entry: Entry<'_>) -> Option<&TcpInfo> {
    entry.row.socket.tcp.as_ref()
}

fn processes(entry: Entry<'_>, out: &mut String) {
    for (index, process) in entry.processes().enumerate() {
        match (index, entry.how()) {
            (0, "holds") => {}
            // In one word, so that it stays one field: `was:` or `listens:`.
            (0, how) => {
                out.push_str(how);
                out.push(':');
            }
            _ => out.push(','),
        }
        match entry.name_of(process) {
            Some(name) => part(out, name),
            // The process is known by its pid only.
            None => out.push('?'),
        }
        show(out, Some(format_args!("/{}", process.pid)));
    }
}

/// A name within a value; in quotes where it could be taken for more than one.
fn part(out: &mut String, name: &str) {
    let separates = |c: char| c.is_whitespace() || matches!(c, ',' | '/' | '"');
    let like_ours = name.is_empty() || name == "?" || name.starts_with("was:");
    if like_ours || name.contains(separates) {
        quoted(out, name);
    } else {
        out.push_str(name);
    }
}

/// Between double quotes, those in it, and backslashes, with a backslash.
pub(super) fn quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}

fn pids(entry: Entry<'_>, out: &mut String) {
    for (index, process) in entry.processes().enumerate() {
        let comma = if index > 0 { "," } else { "" };
        show(out, Some(format_args!("{comma}{}", process.pid)));
    }
}

fn command(entry: Entry<'_>, out: &mut String) {
    let first = entry.processes().next();
    let process = first.and_then(|key| entry.directory().processes.get(&key));
    text(out, process.and_then(|p| p.command.as_deref()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_has_a_name_of_its_own() {
        let mut names: Vec<&str> = COLUMNS.iter().map(|c| c.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), COLUMNS.len());
        assert!(USUAL.iter().all(|name| column(name).is_some()));
    }

    #[test]
    fn columns_go_by_the_names_of_the_filter_fields_too() {
        for (name, found) in [
            ("proto", "protocol"),
            ("proc", "process"),
            ("dport", "rport"),
            ("cmd", "command"),
        ] {
            assert_eq!(column(name).map(|c| c.name), Some(found), "{name}");
        }
        assert_eq!(column("colour"), None);
    }

    #[test]
    fn names_that_could_be_taken_for_more_are_quoted() {
        let written = |name| {
            let mut out = String::new();
            part(&mut out, name);
            out
        };
        assert_eq!(written("nginx"), "nginx");
        assert_eq!(written("my app"), "\"my app\"");
        assert_eq!(written("a,b/1"), "\"a,b/1\"");
        assert_eq!(written("a\"b"), "\"a\\\"b\"");
        assert_eq!(written("was:x"), "\"was:x\"");
        assert_eq!(written(""), "\"\"");
    }
}
