//! Errors of a lab itself, as opposed to a call that fails as the lesson says.

use std::io;

use crate::collect::source::SourceError;
use crate::lessons::call::LabRole;

/// Why a lab cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// A process could not be started.
    #[error("{0} could not be started: {1}")]
    Spawn(LabRole, io::Error),
    /// A process is not there any more, or does not understand.
    #[error("{0} is gone")]
    ProcessGone(LabRole),
    /// Something else was refused.
    #[error("the lab cannot go on: {0}")]
    Io(io::Error),
    /// The socket table cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
}
