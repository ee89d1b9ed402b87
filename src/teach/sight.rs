//! What could not be seen, and what to do about it.

use crate::history::Moment;
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

/// How many rows have a hidden owner; `None` where none has.
pub fn hidden(moment: &Moment) -> Option<Phrase> {
    (moment.hidden_rows > 0).then(|| {
        let rows = quantity::count(moment.hidden_rows, "socket belongs", "sockets belong");
        Phrase::warning(format!(
            "{rows} to processes of other users, which only they and root may look into. To see them: {}",
            remedy()
        ))
    })
}
