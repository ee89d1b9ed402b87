//! Runs one of a lab's processes: what the hidden subcommand `lab-process` does.

#[cfg(target_os = "linux")]
use crate::lessons::lab::process_main;
use crate::runtime::exit::Exit;

/// Runs a process of a lab until the lab ends.
#[cfg(target_os = "linux")]
pub(super) fn run_lab_process(name: &str) -> Exit {
    process_main::run(name);
    Exit::Success
}

/// Refuses: labs are Linux only.
#[cfg(not(target_os = "linux"))]
pub(super) fn run_lab_process(_: &str) -> Exit {
    Exit::UsageError
}
