//! Writes the debug log of `--log FILE`.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Mutex;

use tracing_subscriber::filter::LevelFilter;

use super::exit::Failure;

/// Writes every event to the file from now on; never to the terminal, which the dashboard uses.
///
/// # Errors
/// Returns an error if the file cannot be opened.
pub(crate) fn init(path: &Path) -> Result<(), Failure> {
    let fail = |error| Failure::Log {
        path: path.display().to_string(),
        error,
    };
    let file = File::options()
        .create(true)
        .append(true)
        .open(path)
        .map_err(fail)?;
    tracing_subscriber::fmt()
        .with_writer(Mutex::new(file))
        .with_ansi(false)
        .with_max_level(LevelFilter::DEBUG)
        .try_init()
        .map_err(|error| fail(io::Error::other(error.to_string())))
}
