//! Limits of the sampling interval.

use std::time::Duration;

/// The time between two samples where none is configured.
pub(crate) const DEFAULT_INTERVAL: Duration = Duration::from_secs(1);

/// The shortest interval: below it Portolan would mostly measure itself.
pub(crate) const MIN_INTERVAL: Duration = Duration::from_millis(100);

/// The longest interval.
pub(crate) const MAX_INTERVAL: Duration = Duration::from_secs(3600);
