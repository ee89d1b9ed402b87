//! Which ports somebody listens on, now and a while ago.
//!
//! In: listening rows as they come and go. Out: whether a local endpoint belongs to one of them.
//! Past listeners are remembered because a connection may outlive its listener, or be seen first
//! after the listener has gone.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use hashbrown::HashMap;

use crate::endpoint::{Endpoint, Family};
use crate::history::tracked::Slot;
use crate::port::{Port, Protocol};
use crate::socket::Socket;

/// How long a listener is remembered after it went. Longer than any TIME-WAIT (60 s on Linux) and
/// than most restarts; short enough that a number used for something else later is not misjudged.
const REMEMBERED: Duration = Duration::from_secs(600);

/// The most past listeners remembered; the oldest go first.
const MOST_REMEMBERED: usize = 4096;

/// When a matching listener was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Now,
    Past,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Listener {
    address: IpAddr,
    v6only: Option<bool>,
}

impl Listener {
    fn of(socket: &Socket) -> Self {
        Self {
            address: socket.local.address,
            v6only: socket.v6only,
        }
    }

    /// Whether a connection with this local endpoint can have come from this listener. Families
    /// are compared as the kernel keeps them: an IPv4 client of a dual-stack listener has an IPv6
    /// socket with v4-mapped addresses.
    fn serves(self, local: Endpoint) -> bool {
        if self.address.is_unspecified() {
            return match (
                Endpoint::new(self.address, local.port).family(),
                local.family(),
            ) {
                (Family::Ipv4, Family::Ipv4) => true,
                (Family::Ipv6, Family::Ipv6) => !local.is_mapped() || self.v6only != Some(true),
                // Sources that do not tell V6ONLY may also give a mapped address as IPv4.
                (Family::Ipv6, Family::Ipv4) => self.v6only.is_none(),
                (Family::Ipv4, Family::Ipv6) => false,
            };
        }
        self.address.to_canonical() == local.plain()
    }
}

/// Where listeners are looked up.
type Place = (Protocol, Port);

/// All listeners, now and lately.
#[derive(Debug, Default)]
pub(super) struct Listeners {
    now: HashMap<Place, Vec<(Slot, Listener)>>,
    past: HashMap<Place, Vec<(Duration, Listener)>>,
    /// What is in `past`, the oldest first. A listener that was remembered anew leaves its older
    /// entry here, which then finds nothing.
    order: VecDeque<(Duration, Place, Listener)>,
    version: u64,
}

impl Listeners {
    /// Grows whenever a listener comes: rows whose side is only guessed are judged again then.
    pub(super) const fn version(&self) -> u64 {
        self.version
    }

    pub(super) fn opened(&mut self, slot: Slot, socket: &Socket) {
        let place = (socket.protocol(), socket.local.port);
        self.now
            .entry(place)
            .or_default()
            .push((slot, Listener::of(socket)));
        self.version += 1;
    }

    pub(super) fn closed(&mut self, slot: Slot, socket: &Socket, at: Duration) {
        let place = (socket.protocol(), socket.local.port);
        if let Some(list) = self.now.get_mut(&place) {
            list.retain(|(s, _)| *s != slot);
            if list.is_empty() {
                self.now.remove(&place);
            }
        }
        if self.order.len() >= MOST_REMEMBERED {
            self.forget_oldest();
        }
        let listener = Listener::of(socket);
        let list = self.past.entry(place).or_default();
        list.retain(|(_, known)| *known != listener);
        list.push((at, listener));
        self.order.push_back((at, place, listener));
    }

    /// Forgets what went too long ago. Called once a sample.
    pub(super) fn tick(&mut self, now: Duration) {
        while self
            .order
            .front()
            .is_some_and(|(at, ..)| *at + REMEMBERED < now)
        {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some((at, place, listener)) = self.order.pop_front() else {
            return;
        };
        if let Some(list) = self.past.get_mut(&place) {
            list.retain(|entry| *entry != (at, listener));
            if list.is_empty() {
                self.past.remove(&place);
            }
        }
    }

    /// Whether a listener has, or had, the local endpoint of a connection.
    pub(super) fn standing(&self, protocol: Protocol, local: Endpoint) -> Option<Standing> {
        let place = (protocol, local.port);
        let now = self.now.get(&place).into_iter().flatten();
        if now.into_iter().any(|(_, l)| l.serves(local)) {
            return Some(Standing::Now);
        }
        let mut past = self.past.get(&place).into_iter().flatten();
        past.any(|(_, l)| l.serves(local)).then_some(Standing::Past)
    }

    /// The rows of the listeners that a connection with this local endpoint can have come from.
    pub(super) fn serving(
        &self,
        protocol: Protocol,
        local: Endpoint,
    ) -> impl Iterator<Item = Slot> + '_ {
        let here = self.now.get(&(protocol, local.port)).into_iter().flatten();
        here.filter(move |(_, listener)| listener.serves(local))
            .map(|(slot, _)| *slot)
    }

    /// The one socket that waits at this endpoint of this machine, whatever its family.
    pub(super) fn waiting_at(&self, protocol: Protocol, place: Endpoint) -> bool {
        let plain = place.canonical();
        let list = self.now.get(&(protocol, place.port)).into_iter().flatten();
        list.into_iter().any(|(_, l)| {
            l.serves(plain)
                || l.serves(place)
                || (l.address.is_unspecified() && l.v6only != Some(true))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::{TcpState, Transport};

    fn end(text: &str) -> Endpoint {
        let address: std::net::SocketAddr = text.parse().unwrap();
        Endpoint::new(address.ip(), Port(address.port()))
    }

    fn listening(at: &str, v6only: Option<bool>) -> Socket {
        let mut socket = Socket::new(Transport::Tcp(TcpState::Listen), end(at), None);
        socket.v6only = v6only;
        socket
    }

    #[test]
    fn a_listener_claims_the_connections_it_can_have_accepted() {
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
            let mut all = Listeners::default();
            all.opened(Slot(0), &listening(listener, v6only));
            let found = all.standing(Protocol::Tcp, end(local));
            assert_eq!(found.is_some(), expected, "{listener} {v6only:?} {local}");
            assert!(all.standing(Protocol::Udp, end(local)).is_none());
        }
    }

    #[test]
    fn a_listener_that_went_is_remembered_for_a_while() {
        let mut all = Listeners::default();
        let socket = listening("0.0.0.0:80", None);
        all.opened(Slot(3), &socket);
        all.closed(Slot(3), &socket, Duration::from_secs(10));
        let local = end("192.0.2.1:80");
        assert_eq!(all.standing(Protocol::Tcp, local), Some(Standing::Past));
        all.tick(Duration::from_secs(11) + REMEMBERED);
        assert_eq!(all.standing(Protocol::Tcp, local), None);
    }

    #[test]
    fn memory_of_past_listeners_is_bounded() {
        let mut all = Listeners::default();
        for port in 1..=u16::MAX {
            let socket = listening(&format!("0.0.0.0:{port}"), None);
            all.opened(Slot(u32::from(port)), &socket);
            all.closed(
                Slot(u32::from(port)),
                &socket,
                Duration::from_millis(u64::from(port)),
            );
        }
        assert!(all.order.len() <= MOST_REMEMBERED && all.past.len() <= MOST_REMEMBERED);
        let newest = end("192.0.2.1:65535");
        assert_eq!(all.standing(Protocol::Tcp, newest), Some(Standing::Past));
        assert_eq!(all.standing(Protocol::Tcp, end("192.0.2.1:1")), None);
    }
}
