//! Resolves user ids to names by the system's own resolver (getpwuid(3)), which includes LDAP and
//! the like.
//!
//! Returns sanitized names. The caller caches them in the directory.

use std::sync::Arc;

use crate::net::process::Uid;
#[cfg(unix)]
use crate::text::sanitize::sanitize;

/// Returns the user's name; `None` where the id has none.
#[cfg(unix)]
pub(crate) fn name(uid: Uid) -> Option<Arc<str>> {
    let user = uzers::get_user_by_uid(uid.0)?;
    Some(sanitize(user.name().as_encoded_bytes())).filter(|name| !name.is_empty())
}

/// Outside Unix users have no numbers.
#[cfg(not(unix))]
pub(crate) fn name(_: Uid) -> Option<Arc<str>> {
    None
}
