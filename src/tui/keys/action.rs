//! What keys do.
//!
//! In: nothing. Out: [`KeyAction`], of which every one has its keys and words in
//! [`KEY_BINDINGS`](super::BINDINGS).

use super::motion::{CursorMotion, FoldAction, TimeTravel};
use crate::filter::edit::FilterEdit;
use crate::query::Grouping;

/// What a user can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyAction {
    /// Leave.
    Quit,
    /// Stop and give the terminal back until `fg`.
    Suspend,
    /// Show or leave the help.
    Help,
    /// Move the cursor.
    Move(CursorMotion),
    /// Fold.
    Fold(FoldAction),
    /// Show this view.
    SetView(Grouping),
    /// Show the sockets that have ended, or leave them.
    History,
    /// Show the next view.
    NextView,
    /// Show the view before.
    PreviousView,
    /// More of the selected row.
    Details,
    /// The next look at the group under the cursor.
    NextPaneMode,
    /// Open the lessons.
    OpenLessons,
    /// Draw for a room, or for one who sits before it.
    TogglePresentation,
    /// Type a filter.
    Filter,
    /// Add to the filter what the selected row is, or exclude it.
    OpenFilterMenu(FilterEdit),
    /// Say in plain words what the row is.
    Explain,
    /// Tell a socket from a port.
    SocketVsPort,
    /// What is stuck or odd.
    Findings,
    /// Everything there is to do, by name.
    Palette,
    /// Leave what is open; then clear the filter.
    Back,
    /// Order by the next column.
    NextSort,
    /// Turn the order round.
    ReverseSort,
    /// Freeze the screen, or go on.
    Pause,
    /// Show another moment of those that are kept.
    TimeTravel(TimeTravel),
    /// Record, or end what is being recorded.
    Record,
    /// Look now.
    Refresh,
    /// Look more often.
    Faster,
    /// Look less often.
    Slower,
    /// Only TCP, or both.
    OnlyTcp,
    /// Only UDP, or both.
    OnlyUdp,
    /// All, listening, established.
    NextStateFilter,
    /// Copy the selected endpoint, pid or port.
    Copy,
    /// Paint everything anew.
    Redraw,
}
