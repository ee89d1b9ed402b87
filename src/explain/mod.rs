//! Explains a row, a port, a process or a host in sentences: what it is, its owner, how that is
//! known.
//!
//! Builds an [`Explanation`]: sections of sentences, each marked as fact, inference or unknown, and
//! the commands of other tools that show the same.

pub(crate) mod availability_report;
mod can_listen;
pub(crate) mod closed;
pub mod context;
pub(crate) mod details;
pub mod dispatch;
mod endpoint_meaning;
pub(crate) mod explanation;
pub(crate) mod group_text;
pub(crate) mod hidden_owners;
mod host;
mod kernel;
mod peer;
mod perspective;
mod port;
mod port_perspectives;
mod port_users;
mod port_zero;
mod process;
mod queue_text;
pub(crate) mod relative_time;
mod row;
pub(crate) mod row_text;
mod side;
mod socket_vs_port;
mod standard;
pub mod subject;
mod syscalls;
mod tcp_state;
#[cfg(test)]
mod tests;
pub(crate) mod tuple_text;
mod wire;

pub use crate::explain::context::ExplainContext;
pub use crate::explain::dispatch::{build_explanation, explain_row_from};
pub use crate::explain::explanation::{ComparisonRow, Explanation, ExplanationSection};
pub use crate::explain::subject::ExplainSubject;

pub use crate::explain::perspective::Perspective;
pub use crate::explain::port::explain_port;
pub use crate::explain::process::explain_process;
pub use crate::explain::row::explain_row;
