//! Serializes starting processes: between fork and exec a new process holds every socket of its
//! parent, and a sample taken at that time says so. Tests that start processes or compare owners
//! hold the lock.

use std::io;
use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard, PoisonError};

static SPAWN_LOCK: Mutex<()> = Mutex::new(());

/// Locks out every other process start in this test program until the guard is dropped.
pub(crate) fn acquire() -> MutexGuard<'static, ()> {
    // A test that failed while holding the lock left nothing half done.
    SPAWN_LOCK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a process while holding the lock.
pub(crate) fn spawn(command: &mut Command) -> io::Result<Child> {
    let _guard = acquire();
    command.spawn()
}
