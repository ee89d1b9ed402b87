//! The one table of fields. The parser, the grammar, the errors and completion read it.

use super::field_kind::{EndSelector, FieldKind, NumberField, TextField};
use super::{keywords, suggest};

/// A field: what stands before the colon.
#[derive(Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Other names for it.
    pub aliases: &'static [&'static str],
    /// What it looks at.
    pub kind: FieldKind,
    /// What it is, in words.
    pub description: &'static str,
    /// How it is used.
    pub example: &'static str,
}

impl Field {
    /// The field of this name or alias, in any case.
    pub fn find(name: &str) -> Option<&'static Self> {
        FIELDS.iter().find(|field| {
            let mut names = [field.name]
                .into_iter()
                .chain(field.aliases.iter().copied());
            names.any(|n| n.eq_ignore_ascii_case(name))
        })
    }

    /// The field that looks at this.
    pub fn for_kind(kind: FieldKind) -> Option<&'static Self> {
        FIELDS.iter().find(|field| field.kind == kind)
    }

    /// The name nearest to one that no field has.
    pub(crate) fn suggest_name(name: &str) -> Option<&'static str> {
        let names = FIELDS
            .iter()
            .flat_map(|f| [f.name].into_iter().chain(f.aliases.iter().copied()));
        let found = suggest::closest_match(name, names)?;
        Some(Self::find(found)?.name)
    }

    /// The values it takes, where they are few and known without looking at the rows.
    pub const fn values(&self) -> &'static [&'static str] {
        match self.kind {
            FieldKind::Protocol => &keywords::PROTOCOLS,
            FieldKind::Family => &keywords::FAMILIES,
            FieldKind::State => &keywords::STATES,
            FieldKind::Side => &keywords::SIDES,
            FieldKind::Reach => &keywords::REACHES,
            _ => &[],
        }
    }

    /// What may stand between the field and its value.
    pub const fn operators(&self) -> &'static [&'static str] {
        match self.kind {
            FieldKind::Port(_) | FieldKind::Number(_) => &[":", ">", ">=", "<", "<="],
            FieldKind::Host | FieldKind::Text(_) => &[":", "~"],
            _ => &[":"],
        }
    }
}

/// Writes the table tersely.
const fn field(
    name: &'static str,
    aliases: &'static [&'static str],
    kind: FieldKind,
    words: &'static str,
    example: &'static str,
) -> Field {
    Field {
        name,
        aliases,
        kind,
        description: words,
        example,
    }
}

/// Every field, in the order of the grammar.
#[rustfmt::skip]
pub static FIELDS: [Field; 33] = {
    use super::field_kind::FieldKind::{Address, Family, Host, Number as M, Port, Protocol, Reach, Side, State, Text};
    [
        field("port", &["ports"], Port(EndSelector::Either), "a port at either end", "port:80,443"),
        field("lport", &["sport"], Port(EndSelector::Local), "the local port", "lport:8000-8100"),
        field("rport", &["dport"], Port(EndSelector::Remote), "the remote port", "rport:443"),
        field("addr", &["address", "ip"], Address(EndSelector::Either), "an address or network at either end", "addr:10.0.0.0/8"),
        field("laddr", &["src"], Address(EndSelector::Local), "the local address", "laddr:127.0.0.1"),
        field("raddr", &["dst"], Address(EndSelector::Remote), "the remote address", "raddr:2001:db8::/32"),
        field("host", &[], Host, "the remote address, or a part of its text", "host:203.0.113"),
        field("proto", &["protocol"], Protocol, "tcp or udp", "proto:udp"),
        field("family", &[], Family, "ipv4 or ipv6: the socket's, not the peer's", "family:ipv6"),
        field("state", &[], State, "a TCP state, in any spelling", "state:close-wait,tw"),
        field("side", &[], Side, "listening, serving or outgoing", "side:outgoing"),
        field("reach", &[], Reach, "everyone, this-machine, address or interface", "reach:everyone"),
        field("proc", &["process", "comm"], Text(TextField::Process), "a process that has it, or had it last", "proc:nginx"),
        field("pid", &[], M(NumberField::Pid), "its pid", "pid:812"),
        field("ppid", &["parent"], M(NumberField::ParentPid), "the pid of its parent", "ppid:1"),
        field("user", &[], Text(TextField::User), "the user who opened it", "user:www-data"),
        field("uid", &[], M(NumberField::Uid), "that user's number", "uid>=1000"),
        field("unit", &[], Text(TextField::Unit), "the systemd unit it was opened in", "unit:nginx.service"),
        field("container", &[], Text(TextField::Container), "the container it was opened in", "container:docker"),
        field("cmd", &["command", "cmdline"], Text(TextField::Command), "the command line of a process that has it", "cmd:\"-m http.server\""),
        field("service", &[], Text(TextField::Service), "the name of the shared port", "service:https"),
        field("age", &[], M(NumberField::Age), "time since first seen", "age>1h"),
        field("ended", &[], M(NumberField::Ended), "time since it closed", "ended<5m"),
        field("recvq", &["recv-q"], M(NumberField::RecvQueue), "bytes the program has not read", "recvq>0"),
        field("sendq", &["send-q"], M(NumberField::SendQueue), "bytes the other end has not acknowledged", "sendq>=1M"),
        field("rtt", &[], M(NumberField::Rtt), "round-trip time", "rtt>50ms"),
        field("retrans", &["retransmits"], M(NumberField::TotalRetransmits), "segments sent again so far", "retrans>0"),
        field("rate", &[], M(NumberField::Rate), "bytes per second, both ways", "rate>1M"),
        field("rx", &["down"], M(NumberField::Received), "bytes per second received", "rx>=100k"),
        field("tx", &["up"], M(NumberField::Sent), "bytes per second sent", "tx<64KiB"),
        field("inode", &[], M(NumberField::Inode), "the inode number", "inode:71234"),
        field("cookie", &[], M(NumberField::Cookie), "the kernel's own number for the socket", "cookie:8193"),
        field("interface", &["iface", "dev"], Text(TextField::Interface), "the interface it is bound to, its whole name", "interface:eth0"),
    ]
};
