//! Under what a socket is shown.
//!
//! In: a row. Out: the group, or groups, it belongs to. A socket held by five processes is shown
//! under each of the five; everywhere else a row has one place.

use std::net::IpAddr;

use super::sort_order::{SortColumn, SortDirection, SortOrder};
use crate::history::{HolderSet, Ownership, TrackedSocket};
use crate::net::port::PortKey;
use crate::net::process::{ProcessKey, Uid};

/// The four views of what is there, and the one of what was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Grouping {
    /// Shared port → sockets.
    #[default]
    Ports,
    /// Process → shared port → sockets.
    Processes,
    /// Remote address → shared port → sockets.
    Hosts,
    /// Sockets, flat.
    Sockets,
    /// Sockets that have ended, flat.
    History,
}

impl Grouping {
    /// What is there, in the order of their keys.
    pub const LIVE: [Self; 4] = [Self::Ports, Self::Processes, Self::Hosts, Self::Sockets];

    /// All of them.
    pub const LIVE_AND_HISTORY: [Self; 5] = [
        Self::Ports,
        Self::Processes,
        Self::Hosts,
        Self::Sockets,
        Self::History,
    ];

    /// What the view is called.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Ports => "Ports",
            Self::Processes => "Processes",
            Self::Hosts => "Hosts",
            Self::Sockets => "Sockets",
            Self::History => "History",
        }
    }

    /// The order it opens in: one that does not move by itself.
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

/// Why a socket stands under no process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UnownedReason {
    /// Not accepted yet.
    Unaccepted,
    /// The kernel alone keeps it.
    Kernel,
    /// Some process of this user that we may not look into.
    Hidden(Option<Uid>),
    /// No process had it when we looked.
    NotFound,
    /// Not every process has been looked into yet.
    Pending,
    /// The source does not tell.
    Unsupported,
}

/// What a group is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GroupKey {
    /// One shared port.
    Port(PortKey),
    /// One process.
    Process(ProcessKey),
    /// Sockets without a process, for one reason.
    Unowned(UnownedReason),
    /// One remote address.
    Host(IpAddr),
    /// Sockets without a remote end.
    NoHost,
}

/// A group, or a group within a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupPath {
    /// The outer group.
    pub top: GroupKey,
    /// The inner one.
    pub sub: Option<GroupKey>,
}

impl GroupPath {
    /// An outer group.
    pub const fn top(key: GroupKey) -> Self {
        Self {
            top: key,
            sub: None,
        }
    }

    /// The innermost of the two.
    pub fn key(self) -> GroupKey {
        self.sub.unwrap_or(self.top)
    }

    /// The group around an inner one.
    pub fn parent(self) -> Option<Self> {
        self.sub.map(|_| Self::top(self.top))
    }
}

/// Why the row has no process; `None` where it has one.
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

/// Calls `place` with each group the row belongs to.
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
