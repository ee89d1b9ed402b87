//! The terminal: taken, drawn on, given back. Given back on every way out.

use std::io::{BufWriter, Stdout, Write};
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::Duration;
use std::{io, thread};

use crossterm::clipboard::CopyToClipboard;
use crossterm::cursor::Show;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{execute, queue};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Position;

use crate::tui::theme::Theme;
use crate::tui::view::Screen;
use crate::tui::widgets::ScreenWidget;

/// Whether the terminal is ours at the moment: a panic, a signal and the ordinary end may all want
/// to give it back, and it must happen once.
static IS_ACTIVE: AtomicBool = AtomicBool::new(false);

/// The terminal, ours until dropped.
pub(crate) struct TerminalGuard {
    /// Never dropped: what a frame that failed left in its buffer would be written onto the screen
    /// that was given back.
    terminal: ManuallyDrop<Terminal<CrosstermBackend<BufWriter<Stdout>>>>,
    theme: Theme,
}

impl TerminalGuard {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When there is none, or it cannot be set up; it is as it was then.
    pub(crate) fn enter(theme: Theme) -> io::Result<Self> {
        enter()?;
        // A frame is written in one go: it is a few kilobytes.
        let backend = CrosstermBackend::new(BufWriter::with_capacity(1 << 16, io::stdout()));
        match Terminal::new(backend) {
            Ok(terminal) => Ok(Self {
                terminal: ManuallyDrop::new(terminal),
                theme,
            }),
            Err(error) => {
                restore();
                Err(error)
            }
        }
    }

    /// Takes it again after it was given back, and forgets what was on it.
    ///
    /// # Errors
    /// When it cannot be set up.
    pub(crate) fn reenter(&mut self) -> io::Result<()> {
        enter()?;
        self.invalidate()
    }

    /// Paints everything anew at the next drawing.
    ///
    /// # Errors
    /// When the terminal cannot be written.
    pub(crate) fn invalidate(&mut self) -> io::Result<()> {
        // Not `Terminal::clear`: that asks the terminal where its cursor is, and the answer would
        // come to the input thread. A resize to the size it has clears without asking.
        let area = self.terminal.size()?.into();
        self.terminal.resize(area)
    }

    /// Columns and lines. A terminal that does not tell is taken for the usual one.
    pub(crate) fn size() -> (u16, u16) {
        crossterm::terminal::size().unwrap_or((80, 24))
    }

    /// Draws a screen; only what changed is written.
    ///
    /// # Errors
    /// When the terminal cannot be written.
    pub(crate) fn draw(&mut self, screen: &Screen) -> io::Result<()> {
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        let theme = self.theme;
        self.terminal.draw(|frame| {
            frame.render_widget(ScreenWidget { screen, theme }, frame.area());
            if let Some((x, y)) = screen.cursor {
                frame.set_cursor_position(Position { x, y });
            }
        })?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)
    }

    /// Asks the terminal to copy a text (OSC 52), which works through ssh as well.
    ///
    /// # Errors
    /// When the terminal cannot be written.
    pub(crate) fn copy(&mut self, text: &str) -> io::Result<()> {
        execute!(
            self.terminal.backend_mut(),
            CopyToClipboard::to_clipboard_from(text)
        )
    }
}

impl Drop for TerminalGuard {
    fn drop(&mut self) {
        restore();
    }
}

fn enter() -> io::Result<()> {
    enable_raw_mode()?;
    IS_ACTIVE.store(true, Ordering::SeqCst);
    execute!(
        io::stdout(),
        EnterAlternateScreen,
        EnableMouseCapture,
        EnableBracketedPaste
    )
    .inspect_err(|_| restore())
}

/// Gives the terminal back as it was. Does nothing when it is not ours; errors have nobody to go to.
pub(crate) fn restore() {
    if !IS_ACTIVE.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    let _ = execute!(
        out,
        EndSynchronizedUpdate,
        DisableBracketedPaste,
        DisableMouseCapture,
        LeaveAlternateScreen,
        Show
    );
    let _ = out.flush();
    let _ = disable_raw_mode();
}

/// Gives the terminal back from a thread other than the one that draws, which may be stuck writing
/// to a terminal that does not read: then the keyboard at least is given back.
pub(crate) fn restore_within(timeout: Duration) {
    let (done, finished) = sync_channel(1);
    let writer = thread::Builder::new().spawn(move || {
        restore();
        done.send(())
    });
    if writer.is_err() || finished.recv_timeout(timeout).is_err() {
        let _ = disable_raw_mode();
    }
}
