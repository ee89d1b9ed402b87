//! Deliberate faults for tests: where `--fault` makes a thread panic.

use clap::ValueEnum;

/// `--fault`: where to fail on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Fault {
    /// The thread that draws panics.
    Main,
    /// The thread that answers panics.
    #[value(name = "model")]
    Engine,
    /// The thread that collects panics in its second sample.
    Sampler,
    /// The thread that reads keys panics at the first key.
    Input,
}
