//! The state that a screen depends on besides the query result.

pub(crate) mod explain_page;
pub(crate) mod lessons;
pub(crate) mod menu;
pub(crate) mod pane_mode;
pub mod view_state;
