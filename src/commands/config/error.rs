//! An error in the configuration file.

/// An error at a byte offset of the file.
pub(crate) struct ConfigError {
    pub(crate) offset: usize,
    pub(crate) message: String,
}
