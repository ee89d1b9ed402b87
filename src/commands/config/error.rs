//! An error in the configuration file.

/// What is wrong, and at which byte.
pub(crate) struct ConfigError {
    pub(crate) offset: usize,
    pub(crate) message: String,
}
