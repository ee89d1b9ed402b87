//! One socket, followed from sample to sample.
//!
//! In: nothing but [`crate::socket`] facts. Out: [`Tracked`], those facts with what only memory
//! can add: since when, through which states, on which side, who had it.

use std::time::Duration;

use crate::history::moment::LINGER;
use crate::history::ownership::Ownership;
use crate::history::side::{Evidence, Side};
use crate::history::stall::Stall;
use crate::port::{Port, PortKey, PortSide};
use crate::socket::{Socket, SocketKey, TcpState};

/// The place of a row in every [`Moment`](crate::history::Moment) it is part of. Stable for as
/// long as the row is shown, used again afterwards: an address, not an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(pub u32);

impl Slot {
    /// As an index.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// When something began, on the collector's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// It was already so in the first sample: at least this long ago.
    BeforeFirstLook(Duration),
    /// Seen to begin between the sample before and this one.
    Seen(Duration),
    /// In no sample: it began and ended between the sample before and this one, and of its end
    /// alone was heard.
    Unsampled(Duration),
}

impl Since {
    /// The sample in which it was first seen, or the first one that could have told of it.
    pub const fn at(self) -> Duration {
        match self {
            Self::BeforeFirstLook(at) | Self::Seen(at) | Self::Unsampled(at) => at,
        }
    }
}

/// What happened to the row lately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It came into being.
    Opened(Duration),
    /// Its state changed.
    Changed(Duration),
    /// It is gone; the row stays a few seconds to be seen.
    Closed(Duration),
}

impl Mark {
    /// When.
    pub const fn at(self) -> Duration {
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
    pub(super) fn between(
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
            up: per_second(before.sent_once()?, now.sent_once()?),
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
pub struct Flow {
    /// By what the counters grew, per second.
    pub rates: Rates,
    /// The sample in which they grew over an unknown time.
    pub unmeasured: Option<Duration>,
}

/// A socket with its past.
#[derive(Clone, Debug, PartialEq)]
pub struct Tracked {
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
    pub first_seen: Since,
    /// In the present state since.
    pub state_since: Since,
    /// The TCP states it was seen in, oldest first, the present one last.
    pub path: Vec<TcpState>,
    /// The row of the other end, when that is a socket of this machine.
    pub peer: Option<Slot>,
    /// What moved lately; [`Tracked::rates`] tells what that means now.
    pub flow: Flow,
    /// Since when nothing was taken out of its queues.
    pub stall: Stall,
    /// What happened lately.
    pub mark: Option<Mark>,
}

impl Tracked {
    /// The port this socket shares with others.
    pub fn port_key(&self) -> PortKey {
        let (side, port) = match self.side {
            Side::Listening | Side::Serving => (PortSide::Here, self.socket.local.port),
            Side::Outgoing => (PortSide::There, self.socket.remote_port()),
        };
        PortKey {
            side,
            port,
            protocol: self.socket.protocol(),
        }
    }

    /// Whether the socket is gone and only its row is left.
    pub const fn is_closed(&self) -> bool {
        matches!(self.mark, Some(Mark::Closed(_)))
    }

    /// Bytes per second at the given time, which is the newest sample's. `None` until two samples
    /// were seen, when it is closed, and always where the kernel has no counters: for UDP.
    pub fn rates(&self, now: Duration) -> Option<Rates> {
        let measured = self.socket.counts_bytes()
            && self.first_seen.at() < now
            && self.flow.unmeasured != Some(now);
        (measured && !self.is_closed()).then_some(self.flow.rates)
    }

    /// What happened to it within the last [`LINGER`], at the given time.
    pub fn fresh_mark(&self, now: Duration) -> Option<Mark> {
        let mark = self.mark?;
        let lately = self.is_closed() || now.saturating_sub(mark.at()) < LINGER;
        lately.then_some(mark)
    }

    /// When it closed.
    pub const fn ended(&self) -> Option<Duration> {
        match self.mark {
            Some(Mark::Closed(at)) => Some(at),
            _ => None,
        }
    }

    /// Whether all that was ever seen of it is what TCP keeps, and that since the first sample: then its
    /// socket ended at an unknown time before.
    pub fn ended_before_first_look(&self) -> bool {
        matches!(self.first_seen, Since::BeforeFirstLook(_))
            && self.path.first() == Some(&TcpState::TimeWait)
    }

    /// Whether any sample had it.
    pub const fn is_sampled(&self) -> bool {
        !matches!(self.first_seen, Since::Unsampled(_))
    }

    /// How long it has been seen, at the given time.
    pub fn age(&self, now: Duration) -> Duration {
        let end = match self.mark {
            Some(Mark::Closed(at)) => at,
            _ => now,
        };
        end.saturating_sub(self.first_seen.at())
    }

    /// The local port.
    pub const fn local_port(&self) -> Port {
        self.socket.local.port
    }
}
