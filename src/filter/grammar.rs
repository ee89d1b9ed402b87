//! The reference of the filter language as text.

/// The reference of the filter language, at most 80 columns wide: the output of `portolan help filter`.
pub const GRAMMAR: &str = include_str!("grammar.txt");
