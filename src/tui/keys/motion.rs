//! How a key moves the cursor, and folds.
//!
//! In: nothing. Out: [`CursorMotion`] and [`FoldAction`], which actions are made of.

/// How far to move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CursorMotion {
    /// To the line above.
    Up,
    /// To the line below.
    Down,
    /// Half a screen up.
    HalfUp,
    /// Half a screen down.
    HalfDown,
    /// A screen up.
    PageUp,
    /// A screen down.
    PageDown,
    /// To the first line.
    First,
    /// To the last line.
    Last,
}

/// What a fold key does to the group under the cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FoldAction {
    /// Shows or hides its sockets.
    Toggle,
    /// Shows them.
    Open,
    /// Hides them; on a socket, goes to its group.
    Close,
    /// Shows or hides all.
    All,
}

/// Which moment to go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimeTravel {
    /// The sample before.
    PreviousSample,
    /// The sample after.
    NextSample,
    /// A minute before.
    MinuteBack,
    /// A minute after.
    MinuteForward,
    /// The oldest that is kept; while the newest is shown, to the first line.
    Oldest,
    /// The newest; while that is shown, to the last line.
    Newest,
}
