//! Whose a socket is, or why it is nobody's.
//!
//! In: what the look through the processes found, the socket's state, and who had it before.
//! Out: [`Ownership`]. An owner is stated only where a descriptor was seen.

use std::ops::Deref;
use std::sync::Arc;

use crate::net::process::{Holder, Holders, ProcessKey, distinct_processes};
use crate::net::snapshot::SourceKind;
use crate::net::socket::{Socket, TcpState, Transport};

/// The processes that have a socket, or had it last: never none. The first stands by itself, so that
/// who asks a hundred thousand rows for their process follows no pointer for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HolderSet {
    first: ProcessKey,
    /// Whether all descriptors are the first one's.
    is_single_process: bool,
    holders: Arc<[Holder]>,
}

impl HolderSet {
    /// By these, ordered by pid and descriptor; `None` where there are none.
    pub fn from_holders(holders: Arc<[Holder]>) -> Option<Self> {
        let first = holders.first()?.process;
        let by_one = distinct_processes(&holders).nth(1).is_none();
        Some(Self {
            first,
            is_single_process: by_one,
            holders,
        })
    }

    /// By the same processes, whatever their descriptors: these lead to something else.
    pub(crate) fn without_fds(&self) -> Option<Self> {
        let holder = |process| Holder { process, fd: None };
        Self::from_holders(self.processes().map(holder).collect())
    }

    /// Whether one of the processes is such; a loop over them would cost twice as much, which shows
    /// where a hundred thousand rows are asked.
    pub fn any(&self, mut predicate: impl FnMut(ProcessKey) -> bool) -> bool {
        predicate(self.first)
            || (!self.is_single_process && distinct_processes(&self.holders).skip(1).any(predicate))
    }

    /// Each process once.
    pub fn processes(&self) -> impl Iterator<Item = ProcessKey> + '_ {
        let all: &[Holder] = if self.is_single_process {
            &[]
        } else {
            &self.holders
        };
        std::iter::once(self.first).chain(distinct_processes(all).skip(1))
    }
}

/// Every descriptor.
impl Deref for HolderSet {
    type Target = [Holder];

    fn deref(&self) -> &[Holder] {
        &self.holders
    }
}

/// The answer to "whose is it?".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// These processes have a descriptor for it, ordered by pid and descriptor; never empty.
    Known(HolderSet),
    /// The kernel made it for a listener; no program has accepted it, so none has a descriptor.
    Unaccepted,
    /// The kernel alone keeps it: TIME-WAIT, or closed by its program and not finished yet.
    Kernel,
    /// As [`Ownership::Kernel`], and these had it when it was last seen with an owner.
    Former(HolderSet),
    /// No sample had the socket, so that nobody was seen with it; these have the listener that it
    /// was accepted from. A conclusion: a server may hand its connections to others.
    FromListener(HolderSet),
    /// A process that this user may not look into has it.
    Hidden,
    /// Every process was looked into and none has it: closed before we looked, on its way from one
    /// process to another, or held outside this pid namespace.
    NotFound,
    /// Not every process has been looked into since it appeared; a later sample will tell.
    Pending,
    /// The source does not tell.
    Unsupported,
}

impl Ownership {
    /// Who has it now.
    pub const fn holders(&self) -> Option<&HolderSet> {
        match self {
            Self::Known(holders) => Some(holders),
            _ => None,
        }
    }

    /// Who has it now or had it last, as far as can be told.
    pub const fn last_holders(&self) -> Option<&HolderSet> {
        match self {
            Self::Known(held) | Self::Former(held) | Self::FromListener(held) => Some(held),
            _ => None,
        }
    }

    /// Concludes from one sample and from what was concluded before.
    pub fn infer(socket: &Socket, source: SourceKind, before: Option<&Self>) -> Self {
        let last = before.and_then(Self::last_holders).cloned();
        let found = socket.holders.found();
        if let Some(held) = found.and_then(|holders| HolderSet::from_holders(Arc::clone(holders))) {
            return Self::Known(held);
        }
        match &socket.holders {
            Holders::Hidden => Self::Hidden,
            // Found, but none: nobody.
            Holders::Found(_) | Holders::NoHolder => last.map_or(Self::NotFound, Self::Former),
            Holders::NotSearched if socket.inode.is_some() => match (before, source) {
                // Not looked for in this sample; what was known is still the best answer.
                (Some(before), _) => before.clone(),
                (None, SourceKind::SockDiag | SourceKind::Procfs) => Self::Pending,
                (None, SourceKind::Netstat2) => Self::Unsupported,
            },
            Holders::NotSearched => match (last, no_inode_reason(socket.transport), source) {
                (Some(last), _, _) => Self::Former(last),
                (None, NoInodeReason::ClosedByProcess, _) => Self::Kernel,
                // Only Linux's own tables say "no inode"; elsewhere it may just be untold.
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

/// Who keeps a row that has no inode. A program that closes leaves ESTABLISHED at once, so an
/// ESTABLISHED or CLOSE-WAIT row without inode was never accepted.
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
