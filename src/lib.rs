//! Portolan: a live chart of this machine's ports.

pub mod app;
pub mod collect;
pub mod history;
pub mod query;
pub mod teach;
pub mod view;
pub mod widgets;

pub mod endpoint;
pub mod port;
pub mod process;
pub mod quantity;
pub mod services;
pub mod snapshot;
pub mod socket;
pub mod text;
