//! The trait of everything that lists sockets.

use std::time::{Duration, Instant};

use crate::net::destroyed::Destroyed;
use crate::net::port::PortSet;
use crate::net::snapshot::{Gap, SourceKind};
use crate::net::socket::Socket;

/// Lists the sockets of this machine.
pub trait Source: Send {
    /// Which source this is.
    fn kind(&self) -> SourceKind;

    /// Appends every socket to `sockets` (given empty, its memory reused), each once, with
    /// `holders` left [`NotSought`](crate::net::process::Holders::NotSought) unless the source itself
    /// knows the pids. With `ports`, sockets that have none of them at either end may be left out,
    /// but not those that wait for others. `now` is the time since the collector started, for timers. A table that was
    /// read only in part is not an error: the part stays and a [`Gap`] is added.
    ///
    /// # Errors
    /// When no table could be read at all.
    fn read(
        &mut self,
        ports: Option<&PortSet>,
        now: Duration,
        sockets: &mut Vec<Socket>,
        gaps: &mut Vec<Gap>,
    ) -> Result<(), SourceError>;

    /// Begins to listen for the ends of sockets. `started` is the moment from which their times
    /// are counted. A source that hears of none has nothing to do.
    ///
    /// # Errors
    /// When the system does not let it listen: the ends stay unheard, and the gap says so.
    fn subscribe(&mut self, started: Instant) -> Result<(), Gap> {
        let _ = started;
        Ok(())
    }

    /// Appends the sockets whose end was announced since the last call, in the order it was heard.
    /// Announcements that were lost are a [`Gap`].
    fn drain_events(&mut self, destroyed: &mut Vec<Destroyed>, gaps: &mut Vec<Gap>) {
        let _ = (destroyed, gaps);
    }
}
/// Why a source cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The system refused: permission, a sandbox, a kernel without the feature.
    #[error("{name} was refused by the system: {why}")]
    Refused {
        /// Which.
        name: &'static str,
        /// The system's word.
        why: String,
    },
    /// The source does not exist on this operating system.
    #[error("{name} does not exist on this operating system; use --source netstat2")]
    Unsupported {
        /// Which.
        name: &'static str,
    },
}
