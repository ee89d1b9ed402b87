//! Whose a socket is, or why it is nobody's.
//!
//! In: what the look through the processes found, the socket's state, and who had it before.
//! Out: [`Ownership`]. An owner is stated only where a descriptor was seen.

use std::ops::Deref;
use std::sync::Arc;

use crate::process::{Holder, Holders, ProcessKey, distinct_processes};
use crate::snapshot::SourceKind;
use crate::socket::{Socket, TcpState, Transport};

/// The processes that have a socket, or had it last: never none. The first stands by itself, so that
/// who asks a hundred thousand rows for their process follows no pointer for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    first: ProcessKey,
    /// Whether all descriptors are the first one's.
    by_one: bool,
    holders: Arc<[Holder]>,
}

impl Held {
    /// By these, ordered by pid and descriptor; `None` where there are none.
    pub fn by(holders: Arc<[Holder]>) -> Option<Self> {
        let first = holders.first()?.process;
        let by_one = distinct_processes(&holders).nth(1).is_none();
        Some(Self {
            first,
            by_one,
            holders,
        })
    }

    /// By the same processes, whatever their descriptors: these lead to something else.
    pub(super) fn without_descriptors(&self) -> Option<Self> {
        let holder = |process| Holder { process, fd: None };
        Self::by(self.processes().map(holder).collect())
    }

    /// Whether one of the processes is such; a loop over them would cost twice as much, which shows
    /// where a hundred thousand rows are asked.
    pub fn any(&self, mut is_such: impl FnMut(ProcessKey) -> bool) -> bool {
        is_such(self.first)
            || (!self.by_one && distinct_processes(&self.holders).skip(1).any(is_such))
    }

    /// Each process once.
    pub fn processes(&self) -> impl Iterator<Item = ProcessKey> + '_ {
        let all: &[Holder] = if self.by_one { &[] } else { &self.holders };
        std::iter::once(self.first).chain(distinct_processes(all).skip(1))
    }
}

/// Every descriptor.
impl Deref for Held {
    type Target = [Holder];

    fn deref(&self) -> &[Holder] {
        &self.holders
    }
}

/// The answer to "whose is it?".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// These processes have a descriptor for it, ordered by pid and descriptor; never empty.
    Known(Held),
    /// The kernel made it for a listener; no program has accepted it, so none has a descriptor.
    Unaccepted,
    /// The kernel alone keeps it: TIME-WAIT, or closed by its program and not finished yet.
    Kernel,
    /// As [`Ownership::Kernel`], and these had it when it was last seen with an owner.
    Remembered(Held),
    /// No sample had the socket, so that nobody was seen with it; these have the listener that it
    /// was accepted from. A conclusion: a server may hand its connections to others.
    OfListener(Held),
    /// A process that this user may not look into has it.
    Hidden,
    /// Every process was looked into and none has it: closed before we looked, on its way from one
    /// process to another, or held outside this pid namespace.
    Vanished,
    /// Not every process has been looked into since it appeared; a later sample will tell.
    NotYet,
    /// The source does not tell.
    Untold,
}

impl Ownership {
    /// Who has it now.
    pub const fn holders(&self) -> Option<&Held> {
        match self {
            Self::Known(holders) => Some(holders),
            _ => None,
        }
    }

    /// Who has it now or had it last, as far as can be told.
    pub const fn last_holders(&self) -> Option<&Held> {
        match self {
            Self::Known(held) | Self::Remembered(held) | Self::OfListener(held) => Some(held),
            _ => None,
        }
    }

    /// Concludes from one sample and from what was concluded before.
    pub fn conclude(socket: &Socket, source: SourceKind, before: Option<&Self>) -> Self {
        let last = before.and_then(Self::last_holders).cloned();
        let found = socket.holders.found();
        if let Some(held) = found.and_then(|holders| Held::by(Arc::clone(holders))) {
            return Self::Known(held);
        }
        match &socket.holders {
            Holders::Hidden => Self::Hidden,
            // Found, but none: nobody.
            Holders::Found(_) | Holders::Nobody => last.map_or(Self::Vanished, Self::Remembered),
            Holders::NotSought if socket.inode.is_some() => match (before, source) {
                // Not looked for in this sample; what was known is still the best answer.
                (Some(before), _) => before.clone(),
                (None, SourceKind::SockDiag | SourceKind::Procfs) => Self::NotYet,
                (None, SourceKind::Netstat2) => Self::Untold,
            },
            Holders::NotSought => match (last, kept_by_kernel(socket.transport), source) {
                (Some(last), _, _) => Self::Remembered(last),
                (None, KeptBy::Kernel, _) => Self::Kernel,
                // Only Linux's own tables say "no inode"; elsewhere it may just be untold.
                (None, KeptBy::Queue, SourceKind::SockDiag | SourceKind::Procfs) => {
                    Self::Unaccepted
                }
                (None, KeptBy::Unclear, SourceKind::SockDiag | SourceKind::Procfs) => Self::Kernel,
                (None, _, SourceKind::Netstat2) => Self::Untold,
            },
        }
    }
}

/// Who keeps a row that has no inode. A program that closes leaves ESTABLISHED at once, so an
/// ESTABLISHED or CLOSE-WAIT row without inode was never accepted.
enum KeptBy {
    Kernel,
    Queue,
    Unclear,
}

const fn kept_by_kernel(transport: Transport) -> KeptBy {
    match transport {
        Transport::Tcp(
            TcpState::TimeWait
            | TcpState::FinWait1
            | TcpState::FinWait2
            | TcpState::Closing
            | TcpState::LastAck,
        ) => KeptBy::Kernel,
        Transport::Tcp(TcpState::Established | TcpState::CloseWait | TcpState::SynReceived) => {
            KeptBy::Queue
        }
        Transport::Tcp(_) | Transport::Udp => KeptBy::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;
    use crate::endpoint::Endpoint;
    use crate::port::Port;
    use crate::process::{Pid, ProcessKey, StartTime};
    use crate::socket::Inode;

    fn socket(state: TcpState) -> Socket {
        let end = |port| Endpoint::new([127, 0, 0, 1].into(), Port(port));
        Socket::new(Transport::Tcp(state), end(80), Some(end(40_000)))
    }

    fn held() -> Held {
        Held::by(holders()).unwrap()
    }

    fn holders() -> Arc<[Holder]> {
        let process = ProcessKey {
            pid: Pid(7),
            start: StartTime(1),
        };
        Arc::new([Holder { process, fd: None }])
    }

    #[test]
    fn a_row_without_inode_is_told_by_its_state() {
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
            let told = Ownership::conclude(&socket(state), SourceKind::SockDiag, None);
            assert_eq!(told, expected, "{state}");
        }
    }

    #[test]
    fn the_last_owner_is_remembered_and_marked_as_past() {
        let before = Ownership::Known(held());
        let told = Ownership::conclude(
            &socket(TcpState::TimeWait),
            SourceKind::SockDiag,
            Some(&before),
        );
        assert_eq!(told, Ownership::Remembered(held()));
        let still = Ownership::conclude(
            &socket(TcpState::TimeWait),
            SourceKind::SockDiag,
            Some(&told),
        );
        assert_eq!(still, told);
    }

    #[test]
    fn what_the_source_cannot_tell_is_not_made_up() {
        let told = Ownership::conclude(&socket(TcpState::Established), SourceKind::Netstat2, None);
        assert_eq!(told, Ownership::Untold);
    }

    #[test]
    fn a_socket_not_looked_for_keeps_what_was_known() {
        let mut socket = socket(TcpState::Established);
        socket.inode = NonZeroU64::new(9).map(Inode);
        let before = Ownership::Known(held());
        let told = Ownership::conclude(&socket, SourceKind::SockDiag, Some(&before));
        assert_eq!(told, before);
        assert_eq!(
            Ownership::conclude(&socket, SourceKind::SockDiag, None),
            Ownership::NotYet
        );
    }
}
