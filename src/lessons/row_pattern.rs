//! What the rows must look like after a step.
//!
//! In: nothing; this is what lessons are written in. Out: [`Pattern`]s, made by short functions:
//! `open("P", "C1").of(&[Server])` is `ESTABLISHED 127.0.0.1:P → 127.0.0.1:C1 (lab-server)`.

use std::net::IpAddr;

use super::call::LabRole;
use super::lab_endpoint::{LOOPBACK_V4, LabEndpoint, LabName, LabPort};
use crate::net::socket::{TcpState, TimerKind, Transport};

/// Whose the row must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpectedOwner {
    /// Exactly these processes have a descriptor for it.
    Processes(&'static [LabRole]),
    /// Nobody's yet: made by the kernel for a listener, not accepted.
    Unaccepted,
    /// Nobody's any more: the kernel alone keeps it.
    Kernel,
    /// That is not the point.
    Any,
}

/// How much must be in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpectedQueue {
    /// That is not the point.
    Any,
    /// So much.
    Exactly(u32),
    /// More than nothing; how much differs from kernel to kernel.
    NonZero,
}

/// How long the row is there if nobody does anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowLifetime {
    /// As long as its process wants.
    UntilClosed,
    /// The kernel forgets it after a minute.
    Expires,
}

/// What one row must look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowPattern {
    /// Protocol and state.
    pub transport: Transport,
    /// This end.
    pub local: LabEndpoint,
    /// The other end; `None` where there is none.
    pub remote: Option<LabEndpoint>,
    /// Whose.
    pub owner: ExpectedOwner,
    /// Recv-Q: of a listener, the connections that wait.
    pub recv_queue: ExpectedQueue,
    /// Send-Q: of a listener, its backlog.
    pub send_queue: ExpectedQueue,
    /// The timer that must run.
    pub timer: Option<TimerKind>,
    /// Whether an IPv6 listener must refuse IPv4.
    pub v6only: Option<bool>,
    /// How long it is there.
    pub lifetime: RowLifetime,
    /// How many such rows; names that end in `#` count them.
    pub times: u8,
}

/// A TCP row in this state between two ports of 127.0.0.1.
pub const fn tcp_row(state: TcpState, local: &'static str, remote: &'static str) -> RowPattern {
    RowPattern {
        transport: Transport::Tcp(state),
        local: LabEndpoint::with_named_port(LOOPBACK_V4, local),
        remote: Some(LabEndpoint::with_named_port(LOOPBACK_V4, remote)),
        owner: ExpectedOwner::Any,
        recv_queue: ExpectedQueue::Any,
        send_queue: ExpectedQueue::Any,
        timer: None,
        v6only: None,
        lifetime: RowLifetime::UntilClosed,
        times: 1,
    }
}

/// An ESTABLISHED row.
pub const fn established(local: &'static str, remote: &'static str) -> RowPattern {
    tcp_row(TcpState::Established, local, remote)
}

/// A TCP listener on 127.0.0.1.
pub const fn listener(port: &'static str) -> RowPattern {
    RowPattern {
        remote: None,
        ..tcp_row(TcpState::Listen, port, port)
    }
}

/// A UDP socket on 127.0.0.1 without a peer.
pub const fn udp(port: &'static str) -> RowPattern {
    RowPattern {
        transport: Transport::Udp,
        ..listener(port)
    }
}

/// A UDP socket on 127.0.0.1 with a peer.
pub const fn connected_udp(local: &'static str, remote: &'static str) -> RowPattern {
    RowPattern {
        transport: Transport::Udp,
        ..tcp_row(TcpState::Established, local, remote)
    }
}

impl RowPattern {
    /// The same, held by exactly these processes.
    pub const fn owned_by(self, roles: &'static [LabRole]) -> Self {
        Self {
            owner: ExpectedOwner::Processes(roles),
            ..self
        }
    }

    /// The same, waiting to be accepted.
    pub const fn unaccepted(self) -> Self {
        Self {
            owner: ExpectedOwner::Unaccepted,
            ..self
        }
    }

    /// The same, kept by the kernel alone, which forgets it after a minute.
    pub const fn owned_by_kernel(self) -> Self {
        Self {
            owner: ExpectedOwner::Kernel,
            lifetime: RowLifetime::Expires,
            ..self
        }
    }

    /// The same, of a listener that takes IPv4, too, or does not.
    pub const fn with_v6only(self, only: bool) -> Self {
        Self {
            v6only: Some(only),
            ..self
        }
    }

    /// The same, with so much in Send-Q.
    pub const fn with_send_queue(self, send_queue: ExpectedQueue) -> Self {
        Self { send_queue, ..self }
    }

    /// The same, with so much in Recv-Q and Send-Q.
    pub const fn with_queues(self, recv_queue: ExpectedQueue, send_queue: ExpectedQueue) -> Self {
        Self {
            recv_queue,
            send_queue,
            ..self
        }
    }

    /// The same, with so much in Recv-Q.
    pub const fn with_recv_queue(self, bytes: u32) -> Self {
        Self {
            recv_queue: ExpectedQueue::Exactly(bytes),
            ..self
        }
    }

    /// The same, with this timer.
    pub const fn with_timer(self, timer: TimerKind) -> Self {
        Self {
            timer: Some(timer),
            ..self
        }
    }

    /// The same, so many times.
    pub const fn times(self, times: u8) -> Self {
        Self { times, ..self }
    }

    /// The same, with another address at this end.
    pub const fn with_local_addr(self, address: IpAddr) -> Self {
        let port = self.local.port;
        Self {
            local: LabEndpoint { address, port },
            ..self
        }
    }

    /// The same, with another address at the other end.
    pub const fn with_remote_addr(self, address: IpAddr) -> Self {
        match self.remote {
            Some(LabEndpoint { port, .. }) => Self {
                remote: Some(LabEndpoint { address, port }),
                ..self
            },
            None => self,
        }
    }

    /// The names of ports it has.
    pub fn port_names(&self) -> impl Iterator<Item = LabName> + '_ {
        let ends = [Some(self.local), self.remote];
        ends.into_iter().flatten().filter_map(|end| match end.port {
            LabPort::Named(name) => Some(name),
            LabPort::Ephemeral | LabPort::Fixed(_) => None,
        })
    }
}
