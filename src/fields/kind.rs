//! What a field looks at, and so which values it takes.

/// Whether a name must be the whole one.
pub(crate) const fn is_exact_match(field: TextField) -> bool {
    matches!(field, TextField::Interface)
}
/// What a field looks at, and so what it may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// A port.
    Port(EndSelector),
    /// An address.
    Address(EndSelector),
    /// The remote address or a part of its text.
    Host,
    /// TCP or UDP.
    Protocol,
    /// IPv4 or IPv6.
    Family,
    /// A TCP state.
    State,
    /// A side.
    Side,
    /// From where a listener can be reached.
    Reach,
    /// A name.
    Text(TextField),
    /// A number.
    Number(NumberField),
}
/// A name that rows have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextField {
    /// The short name of a process.
    Process,
    /// The name of the user who opened it.
    User,
    /// The systemd unit.
    Unit,
    /// The container.
    Container,
    /// The command line of a process.
    Command,
    /// The name of the shared port.
    Service,
    /// The interface it is bound to; the whole name, so that `eth1` is not `eth10`.
    Interface,
}
/// A number that rows have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberField {
    /// The process.
    Pid,
    /// The process that started it.
    ParentPid,
    /// The user.
    Uid,
    /// Time since first seen.
    Age,
    /// Time since it closed.
    Ended,
    /// Bytes not read.
    RecvQueue,
    /// Bytes not acknowledged.
    SendQueue,
    /// Round-trip time.
    Rtt,
    /// Segments sent again.
    TotalRetransmits,
    /// Bytes per second, both ways.
    Rate,
    /// Bytes per second received.
    Received,
    /// Bytes per second sent.
    Sent,
    /// The inode.
    Inode,
    /// The kernel's cookie.
    Cookie,
}
/// What a number counts, and so which units it may be given in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// Things.
    Count,
    /// Bytes.
    Bytes,
    /// Bytes per second.
    Rate,
    /// Time.
    Time,
}
impl NumberField {
    /// What it counts.
    pub const fn dimension(self) -> Dimension {
        match self {
            Self::Pid
            | Self::ParentPid
            | Self::Uid
            | Self::TotalRetransmits
            | Self::Inode
            | Self::Cookie => Dimension::Count,
            Self::RecvQueue | Self::SendQueue => Dimension::Bytes,
            Self::Rate | Self::Received | Self::Sent => Dimension::Rate,
            Self::Age | Self::Ended | Self::Rtt => Dimension::Time,
        }
    }
}
/// Which end of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndSelector {
    /// One of them.
    Either,
    /// This machine's.
    Local,
    /// The other one.
    Remote,
}
