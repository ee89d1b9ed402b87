//! Runs one process of a lesson's lab: the hidden subcommand `lab-process`.

#[cfg(target_os = "linux")]
use crate::lessons::lab::process_main;
use crate::runtime::exit::Exit;

/// Runs a lab process until the lab ends.
#[cfg(target_os = "linux")]
pub(super) fn run_lab_process(name: &str) -> Exit {
    process_main::run(name);
    Exit::Success
}

/// Returns a usage error: labs are Linux only.
#[cfg(not(target_os = "linux"))]
pub(super) fn run_lab_process(_: &str) -> Exit {
    Exit::UsageError
}
