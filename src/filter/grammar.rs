//! The grammar of the filter language as text.

/// The language, told to whoever asks for help with filters.
pub const GRAMMAR: &str = include_str!("grammar.txt");
