//! Resolves interface indexes to names by ioctl SIOCGIFNAME (netdevice(7)).
//!
//! Known names are refreshed from time to time: an interface can be renamed.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use rustix::net::{AddressFamily, SocketFlags, SocketType, netdevice, socket_with};

use super::pending_lookups::PendingLookups;
use crate::net::snapshot::Directory;
use crate::net::socket::InterfaceIndex;
use crate::text::sanitize::sanitize;

/// How often known names are refreshed.
const REFRESH_INTERVAL: Duration = Duration::from_secs(10);

/// Looks up names through a socket that is never connected.
#[derive(Debug, Default)]
pub(crate) struct InterfaceNames {
    socket: Option<OwnedFd>,
    last_refresh: Duration,
}

impl InterfaceNames {
    /// Resolves the pending indexes, and refreshes the known ones from time to time.
    pub(crate) fn fill(
        &mut self,
        now: Duration,
        pending_lookups: &mut PendingLookups<InterfaceIndex>,
        directory: &mut Arc<Directory>,
    ) {
        let is_due =
            now >= self.last_refresh + REFRESH_INTERVAL && !directory.interfaces.is_empty();
        if pending_lookups.is_empty() && !is_due {
            return;
        }
        for index in pending_lookups.take() {
            match self.name(index) {
                Some(name) => {
                    Arc::make_mut(directory).interfaces.insert(index, name);
                }
                None => pending_lookups.mark_failed(now, index),
            }
        }
        if is_due {
            self.last_refresh = now;
            let renamed: Vec<_> = directory
                .interfaces
                .iter()
                .filter_map(|(&index, known)| Some((index, self.name(index)?, known)))
                .filter(|(_, name, known)| name != *known)
                .map(|(index, name, _)| (index, name))
                .collect();
            if !renamed.is_empty() {
                Arc::make_mut(directory).interfaces.extend(renamed);
            }
        }
    }

    fn name(&mut self, index: InterfaceIndex) -> Option<Arc<str>> {
        if self.socket.is_none() {
            let flags = SocketFlags::CLOEXEC;
            // An IPv4 socket works for every interface; where IPv4 is disabled, a UNIX one does.
            let families = [AddressFamily::INET, AddressFamily::UNIX];
            self.socket = families
                .into_iter()
                .find_map(|family| socket_with(family, SocketType::DGRAM, flags, None).ok());
        }
        let name = netdevice::index_to_name_inlined(self.socket.as_ref()?, index.0.get()).ok()?;
        Some(sanitize(name.as_bytes()))
    }
}
