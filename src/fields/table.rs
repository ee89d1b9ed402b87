//! The one table of fields, and their accessors.

use std::time::Duration;

use super::column::{
    Column, CsvPlace, push_command, push_display, push_pids, push_port, push_processes, push_text,
};
use super::endpoint_display::EndpointDisplay;
use super::field::Field;
use super::kind::{
    EndSelector, FieldKind, Number, NumberField, NumberReader, TextField, TextMatching, TextReader,
    Unit, is_same_text,
};
use super::socket_view::{OWNER_STATUSES, SocketView};
use crate::history::{ObservedSince, Rates};
use crate::net::endpoint::AddressScope;
use crate::net::socket::{TcpInfo, TcpState};

impl NumberField {
    /// The pids of the processes that have it, or had it last.
    pub const PID: Self = Self {
        name: "pid",
        unit: Unit::Id,
        read: NumberReader::Process(|key, _| Some(key.pid.0.into())),
    };
    /// The pids of their parents.
    pub const PARENT_PID: Self = Self {
        name: "ppid",
        unit: Unit::Id,
        read: NumberReader::Process(|_, process| Some(process?.parent?.0.into())),
    };
    /// The user who opened it.
    pub const UID: Self = Self {
        name: "uid",
        unit: Unit::Id,
        read: NumberReader::Socket(|view| exact(view.row.socket.uid.map(|uid| uid.0))),
    };
    /// Time since first seen.
    pub const AGE: Self = Self {
        name: "age",
        unit: Unit::Microseconds,
        read: NumberReader::Socket(age),
    };
    /// Time since it closed.
    pub const ENDED: Self = Self {
        name: "ended",
        unit: Unit::Microseconds,
        read: NumberReader::Socket(ended),
    };
    /// Bytes per second, both ways.
    pub const RATE: Self = Self {
        name: "rate",
        unit: Unit::BytesPerSecond,
        read: NumberReader::Socket(|view| measured(view, Rates::total)),
    };
}

impl TextField {
    /// The short name of a process that has it, or had it last.
    pub const PROCESS: Self = Self {
        name: "proc",
        matching: TextMatching::Part,
        read: TextReader::Process(|process| Some(&process.name)),
    };
    /// The user who opened it.
    pub const USER: Self = Self {
        name: "user",
        matching: TextMatching::Part,
        read: TextReader::User,
    };
    /// The systemd unit it was opened in.
    pub const UNIT: Self = Self {
        name: "unit",
        matching: TextMatching::Part,
        read: TextReader::Cgroup(|cgroup| cgroup.unit.as_deref()),
    };
    /// The container it was opened in.
    pub const CONTAINER: Self = Self {
        name: "container",
        matching: TextMatching::Part,
        read: TextReader::Cgroup(|cgroup| cgroup.container.as_deref()),
    };
    /// The usual use of the shared port.
    pub const SERVICE: Self = Self {
        name: "service",
        matching: TextMatching::Part,
        read: TextReader::Service,
    };
    /// The interface it is bound to.
    pub const INTERFACE: Self = Self {
        name: "interface",
        matching: TextMatching::Whole,
        read: TextReader::Socket(interface_name),
    };
    const OWNER: Self = Self {
        name: "owner",
        matching: TextMatching::Words(&OWNER_STATUSES),
        read: TextReader::OwnerStatus,
    };
}

/// Why ages and rates are no columns.
const TAKES_TIME: &str = "list takes one sample, and this takes more";
/// Why JSON has little of a process.
const PROCESSES_IN_JSON: &str = "of a process, JSON has the pid and the name";

/// Every field. The columns of CSV are in the order of this table.
pub static FIELDS: [Field; 45] = [
    Field::new("proto", FieldKind::Protocol)
        .aliases(&["protocol"])
        .filters("proto:udp", "tcp or udp")
        .prints_as("protocol", 8, "tcp or udp", |view, out| {
            out.push_str(view.row.socket.protocol().name());
        })
        .json_at("protocol"),
    Field::new("family", FieldKind::Family)
        .filters("family:ipv6", "ipv4 or ipv6: the socket's, not the peer's")
        .prints_as(
            "family",
            6,
            "ipv4 or ipv6: the socket's, not the peer's",
            |view, out| out.push_str(view.row.socket.family().name()),
        )
        .json_at("family"),
    Field::new("state", FieldKind::State)
        .headed("STATE")
        .filters("state:close-wait,tw", "a TCP state, in any spelling")
        .prints_as("state", 12, "the TCP state; UDP has none", |view, out| {
            push_text(out, view.row.socket.tcp_state().map(TcpState::name));
        })
        .json_at("state"),
    Field::new("side", FieldKind::Side)
        .filters("side:outgoing", "listening, serving or outgoing")
        .prints_as("side", 9, "listening, serving or outgoing", |view, out| {
            out.push_str(view.row.side.name());
        })
        .json_at("side"),
    Field::new("reach", FieldKind::Reach)
        .filters(
            "reach:everyone",
            "everyone, this-machine, address, interface",
        )
        .prints_as(
            "reach",
            12,
            "from where a listener can be reached: everyone, this-machine, address or interface",
            push_reach,
        )
        .in_csv(CsvPlace::Appended)
        .no_json("local.scope and interface say it"),
    Field::new("port", FieldKind::Port(EndSelector::Either))
        .aliases(&["ports"])
        .filters("port:80,443", "a port at either end")
        // Of the two ports this is the one that says what the socket is for.
        .prints_as(
            "port",
            5,
            "the port it shares with others: local, or remote if outgoing",
            |view, out| push_port(out, view.row.port_key().port),
        )
        .json_at("port"),
    Field::text(TextField::SERVICE)
        .filters("service:https", "the name of the shared port")
        .prints_called(12, "what that port is usually used for")
        .json_at("service"),
    Field::new("local", FieldKind::Endpoint(EndSelector::Local))
        .headed("LOCAL")
        .not_filtered("laddr and lport together, or 127.0.0.1:80 for either end")
        .prints_as("local", 21, "local address and port", |view, out| {
            push_display(out, Some(EndpointDisplay::local(view.row, view.moment)));
        })
        .json_at("local"),
    Field::new("laddr", FieldKind::Address(EndSelector::Local))
        .aliases(&["src"])
        .filters("laddr:127.0.0.1", "the local address")
        .prints_as("laddr", 15, "local address", |view, out| {
            push_display(out, Some(view.row.socket.local.canonical_ip()));
        })
        .json_at("local.address"),
    Field::new("lport", FieldKind::Port(EndSelector::Local))
        .aliases(&["sport"])
        .filters("lport:8000-8100", "the local port")
        .prints_as("lport", 5, "local port", |view, out| {
            push_port(out, view.row.socket.local.port);
        })
        .json_at("local.port"),
    Field::new("remote", FieldKind::Endpoint(EndSelector::Remote))
        .headed("REMOTE")
        .not_filtered("raddr and rport together, or 127.0.0.1:80 for either end")
        .prints_as("remote", 21, "remote address and port", |view, out| {
            push_display(out, EndpointDisplay::remote(view.row, view.moment));
        })
        .json_at("remote"),
    Field::new("raddr", FieldKind::Address(EndSelector::Remote))
        .aliases(&["dst"])
        .filters("raddr:2001:db8::/32", "the remote address")
        .prints_as("raddr", 15, "remote address", |view, out| {
            let remote = view.row.socket.remote;
            push_display(out, remote.map(|end| end.canonical_ip()));
        })
        .json_at("remote.address"),
    Field::new("rport", FieldKind::Port(EndSelector::Remote))
        .aliases(&["dport"])
        .filters("rport:443", "the remote port")
        .prints_as("rport", 5, "remote port", |view, out| {
            push_port(out, view.row.socket.remote_port());
        })
        .json_at("remote.port"),
    Field::new("addr", FieldKind::Address(EndSelector::Either))
        .aliases(&["address", "ip"])
        .filters("addr:10.0.0.0/8", "an address or network at either end")
        .not_printed("it is one end or the other: laddr or raddr")
        .not_sorted("it is one end or the other: laddr or raddr")
        .no_json("it is one end or the other: local.address or remote.address"),
    // No name is looked up while a filter is evaluated, so it compares the address; the column has
    // the name.
    Field::new("host", FieldKind::Host)
        .filters("host:203.0.113", "the remote address, or a part of its text")
        .prints_as(
            "host",
            15,
            "name of the remote address, with --resolve",
            |view, out| push_text(out, view.remote_name()),
        )
        .json_at("remote.name"),
    Field::text(TextField::INTERFACE)
        .aliases(&["iface", "dev"])
        .filters(
            "interface:eth0",
            "the interface it is bound to, whole name",
        )
        .prints_as(
            "interface",
            9,
            "interface it is bound to, or its link-local address belongs to",
            |view, out| push_display(out, view.interface()),
        )
        .json_at("interface"),
    Field::text(TextField::OWNER)
        .filters("owner:hidden", "how the owner is known, or why it is not")
        .prints_called(
            10,
            "how the owner is known: known, remembered, of-listener; or why not: unaccepted, kernel, hidden, vanished",
        )
        .json_at("owner_status"),
    Field::text(TextField::PROCESS)
        .headed("PROCESS")
        .aliases(&["process", "comm"])
        .filters("proc:nginx", "a process that has it, or had it last")
        .prints_as(
            "process",
            16,
            "name/pid of every process that has it; was: in front where they had it",
            push_processes,
        )
        .with_parts_quoted()
        .json_at("owners[].name"),
    Field::number(NumberField::PID)
        .filters("pid:812", "its pid")
        .prints_as("pid", 7, "the pids of these", push_pids)
        .with_parts_quoted()
        .json_at("owners[].pid"),
    Field::number(NumberField::PARENT_PID)
        .aliases(&["parent"])
        .filters("ppid:1", "the pid of its parent")
        .prints_called(7, "the pids of their parents, where they are known")
        .with_parts_quoted()
        .in_csv(CsvPlace::Appended)
        .no_json(PROCESSES_IN_JSON),
    Field::part_of_text(
        "peer",
        TextReader::PeerProcess(|process| Some(&process.name)),
    )
    .filters("peer:postgres", "a process of the peer, if here")
    .prints_as(
        "peer",
        16,
        "name/pid of the processes of the peer, if that is on this machine",
        |view, out| {
            if let Some(peer) = view.peer() {
                push_processes(peer, out);
            }
        },
    )
    .with_parts_quoted()
    .json_at("peer_owners[].name"),
    Field::part_of_text(
        "cmd",
        TextReader::Process(|process| process.command.as_deref()),
    )
    .aliases(&["command", "cmdline"])
    .filters(
        "cmd:http.server",
        "the command line of a process that has it",
    )
    .prints_as(
        "command",
        20,
        "command line of the first process",
        push_command,
    )
    .no_json(PROCESSES_IN_JSON),
    Field::text(TextField::USER)
        .filters("user:www-data", "the user who opened it")
        .prints_called(8, "user who opened it")
        .json_at("user"),
    Field::number(NumberField::UID)
        .filters("uid>=1000", "that user's number")
        .prints(5)
        .json_at("uid"),
    Field::text(TextField::UNIT)
        .filters("unit:nginx.service", "the systemd unit it was opened in")
        .prints_called(16, "systemd unit it was opened in")
        .json_at("unit"),
    Field::text(TextField::CONTAINER)
        .filters("container:docker", "the container it was opened in")
        .prints_called(19, "container it was opened in")
        .json_at("container"),
    Field::number(NumberField::AGE)
        .headed("SEEN")
        .filters("age>1h", "time since first seen")
        .not_printed(TAKES_TIME)
        .sorts_over_time()
        .no_json(TAKES_TIME),
    Field::number(NumberField::ENDED)
        .headed("CLOSED")
        .filters("ended<5m", "time since it closed")
        .not_printed(TAKES_TIME)
        .sorts_over_time()
        .no_json(TAKES_TIME),
    Field::socket_number("recvq", Unit::Bytes, |view| {
        exact(view.row.socket.queues.map(|queues| queues.recv))
    })
    .aliases(&["recv-q"])
    .filters("recvq>0", "bytes the program has not read")
    .prints(5)
    .json_at("queue.recv"),
    Field::socket_number("sendq", Unit::Bytes, |view| {
        exact(view.row.socket.queues.map(|queues| queues.send))
    })
    .aliases(&["send-q"])
    .filters("sendq>=1M", "bytes the peer has not acknowledged")
    .prints(5)
    .json_at("queue.send"),
    Field::socket_number("waiting", Unit::Count, |view| {
        exact(view.row.socket.accept_queue.map(|queue| queue.waiting))
    })
    .filters("waiting>0", "connections not accepted yet")
    .prints_called(
        7,
        "a TCP listener's connections that no program has accepted yet",
    )
    .json_at("backlog.waiting"),
    Field::socket_number("backlog", Unit::Count, |view| {
        exact(view.row.socket.accept_queue.and_then(|queue| queue.limit))
    })
    .filters("backlog<100", "how many connections may wait")
    .prints_called(7, "how many of these may wait")
    .json_at("backlog.limit"),
    Field::socket_number("rtt", Unit::Microseconds, |view| {
        exact(tcp_info(view)?.rtt_us.map(std::num::NonZero::get))
    })
    .filters("rtt>50ms", "round-trip time")
    .prints_called(7, "round-trip time in microseconds")
    .json_at("tcp.rtt_us"),
    Field::socket_number("retrans", Unit::Count, |view| {
        exact(Some(tcp_info(view)?.total_retransmits))
    })
    .aliases(&["retransmits"])
    .filters("retrans>0", "segments sent again so far")
    .prints(7)
    .json_at("tcp.retransmits"),
    Field::socket_number("sent", Unit::Bytes, |view| {
        exact(tcp_info(view)?.sent.map(|sent| sent.bytes))
    })
    .filters("sent>1G", "bytes sent so far, repetitions included")
    .prints(8)
    .json_at("tcp.bytes_sent"),
    Field::socket_number("received", Unit::Bytes, |view| {
        exact(tcp_info(view)?.delivered.map(|bytes| bytes.received))
    })
    .headed("RECEIVED")
    .filters("received>1G", "bytes received so far")
    .prints(8)
    .json_at("tcp.bytes_received"),
    Field::number(NumberField::RATE)
        .filters("rate>1M", "bytes per second, both ways")
        .not_printed(TAKES_TIME)
        .sorts_over_time()
        .no_json(TAKES_TIME),
    Field::socket_number("rx", Unit::BytesPerSecond, |view| {
        measured(view, |rates| rates.down)
    })
    .aliases(&["down"])
    .headed("↓/s")
    .filters("rx>=100k", "bytes per second received")
    .not_printed(TAKES_TIME)
    .sorts_over_time()
    .no_json(TAKES_TIME),
    Field::socket_number("tx", Unit::BytesPerSecond, |view| {
        measured(view, |rates| rates.up)
    })
    .aliases(&["up"])
    .headed("↑/s")
    .filters("tx<64KiB", "bytes per second sent")
    .not_printed(TAKES_TIME)
    .sorts_over_time()
    .no_json(TAKES_TIME),
    Field::socket_number("idle", Unit::Milliseconds, |view| {
        let idle = tcp_info(view)?.last_data?.ago(view.moment.elapsed);
        exact(Some(microseconds(idle)))
    })
    .filters("idle>10m", "time since data last went either way")
    .prints_called(8, "milliseconds since data last went either way")
    .in_csv(CsvPlace::OnRequest)
    .json_value(
        "idle_ms",
        "milliseconds since data last went either way, or since the connection was made",
    ),
    Field::socket_number("delivery-rate", Unit::BytesPerSecond, |view| {
        exact(tcp_info(view)?.delivery_rate.map(std::num::NonZero::get))
    })
    .filters("delivery-rate>1M", "bytes per second the path delivered")
    .prints_called(
        13,
        "bytes per second that reached the peer when the kernel last measured it",
    )
    .in_csv(CsvPlace::Appended)
    .json_value(
        "delivery_rate",
        "bytes per second that reached the peer, as the kernel last measured it",
    ),
    Field::socket_number("drops", Unit::Count, |view| exact(view.row.socket.drops))
        .filters("drops>0", "what was dropped for want of room")
        .prints_called(
            6,
            "datagrams or segments dropped for want of room; a listener's refused connections",
        )
        .in_csv(CsvPlace::Appended)
        .json_value(
            "drops",
            "datagrams or segments the kernel dropped because the socket had no room; for a TCP listener, connections it refused",
        ),
    Field::part_of_text(
        "congestion",
        TextReader::Socket(|view| {
            let algorithm = view.row.socket.congestion.as_ref();
            algorithm.map(crate::net::socket::CongestionAlgorithm::as_str)
        }),
    )
    .filters("congestion:bbr", "congestion-control algorithm")
    .prints(10)
    .json_at("tcp.congestion"),
    Field::socket_number("inode", Unit::Id, |view| {
        exact(view.row.socket.inode.map(|inode| inode.0.get()))
    })
    .filters("inode:71234", "the inode number")
    .prints_called(8, "inode number")
    .json_at("inode"),
    Field::socket_number("cookie", Unit::Id, |view| {
        exact(view.row.socket.cookie.map(|cookie| cookie.0.get()))
    })
    .filters("cookie:8193", "the kernel's own number for the socket")
    .prints(8)
    .json_at("cookie"),
];

impl Field {
    /// Finds a field by name or alias, in any case.
    pub fn find(name: &str) -> Option<&'static Self> {
        FIELDS
            .iter()
            .find(|field| field.names().any(|known| known.eq_ignore_ascii_case(name)))
    }

    /// Returns the field of this name, for code that names one.
    ///
    /// # Panics
    /// When there is none, which a constant shows when the program is built.
    pub const fn named(name: &str) -> &'static Self {
        let mut index = 0;
        while index < FIELDS.len() {
            if is_same_text(FIELDS[index].name, name) {
                return &FIELDS[index];
            }
            index += 1;
        }
        panic!("no field has this name")
    }

    /// Finds a field that filters have.
    pub fn find_filter(name: &str) -> Option<&'static Self> {
        Self::find(name).filter(|field| field.is_filter())
    }

    /// Finds the field that filters look at so.
    pub fn for_kind(kind: FieldKind) -> Option<&'static Self> {
        Self::filters_in_order().find(|field| field.kind == kind)
    }

    /// Returns the fields that filters have, in the order of the table.
    pub fn filters_in_order() -> impl Iterator<Item = &'static Self> {
        FIELDS.iter().filter(|field| field.is_filter())
    }
}

/// Returns every column of `list`: first those of CSV in its order, then those on request.
pub fn columns() -> impl Iterator<Item = &'static Column> {
    let places = [CsvPlace::First, CsvPlace::Appended, CsvPlace::OnRequest];
    places.into_iter().flat_map(|place| {
        FIELDS
            .iter()
            .filter_map(Field::column)
            .filter(move |column| column.csv == place)
    })
}

fn exact(number: Option<impl Into<u64>>) -> Option<Number> {
    number.map(|number| Number::Exact(number.into()))
}

fn tcp_info(view: SocketView<'_>) -> Option<&TcpInfo> {
    view.row.socket.tcp.as_ref()
}

fn interface_name(view: SocketView<'_>) -> Option<&str> {
    view.interface_name()
}

fn microseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn age(view: SocketView<'_>) -> Option<Number> {
    let age = microseconds(view.row.age(view.moment.elapsed));
    Some(match view.row.first_seen {
        ObservedSince::BeforeFirstSample(_) => Number::AtLeast(age),
        ObservedSince::Sampled(_) | ObservedSince::Unsampled(_) => Number::Exact(age),
    })
}

fn ended(view: SocketView<'_>) -> Option<Number> {
    let closed_at = view.row.closed_at()?;
    let ago = microseconds(view.moment.elapsed.saturating_sub(closed_at));
    Some(if view.row.ended_before_first_sample() {
        Number::AtLeast(ago)
    } else {
        Number::Exact(ago)
    })
}

fn measured(view: SocketView<'_>, direction: fn(Rates) -> f64) -> Option<Number> {
    let rates = view.row.rates(view.moment.elapsed)?;
    Some(Number::Measured(direction(rates)))
}

/// Writes what `reach:` finds: an interface comes before the address, as where a group's reach is
/// summed up.
fn push_reach(view: SocketView<'_>, out: &mut String) {
    let socket = &view.row.socket;
    if !socket.is_listening() {
        return;
    }
    let scope = socket.local.scope();
    let is_bound = socket.interface.is_some() && scope != AddressScope::LinkLocal;
    match scope {
        _ if is_bound => push_text(out, view.interface_name()),
        AddressScope::Unspecified => out.push_str("everyone"),
        AddressScope::Loopback => out.push_str("this-machine"),
        _ => push_display(out, Some(socket.local.canonical_ip())),
    }
}
