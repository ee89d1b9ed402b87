//! What several tests share.

mod socket_fields;
pub(crate) mod text_recording;
