//! The perspectives: one socket or port in plain words, as system calls, in the kernel, on the wire
//! and in the standard.

/// The point of view of an explanation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Perspective {
    #[default]
    Plain,
    /// The system calls the program made or can make.
    Syscalls,
    /// The kernel's data: identifiers, queues, timers, counters.
    Kernel,
    /// The segments or datagrams sent and received.
    Wire,
    /// The RFCs.
    Standard,
}

impl Perspective {
    /// All perspectives, in the order of their keys.
    pub const ALL: [Self; 5] = [
        Self::Plain,
        Self::Syscalls,
        Self::Kernel,
        Self::Wire,
        Self::Standard,
    ];

    /// Returns the name, one word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "words",
            Self::Syscalls => "calls",
            Self::Kernel => "kernel",
            Self::Wire => "wire",
            Self::Standard => "standard",
        }
    }

    /// Returns what it shows, as a phrase.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Plain => "in plain words",
            Self::Syscalls => "the system calls",
            Self::Kernel => "what the kernel stores",
            Self::Wire => "what went over the wire",
            Self::Standard => "what the standard says",
        }
    }

    /// Returns the next perspective, and the first after the last.
    pub fn next(self) -> Self {
        let index = Self::ALL
            .iter()
            .position(|perspective| *perspective == self);
        let next = index.map_or(0, |index| (index + 1) % Self::ALL.len());
        Self::ALL[next]
    }

    /// Returns the previous perspective, and the last before the first.
    pub fn previous(self) -> Self {
        let index = Self::ALL
            .iter()
            .position(|perspective| *perspective == self);
        let previous = index.map_or(0, |index| (index + Self::ALL.len() - 1) % Self::ALL.len());
        Self::ALL[previous]
    }
}
