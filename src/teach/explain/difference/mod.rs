//! The difference between a socket and a port, told with what is on this machine now.
//!
//! In: a moment. Out: an [`Explanation`](super::Explanation) with [`Contrast`]s. What is often said
//! and wrong is put right with a number from here.

mod census;

use census::Census;

use super::{Contrast, Explanation, Known};
use crate::port::PortKey;
use crate::quantity::{age, count, thousands};
use crate::teach::{Phrase, local, owner, remote};

/// All of it.
pub(super) fn explain_difference(known: Known<'_>) -> Explanation {
    let census = Census::of(known.moment);
    let mut said = Explanation::of("a socket and a port: what the difference is".into());
    said.contrasts = contrasts(&census, known);
    said.say("Often said, and not so", wrong(&census, known));
    said.say("Three things called port", three());
    said.say("And the third word", [
        Phrase::fact(
            "A connection is named by four numbers, address and port of both ends, and has a socket at each end. Without this word the \
             other two cannot be told apart.",
        ),
        Phrase::fact(
            "In RFC 9293 \"socket\" means address and port together, which is called an endpoint here. In programs it means the kernel's \
             object. Both are right; mixed, they are the source of most of the confusion.",
        ),
    ]);
    said.commands = vec!["ss -s".into(), "ss -tuan".into()];
    said
}

/// A port with what it is registered as, and who is there.
fn named(port: PortKey, known: Known<'_>) -> String {
    let name = known.services.of(port, known.moment.ephemeral);
    name.map_or_else(|| port.to_string(), |name| format!("{port} ({name})"))
}

fn contrasts(census: &Census, known: Known<'_>) -> Vec<Contrast> {
    let moment = known.moment;
    let row = |label, socket, port, here| Contrast {
        label,
        socket,
        port,
        here,
    };
    let nothing = || Phrase::ignorance("There is none on this machine now.");
    vec![
        row(
            "what it is",
            "An object of the kernel, which a program reads and writes through a descriptor.",
            "A number from 1 to 65,535 in the header of every TCP segment and UDP datagram.",
            Phrase::fact(format!(
                "{} here, with {}.",
                count(moment.open, "socket", "sockets"),
                count(
                    census.numbers,
                    "different local port number",
                    "different local port numbers"
                ),
            )),
        ),
        row(
            "identified by",
            "Its inode or cookie. By name: protocol, own address and port, and if connected the other address and port, too.",
            "Protocol and number; 80/tcp and 80/udp are two ports.",
            census.example(moment).map_or_else(nothing, |row| {
                let remote = remote(row, moment).unwrap_or_default();
                let inode = row.socket.inode.map_or("no inode".into(), |inode| format!("inode {}", inode.0));
                let protocol = row.socket.protocol();
                Phrase::fact(format!("{inode} is {protocol} {} ⇄ {remote}.", local(row, moment)))
            }),
        ),
        row(
            "how many",
            "As many as memory and descriptors allow; any number of them may share one port.",
            "65,535 for each protocol and address; accepting a call uses up none.",
            census.busiest.map_or_else(nothing, |(port, used)| {
                Phrase::fact(format!(
                    "{}: {} and {} are {} on one port.",
                    named(port, known),
                    count(used.listeners, "listener", "listeners"),
                    count(used.connections, "connection", "connections"),
                    count(used.listeners + used.connections, "socket", "sockets"),
                ))
            }),
        ),
        row(
            "what it does",
            "It is where a program meets the network: read, write, accept.",
            "It chooses the socket inside a machine; to choose the machine is the address's part. A registered name is a hint.",
            census.listener(moment).map_or_else(nothing, |row| {
                Phrase::fact(format!(
                    "What comes for {} goes to a socket of {}.",
                    named(row.port_key(), known),
                    owner(row, moment).text
                ))
            }),
        ),
        row(
            "who makes it",
            "A program, by socket(); or the kernel, for every handshake it finishes, before any program has called accept().",
            "Nobody. It is chosen: by the program (bind), or by the kernel from its ephemeral range.",
            Phrase::fact(format!(
                "{} made by the kernel {} for accept() now; its ephemeral range is {} to {}.",
                count(census.unaccepted, "socket", "sockets"),
                if census.unaccepted == 1 { "waits" } else { "wait" },
                moment.ephemeral.first,
                moment.ephemeral.last
            )),
        ),
        row(
            "direction",
            "Both ways; each way is closed by itself.",
            "None: it is the source port of one packet and the destination port of the answer.",
            census.pair(moment).map_or_else(nothing, |(here, there)| {
                Phrase::fact(format!(
                    "One connection, two rows: {} ⇄ {}, and the same two the other way round: {} ⇄ {}.",
                    local(here, moment),
                    remote(here, moment).unwrap_or_default(),
                    local(there, moment),
                    remote(there, moment).unwrap_or_default()
                ))
            }),
        ),
        row(
            "data",
            "Waits in its two queues until it is read here, or confirmed there.",
            "Holds none.",
            Phrase::fact(format!(
                "{} B wait to be read in {}, {} B to be confirmed in {}.",
                thousands(census.unread.1 as usize),
                count(census.unread.0, "socket", "sockets"),
                thousands(census.unconfirmed.1 as usize),
                count(census.unconfirmed.0, "socket", "sockets"),
            )),
        ),
        row(
            "layer",
            "Between program and network. There are sockets for TCP and UDP, raw ones, and some without any network (AF_UNIX).",
            "A field of the TCP and of the UDP header (layer 4). ICMP and raw IP have none.",
            Phrase::fact(format!(
                "{} TCP and {} UDP sockets; other kinds have no port and are not charted here.",
                thousands(census.tcp),
                thousands(census.udp)
            )),
        ),
        row(
            "how long",
            "Until its last descriptor is closed. Its name may be kept for a minute more (TIME-WAIT).",
            "For ever: it is a number, and is not used up.",
            Phrase::fact(match census.kept {
                (0, _) => "No name is kept in TIME-WAIT now.".to_owned(),
                (names, left) => format!(
                    "{} in TIME-WAIT, the last for another {}.",
                    count(names, "name is kept", "names are kept"),
                    age(left.saturating_sub(moment.elapsed))
                ),
            }),
        ),
        row(
            "what limits it",
            "Descriptors of a process, and memory.",
            "One listener for each protocol, address and number (more with SO_REUSEPORT); and calls from one address to one endpoint, each of \
             which needs a number of its own.",
            Phrase::fact(format!(
                "{} numbers for calls from one address to one endpoint; the same numbers serve again for every other endpoint.",
                thousands(usize::from(moment.ephemeral.last.0.saturating_sub(moment.ephemeral.first.0)) + 1)
            )),
        ),
        row(
            "as if it were",
            "A telephone in a flat.",
            "The number of the flat; the house is the address, the postal service the protocol.",
            Phrase::inference(
                "Where it breaks: a thousand telephones have the same flat number, and are told apart by who is calling.",
            ),
        ),
    ]
}

/// What tutorials teach, and what the table shows.
fn wrong(census: &Census, known: Known<'_>) -> Vec<Phrase> {
    let moment = known.moment;
    let mut said = Vec::new();
    let mut say =
        |claim: &str, truth: String| said.push(Phrase::fact(format!("\"{claim}\": no. {truth}")));
    say(
        "accept() moves the client to a new port",
        match census.busiest {
            Some((port, used)) if used.connections > 0 => format!(
                "All {} of {port} have the local port {}; accept() gives a new descriptor, not a new port.",
                count(used.connections, "connection", "connections"),
                port.port
            ),
            _ => "All connections of a listener have its port; accept() gives a new descriptor."
                .into(),
        },
    );
    say(
        "Each process has a port, and each port a process",
        match census.largest(moment) {
            Some((name, sockets, ports)) => format!(
                "{name} has {} on {}; {} here {} held by several processes at once, and {} by none.",
                count(sockets, "socket", "sockets"),
                count(ports, "shared port", "shared ports"),
                count(census.shared, "socket", "sockets"),
                if census.shared == 1 { "is" } else { "are" },
                thousands(census.ownerless),
            ),
            None => format!(
                "{} here {} held by several processes at once, and {} by none.",
                count(census.shared, "socket", "sockets"),
                if census.shared == 1 { "is" } else { "are" },
                thousands(census.ownerless)
            ),
        },
    );
    say("A new socket has a port", "bind(), connect(), listen() or the first send gives it one; until then it stands in no table.".into());
    say(
        "My browser uses my port 443",
        match census.call(moment) {
            Some(row) => format!(
                "Its own number is another one, as here: {} called {}.",
                local(row, moment),
                remote(row, moment).unwrap_or_default()
            ),
            None => "443 is the other end's port; one's own is some number of the ephemeral range."
                .into(),
        },
    );
    say(
        "A web site opens a connection to my machine",
        "The browser calls, the site's listener is called; only who listens can be called.".into(),
    );
    say(
        "A socket is a connection",
        format!(
            "{} here {} for anybody, with nobody at the other end; a UDP socket never has a connection.",
            count(census.waiting, "socket", "sockets"),
            if census.waiting == 1 { "waits" } else { "wait" }
        ),
    );
    say(
        "A port is unique in a machine",
        match census.twice {
            Some(number) => format!(
                "{number}/tcp and {number}/udp are both in use here, and have nothing to do with each other."
            ),
            None => "TCP and UDP have numbers of their own, and so has each address.".into(),
        },
    );
    say(
        "The port tells what runs there",
        "A registered name is a convention: any program may use any number that it may bind."
            .into(),
    );
    say("A machine can have 65,535 connections", "Four numbers name a connection: one port of a server can have millions. Descriptors and memory end first.".into());
    say(
        "The table lists the connections",
        format!(
            "{}: {} for anybody, {} of TCP connections, {} (TIME-WAIT, or UDP with a peer). {} of the ends have their other end in this same \
             table.",
            count(moment.open, "row", "rows"),
            count(census.waiting, "waits", "wait"),
            count(census.ends, "is an end", "are ends"),
            count(
                moment.open.saturating_sub(census.waiting + census.ends),
                "is another",
                "are others"
            ),
            thousands(census.paired)
        ),
    );
    said
}

fn three() -> [Phrase; 3] {
    [
        Phrase::fact(
            "The number in TCP and UDP headers, which is meant here. 6/tcp, for one, is no plug of any kind.",
        ),
        Phrase::fact("The jack of a computer or a switch: USB, Ethernet. It has no such number."),
        Phrase::fact(
            "The address at which a processor speaks with a device (an I/O port). It never leaves the machine.",
        ),
    ]
}
