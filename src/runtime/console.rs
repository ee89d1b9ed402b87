//! Writes to standard error, and finds out what the terminal can do.

use std::io;
use std::io::{IsTerminal, Write};

/// Returns whether stdout is a terminal that can draw a dashboard (`TERM` is set and not `dumb`).
pub(crate) fn can_draw_dashboard() -> bool {
    let able = !cfg!(unix)
        || std::env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb");
    std::io::stdout().is_terminal() && able
}

/// Returns the width of the terminal in columns; `None` if stdout is not a terminal.
pub(crate) fn terminal_width() -> Option<usize> {
    // Without a terminal, crossterm would run tput(1) to find a size.
    if !io::stdout().is_terminal() {
        return None;
    }
    let (width, _) = crossterm::terminal::size().ok()?;
    Some(width.into())
}

/// Writes a line to stderr. Ignores errors: there is no other place to report them.
pub(crate) fn print_stderr(text: std::fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "portolan: {text}");
}
