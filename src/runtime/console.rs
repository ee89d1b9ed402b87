//! Standard error, the terminal's width, and whether a dashboard can be drawn.

use std::io;
use std::io::{IsTerminal, Write};

/// Whether there is a terminal to draw on, and not one that can only write lines.
pub(crate) fn can_draw_dashboard() -> bool {
    let able = !cfg!(unix)
        || std::env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb");
    std::io::stdout().is_terminal() && able
}
/// How wide the terminal is; `None` where the output is none.
pub(crate) fn terminal_width() -> Option<usize> {
    // Asked where there is no terminal, crossterm would start another program to find one.
    if !io::stdout().is_terminal() {
        return None;
    }
    let (width, _) = crossterm::terminal::size().ok()?;
    Some(width.into())
}
/// Says it on stderr. Nobody is left to tell when that is gone.
pub(crate) fn print_stderr(text: std::fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "portolan: {text}");
}
