//! Assigns sockets to groups.
//!
//! A socket held by several processes is in the group of each of them; in other groupings a row is
//! in exactly one group.

use std::net::IpAddr;

use super::sort_order::{SortColumn, SortDirection, SortOrder};
use crate::history::{HolderSet, Ownership, TrackedSocket};
use crate::net::port::PortKey;
use crate::net::process::{ProcessKey, Uid};

/// The views: four of open sockets, one of closed ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Grouping {
    /// By shared port.
    #[default]
    Ports,
    /// By process, then shared port.
    Processes,
    /// By remote address, then shared port.
    Hosts,
    /// Flat, without groups.
    Sockets,
    /// Closed sockets, flat.
    History,
}

impl Grouping {
    /// The views of open sockets, in the order of their keys.
    pub const LIVE: [Self; 4] = [Self::Ports, Self::Processes, Self::Hosts, Self::Sockets];

    /// All views, in the order of their keys.
    pub const LIVE_AND_HISTORY: [Self; 5] = [
        Self::Ports,
        Self::Processes,
        Self::Hosts,
        Self::Sockets,
        Self::History,
    ];

    /// Returns the title of the view.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Ports => "Ports",
            Self::Processes => "Processes",
            Self::Hosts => "Hosts",
            Self::Sockets => "Sockets",
            Self::History => "History",
        }
    }

    /// Returns the initial sort order: one in which rows do not move by themselves.
    pub const fn default_order(self) -> SortOrder {
        let column = match self {
            Self::Ports => SortColumn::Port,
            Self::Processes => SortColumn::Process,
            Self::Hosts => SortColumn::Host,
            Self::Sockets => SortColumn::Local,
            Self::History => SortColumn::Ended,
        };
        SortOrder {
            column,
            direction: match self {
                Self::History => SortDirection::Descending,
                _ => SortDirection::Ascending,
            },
        }
    }
}

/// Why a socket has no process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UnownedReason {
    /// Not accepted yet.
    Unaccepted,
    /// Closing, no process: only the kernel keeps it.
    Kernel,
    /// Held by a process of this user that we may not inspect.
    Hidden(Option<Uid>),
    /// Too brief to identify: no process held it when it was searched.
    NotFound,
    /// Not every process has been inspected yet.
    Pending,
    /// The data source does not report owners.
    Unsupported,
}

/// What a group has in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GroupKey {
    Port(PortKey),
    Process(ProcessKey),
    /// Sockets without a process, for one reason.
    Unowned(UnownedReason),
    /// One remote address.
    Host(IpAddr),
    /// Sockets without a remote endpoint.
    NoHost,
}

/// A group, or a group within a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupPath {
    pub top: GroupKey,
    pub sub: Option<GroupKey>,
}

impl GroupPath {
    /// Creates the path of an outer group.
    pub const fn top(key: GroupKey) -> Self {
        Self {
            top: key,
            sub: None,
        }
    }

    /// Returns the inner key, or the outer one if there is none.
    pub fn key(self) -> GroupKey {
        self.sub.unwrap_or(self.top)
    }

    /// Returns the outer group of an inner one.
    pub fn parent(self) -> Option<Self> {
        self.sub.map(|_| Self::top(self.top))
    }
}

/// Returns why the row has no process, or `None` if it has one.
pub const fn unowned_reason(row: &TrackedSocket) -> Option<UnownedReason> {
    Some(match row.ownership {
        Ownership::Known(_) => return None,
        Ownership::Unaccepted => UnownedReason::Unaccepted,
        Ownership::Kernel | Ownership::Former(_) => UnownedReason::Kernel,
        Ownership::Hidden => UnownedReason::Hidden(row.socket.uid),
        Ownership::NotFound | Ownership::FromListener(_) => UnownedReason::NotFound,
        Ownership::Pending => UnownedReason::Pending,
        Ownership::Unsupported => UnownedReason::Unsupported,
    })
}

/// Calls `visit` for each group the row belongs to.
pub(crate) fn for_each_group(
    grouping: Grouping,
    row: &TrackedSocket,
    mut visit: impl FnMut(GroupPath),
) {
    let port = Some(GroupKey::Port(row.port_key()));
    match grouping {
        Grouping::Ports => visit(GroupPath::top(GroupKey::Port(row.port_key()))),
        Grouping::Hosts => {
            let host = row
                .socket
                .remote
                .map_or(GroupKey::NoHost, |r| GroupKey::Host(r.canonical_ip()));
            visit(GroupPath {
                top: host,
                sub: port,
            });
        }
        Grouping::Processes => match unowned_reason(row) {
            Some(reason) => visit(GroupPath {
                top: GroupKey::Unowned(reason),
                sub: port,
            }),
            None => {
                for process in row
                    .ownership
                    .holders()
                    .into_iter()
                    .flat_map(HolderSet::processes)
                {
                    visit(GroupPath {
                        top: GroupKey::Process(process),
                        sub: port,
                    });
                }
            }
        },
        Grouping::Sockets | Grouping::History => {}
    }
}
