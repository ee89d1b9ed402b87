//! Indexes the ports that sockets listen on, now and recently.
//!
//! Past listeners are kept because a connection may outlive its listener, or be seen first after
//! the listener has closed.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use hashbrown::HashMap;

use super::slot::Slot;
use crate::net::endpoint::{Endpoint, Family};
use crate::net::port::{Port, Protocol};
use crate::net::socket::Socket;

/// How long a closed listener is kept: longer than TIME-WAIT (60 s on Linux) and than most
/// restarts, short enough not to misjudge a port number reused for something else.
const PAST_LISTENER_TTL: Duration = Duration::from_secs(600);

/// Maximum number of past listeners; the oldest are dropped first.
const MAX_PAST_LISTENERS: usize = 4096;

/// Whether a matching listener is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListenerPresence {
    Current,
    Past,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ListenAddr {
    address: IpAddr,
    v6only: Option<bool>,
}

impl ListenAddr {
    fn from_socket(socket: &Socket) -> Self {
        Self {
            address: socket.local.address,
            v6only: socket.v6only,
        }
    }

    /// Returns whether a connection with this local endpoint can have been accepted from this listener.
    /// Families are compared as the kernel does: the socket of an IPv4 client at a dual-stack
    /// listener is an IPv6 socket with IPv4-mapped addresses.
    fn accepts(self, local: Endpoint) -> bool {
        if self.address.is_unspecified() {
            return match (
                Endpoint::new(self.address, local.port).family(),
                local.family(),
            ) {
                (Family::Ipv4, Family::Ipv4) => true,
                (Family::Ipv6, Family::Ipv6) => {
                    !local.is_ipv4_mapped() || self.v6only != Some(true)
                }
                // Sources that do not report V6ONLY may also report a mapped address as IPv4.
                (Family::Ipv6, Family::Ipv4) => self.v6only.is_none(),
                (Family::Ipv4, Family::Ipv6) => false,
            };
        }
        self.address.to_canonical() == local.canonical_ip()
    }
}

type ListenKey = (Protocol, Port);

/// All listeners, present and recent.
#[derive(Debug, Default)]
pub(crate) struct ListenerIndex {
    current: HashMap<ListenKey, Vec<(Slot, ListenAddr)>>,
    past: HashMap<ListenKey, Vec<(Duration, ListenAddr)>>,
    /// The entries of `past`, oldest first. A listener that was added again leaves its older entry
    /// here, which then matches nothing.
    oldest_first: VecDeque<(Duration, ListenKey, ListenAddr)>,
    version: u64,
}

impl ListenerIndex {
    /// Returns a number that grows with every new listener; guessed sides are inferred again then.
    pub(crate) const fn version(&self) -> u64 {
        self.version
    }

    pub(crate) fn insert(&mut self, slot: Slot, socket: &Socket) {
        let key = (socket.protocol(), socket.local.port);
        self.current
            .entry(key)
            .or_default()
            .push((slot, ListenAddr::from_socket(socket)));
        self.version += 1;
    }

    pub(crate) fn remove(&mut self, slot: Slot, socket: &Socket, at: Duration) {
        let key = (socket.protocol(), socket.local.port);
        if let Some(list) = self.current.get_mut(&key) {
            list.retain(|(s, _)| *s != slot);
            if list.is_empty() {
                self.current.remove(&key);
            }
        }
        if self.oldest_first.len() >= MAX_PAST_LISTENERS {
            self.drop_oldest();
        }
        let listener = ListenAddr::from_socket(socket);
        let list = self.past.entry(key).or_default();
        list.retain(|(_, known)| *known != listener);
        list.push((at, listener));
        self.oldest_first.push_back((at, key, listener));
    }

    /// Drops expired past listeners. Called once per sample.
    pub(crate) fn expire(&mut self, now: Duration) {
        while self
            .oldest_first
            .front()
            .is_some_and(|(at, ..)| *at + PAST_LISTENER_TTL < now)
        {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        let Some((at, key, listener)) = self.oldest_first.pop_front() else {
            return;
        };
        if let Some(list) = self.past.get_mut(&key) {
            list.retain(|entry| *entry != (at, listener));
            if list.is_empty() {
                self.past.remove(&key);
            }
        }
    }

    /// Returns whether a listener has, or had, the local endpoint of a connection.
    pub(crate) fn presence(&self, protocol: Protocol, local: Endpoint) -> Option<ListenerPresence> {
        let key = (protocol, local.port);
        let now = self.current.get(&key).into_iter().flatten();
        if now.into_iter().any(|(_, l)| l.accepts(local)) {
            return Some(ListenerPresence::Current);
        }
        let mut past = self.past.get(&key).into_iter().flatten();
        past.any(|(_, l)| l.accepts(local))
            .then_some(ListenerPresence::Past)
    }

    /// Returns the rows of the listeners that a connection with this local endpoint can have been
    /// accepted from.
    pub(crate) fn matching_rows(
        &self,
        protocol: Protocol,
        local: Endpoint,
    ) -> impl Iterator<Item = Slot> + '_ {
        let here = self
            .current
            .get(&(protocol, local.port))
            .into_iter()
            .flatten();
        here.filter(move |(_, listener)| listener.accepts(local))
            .map(|(slot, _)| *slot)
    }

    /// Returns whether a socket listens at this endpoint of this machine, in either family.
    pub(crate) fn is_listening_at(&self, protocol: Protocol, endpoint: Endpoint) -> bool {
        let plain = endpoint.canonical();
        let list = self
            .current
            .get(&(protocol, endpoint.port))
            .into_iter()
            .flatten();
        list.into_iter().any(|(_, l)| {
            l.accepts(plain)
                || l.accepts(endpoint)
                || (l.address.is_unspecified() && l.v6only != Some(true))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::socket::{TcpState, Transport};

    fn endpoint(text: &str) -> Endpoint {
        let address: std::net::SocketAddr = text.parse().unwrap();
        Endpoint::new(address.ip(), Port(address.port()))
    }

    fn listening(at: &str, v6only: Option<bool>) -> Socket {
        let mut socket = Socket::new(Transport::Tcp(TcpState::Listen), endpoint(at), None);
        socket.v6only = v6only;
        socket
    }

    #[test]
    fn listener_matches_connections_it_can_have_accepted() {
        for (listener, v6only, local, expected) in [
            ("0.0.0.0:80", None, "192.0.2.1:80", true),
            ("0.0.0.0:80", None, "[::1]:80", false),
            ("0.0.0.0:80", None, "[::ffff:192.0.2.1]:80", false),
            ("127.0.0.1:80", None, "127.0.0.1:80", true),
            ("127.0.0.1:80", None, "127.0.0.2:80", false),
            ("[::]:80", Some(false), "[::ffff:192.0.2.1]:80", true),
            ("[::]:80", Some(true), "[::ffff:192.0.2.1]:80", false),
            ("[::]:80", Some(true), "[2001:db8::1]:80", true),
            ("[::]:80", Some(false), "192.0.2.1:80", false),
            ("[::]:80", None, "192.0.2.1:80", true),
            ("0.0.0.0:80", None, "192.0.2.1:81", false),
        ] {
            let mut all = ListenerIndex::default();
            all.insert(Slot(0), &listening(listener, v6only));
            let found = all.presence(Protocol::Tcp, endpoint(local));
            assert_eq!(found.is_some(), expected, "{listener} {v6only:?} {local}");
            assert!(all.presence(Protocol::Udp, endpoint(local)).is_none());
        }
    }

    #[test]
    fn closed_listener_is_kept_until_its_ttl() {
        let mut all = ListenerIndex::default();
        let socket = listening("0.0.0.0:80", None);
        all.insert(Slot(3), &socket);
        all.remove(Slot(3), &socket, Duration::from_secs(10));
        let local = endpoint("192.0.2.1:80");
        assert_eq!(
            all.presence(Protocol::Tcp, local),
            Some(ListenerPresence::Past)
        );
        all.expire(Duration::from_secs(11) + PAST_LISTENER_TTL);
        assert_eq!(all.presence(Protocol::Tcp, local), None);
    }

    #[test]
    fn past_listeners_are_bounded() {
        let mut all = ListenerIndex::default();
        for port in 1..=u16::MAX {
            let socket = listening(&format!("0.0.0.0:{port}"), None);
            all.insert(Slot(u32::from(port)), &socket);
            all.remove(
                Slot(u32::from(port)),
                &socket,
                Duration::from_millis(u64::from(port)),
            );
        }
        assert!(
            all.oldest_first.len() <= MAX_PAST_LISTENERS && all.past.len() <= MAX_PAST_LISTENERS
        );
        let newest = endpoint("192.0.2.1:65535");
        assert_eq!(
            all.presence(Protocol::Tcp, newest),
            Some(ListenerPresence::Past)
        );
        assert_eq!(all.presence(Protocol::Tcp, endpoint("192.0.2.1:1")), None);
    }
}
