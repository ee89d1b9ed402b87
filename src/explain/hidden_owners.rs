//! What could not be seen, and what to do about it.

use crate::history::Moment;
use crate::query::owner_display::can_see_all_processes;
use crate::text::phrase::Phrase;
use crate::text::units;

/// What makes the owners of other users' sockets visible. Both capabilities are needed: one to
/// read another user's /proc/PID/fd, one to follow the links in it (`proc(5)`, ptrace access mode
/// `PTRACE_MODE_READ_FSCREDS`).
pub(crate) const fn privilege_hint() -> &'static str {
    if cfg!(target_os = "linux") {
        "sudo portolan, or once: sudo setcap cap_sys_ptrace,cap_dac_read_search+ep \"$(command -v portolan)\""
    } else {
        "sudo portolan"
    }
}

/// How many rows have a hidden owner, in one line, what to do first; `None` where none has.
pub(crate) fn hidden_owners_warning(moment: &Moment) -> Option<Phrase> {
    let rows = moment.hidden_rows;
    (rows > 0).then(|| {
        Phrase::warning(if can_see_all_processes(moment) {
            owner_not_found_text(rows)
        } else {
            let rows = units::pluralize(rows, "socket", "sockets");
            format!("owners of {rows} are hidden from this user; sudo portolan shows them (?)")
        })
    })
}

/// The same of so many printed rows, for whoever reads it outside of the dashboard; `None` for none.
pub(crate) fn hidden_owners_note(rows: usize, moment: &Moment) -> Option<String> {
    (rows > 0).then(|| {
        if can_see_all_processes(moment) {
            return owner_not_found_text(rows);
        }
        let rows = units::pluralize(rows, "socket", "sockets");
        format!(
            "owners of {rows} are hidden from this user; to see them: {}",
            privilege_hint()
        )
    })
}

/// That a filter for processes cannot tell of so many sockets.
pub(crate) fn undecided_rows_note(rows: usize, moment: &Moment) -> String {
    let sockets = units::pluralize(rows, "socket", "sockets");
    let remedy = match can_see_all_processes(moment) {
        true => String::new(),
        false => format!("; to see them: {}", privilege_hint()),
    };
    format!("whether {sockets} match hangs on owners that are not known here{remedy}")
}

fn owner_not_found_text(rows: usize) -> String {
    let rows = units::pluralize(rows, "socket", "sockets");
    format!(
        "no owner found for {rows}: closed meanwhile, or in a process that even root may not look into"
    )
}
