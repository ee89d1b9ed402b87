//! Errors of a lab itself, as opposed to calls that fail as the lesson expects.

use std::io;

use crate::collect::source::SourceError;
use crate::lessons::call::LabRole;

/// An error that ends a lab.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// A process could not be started.
    #[error("{0} could not be started: {1}")]
    Spawn(LabRole, io::Error),
    /// A process exited, closed its pipe, or sent an invalid reply.
    #[error("{0} exited or sent an invalid reply")]
    ProcessGone(LabRole),
    /// A system call of the lab failed or timed out.
    #[error("lab error: {0}")]
    Io(io::Error),
    /// The socket table cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
}
