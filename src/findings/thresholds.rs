//! From where on something is worth a look.

use std::time::Duration;

/// The thresholds; `None` switches a rule off. The configuration file sets them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// A CLOSE-WAIT as old as this was forgotten: a program that means to close does it at once.
    pub close_wait_age: Option<Duration>,
    /// So many at one port, and no fewer than its other connections, whatever their age: what one
    /// look can tell.
    pub close_wait_count: Option<u32>,
    /// Input of which nothing was read for so long.
    pub unread_age: Option<Duration>,
    /// Output of which nothing was confirmed for so long.
    pub undrained_age: Option<Duration>,
    /// An accept queue as full as this, in hundredths of what it holds.
    pub backlog_percent: Option<u32>,
    /// A call without an answer for so long; a refusal comes at once.
    pub syn_sent_age: Option<Duration>,
    /// As much of the ephemeral range in use from one address to one endpoint, in hundredths.
    pub ephemeral_percent: Option<u32>,
    /// So many connections of one port in TIME-WAIT.
    pub time_wait_count: Option<u32>,
    /// So many connections to a listener on every address, all of them from this machine.
    pub local_only_count: Option<u32>,
}

impl Thresholds {
    /// What holds where nothing is configured.
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
