//! Tracks since when nothing was taken out of a socket's queues.
//!
//! Compares two consecutive samples of a socket. Data in a queue is normal; a queue that nothing is
//! taken out of is stalled. Where the kernel counts bytes, the amount taken out is exact; elsewhere
//! only a queue that became shorter shows it.

use std::time::Duration;

use crate::net::socket::{Queues, Socket, TcpState};

/// Since when data has been pending without any of it being taken out, on the collector's clock;
/// `None` if nothing is pending.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stall {
    /// Pending for the program: unread bytes or, for a listener, connections not accepted yet.
    pub input: Option<Duration>,
    /// Pending for the peer: bytes not acknowledged yet.
    pub output: Option<Duration>,
}

impl Stall {
    /// Starts at the first sample of a socket.
    pub(crate) fn new(socket: &Socket, now: Duration) -> Self {
        Self {
            input: (pending_input(socket) > 0).then_some(now),
            output: (pending_output(socket) > 0).then_some(now),
        }
    }

    /// Updates with the next sample.
    pub(crate) fn updated(self, before: &Socket, socket: &Socket, now: Duration) -> Self {
        let delivered = |socket: &Socket| socket.tcp.and_then(|tcp| tcp.delivered);
        let counted = delivered(before).zip(delivered(socket));
        let (pending_before, pending_now) = (
            u64::from(pending_input(before)),
            u64::from(pending_input(socket)),
        );
        let read = match counted {
            Some((then, now)) => {
                now.received.saturating_sub(pending_now)
                    > then.received.saturating_sub(pending_before)
            }
            None => pending_now < pending_before,
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

/// Returns what the program has not taken yet. A FIN takes a sequence number but is not data.
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

/// Returns the bytes not acknowledged. An unanswered SYN is excluded: the state already shows it.
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
        // Nine bytes are pending both times, but a hundred were read in between.
        let (before, now) = (socket(9, 0, Some((100, 0))), socket(9, 0, Some((200, 0))));
        let stall = Stall::new(&before, seconds(1)).updated(&before, &now, seconds(2));
        assert_eq!(stall.input, Some(seconds(2)));
        let uncounted = Stall::new(&before, seconds(1));
        let before = socket(9, 0, None);
        let uncounted = uncounted.updated(&before, &before, seconds(2));
        assert_eq!(uncounted.input, Some(seconds(1)));
    }

    #[test]
    fn unread_input_is_stalled_while_nothing_is_read() {
        for (before, now) in [
            // Nothing arrived and nothing was read; two more bytes arrived and nothing was read.
            (socket(9, 0, Some((100, 0))), socket(9, 0, Some((100, 0)))),
            (socket(9, 0, Some((100, 0))), socket(11, 0, Some((102, 0)))),
        ] {
            let stall = Stall::new(&before, seconds(1)).updated(&before, &now, seconds(2));
            assert_eq!(stall.input, Some(seconds(1)));
        }
        // One of the nine bytes was read.
        let (before, now) = (socket(9, 0, Some((100, 0))), socket(8, 0, Some((100, 0))));
        let stall = Stall::new(&before, seconds(1)).updated(&before, &now, seconds(2));
        assert_eq!(stall.input, Some(seconds(2)));
    }

    #[test]
    fn without_counters_a_queue_of_constant_length_is_stalled() {
        let same = socket(9, 9, None);
        let stall = Stall::new(&same, seconds(1)).updated(&same, &same, seconds(2));
        let since = Some(seconds(1));
        assert_eq!((stall.input, stall.output), (since, since));
        let shorter = socket(8, 8, None);
        let stall = stall.updated(&same, &shorter, seconds(3));
        let since = Some(seconds(3));
        assert_eq!((stall.input, stall.output), (since, since));
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
