//! What must hold for every course of events, not only for those somebody thought of: small worlds
//! of ports, addresses, states and holders change over several samples, and every number on the
//! screen is counted again.
//!
//! Nothing here needs an operating system: a world is a list of snapshots.

mod agreement;
mod complete;
mod findings;
mod history;
mod past;
mod query;
mod recording;
mod redact;
mod update;
mod world;

#[path = "../support/mod.rs"]
mod support;

#[path = "../support/paper_lab.rs"]
mod paper_lab;
