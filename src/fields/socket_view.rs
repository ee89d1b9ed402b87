//! One row with its ids resolved to names: the input of every accessor and every output format.

use crate::history::{HolderSet, Moment, Ownership, Slot, TrackedSocket};
use crate::net::process::{Holder, Process, ProcessKey};
use crate::net::services::Services;
use crate::net::snapshot::{Cgroup, Directory};

/// A row, the moment it belongs to, and the names of ports.
#[derive(Clone, Copy, Debug)]
pub struct SocketView<'a> {
    /// The row.
    pub row: &'a TrackedSocket,
    /// The moment: names of processes, users, units and interfaces, and what time it is.
    pub moment: &'a Moment,
    /// Names of ports.
    pub services: &'a Services,
}

impl<'a> SocketView<'a> {
    /// Returns the row in a slot; `None` if the slot is empty.
    pub(crate) fn from_slot(
        slot: Slot,
        moment: &'a Moment,
        services: &'a Services,
    ) -> Option<Self> {
        Some(Self {
            row: moment.row(slot)?,
            moment,
            services,
        })
    }

    pub(crate) fn directory(self) -> &'a Directory {
        &self.moment.directory
    }

    /// Returns the service name of the shared port.
    pub(crate) fn service(self) -> Option<&'a str> {
        self.services
            .shared_port_name(self.row.port_key(), self.moment.ephemeral)
    }

    pub(crate) fn user(self) -> Option<&'a str> {
        let uid = self.row.socket.uid?;
        self.directory().users.get(&uid).map(|name| &**name)
    }

    pub(crate) fn cgroup(self) -> Option<&'a Cgroup> {
        let id = self.row.socket.cgroup?;
        self.directory().cgroups.get(&id).map(|cgroup| &**cgroup)
    }

    /// Returns the name of the interface the socket is bound to or its address belongs to; its
    /// index if the name is not known.
    pub(crate) fn interface(self) -> Option<String> {
        let index = self.row.socket.interface?;
        Some(match self.directory().interfaces.get(&index) {
            Some(name) => name.to_string(),
            None => index.0.to_string(),
        })
    }

    /// Returns the host name of the remote address, if it was resolved.
    pub(crate) fn remote_name(self) -> Option<&'a str> {
        let address = self.row.socket.remote?.canonical_ip();
        self.directory().hosts.get(&address).map(|name| &**name)
    }

    /// Returns the current or last holders, one for each fd.
    pub(crate) fn holders(self) -> impl Iterator<Item = &'a Holder> {
        let held = self.row.ownership.last_holders();
        held.into_iter().flat_map(|held| held.iter())
    }

    /// Returns the current or last processes, each once.
    pub(crate) fn processes(self) -> impl Iterator<Item = ProcessKey> + 'a {
        let held = self.row.ownership.last_holders();
        held.into_iter().flat_map(HolderSet::processes)
    }

    /// The name of a process that has it.
    pub(crate) fn process_name(self, process: ProcessKey) -> Option<&'a str> {
        let process = self.directory().processes.get(&process)?;
        Some(&process.name)
    }

    /// Returns what is known of those processes.
    pub(crate) fn process_infos(self) -> impl Iterator<Item = &'a Process> + 'a {
        self.processes()
            .filter_map(move |key| self.process_info(key))
    }

    /// Returns what is known of a process.
    pub(crate) fn process_info(self, key: ProcessKey) -> Option<&'a Process> {
        let known = &self.moment.directory.processes;
        known.get(&key).map(|process| &**process)
    }

    /// Returns the name of the interface; `None` where it is not known.
    pub(crate) fn interface_name(self) -> Option<&'a str> {
        let index = self.row.socket.interface?;
        let names = &self.moment.directory.interfaces;
        names.get(&index).map(|name| &**name)
    }

    /// Returns the peer's row, if the peer is a socket of this machine.
    pub(crate) fn peer(self) -> Option<Self> {
        let row = self.moment.peer_of(self.row)?;
        Some(Self { row, ..self })
    }

    /// Returns the `owner_status` value: how the owner is known, or why it is not.
    pub(crate) const fn owner_status(self) -> &'static str {
        owner_status_of(&self.row.ownership)
    }

    /// Returns whether the owner is hidden for lack of privilege.
    pub(crate) const fn is_hidden(self) -> bool {
        matches!(self.row.ownership, Ownership::Hidden)
    }

    /// Returns the `how` value: the relation of the holders to the socket.
    pub(crate) const fn holder_relation(self) -> &'static str {
        match self.row.ownership {
            Ownership::Former(_) => "was",
            Ownership::FromListener(_) => "listens",
            _ => "holds",
        }
    }
}

/// Returns the word for how an owner is known, or why it is not.
pub(super) const fn owner_status_of(ownership: &Ownership) -> &'static str {
    match ownership {
        Ownership::Known(_) => "known",
        Ownership::Unaccepted => "unaccepted",
        Ownership::Kernel => "kernel",
        Ownership::Former(_) => "remembered",
        Ownership::FromListener(_) => "of-listener",
        Ownership::Hidden => "hidden",
        Ownership::NotFound => "vanished",
        Ownership::Pending => "not-yet",
        Ownership::Unsupported => "untold",
    }
}

/// The words of [`SocketView::owner_status`].
pub(crate) const OWNER_STATUSES: [&str; 9] = [
    "known",
    "unaccepted",
    "kernel",
    "remembered",
    "of-listener",
    "hidden",
    "vanished",
    "not-yet",
    "untold",
];
