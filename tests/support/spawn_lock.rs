//! One after the other: between fork and exec a new process has every socket of this one, and a list
//! that is made just then tells so. Who starts a process, and who compares owners, waits for his turn.

use std::io;
use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard, PoisonError};

static SPAWN_LOCK: Mutex<()> = Mutex::new(());

/// Until this is dropped, nobody else of this test program starts a process.
pub(crate) fn acquire() -> MutexGuard<'static, ()> {
    // A test that failed meanwhile has left nothing half done.
    SPAWN_LOCK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a process when it is his turn.
pub(crate) fn spawn(command: &mut Command) -> io::Result<Child> {
    let _guard = acquire();
    command.spawn()
}
