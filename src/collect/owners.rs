//! The trait for finding the processes that hold sockets.

use std::sync::Arc;
use std::time::Duration;

use super::sample_scope::OwnerMode;
use crate::net::snapshot::{Directory, Gap, OwnerCoverage};
use crate::net::socket::Socket;

/// Finds the processes that hold sockets.
pub trait Owners: Send {
    /// Fills `holders` of every socket and keeps `directory.processes` complete for them: a process
    /// stays there for some time after its last socket, because rows still name it. `directory` is
    /// copied only when something in it changes ([`Arc::make_mut`]). An
    /// [`Incremental`](OwnerMode::Incremental) search may leave processes for the next call. `now`
    /// is the time since the collector started.
    fn find(
        &mut self,
        now: Duration,
        mode: OwnerMode,
        sockets: &mut [Socket],
        directory: &mut Arc<Directory>,
        gaps: &mut Vec<Gap>,
    ) -> OwnerCoverage;
}
