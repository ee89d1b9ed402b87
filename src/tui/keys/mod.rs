//! Key bindings: [`KEY_BINDINGS`] is the single table that event loop, help and footer read.

pub(crate) mod action;
pub mod bindings;
pub mod key;
pub mod lesson;
pub(crate) mod motion;
pub mod typing;

pub use crate::tui::keys::bindings::{KEY_BINDINGS, KeyBinding, action_for_key};
