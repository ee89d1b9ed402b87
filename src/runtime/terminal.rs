//! Sets up the terminal, draws on it, and restores it on every way out.

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

/// Whether the terminal is set up for the dashboard: a panic, a signal and a normal exit may all
/// restore it, and it must happen once.
static IS_ACTIVE: AtomicBool = AtomicBool::new(false);

/// The terminal, set up until dropped.
pub(crate) struct TerminalGuard {
    /// Never dropped: bytes that a failed frame left in its buffer would be written to the restored
    /// screen.
    terminal: ManuallyDrop<Terminal<CrosstermBackend<BufWriter<Stdout>>>>,
    theme: Theme,
}

impl TerminalGuard {
    /// Sets up the terminal: raw mode, alternate screen, mouse and bracketed paste.
    ///
    /// # Errors
    /// Returns an error if there is no terminal or it cannot be set up; it is then restored.
    pub(crate) fn enter(theme: Theme) -> io::Result<Self> {
        enter()?;
        // Large enough for a whole frame, a few kilobytes, in one write.
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

    /// Sets up the terminal again after it was restored, and redraws it completely.
    ///
    /// # Errors
    /// Returns an error if it cannot be set up.
    pub(crate) fn reenter(&mut self) -> io::Result<()> {
        enter()?;
        self.invalidate()
    }

    /// Makes the next frame redraw everything.
    ///
    /// # Errors
    /// Returns an error if the terminal cannot be written.
    pub(crate) fn invalidate(&mut self) -> io::Result<()> {
        // Not `Terminal::clear`: that queries the cursor position, and the reply would go to the
        // input thread. A resize to the present size clears without a query.
        let area = self.terminal.size()?.into();
        self.terminal.resize(area)
    }

    /// Returns columns and lines; 80x24 if unknown.
    pub(crate) fn size() -> (u16, u16) {
        crossterm::terminal::size().unwrap_or((80, 24))
    }

    /// Draws a screen; writes only what changed.
    ///
    /// # Errors
    /// Returns an error if the terminal cannot be written.
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

    /// Copies a text to the clipboard with OSC 52, which also works over ssh.
    ///
    /// # Errors
    /// Returns an error if the terminal cannot be written.
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

/// Restores the terminal if it is set up. Ignores errors: there is no place to report them.
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

/// Restores the terminal from a thread other than the one that draws, which may be blocked writing
/// to a terminal that does not read: then at least the keyboard is restored.
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
