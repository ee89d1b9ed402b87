//! Patterns of the rows that a step expects.
//!
//! Lessons build [`RowPattern`]s from the short functions of this module:
//! `established("P", "C1").owned_by(&[Server])` is
//! `ESTABLISHED 127.0.0.1:P → 127.0.0.1:C1 (lab-server)`.

use std::net::IpAddr;

use super::call::LabRole;
use super::lab_endpoint::{LOOPBACK_V4, LabEndpoint, LabName, LabPort};
use crate::net::socket::{TcpState, TimerKind, Transport};

/// The expected owner of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpectedOwner {
    /// Exactly these processes have a descriptor for it.
    Processes(&'static [LabRole]),
    /// No process yet: completed by the kernel for a listener and not accepted.
    Unaccepted,
    /// No process any more: only the kernel keeps it (TIME-WAIT, or closed by its program).
    Kernel,
    /// Not compared.
    Any,
}

/// The expected length of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpectedQueue {
    /// Not compared.
    Any,
    /// Exactly this length.
    Exactly(u32),
    /// More than 0; the amount differs between kernels.
    NonZero,
}

/// How long the row exists without further calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowLifetime {
    /// Until its process closes the socket.
    UntilClosed,
    /// The kernel removes it after a minute (TIME-WAIT, FIN-WAIT-2 without an owner).
    Expires,
}

/// The pattern of one expected row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowPattern {
    /// Protocol and state.
    pub transport: Transport,
    pub local: LabEndpoint,
    /// The peer; `None` for a socket without one.
    pub remote: Option<LabEndpoint>,
    pub owner: ExpectedOwner,
    /// Recv-Q in bytes; for a listener, the connections that wait to be accepted.
    pub recv_queue: ExpectedQueue,
    /// Send-Q in bytes; for a listener, its backlog.
    pub send_queue: ExpectedQueue,
    /// The timer that must be running; `None`: not compared.
    pub timer: Option<TimerKind>,
    /// IPV6_V6ONLY of an IPv6 listener; `None`: not compared.
    pub v6only: Option<bool>,
    pub lifetime: RowLifetime,
    /// How many such rows; the repetition replaces the `#` of numbered names.
    pub times: u8,
}

/// Returns a TCP row in this state between two ports of 127.0.0.1.
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

/// Returns an ESTABLISHED row between two ports of 127.0.0.1.
pub const fn established(local: &'static str, remote: &'static str) -> RowPattern {
    tcp_row(TcpState::Established, local, remote)
}

/// Returns a TCP listener on 127.0.0.1.
pub const fn listener(port: &'static str) -> RowPattern {
    RowPattern {
        remote: None,
        ..tcp_row(TcpState::Listen, port, port)
    }
}

/// Returns a UDP socket on 127.0.0.1 without a peer.
pub const fn udp(port: &'static str) -> RowPattern {
    RowPattern {
        transport: Transport::Udp,
        ..listener(port)
    }
}

/// Returns a UDP socket on 127.0.0.1 with a peer.
pub const fn connected_udp(local: &'static str, remote: &'static str) -> RowPattern {
    RowPattern {
        transport: Transport::Udp,
        ..tcp_row(TcpState::Established, local, remote)
    }
}

impl RowPattern {
    /// Requires exactly these processes as owners.
    pub const fn owned_by(self, roles: &'static [LabRole]) -> Self {
        Self {
            owner: ExpectedOwner::Processes(roles),
            ..self
        }
    }

    /// Requires a connection that is not accepted yet.
    pub const fn unaccepted(self) -> Self {
        Self {
            owner: ExpectedOwner::Unaccepted,
            ..self
        }
    }

    /// Requires a row without a process, which the kernel removes after a minute.
    pub const fn owned_by_kernel(self) -> Self {
        Self {
            owner: ExpectedOwner::Kernel,
            lifetime: RowLifetime::Expires,
            ..self
        }
    }

    /// Requires this value of IPV6_V6ONLY.
    pub const fn with_v6only(self, only: bool) -> Self {
        Self {
            v6only: Some(only),
            ..self
        }
    }

    /// Requires this Send-Q.
    pub const fn with_send_queue(self, send_queue: ExpectedQueue) -> Self {
        Self { send_queue, ..self }
    }

    /// Requires this Recv-Q and Send-Q.
    pub const fn with_queues(self, recv_queue: ExpectedQueue, send_queue: ExpectedQueue) -> Self {
        Self {
            recv_queue,
            send_queue,
            ..self
        }
    }

    /// Requires exactly this Recv-Q.
    pub const fn with_recv_queue(self, bytes: u32) -> Self {
        Self {
            recv_queue: ExpectedQueue::Exactly(bytes),
            ..self
        }
    }

    /// Requires this timer to be running.
    pub const fn with_timer(self, timer: TimerKind) -> Self {
        Self {
            timer: Some(timer),
            ..self
        }
    }

    /// Repeats the row this many times.
    pub const fn times(self, times: u8) -> Self {
        Self { times, ..self }
    }

    /// Replaces the local address.
    pub const fn with_local_addr(self, address: IpAddr) -> Self {
        let port = self.local.port;
        Self {
            local: LabEndpoint { address, port },
            ..self
        }
    }

    /// Replaces the address of the peer.
    pub const fn with_remote_addr(self, address: IpAddr) -> Self {
        match self.remote {
            Some(LabEndpoint { port, .. }) => Self {
                remote: Some(LabEndpoint { address, port }),
                ..self
            },
            None => self,
        }
    }

    /// Iterates over the names of the local and the remote port.
    pub fn port_names(&self) -> impl Iterator<Item = LabName> + '_ {
        let ends = [Some(self.local), self.remote];
        ends.into_iter().flatten().filter_map(|end| match end.port {
            LabPort::Named(name) => Some(name),
            LabPort::Ephemeral | LabPort::Fixed(_) => None,
        })
    }
}
