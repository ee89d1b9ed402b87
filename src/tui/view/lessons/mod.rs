//! Draws the list of lessons and the panel of an open lesson.
//!
//! ```text
//! a wide terminal:  table │ panel      any other:  table
//!                         │                        ── 2 One port, many sockets ── step 2 of 4 ──
//!                         │                        panel
//! ```

pub(crate) mod body;
pub(crate) mod footer_keys;
pub(crate) mod list;
pub(crate) mod panel;
mod panel_page;

pub use crate::tui::view::lessons::body::panel_max_scroll;
pub(crate) use crate::tui::view::lessons::footer_keys::footer_keys;
