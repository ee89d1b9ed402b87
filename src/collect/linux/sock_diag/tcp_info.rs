//! Decodes `struct tcp_info`, as much of it as the running kernel sends.
//!
//! Takes the value of INET_DIAG_INFO; returns a [`TcpInfo`]. The structure only ever grows at its
//! end (`include/uapi/linux/tcp.h`): Linux 4.4 sends 144 bytes, 6.18 sends 280. So it is read by
//! prefix: a field that is not there is `None`.

use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use super::bytes::{u32_at, u64_at};
use crate::net::socket::{DataTime, DeliveredBytes, SentBytes, TcpInfo};

const SND_MSS: usize = 16;
const LAST_DATA_SENT: usize = 44;
const LAST_DATA_RECV: usize = 52;
const RTT: usize = 68;
const RTTVAR: usize = 72;
const SND_CWND: usize = 80;
const TOTAL_RETRANS: usize = 100;
const BYTES_ACKED: usize = 120;
const BYTES_RECEIVED: usize = 128;
const MIN_RTT: usize = 148;
const DELIVERY_RATE: usize = 160;
const BYTES_SENT: usize = 200;
const BYTES_RETRANS: usize = 208;

/// Decodes the structure. `None` when it is shorter than in Linux 2.6. `now` is the time from which
/// the kernel counts back.
pub(crate) fn decode(raw: &[u8], now: Duration) -> Option<TcpInfo> {
    let delivered = |acknowledged, received| DeliveredBytes {
        acknowledged,
        received,
    };
    let sent = |bytes, retransmitted| SentBytes {
        bytes,
        retransmitted,
    };
    Some(TcpInfo {
        rtt_us: NonZeroU32::new(u32_at(raw, RTT)?),
        rtt_variation_us: u32_at(raw, RTTVAR)?,
        // The kernel initializes it to all ones.
        min_rtt_us: u32_at(raw, MIN_RTT)
            .filter(|&rtt| rtt != u32::MAX)
            .and_then(NonZeroU32::new),
        congestion_window: u32_at(raw, SND_CWND)?,
        send_mss: u32_at(raw, SND_MSS)?,
        total_retransmits: u32_at(raw, TOTAL_RETRANS)?,
        delivered: u64_at(raw, BYTES_ACKED)
            .zip(u64_at(raw, BYTES_RECEIVED))
            .map(|(a, r)| delivered(a, r)),
        sent: u64_at(raw, BYTES_SENT)
            .zip(u64_at(raw, BYTES_RETRANS))
            .map(|(b, r)| sent(b, r)),
        last_data: u32_at(raw, LAST_DATA_SENT)
            .zip(u32_at(raw, LAST_DATA_RECV))
            .map(|(sent, received)| DataTime::from_ago(now, sent.min(received))),
        // The kernel has 0 until the first acknowledgement has been measured.
        delivery_rate: u64_at(raw, DELIVERY_RATE).and_then(NonZeroU64::new),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Duration = Duration::from_secs(1);

    /// What a kernel sends whose structure ends after `length` bytes: each word is its own offset.
    fn offsets_as_words(length: usize) -> Vec<u8> {
        (0..length as u32 / 4)
            .flat_map(|word| (word * 4).to_ne_bytes())
            .collect()
    }

    #[test]
    fn current_tcp_info_is_decoded_fully() {
        let info = decode(&offsets_as_words(280), NOW).expect("long enough");
        assert_eq!(info.rtt_us.map(NonZeroU32::get), Some(68));
        assert_eq!((info.rtt_variation_us, info.congestion_window), (72, 80));
        assert_eq!((info.send_mss, info.total_retransmits), (16, 100));
        assert_eq!(info.min_rtt_us.map(NonZeroU32::get), Some(148));
        let two_words = |at: u32| {
            let halves = [at.to_ne_bytes(), (at + 4).to_ne_bytes()].concat();
            u64_at(&halves, 0).expect("eight bytes")
        };
        let delivered = DeliveredBytes {
            acknowledged: two_words(120),
            received: two_words(128),
        };
        assert_eq!(info.delivered, Some(delivered));
        assert_eq!(
            info.sent,
            Some(SentBytes {
                bytes: two_words(200),
                retransmitted: two_words(208)
            })
        );
    }

    #[test]
    fn idle_time_counts_from_the_newer_direction() {
        let info = decode(&offsets_as_words(280), NOW).expect("long enough");
        assert_eq!(info.last_data, Some(DataTime::from_millis(1000 - 44)));
        let mut raw = offsets_as_words(280);
        raw[44..48].copy_from_slice(&90_000_u32.to_ne_bytes());
        let info = decode(&raw, NOW).expect("long enough");
        assert_eq!(info.last_data, Some(DataTime::from_millis(1000 - 52)));
        let later = Duration::from_secs(3);
        let idle = info.last_data.map(|at| at.ago(later));
        assert_eq!(idle, Some(Duration::from_millis(2052)));
        raw[52..56].copy_from_slice(&90_000_u32.to_ne_bytes());
        let info = decode(&raw, NOW).expect("long enough");
        // Before the collector started.
        assert_eq!(info.last_data, Some(DataTime::from_millis(-89_000)));
    }

    #[test]
    fn delivery_rate_is_none_before_it_is_measured() {
        let rate = |raw: &[u8]| decode(raw, NOW).expect("long enough").delivery_rate;
        let mut raw = offsets_as_words(280);
        assert_eq!(rate(&raw).map(NonZeroU64::get), u64_at(&raw, 160));
        assert_eq!(rate(&raw[..160]), None);
        raw[160..168].fill(0);
        assert_eq!(rate(&raw), None);
    }

    #[test]
    fn short_tcp_info_is_decoded_partially() {
        let linux_4_4 = decode(&offsets_as_words(144), NOW).expect("long enough");
        assert!(linux_4_4.delivered.is_some());
        assert_eq!((linux_4_4.min_rtt_us, linux_4_4.sent), (None, None));
        let linux_2_6 = decode(&offsets_as_words(104), NOW).expect("long enough");
        assert_eq!(
            (linux_2_6.total_retransmits, linux_2_6.delivered),
            (100, None)
        );
        assert_eq!(decode(&offsets_as_words(100), NOW), None);
    }

    #[test]
    fn unmeasured_rtt_is_none() {
        let mut raw = offsets_as_words(280);
        raw[68..72].fill(0);
        raw[148..152].fill(0xff);
        let info = decode(&raw, NOW).expect("long enough");
        assert_eq!((info.rtt_us, info.min_rtt_us), (None, None));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(raw in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = decode(&raw, NOW);
        }
    }
}
