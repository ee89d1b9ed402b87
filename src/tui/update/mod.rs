//! Changes the state of the dashboard on input. Pure, without I/O: what must happen outside is
//! returned as effects.

pub mod app;
mod browse;
mod complete;
mod cursor;
mod explain;
pub(crate) mod filter_history;
mod filter_line;
mod filter_menu;
mod findings;
mod help;
mod learn_state;
mod lessons;
mod palette;
mod pane_mode;
mod quiz;
mod record;
pub(crate) mod state;
mod time_travel;

pub use crate::tui::update::state::NamedFilter;
