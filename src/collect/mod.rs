//! Operating system → [`Snapshot`](crate::snapshot::Snapshot).
//!
//! In: the kernel's socket table and the processes, and a [`SampleScope`]. Out: ground facts, nothing
//! inferred.
//! Two doors, each a trait: a [`SourceFile`] lists the sockets, an [`OwnerRecords`] says which processes
//! have them. Everything that differs between systems is behind one of the two. Besides, [`binding`]
//! tries whether a port can be had: that is in no table; and [`recording`] keeps what was collected.

pub mod binding;
mod collector;
mod demand;
pub mod names;
pub mod netstat2;
pub mod owners;
#[cfg(target_os = "linux")]
pub mod procfs;
pub mod recording;
mod sampler;
#[cfg(target_os = "linux")]
pub mod sock_diag;
mod system;

pub use binding::{BindError, ProbeResult};
pub use collector::{Collector, SourceReason};
pub use demand::{CloseEvents, OwnerMode, SampleScope};
pub use sampler::{SampleOutcome, Sampler, SamplerConfig, effective_interval};
pub use system::ephemeral_ports;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::destroyed::Destroyed;
use crate::port::PortSet;
use crate::snapshot::{Directory, Gap, OwnerCoverage, SourceKind};
use crate::socket::Socket;

/// Lists the sockets of this machine.
pub trait Source: Send {
    /// Which source this is.
    fn kind(&self) -> SourceKind;

    /// Appends every socket to `sockets` (given empty, its memory reused), each once, with
    /// `holders` left [`NotSought`](crate::process::Holders::NotSought) unless the source itself
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

/// Finds the processes that have the sockets.
pub trait Owners: Send {
    /// Fills `holders` of every socket and keeps `directory.processes` complete for them:
    /// a process stays there for some time after its last socket, because rows remember it.
    /// `directory` is only copied when something in it changes ([`Arc::make_mut`]). A search that
    /// is [`Gradual`](OwnerSearch::Gradual) may leave processes for the next call.
    fn find(
        &mut self,
        now: Duration,
        search: OwnerMode,
        sockets: &mut [Socket],
        directory: &mut Arc<Directory>,
        gaps: &mut Vec<Gap>,
    ) -> OwnerCoverage;
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
