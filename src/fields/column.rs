//! What can be printed of a socket: one table. `--columns`, `help columns`, plain text and CSV read
//! it.

use std::fmt::Write;

use super::entry::OutputEntry;
use crate::filter;
use crate::net::port::Port;
use crate::net::socket::{DeliveredBytes, SentBytes, TcpInfo};
use crate::query::EndpointDisplay;

/// One thing that can be said of a socket.
#[derive(Debug)]
pub struct OutputColumn {
    /// As it is asked for, and as it stands in the first line of CSV.
    pub name: &'static str,
    /// Cells it has at least in plain text, so that lines stand under each other.
    pub(crate) min_width: usize,
    /// What it is, in a few words.
    pub description: &'static str,
    /// Appends it; nothing where it is not known or there is none.
    write: fn(OutputEntry<'_>, &mut String),
    /// Whether it is made of parts that are quoted one by one.
    pub(crate) quoting: Quoting,
}

/// What is put between quotes in plain text, where a space would end a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quoting {
    /// The value.
    Whole,
    /// The names in it; it was done already.
    Parts,
}

impl OutputColumn {
    const fn new(
        name: &'static str,
        min_width: usize,
        description: &'static str,
        write: fn(OutputEntry<'_>, &mut String),
    ) -> Self {
        Self {
            name,
            min_width,
            description,
            write,
            quoting: Quoting::Whole,
        }
    }

    const fn with_parts_quoted(mut self) -> Self {
        self.quoting = Quoting::Parts;
        self
    }

    /// Appends what it says of this row; nothing where that is not known or there is none.
    pub(crate) fn write(&self, entry: OutputEntry<'_>, out: &mut String) {
        (self.write)(entry, out);
    }
}

impl PartialEq for OutputColumn {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// Every column, in the order of CSV. What changes while nothing happens (ages, rates) is not
/// among them: the same sockets give the same lines.
#[rustfmt::skip]
pub const COLUMNS: &[OutputColumn] = &[
    OutputColumn::new("protocol", 8, "tcp or udp", |e, out| out.push_str(e.row.socket.protocol().name())),
    OutputColumn::new("family", 6, "ipv4 or ipv6: the socket's, not the peer's", |e, out| out.push_str(e.row.socket.family().name())),
    OutputColumn::new("state", 12, "the TCP state; UDP has none", |e, out| push_text(out, e.row.socket.tcp_state().map(crate::net::socket::TcpState::name))),
    OutputColumn::new("side", 9, "listening, serving or outgoing", |e, out| out.push_str(e.row.side.name())),
    OutputColumn::new("port", 5, "the port it shares with others: local, or remote if outgoing", |e, out| push_port(out, e.row.port_key().port)),
    OutputColumn::new("service", 12, "what that port is usually used for", |e, out| push_text(out, e.service())),
    OutputColumn::new("local", 21, "local address and port", |e, out| push_display(out, Some(EndpointDisplay::local(e.row, e.moment)))),
    OutputColumn::new("laddr", 15, "local address", |e, out| push_display(out, Some(e.row.socket.local.canonical_ip()))),
    OutputColumn::new("lport", 5, "local port", |e, out| push_port(out, e.row.socket.local.port)),
    OutputColumn::new("remote", 21, "remote address and port", |e, out| push_display(out, EndpointDisplay::remote(e.row, e.moment))),
    OutputColumn::new("raddr", 15, "remote address", |e, out| push_display(out, e.row.socket.remote.map(|r| r.canonical_ip()))),
    OutputColumn::new("rport", 5, "remote port", |e, out| push_port(out, e.row.socket.remote_port())),
    OutputColumn::new("host", 15, "name of the remote address, with --resolve", |e, out| push_text(out, e.remote_name())),
    OutputColumn::new("interface", 9, "interface it is bound to, or its link-local address belongs to", |e, out| push_display(out, e.interface())),
    OutputColumn::new("owner", 10, "how the owner is known: known, remembered, of-listener; or why not: unaccepted, kernel, hidden, vanished", |e, out| out.push_str(e.owner_status())),
    OutputColumn::new("process", 16, "name/pid of every process that has it; was: in front where they had it", push_processes).with_parts_quoted(),
    OutputColumn::new("pid", 7, "the pids of these", push_pids).with_parts_quoted(),
    OutputColumn::new("peer", 16, "name/pid of the processes at the other end, if that is on this machine", |e, out| if let Some(peer) = e.peer() { push_processes(peer, out); }).with_parts_quoted(),
    OutputColumn::new("command", 20, "command line of the first process", push_command),
    OutputColumn::new("user", 8, "user who opened it", |e, out| push_text(out, e.user())),
    OutputColumn::new("uid", 5, "that user's number", |e, out| push_display(out, e.row.socket.uid)),
    OutputColumn::new("unit", 16, "systemd unit it was opened in", |e, out| push_text(out, e.cgroup().and_then(|c| c.unit.as_deref()))),
    OutputColumn::new("container", 19, "container it was opened in", |e, out| push_text(out, e.cgroup().and_then(|c| c.container.as_deref()))),
    OutputColumn::new("recvq", 5, "bytes the program has not read", |e, out| push_display(out, e.row.socket.queues.map(|q| q.recv))),
    OutputColumn::new("sendq", 5, "bytes the other end has not acknowledged", |e, out| push_display(out, e.row.socket.queues.map(|q| q.send))),
    OutputColumn::new("waiting", 7, "a TCP listener's connections that no program has accepted yet", |e, out| push_display(out, e.row.socket.accept_queue.map(|b| b.waiting))),
    OutputColumn::new("backlog", 7, "how many of these may wait", |e, out| push_display(out, e.row.socket.accept_queue.and_then(|b| b.limit))),
    OutputColumn::new("rtt", 7, "round-trip time in microseconds", |e, out| push_display(out, tcp_info(e).and_then(|t| t.rtt_us))),
    OutputColumn::new("retrans", 7, "segments sent again so far", |e, out| push_display(out, tcp_info(e).map(|t| t.total_retransmits))),
    OutputColumn::new("sent", 8, "bytes sent so far, repetitions included", |e, out| push_display(out, tcp_info(e).and_then(|t| t.sent).map(|SentBytes { bytes, .. }| bytes))),
    OutputColumn::new("received", 8, "bytes received so far", |e, out| push_display(out, tcp_info(e).and_then(|t| t.delivered).map(|DeliveredBytes { received, .. }| received))),
    OutputColumn::new("congestion", 10, "congestion-control algorithm", |e, out| push_text(out, e.row.socket.congestion.as_ref().map(crate::net::socket::CongestionAlgorithm::as_str))),
    OutputColumn::new("inode", 8, "inode number", |e, out| push_display(out, e.row.socket.inode.map(|i| i.0))),
    OutputColumn::new("cookie", 8, "the kernel's own number for the socket", |e, out| push_display(out, e.row.socket.cookie.map(|c| c.0))),
];

/// The columns of plain text where none are chosen: those that only change when the socket does.
pub(crate) const DEFAULT_COLUMNS: [&str; 8] = [
    "protocol", "state", "side", "port", "local", "remote", "owner", "process",
];

/// Finds a column by name, or by the name of the filter field that asks for the same.
pub fn find_column(name: &str) -> Option<&'static OutputColumn> {
    let named = |name: &str| COLUMNS.iter().find(|c| c.name == name);
    named(name).or_else(|| match filter::Field::find(name)?.name {
        "proto" => named("protocol"),
        "proc" => named("process"),
        "cmd" => named("command"),
        field => named(field),
    })
}

fn push_text(out: &mut String, value: Option<&str>) {
    out.push_str(value.unwrap_or_default());
}

fn push_display(out: &mut String, value: Option<impl std::fmt::Display>) {
    if let Some(value) = value {
        // Writing to a String does not fail.
        let _ = write!(out, "{value}");
    }
}

fn push_port(out: &mut String, port: Port) {
    push_display(out, Some(port).filter(|p| *p != Port::NONE));
}

fn tcp_info(entry: OutputEntry<'_>) -> Option<&TcpInfo> {
    entry.row.socket.tcp.as_ref()
}

fn push_processes(entry: OutputEntry<'_>, out: &mut String) {
    for (index, process) in entry.processes().enumerate() {
        match (index, entry.holder_relation()) {
            (0, "holds") => {}
            // In one word, so that it stays one field: `was:` or `listens:`.
            (0, how) => {
                out.push_str(how);
                out.push(':');
            }
            _ => out.push(','),
        }
        match entry.process_name(process) {
            Some(name) => push_name(out, name),
            // The process is known by its pid only.
            None => out.push('?'),
        }
        push_display(out, Some(format_args!("/{}", process.pid)));
    }
}

/// A name within a value; in quotes where it could be taken for more than one.
fn push_name(out: &mut String, name: &str) {
    let is_separator = |c: char| c.is_whitespace() || matches!(c, ',' | '/' | '"');
    let is_reserved = name.is_empty() || name == "?" || name.starts_with("was:");
    if is_reserved || name.contains(is_separator) {
        push_quoted(out, name);
    } else {
        out.push_str(name);
    }
}

/// Between double quotes, those in it, and backslashes, with a backslash.
pub(crate) fn push_quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}

fn push_pids(entry: OutputEntry<'_>, out: &mut String) {
    for (index, process) in entry.processes().enumerate() {
        let comma = if index > 0 { "," } else { "" };
        push_display(out, Some(format_args!("{comma}{}", process.pid)));
    }
}

fn push_command(entry: OutputEntry<'_>, out: &mut String) {
    let first = entry.processes().next();
    let process = first.and_then(|key| entry.directory().processes.get(&key));
    push_text(out, process.and_then(|p| p.command.as_deref()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn column_names_are_unique() {
        let mut names: Vec<&str> = COLUMNS.iter().map(|c| c.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), COLUMNS.len());
        assert!(
            DEFAULT_COLUMNS
                .iter()
                .all(|name| find_column(name).is_some())
        );
    }

    #[test]
    fn filter_field_names_find_columns() {
        for (name, found) in [
            ("proto", "protocol"),
            ("proc", "process"),
            ("dport", "rport"),
            ("cmd", "command"),
        ] {
            assert_eq!(find_column(name).map(|c| c.name), Some(found), "{name}");
        }
        assert_eq!(find_column("colour"), None);
    }

    #[test]
    fn ambiguous_names_are_quoted() {
        let written = |name| {
            let mut out = String::new();
            push_name(&mut out, name);
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
