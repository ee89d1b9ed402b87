//! The content of the pane below the table: text, 4-tuples or the state diagram.

/// The content of the pane below the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PaneMode {
    /// Sentences and details of the selected row.
    #[default]
    Text,
    /// The 4-tuple (addresses and ports) of every connection of the group.
    TupleTable,
    /// The TCP state diagram with the states of the group's sockets highlighted.
    StateDiagram,
}

impl PaneMode {
    /// Returns the next mode; after the last comes the first.
    pub const fn next(self) -> Self {
        match self {
            Self::Text => Self::TupleTable,
            Self::TupleTable => Self::StateDiagram,
            Self::StateDiagram => Self::Text,
        }
    }
}
