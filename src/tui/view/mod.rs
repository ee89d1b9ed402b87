//! Draws a query result and the view state as a [`Screen`]: plain text with tones, no terminal
//! library.
//!
//! A screen has exactly the lines of the terminal. Only visible lines are built.
//!
//! ```text
//! portolan  1 Ports  2 Processes …          ● live 1s  412 sockets …     header
//! / port or name                                       14 of 412 sockets  filter
//! ! what could not be observed, or the error of the filter                notice, if any
//! −2m03s ▁▁▂▃▅▃▂◆▂▁▁▁▁▁ now                                               timeline, if not live
//!   PORT      SERVICE   REACH        PROCESS     SOCKETS  STATES …        column heads
//! LISTENING HERE …                                                        table
//!  ▸ 443/tcp  https     everyone     nginx ×5        128  …
//! ── port 443/tcp (https), nginx ×5 ───────────────────────────────────── pane
//! One port, 128 sockets: …
//! ? help  / filter  Space open …                                          footer
//! ```

pub(crate) mod cells;
mod closed_rows;
mod columns;
pub(crate) mod details;
mod draw;
pub(crate) mod explain_page;
mod findings;
mod footer;
mod groups;
mod header;
pub(crate) mod help;
pub(crate) mod layout;
mod lesson_header;
pub mod lessons;
mod menu;
mod print;
mod rows;
pub(crate) mod screen;
mod state_diagram;
pub(crate) mod table;
mod time_status;
mod timeline;
mod tuple_table;

pub use crate::tui::view::details::details_max_scroll;
pub use crate::tui::view::draw::draw;
pub use crate::tui::view::explain_page::explain_max_scroll;
pub use crate::tui::view::help::help_max_scroll;
pub use crate::tui::view::layout::{MIN_TERMINAL_SIZE, ScreenLayout};
pub use crate::tui::view::print::{PrintHeads, PrintTarget, print_table};
pub use crate::tui::view::screen::{Screen, StyledLine, StyledSpan, Tone};
pub use crate::tui::view::table::{sort_column_at, sortable_columns};
