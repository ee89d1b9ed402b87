//! Says how many owners are hidden, and which privilege shows them.

use crate::history::Moment;
use crate::query::owner_display::can_see_all_processes;
use crate::text::phrase::Phrase;
use crate::text::units;

/// Returns the commands that show the owners of other users' sockets. Both capabilities are needed:
/// one to read another user's /proc/PID/fd, one to follow the links in it (`proc(5)`, ptrace access
/// mode `PTRACE_MODE_READ_FSCREDS`).
pub(crate) const fn privilege_hint() -> &'static str {
    if cfg!(target_os = "linux") {
        "sudo portolan, or once: sudo setcap cap_sys_ptrace,cap_dac_read_search+ep \"$(command -v portolan)\""
    } else {
        "sudo portolan"
    }
}

/// Formats a one-line warning with the number of rows whose owner is hidden; `None` for none.
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

/// Formats the same for `rows` printed rows, outside the dashboard; `None` for 0.
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

/// Says that `rows` sockets may match a process filter, but their owners are not known.
pub(crate) fn undecided_rows_note(rows: usize, moment: &Moment) -> String {
    let rows = units::thousands(rows);
    let remedy = match can_see_all_processes(moment) {
        true => String::new(),
        false => format!("; to see them: {}", privilege_hint()),
    };
    format!("{rows} more may match; owners unknown{remedy}")
}

fn owner_not_found_text(rows: usize) -> String {
    let rows = units::pluralize(rows, "socket", "sockets");
    format!(
        "no owner found for {rows}: closed in the meantime, or in a process that even root may not inspect"
    )
}
