//! Explains the difference between a socket and a port with examples from this machine.
//!
//! In: a moment. Out: an [`Explanation`] with [`ComparisonRow`]s, and common misconceptions
//! corrected with this machine's numbers.

use super::machine_stats::MachineStats;
use crate::explain::context::ExplainContext;
use crate::explain::explanation::{ComparisonRow, Explanation};
use crate::explain::row_text::{format_local, format_remote};
use crate::net::port::{PortKey, Protocol};
use crate::query::owner_display::describe_owner;
use crate::text::phrase::Phrase;
use crate::text::units::{age, pluralize, thousands};

/// Explains the difference between a socket and a port.
pub(crate) fn explain_socket_vs_port(context: ExplainContext<'_>) -> Explanation {
    let stats = MachineStats::from_moment(context.moment);
    let mut out = Explanation::new("socket and port: the difference".into());
    out.comparisons = comparison_rows(&stats, context);
    out.push_section(
        "Common misconceptions",
        common_misconceptions(&stats, context),
    );
    out.push_section("Three things called port", meanings_of_port());
    out.push_section("The third term: connection", [
        Phrase::fact(
            "A connection is identified by four numbers (4-tuple), address and port of both ends, and has a socket at each end. Without \
             this term the other two cannot be told apart.",
        ),
        Phrase::fact(
            "In RFC 9293 \"socket\" means address and port together, which is called an endpoint here. In programs it means the kernel's \
             object. Both are right; mixing them causes most of the confusion.",
        ),
    ]);
    out.commands = vec!["ss -s".into(), "ss -tuan".into()];
    out
}

/// Formats a port with its registered name.
fn port_label(port: PortKey, context: ExplainContext<'_>) -> String {
    let name = context
        .services
        .shared_port_name(port, context.moment.ephemeral);
    name.map_or_else(|| port.to_string(), |name| format!("{port} ({name})"))
}

fn comparison_rows(stats: &MachineStats, context: ExplainContext<'_>) -> Vec<ComparisonRow> {
    let moment = context.moment;
    let row = |label, socket, port, here| ComparisonRow {
        label,
        socket,
        port,
        observed: here,
    };
    let nothing = || Phrase::unknown("There is none on this machine now.");
    let some = |is_some: bool, here: String| match is_some {
        true => Phrase::fact(here),
        false => nothing(),
    };
    vec![
        row(
            "what it is",
            "An object of the kernel, which a program reads and writes through a descriptor.",
            "A number from 1 to 65,535 in the header of every TCP segment and UDP datagram.",
            some(
                moment.open_rows > 0,
                format!(
                    "{} here, with {}.",
                    pluralize(moment.open_rows, "socket", "sockets"),
                    pluralize(
                        stats.local_ports,
                        "different local port number",
                        "different local port numbers"
                    ),
                ),
            ),
        ),
        row(
            "identified by",
            "Its inode or cookie. Or by protocol, local address and port and, if connected, remote address and port.",
            "Protocol and number; 80/tcp and 80/udp are two ports.",
            stats
                .example_connection(moment)
                .map_or_else(nothing, |row| {
                    let remote = format_remote(row, moment).unwrap_or_default();
                    let inode = row
                        .socket
                        .inode
                        .map_or("no inode".into(), |inode| format!("inode {}", inode.0));
                    let protocol = row.socket.protocol();
                    Phrase::fact(format!(
                        "{inode} is {protocol} {} ⇄ {remote}.",
                        format_local(row, moment)
                    ))
                }),
        ),
        row(
            "how many",
            "As many as memory and descriptors allow; any number of them may share one port.",
            "65,535 for each protocol and address; accepting a connection uses up none.",
            stats.busiest_port.map_or_else(nothing, |(port, usage)| {
                if port.protocol == Protocol::Udp {
                    let sockets = pluralize(usage.listeners, "socket", "sockets");
                    return Phrase::fact(format!(
                        "{}: {sockets} on one port.",
                        port_label(port, context)
                    ));
                }
                Phrase::fact(format!(
                    "{}: {} and {} are {} on one port.",
                    port_label(port, context),
                    pluralize(usage.listeners, "listener", "listeners"),
                    pluralize(usage.connections, "connection", "connections"),
                    pluralize(usage.listeners + usage.connections, "socket", "sockets"),
                ))
            }),
        ),
        row(
            "what it does",
            "It is where a program meets the network: read, write, accept.",
            "It selects the socket inside a machine; the address selects the machine. A registered name is a hint.",
            stats.example_listener(moment).map_or_else(nothing, |row| {
                Phrase::fact(format!(
                    "What arrives for {} goes to a socket of {}.",
                    port_label(row.port_key(), context),
                    describe_owner(row, moment).text
                ))
            }),
        ),
        row(
            "created by",
            "A program, by socket(); or the kernel, for every handshake it completes, before any program has called accept().",
            "Nothing. It is chosen: by the program (bind), or by the kernel from its ephemeral range.",
            Phrase::fact(format!(
                "{} for accept() now; the kernel's ephemeral range is {} to {}.",
                match stats.unaccepted {
                    0 => "None made by the kernel waits".to_owned(),
                    1 => "1 socket made by the kernel waits".to_owned(),
                    more => format!("{} sockets made by the kernel wait", thousands(more)),
                },
                moment.ephemeral.first,
                moment.ephemeral.last
            )),
        ),
        row(
            "direction",
            "Both ways; each way is closed by itself.",
            "None: it is the source port of one packet and the destination port of the reply.",
            stats
                .example_pair(moment)
                .map_or_else(nothing, |(here, there)| {
                    Phrase::fact(format!(
                        "One connection, two rows: {} ⇄ {}, and the same in reverse: {} ⇄ {}.",
                        format_local(here, moment),
                        format_remote(here, moment).unwrap_or_default(),
                        format_local(there, moment),
                        format_remote(there, moment).unwrap_or_default()
                    ))
                }),
        ),
        row(
            "data",
            "Waits in its two queues until it is read here, or acknowledged by the peer.",
            "Holds none.",
            some(moment.open_rows > 0, queued_bytes(stats)),
        ),
        row(
            "layer",
            "Between program and network. There are sockets for TCP and UDP, raw ones, and some without any network (AF_UNIX).",
            "A field of the TCP and of the UDP header (layer 4). ICMP and raw IP have none.",
            some(
                moment.open_rows > 0,
                format!(
                    "{} TCP and {} UDP sockets; other kinds have no port and are not shown here.",
                    thousands(stats.tcp),
                    thousands(stats.udp)
                ),
            ),
        ),
        row(
            "lifetime",
            "Until its last descriptor is closed. Its 4-tuple may be kept for a minute more (TIME-WAIT).",
            "Unlimited: it is a number, and is not used up.",
            Phrase::fact(match stats.time_wait {
                (0, _) => "No 4-tuple is kept in TIME-WAIT now.".to_owned(),
                (count, left) => format!(
                    "{} in TIME-WAIT, the last for another {}.",
                    pluralize(count, "4-tuple is kept", "4-tuples are kept"),
                    age(left.saturating_sub(moment.elapsed))
                ),
            }),
        ),
        row(
            "limits",
            "Descriptors of a process, and memory.",
            "One listener for each protocol, address and number (more with SO_REUSEPORT); and connections from one address to one endpoint, each of \
             which needs a port of its own.",
            Phrase::fact(format!(
                "{} ports for connections from one address to one endpoint; the same ports serve again for every other endpoint.",
                thousands(
                    usize::from(
                        moment
                            .ephemeral
                            .last
                            .0
                            .saturating_sub(moment.ephemeral.first.0)
                    ) + 1
                )
            )),
        ),
        row(
            "analogy",
            "A telephone in a flat.",
            "The number of the flat; the house is the address, the postal service the protocol.",
            Phrase::inference(
                "Where it fails: a thousand telephones have the same flat number, and the caller tells them apart.",
            ),
        ),
    ]
}

/// Formats what is in all queues: bytes of TCP data, and for UDP memory, which includes overhead.
fn queued_bytes(stats: &MachineStats) -> String {
    let amount = |(sockets, bytes): (usize, u64), what: &str| match sockets {
        0 => format!("nothing {what}"),
        _ => format!(
            "{} B {what} in {}",
            thousands(bytes as usize),
            pluralize(sockets, "socket", "sockets")
        ),
    };
    let udp = match stats.udp_queued {
        (0, _) => String::new(),
        (sockets, bytes) => format!(
            " What is queued in {} takes {} B of memory, which is more than the data.",
            pluralize(sockets, "UDP socket", "UDP sockets"),
            thousands(bytes as usize)
        ),
    };
    format!(
        "TCP: {}, {}.{udp}",
        amount(stats.tcp_unread, "unread"),
        amount(stats.tcp_unacknowledged, "unacknowledged")
    )
}

/// Describes the process with the most ports, the shared sockets, and those without a process.
fn describe_holdings(stats: &MachineStats, context: ExplainContext<'_>) -> String {
    let mut out: Vec<String> = Vec::new();
    if let Some((name, sockets, ports)) = stats.largest_process(context.moment) {
        out.push(format!(
            "{name} has {} on {}",
            pluralize(sockets, "socket", "sockets"),
            pluralize(ports, "shared port", "shared ports")
        ));
    }
    if stats.shared_sockets > 0 {
        let sockets = pluralize(stats.shared_sockets, "socket here is", "sockets here are");
        out.push(format!("{sockets} held by several processes at once"));
    }
    if stats.unowned > 0 {
        let sockets = pluralize(stats.unowned, "socket here is", "sockets here are");
        out.push(format!("{sockets} held by none"));
    }
    match out.is_empty() {
        true => "A process may have many sockets or none, and one socket may be held by several processes.".into(),
        false => format!("{}.", out.join("; ")),
    }
}

/// Corrects common misconceptions with what the table shows.
fn common_misconceptions(stats: &MachineStats, context: ExplainContext<'_>) -> Vec<Phrase> {
    let moment = context.moment;
    let mut out = Vec::new();
    let mut say =
        |claim: &str, truth: String| out.push(Phrase::fact(format!("\"{claim}\": no. {truth}")));
    say(
        "accept() moves the client to a new port",
        match stats.busiest_port {
            Some((port, usage)) if usage.connections > 0 => format!(
                "All {} of {port} have the local port {}; accept() gives a new descriptor, not a new port.",
                pluralize(usage.connections, "connection", "connections"),
                port.port
            ),
            _ => "All connections of a listener have its port; accept() gives a new descriptor."
                .into(),
        },
    );
    say(
        "Each process has a port, and each port a process",
        describe_holdings(stats, context),
    );
    say("A new socket has a port", "bind(), connect(), listen() or the first send gives it one. A TCP socket is in the table once it listens or connects, a UDP socket once it has a port.".into());
    say(
        "My browser uses my port 443",
        match stats.example_outgoing(moment) {
            Some(row) => format!(
                "Its own port is another one, as here: {} connected to {}.",
                format_local(row, moment),
                format_remote(row, moment).unwrap_or_default()
            ),
            None => "443 is the peer's port; its own is a port of the ephemeral range.".into(),
        },
    );
    say(
        "A web site opens a connection to my machine",
        "The browser connects, the site's listener accepts; only a listener can be connected to."
            .into(),
    );
    say(
        "A socket is a connection",
        match stats.listening {
            0 => "A listener has no peer, and a UDP socket never has a connection.".into(),
            unconnected => format!(
                "{} no peer; a UDP socket never has a connection.",
                pluralize(unconnected, "socket here has", "sockets here have")
            ),
        },
    );
    say(
        "A port is unique in a machine",
        match stats.tcp_and_udp_port {
            Some(number) => format!(
                "{number}/tcp and {number}/udp are both in use here, and have nothing to do with each other."
            ),
            None => "TCP and UDP have numbers of their own, and so has each address.".into(),
        },
    );
    say(
        "The port says what runs there",
        "A registered name is a convention: any program may use any number that it may bind."
            .into(),
    );
    say("A machine can have 65,535 connections", "Four numbers identify a connection: one port of a server can have millions. Descriptors and memory run out first.".into());
    say(
        "The table lists the connections",
        match moment.open_rows {
            0 => "It lists sockets: also those without a peer, and a connection within the machine twice.".into(),
            open => format!(
                "{}: {} no peer, {} of TCP connections, {} (a handshake, TIME-WAIT, or UDP with a peer). {} of the ends have their \
                 peer in this same table.",
                pluralize(open, "row", "rows"),
                pluralize(stats.listening, "has", "have"),
                pluralize(stats.connection_ends, "is an end", "are ends"),
                pluralize(
                    open.saturating_sub(stats.listening + stats.connection_ends),
                    "is another",
                    "are others"
                ),
                thousands(stats.paired_ends)
            ),
        },
    );
    out
}

fn meanings_of_port() -> [Phrase; 3] {
    [
        Phrase::fact(
            "The number in TCP and UDP headers, which is meant here. 6/tcp, for example, is no plug of any kind.",
        ),
        Phrase::fact("The jack of a computer or a switch: USB, Ethernet. It has no such number."),
        Phrase::fact(
            "The address at which a processor talks to a device (an I/O port). It never leaves the machine.",
        ),
    ]
}
