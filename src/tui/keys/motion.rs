//! Cursor motions, fold actions and steps in time.
//!
//! In: nothing. Out: [`CursorMotion`], [`FoldAction`] and [`TimeTravel`], the parameters of
//! [`KeyAction`](super::action::KeyAction).

/// A motion of the cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CursorMotion {
    Up,
    Down,
    HalfUp,
    HalfDown,
    PageUp,
    PageDown,
    First,
    Last,
}

/// What a fold key does to the group under the cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FoldAction {
    /// Shows or hides its rows.
    Toggle,
    /// Shows its rows.
    Open,
    /// Hides its rows; on a socket, selects its group.
    Close,
    /// Shows or hides the rows of all groups.
    All,
}

/// A step to another moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimeTravel {
    PreviousSample,
    NextSample,
    MinuteBack,
    MinuteForward,
    /// The oldest kept moment; while live, the first line of the table.
    Oldest,
    /// The newest moment; while live, the last line of the table.
    Newest,
}
