//! What must hold for every course of events, not only for those somebody thought of: small worlds
//! of ports, addresses, states and holders change over several samples, and every number on the
//! screen is counted again.
//!
//! Nothing here needs an operating system: a world is a list of snapshots.

mod agreement;
mod complete;
mod fields;
mod findings;
mod history;
mod query;
mod recording;
mod redact;
mod scenario;
mod timeline;
mod update;

#[path = "../support/mod.rs"]
mod support;

#[path = "../support/fake_lab.rs"]
mod fake_lab;
