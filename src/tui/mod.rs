//! The dashboard without threads and without a clock: state, input handling and drawing.
//!
//! `update` turns input into a new state and [effects](effect::Effect); `view` turns the state and
//! a query result into a [`Screen`](view::Screen) of plain text; `widgets` paints it with ratatui.

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
