//! Interface names, by ioctl SIOCGIFNAME (netdevice(7)).
//!
//! In: interface numbers. Out: their names, asked again now and then: an interface can be renamed.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use rustix::net::{AddressFamily, SocketFlags, SocketType, netdevice, socket_with};

use super::unknown::Unknown;
use crate::snapshot::Directory;
use crate::socket::InterfaceIndex;
use crate::text::readable;

/// How often known names are asked for again.
const REFRESH: Duration = Duration::from_secs(10);

/// Asks for names through a socket that is never connected.
#[derive(Debug, Default)]
pub(super) struct Interfaces {
    socket: Option<OwnedFd>,
    refreshed: Duration,
}

impl Interfaces {
    /// Names the unknown, and corrects the known from time to time.
    pub(super) fn complete(
        &mut self,
        now: Duration,
        unknown: &mut Unknown<InterfaceIndex>,
        directory: &mut Arc<Directory>,
    ) {
        let is_due = now >= self.refreshed + REFRESH && !directory.interfaces.is_empty();
        if unknown.is_empty() && !is_due {
            return;
        }
        for index in unknown.take() {
            match self.name(index) {
                Some(name) => {
                    Arc::make_mut(directory).interfaces.insert(index, name);
                }
                None => unknown.remember(now, index),
            }
        }
        if is_due {
            self.refreshed = now;
            let news: Vec<_> = directory
                .interfaces
                .iter()
                .filter_map(|(&index, known)| Some((index, self.name(index)?, known)))
                .filter(|(_, name, known)| name != *known)
                .map(|(index, name, _)| (index, name))
                .collect();
            if !news.is_empty() {
                Arc::make_mut(directory).interfaces.extend(news);
            }
        }
    }

    fn name(&mut self, index: InterfaceIndex) -> Option<Arc<str>> {
        if self.socket.is_none() {
            let flags = SocketFlags::CLOEXEC;
            // An IPv4 socket serves for every interface; where IPv4 is off, a UNIX one does.
            let families = [AddressFamily::INET, AddressFamily::UNIX];
            self.socket = families
                .into_iter()
                .find_map(|family| socket_with(family, SocketType::DGRAM, flags, None).ok());
        }
        let name = netdevice::index_to_name_inlined(self.socket.as_ref()?, index.0.get()).ok()?;
        Some(readable(name.as_bytes()))
    }
}
