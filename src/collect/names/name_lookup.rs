//! Resolves the ids in the sockets to names: users, interfaces, cgroups.
//!
//! Completes the [`Directory`]. An unknown id is looked up once and, if that fails, rarely again; a
//! sample whose ids are all known costs a few comparisons.

use std::sync::Arc;
use std::time::Duration;

use super::pending_lookups::PendingLookups;
use super::{cgroups, interfaces, users};
use crate::net::process::Uid;
use crate::net::snapshot::Directory;
use crate::net::socket::Socket;
#[cfg(target_os = "linux")]
use crate::net::socket::{CgroupId, InterfaceIndex};

/// Completes the directory from sample to sample.
#[derive(Debug)]
pub struct NameLookup {
    pending_users: PendingLookups<Uid>,
    #[cfg(target_os = "linux")]
    pending_interfaces: PendingLookups<InterfaceIndex>,
    #[cfg(target_os = "linux")]
    pending_cgroups: PendingLookups<CgroupId>,
    #[cfg(target_os = "linux")]
    interface_names: interfaces::InterfaceNames,
    #[cfg(target_os = "linux")]
    cgroup_tree: cgroups::CgroupTree,
}

impl NameLookup {
    /// Creates a lookup; nothing is read before the first sample.
    pub fn new() -> Self {
        Self {
            pending_users: PendingLookups::with_retry_after(Duration::from_secs(60)),
            #[cfg(target_os = "linux")]
            pending_interfaces: PendingLookups::with_retry_after(Duration::from_secs(10)),
            // A cgroup exists before its first socket: if it was not found, it will not be later.
            #[cfg(target_os = "linux")]
            pending_cgroups: PendingLookups::with_retry_after(Duration::from_secs(600)),
            #[cfg(target_os = "linux")]
            interface_names: interfaces::InterfaceNames::default(),
            #[cfg(target_os = "linux")]
            cgroup_tree: cgroups::CgroupTree::default(),
        }
    }

    /// Adds the users (also those of processes), interfaces and cgroups of `sockets` to
    /// `directory`, which is copied only when something in it changes.
    pub fn fill(&mut self, now: Duration, sockets: &[Socket], directory: &mut Arc<Directory>) {
        self.queue_users(now, sockets, directory);
        for uid in self.pending_users.take() {
            match users::name(uid) {
                Some(name) => {
                    Arc::make_mut(directory).users.insert(uid, name);
                }
                None => self.pending_users.mark_failed(now, uid),
            }
        }
        #[cfg(target_os = "linux")]
        {
            self.queue_linux_ids(now, sockets, directory);
            self.interface_names
                .fill(now, &mut self.pending_interfaces, directory);
            self.cgroup_tree
                .fill(now, &mut self.pending_cgroups, directory);
            cgroups::prune(sockets, directory);
        }
    }

    /// Queues the users that the directory does not have and whose lookup did not fail recently.
    fn queue_users(&mut self, now: Duration, sockets: &[Socket], directory: &Directory) {
        // Adjacent rows of the socket table mostly share their ids: one check for a run is enough.
        let mut uid = None;
        for socket in sockets.iter().filter(|socket| socket.uid.is_some()) {
            if socket.uid != uid {
                uid = socket.uid;
                self.pending_users
                    .queue(now, uid, |uid| directory.users.contains_key(uid));
            }
        }
        for process in directory.processes.values() {
            self.pending_users
                .queue(now, process.uid, |uid| directory.users.contains_key(uid));
        }
    }
}

#[cfg(target_os = "linux")]
impl NameLookup {
    fn queue_linux_ids(&mut self, now: Duration, sockets: &[Socket], directory: &Directory) {
        let (mut interface, mut cgroup) = (None, None);
        for socket in sockets {
            if socket.interface != interface {
                interface = socket.interface;
                let known = |index: &_| directory.interfaces.contains_key(index);
                self.pending_interfaces.queue(now, interface, known);
            }
            if socket.cgroup != cgroup {
                cgroup = socket.cgroup;
                self.pending_cgroups
                    .queue(now, cgroup, |id| directory.cgroups.contains_key(id));
            }
        }
    }
}

impl Default for NameLookup {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::num::NonZeroU32;
    use std::os::unix::fs::MetadataExt;

    use super::*;
    use crate::net::endpoint::Endpoint;
    use crate::net::port::Port;
    use crate::net::socket::Transport;

    fn row() -> Socket {
        let local = Endpoint::new(IpAddr::V4(Ipv4Addr::LOCALHOST), Port(1));
        Socket::new(Transport::Udp, local, None)
    }

    #[test]
    fn local_ids_are_named_once() {
        let mut socket = row();
        socket.uid = Some(Uid(0));
        socket.interface = NonZeroU32::new(1).map(InterfaceIndex);
        let root = cgroups::cgroup2_mount(&std::fs::read("/proc/self/mounts").unwrap());
        socket.cgroup = root.map(|path| CgroupId(std::fs::metadata(path).unwrap().ino()));
        let (mut name_lookup, mut directory) = (NameLookup::new(), Arc::<Directory>::default());
        name_lookup.fill(
            Duration::ZERO,
            std::slice::from_ref(&socket),
            &mut directory,
        );
        assert_eq!(
            directory.users.get(&Uid(0)).map(|name| &**name),
            Some("root")
        );
        let first = directory.interfaces.get(&socket.interface.unwrap());
        assert_eq!(first.map(|name| &**name), Some("lo"));
        if let Some(id) = socket.cgroup {
            assert_eq!(&*directory.cgroups[&id].path, "/");
        }
        let shared = Arc::clone(&directory);
        name_lookup.fill(Duration::from_secs(60), &[socket], &mut directory);
        assert!(Arc::ptr_eq(&shared, &directory));
    }

    #[test]
    fn unknown_ids_leave_the_directory_shared() {
        let mut socket = row();
        socket.uid = Some(Uid(3_999_999_999));
        socket.interface = NonZeroU32::new(2_000_000_000).map(InterfaceIndex);
        socket.cgroup = Some(CgroupId(u64::MAX));
        let (mut name_lookup, mut directory) = (NameLookup::new(), Arc::<Directory>::default());
        let shared = Arc::clone(&directory);
        name_lookup.fill(Duration::ZERO, &[socket], &mut directory);
        assert!(Arc::ptr_eq(&shared, &directory));
    }
}
