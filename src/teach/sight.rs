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
    let rows = moment.hidden_rows;
    (rows > 0).then(|| {
        Phrase::warning(if sees_all(moment) {
            not_found(rows)
        } else {
            let rows = quantity::count(rows, "socket", "sockets");
            format!("owners of {rows} are hidden from this user; sudo portolan shows them (?)")
        })
    })
}

/// The same of so many printed rows, for whoever reads it outside of the dashboard; `None` for none.
pub fn hidden_in_print(rows: usize, moment: &Moment) -> Option<String> {
    (rows > 0).then(|| {
        if sees_all(moment) {
            return not_found(rows);
        }
        let rows = quantity::count(rows, "socket", "sockets");
        format!(
            "owners of {rows} are hidden from this user; to see them: {}",
            remedy()
        )
    })
}

/// That a filter for processes cannot tell of so many sockets.
pub fn hangs_on_owners(rows: usize, moment: &Moment) -> String {
    let sockets = quantity::count(rows, "socket", "sockets");
    let remedy = match sees_all(moment) {
        true => String::new(),
        false => format!("; to see them: {}", remedy()),
    };
    format!("whether {sockets} match hangs on owners that are not known here{remedy}")
}

fn not_found(rows: usize) -> String {
    let rows = quantity::count(rows, "socket", "sockets");
    format!(
        "no owner found for {rows}: closed meanwhile, or in a process that even root may not look into"
    )
}

/// Whether whoever looks may look into every process, as far as users go. Where even root is
/// refused, it was not another user's rights that hid something.
pub(super) fn sees_all(moment: &Moment) -> bool {
    moment.observer.uid == Some(Uid(0))
}
