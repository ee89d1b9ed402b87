//! User names, by the system's own resolver (getpwuid(3)), so that LDAP and the like are asked too.
//!
//! In: a user id. Out: its name, made readable. The answers are kept in the directory.

use std::sync::Arc;

use crate::net::process::Uid;
#[cfg(unix)]
use crate::text::sanitize::sanitize;

/// The name; `None` when nobody knows the number.
#[cfg(unix)]
pub(crate) fn name(uid: Uid) -> Option<Arc<str>> {
    let user = uzers::get_user_by_uid(uid.0)?;
    Some(sanitize(user.name().as_encoded_bytes())).filter(|name| !name.is_empty())
}

/// Elsewhere users have no numbers.
#[cfg(not(unix))]
pub(crate) fn name(_: Uid) -> Option<Arc<str>> {
    None
}
