//! How much is remembered.

use std::time::Duration;

use crate::history::Bounds;

/// How much is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keeping {
    /// Of sockets that have ended.
    pub closed: Bounds,
    /// Of moments that one can go back to.
    pub moments: Bounds,
}

impl Default for Keeping {
    fn default() -> Self {
        const MINUTE: Duration = Duration::from_secs(60);
        Self {
            closed: Bounds {
                time: 60 * MINUTE,
                bytes: 16_000_000,
            },
            moments: Bounds {
                time: 10 * MINUTE,
                bytes: 24_000_000,
            },
        }
    }
}
