//! Code shared by several tests.

mod socket_fields;
pub(crate) mod text_recording;
