//! Since when nothing moves in a socket's queues.
//!
//! In: a socket in two samples that follow one another. Out: [`Stall`]. A queue with something in it
//! is nothing odd; one out of which nobody takes anything is. Where the kernel counts bytes, what
//! was taken out is known exactly; elsewhere a queue that became shorter tells.

use std::time::Duration;

use crate::net::socket::{Queues, Socket, TcpState};

/// Since when something has waited without a part of it being taken out, on the collector's clock;
/// `None` where nothing waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stall {
    /// What the program here has to take: bytes to read; of a listener, calls to accept.
    pub input: Option<Duration>,
    /// What the other end has to confirm.
    pub output: Option<Duration>,
}

impl Stall {
    /// Of a socket that was not there before.
    pub(crate) fn new(socket: &Socket, now: Duration) -> Self {
        Self {
            input: (pending_input(socket) > 0).then_some(now),
            output: (pending_output(socket) > 0).then_some(now),
        }
    }

    /// One sample later.
    pub(crate) fn updated(self, before: &Socket, socket: &Socket, now: Duration) -> Self {
        let delivered = |socket: &Socket| socket.tcp.and_then(|tcp| tcp.delivered);
        let counted = delivered(before).zip(delivered(socket));
        let (had, has) = (
            u64::from(pending_input(before)),
            u64::from(pending_input(socket)),
        );
        let read = match counted {
            Some((then, now)) => {
                now.received.saturating_sub(has) > then.received.saturating_sub(had)
            }
            None => has < had,
        };
        let confirmed = match counted {
            Some((then, now)) => now.acknowledged > then.acknowledged,
            None => pending_output(socket) < pending_output(before),
        };
        let fresh = Self::new(socket, now);
        let kept = |since: Option<Duration>, moved: bool, fresh: Option<Duration>| {
            let fresh = fresh?;
            Some(since.filter(|_| !moved).unwrap_or(fresh))
        };
        Self {
            input: kept(self.input, read, fresh.input),
            output: kept(self.output, confirmed, fresh.output),
        }
    }
}

/// What waits to be taken by the program here; a hang-up is no data.
fn pending_input(socket: &Socket) -> u32 {
    if let Some(backlog) = socket.accept_queue {
        return backlog.waiting;
    }
    let Some(Queues { recv, .. }) = socket.queues else {
        return 0;
    };
    let fin_received = matches!(
        socket.tcp_state(),
        Some(TcpState::CloseWait | TcpState::LastAck | TcpState::Closing | TcpState::TimeWait)
    );
    recv.saturating_sub(u32::from(fin_received))
}

/// What waits for the other end's word; the SYN of a call that is not answered is told by its state.
fn pending_output(socket: &Socket) -> u32 {
    match socket.tcp_state() {
        Some(TcpState::SynSent | TcpState::SynReceived | TcpState::TimeWait) => 0,
        _ => socket.queues.map_or(0, |queues| queues.send),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::endpoint::Endpoint;
    use crate::net::port::Port;
    use crate::net::socket::{DeliveredBytes, TcpInfo, Transport};

    const fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    fn socket(recv: u32, send: u32, counted: Option<(u64, u64)>) -> Socket {
        let end = |port| Endpoint::new([127, 0, 0, 1].into(), Port(port));
        let state = Transport::Tcp(TcpState::Established);
        let mut socket = Socket::new(state, end(80), Some(end(40_000)));
        socket.queues = Some(Queues { recv, send });
        socket.tcp = counted.map(|(received, acknowledged)| TcpInfo {
            rtt_us: None,
            rtt_variation_us: 0,
            min_rtt_us: None,
            congestion_window: 10,
            send_mss: 1448,
            total_retransmits: 0,
            delivered: Some(DeliveredBytes {
                acknowledged,
                received,
            }),
            sent: None,
            last_data: None,
            delivery_rate: None,
        });
        socket
    }

    #[test]
    fn growing_queue_is_stalled_since_it_was_first_nonempty() {
        let (before, now) = (socket(5, 0, None), socket(9, 0, None));
        let stall = Stall::new(&before, seconds(1)).updated(&before, &now, seconds(2));
        assert_eq!(stall.input, Some(seconds(1)));
        let emptied = stall.updated(&now, &socket(0, 0, None), seconds(3));
        assert_eq!(emptied, Stall::default());
    }

    #[test]
    fn queue_drained_and_refilled_is_not_stalled() {
        // Nine bytes wait both times, but a hundred were read in between.
        let (before, now) = (socket(9, 0, Some((100, 0))), socket(9, 0, Some((200, 0))));
        let stall = Stall::new(&before, seconds(1)).updated(&before, &now, seconds(2));
        assert_eq!(stall.input, Some(seconds(2)));
        let uncounted = Stall::new(&before, seconds(1));
        let before = socket(9, 0, None);
        let uncounted = uncounted.updated(&before, &before, seconds(2));
        assert_eq!(uncounted.input, Some(seconds(1)));
    }

    #[test]
    fn send_queue_is_stalled_until_acknowledged() {
        let before = socket(0, 9, Some((0, 100)));
        let stall = Stall::new(&before, seconds(1));
        let more = socket(0, 20, Some((0, 100)));
        assert_eq!(
            stall.updated(&before, &more, seconds(2)).output,
            Some(seconds(1))
        );
        let confirmed = socket(0, 20, Some((0, 101)));
        assert_eq!(
            stall.updated(&before, &confirmed, seconds(2)).output,
            Some(seconds(2))
        );
    }
}
