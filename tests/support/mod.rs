//! What several tests share.

mod facts;
pub(crate) mod scene;
