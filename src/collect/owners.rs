//! The trait of everything that finds the processes of sockets.

use std::sync::Arc;
use std::time::Duration;

use super::sample_scope::OwnerMode;
use crate::net::snapshot::{Directory, Gap, OwnerCoverage};
use crate::net::socket::Socket;

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
