//! A row, a port, a process in plain words: what it is, who has it, how we know, what is normal.
//!
//! In: what was seen. Out: an [`Explanation`]: passages of sentences, each derived from what it
//! speaks of, facts and conclusions told apart, and the commands of other tools that show the same.

mod calls;
mod difference;
mod host;
mod kernel;
mod look;
mod other_end;
mod place;
mod port;
mod port_looks;
mod process;
mod row;
mod side;
mod standard;
mod state;
mod vacancy;
mod wire;
mod zero;

pub(super) use other_end::find_listener;

pub use look::Perspective;
pub use port::explain_port;
pub use process::explain_process;
pub use row::explain_row;

use std::net::IpAddr;
use std::time::Duration;

use crate::history::{Moment, Slot, TrackedSocket};
use crate::port::{Port, Protocol};
use crate::process::ProcessKey;
use crate::quantity;
use crate::query::{GroupKey, UnownedReason};
use crate::services::Services;
use crate::socket::SocketKey;
use crate::teach::{Findings, Phrase};

/// What explanations are made from.
#[derive(Clone, Copy, Debug)]
pub struct ExplainContext<'a> {
    /// What was seen.
    pub moment: &'a Moment,
    /// Names of ports.
    pub services: &'a Services,
    /// What is stuck or odd in it.
    pub findings: &'a Findings,
}

/// Sentences that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplanationSection {
    /// The question they answer, a few words.
    pub heading: &'static str,
    /// The sentences.
    pub phrases: Vec<Phrase>,
}

/// Everything there is to say of one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What it is about.
    pub title: String,
    /// What there is to say; none of them is empty.
    pub sections: Vec<ExplanationSection>,
    /// What to type to see the same in other tools.
    pub commands: Vec<String>,
    /// Two things side by side, before all passages; only where two are compared.
    pub comparisons: Vec<ComparisonRow>,
}

/// One way in which a socket and a port differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparisonRow {
    /// In what they differ, a word or two.
    pub label: &'static str,
    /// What a socket is in this.
    pub socket: &'static str,
    /// What a port is in this.
    pub port: &'static str,
    /// What can be seen of it on this machine now.
    pub observed: Phrase,
}

/// What can be explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExplainSubject {
    /// A port, of one protocol or of both.
    Port(Port, Option<Protocol>),
    /// A socket.
    Socket(SocketKey, Slot),
    /// A process.
    Process(ProcessKey),
    /// The sockets that no process has, for one reason.
    NoProcess(UnownedReason),
    /// A remote address.
    Host(IpAddr),
    /// The sockets that have no remote end.
    NoHost,
    /// The difference between a socket and a port.
    SocketVsPort,
}

impl ExplainSubject {
    /// What a group is about.
    pub const fn from_group(group: GroupKey) -> Self {
        match group {
            GroupKey::Port(key) => Self::Port(key.port, Some(key.protocol)),
            GroupKey::Process(key) => Self::Process(key),
            GroupKey::Unowned(reason) => Self::NoProcess(reason),
            GroupKey::Host(address) => Self::Host(address),
            GroupKey::NoHost => Self::NoHost,
        }
    }

    /// Whether there is more than one look at it.
    pub const fn has_perspectives(self) -> bool {
        matches!(self, Self::Port(..) | Self::Socket(..))
    }
}

/// Explains it in one look; `None` where it is not there, or not any more.
pub fn build_explanation(
    subject: ExplainSubject,
    perspective: Perspective,
    context: ExplainContext<'_>,
) -> Option<Explanation> {
    match subject {
        ExplainSubject::Port(Port::NONE, protocol) => Some(zero::explain_port_zero(protocol)),
        ExplainSubject::Port(port, protocol) => Some(match perspective {
            Perspective::Plain => explain_port(port, protocol, context),
            _ => port_looks::explain_port_from(port, protocol, perspective, context),
        }),
        ExplainSubject::Socket(key, slot) => {
            // Where closed sockets are listed, a row does not keep its slot.
            let here = context.moment.row(slot).filter(|row| row.key == key);
            let row = here.or_else(|| context.moment.rows().find(|row| row.key == key))?;
            Some(explain_row_from(row, perspective, context))
        }
        ExplainSubject::Process(key) => {
            let process = context.moment.directory.processes.get(&key)?;
            Some(explain_process(process, context))
        }
        ExplainSubject::NoProcess(reason) => Some(host::explain_no_process(reason, context)),
        ExplainSubject::Host(address) => host::explain_host(address, context),
        ExplainSubject::NoHost => Some(host::explain_no_host(context)),
        ExplainSubject::SocketVsPort => Some(difference::explain_socket_vs_port(context)),
    }
}

/// One look at a socket.
pub fn explain_row_from(
    row: &TrackedSocket,
    perspective: Perspective,
    context: ExplainContext<'_>,
) -> Explanation {
    let mut said = Explanation::new(crate::teach::row_title(row, context.moment));
    match perspective {
        Perspective::Plain => return explain_row(row, context),
        Perspective::Syscalls => calls::add_syscalls(&mut said, row, context),
        Perspective::Kernel => kernel::add_kernel(&mut said, row, context),
        Perspective::Wire => wire::add_wire(&mut said, row, context.moment),
        Perspective::Standard => standard::add_standard(&mut said, row, context),
    }
    said.commands = row::related_commands(&row.socket);
    said
}

impl Explanation {
    fn new(title: String) -> Self {
        Self {
            title,
            sections: Vec::new(),
            commands: Vec::new(),
            comparisons: Vec::new(),
        }
    }

    /// Adds a passage, if there is anything in it.
    fn push_section(&mut self, heading: &'static str, said: impl IntoIterator<Item = Phrase>) {
        let said: Vec<Phrase> = said.into_iter().collect();
        if !said.is_empty() {
            self.sections.push(ExplanationSection {
                heading,
                phrases: said,
            });
        }
    }
}

/// When something ended: `2s ago`.
fn format_ago(passed: Duration) -> String {
    match passed.as_secs() {
        0 => "less than a second ago".into(),
        _ => format!("{} ago", quantity::age(passed)),
    }
}

/// When something is due: `in 2s`.
fn format_due_in(left: Duration) -> String {
    match left.as_secs() {
        0 => "within a second".into(),
        _ => format!("in {}", quantity::age(left)),
    }
}

#[cfg(test)]
mod tests;
