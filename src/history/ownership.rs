//! Determines which processes hold a socket, or why none is known.
//!
//! Combines the result of the process scan, the socket's state and its previous holders. An owner
//! is stated only where a descriptor was seen.

use std::ops::Deref;
use std::sync::Arc;

use crate::net::process::{Holder, Holders, ProcessKey, distinct_processes};
use crate::net::snapshot::SourceKind;
use crate::net::socket::{Socket, TcpState, Transport};

/// The processes that hold a socket, or held it last; never empty. The first is stored inline, so
/// that reading the process of a hundred thousand rows follows no pointer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HolderSet {
    first: ProcessKey,
    /// Whether all descriptors belong to the first process.
    is_single_process: bool,
    holders: Arc<[Holder]>,
}

impl HolderSet {
    /// Builds a set from holders ordered by pid and descriptor; `None` if there are none.
    pub fn from_holders(holders: Arc<[Holder]>) -> Option<Self> {
        let first = holders.first()?.process;
        let by_one = distinct_processes(&holders).nth(1).is_none();
        Some(Self {
            first,
            is_single_process: by_one,
            holders,
        })
    }

    /// Returns the same processes without descriptors, for a socket that these descriptors do not
    /// refer to.
    pub(crate) fn without_fds(&self) -> Option<Self> {
        let holder = |process| Holder { process, fd: None };
        Self::from_holders(self.processes().map(holder).collect())
    }

    /// Returns whether `predicate` holds for one of the processes. A loop over `processes` takes twice as
    /// long, which is noticeable with a hundred thousand rows.
    pub fn any(&self, mut predicate: impl FnMut(ProcessKey) -> bool) -> bool {
        predicate(self.first)
            || (!self.is_single_process && distinct_processes(&self.holders).skip(1).any(predicate))
    }

    /// Returns each process once.
    pub fn processes(&self) -> impl Iterator<Item = ProcessKey> + '_ {
        let all: &[Holder] = if self.is_single_process {
            &[]
        } else {
            &self.holders
        };
        std::iter::once(self.first).chain(distinct_processes(all).skip(1))
    }
}

/// Every holder: process and descriptor.
impl Deref for HolderSet {
    type Target = [Holder];

    fn deref(&self) -> &[Holder] {
        &self.holders
    }
}

/// Which processes hold a socket, or why none is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// These processes have a descriptor for it, ordered by pid and descriptor; never empty.
    Known(HolderSet),
    /// Not accepted yet: the kernel created it for a listener, so no process has a descriptor.
    Unaccepted,
    /// Closing, no process: TIME-WAIT, or closed by its process and not finished yet.
    Kernel,
    /// As [`Ownership::Kernel`]; these processes held it when it last had a known owner.
    Former(HolderSet),
    /// In no sample, so no holder was seen; these processes hold the listener it was accepted from.
    /// An inference: a server may pass its connections to other processes.
    FromListener(HolderSet),
    /// Held by a process this user may not inspect.
    Hidden,
    /// All processes were inspected and none holds it: too brief to identify, in transit between
    /// two processes (SCM_RIGHTS), or held outside this pid namespace.
    NotFound,
    /// Not every process has been inspected since it appeared; a later sample will resolve it.
    Pending,
    /// The data source does not report owners.
    Unsupported,
}

impl Ownership {
    /// Returns the processes that hold the socket now.
    pub const fn holders(&self) -> Option<&HolderSet> {
        match self {
            Self::Known(holders) => Some(holders),
            _ => None,
        }
    }

    /// Returns the processes that hold the socket now or held it last, where known.
    pub const fn last_holders(&self) -> Option<&HolderSet> {
        match self {
            Self::Known(holders) | Self::Former(holders) | Self::FromListener(holders) => {
                Some(holders)
            }
            _ => None,
        }
    }

    /// Infers the ownership from one sample and the previous ownership.
    pub fn infer(socket: &Socket, source: SourceKind, before: Option<&Self>) -> Self {
        let last = before.and_then(Self::last_holders).cloned();
        let found = socket.holders.found();
        if let Some(owners) = found.and_then(|holders| HolderSet::from_holders(Arc::clone(holders)))
        {
            return Self::Known(owners);
        }
        match &socket.holders {
            Holders::Hidden => Self::Hidden,
            // Found, but the list is empty: no holder.
            Holders::Found(_) | Holders::NoHolder => last.map_or(Self::NotFound, Self::Former),
            Holders::NotSearched if socket.inode.is_some() => match (before, source) {
                // Not searched in this sample; the previous result is still the best one.
                (Some(before), _) => before.clone(),
                (None, SourceKind::SockDiag | SourceKind::Procfs) => Self::Pending,
                (None, SourceKind::Netstat2) => Self::Unsupported,
            },
            Holders::NotSearched => match (last, no_inode_reason(socket.transport), source) {
                (Some(last), _, _) => Self::Former(last),
                (None, NoInodeReason::ClosedByProcess, _) => Self::Kernel,
                // Only Linux's own tables report "no inode"; other sources may just omit it.
                (None, NoInodeReason::NotAccepted, SourceKind::SockDiag | SourceKind::Procfs) => {
                    Self::Unaccepted
                }
                (None, NoInodeReason::Unknown, SourceKind::SockDiag | SourceKind::Procfs) => {
                    Self::Kernel
                }
                (None, _, SourceKind::Netstat2) => Self::Unsupported,
            },
        }
    }
}

/// Why a row has no inode. A program that closes leaves ESTABLISHED at once, so an ESTABLISHED or
/// CLOSE-WAIT row without inode was never accepted.
enum NoInodeReason {
    ClosedByProcess,
    NotAccepted,
    Unknown,
}

const fn no_inode_reason(transport: Transport) -> NoInodeReason {
    match transport {
        Transport::Tcp(
            TcpState::TimeWait
            | TcpState::FinWait1
            | TcpState::FinWait2
            | TcpState::Closing
            | TcpState::LastAck,
        ) => NoInodeReason::ClosedByProcess,
        Transport::Tcp(TcpState::Established | TcpState::CloseWait | TcpState::SynReceived) => {
            NoInodeReason::NotAccepted
        }
        Transport::Tcp(_) | Transport::Udp => NoInodeReason::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;
    use crate::net::endpoint::Endpoint;
    use crate::net::port::Port;
    use crate::net::process::{Pid, ProcessKey, StartTime};
    use crate::net::socket::Inode;

    fn socket(state: TcpState) -> Socket {
        let end = |port| Endpoint::new([127, 0, 0, 1].into(), Port(port));
        Socket::new(Transport::Tcp(state), end(80), Some(end(40_000)))
    }

    fn holder_set() -> HolderSet {
        HolderSet::from_holders(holders()).unwrap()
    }

    fn holders() -> Arc<[Holder]> {
        let process = ProcessKey {
            pid: Pid(7),
            start: StartTime(1),
        };
        Arc::new([Holder { process, fd: None }])
    }

    #[test]
    fn socket_without_inode_is_classified_by_its_state() {
        for (state, expected) in [
            (TcpState::Established, Ownership::Unaccepted),
            (TcpState::CloseWait, Ownership::Unaccepted),
            (TcpState::SynReceived, Ownership::Unaccepted),
            (TcpState::TimeWait, Ownership::Kernel),
            (TcpState::FinWait1, Ownership::Kernel),
            (TcpState::FinWait2, Ownership::Kernel),
            (TcpState::LastAck, Ownership::Kernel),
            (TcpState::Closing, Ownership::Kernel),
        ] {
            let ownership = Ownership::infer(&socket(state), SourceKind::SockDiag, None);
            assert_eq!(ownership, expected, "{state}");
        }
    }

    #[test]
    fn last_owner_is_kept_as_former() {
        let before = Ownership::Known(holder_set());
        let ownership = Ownership::infer(
            &socket(TcpState::TimeWait),
            SourceKind::SockDiag,
            Some(&before),
        );
        assert_eq!(ownership, Ownership::Former(holder_set()));
        let still = Ownership::infer(
            &socket(TcpState::TimeWait),
            SourceKind::SockDiag,
            Some(&ownership),
        );
        assert_eq!(still, ownership);
    }

    #[test]
    fn owner_is_unsupported_where_the_source_has_none() {
        let ownership =
            Ownership::infer(&socket(TcpState::Established), SourceKind::Netstat2, None);
        assert_eq!(ownership, Ownership::Unsupported);
    }

    #[test]
    fn socket_not_scanned_keeps_its_owner() {
        let mut socket = socket(TcpState::Established);
        socket.inode = NonZeroU64::new(9).map(Inode);
        let before = Ownership::Known(holder_set());
        let ownership = Ownership::infer(&socket, SourceKind::SockDiag, Some(&before));
        assert_eq!(ownership, before);
        assert_eq!(
            Ownership::infer(&socket, SourceKind::SockDiag, None),
            Ownership::Pending
        );
    }
}
