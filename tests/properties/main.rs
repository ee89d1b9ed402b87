//! Properties that must hold for every sequence of events, not only for expected ones: small
//! generated scenarios of ports, addresses, states and holders change over several samples, and
//! every number on the screen is recounted.
//!
//! Nothing here needs an operating system: a scenario is a list of snapshots.

mod agreement;
mod complete;
mod fields;
mod findings;
mod history;
mod names;
mod query;
mod recording;
mod redact;
mod scenario;
mod timeline;
mod update;

#[path = "../support/blocks.rs"]
mod blocks;

#[path = "../support/mod.rs"]
mod support;

#[path = "../support/fake_lab.rs"]
mod fake_lab;
