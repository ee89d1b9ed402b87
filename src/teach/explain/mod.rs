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

pub(super) use other_end::waiting_at;

pub use look::Look;
pub use port::explain_port;
pub use process::explain_process;
pub use row::explain_row;

use std::net::IpAddr;
use std::time::Duration;

use crate::history::{Moment, Slot, Tracked};
use crate::port::{Port, Protocol};
use crate::process::ProcessKey;
use crate::quantity;
use crate::query::{GroupKey, NoOwner};
use crate::services::Services;
use crate::socket::SocketKey;
use crate::teach::{Findings, Phrase};

/// What explanations are made from.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// What was seen.
    pub moment: &'a Moment,
    /// Names of ports.
    pub services: &'a Services,
    /// What is stuck or odd in it.
    pub findings: &'a Findings,
}

/// Sentences that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// The question they answer, a few words.
    pub heading: &'static str,
    /// The sentences.
    pub said: Vec<Phrase>,
}

/// Everything there is to say of one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What it is about.
    pub title: String,
    /// What there is to say; none of them is empty.
    pub passages: Vec<Passage>,
    /// What to type to see the same in other tools.
    pub commands: Vec<String>,
    /// Two things side by side, before all passages; only where two are compared.
    pub contrasts: Vec<Contrast>,
}

/// One way in which a socket and a port differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contrast {
    /// In what they differ, a word or two.
    pub label: &'static str,
    /// What a socket is in this.
    pub socket: &'static str,
    /// What a port is in this.
    pub port: &'static str,
    /// What can be seen of it on this machine now.
    pub here: Phrase,
}

/// What can be explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A port, of one protocol or of both.
    Port(Port, Option<Protocol>),
    /// A socket.
    Row(SocketKey, Slot),
    /// A process.
    Process(ProcessKey),
    /// The sockets that no process has, for one reason.
    NoProcess(NoOwner),
    /// A remote address.
    Host(IpAddr),
    /// The sockets that have no remote end.
    NoHost,
    /// The difference between a socket and a port.
    Difference,
}

impl Subject {
    /// What a group is about.
    pub const fn of(group: GroupKey) -> Self {
        match group {
            GroupKey::Port(key) => Self::Port(key.port, Some(key.protocol)),
            GroupKey::Process(key) => Self::Process(key),
            GroupKey::NoProcess(reason) => Self::NoProcess(reason),
            GroupKey::Host(address) => Self::Host(address),
            GroupKey::NoHost => Self::NoHost,
        }
    }

    /// Whether there is more than one look at it.
    pub const fn has_looks(self) -> bool {
        matches!(self, Self::Port(..) | Self::Row(..))
    }
}

/// Explains it in one look; `None` where it is not there, or not any more.
pub fn explain(subject: Subject, look: Look, known: Known<'_>) -> Option<Explanation> {
    match subject {
        Subject::Port(Port::NONE, protocol) => Some(zero::explain_zero(protocol)),
        Subject::Port(port, protocol) => Some(match look {
            Look::Words => explain_port(port, protocol, known),
            _ => port_looks::look_at_port(port, protocol, look, known),
        }),
        Subject::Row(key, slot) => {
            // Where closed sockets are listed, a row does not keep its slot.
            let here = known.moment.row(slot).filter(|row| row.key == key);
            let row = here.or_else(|| known.moment.rows().find(|row| row.key == key))?;
            Some(look_at_row(row, look, known))
        }
        Subject::Process(key) => {
            let process = known.moment.directory.processes.get(&key)?;
            Some(explain_process(process, known))
        }
        Subject::NoProcess(reason) => Some(host::explain_no_process(reason, known)),
        Subject::Host(address) => host::explain_host(address, known),
        Subject::NoHost => Some(host::explain_no_host(known)),
        Subject::Difference => Some(difference::explain_difference(known)),
    }
}

/// One look at a socket.
pub fn look_at_row(row: &Tracked, look: Look, known: Known<'_>) -> Explanation {
    let mut said = Explanation::of(crate::teach::row_title(row, known.moment));
    match look {
        Look::Words => return explain_row(row, known),
        Look::Calls => calls::calls(&mut said, row, known),
        Look::Kernel => kernel::kernel(&mut said, row, known),
        Look::Wire => wire::wire(&mut said, row, known.moment),
        Look::Standard => standard::standard(&mut said, row, known),
    }
    said.commands = row::commands(&row.socket);
    said
}

impl Explanation {
    fn of(title: String) -> Self {
        Self {
            title,
            passages: Vec::new(),
            commands: Vec::new(),
            contrasts: Vec::new(),
        }
    }

    /// Adds a passage, if there is anything in it.
    fn say(&mut self, heading: &'static str, said: impl IntoIterator<Item = Phrase>) {
        let said: Vec<Phrase> = said.into_iter().collect();
        if !said.is_empty() {
            self.passages.push(Passage { heading, said });
        }
    }
}

/// When something ended: `2s ago`.
fn ago(passed: Duration) -> String {
    match passed.as_secs() {
        0 => "less than a second ago".into(),
        _ => format!("{} ago", quantity::age(passed)),
    }
}

/// When something is due: `in 2s`.
fn due_in(left: Duration) -> String {
    match left.as_secs() {
        0 => "within a second".into(),
        _ => format!("in {}", quantity::age(left)),
    }
}

#[cfg(test)]
mod tests;
