//! Answer + words + what the user looks at → [`Screen`], plain data.
//!
//! In: an [`QueryResult`](crate::query::Answer) with its [`Lines`](crate::query::Lines), and the
//! [`ViewState`]. Out: lines of toned text, exactly as wide and as many as the terminal has. Only
//! lines that show are made, nothing is changed, no library for terminals is named here.
//!
//! ```text
//! portolan  1 Ports  2 Processes …          ● live 1s  412 sockets …     header
//! / port or name                                       14 of 412 sockets  filter
//! ! what could not be seen, or what is wrong with the filter              notice, if any
//! −2m03s ▁▁▂▃▅▃▂◆▂▁▁▁▁▁ now                                               time, if not live
//!   PORT      SERVICE   REACH        PROCESS     SOCKETS  STATES …        column heads
//! LISTENING HERE …                                                        table
//!  ▸ 443/tcp  https     everyone     nginx ×5        128  …
//! ── port 443/tcp (https), nginx ×5 ───────────────────────────────────── pane
//! One port, 128 sockets: …
//! ? help  / filter  Space open …                                          footer
//! ```

mod areas;
mod banner;
mod cells;
mod columns;
pub mod course;
mod diagram;
mod ended;
mod explain;
mod findings;
mod footer;
mod groups;
mod header;
mod help;
pub mod keys;
mod lens;
mod menu;
mod page;
mod pane;
mod rows;
mod screen;
mod state;
mod table;
mod timeline;

pub use areas::{MIN_TERMINAL_SIZE, ScreenLayout};
pub use explain::{ExplainPage, ExplainStatus, explain_max_scroll};
pub use help::help_max_scroll;
pub use menu::{Menu, MenuAnchor, MenuItem};
pub use page::{PrintHeads, PrintTarget, print_table};
pub use pane::details_max_scroll;
pub use screen::{Screen, StyledLine, StyledSpan, Tone, draw};
pub use state::{
    DetailsLevel, DisplayMode, FilterInput, LatestSample, Mode, Notice, NoticeKind, PaneMode,
    Playback, PlaybackStatus, RecordingStatus, SourceInfo, TimeMode, ViewState,
};
pub use table::{sort_column_at, sortable_columns};
