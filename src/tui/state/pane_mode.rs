//! What stands below the table: nothing, the four-tuple, or the state diagram.

/// What the pane below the table shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PaneMode {
    /// Sentences and facts.
    #[default]
    Text,
    /// The four numbers of every connection of the group.
    TupleTable,
    /// The states of TCP, with those lit that the group's sockets are in.
    StateDiagram,
}
impl PaneMode {
    /// The next one.
    pub const fn next(self) -> Self {
        match self {
            Self::Text => Self::TupleTable,
            Self::TupleTable => Self::StateDiagram,
            Self::StateDiagram => Self::Text,
        }
    }
}
