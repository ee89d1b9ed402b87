//! The trait for listing sockets.

use std::time::{Duration, Instant};

use crate::net::destroyed::Destroyed;
use crate::net::port::PortSet;
use crate::net::snapshot::{Gap, SourceKind};
use crate::net::socket::Socket;

/// Lists the sockets of this machine.
pub trait Source: Send {
    /// Returns which source this is.
    fn kind(&self) -> SourceKind;

    /// Appends every socket to `sockets` (given empty; its allocation is reused), each once.
    /// `holders` stays [`NotSearched`](crate::net::process::Holders::NotSearched) unless the source
    /// itself knows the pids. With `ports`, sockets that have none of them on either side may be
    /// left out, except listening ones. `now` is the time since the collector started, for timers.
    /// A table that was read only in part is not an error: the part is kept and a [`Gap`] is added.
    ///
    /// # Errors
    /// When no table could be read.
    fn read(
        &mut self,
        ports: Option<&PortSet>,
        now: Duration,
        sockets: &mut Vec<Socket>,
        gaps: &mut Vec<Gap>,
    ) -> Result<(), SourceError>;

    /// Subscribes to close events, whose times are counted from `started`. A source without such
    /// events does nothing.
    ///
    /// # Errors
    /// When the system refuses the subscription: there are no close events, and the gap says so.
    fn subscribe(&mut self, started: Instant) -> Result<(), Gap> {
        let _ = started;
        Ok(())
    }

    /// Appends the sockets reported destroyed since the last call, in the order the events were
    /// read. Lost events are a [`Gap`].
    fn drain_events(&mut self, destroyed: &mut Vec<Destroyed>, gaps: &mut Vec<Gap>) {
        let _ = (destroyed, gaps);
    }
}

/// The reason why a source cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The system refused: missing permission, a sandbox, a kernel without the feature.
    #[error("{name} was refused by the system: {why}")]
    Refused {
        /// The source's name.
        name: &'static str,
        /// The system's error message.
        why: String,
    },
    /// The source does not exist on this operating system.
    #[error("{name} does not exist on this operating system; use --source netstat2")]
    Unsupported {
        /// The source's name.
        name: &'static str,
    },
}
