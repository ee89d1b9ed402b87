//! What could not be seen, and what to do about it.

use crate::history::Moment;
use crate::process::Uid;
use crate::quantity;
use crate::teach::Phrase;

/// What makes the owners of other users' sockets visible. Both capabilities are needed: one to
/// read another user's /proc/PID/fd, one to follow the links in it (`proc(5)`, ptrace access mode
/// `PTRACE_MODE_READ_FSCREDS`).
pub const fn remedy() -> &'static str {
    if cfg!(target_os = "linux") {
        "sudo portolan, or once: sudo setcap cap_sys_ptrace,cap_dac_read_search+ep \"$(command -v portolan)\""
    } else {
        "sudo portolan"
    }
}

/// How many rows have a hidden owner, in one line, what to do first; `None` where none has.
pub fn hidden(moment: &Moment) -> Option<Phrase> {
    if moment.hidden_rows == 0 {
        return None;
    }
    let rows = quantity::count(moment.hidden_rows, "socket", "sockets");
    Some(Phrase::warning(if sees_all(moment) {
        format!(
            "no owner found for {rows}: closed meanwhile, or in a process that even root may not look into"
        )
    } else {
        format!("owners of {rows} are hidden from this user; sudo portolan shows them (?)")
    }))
}

/// Whether whoever looks may look into every process, as far as users go. Where even root is
/// refused, it was not another user's rights that hid something.
pub(super) fn sees_all(moment: &Moment) -> bool {
    moment.observer.uid == Some(Uid(0))
}
