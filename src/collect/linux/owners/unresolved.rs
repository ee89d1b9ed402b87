//! Decides what it means that no process was found for a socket.
//!
//! Takes the users of the unreadable processes; returns [`Holders::Hidden`] or
//! [`Holders::NoHolder`]. Makes no system calls, so that the view of an unprivileged user can be
//! tested as any user.

use hashbrown::HashSet;

use crate::net::process::{Holders, Uid};

/// The processes whose descriptors could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct HiddenProcesses {
    /// The users they run as, real and effective.
    pub(crate) uids: HashSet<Uid>,
    /// The number of hidden processes.
    pub(crate) count: u32,
    /// Whether /proc omits processes (mount option `hidepid`, proc(5)), so that there may be more.
    pub(crate) hidepid: bool,
}

impl HiddenProcesses {
    pub(crate) fn add(&mut self, users: [Option<Uid>; 2]) {
        self.count += 1;
        self.uids.extend(users.into_iter().flatten());
    }

    /// Returns whether an unreadable process runs as the socket's user.
    pub(crate) fn has_uid(&self, uid: Option<Uid>) -> bool {
        uid.is_some_and(|uid| self.uids.contains(&uid))
    }

    /// Returns the outcome for a socket of user `uid` that no readable process holds.
    pub(crate) fn holders_for(&self, uid: Option<Uid>, our_uid: Uid) -> Holders {
        let some_are_hidden = self.count > 0 || self.hidepid;
        // A process of ours that is unreadable (it changed its user or protects its memory) is
        // among `uids`; another user's may also hold a socket that was passed to it.
        if self.has_uid(uid) || (some_are_hidden && uid != Some(our_uid)) {
            Holders::Hidden
        } else {
            Holders::NoHolder
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUR_UID: Uid = Uid(1000);
    const ROOT: Uid = Uid(0);

    fn hidden(users: &[Uid]) -> HiddenProcesses {
        let mut hidden = HiddenProcesses::default();
        for &user in users {
            hidden.add([Some(user), Some(user)]);
        }
        hidden
    }

    #[test]
    fn full_access_means_no_holder() {
        assert_eq!(
            HiddenProcesses::default().holders_for(Some(OUR_UID), ROOT),
            Holders::NoHolder
        );
        assert_eq!(
            HiddenProcesses::default().holders_for(None, ROOT),
            Holders::NoHolder
        );
    }

    #[test]
    fn socket_of_a_user_with_hidden_processes_is_hidden() {
        assert_eq!(
            hidden(&[ROOT]).holders_for(Some(ROOT), OUR_UID),
            Holders::Hidden
        );
        assert_eq!(
            hidden(&[ROOT]).holders_for(Some(Uid(33)), OUR_UID),
            Holders::Hidden
        );
        assert_eq!(hidden(&[ROOT]).holders_for(None, OUR_UID), Holders::Hidden);
    }

    #[test]
    fn own_socket_is_hidden_only_if_an_own_process_is() {
        assert_eq!(
            hidden(&[ROOT]).holders_for(Some(OUR_UID), OUR_UID),
            Holders::NoHolder
        );
        assert_eq!(
            hidden(&[ROOT, OUR_UID]).holders_for(Some(OUR_UID), OUR_UID),
            Holders::Hidden
        );
    }

    #[test]
    fn setuid_process_counts_for_both_uids() {
        let mut both = HiddenProcesses::default();
        both.add([Some(OUR_UID), Some(ROOT)]);
        assert_eq!(both.holders_for(Some(OUR_UID), OUR_UID), Holders::Hidden);
        assert_eq!(both.holders_for(Some(ROOT), OUR_UID), Holders::Hidden);
    }

    #[test]
    fn hidepid_leaves_only_own_sockets_without_holder() {
        let hidepid = HiddenProcesses {
            hidepid: true,
            ..HiddenProcesses::default()
        };
        assert_eq!(hidepid.holders_for(Some(ROOT), OUR_UID), Holders::Hidden);
        assert_eq!(
            hidepid.holders_for(Some(OUR_UID), OUR_UID),
            Holders::NoHolder
        );
    }
}
