//! One socket, followed from sample to sample.
//!
//! In: nothing but [`crate::socket`] facts. Out: [`TrackedSocket`], those facts with what only memory
//! can add: since when, through which states, on which side, who had it.

use std::time::Duration;

use super::ownership::Ownership;
use super::side::{Evidence, Side};
use super::slot::Slot;
use super::stall::Stall;
use crate::net::port::{Port, PortKey, PortSide};
use crate::net::socket::{Socket, SocketKey, TcpState};

/// How long a closed row stays, and how long a change stays marked.
pub const TRANSITION_TTL: Duration = Duration::from_secs(5);

/// When something began, on the collector's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObservedSince {
    /// It was already so in the first sample: at least this long ago.
    BeforeFirstSample(Duration),
    /// Seen to begin between the sample before and this one.
    Sampled(Duration),
    /// In no sample: it began and ended between the sample before and this one, and of its end
    /// alone was heard.
    Unsampled(Duration),
}

impl ObservedSince {
    /// The sample in which it was first seen, or the first one that could have told of it.
    pub const fn time(self) -> Duration {
        match self {
            Self::BeforeFirstSample(at) | Self::Sampled(at) | Self::Unsampled(at) => at,
        }
    }
}

/// What happened to the row lately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// It came into being.
    Opened(Duration),
    /// Its state changed.
    Changed(Duration),
    /// It is gone; the row stays a few seconds to be seen.
    Closed(Duration),
}

impl Transition {
    /// When.
    pub const fn time(self) -> Duration {
        match self {
            Self::Opened(at) | Self::Changed(at) | Self::Closed(at) => at,
        }
    }
}

/// Bytes per second between the last two samples.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rates {
    /// Received.
    pub down: f64,
    /// Sent, repetitions not counted.
    pub up: f64,
}

impl Rates {
    /// Both added.
    pub fn total(self) -> f64 {
        self.down + self.up
    }

    /// What moved between two samples of a socket that were so long apart; `None` where the kernel
    /// counts nothing.
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

    /// Whether nothing moved.
    pub fn is_idle(self) -> bool {
        self.total() == 0.0
    }
}

/// What moved between the last two samples that had the row. A row through which nothing moves
/// need not be touched, not even in its second sample, when "no rate yet" becomes "0".
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Throughput {
    /// By what the counters grew, per second.
    pub rates: Rates,
    /// The sample in which they grew over an unknown time.
    pub unmeasured_at: Option<Duration>,
}

/// A socket with its past.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackedSocket {
    /// What it is.
    pub key: SocketKey,
    /// Where it stands.
    pub slot: Slot,
    /// The facts of the newest sample that had it.
    pub socket: Socket,
    /// Whose it is, or why it is nobody's.
    pub ownership: Ownership,
    /// Which of its ports is the shared one.
    pub side: Side,
    /// How we know the side.
    pub evidence: Evidence,
    /// First seen. Not the same as opened.
    pub first_seen: ObservedSince,
    /// In the present state since.
    pub state_since: ObservedSince,
    /// The TCP states it was seen in, oldest first, the present one last.
    pub states: Vec<TcpState>,
    /// The row of the other end, when that is a socket of this machine.
    pub peer: Option<Slot>,
    /// What moved lately; [`TrackedSocket::rates`] tells what that means now.
    pub throughput: Throughput,
    /// Since when nothing was taken out of its queues.
    pub stall: Stall,
    /// What happened lately.
    pub transition: Option<Transition>,
}

impl TrackedSocket {
    /// The port this socket shares with others.
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

    /// Whether the socket is gone and only its row is left.
    pub const fn is_closed(&self) -> bool {
        matches!(self.transition, Some(Transition::Closed(_)))
    }

    /// Bytes per second at the given time, which is the newest sample's. `None` until two samples
    /// were seen, when it is closed, and always where the kernel has no counters: for UDP.
    pub fn rates(&self, now: Duration) -> Option<Rates> {
        let measured = self.socket.has_byte_counters()
            && self.first_seen.time() < now
            && self.throughput.unmeasured_at != Some(now);
        (measured && !self.is_closed()).then_some(self.throughput.rates)
    }

    /// What happened to it within the last [`TRANSITION_TTL`], at the given time.
    pub fn recent_transition(&self, now: Duration) -> Option<Transition> {
        let transition = self.transition?;
        let is_recent = self.is_closed() || now.saturating_sub(transition.time()) < TRANSITION_TTL;
        is_recent.then_some(transition)
    }

    /// When it closed.
    pub const fn closed_at(&self) -> Option<Duration> {
        match self.transition {
            Some(Transition::Closed(at)) => Some(at),
            _ => None,
        }
    }

    /// Whether all that was ever seen of it is what TCP keeps, and that since the first sample: then its
    /// socket ended at an unknown time before.
    pub fn ended_before_first_sample(&self) -> bool {
        matches!(self.first_seen, ObservedSince::BeforeFirstSample(_))
            && self.states.first() == Some(&TcpState::TimeWait)
    }

    /// Whether any sample had it.
    pub const fn was_sampled(&self) -> bool {
        !matches!(self.first_seen, ObservedSince::Unsampled(_))
    }

    /// How long it has been seen, at the given time.
    pub fn age(&self, now: Duration) -> Duration {
        let end = match self.transition {
            Some(Transition::Closed(at)) => at,
            _ => now,
        };
        end.saturating_sub(self.first_seen.time())
    }

    /// The local port.
    pub const fn local_port(&self) -> Port {
        self.socket.local.port
    }
}
