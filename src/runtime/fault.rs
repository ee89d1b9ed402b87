//! Deliberate faults for tests: `--fault` makes a thread panic.

use clap::ValueEnum;

/// The thread that `--fault` makes panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Fault {
    /// Panic in the thread that draws.
    Main,
    /// Panic in the engine thread.
    #[value(name = "model")]
    Engine,
    /// Panic in the sampler thread, in its second sample.
    Sampler,
    /// Panic in the input thread, at the first key.
    Input,
}
