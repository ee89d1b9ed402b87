//! What the rows must look like after a step.
//!
//! In: nothing; this is what lessons are written in. Out: [`Pattern`]s, made by short functions:
//! `open("P", "C1").of(&[Server])` is `ESTABLISHED 127.0.0.1:P → 127.0.0.1:C1 (lab-server)`.

use std::net::IpAddr;

use crate::socket::{TcpState, TimerKind, Transport};
use crate::teach::lessons::call::Actor;
use crate::teach::lessons::place::{HERE, Name, Number, Place};

/// Whose the row must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Exactly these processes have a descriptor for it.
    Of(&'static [Actor]),
    /// Nobody's yet: made by the kernel for a listener, not accepted.
    Unaccepted,
    /// Nobody's any more: the kernel alone keeps it.
    Kernel,
    /// That is not the point.
    Anybody,
}

/// How much must be in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// That is not the point.
    Any,
    /// So much.
    Exactly(u32),
    /// More than nothing; how much differs from kernel to kernel.
    Some,
}

/// How long the row is there if nobody does anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stay {
    /// As long as its process wants.
    Held,
    /// The kernel forgets it after a minute.
    Minute,
}

/// What one row must look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// Protocol and state.
    pub transport: Transport,
    /// This end.
    pub local: Place,
    /// The other end; `None` where there is none.
    pub remote: Option<Place>,
    /// Whose.
    pub whose: Whose,
    /// Recv-Q: of a listener, the connections that wait.
    pub received: Amount,
    /// Send-Q: of a listener, its backlog.
    pub sent: Amount,
    /// The timer that must run.
    pub timer: Option<TimerKind>,
    /// Whether an IPv6 listener must refuse IPv4.
    pub v6only: Option<bool>,
    /// How long it is there.
    pub stay: Stay,
    /// How many such rows; names that end in `#` count them.
    pub each: u8,
}

/// A TCP row in this state between two ports of 127.0.0.1.
pub const fn row(state: TcpState, local: &'static str, remote: &'static str) -> Pattern {
    Pattern {
        transport: Transport::Tcp(state),
        local: Place::named(HERE, local),
        remote: Some(Place::named(HERE, remote)),
        whose: Whose::Anybody,
        received: Amount::Any,
        sent: Amount::Any,
        timer: None,
        v6only: None,
        stay: Stay::Held,
        each: 1,
    }
}

/// An ESTABLISHED row.
pub const fn open(local: &'static str, remote: &'static str) -> Pattern {
    row(TcpState::Established, local, remote)
}

/// A TCP listener on 127.0.0.1.
pub const fn listener(port: &'static str) -> Pattern {
    Pattern {
        remote: None,
        ..row(TcpState::Listen, port, port)
    }
}

/// A UDP socket on 127.0.0.1 without a peer.
pub const fn udp(port: &'static str) -> Pattern {
    Pattern {
        transport: Transport::Udp,
        ..listener(port)
    }
}

/// A UDP socket on 127.0.0.1 with a peer.
pub const fn udp_with(local: &'static str, remote: &'static str) -> Pattern {
    Pattern {
        transport: Transport::Udp,
        ..row(TcpState::Established, local, remote)
    }
}

impl Pattern {
    /// The same, held by exactly these processes.
    pub const fn of(self, actors: &'static [Actor]) -> Self {
        Self {
            whose: Whose::Of(actors),
            ..self
        }
    }

    /// The same, waiting to be accepted.
    pub const fn unaccepted(self) -> Self {
        Self {
            whose: Whose::Unaccepted,
            ..self
        }
    }

    /// The same, kept by the kernel alone, which forgets it after a minute.
    pub const fn kept_by_kernel(self) -> Self {
        Self {
            whose: Whose::Kernel,
            stay: Stay::Minute,
            ..self
        }
    }

    /// The same, of a listener that takes IPv4, too, or does not.
    pub const fn v6only(self, only: bool) -> Self {
        Self {
            v6only: Some(only),
            ..self
        }
    }

    /// The same, with so much in Send-Q.
    pub const fn sent(self, sent: Amount) -> Self {
        Self { sent, ..self }
    }

    /// The same, with so much in Recv-Q and Send-Q.
    pub const fn queues(self, received: Amount, sent: Amount) -> Self {
        Self {
            received,
            sent,
            ..self
        }
    }

    /// The same, with so much in Recv-Q.
    pub const fn received(self, bytes: u32) -> Self {
        Self {
            received: Amount::Exactly(bytes),
            ..self
        }
    }

    /// The same, with this timer.
    pub const fn timer(self, timer: TimerKind) -> Self {
        Self {
            timer: Some(timer),
            ..self
        }
    }

    /// The same, so many times.
    pub const fn each(self, each: u8) -> Self {
        Self { each, ..self }
    }

    /// The same, with another address at this end.
    pub const fn at(self, address: IpAddr) -> Self {
        let port = self.local.port;
        Self {
            local: Place { address, port },
            ..self
        }
    }

    /// The same, with another address at the other end.
    pub const fn to(self, address: IpAddr) -> Self {
        match self.remote {
            Some(Place { port, .. }) => Self {
                remote: Some(Place { address, port }),
                ..self
            },
            None => self,
        }
    }

    /// The names of ports it has.
    pub fn names(&self) -> impl Iterator<Item = Name> + '_ {
        let ends = [Some(self.local), self.remote];
        ends.into_iter().flatten().filter_map(|end| match end.port {
            Number::Named(name) => Some(name),
            Number::Chosen | Number::Fixed(_) => None,
        })
    }
}
