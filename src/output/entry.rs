//! One row with its ids resolved to names: the input of every format.

use crate::history::{HolderSet, Moment, Ownership, Slot, TrackedSocket};
use crate::net::process::{Holder, ProcessKey};
use crate::net::services::Services;
use crate::net::snapshot::{Cgroup, Directory};
use crate::query::{Group, QueryResult};

/// A row, its moment, and the names of ports.
#[derive(Clone, Copy)]
pub(crate) struct OutputEntry<'a> {
    pub(crate) row: &'a TrackedSocket,
    pub(crate) moment: &'a Moment,
    pub(crate) services: &'a Services,
}

impl<'a> OutputEntry<'a> {
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
        let holders = self.row.ownership.last_holders();
        holders.into_iter().flat_map(|holders| holders.iter())
    }

    /// Returns the current or last processes, each once.
    pub(crate) fn processes(self) -> impl Iterator<Item = ProcessKey> + 'a {
        let holders = self.row.ownership.last_holders();
        holders.into_iter().flat_map(HolderSet::processes)
    }

    pub(crate) fn process_name(self, process: ProcessKey) -> Option<&'a str> {
        let process = self.directory().processes.get(&process)?;
        Some(&process.name)
    }

    /// Returns the peer's row, if the peer is a socket of this machine.
    pub(crate) fn peer(self) -> Option<Self> {
        let row = self.moment.peer_of(self.row)?;
        Some(Self { row, ..self })
    }

    /// Returns the `owner_status` value: how the owner is known, or why it is not.
    pub(crate) const fn owner_status(self) -> &'static str {
        match self.row.ownership {
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

/// Iterates over the rows of a result in order, each with its outer group, if any. The second socket of
/// a dual-stack pair, which has no line of its own in the chart, follows the first. Grouped by process,
/// a socket that several processes hold comes once in each group.
pub(crate) fn iter_entries<'a>(
    result: &'a QueryResult,
    services: &'a Services,
) -> impl Iterator<Item = (Option<&'a Group>, OutputEntry<'a>)> {
    let flat = result
        .groups
        .is_empty()
        .then_some((None, 0..result.rows.len()));
    let grouped = result.groups.iter().map(|g| (Some(g), g.rows.clone()));
    flat.into_iter()
        .chain(grouped)
        .flat_map(move |(group, rows)| {
            let slots = result.rows.get(rows).unwrap_or_default();
            let entry = |slot: Slot| OutputEntry::from_slot(slot, &result.moment, services);
            with_dual_stack_twins(result, slots).filter_map(move |slot| Some((group, entry(slot)?)))
        })
}

/// Iterates over slots, each followed by its dual-stack twin, if any.
pub(crate) fn with_dual_stack_twins<'a>(
    result: &'a QueryResult,
    slots: &'a [Slot],
) -> impl Iterator<Item = Slot> + 'a {
    let twin = |slot: Slot| result.dual_stack_twin(slot).map(|row| row.slot);
    slots
        .iter()
        .flat_map(move |slot| [Some(*slot), twin(*slot)])
        .flatten()
}
