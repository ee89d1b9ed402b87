//! What keys do.
//!
//! In: nothing. Out: [`Action`], of which every one has its keys and words in
//! [`BINDINGS`](super::BINDINGS).

use super::{FoldMove, Motion, Travel};
use crate::query::{Grouping, Joining};

/// What a user can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Leave.
    Quit,
    /// Stop and give the terminal back until `fg`.
    Suspend,
    /// Show or leave the help.
    Help,
    /// Move the cursor.
    Move(Motion),
    /// Fold.
    Fold(FoldMove),
    /// Show this view.
    View(Grouping),
    /// Show the sockets that have ended, or leave them.
    History,
    /// Show the next view.
    NextView,
    /// Show the view before.
    PreviousView,
    /// More of the selected row.
    Details,
    /// The next look at the group under the cursor.
    NextLook,
    /// Open the lessons.
    Learn,
    /// Draw for a room, or for one who sits before it.
    Present,
    /// Type a filter.
    Filter,
    /// Add to the filter what the selected row is, or exclude it.
    Pick(Joining),
    /// Say in plain words what the row is.
    Explain,
    /// Tell a socket from a port.
    Difference,
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
    Travel(Travel),
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
    NextPhase,
    /// Copy the selected endpoint, pid or port.
    Copy,
    /// Paint everything anew.
    Redraw,
}
