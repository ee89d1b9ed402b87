//! Defines the command line with clap, one struct of arguments for each subcommand.

pub(crate) mod cli;
pub(crate) mod command_args;
pub(crate) mod recording_args;
pub(crate) mod shared_args;
pub(crate) mod values;
