//! Samples the operating system: every socket and its owners, as a
//! [`Snapshot`](crate::net::snapshot::Snapshot).
//!
//! Two traits hide the differences between systems: a [`Source`] lists sockets, an [`Owners`] finds
//! the processes that hold them. Only facts leave this layer; nothing is inferred. [`bind_probe`]
//! tests whether a port can be bound, which no socket table says.

pub mod bind_probe;
mod collector;
mod host_info;
pub(crate) mod interval;
#[cfg(target_os = "linux")]
pub mod linux;
pub mod names;
mod owners;
pub mod portable;
mod process_cache;
mod sample_scope;
mod sampler;
pub mod source;

pub use crate::collect::owners::Owners;
pub use crate::collect::source::{Source, SourceError};

pub use crate::collect::bind_probe::{BindError, ProbeResult};
pub use crate::collect::collector::{Collector, SourceReason};
pub use crate::collect::host_info::ephemeral_ports;
pub use crate::collect::sample_scope::{CloseEvents, OwnerMode, SampleScope};
pub use crate::collect::sampler::{SampleOutcome, Sampler, SamplerConfig, effective_interval};
