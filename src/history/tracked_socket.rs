//! A socket as followed from sample to sample: the facts of its newest sample, and since when,
//! through which states, on which side and held by which process.

use std::time::Duration;

use super::ownership::Ownership;
use super::side::{Evidence, Side};
use super::slot::Slot;
use super::stall::Stall;
use crate::net::port::{Port, PortKey, PortSide};
use crate::net::socket::{Socket, SocketKey, TcpState};

/// How long a closed row is kept, and how long a change is highlighted.
pub const TRANSITION_TTL: Duration = Duration::from_secs(5);

/// When something began, on the collector's clock
/// ([`Snapshot::elapsed`](crate::net::snapshot::Snapshot::elapsed)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObservedSince {
    /// Already so in the first sample: at this time or earlier.
    BeforeFirstSample(Duration),
    /// Began between the previous sample and this one.
    Sampled(Duration),
    /// In no sample: it began and ended between the previous sample and this one, and only its
    /// close event was received.
    Unsampled(Duration),
}

impl ObservedSince {
    /// Returns the time of the first sample that had it, or could have had it.
    pub const fn time(self) -> Duration {
        match self {
            Self::BeforeFirstSample(at) | Self::Sampled(at) | Self::Unsampled(at) => at,
        }
    }
}

/// The last change of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    Opened(Duration),
    Changed(Duration),
    /// The socket is gone; its row is kept for [`TRANSITION_TTL`].
    Closed(Duration),
}

impl Transition {
    /// Returns the time of the change.
    pub const fn time(self) -> Duration {
        match self {
            Self::Opened(at) | Self::Changed(at) | Self::Closed(at) => at,
        }
    }
}

/// Bytes per second between the last two samples.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rates {
    /// Bytes received.
    pub down: f64,
    /// Bytes sent, without retransmissions.
    pub up: f64,
}

impl Rates {
    /// Returns the sum of both directions.
    pub fn total(self) -> f64 {
        self.down + self.up
    }

    /// Returns the rates between two samples of a socket, `interval` apart; `None` where the kernel
    /// has no counters.
    pub(crate) fn between(
        before: &Socket,
        now: &Socket,
        interval: Option<Duration>,
    ) -> Option<Self> {
        let (before, now) = (before.tcp?, now.tcp?);
        let seconds = interval?.as_secs_f64();
        if seconds <= 0.0 {
            return None;
        }
        let per_second = |a: u64, b: u64| b.saturating_sub(a) as f64 / seconds;
        Some(Self {
            down: per_second(before.delivered?.received, now.delivered?.received),
            up: per_second(before.unique_bytes_sent()?, now.unique_bytes_sent()?),
        })
    }

    /// Returns whether both rates are zero.
    pub fn is_idle(self) -> bool {
        self.total() == 0.0
    }
}

/// Throughput between the last two samples that contained the row. A row without throughput need
/// not be changed, not even in its second sample, when "no rate yet" becomes "0".
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Throughput {
    /// Growth of the counters, in bytes per second.
    pub rates: Rates,
    /// The sample in which the counters grew over an unknown time.
    pub unmeasured_at: Option<Duration>,
}

/// A socket with its history.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackedSocket {
    /// The identity of the socket.
    pub key: SocketKey,
    /// The index of the row.
    pub slot: Slot,
    /// The facts of the newest sample that contained it.
    pub socket: Socket,
    /// Which processes hold it, or why none is known.
    pub ownership: Ownership,
    /// Which of its ports is the shared one.
    pub side: Side,
    /// How the side is known.
    pub evidence: Evidence,
    /// When it was first seen, which is not when it was opened.
    pub first_seen: ObservedSince,
    /// Since when it is in its present state.
    pub state_since: ObservedSince,
    /// The TCP states it was seen in, oldest first, the present one last.
    pub states: Vec<TcpState>,
    /// The row of the peer, if that is a socket of this machine.
    pub peer: Option<Slot>,
    /// Throughput; [`TrackedSocket::rates`] tells whether it is current.
    pub throughput: Throughput,
    /// Since when nothing was taken out of its queues.
    pub stall: Stall,
    /// The last change of the row.
    pub transition: Option<Transition>,
}

impl TrackedSocket {
    /// Returns the port this socket shares with others.
    pub fn port_key(&self) -> PortKey {
        let (side, port) = match self.side {
            Side::Listening | Side::Serving => (PortSide::Local, self.socket.local.port),
            Side::Outgoing => (PortSide::Remote, self.socket.remote_port()),
        };
        PortKey {
            side,
            port,
            protocol: self.socket.protocol(),
        }
    }

    /// Returns whether the socket is gone and only its row is left.
    pub const fn is_closed(&self) -> bool {
        matches!(self.transition, Some(Transition::Closed(_)))
    }

    /// Returns the rates at `now`, the time of the newest sample. `None` until the second sample,
    /// for closed sockets, and where the kernel has no counters, as for UDP.
    pub fn rates(&self, now: Duration) -> Option<Rates> {
        let measured = self.socket.has_byte_counters()
            && self.first_seen.time() < now
            && self.throughput.unmeasured_at != Some(now);
        (measured && !self.is_closed()).then_some(self.throughput.rates)
    }

    /// Returns the change within the last [`TRANSITION_TTL`] before `now`.
    pub fn recent_transition(&self, now: Duration) -> Option<Transition> {
        let transition = self.transition?;
        let is_recent = self.is_closed() || now.saturating_sub(transition.time()) < TRANSITION_TTL;
        is_recent.then_some(transition)
    }

    /// Returns when the socket closed.
    pub const fn closed_at(&self) -> Option<Duration> {
        match self.transition {
            Some(Transition::Closed(at)) => Some(at),
            _ => None,
        }
    }

    /// Returns whether it was only ever seen in TIME-WAIT, since the first sample: then its socket ended at
    /// an unknown time before.
    pub fn ended_before_first_sample(&self) -> bool {
        matches!(self.first_seen, ObservedSince::BeforeFirstSample(_))
            && self.states.first() == Some(&TcpState::TimeWait)
    }

    /// Returns whether any sample contained it.
    pub const fn was_sampled(&self) -> bool {
        !matches!(self.first_seen, ObservedSince::Unsampled(_))
    }

    /// Returns how long it has been seen, until `now` or its end.
    pub fn age(&self, now: Duration) -> Duration {
        let end = match self.transition {
            Some(Transition::Closed(at)) => at,
            _ => now,
        };
        end.saturating_sub(self.first_seen.time())
    }

    /// Returns the local port.
    pub const fn local_port(&self) -> Port {
        self.socket.local.port
    }
}
