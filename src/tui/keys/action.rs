//! The actions of keys.
//!
//! In: nothing. Out: [`KeyAction`]; the keys and texts of each are in
//! [`KEY_BINDINGS`](super::KEY_BINDINGS).

use super::motion::{CursorMotion, FoldAction, TimeTravel};
use crate::filter::edit::FilterEdit;
use crate::query::Grouping;

/// An action that a key starts while browsing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyAction {
    Quit,
    /// Suspends the program and returns to the shell until `fg`.
    Suspend,
    Help,
    /// Moves the cursor.
    Move(CursorMotion),
    /// Folds or unfolds groups.
    Fold(FoldAction),
    SetView(Grouping),
    /// Shows the closed sockets, or goes back to the view before.
    History,
    NextView,
    PreviousView,
    /// Cycles the details of the selected row: brief, pane, full screen.
    Details,
    /// Cycles the pane of the selected group: text, 4-tuples, state diagram.
    NextPaneMode,
    OpenLessons,
    TogglePresentation,
    /// Edits the filter.
    Filter,
    /// Adds a condition of the selected row to the filter, or excludes it.
    OpenFilterMenu(FilterEdit),
    /// Explains the selected row.
    Explain,
    /// Explains the difference between a socket and a port.
    SocketVsPort,
    Findings,
    Palette,
    /// Closes what is open; then clears the filter.
    Back,
    /// Sorts by the next column.
    NextSort,
    ReverseSort,
    /// Pauses the display, or resumes it.
    Pause,
    /// Shows another of the kept moments.
    TimeTravel(TimeTravel),
    /// Starts or stops recording.
    Record,
    /// Takes a sample now.
    Refresh,
    /// Shortens the interval; in a replay, halves the speed.
    Faster,
    /// Lengthens the interval; in a replay, doubles the speed.
    Slower,
    /// Shows only TCP, or both protocols.
    OnlyTcp,
    /// Shows only UDP, or both protocols.
    OnlyUdp,
    /// Cycles the state filter: all, listening, established.
    NextStateFilter,
    /// Copies the endpoint, port or pid of the selected row.
    Copy,
    /// Repaints the whole screen.
    Redraw,
}
