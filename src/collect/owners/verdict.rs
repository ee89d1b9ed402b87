//! What it means that no process was found for a socket.
//!
//! In: the users of the processes that could not be looked into. Out: [`Holders::Hidden`] or
//! [`Holders::Nobody`]. Pure, so that the view of an unprivileged user is tested as any user.

use hashbrown::HashSet;

use crate::process::{Holders, Uid};

/// The processes that could not be looked into.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Hidden {
    /// Who they run as, really or effectively.
    pub(super) users: HashSet<Uid>,
    /// How many.
    pub(super) count: u32,
    /// /proc does not list every process (mount option `hidepid`, proc(5)): there may be more.
    pub(super) unlisted: bool,
}

impl Hidden {
    /// Adds one process.
    pub(super) fn add(&mut self, users: [Option<Uid>; 2]) {
        self.count += 1;
        self.users.extend(users.into_iter().flatten());
    }

    /// Whether a process that runs as the socket's user was not looked into.
    pub(super) fn runs_as(&self, uid: Option<Uid>) -> bool {
        uid.is_some_and(|uid| self.users.contains(&uid))
    }

    /// The outcome for a socket of user `uid` that nobody who could be looked into has.
    pub(super) fn verdict(&self, uid: Option<Uid>, ours: Uid) -> Holders {
        let some_are_hidden = self.count > 0 || self.unlisted;
        // A process of ours that may not be looked into (it changed its user or protects its
        // memory) is among `users`; another user's may also have taken the socket over.
        if self.runs_as(uid) || (some_are_hidden && uid != Some(ours)) {
            Holders::Hidden
        } else {
            Holders::Nobody
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: Uid = Uid(1000);
    const ROOT: Uid = Uid(0);

    fn hidden(users: &[Uid]) -> Hidden {
        let mut hidden = Hidden::default();
        for &user in users {
            hidden.add([Some(user), Some(user)]);
        }
        hidden
    }

    #[test]
    fn who_sees_everything_knows_that_nobody_has_it() {
        assert_eq!(Hidden::default().verdict(Some(ME), ROOT), Holders::Nobody);
        assert_eq!(Hidden::default().verdict(None, ROOT), Holders::Nobody);
    }

    #[test]
    fn the_socket_of_a_user_with_closed_processes_is_hidden() {
        assert_eq!(hidden(&[ROOT]).verdict(Some(ROOT), ME), Holders::Hidden);
        assert_eq!(hidden(&[ROOT]).verdict(Some(Uid(33)), ME), Holders::Hidden);
        assert_eq!(hidden(&[ROOT]).verdict(None, ME), Holders::Hidden);
    }

    #[test]
    fn our_own_socket_is_hidden_only_if_a_process_of_ours_is() {
        assert_eq!(hidden(&[ROOT]).verdict(Some(ME), ME), Holders::Nobody);
        assert_eq!(hidden(&[ROOT, ME]).verdict(Some(ME), ME), Holders::Hidden);
    }

    #[test]
    fn a_program_that_changed_its_user_counts_as_both() {
        let mut both = Hidden::default();
        both.add([Some(ME), Some(ROOT)]);
        assert_eq!(both.verdict(Some(ME), ME), Holders::Hidden);
        assert_eq!(both.verdict(Some(ROOT), ME), Holders::Hidden);
    }

    #[test]
    fn with_hidepid_only_our_own_can_be_nobodys() {
        let unlisted = Hidden {
            unlisted: true,
            ..Hidden::default()
        };
        assert_eq!(unlisted.verdict(Some(ROOT), ME), Holders::Hidden);
        assert_eq!(unlisted.verdict(Some(ME), ME), Holders::Nobody);
    }
}
