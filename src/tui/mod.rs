//! The dashboard without threads and without a clock: state, what input changes, and what is drawn.
//!
//! `update` turns input into a new state and [effects](effect::Effect); `view` turns the state and a query
//! result into a [`Screen`](view::Screen) of plain text; `widgets` paints that with ratatui.

pub mod effect;
pub mod engine_request;
pub mod input;
pub mod keys;
pub(crate) mod playback_speed;
pub mod state;
pub mod theme;
pub mod update;
pub mod view;
pub mod widgets;
