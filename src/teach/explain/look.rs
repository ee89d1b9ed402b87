//! The looks at one thing: the same socket as its program, the kernel, the wire and the standard
//! know it.

/// From where something is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Look {
    /// In plain words.
    #[default]
    Words,
    /// What the program called.
    Calls,
    /// What the kernel keeps.
    Kernel,
    /// What went over the wire.
    Wire,
    /// What the standard says.
    Standard,
}

impl Look {
    /// All, in the order of their keys.
    pub const ALL: [Self; 5] = [
        Self::Words,
        Self::Calls,
        Self::Kernel,
        Self::Wire,
        Self::Standard,
    ];

    /// One word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Words => "words",
            Self::Calls => "calls",
            Self::Kernel => "kernel",
            Self::Wire => "wire",
            Self::Standard => "standard",
        }
    }

    /// What it shows, as a phrase.
    pub const fn shows(self) -> &'static str {
        match self {
            Self::Words => "in plain words",
            Self::Calls => "what the program called",
            Self::Kernel => "what the kernel keeps",
            Self::Wire => "what went over the wire",
            Self::Standard => "what the standard says",
        }
    }

    /// The next one; after the last comes the first.
    pub fn next(self) -> Self {
        let here = Self::ALL.iter().position(|look| *look == self);
        let next = here.map_or(0, |here| (here + 1) % Self::ALL.len());
        Self::ALL[next]
    }

    /// The one before.
    pub fn previous(self) -> Self {
        let here = Self::ALL.iter().position(|look| *look == self);
        let before = here.map_or(0, |here| (here + Self::ALL.len() - 1) % Self::ALL.len());
        Self::ALL[before]
    }
}
