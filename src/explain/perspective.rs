//! The looks at one thing: the same socket as its program, the kernel, the wire and the standard
//! know it.

/// From where something is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Perspective {
    /// In plain words.
    #[default]
    Plain,
    /// What the program called.
    Syscalls,
    /// What the kernel keeps.
    Kernel,
    /// What went over the wire.
    Wire,
    /// What the standard says.
    Standard,
}

impl Perspective {
    /// All, in the order of their keys.
    pub const ALL: [Self; 5] = [
        Self::Plain,
        Self::Syscalls,
        Self::Kernel,
        Self::Wire,
        Self::Standard,
    ];

    /// One word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "words",
            Self::Syscalls => "calls",
            Self::Kernel => "kernel",
            Self::Wire => "wire",
            Self::Standard => "standard",
        }
    }

    /// What it shows, as a phrase.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Plain => "in plain words",
            Self::Syscalls => "what the program called",
            Self::Kernel => "what the kernel keeps",
            Self::Wire => "what went over the wire",
            Self::Standard => "what the standard says",
        }
    }

    /// The next one; after the last comes the first.
    pub fn next(self) -> Self {
        let here = Self::ALL
            .iter()
            .position(|perspective| *perspective == self);
        let next = here.map_or(0, |here| (here + 1) % Self::ALL.len());
        Self::ALL[next]
    }

    /// The one before.
    pub fn previous(self) -> Self {
        let here = Self::ALL
            .iter()
            .position(|perspective| *perspective == self);
        let before = here.map_or(0, |here| (here + Self::ALL.len() - 1) % Self::ALL.len());
        Self::ALL[before]
    }
}
