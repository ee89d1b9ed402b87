//! Answer + words + what the user looks at → [`Screen`], plain data.
//!
//! In: an [`Answer`](crate::query::Answer) with its [`Lines`](crate::query::Lines), and the
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

pub use areas::{Areas, SMALLEST};
pub use explain::{ExplainPage, Presence, explain_height};
pub use help::help_overflow;
pub use menu::{Anchor, Item, Menu};
pub use page::{Heads, Paper, page};
pub use pane::details_height;
pub use screen::{Line, Screen, Span, Tone, screen};
pub use state::{
    Details, Feed, FilterLine, Look, Manner, Mode, Newest, Notice, NoticeKind, Origin, Playback,
    Stage, Tape, ViewState,
};
pub use table::{shown_sorts, sort_at};
