//! Thresholds above which findings are reported.

use std::time::Duration;

/// The thresholds of the rules; `None` disables a rule. The configuration file sets them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// Minimum age of a leaked CLOSE-WAIT: a program that intends to close does so at once.
    pub close_wait_age: Option<Duration>,
    /// Minimum number in CLOSE-WAIT at one port, of any age, if they are at least half of its
    /// connections. One sample is enough for this.
    pub close_wait_count: Option<u32>,
    /// Minimum time during which nothing was read from the receive queue.
    pub unread_age: Option<Duration>,
    /// Minimum time during which nothing in the send queue was acknowledged.
    pub undrained_age: Option<Duration>,
    /// Minimum fill of an accept queue, in percent of what it holds (its limit plus one).
    pub backlog_percent: Option<u32>,
    /// Minimum age of an unanswered SYN; a refusal comes at once.
    pub syn_sent_age: Option<Duration>,
    /// Minimum share of the ephemeral range in use from one address to one endpoint, in percent.
    pub ephemeral_percent: Option<u32>,
    /// Minimum number of connections in TIME-WAIT at one port.
    pub time_wait_count: Option<u32>,
    /// Minimum number of connections to a listener on every address, all from this machine.
    pub local_only_count: Option<u32>,
}

impl Thresholds {
    /// The thresholds without configuration.
    pub const DEFAULT: Self = Self {
        close_wait_age: Some(Duration::from_secs(60)),
        close_wait_count: Some(5),
        unread_age: Some(Duration::from_secs(10)),
        undrained_age: Some(Duration::from_secs(10)),
        backlog_percent: Some(80),
        syn_sent_age: Some(Duration::from_secs(3)),
        ephemeral_percent: Some(80),
        time_wait_count: Some(10_000),
        local_only_count: Some(5),
    };
}

impl Default for Thresholds {
    fn default() -> Self {
        Self::DEFAULT
    }
}
