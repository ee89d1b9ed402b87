//! Provides what the dashboard needs at run time: threads, terminal, signals and files.
//!
//! ```text
//! sampler ── snapshots ──▶ engine ── results ──▶ event loop ── screens ──▶ terminal
//!                            ▲                      ▲ │
//!                            └────── requests ──────┼─┘
//! input, signals, state files, recorder, lab ── messages ┘
//! ```
//!
//! The event loop owns the terminal and draws; it never waits for a sample and does no work in
//! proportion to the number of sockets. The engine thread owns the history and answers requests. A
//! player replaces the sampler when a recording is replayed.

pub(crate) mod console;
pub(crate) mod data_source;
pub mod engine;
pub(crate) mod engine_thread;
pub(crate) mod event_loop;
pub(crate) mod exit;
pub(crate) mod fault;
pub(crate) mod input_thread;
pub(crate) mod lab_thread;
pub(crate) mod log;
pub(crate) mod messages;
pub(crate) mod panic_hook;
pub(crate) mod player;
pub(crate) mod poller;
pub(crate) mod progress_file;
pub(crate) mod recorder;
pub(crate) mod recording_filter;
#[cfg(unix)]
pub(crate) mod signals;
mod state_file;
pub(crate) mod state_writer;
pub(crate) mod terminal;
